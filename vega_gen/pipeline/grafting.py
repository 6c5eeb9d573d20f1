"""Graft mined functions onto a backend of archetypes, and keep those that prove themselves.

All that the compiler takes are tried together, in a plug-in that writes down which of them a program of the ladder enters. Those that none
enters are only suggested. If more fails than without them, halves are tried, down to the functions that are at fault.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from llvm_integration.process import Progress
from vega_gen import store
from vega_gen.pipeline.building import Workshop, texts_of
from vega_gen.pipeline.climbing import climb_built
from vega_gen.pipeline.inputs import Inputs
from vega_gen.plan.grafts import PROBE, Graft, Grafted, blamed_grafts, grafts_of, probe_text, probed, with_grafts
from vega_gen.records import Ladder, Plan

BUDGET_SECONDS = 120.0
"""After so many seconds no trial begins; what was not tried is suggested."""
_ROUNDS = 12
"""Compilations in which grafts that do not compile are taken out."""


@dataclass
class Grafting:
    """Tries the functions of ``mined`` on ``plan``, whose backend ``shop`` has built. ``seconds``: see ``BUDGET_SECONDS``."""

    plan: Plan
    mined: Plan
    inputs: Inputs
    shop: Workshop
    progress: Progress
    seconds: float = BUDGET_SECONDS
    _suggested: dict[str, str] = field(default_factory=dict[str, str])

    def run(self) -> Grafted:
        """Try, and return the plan. The shop holds a backend of a trial then. Raises ToolFailure where a tool fails."""
        end = time.monotonic() + self.seconds
        offered = grafts_of(self.plan, self.mined)
        before = self._passed(self._climbed()) if offered else {}
        compiling = self._compiling(offered, end)
        kept = self._proved(compiling, before, end) if compiling else ()
        said = dict.fromkeys((g.name for g in kept), "programs of the ladder enter it, and no rung falls")
        return Grafted(with_grafts(self.plan, kept), said, self._suggested)

    def _compiling(self, grafts: Sequence[Graft], end: float) -> tuple[Graft, ...]:
        """Those that the compiler takes."""
        left = tuple(grafts)
        for _ in range(_ROUNDS):
            if not left or time.monotonic() > end:
                break
            self.progress(0, len(left), f"compiling {len(left)} grafts")
            texts = self._texts(left)
            wrong = {path: mistakes for path, mistakes in self.shop.compile(texts).items() if mistakes}
            message = next((m.message for mistakes in wrong.values() for m in mistakes), "")
            if not wrong:
                linked, errors = self.shop.link()
                if not linked and not errors:
                    return left
                message = next((e.message for e in errors), "it does not link")
            blamed = blamed_grafts(left, texts, wrong) or dict.fromkeys(range(len(left) // 2, len(left)), message)
            self._suggested |= {left[n].name: f"it does not compile: {why}" for n, why in blamed.items()}
            left = tuple(g for n, g in enumerate(left) if n not in blamed)
        self._suggested |= dict.fromkeys((g.name for g in left), "there was no time to try it")
        return ()

    def _proved(self, grafts: tuple[Graft, ...], before: Mapping[str, int], end: float) -> tuple[Graft, ...]:
        """Those of the ones that compile that a program enters and that no rung falls with."""
        kept: tuple[Graft, ...] = ()
        waiting = [grafts]
        built = grafts
        while waiting:
            batch = waiting.pop()
            if time.monotonic() > end:
                self._suggested |= dict.fromkeys((g.name for g in batch), "there was no time to try it")
                continue
            together = (*kept, *batch)
            self.progress(0, 0, f"trying {len(batch)} grafts")
            if together != built and not self._builds(together):
                self._suggested |= dict.fromkeys((g.name for g in batch), "it does not link without another one")
                continue
            built = together
            self._log.unlink(missing_ok=True)
            after = self._passed(self._climbed())
            entered = {int(n) for n in self._log.read_text(encoding="utf-8").split()} if self._log.is_file() else set[int]()
            used = tuple(g for n, g in enumerate(together) if n in entered and g in batch)
            idle = [g for g in batch if g not in used]
            if all(after[rung] >= passed for rung, passed in before.items()):
                kept = (*kept, *used)
                self._suggested |= dict.fromkeys((g.name for g in idle), "no program of the ladder enters it")
            elif len(batch) == 1:
                fell = next(rung for rung, passed in before.items() if after[rung] < passed)
                self._suggested[batch[0].name] = f"fewer pass {fell} with it: {after[fell]}, not {before[fell]}"
            else:
                half = len(batch) // 2
                waiting += [batch[half:], batch[:half]]
        return kept

    def _builds(self, grafts: Sequence[Graft]) -> bool:
        return not any(self.shop.compile(self._texts(grafts)).values()) and not any(self.shop.link())

    def _texts(self, grafts: Sequence[Graft]) -> dict[str, str]:
        return texts_of(probed(self.plan, grafts), self.inputs) | {PROBE: probe_text(str(self._log))}

    @cached_property
    def _log(self) -> Path:
        return self.shop.work.resolve() / "entered"

    def _climbed(self) -> Ladder:
        return climb_built(self.inputs, self.shop.tools, store.cache_folder("ladder", self.inputs.folder), self.progress)

    @staticmethod
    def _passed(ladder: Ladder) -> dict[str, int]:
        return {str(step.rung): step.passed for step in ladder.steps}
