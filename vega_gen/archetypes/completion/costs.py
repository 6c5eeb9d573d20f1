"""The cost of instructions of which a complete scheduling model says nothing.

A model is complete unless it says otherwise, and llvm-tblgen makes no table for one that lacks an instruction. Descriptions from before
LLVM 3.8, which does not check that, often have such a model.
"""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking


def part(lacking: Lacking) -> str:
    """Returns a cost of one cycle and no resource for the instructions in ``tablegen.scheduling``'s lists."""
    found: list[str] = []
    for key, names in lacking.d.data.items():
        scope, _, model = key.partition(".")
        if scope == "Scheduling":
            cost = lacking.name(f"{model}Unsaid")
            found += [
                f"// {model} is complete, and says nothing of these instructions.",
                f"let SchedModel = {model} in {{",
                f"def {cost} : SchedWriteRes<[]>;",
                f"def : InstRW<[{cost}], (instrs {', '.join(names.split())})>;",
                "}",
            ]
    return "\n".join(found)
