"""Computes what stands for operands that assembly or the encoding leaves out.

Assembly may leave out an operand whose class is optional (IsOptional), and its parser makes one then (DefaultMethod). No bits stand for an
operand that has a value where it is not written (OperandWithDefaultOps), as predicate operands have in encodings without conditions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from vega_gen.archetypes.operand_types import decoder, register_class
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.records import Description, Instruction

_TIED = re.compile(r"\$([\w.]+)\s*=\s*\$([\w.]+)")


class Unwritten:
    """Answers for one description."""

    def __init__(self, d: Description, s: Selections) -> None:
        self.d, self.s = d, s
        self.printed: dict[str, Callable[[Collection[str]], Any]] = {
            "unwritten": self.value, "beside": self.beside, "glued": self.glued, "usual": self.usual,
        }  # fmt: skip
        """Name in the templates -> what a printer has to know of the types of its operands."""

    def glued(self, types: Collection[str]) -> bool:
        """Whether the operand may be left out, or others with its printer, and stands right behind another one in every assembly string:
        what it prints begins with a comma then."""
        known = [self.s.operand_classes.get(t) for t in types]
        if not any(o and o.optional for o in known):
            return False
        written = [(i.asm, o.name) for i in self.d.instructions for o in (*i.outs, *i.ins) if o.type in types]
        return all(re.search(rf"(?:\$\w+|\}})\$\{{?{re.escape(name)}\b", asm) for asm, name in written if f"${name}" in asm)

    def beside(self, types: Collection[str]) -> bool:
        """Whether the operand stands right behind another one, outside of the mnemonic, in every assembly string that has it: the numbers
        of both would be one."""
        written = [(i.asm, o.name) for i in self.d.instructions for o in (*i.outs, *i.ins) if o.type in types and f"${o.name}" in i.asm]
        return bool(written) and all(re.search(rf"\s.*\$(?:\w+|\{{\w+\}})\$\{{?{re.escape(name)}\b", asm) for asm, name in written)

    def value(self, types: Collection[str]) -> str:
        """Returns the number that the .td gives operands of these types where they are not written (a predicate, an optional definition),
        "0" where that is no register; "" where some have none, or another one, or where assembly has to write them (IsOptional)."""
        known = [self.s.operand_classes.get(t) for t in types]
        if not all(o and o.optional for o in known):
            return ""
        values = {o.defaults[0] if o and o.defaults else "" for o in known}
        if "zero_reg" in values:
            return "" if any(re.fullmatch(r"(?:-?\d+)?", value) for value in values) else "0"
        found = next(iter(values)) if len(values) == 1 else ""
        return found if re.fullmatch(r"-?\d+", found) else ""

    def usual(self, types: Collection[str]) -> int:
        """Returns the number that most patterns give operands of these types, 0 if none does."""
        given = Counter(
            value
            for root in self.s.roots
            for s in self.s.of(root)
            for o in self.s.instructions[s.record].ins
            if o.type in types and re.fullmatch(r"-?\d+", value := s.fixed.get(o.name, ""))
        )
        return int(given.most_common(1)[0][0]) if given else 0

    def makers(self) -> list[dict[str, Any]]:
        """Returns the methods of the parser that make an operand that was left out."""
        found: dict[str, list[str]] = {}
        for o in self.d.operand_classes:
            if o.optional and o.default_method:
                found.setdefault(o.default_method, []).append(o.name)
        return [
            {"name": name, "register": all(self.s.kind(t) is OperandKind.REG for t in types), "value": self.usual(types)}
            for name, types in found.items()
        ]

    def defaults(self, type_name: str, decoded: bool = True) -> list[str]:
        """Returns the parts of an operand that has values in the .td for where it is not written (a predicate operand, an optional
        definition), as C++ that makes them; [] for other types.

        ``decoded``: the operand has a field, ``Val``, which holds its tied register, else its first number (the condition)."""
        known = self.s.operand_classes.get(type_name)
        if known is None or not known.defaults:
            return []
        parts = known.sub_operands or (known.register_class or type_name,)
        made: list[str] = []
        told = decoded and "undef_tied_input" not in known.defaults
        for value, part in zip(known.defaults, parts, strict=False):
            if re.fullmatch(r"-?\d+", value):
                made.append(f"MCOperand::createImm({'Val' if told else value})")
                told = False
            elif decoded and value == "undef_tied_input":
                made.append(f"={decoder(self.s.operand_classes, part)}")
            else:
                register = f"{self.d.namespace}::{value}" if any(r.name == value for r in self.d.registers) else "0"
                made.append(f"MCOperand::createReg({register})")
        return made

    def unencoded(self) -> list[dict[str, Any]]:
        """Returns the operands that no bits of an instruction stand for, and that TableGen's decoder leaves out: those with values in the
        .td (see ``defaults``), and registers of which there is only one."""
        found: dict[tuple[tuple[int, str], ...], list[str]] = {}
        for i, operands in self._without_bits():
            inserted = [(at + n, text) for at, width, made, _ in operands if len(made) == width for n, text in enumerate(made)]
            if inserted:
                found.setdefault(tuple(inserted), []).append(i.name)
        return [{"operands": operands, "records": records} for operands, records in found.items()]

    def undecodable(self) -> list[str]:
        """Returns the instructions with an operand that no bits stand for, and of which the .td does not say what it is then: without it,
        those behind it would be taken for it, or the printer wants it."""
        found: list[str] = []
        for i, operands in self._without_bits():
            known = (self.s.operand_classes.get(o.type) for o in (*i.outs, *i.ins) if o.type != "variable_ops")
            parts = sum(max(len(kind.sub_operands), 1) if kind else 1 for kind in known)
            absent = {at: name for at, width, made, name in operands if len(made) != width}
            behind = parts - sum(width for at, width, _, _ in operands if at in absent)
            if any(at < behind or re.search(rf"\$\{{?{re.escape(name)}\b", i.asm) for at, name in absent.items()):
                found.append(i.name)
        return found

    def _without_bits(self) -> Iterator[tuple[Instruction, list[tuple[int, int, list[str], str]]]]:
        """Yields each instruction that TableGen decodes with its operands that no bits stand for: the index of the first part, the number
        of parts, C++ that makes them, as far as the .td says it, and the name."""
        for i in self.d.instructions:
            if i.decoder_method or not i.size or not any(b in "01" for b in i.encoding):
                continue
            if i.flags & {"isPseudo", "isCodeGenOnly", "isAsmParserOnly"}:
                continue
            encoded = {bit.partition("{")[0] for bit in i.encoding}
            encoded |= {o.name for o in (*i.outs, *i.ins) if not encoded.isdisjoint(o.parts)}
            ties = [(a.partition(".")[0], b.partition(".")[0]) for a, b in _TIED.findall(i.constraints)]
            encoded |= {a for pair in ties for a in pair if not encoded.isdisjoint(pair)}
            found: list[tuple[int, int, list[str], str]] = []
            at = 0
            for o in (o for o in (*i.outs, *i.ins) if o.type != "variable_ops"):
                width = max(len(known.sub_operands), 1) if (known := self.s.operand_classes.get(o.type)) else 1
                if o.name not in encoded:
                    found.append((at, width, self.defaults(o.type, decoded=False) or self._only_register(o.type), o.name))
                at += width
            yield i, found

    def _only_register(self, type_name: str) -> list[str]:
        """Returns the register of an operand type that has only one, as C++ that makes the operand."""
        name = register_class(self.s.operand_classes, type_name)
        members = next((c.members for c in self.d.register_classes if c.name == name), ())
        return [f"MCOperand::createReg({self.d.namespace}::{members[0]})"] if len(members) == 1 else []
