"""Computes the values that archetypes' templates need for the contracts of the .td files.

A contract is a C++ function that the .td files name and a backend must define: encoders, decoders, printers, parsers and selectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from vega_gen.archetypes.complex_patterns import complex_pattern
from vega_gen.archetypes.operand_types import PLAIN, by_kind, decoder, register_class, worded
from vega_gen.archetypes.own_encodings import coded_types, plain_siblings
from vega_gen.archetypes.texts import texts
from vega_gen.archetypes.unwritten import Unwritten
from vega_gen.facts.absent import may_be_absent
from vega_gen.facts.byte_order import byte_order, tables
from vega_gen.facts.codings import Coding
from vega_gen.facts.find import Facts
from vega_gen.facts.operand_fields import runs_of
from vega_gen.facts.selections import OperandInfo, OperandKind, Range, Selections
from vega_gen.records import Contract, ContractRole, Description, OperandClass
from vega_gen.tablegen.contracts import DEFAULT, is_instance, template_arguments, template_head
from vega_gen.tablegen.older_encodings import METHOD
from vega_gen.tablegen.subtargets import basic

_READ = re.compile(r"[$%]?[\w.]+")  # a register's name, as the lexer reads it
_GREATEST = (1 << 63) - 1  # that int64_t holds


def contract_values(d: Description, m: Facts, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns name in the templates -> the contracts of one kind, each with what its body depends on.

    ``given``: the values that templates have so far."""
    return _Contracts(d, m, given).values()


