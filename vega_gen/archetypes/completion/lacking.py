"""What the parts of a completion are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vega_gen.facts.find import Facts
from vega_gen.facts.operations import Operation
from vega_gen.records import Description, Instruction


@dataclass(frozen=True)
class Lacking:
    """A description that may lack something. ``m``: its facts. ``own``: the text of the target's .td files."""

    d: Description
    m: Facts
    own: str

    @cached_property
    def _taken(self) -> frozenset[str]:
        d = self.d
        types = (d.registers, d.register_classes, d.operand_classes, d.calling_conventions)
        named = (*types, d.instructions, d.nodes, d.fragments, d.complex_patterns)
        return frozenset(record.name for records in named for record in records)

    def name(self, wanted: str) -> str:
        """Returns a name for a new record: ``wanted``, or, where the .td has a record of that name, one that ends in the target's."""
        return f"{wanted}_{self.d.name}" if wanted in self._taken else wanted

    @property
    def pseudo(self) -> str:
        """What each pseudo instruction of a completion says of itself, to stand between ``let`` and ``in``."""
        return f'Namespace = "{self.d.namespace}", isPseudo = 1, isCodeGenOnly = 1, hasNoSchedulingInfo = 1, Size = 0'

    def opcode(self, wanted: str) -> str:
        """Returns the opcode of a new node: ``wanted`` in the scope of the target's others, with the target's name where it is taken."""
        known = {n.opcode for n in self.d.nodes}
        scope = next((n.opcode.rpartition("::")[0] for n in self.d.nodes if "::" in n.opcode), f"{self.d.name}ISD")
        opcode = f"{scope}::{wanted}"
        return f"{opcode}_{self.d.name.upper()}" if opcode in known else opcode

    def instruction(self, op: Operation) -> Instruction:
        """Returns the record of an operation's instruction."""
        return next(i for i in self.d.instructions if i.name == op.record)

    def standing_for(self, op: Operation, flags: str, defs: Sequence[str], uses: Sequence[str]) -> str:
        """Returns what a pseudo instruction that stands for ``op`` says of itself, between ``let`` and ``in``. ``flags``: more."""
        lists = [f"{name} = [{', '.join(registers)}]" for name, registers in (("Defs", defs), ("Uses", uses)) if registers]
        slot = ["hasDelaySlot = 1"] if "hasDelaySlot" in self.instruction(op).flags else []
        return ", ".join([self.pseudo, flags, *slot, *lists])
