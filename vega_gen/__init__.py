"""Generates LLVM backends from TableGen descriptions and judges them function by function.

This module holds the version alone."""

__version__ = "0.1.0"
