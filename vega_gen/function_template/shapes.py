"""The types of function templates: slots, variants, lines and typed holes (stage 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vega_gen.groups import FunctionGroup
from vega_gen.records import Donor, Function, HoleKind, StatementKind

OWN_CLASS = "<C>"
"""Placeholder for the function's class where the class's name has no masked form such as "<T>InstrInfo"."""

OWN_RECORD = "<RC>"
"""Placeholder for the record in a contract's name (DecodeGPRRegisterClass), also used in names of function groups."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A typed hole of a shape. ``scope``: for enumerators, the masked scope of the name."""

    kind: HoleKind
    scope: str = ""

    def __str__(self) -> str:
        return f"‹{self.kind.value}›"


Shape = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One member's statement in a slot.

    ``head``, ``tail``: masked tokens before and after its children. ``fills``: the member's text for each hole, in order.
    ``declares``: names of the locals it declares. ``declares_as``: the template's names for them ("$l3").
    """

    kind: StatementKind
    head: Shape
    fills: tuple[str, ...]
    braced: bool
    tail: Shape
    member: int
    donor: Donor
    declares: tuple[str, ...] = ()
    declares_as: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[Shape, Shape]:
        """Head and tail; lines of equal shape are the same variant."""
        return self.head, self.tail


@dataclass(slots=True)
class Slot:
    """A statement slot: the members' lines at one place of the template, and the slots nested in it.

    ``lines``: by member index. ``id``: path of positions in the template, such as "2.0.1". ``text``: the encoded line it is aligned by.
    """

    kind: StatementKind
    lines: dict[int, Line]
    children: list[Slot] = field(default_factory=list["Slot"])
    id: str = ""
    text: str = ""

    def variants(self) -> list[tuple[tuple[Shape, Shape], list[Line]]]:
        """Return the variants with their lines, most frequent first."""
        by_shape: dict[tuple[Shape, Shape], list[Line]] = defaultdict(list)
        for member in sorted(self.lines):
            by_shape[self.lines[member].shape].append(self.lines[member])
        return sorted(by_shape.items(), key=lambda v: (-len(v[1]), v[1][0].member))

    def walk(self) -> Iterator[Slot]:
        """Yield this slot and all nested ones in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class FunctionTemplate:
    """A function template. ``members``: the donors' functions. ``slots``: the top-level slots in order.

    ``local_names``: for each local "$l3" and field "$f:<T>Subtarget" of the shapes, what each member calls it.
    """

    group: FunctionGroup
    members: tuple[Function, ...]
    slots: tuple[Slot, ...]
    local_names: Mapping[str, Mapping[int, str]] = field(default_factory=dict[str, Mapping[int, str]])

    def restricted(self, keep: Callable[[Function], bool]) -> FunctionTemplate:
        """Return the template of the members that ``keep`` accepts, with the same slot ids; this template if it accepts all or none."""
        kept = {i for i, f in enumerate(self.members) if keep(f)}
        if not kept or len(kept) == len(self.members):
            return self
        place = {old: new for new, old in enumerate(sorted(kept))}

        def cut(slots: Sequence[Slot]) -> list[Slot]:
            out: list[Slot] = []
            for s in slots:
                lines = {place[m]: replace(line, member=place[m]) for m, line in s.lines.items() if m in kept}
                if lines:
                    out.append(Slot(s.kind, lines, cut(s.children), s.id, s.text))
            return out

        names = {n: {place[m]: x for m, x in by.items() if m in kept} for n, by in self.local_names.items()}
        members = tuple(self.members[i] for i in sorted(kept))
        return FunctionTemplate(self.group, members, tuple(cut(self.slots)), {n: by for n, by in names.items() if by})

    def walk(self) -> Iterator[Slot]:
        """Yield all slots in document order."""
        for slot in self.slots:
            yield from slot.walk()
