"""Stage 5, what leaves it: function templates, their slots, variants and typed holes.

Enters: nothing. Leaves: types. It aligns nothing and does not choose among variants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vega_gen.groups import FunctionGroup
from vega_gen.records import Donor, Function, HoleKind, StatementKind

OWN_CLASS = "<C>"
"""Stands for the name of the function's class where that is no target's name and a role ("<T>InstrInfo")."""

OWN_RECORD = "<RC>"
"""Stands for the record that a contract's name is made from (DecodeGPRRegisterClass), as in the names of function groups."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A typed hole of a shape: what it stands for and, for enumerators, the masked scope it is named in."""

    kind: HoleKind
    scope: str = ""

    def __str__(self) -> str:
        return f"‹{self.kind.value}›"


Shape = tuple[str | Hole, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One member's statement in a slot: masked shape, what the member has in each hole, and where it stands.

    ``declares``: names of the locals it declares, ``declares_as``: what the template calls them ("$l3")."""

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
        """Head and tail: what makes two lines the same variant."""
        return self.head, self.tail


@dataclass(slots=True)
class Slot:
    """A statement slot: the lines that members have there and the slots nested in it.

    ``id``: path of positions in the template, "2.0.1"; ``lines`` by member index."""

    kind: StatementKind
    lines: dict[int, Line]
    children: list[Slot] = field(default_factory=list["Slot"])
    id: str = ""
    text: str = ""

    def variants(self) -> list[tuple[tuple[Shape, Shape], list[Line]]]:
        """The variants, most frequent first."""
        by_shape: dict[tuple[Shape, Shape], list[Line]] = defaultdict(list)
        for member in sorted(self.lines):
            by_shape[self.lines[member].shape].append(self.lines[member])
        return sorted(by_shape.items(), key=lambda v: (-len(v[1]), v[1][0].member))

    def walk(self) -> Iterator[Slot]:
        """This slot and all nested ones in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class FunctionTemplate:
    """A function template. ``members`` are the donors' functions; ``slots`` the top-level slots in order.
    ``local_names``: what each member calls each local and each field that the shapes name "$l3" and "$f:<T>Subtarget"."""

    group: FunctionGroup
    members: tuple[Function, ...]
    slots: tuple[Slot, ...]
    local_names: Mapping[str, Mapping[int, str]] = field(default_factory=dict[str, Mapping[int, str]])

    def restricted(self, keep: Callable[[Function], bool]) -> FunctionTemplate:
        """The template of the members that ``keep`` accepts, slot ids unchanged; this one if that is all or none."""
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
        """All slots in document order."""
        for slot in self.slots:
            yield from slot.walk()
