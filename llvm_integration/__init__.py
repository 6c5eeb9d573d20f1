"""LLVM as a tool: run a process, find or get an LLVM, build one target, run lit.

Enters: paths and argument lists. Leaves: paths, outputs and results. It imports nothing from ``vega_gen`` and is usable without it.
"""
