"""Write a tiny backend to the given folder as new-target would: its plan, and one C++ file with review marks."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from plans import toy_plan

from vega_gen import review, store

backend = Path(sys.argv[1])
store.dump(toy_plan(), backend / review.PLAN_FILE)
(backend / "ToyInstrInfo.cpp").write_text(
    "void ToyInstrInfo::copyPhysReg(unsigned Reg) {\n"
    "  // VEGA-REVIEW a2 0.40: Lanai/LanaiInstrInfo.cpp:40\n"
    "  if (Reg == 1)\n"
    "    return;\n"
    "  else {\n"
    "    // VEGA-REVIEW a5 0.10: Lanai/LanaiInstrInfo.cpp:40\n"
    "    use(Reg);\n"
    "  }\n"
    "}\n"
)
