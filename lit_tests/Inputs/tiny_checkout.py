"""Write below the given folder a tiny LLVM checkout (``llvm-project``), the .td of a target that it lacks (``isa/Neu.td``), and an
llvm-tblgen of its version (``bin``)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import tiny_llvm

place = Path(sys.argv[1])
tiny_llvm.make(place / "llvm-project", tiny_llvm.ROOT / ".llvm/19")
tiny_llvm.tools(place / "bin")
tiny_llvm.put(place / "isa/Neu.td", tiny_llvm.toy_td("Neu"))
