"""Scores found facts against what a target's own C++ uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.selections import Selections
from vega_gen.facts.used import Used
from vega_gen.records import Description, Fact


@dataclass(frozen=True, slots=True)
class Scored:
    """A fact with the verdict on it.

    ``fact``: None where none was found for a role that the C++ has. ``place``: index of the first acceptable value among the chosen one and
    its alternatives, -1 if none is. ``reference``: what the C++ uses."""

    target: str
    key: str
    fact: Fact | None
    place: int
    reference: str

    @property
    def right(self) -> bool:
        """Whether the chosen value is acceptable."""
        return self.place == 0


def scores(d: Description, facts: Mapping[str, Fact], used: Used) -> Iterator[Scored]:
    """Yields the verdict on each role that the target's C++ shows. Roles that neither have are left out.

    A register counts as any other that is the same storage, whole or in part, and a convention as one that assigns all of its registers,
    as one that delegates to it does. A copy or a nop may be any addition of zero. Reserved registers are right where they include those
    that the C++ reserves always, and no other than those it reserves at times, the return address and registers of constants."""
    judge = _Judge(d, used)
    for key in sorted({*used.records, *used.lists, "registers.reserved"}):
        fact = facts.get(key)
        values = [fact.value, *(a.value for a in fact.alternatives)] if fact else []
        values = [v for v in values if v]
        place = next((n for n, value in enumerate(values) if judge.accepts(key, value)), -1)
        reference = (
            ", ".join(sorted(used.records[key])) if key in used.records else "; ".join(" ".join(each) for each in used.lists.get(key, ()))
        )
        yield Scored(d.name, key, fact if values else None, place, reference)


class _Judge:
    def __init__(self, d: Description, used: Used) -> None:
        self._used = used
        self._d = d
        self._listed = {c.name: c.registers for c in d.calling_conventions}
        self._same: dict[str, set[str]] = {r.name: {r.name} for r in d.registers}
        for r in d.registers:
            for part in r.subregisters:
                if len(r.subregisters) == 1 and part in self._same:
                    self._same[r.name] |= self._same[part]
                    for other in self._same[r.name]:
                        self._same[other] |= self._same[r.name]

    def accepts(self, key: str, value: str) -> bool:
        """Whether ``value``, written as a facts file writes it, is one that the C++ uses for ``key``."""
        if key == "registers.reserved":
            return self._reserved(value.split())
        if key in self._used.lists:
            return any(tuple(value.split()) == listed for listed in self._used.lists[key])
        known = self._used.records[key]
        first = value.split()[0]
        if key.startswith(("instruction.copy.", "instruction.nop")) and first not in known:
            return self._identity(first, value.split()[1:])
        if key.startswith("convention.") and first not in known:
            return any(set(self._listed.get(first, "?")) <= set(self._listed.get(one, ())) for one in known)
        return first in known or bool(key.startswith("register.") and self._alike(first) & known)

    def _identity(self, record: str, operands: list[str]) -> bool:
        """Whether an instruction adds zero by a pattern, or combines a register with the zero register."""
        zero = {"zero", *self._used.records.get("register.zero", ())} & set(operands)
        adds = record in {s.record for s in self._selections.of("add")} and ({"0", "none"} & set(operands) or zero)
        return bool(adds or (zero and record in {s.record for root in ("or", "xor") for s in self._selections.of(root)}))

    @cached_property
    def _selections(self) -> Selections:
        return Selections(self._d)

    def _alike(self, register: str) -> set[str]:
        return self._same.get(register, {register})

    def _reserved(self, registers: list[str]) -> bool:
        chosen = self._wider(registers)
        also = {r for key in ("register.return_address", "register.zero") for r in self._used.records.get(key, ())}
        return self._used.always & self._used.pointers <= chosen and all(self._alike(r) & (self._used.ever | also) for r in registers)

    def _wider(self, registers: Iterable[str]) -> set[str]:
        return {other for r in registers for other in self._alike(r)}
