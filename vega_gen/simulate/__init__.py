"""Stage 11: executes a target's object code by what its .td says of the instructions."""

from pathlib import Path

from llvm_integration.process import Progress
from vega_gen.facts.find import Facts
from vega_gen.records import Description
from vega_gen.simulate.c_text import machine_text
from vega_gen.simulate.host_calls import check_declarations
from vega_gen.simulate.running import Ran, Simulator, compiled

__all__ = ["Ran", "Simulator", "check_declarations", "simulator"]


def simulator(d: Description, m: Facts, clang: Path, progress: Progress) -> Simulator:
    """Makes a target's simulator: its instructions as C, compiled by ``clang``; from the cache, where it has been made before.

    ``d``, ``m``: the target as its backend is generated from it. Raises ToolFailure where clang fails."""
    return Simulator(d, m, compiled(machine_text(d, m), d.name, clang, progress))
