"""LLVM as a tool: run processes, find or get an LLVM, read and write a checkout, build one target against prebuilt libraries, run lit.

The package imports nothing from ``vega_gen`` and is usable without it.
"""
