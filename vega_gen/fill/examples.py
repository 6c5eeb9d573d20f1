"""Turn a fill request into the examples that a model is asked about; for training, add the answers from the reference's function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from vega_gen.facts import signature
from vega_gen.fill.context import FillRequest
from vega_gen.fill.holes import LITERAL, hole_kinds, hole_values
from vega_gen.fill.own_calls import OwnCalls
from vega_gen.fill.weights import weights_of
from vega_gen.function_template import OWN_RECORD, Line, Placed, Shape, Slot, own_names
from vega_gen.records import ABSENT, OTHER, FunctionExample, HoleExample, SlotExample, VariantExample

MAX_SLOTS = 160
MAX_VARIANTS = 8
MAX_NAMES = 8
_DONORS = 4


def examples(request: FillRequest, number: int = 0, file: str = "") -> tuple[FunctionExample, tuple[SlotExample, ...]]:
    """The function and its slots in document order, at most ``MAX_SLOTS``: those that donors with the most weight have.

    ``number``: id of the function in its slots. ``file``: the function's file, if known.
    """
    template, new, s = request.template, request.new, request.signature
    weights = weights_of(template, new)
    members = tuple((f.target, round(new.nearness.get(f.target, 0.0), 4)) for f in template.members)
    called = (*s.result, s.class_name, s.name, *(t for p in s.params for t in (*p.type, p.name)))
    name = f"{s.class_name}::{s.name}" if s.class_name else s.name
    signature_words = tuple(new.masker.mask(t) for t in called if t)
    group = template.group
    function = FunctionExample(
        number, new.folder, file, name, group.name, str(group.module), str(new.mode), signature_words, members
    )
    record = {what: name for name, what in own_names(template.group, s, new.masker).items()}.get(OWN_RECORD, "")
    own = OwnCalls(request, weights)
    kept = _most_likely(template.slots, weights)
    found: list[SlotExample] = []

    def visit(slots: Sequence[Slot], parent: str) -> None:
        for slot in slots:
            if slot.id in kept:
                variants = tuple(_variant(slot, lines, weights, request, record, own) for lines in ranked_variants(slot, weights))
                has = tuple(sorted(slot.lines))
                found.append(SlotExample(number, slot.id, slot.kind.value, parent, has, own.usual(slot), variants))
                visit(slot.children, slot.id)

    visit(template.slots, "")
    return function, tuple(found)


def labelled(
    function: FunctionExample, slots: Sequence[SlotExample], placed: Placed, shapes: Mapping[str, Sequence[tuple[Shape, Shape]]]
) -> tuple[FunctionExample, tuple[SlotExample, ...]]:
    """The examples with the reference's answers. ``placed``: the reference's function in the template. ``shapes``: slot id -> shapes of the
    variants, in the order of ``examples``."""
    out: list[SlotExample] = []
    for slot in slots:
        line = placed.lines.get(slot.id)
        if line is None:
            out.append(replace(slot, answer=ABSENT))
            continue
        answer = next((k for k, shape in enumerate(shapes[slot.id]) if shape == line.shape), OTHER)
        variants = slot.variants
        if answer >= 0:
            right = variants[answer]
            holes = tuple(
                replace(hole, answer=hole.names.index(fill) if fill in hole.names else OTHER)
                for hole, fill in zip(right.holes, line.fills, strict=True)
            )
            variants = (*variants[:answer], replace(right, holes=holes), *variants[answer + 1 :])
        out.append(replace(slot, variants=variants, answer=answer, text=words_of(line)))
    offered = {slot.id for slot in slots}
    beyond = (line for where, line in placed.lines.items() if where not in offered)
    unplaced = tuple(words_of(line) for line in (*placed.unplaced, *beyond))
    return replace(function, unplaced=unplaced), tuple(out)


def ranked_variants(slot: Slot, weights: Mapping[int, float]) -> list[list[Line]]:
    """The lines of each variant of a slot, variants with the most weight first, at most ``MAX_VARIANTS``."""
    variants = [lines for _, lines in slot.variants()]
    return sorted(variants, key=lambda lines: -sum(weights[line.member] for line in lines))[:MAX_VARIANTS]


def words_of(line: Line) -> tuple[str, ...]:
    """A line's tokens, with each hole as its kind."""
    return tuple(str(t) for shape in (line.head, line.tail) for t in shape)


def _variant(
    slot: Slot, lines: Sequence[Line], weights: Mapping[int, float], request: FillRequest, record: str, own: OwnCalls
) -> VariantExample:
    new, first = request.new, lines[0]
    values = hole_values(lines, weights, request.template.members, new, record)
    holes: list[HoleExample] = []
    for hole, fills, ranked in zip(hole_kinds(first), zip(*(line.fills for line in lines), strict=True), values, strict=True):
        best = ranked[:MAX_NAMES]
        said = tuple(() if hole.kind in LITERAL else signature(hole.kind, name, new.description) for name, _ in best)
        names, votes = tuple(name for name, _ in best), tuple(round(vote, 4) for _, vote in best)
        holes.append(HoleExample(hole.kind.value, names, votes, said, tuple(dict.fromkeys(fills))[:_DONORS]))
    members = tuple(line.member for line in lines)
    return VariantExample(words_of(first), members, _unknown(slot, first, request), bool(own.calls(first)), tuple(holes))


def _unknown(slot: Slot, line: Line, request: FillRequest) -> int:
    """Number of identifiers of a line, in the new target's words, that nothing defines there, except names that several targets form by
    rule."""
    members, new = request.template.members, request.new
    count = 0
    for token in line.head:
        if not isinstance(token, str) or token.startswith("$"):
            continue
        if "<" in token and len({members[m].target for m, other in slot.lines.items() if token in other.head}) > 1:
            continue
        name = new.name(token)
        count += name.isidentifier() and name not in new.known
    return count


def _most_likely(slots: Sequence[Slot], weights: Mapping[int, float]) -> frozenset[str]:
    """Ids of the slots that the model is asked about. With a slot its parents are always among them."""
    every = [s for top in slots for s in top.walk()]
    ranked = sorted(every, key=lambda s: (-sum(weights[m] for m in s.lines), s.id.count("."), s.id))
    kept: set[str] = set()
    for slot in ranked:
        chain = [slot.id[:i] for i, c in enumerate(slot.id) if c == "."] + [slot.id]
        if len(kept | set(chain)) > MAX_SLOTS:
            break
        kept.update(chain)
    return frozenset(kept)
