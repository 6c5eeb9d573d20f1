"""Stage 8: the edit filler: a trained model decides what of a template the new target has.

Enters: a ``Request``, a checkpoint. Leaves: ranked candidates. It trains nothing, and compiles nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vega_gen.fill.consensus import Builder, ConsensusFiller, Decided, Opinion, ranked
from vega_gen.fill.context import Request
from vega_gen.fill.examples import examples
from vega_gen.fill.weights import weights_of
from vega_gen.records import Candidate, SlotExample, VariantExample

if TYPE_CHECKING:
    from vega_gen.model.checkpoint import Checkpoint
    from vega_gen.model.decode import Decision


class EditFiller:
    """The consensus of the donors and the model, then ways to fill a template in order of their probability by the model, then what the
    consensus filler offers."""

    def __init__(self, folder: Path, held_out: Collection[str]) -> None:
        """``held_out``: folders that the model must not have learnt. Raises as ``model.checkpoint.load``."""
        from vega_gen.model import checkpoint

        self._checkpoint: Checkpoint = checkpoint.load(folder, held_out)
        self._consensus = ConsensusFiller()
        self._lock = Lock()

    def fill(self, request: Request) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        from vega_gen.model.data import arrays
        from vega_gen.model.decode import Search

        others = self._consensus.fill(request)
        function, slots = examples(request)
        if not slots:
            return others
        builder = Builder(request, weights_of(request.template, request.new))
        found: list[Candidate] = []
        with self._lock:
            search = Search(self._checkpoint.model, arrays((function, slots), self._checkpoint.vocabulary))
            ways = list(search.ways(max(1, request.budget // 2)))  # the other half is the donors': less alike
        opinions = {slots[i].id: Opinion(*said) for way in ways[:1] for i, said in way.opinions.items()}
        both = builder.build(None, "template and model", opinions=opinions)
        found += [both] if builder.complete(both) else []
        for way in ways:
            candidate = builder.build(None, "model", self._decided(way, slots))
            if builder.complete(candidate):
                found.append(replace(candidate, confidence=math.exp(way.log_probability)))
        return ranked(found, others, request.budget)

    def _decided(self, way: Decision, slots: Sequence[SlotExample]) -> dict[str, Decided]:
        from vega_gen.model.calibrate import calibrated

        curve = self._checkpoint.manifest["calibration"]
        out: dict[str, Decided] = {}
        for number, (variant, names, probability, sure) in way.taken.items():
            slot = slots[number]
            holes = slot.variants[variant].holes
            values = tuple(hole.names[name] for hole, name in zip(holes, names, strict=True))
            others = tuple(None if k is None else (k, _most_voted(slot.variants[k])) for k in way.others[number])
            out[slot.id] = Decided(variant, values, calibrated(probability * sure, curve), others)
        return out


def _most_voted(variant: VariantExample) -> tuple[str, ...]:
    return tuple(hole.names[0] for hole in variant.holes)
