"""What archetypes' templates are given for the contracts of the .td files: encoders, decoders, printers, parsers, selectors.

Enters: a description, its ``Machine``. Leaves: values of the templates, by name. It renders nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from vega_gen.records import Contract, ContractRole, Description
from vega_gen.tablegen.operations import Machine
from vega_gen.tablegen.selections import Range, Selections, Slot

_HALF_WORDS = re.compile(r"(?:^|[a-z_])(?:rr|reg_?reg|idx|indexed)(?:$|[A-Z_])|RR$|rr$")

_PLAIN = ("isToken", "isReg", "isImm", "isMem")  # MCParsedAsmOperand's own


def contract_values(d: Description, m: Machine, given: Mapping[str, Any]) -> dict[str, Any]:
    """The contracts, each with what its body depends on."""
    return _Contracts(d, m, given).values()


class _Contracts:
    def __init__(self, d: Description, m: Machine, given: Mapping[str, Any]) -> None:
        self.d, self.m, self.given = d, m, given
        self.s = Selections(d)
        self.used: dict[str, tuple[str, Slot]] = {}
        self.offsets: dict[str, Range] = {}
        for i in d.instructions:
            for slot in self.s.slots(i.name):
                operand = next(o.type for o in (*i.outs, *i.ins) if o.name == slot.operand)
                if slot.part < 0:
                    self.used.setdefault(operand, (i.name, slot))
                elif slot.kind != "reg" and any(b in "01" for b in i.encoding):
                    self.offsets.setdefault(operand, self.s.immediate(i.name, slot))

    def values(self) -> dict[str, Any]:
        operand = [c for c in self.d.contracts if c.role is ContractRole.OPERAND_PREDICATE]
        parsers = [c for c in self.d.contracts if c.role is ContractRole.OPERAND_PARSER]
        registers = self._register_decoders()
        return {
            "encoders": [self._encoder(c) for c in self._of(ContractRole.ENCODER, ContractRole.INSTRUCTION_ENCODER)],
            "register_decoders": list(registers.values()),
            "operand_decoders": [self._decoder(c) for c in self._of(ContractRole.DECODER) if c.name not in registers],
            "instruction_decoders": [self._instruction_decoder(c) for c in self._of(ContractRole.INSTRUCTION_DECODER)],
            "decoder_tables": self._tables(),
            "printers": [self._printer(c) for c in self._printers()],
            "operand_predicates": [self._predicate(c) for c in operand if c.name not in _PLAIN],
            "operand_renders": [self._render(c) for c in self._of(ContractRole.OPERAND_RENDER)],
            "operand_parsers": [{"name": c.name, "memory": self._memory(c), "register": self._register(c)} for c in parsers],
            "plain_memory": any(self._memory(c) for c in operand) and not any(self._memory(c) for c in parsers),
            "complex_patterns": [self._complex(c) for c in self._of(ContractRole.COMPLEX_PATTERN)],
        }  # fmt: skip

    def _of(self, *roles: ContractRole) -> Iterator[Contract]:
        seen: set[tuple[str, str]] = set()
        for c in self.d.contracts:
            if c.role in roles and (c.name, c.signature) not in seen:
                seen.add((c.name, c.signature))
                yield c

    # -- what an operand type is

    def _parts(self, type_name: str) -> tuple[str, ...]:
        known = self.s.operands.get(type_name)
        return known.sub_operands if known else ()

    def _is_memory(self, type_name: str) -> bool:
        parts = self._parts(type_name)
        return len(parts) >= 2 and self.s.kind(parts[0]) == "reg" and self.s.kind(parts[1]) != "reg"

    def _memory(self, c: Contract) -> bool:
        return any(self._is_memory(t) for t in c.types)

    def _register(self, c: Contract) -> bool:
        return all(self.s.kind(t) == "reg" for t in c.types) and bool(c.types)

    def _range(self, c: Contract) -> Range:
        """The widest range of the operand types of a contract."""
        found = [self.s.immediate(*self.used[t]) for t in c.types if t in self.used and self.s.kind(t) != "reg"]
        return max(found, key=lambda r: r.bits, default=Range(32, True))

    def _offset(self, c: Contract) -> Range:
        return next((self.offsets[t] for t in c.types if t in self.offsets), Range(16, True))

    def _shift(self, c: Contract) -> int:
        return next((self.s.scale(self.used[t][1]) for t in c.types if t in self.used), 0)

    def _memory_bits(self, c: Contract) -> int:
        """Bits of the offset in the encoded operand of a base and an offset."""
        return self._offset(c).bits

    # -- one contract each

    def _encoder(self, c: Contract) -> dict[str, Any]:
        declared = c.signature
        defined = re.sub(rf"\b{c.name}\(", f"{self.d.name}MCCodeEmitter::{c.name}(", declared)
        offset = self._offset(c)
        memory = self._memory(c)
        return {
            "declared": declared, "defined": defined, "memory": memory, "post": c.role is ContractRole.INSTRUCTION_ENCODER,
            "wide": "APInt &Value" in declared, "bits": offset.bits, "shift": offset.shift if memory else self._shift(c),
        }  # fmt: skip

    def _register_decoders(self) -> dict[str, dict[str, Any]]:
        """By name."""
        found: dict[str, dict[str, Any]] = {}
        for c in self._of(ContractRole.REGISTER_CLASS_DECODER, ContractRole.DECODER):
            name = next((t for t in c.types if self.s.kind(t) == "reg"), "") if self._register(c) else ""
            if name:
                found[c.name] = {"defined": self._named_value(c.signature, "RegNo"), "registers": self._by_encoding(name)}
        for c in self._of(ContractRole.DECODER, ContractRole.INSTRUCTION_DECODER):  # what the bodies below call
            for part in [p for t in c.types for p in (self._parts(t) or (t,))]:
                decoder = self._decoder_of(part)
                if self.s.kind(part) == "reg" and decoder and decoder not in found:
                    rest = "uint64_t Address, const MCDisassembler *Decoder)"
                    signature = f"static DecodeStatus {decoder}(MCInst &Inst, unsigned RegNo, {rest}"
                    found[decoder] = {"defined": signature, "registers": self._by_encoding(part)}
        return found

    def _named_value(self, signature: str, name: str) -> str:
        return re.sub(r"\b(unsigned|uint64_t) (?:Val|RegNo)\b", rf"\1 {name}", signature)

    def _by_encoding(self, type_name: str) -> list[str]:
        known = self.s.operands.get(type_name)
        name = known.register_class if known and known.register_class else type_name
        members = next((c.members for c in self.d.register_classes if c.name == name), ())
        codes = {r.encoding: r.name for r in reversed(self.d.registers) if r.name in members}
        return [codes.get(n, "") for n in range(max(codes, default=-1) + 1)]

    def _decoder_of(self, type_name: str) -> str:
        known = self.s.operands.get(type_name)
        if known is None:
            return ""
        return known.decoder_method or (f"Decode{known.register_class}RegisterClass" if known.register_class else "")

    def _decoder(self, c: Contract) -> dict[str, Any]:
        memory, offset, whole = self._memory(c), self._offset(c), self._range(c)
        parts = next((self._parts(t) for t in c.types if self._is_memory(t)), ())
        template = "template <" in c.signature
        r = offset if memory else whole
        return {
            "defined": self._named_value(c.signature, "Val"), "memory": memory, "parts": len(parts),
            "base_decoder": self._decoder_of(parts[0]) if parts else "", "bits": "P0" if template and not memory else r.bits,
            "signed": r.signed and not re.search(r"uimm", c.name, re.I),
            "shift": r.shift if memory else self._shift(c), "register": self._register(c),
        }  # fmt: skip

    def _instruction_decoder(self, c: Contract) -> dict[str, Any]:
        records: list[dict[str, Any]] = []
        for record in c.records:
            slots: list[dict[str, Any]] = []
            i = self.s.instructions[record]
            for slot in self.s.slots(record):
                field = self.s.field(record, slot.operand)
                runs = _runs(field)
                if slot.part > 0:
                    continue
                kind = next(o.type for o in (*i.outs, *i.ins) if o.name == slot.operand)
                r = self.s.immediate(record, slot) if slot.kind != "reg" else Range(8, False)
                known = {"runs": runs, "decoder": self._decoder_of(kind), "bits": r.bits, "signed": r.signed}
                slots.append(known | {"shift": self.s.scale(slot)})
            records.append({"name": record, "slots": slots})
        return {"defined": c.signature, "records": records}

    def _tables(self) -> list[dict[str, Any]]:
        """TableGen's decoder tables, shortest instructions first."""
        skipped = {"isPseudo", "isCodeGenOnly", "isAsmParserOnly"}
        real = [i for i in self.d.instructions if i.size and any(b in "01" for b in i.encoding) and not i.flags & skipped]
        pairs = {(i.size, i.decoder_namespace) for i in real}
        kinds = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}
        return [
            {"bytes": size, "name": f"DecoderTable{space}{size * 8}", "wide": size > 8,
             "type": kinds.get(size, "uint64_t" if size <= 8 else "APInt")}
            for size, space in sorted(pairs)
        ]  # fmt: skip

    def _printers(self) -> list[Contract]:
        subtarget = "const MCSubtargetInfo &STI, " if self.given["pass_subtarget"] else ""
        plain = f"void printOperand(const MCInst *MI, unsigned OpNo, {subtarget}raw_ostream &O)"
        return list(self._of(ContractRole.PRINTER)) or [Contract("printOperand", ContractRole.PRINTER, plain, "MCInstPrinter", (), ())]

    def _printer(self, c: Contract) -> dict[str, Any]:
        declared = c.signature.replace("const char *Modifier", "const char *Modifier = nullptr")
        defined = re.sub(rf"\b{c.name}\(", f"{self.d.name}InstPrinter::{c.name}(", c.signature)
        return {"declared": declared, "defined": defined, "memory": self._memory(c)}

    def _predicate(self, c: Contract) -> dict[str, Any]:
        made: dict[str, Any] = {"name": c.name, "memory": self._memory(c), "register_class": "", "low": None, "high": None, "unit": 1}
        if made["memory"]:
            ranges = [self.offsets[t] for t in c.types if t in self.offsets]
            if ranges:
                r = max(ranges, key=lambda r: r.bits)
                made |= {"low": r.low, "high": r.high, "unit": 1 << r.shift}
        elif self._register(c):
            known = self.s.operands.get(c.types[0])
            made["register_class"] = known.register_class if known else c.types[0]
        else:
            r = self._range(c)
            made |= {"low": f"{r.low}LL", "high": f"{r.high}LL", "unit": 1 << r.shift}
        return made

    def _render(self, c: Contract) -> dict[str, Any]:
        parts = next((self._parts(t) for t in c.types if self._is_memory(t)), ())
        return {"name": c.name, "memory": self._memory(c), "register": self._register(c), "parts": len(parts)}

    def _complex(self, c: Contract) -> dict[str, Any]:
        parameters = c.signature.partition("(")[2].rstrip(")")
        pattern = next(p for p in self.d.complex_patterns if p.select_function.partition("<")[0] == c.name)
        records = {s.record for root in self.s.roots for s in self.s.of(root) if pattern.name in _words(s.dag)}
        slots = [(record, slot) for record in sorted(records) for slot in self.s.slots(record)]
        ranges = [self.s.immediate(record, slot) for record, slot in slots if slot.kind == "imm" and slot.part in (-1, 1)]
        r = min(ranges, key=lambda r: r.high, default=Range(12, True))
        return {
            "name": c.name, "declared": parameters, "defined": parameters, "operands": pattern.operands,
            "frame_only": pattern.operands == 1 and pattern.root_nodes == ("frameindex",),
            "memory": pattern.operands >= 2 and not _HALF_WORDS.search(pattern.name),
            "low": r.low, "high": r.high, "unit": 1 << r.shift,
        }  # fmt: skip


def _words(dag: Any) -> Iterator[str]:
    yield dag.op
    for arg, _ in dag.args:
        if isinstance(arg, str):
            yield arg
        else:
            yield from _words(arg)


def _runs(field: tuple[tuple[int, int], ...]) -> list[tuple[int, int, int]]:
    return [(bit, 1, at) for bit, at in sorted(field)]
