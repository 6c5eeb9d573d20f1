"""Align a function with a template that it is not a member of, without changing the template (stage 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vega_gen.cxx.masker import Masker
from vega_gen.function_template.alignment import Alphabet, align, set_text
from vega_gen.function_template.members import FieldsOf, KindOf, NumbersOf, abstractor_of
from vega_gen.function_template.shapes import FunctionTemplate, Line, Shape, Slot
from vega_gen.records import Function


@dataclass(frozen=True, slots=True)
class Placed:
    """The result of placing a function.

    ``lines``: slot id -> the function's line, with its locals named as in the template. ``unplaced``: lines without a matching slot.
    """

    lines: dict[str, Line]
    unplaced: tuple[Line, ...]


def place(
    template: FunctionTemplate, function: Function, masker: Masker, kind_of: KindOf, fields_of: FieldsOf, numbers_of: NumbersOf
) -> Placed:
    """Align a function with a template as if it were one more member."""
    member = len(template.members)
    forest = abstractor_of(template.group, member, function, masker, kind_of, fields_of, numbers_of).forest()
    alphabet = Alphabet()
    base = _copies(template.slots)
    for slots in (base, forest):
        set_text(slots, alphabet)
    slots = [s for top in align(base, forest) for s in top.walk() if member in s.lines]
    names: dict[str, str] = {}
    for slot in slots:
        others = [line.declares_as for m, line in slot.lines.items() if m != member]
        for k, name in enumerate(slot.lines[member].declares):
            called = Counter(others_names[k] for others_names in others if len(others_names) > k)
            if called:
                names.setdefault(name, called.most_common(1)[0][0])

    def rename(shape: Shape) -> Shape:
        return tuple(names.get(t[3:], t[3:]) if isinstance(t, str) and t.startswith("$l:") else t for t in shape)

    found: dict[str, Line] = {}
    unplaced: list[Line] = []
    for slot in slots:
        line = slot.lines[member]
        line = replace(line, head=rename(line.head), tail=rename(line.tail))
        if slot.id:
            found[slot.id] = line
        else:
            unplaced.append(line)
    return Placed(found, tuple(unplaced))


def _copies(slots: Sequence[Slot]) -> list[Slot]:
    return [Slot(s.kind, dict(s.lines), _copies(s.children), s.id) for s in slots]
