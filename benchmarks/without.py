"""``python -m benchmarks.without --target T --llvm DIR --work DIR [WHAT...]``: how much each part of vega-gen adds to the accuracy.

The target is generated and judged as it is, and again without each part; the functions that pass are printed, of the interface population
and of the whole one. ``--work``: the work folder of an earlier run, whose build and baseline are used. No model is trained again; see
``benchmarks.ablation`` for the model's inputs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from vega_gen import pipeline, store
from vega_gen.function_template import FunctionTemplate
from vega_gen.groups import FunctionGroup, GroupKind
from vega_gen.pipeline import generation, inputs
from vega_gen.plan.planner import Planner, Wanted
from vega_gen.records import FillerName, Function, Mode, PlannedFunction
from vega_gen.report import passrate

_GENERATION, _REGRESSING = "vega_gen.pipeline.generation", "vega_gen.pipeline.regressing"


class ByName(Planner):
    """A Planner whose donors must have the same class name, with the target's name masked; for functions that a .td requires, also the
    same function name."""

    def function(self, wanted: Wanted) -> PlannedFunction | None:
        """See ``Planner``."""
        own = self.new.masker.mask(wanted.class_name)

        def same(f: Function) -> bool:
            mask = self.maskers[f.target].mask
            named = wanted.group.kind is not GroupKind.CONTRACT or mask(f.signature.name) == self.new.masker.mask(wanted.name)
            return named and mask(f.signature.class_name) == own

        if not any(map(same, wanted.group.members)):
            return None
        whole = self.templates

        def restricted(group: FunctionGroup) -> FunctionTemplate:
            return whole(group).restricted(same)

        self.templates = restricted
        try:
            return super().function(wanted)
        finally:
            self.templates = whole


class Uncontracted(Planner):
    """A Planner that does not read from the .td files which functions they require."""

    def _contracted(self) -> Iterable[Wanted]:
        return ()


def _uncompiled(asked: inputs.Inputs, **given: Any) -> Any:
    given["installation"] = None
    return generation.generate(asked, **given)


def _without(target: str) -> Callable[..., Any]:
    """A ``target_inputs`` that holds out ``target`` too."""

    def found(*words: Any, **given: Any) -> Any:
        asked, installation, held = inputs.target_inputs(*words, **given)
        return asked, installation, (*held, target)

    return found


def _as_planned(planned: Sequence[PlannedFunction], *_: object) -> list[PlannedFunction]:
    return list(planned)


WITHOUT: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the-compiler": {f"{_REGRESSING}.generate": _uncompiled},
    "contracts": {f"{_GENERATION}.Planner": Uncontracted, f"{_GENERATION}.offered": _as_planned},
    "groups-beyond-names": {f"{_GENERATION}.Planner": ByName},
    "what-no-donor-has": {f"{_GENERATION}.offered": _as_planned},
    "LoongArch": {f"{_REGRESSING}.target_inputs": _without("LoongArch")},
}


@contextmanager
def taken_away(what: str) -> Generator[None]:
    """Patch one part away during the block; the plans made then have their own keys in the cache."""
    key = generation.plan_key

    def own_key(*words: Any) -> str:
        return store.digest(what, key(*words))

    with ExitStack() as stack:
        stack.enter_context(patch(f"{_GENERATION}.plan_key", own_key))
        for name, instead in WITHOUT[what].items():
            stack.enter_context(patch(name, instead))
        yield


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--mode", type=Mode, default=Mode.DESC)
    parser.add_argument("--filler", type=FillerName, default=FillerName.EDIT)
    parser.add_argument("what", nargs="*", choices=[*WITHOUT, []], help="parts to leave out, one at a time; all if none is named")
    asked = parser.parse_args()
    for what in asked.what or WITHOUT:
        with taken_away(what):
            run = pipeline.regression(
                asked.llvm, asked.target, mode=asked.mode, filler=asked.filler, work=asked.work, uncalibrated=True
            )
            judged = list(run.judgements())
        inside, whole = passrate.population(judged, interface=True), passrate.population(judged)
        print(f"without {what}: {_ratio(inside)} of the interface population, {_ratio(whole)} of the whole", flush=True)


def _ratio(p: passrate.Population) -> str:
    return f"{p.passed} of {p.size}"


if __name__ == "__main__":
    main()