class _Contracts:
    def __init__(self, d: Description, m: Facts, given: Mapping[str, Any]) -> None:
        self.d, self.m, self.given = d, m, given
        self.s = Selections(d)
        self.unwritten = Unwritten(d, self.s)
        self.used: dict[str, tuple[str, OperandInfo]] = {}
        self.offsets: dict[str, Range] = {}
        self.layouts: dict[str, tuple[tuple[int, int], ...]] = {}
        self.users: dict[str, list[str]] = {}  # operand type -> the encoded instructions that have it
        self.widths: dict[str, int] = {}  # of the fields that hold registers of a class
        self.worded = worded(d)
        self.coded, self.siblings = coded_types(d), bool(plain_siblings(d))
        self.by_kind = by_kind([(o, self._class(o.name)) for o in d.operand_classes if self.s.kind(o.name) is OperandKind.REG])
        self.wrapped = [o.name for o in d.operand_classes if self._wraps(o)]
        usual, ranks = {i.name for i in basic(d).instructions}, dict[str, tuple[bool, bool]]()
        for i in d.instructions:
            for slot in self.s.operands(i.name):
                operand = next(o.type for o in (*i.outs, *i.ins) if o.name == slot.name)
                if slot.part == 0 and self.s.field(i.name, slot.name):
                    self.layouts.setdefault(operand, self.s.places(i.name, slot.name))
                if slot.part <= 0 and any(b in "01" for b in i.encoding) and "isPseudo" not in i.flags:
                    self.users.setdefault(operand, []).append(i.name)
                if slot.part < 0 or (slot.part == 0 and slot.kind is OperandKind.TARGET):
                    field = self.s.field(i.name, slot.name)
                    # A pseudo instruction has no field, one of another mode may count in other units.
                    if (rank := (bool(field), i.name in usual)) > ranks.get(operand, (False, False)) or operand not in self.used:
                        self.used[operand], ranks[operand] = (i.name, slot), rank
                    if slot.kind is OperandKind.REG and (width := len(field)):
                        name = self._class(slot.type)
                        self.widths[name] = max(self.widths.get(name, 0), width)
                elif slot.kind is not OperandKind.REG and any(b in "01" for b in i.encoding):
                    self.offsets.setdefault(operand, self.s.immediate(i.name, slot))
                    if self.s.scale(i.name, slot):  # a part that C++ encodes alone
                        self.used.setdefault(slot.type, (i.name, slot))

    def values(self) -> dict[str, Any]:
        operand = [c for c in self.d.contracts if c.role is ContractRole.OPERAND_PREDICATE]
        operand += self._others({c.name for c in operand}, ContractRole.OPERAND_PREDICATE)
        renders = list(self._of(ContractRole.OPERAND_RENDER))
        renders += self._others({c.name for c in renders}, ContractRole.OPERAND_RENDER)
        parsers = [c for c in self.d.contracts if c.role is ContractRole.OPERAND_PARSER]
        registers = self._register_decoders()
        chosen = Selections(basic(self.d))
        return {
            "encoders": [self._encoder(c) for c in self._of(ContractRole.ENCODER, ContractRole.INSTRUCTION_ENCODER)],
            "register_decoders": list(registers.values()),
            "operand_decoders": [self._decoder(c) for c in self._of(ContractRole.DECODER) if c.name not in registers],
            "instruction_decoders": [self._instruction_decoder(c) for c in self._of(ContractRole.INSTRUCTION_DECODER)],
            "decoder_tables": self._tables(), "unencoded": self.unwritten.unencoded(), "undecodable": self.unwritten.undecodable(),
            "printers": [self._printer(c) for c in self._printers()],
            "operand_predicates": [self._predicates(c) for c in operand if c.name not in PLAIN],
            "operand_renders": [self._render(c) for c in renders],
            "operand_parsers": [
                {"name": c.name, "memory": self._memory(c), "register": self._register(c), "template": _template(c),
                 "defined": DEFAULT.sub("", _template(c))} for c in parsers
            ],
            "register_kinds": {kind: classes for kinds in self.by_kind.values() for kind, classes in kinds.items()},
            "default_makers": self.unwritten.makers(),
            "texts": [] if self.d.data.get("AsmParser.present") == "1" else texts(self.d, self.worded),
            "in_words_of_instructions": bool(self.worded), "marked": bool(self.wrapped),
            "signed_parts": any(part.sign >= 0 for o in self.d.operand_classes for part in self.s.layouts.of(o.name)),
            "plain_memory": any(self._memory(c) for c in operand) and not any(self._memory(c) for c in parsers),
            "indexed_plainly": any(map(self._indexed, operand)) and not any(self._memory(c) for c in parsers),
            "complex_patterns": [complex_pattern(c, self.d, self.s, chosen, self.given) for c in self._of(ContractRole.COMPLEX_PATTERN)],
        }  # fmt: skip

    def _of(self, *roles: ContractRole) -> Iterator[Contract]:
        seen: set[tuple[str, str]] = set()
        for c in self.d.contracts:
            if c.role in roles and (c.name, c.signature) not in seen:
                seen.add((c.name, c.signature))
                yield c

    def _others(self, known: set[str], role: ContractRole) -> Iterator[Contract]:
        """Yields the predicates or render methods that operand classes name and no contract in ``known`` has.

        The generated matcher calls them for isCodeGenOnly instructions too."""
        for o in self.d.operand_classes:
            name = (o.predicate_method if role is ContractRole.OPERAND_PREDICATE else o.render_method).partition("<")[0]
            if o.parser_class and name and o.predicate_method not in PLAIN and name not in known:
                known.add(name)
                yield Contract(name, role, "", "MCParsedAsmOperand", (), (o.name,))

    # -- properties of operand types

    def _wraps(self, o: OperandClass) -> bool:
        """Whether an operand class wraps one register and has a predicate of its own, because its assembly differs from the register's."""
        own = o.predicate_method and o.predicate_method not in PLAIN
        return bool(own) and not o.defaults and len(o.sub_operands) == 1 and self.s.kind(o.sub_operands[0]) is OperandKind.REG

    def _decoder_of(self, type_name: str) -> str:
        return decoder(self.s.operand_classes, type_name)

    def _class(self, type_name: str) -> str:
        """Returns the register class of an operand type; that of addresses for operands that hold a pointer, whatever it is."""
        name = register_class(self.s.operand_classes, type_name)
        if (known := self.s.operand_classes.get(name)) and known.decoder_method.startswith("DecodePointerLike"):
            sizes = {c.name: len(c.members) for c in self.d.register_classes if {"i16", "i32", "i64"} & {*c.value_types}}
            return self.m.gpr if sizes.get(self.m.gpr, 0) > 1 else max(sizes, key=lambda one: sizes[one], default=type_name)
        return name

    def _parts(self, type_name: str) -> tuple[str, ...]:
        known = self.s.operand_classes.get(type_name)
        return known.sub_operands if known else ()

    def _is_memory(self, type_name: str) -> bool:
        parts = self._parts(type_name)
        return len(parts) >= 2 and self.s.kind(parts[0]) is OperandKind.REG

    def _mark(self, c: Contract) -> int:
        """Returns the number, from 1, of the operand class that wraps a register (see ``_wraps``); 0 if the contract is for none, or for
        others too."""
        return next((self.wrapped.index(t) + 1 for t in c.types if t in self.wrapped), 0) if set(c.types) <= set(self.wrapped) else 0

    def _layout(self, c: Contract) -> list[dict[str, Any]]:
        """Returns the sub-operands of a memory operand: where each stands in the operand's encoded number, and what it holds."""
        name = next((t for t in c.types if self._is_memory(t) and t in self.layouts), next(filter(self._is_memory, c.types), ""))
        parts = self._parts(name)
        places = self.layouts.get(name, ((0, 0),) * len(parts))
        offset = self._offset(c)
        return [
            {"index": n, "place": at, "bits": bits, "kind": self.s.kind(part), "decoder": self._decoder_of(part),
             "shift": offset.shift if n == 1 else 0, "signed": offset.signed and n == 1, "told": self.s.layouts.part(name, n),
             "mark": (told := self.s.layouts.part(name, n)) is not None and told.mark >= 0}
            for n, (part, (at, bits)) in enumerate(zip(parts, places, strict=True))
        ]  # fmt: skip

    def _memory(self, c: Contract) -> bool:
        return any(self._is_memory(t) for t in c.types)

    def _register(self, c: Contract) -> bool:
        return all(self.s.kind(t) is OperandKind.REG for t in c.types) and bool(c.types)

    def _range(self, c: Contract) -> Range:
        """Returns the widest range of the contract's operand types."""
        found = [self._whole(*self.used[t]) for t in c.types if t in self.used and self.s.kind(t) is not OperandKind.REG]
        if self._in_word(c):
            found = [Range(r.bits, False) for r in found]
        return max(found, key=lambda r: r.bits, default=Range(32, True))

    def _whole(self, record: str, slot: OperandInfo) -> Range:
        """Returns the values of an immediate, made as wide as its field: what the .td allows may be less than what can be decoded."""
        r = self.s.immediate(record, slot)
        return r if slot.part >= 0 and slot.kind is OperandKind.IMM else replace(r, bits=max(r.bits, len(self.s.field(record, slot.name))))

    def _in_word(self, c: Contract) -> bool:
        """Whether the operand is part of the mnemonic, as conditions are."""
        return bool(c.types) and all(t in self.worded for t in c.types)

    def _part(self, c: Contract) -> tuple[int, int]:
        """Returns the part of a number that the operand holds (see ``Selections.part``), (0, 0) where its types differ."""
        found = {self.s.part(t) for t in c.types}
        return next(iter(found)) if len(found) == 1 else (0, 0)

    def _offset(self, c: Contract) -> Range:
        return next((self.offsets[t] for t in c.types if t in self.offsets), Range(16, True))

    def _shift(self, c: Contract) -> int:
        return next((self.s.scale(*self.used[t]) for t in c.types if t in self.used), 0)

    def _bias(self, c: Contract) -> int:
        """Returns by how much the contract's numbers are greater than what their field holds."""
        return next((self.s.immediate(*self.used[t]).bias for t in c.types if t in self.used), 0)

    def _encoded_shift(self, c: Contract) -> int:
        """Returns the shift of an encoder, 0 where no decoder method, of the type or of all its instructions, scales the number back."""
        return self._shift(c) if all(self._decoder_of(t) or self._decoded_whole(t) for t in c.types) else 0

    def _decoded_whole(self, type_name: str) -> bool:
        """Whether all instructions with an operand type have a decoder method of their own."""
        users = self.users.get(type_name, [])
        return bool(users) and all(self.s.instructions[record].decoder_method for record in users)

    def _each(self, c: Contract, method: Callable[[str], str], number: Callable[[Contract], int]) -> str:
        """Returns C++ for ``number``, which may be another for each type of the contract: the number, or the template's parameter that it
        is for all of them. ``method``: the method of a type as the .td writes it, with its arguments."""
        found = [(t, template_arguments(method(t)), number(replace(c, types=(t,)))) for t in c.types if t in self.used]
        # Where not all agree, those with a predicate do: of the others no more than names tell.
        for some in (found, [one for one in found if self.s.said(one[0])]):
            for at in range(max((len(given) for _, given, _ in some), default=0) if len({n for _, _, n in some}) > 1 else 0):
                if all((given[at] if at < len(given) else "0") == str(n) for _, given, n in some):
                    return f"P{at}"
        return str(number(c))

    # -- values of one contract

    def _encoder(self, c: Contract) -> dict[str, Any]:
        declared = c.signature
        defined = re.sub(rf"\b{c.name}\(", f"{self.d.name}MCCodeEmitter::{c.name}(", DEFAULT.sub("", declared))
        memory = self._memory(c)
        variants: dict[str, dict[str, Any]] = {}
        shift = self._each(c, lambda t: self.s.operand_classes[t].encoder_method, self._encoded_shift)
        for t in c.types or ("",):
            one = replace(c, types=(t,) if t else ())
            whole = not self._memory(one)
            made: dict[str, Any] = {"layout": [] if whole else self._layout(one)}
            made |= {"shift": shift if shift.startswith("P") else self._encoded_shift(one)}
            made["bias"] = self._bias(one) if whole and self._decoder_of(t) else 0
            made["coding"] = self._coding(one)
            found = variants.setdefault(repr(made), made | {"records": [], "memory": not whole})
            found["records"] += self.users.get(t, [])
        # What most operands are is what the method does; the others are told apart by their instructions.
        cases = sorted(variants.values(), key=lambda v: -len(v["records"]))
        return {
            "declared": declared, "defined": defined, "memory": memory, "post": c.role is ContractRole.INSTRUCTION_ENCODER,
            "absent": self._absent(c), "wide": "APInt &Value" in declared, "cases": [*cases[1:], cases[0] | {"records": []}],
        }  # fmt: skip

    def _coding(self, c: Contract) -> Coding | None:
        """Returns what stands in the field for a number, None for the number itself."""
        fields = ((t, len(self.s.field(self.used[t][0], self.used[t][1].name))) for t in c.types if t in self.used and t not in self.coded)
        return next((coding for t, bits in fields if (coding := self.s.codings.of(t, bits))), None)

    def _register_decoders(self) -> dict[str, dict[str, Any]]:
        """Returns name -> values of the decoders of registers."""
        found: dict[str, dict[str, Any]] = {}
        for c in self._of(ContractRole.REGISTER_CLASS_DECODER, ContractRole.DECODER):
            name = next((t for t in c.types if self.s.kind(t) is OperandKind.REG), "") if self._register(c) else ""
            if name and c.signature.startswith("template"):
                found[c.name] = {"declared": self._named_value(c.signature, "RegNo"), "defined": ""}
                instances = (t for t in self.s.operand_classes if self._decoder_of(t).partition("<")[0] == c.name)
                for t in dict.fromkeys((*c.types, *instances)):
                    self._specialise(found, t)
            elif name:
                numbers, absent = self._by_encoding(name), self._absent(c)
                absent = 0 if absent is None and not any(numbers[:1]) and may_be_absent(self.d, name) else absent
                found[c.name] = {"defined": self._named_value(c.signature, "RegNo"), "registers": numbers, "absent": absent}
        for c in self._of(ContractRole.DECODER, ContractRole.INSTRUCTION_DECODER):  # decoders that the other decoders' bodies call
            for part in [p for t in c.types for p in (self._parts(t) or (t,))]:
                decoder = self._decoder_of(part)
                if self.s.kind(part) is OperandKind.REG and decoder.partition("<")[0] in found and "<" in decoder:
                    self._specialise(found, part)
                elif self.s.kind(part) is OperandKind.REG and decoder and decoder not in found:
                    rest = "uint64_t Address, const MCDisassembler *Decoder)"
                    signature = f"static DecodeStatus {decoder}(MCInst &Inst, unsigned RegNo, {rest}"
                    numbers = self._by_encoding(part)
                    absent = 0 if not any(numbers[:1]) and may_be_absent(self.d, part) else None
                    found[decoder] = {"defined": signature, "registers": numbers, "absent": absent}
        return found

    def _specialise(self, found: dict[str, dict[str, Any]], type_name: str) -> None:
        """Adds the decoder of a type's registers where it is an instance of a template: each instance has registers of its own."""
        written = self._decoder_of(type_name)
        name, arguments = written.partition("<")[0], ", ".join(template_arguments(written))
        declared: str = found[name]["declared"]
        defined = f"template <>\nDecodeStatus {name}<{arguments}>{declared.partition(name)[2]}"
        found.setdefault(f"{name}<{arguments}>", {"defined": defined, "registers": self._by_encoding(type_name)})

    def _named_value(self, signature: str, name: str) -> str:
        return re.sub(r"\b(unsigned|uint64_t) (?:Val|RegNo)\b", rf"\1 {name}", signature)

    def _by_encoding(self, type_name: str) -> list[str]:
        name = self._class(type_name)
        members = next((c.members for c in self.d.register_classes if c.name == name), ())
        named = [r for r in self.d.registers if r.name in members]
        # Of registers with one number the assembler must be able to read the name; most are called by their number.
        named.sort(key=lambda r: (not _READ.fullmatch(r.asm_name), not r.asm_name.endswith(str(r.encoding)), members.index(r.name)))
        codes = {r.encoding: r.name for r in reversed(named)}
        mask = (1 << self.widths.get(name, 64)) - 1
        short = {code & mask: r for code, r in codes.items()}  # a narrow field holds the low bits of the registers' numbers
        codes = short if len(short) == len(codes) else codes
        return [codes.get(n, "") for n in range(max(codes, default=-1) + 1)]

    def _absent(self, c: Contract) -> int | None:
        """Returns the number that stands for no register, where the register operand may be left out: the first that is none's."""
        known = [self.s.operand_classes.get(t) for t in c.types]
        if not known or not all(o and o.optional and o.register_class and o.encoder_method for o in known):
            return None
        codes = self._by_encoding(c.types[0])
        free = next((n for n, name in enumerate(codes) if not name), len(codes))
        return free if free < 1 << self.widths.get(self._class(c.types[0]), 0) else None

    def _decoder(self, c: Contract) -> dict[str, Any]:
        memory, r = self._memory(c), self._range(c)
        template = bool(re.search(r"template <(?:int|unsigned)", c.signature))
        scaled = "0" if memory else self._each(c, self._decoder_of, self._shift)
        shift = 0 if scaled.startswith("P") else int(scaled)
        wide = f"P0 - {shift}" if shift and self._counts_shift(c, shift) else "P0"
        # A field that is numbered from above bit 0 gives a number with the bits below it.
        below = next((bits[-1][0] for t in c.types if t in self.used and (bits := self.s.field(self.used[t][0], self.used[t][1].name))), 0)
        bits = wide if template and not memory else r.bits + (below if below == r.shift else 0)
        return {
            "defined": self._named_value(c.signature, "Val"), "layout": self._layout(c) if memory else [],
            "bits": bits, "back": r.back, "coding": self._coding(c), "signed": r.signed and not re.search(r"uimm", c.name, re.I),
            "shift": scaled, "bias": "0" if memory else self._each(c, self._decoder_of, self._bias),
            "register": self._register(c), "defaults": self.unwritten.defaults(c.types[0]) if c.types else [],
        }  # fmt: skip

    def _counts_shift(self, c: Contract, shift: int) -> bool:
        """Whether the width in the arguments of a decoder template includes the ``shift`` low bits, which are not encoded."""
        given = ((re.search(r"<(\d+)>", self._decoder_of(t)), self.used.get(t)) for t in c.types)
        return all(n and used and int(n[1]) - self.s.immediate(*used).bits == shift for n, used in given)

    def _instruction_decoder(self, c: Contract) -> dict[str, Any]:
        records: list[dict[str, Any]] = []
        decoders = {self._decoder_of(t) for other in self._of(ContractRole.DECODER) for t in other.types}
        for record in c.records:
            slots: list[dict[str, Any]] = []
            for slot in self.s.operands(record):
                field = self.s.field(record, slot.name)
                counted = slot.kind is OperandKind.TARGET or any(o.encoder_method for o in self.d.operand_classes if o.name == slot.type)
                scale = self.s.scale(record, slot) if c.name != METHOD or counted else 0  # other numbers stand as they are written
                if slot.part >= 0 and len(places := self.s.places(record, slot.name)) > 1:
                    at, bits = places[slot.part]
                    field = tuple((bit - at, place) for bit, place in field if at <= bit < at + bits)
                    r = Range(bits, bool(bits) and self.s.immediate(record, slot).signed)
                else:
                    r = self.s.immediate(record, slot) if slot.kind is not OperandKind.REG else Range(8, False)
                decoder = self._decoder_of(slot.type)
                decoder = decoder if slot.kind is OperandKind.REG or decoder in decoders else ""
                slots.append({"runs": runs_of(field), "decoder": decoder, "bits": r.bits, "signed": r.signed, "shift": scale})
            records.append({"name": record, "slots": slots})
        return {"defined": c.signature, "records": records}

    def _tables(self) -> list[dict[str, Any]]:
        """Returns TableGen's decoder tables in the order in which to try them: first those that the chosen processor needs."""
        order = byte_order(self.d)
        kinds = {1: "uint8_t", 2: "uint16_t", 4: "uint32_t"}
        return [
            {"bytes": t.size, "name": f"DecoderTable{t.space}{t.size * 8}", "wide": t.size > 8,
             "type": kinds.get(t.size, "uint64_t" if t.size <= 8 else "APInt")}
            for t in dict.fromkeys((*tables(basic(self.d).instructions, order), *tables(self.d.instructions, order)))
        ]  # fmt: skip

    def _printers(self) -> list[Contract]:
        subtarget = "const MCSubtargetInfo &STI, " if self.given["pass_subtarget"] else ""
        plain = f"void printOperand(const MCInst *MI, unsigned OpNo, {subtarget}raw_ostream &O)"
        return list(self._of(ContractRole.PRINTER)) or [Contract("printOperand", ContractRole.PRINTER, plain, "MCInstPrinter", (), ())]

    def _printer(self, c: Contract) -> dict[str, Any]:
        declared = c.signature.replace("const char *Modifier", "const char *Modifier = nullptr")
        defined = re.sub(rf"\b{c.name}\(", f"{self.given['printer']}::{c.name}(", DEFAULT.sub("", c.signature))
        parts = max((len(self._parts(t)) for t in c.types if self._is_memory(t)), default=0)
        # TableGen's matcher takes an operand without a class of its own apart.
        known = [o for t in c.types if self._is_memory(t) and (o := self.s.operand_classes.get(t))]
        apart = self.d.data.get("AsmParser.present") == "1" and bool(known) and all(o.parser_class == "Imm" for o in known)
        memory = 2 * sum(self._is_memory(t) for t in c.types) >= max(len(c.types), 1)  # a plain printer may have a few
        given: dict[str, Any] = {"declared": declared, "defined": defined, "memory": memory, "parts": parts, "apart": apart}
        told = {name: find(c.types) for name, find in self.unwritten.printed.items()}
        first = bool(c.types) and all(tuple(map(self.s.kind, self._parts(t))) == ("imm", "reg") for t in c.types)
        given |= {"in_word": self._in_word(c), "part": self._part(c), "offset_first": first, "mark": self._mark(c)}
        return given | told | self._left_out(c)

    def _left_out(self, c: Contract) -> dict[str, Any]:
        """Returns whether the base of a memory operand may be left out, and which parts behind the offset are registers."""
        lists = [self._parts(t) for t in c.types if self._is_memory(t)]
        indices = {n for parts in lists for n, part in enumerate(parts) if n > 1 and self.s.kind(part) is OperandKind.REG}
        return {"absent": any(may_be_absent(self.d, parts[0]) for parts in lists), "indices": sorted(indices)}

    def _predicates(self, c: Contract) -> dict[str, Any]:
        """Returns the values of an operand predicate. A function template has a case for each list of arguments that operands use."""
        written: dict[str, list[str]] = {}
        for o in self.d.operand_classes:
            if o.parser_class and o.predicate_method.partition("<")[0] == c.name:
                written.setdefault(o.predicate_method, []).append(o.name)
        template = template_head([*map(template_arguments, written), *([] if written else [()])])
        if not template:
            return {"name": c.name, "template": "", "cases": [self._predicate(c) | {"when": ""}]}
        longest_first = sorted(written.items(), key=lambda item: -len(template_arguments(item[0])))
        whens = ((is_instance(template_arguments(text)) or "true", types) for text, types in longest_first)
        cases = [self._predicate(replace(c, types=tuple(types))) | {"when": when} for when, types in whens]
        return {"name": c.name, "template": template, "cases": cases}

    def _predicate(self, c: Contract) -> dict[str, Any]:
        made: dict[str, Any] = {"name": c.name, "memory": self._memory(c), "register_class": "", "by_kind": False}
        made |= {"low": None, "high": None, "unit": 1}
        made |= {"mark": self._mark(c), "index": self._indexed(c), "mixed": self._mixed(c), "part": self._part(c), **self._left_out(c)}
        made["coded"] = bool(c.types) and self.siblings and all(t in self.coded for t in c.types)
        if made["mark"]:
            return made
        if made["memory"]:
            ranges = [self.offsets[t] for t in c.types if t in self.offsets]
            if ranges:
                r = max(ranges, key=lambda r: r.bits)
                made |= {"low": r.low, "high": self._highest(r, c), "unit": 1 << r.shift}
        elif self._register(c):
            made["register_class"] = self._class(c.types[0])
            made["by_kind"] = c.name in self.by_kind
        else:
            r, coding = self._range(c), self._coding(c)
            low, high = r.low, self._highest(r, c)
            if coding and coding.numbers:
                low, high = min(coding.numbers), max(coding.numbers)
            made |= {"low": f"{low}LL", "high": f"{high}LL", "unit": 1 << r.shift}
        return made

    def _highest(self, r: Range, c: Contract) -> int:
        """Returns the greatest number that assembly may have: where no predicate says that the field is signed, unsigned ones fit too."""
        told = any(self.s.said(part) for t in c.types for part in (t, *self._parts(t)))
        high = r.high if told or any(self.s.kind(t) is OperandKind.TARGET for t in c.types) else replace(r, signed=False).high
        return min(high, _GREATEST)

    def _indexed(self, c: Contract) -> bool:
        """Whether the memory operand adds a register, not an immediate, to its base."""
        return any(self._is_memory(t) and self.s.kind(self._parts(t)[1]) is OperandKind.REG for t in c.types)

    def _mixed(self, c: Contract) -> bool:
        """Whether some of the memory operands add a register to their base, and others an immediate."""
        return self._indexed(c) and any(self._is_memory(t) and self.s.kind(self._parts(t)[1]) is not OperandKind.REG for t in c.types)

    def _render(self, c: Contract) -> dict[str, Any]:
        parts = next((self._parts(t) for t in c.types if self._is_memory(t)), ())
        written = {o.render_method for o in self.d.operand_classes if o.render_method.partition("<")[0] == c.name}
        given = {"name": c.name, "memory": self._memory(c), "register": self._register(c), "parts": len(parts)}
        given["template"] = template_head([template_arguments(text) for text in written] or [()])
        return given | {"index": self._indexed(c), "mixed": self._mixed(c), "part": self._part(c), **self._left_out(c)}


def _template(c: Contract) -> str:
    """Returns the template head of a contract ("template <bool P0> "), "" if it is no function template."""
    return c.signature[: c.signature.index(">") + 2] if c.signature.startswith("template <") else ""
