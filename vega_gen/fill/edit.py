"""The edit filler: a trained model rates the donors' statements and, as a last resort, decides which of a template's slots to take."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from vega_gen.fill.consensus import CandidateBuilder, Chosen, Decided, Opinion, consensus
from vega_gen.fill.context import FillRequest
from vega_gen.fill.examples import examples, ranked_variants
from vega_gen.fill.weights import unique, weights_of
from vega_gen.function_template import Line
from vega_gen.records import Candidate, SlotExample, VariantExample, statement_id

if TYPE_CHECKING:
    from vega_gen.model.checkpoint import Checkpoint
    from vega_gen.model.decode import Taken, TemplateFilling


class EditFiller:
    """Offers the consensus filler's candidates, with confidence from both the donors' vote and the model.

    The rest of the budget goes to last resorts: the consensus of the donors and the model, then the model's own most likely functions. They
    come last because, when judged, they lost more functions than they won in the place of the donors' (docs/lab-log.md).
    """

    def __init__(self, folder: Path, held_out: Collection[str]) -> None:
        """``held_out``: folders that the model must not have learnt. Raises what ``model.checkpoint.load`` raises."""
        from vega_gen.model import checkpoint

        self._checkpoint: Checkpoint = checkpoint.load(folder, held_out)
        self._lock = Lock()

    def fill(self, request: FillRequest) -> tuple[Candidate, ...]:
        """See ``Filler``."""
        from vega_gen.model.data import arrays
        from vega_gen.model.decode import Search

        builder = CandidateBuilder(request, weights_of(request.template, request.new))
        typical = consensus(builder)
        function, slots = examples(request)
        if not slots:
            return tuple(candidate for candidate, _ in typical)
        with self._lock:
            search = Search(self._checkpoint.model, arrays((function, slots), self._checkpoint.vocabulary))
            ways = list(search.ways(request.budget - len(typical)))
            places = _Places(builder, slots)
            said = [search.probabilities(places.numbers(chosen)) for _, chosen in typical]
            rated = [places.rated(candidate, sure) for (candidate, _), sure in zip(typical, said, strict=True)]
        opinions = {slots[i].id: Opinion(*said) for way in ways[:1] for i, said in way.opinions.items()}
        found = [builder.build(None, "template and model", opinions=opinions)] if ways else []
        for way in ways:
            candidate = builder.build(None, "model", self._decided(way, slots, places))
            found.append(replace(candidate, confidence=math.exp(way.log_probability)))
        own = (replace(candidate, resort=True) for candidate in found if builder.complete(candidate))
        return tuple(unique((*rated, *own))[: request.budget])

    def _decided(self, way: TemplateFilling, slots: Sequence[SlotExample], places: _Places) -> dict[str, Decided]:
        from vega_gen.model.calibrate import calibrated

        curve = self._checkpoint.manifest["calibration"]
        out: dict[str, Decided] = {}
        for number, (variant, names, probability, sure) in way.taken.items():
            slot = slots[number]
            holes = slot.variants[variant].holes
            values = tuple(hole.names[name] for hole, name in zip(holes, names, strict=True))
            lines = places.lines[slot.id]
            others = tuple(None if k is None else (lines[k], _most_voted(slot.variants[k])) for k in way.others[number])
            out[slot.id] = Decided(lines[variant], values, calibrated(probability * sure, curve), others)
        return out


class _Places:
    """Translates between what a builder chose and the numbers of slots, variants and names that the model uses.

    ``lines``: slot id -> one line of each variant.
    """

    def __init__(self, builder: CandidateBuilder, slots: Sequence[SlotExample]) -> None:
        self._slots = slots
        self._number = {slot.id: i for i, slot in enumerate(slots)}
        self._group = builder.template.group.name
        self.lines: dict[str, list[Line]] = {
            slot.id: [lines[0] for lines in ranked_variants(slot, builder.weights)]
            for slot in builder.template.walk()
            if slot.id in self._number
        }
        self._variant = {(slot_id, line.shape): k for slot_id, lines in self.lines.items() for k, line in enumerate(lines)}

    def numbers(self, chosen: Chosen) -> Taken:
        """What was chosen, as numbers, without what the model is not asked about."""
        found: dict[int, tuple[int, tuple[int, ...]]] = {}
        for slot_id, (line, values) in chosen.items():
            variant = self._variant.get((slot_id, line.shape))
            if variant is not None:
                number = self._number[slot_id]
                holes = self._slots[number].variants[variant].holes
                names = (hole.names.index(v) if v in hole.names else -1 for hole, v in zip(holes, values, strict=True))
                found[number] = variant, tuple(names)
        return found

    def rated(self, candidate: Candidate, sure: Mapping[int, float]) -> Candidate:
        """A candidate whose statements' confidence is the mean of the vote's and the model's, where the model was asked."""
        by_id = {statement_id(self._group, self._slots[number].id): p for number, p in sure.items()}
        rated = (replace(s, confidence=(s.confidence + by_id.get(s.id, s.confidence)) / 2) for s in candidate.statements)
        return replace(candidate, statements=tuple(rated))


def _most_voted(variant: VariantExample) -> tuple[str, ...]:
    return tuple(hole.names[0] for hole in variant.holes)
