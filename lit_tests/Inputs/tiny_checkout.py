"""Writes a tiny LLVM checkout, the .td of a target that it lacks, and an llvm-tblgen of its version.

Enters: the folder to write. Leaves: ``llvm-project``, ``isa/Neu.td`` and ``bin`` below it. It generates nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import tiny_llvm

place = Path(sys.argv[1])
tiny_llvm.make(place / "llvm-project", tiny_llvm.ROOT / ".llvm/19")
tiny_llvm.tools(place / "bin")
tiny_llvm.put(place / "isa/Neu.td", tiny_llvm.toy_td("Neu"))
