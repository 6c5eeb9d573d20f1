"""The text filler: asks a language model (checkpoint kind unixcoder or hf) for the statement of each slot, in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vega_gen.fill.consensus import CandidateBuilder, ConsensusFiller, Decided
from vega_gen.fill.context import FillRequest
from vega_gen.fill.examples import examples, ranked_variants
from vega_gen.fill.weights import unique, weights_of
from vega_gen.records import Candidate, FillerName, FunctionExample, SlotExample

if TYPE_CHECKING:
    from vega_gen.model.language.tuning import TextCheckpoint


class TextFiller:
    """Offers the function that the model writes slot by slot, then the consensus filler's candidates."""

    def __init__(self, folder: Path, held_out: Collection[str], kind: FillerName) -> None:
        """``held_out``: folders that the model must not have learnt. Raises what ``model.language.tuning.load`` raises."""
        from vega_gen.model.language import tuning

        self._checkpoint: TextCheckpoint = tuning.load(folder, kind, held_out)
        self._consensus = ConsensusFiller()
        self._lock = Lock()

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        others = self._consensus.fill(request)
        function, slots = examples(request)
        if not slots:
            return others
        builder = CandidateBuilder(request, weights_of(request.template, request.new))
        with self._lock:
            decided = self._decided(builder, function, slots)
        candidate = builder.build(None, "model", decided)
        own = (candidate,) if builder.complete(candidate) else ()
        return tuple(unique((*own, *others))[: request.budget])

    def _decided(self, builder: CandidateBuilder, function: FunctionExample, slots: Sequence[SlotExample]) -> dict[str, Decided]:
        """What the model puts in each slot. It sees the slots before, and is asked only where the parent slot is taken."""
        from vega_gen.model.calibrate import calibrated
        from vega_gen.model.language import prompts

        model, manifest = self._checkpoint.model, self._checkpoint.manifest
        lines = {slot.id: ranked_variants(slot, builder.weights) for slot in builder.template.walk()}
        before: dict[str, str] = {}
        out: dict[str, Decided] = {}
        for i, slot in enumerate(slots):
            if slot.parent and slot.parent not in before:
                continue
            (told,) = model.decide([(prompts.source(function, slots, i, before), slot)], manifest["beam_size"])
            if told is not None:
                variant = slot.variants[told.variant]
                before[slot.id] = prompts.spelled(variant, told.names)
                values = tuple(hole.names[name] for hole, name in zip(variant.holes, told.names, strict=True))
                out[slot.id] = Decided(lines[slot.id][told.variant][0], values, calibrated(told.probability, manifest["calibration"]))
        return out
