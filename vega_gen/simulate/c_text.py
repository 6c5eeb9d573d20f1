"""Writes the effects of a target's instructions as C: the generated half of a simulator, ``machine.c``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from vega_gen import resources
from vega_gen.facts import Facts
from vega_gen.facts.operations import CONDITIONS
from vega_gen.facts.selections import Selections
from vega_gen.records import Description
from vega_gen.simulate.by_facts import link, program_counters
from vega_gen.simulate.effects import effects
from vega_gen.simulate.expressions import (
    Action,
    Assign,
    Binary,
    CallTo,
    Carry,
    Compare,
    Conditional,
    Effect,
    Expression,
    Forget,
    Halt,
    Here,
    Holds,
    Jump,
    Loaded,
    NamedRegister,
    Number,
    OperandNumber,
    OperandRegister,
    Place,
    Relation,
    Require,
    ReturnTo,
    Store,
    Unary,
    Unknown,
    parts_of,
)
from vega_gen.simulate.operands import Operands
from vega_gen.simulate.storage import Piece, storage

_WORD = 64
_INFIX = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^"}
_WIDE = frozenset({*_INFIX, "shl", "srl", "zext", "sext", "trunc"})
_CONDITIONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def machine_text(d: Description, m: Facts, records: Collection[str] | None = None) -> str:
    """Returns machine.c of a target. ``records``: the instructions that the program holds, all if None; others stop it."""
    return resources.environment("templates/simulator").get_template("machine.c.j2").render(_Machine(d, m, records).values())


class _Machine:
    def __init__(self, d: Description, m: Facts, records: Collection[str] | None) -> None:
        self.d, self.m = d, m
        self.wanted = records
        self.index = {r.name: n for n, r in enumerate(d.registers)}
        self.storage = storage(d)
        self.widths = dict(zip((r.name for r in d.registers), self.storage.widths, strict=True))
        self.p = Operands(d, m, Selections(d), self.widths)
        self.effects = effects(d, m)
        self.members = {c.name: [self.index[n] for n in c.members if n in self.index] for c in d.register_classes}
        self.counters = frozenset(self.index[n] for n in program_counters(self.p) if n in self.index)
        self.delayed = bool(m.delayed)
        told = [name for name in d.data.get("Register.constant", "").split() if name in self.index and name != m.ones]
        self.constant = {self.index[n]: 0 for n in (*told, m.zero) if n in self.index}
        self.constant |= {self.index[m.ones]: (1 << self.widths[m.ones]) - 1} if m.ones in self.index else {}

    def values(self) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = []
        functions: list[str] = []
        reasons: list[str] = []
        for n, e in enumerate(self.effects):
            why, lines = "", list[str]()
            if isinstance(e, Unknown):
                why = e.reason
            elif self.wanted is not None and e.record not in self.wanted:
                why = "the simulator was made for programs without it"
            else:
                try:
                    lines = list(_Block(self, e).lines())
                except _TooWideError as error:
                    why = str(error)
            if not why:
                blocks.append({"index": n, "record": e.record, "lines": lines})
            functions.append("unknown" if why else f"op_{n}")
            reasons.append(json.dumps(why) if why else "0")
        # Nothing here reads more than 128 bits of a register: what lies above is left out.
        seen = [tuple(p for p in parts if p.at + p.bits <= 2 * _WORD) for parts in self.storage.pieces]
        pieces: list[Piece] = [p for parts in seen for p in parts]
        places: list[dict[str, int]] = []
        first = 0
        for n, parts in enumerate(seen):
            places.append({"first": first, "count": len(parts), "clears": int(n in self.storage.clears)})
            first += len(parts)
        low = [self.storage.low(n) for n in range(len(self.index))]
        boxes = ({"box": low[n], "value": hex(value & (1 << _WORD) - 1)} for n, value in self.constant.items() if low[n] >= 0)
        result = f"read_register({self.index[self.m.results[0]]})" if self.m.results else "0"
        return {
            "name": self.d.name, "registers": bool(self.d.registers), "pieces": pieces, "places": places, "boxes": len(self.storage.boxes),
            "low": low, "native": self.m.native, "delayed": self.delayed, "constants": list({c["box"]: c for c in boxes}.values()),
            "instruction_names": [i.name for i in self.d.instructions], "register_names": [r.name for r in self.d.registers],
            "reasons": reasons, "blocks": blocks, "functions": functions, "start": list(self.start()), "result": result,
            "host_return": " ".join(self.returned(link(self.p))),
        }  # fmt: skip

    def start(self) -> Iterator[str]:
        """Yields the C that sets the stack pointer and leaves the address to return to where a call would."""
        word = self.m.native // 8
        if self.m.returning:
            yield from (f"write_register({self.index[self.m.sp]}, ADDRESS(stack));" for _ in (0,) if self.m.sp in self.index)
            yield f"write_register({self.index[self.m.returning]}, exit_address);"
        else:
            yield f"write_register({self.index[self.m.sp]}, ADDRESS(stack - {word}));"
            yield f"store(ADDRESS(stack - {word}), {word}, exit_address);"

    def returned(self, link: Place | None) -> Iterator[str]:
        """Yields the C that returns from a function."""
        if link is not None:
            yield f"GO({self.read(link, None)});"
            return
        sp, word = self.index[self.m.sp], self.m.native // 8
        yield f"uint64_t back = load(read_register({sp}), {word});"
        yield f"write_register({sp}, ADDRESS(read_register({sp}) + {word}));"
        yield "GO(back);"

    def among(self, place: OperandRegister, record: str) -> list[int]:
        """Returns the registers that an operand may hold."""
        return self.members.get(self.p.named_class(record, place.index), [])

    def read(self, place: Place, record: str | None) -> str:
        """Returns the C of a register's value."""
        if isinstance(place, Carry):
            return "carry_in(i, left)"
        if isinstance(place, NamedRegister):
            return self.taken(f"{self.index[place.name]}", [self.index[place.name]], place.bits)
        assert record is not None
        return self.taken(f"O({place.index})", self.among(place, record), place.bits)

    def taken(self, number: str, among: Sequence[int], bits: int) -> str:
        """Returns the C that reads the register of a number. ``among``: what the number can be."""
        low = [self.storage.low(n) for n in among]
        widths = {self.storage.boxes[box] for box in low if box >= 0}
        if not among or min(low) < 0:
            text = f"read_wide({number})"
            return f"v_wide_cut({text}, {bits})" if bits > _WORD else f"v_cut((uint64_t){text}, {bits})"
        text = f"R[{number}]" if low == list(among) else f"R[B({number})]"
        return text if widths == {bits} else f"v_cut({text}, {bits})"

    def write(self, place: Place, value: str, record: str, fill: str = "") -> Iterator[str]:
        """Yields the C that sets a register. ``fill``: as of ``Assign``."""
        if isinstance(place, Carry):
            yield f"carry = (uint8_t){value}, compared_kind = 0;"
            return
        among = [self.index[place.name]] if isinstance(place, NamedRegister) else self.among(place, record)
        number = str(among[0]) if isinstance(place, NamedRegister) else f"O({place.index})"
        if fill and among and min(low := [self.storage.low(n) for n in among]) >= 0:
            box = min(self.storage.boxes[n] for n in low)
            extended = f"v_cut((uint64_t)v_sign({value}, {place.bits}), {box})" if fill == "sext" else value
            yield f"R[B({number})] = {extended};"
            return
        whole = [self.storage.whole(n) for n in among]
        widths = {self.storage.widths[n] for n in among}
        if not among or min(whole) < 0 or max(widths) > _WORD or self.storage.clears & set(among):
            yield f"write_wide({number}, {value});"
            return
        yield f"R[{number}] = {value};" if whole == list(among) else f"R[B({number})] = {value};"
        for n, fixed in self.constant.items():
            if self.storage.whole(n) in whole:
                yield f"R[{self.storage.whole(n)}] = UINT64_C({fixed & (1 << _WORD) - 1:#x});"
        if isinstance(place, OperandRegister):
            for counter in sorted(self.counters & set(among)):
                yield f"if ({number} == {counter})"
                yield f"  GO{'_BEHIND' if self.delayed_here(record) else ''}({value});"

    def delayed_here(self, record: str) -> bool:
        """Whether the instruction has a delay slot."""
        return record in self.m.delayed


class _TooWideError(Exception):
    """An effect with an operator on more than 64 bits that the interpreter does not have."""


class _Block:
    """The C of one instruction: all that it reads first, then what it writes, then where control goes."""

    def __init__(self, machine: _Machine, effect: Effect) -> None:
        self.m, self.e = machine, effect
        self.go = "GO_BEHIND" if effect.delayed and machine.delayed else "GO"

    def lines(self) -> Iterator[str]:
        """Yields the lines of the function."""
        actions = self.e.actions
        counted = list(self.no_counter())
        if counted or any(isinstance(a, Store | CallTo | ReturnTo | Halt | Require) for a in actions) or self.touches_memory():
            yield "SYNC;"
        for a in actions:
            if isinstance(a, Require):
                given = a.value if isinstance(a.value, tuple) else (a.value,)
                values = (str(self.m.index.get(v, -1)) if isinstance(v, str) else str(v) for v in given)
                yield f"if ({' && '.join(f'O({a.index}) != {value}' for value in values)})"
                yield f"  stop({json.dumps(self.e.record + ' has ' + a.reason)});"
        yield from counted
        writes = [a for a in actions if not isinstance(a, Require | Forget)]
        for n, a in enumerate(writes):
            yield from self.read(n, a)
        for a in actions:
            if isinstance(a, Forget):
                yield "carry = 2, compared_kind = 0;"
        control: list[str] = []
        for n, a in enumerate(writes):
            if isinstance(a, Compare):
                yield f"carry = 2, compared_kind = {a.kind}, compared_bits = {a.left.bits}, compared_left = v{n}, compared_right = w{n};"
            elif isinstance(a, Store):
                yield f"store(a{n}, {a.bytes}, {f'(uint64_t)v{n}' if a.value.bits > _WORD else f'v{n}'});"
            elif isinstance(a, Jump):
                control += [f"if (c{n})"] if a.condition is not None else []
                control.append(f"  {self.go}(v{n});" if a.condition is not None else f"{self.go}(v{n});")
            elif isinstance(a, CallTo):
                control += [*self.linked(a), f"{self.go}(v{n});"]
            elif isinstance(a, ReturnTo):
                control += [line.replace("GO(", f"{self.go}(") for line in self.m.returned(a.link)]
            elif isinstance(a, Halt):
                control.append(f"stop({json.dumps(self.e.record + ': ' + a.reason)});")
        assigned = [(n, a) for n, a in enumerate(writes) if isinstance(a, Assign)]
        for n, a in sorted(assigned, key=lambda pair: isinstance(pair[1].place, OperandRegister)):
            yield from self.m.write(a.place, f"v{n}", self.e.record, a.fill)
        yield from control
        if not control or control[-1].startswith("  "):
            yield "NEXT;"

    def read(self, n: int, a: Action) -> Iterator[str]:
        """Yields the C that computes what an action needs."""
        value = a.value if isinstance(a, Assign | Store) else a.target if isinstance(a, Jump | CallTo) else None
        if isinstance(a, Compare):
            yield f"uint64_t v{n} = {self.text(a.left)}, w{n} = {self.text(a.right)};"
        if isinstance(a, Store):
            yield f"uint64_t a{n} = {self.text(a.address)};"
        if isinstance(a, Jump) and a.condition is not None:
            yield f"uint64_t c{n} = {self.text(a.condition)};"
        if value is not None:
            yield f"{'wide' if value.bits > _WORD else 'uint64_t'} v{n} = {self.text(value)};"

    def no_counter(self) -> Iterator[str]:
        """Yields the C that stops where an operand that is read is the program counter: no .td says how far ahead that is."""
        set_ = {id(a.place) for a in self.e.actions if isinstance(a, Assign)}
        read = {p.index: p for p in parts_of(self.e.actions) if isinstance(p, OperandRegister) and id(p) not in set_}
        for index, place in sorted(read.items()):
            for counter in sorted(self.m.counters & set(self.m.among(place, self.e.record))):
                yield f"if (__builtin_expect(O({index}) == {counter}, 0))"
                yield f"  stop({json.dumps(self.e.record + ' reads the program counter, and no .td says what that gives')});"

    def touches_memory(self) -> bool:
        """Whether the effect loads."""
        return any(isinstance(p, Loaded) for p in parts_of(self.e.actions))

    def linked(self, a: CallTo) -> Iterator[str]:
        """Yields the C that leaves the address behind a call."""
        yield f"uint64_t back = ADDRESS(i->address + i->size{' + (i + 1)->size' if self.go == 'GO_BEHIND' else ''});"
        if a.link is not None:
            yield from self.m.write(a.link, "back", self.e.record)
            return
        sp, word = self.m.index[self.m.m.sp], self.m.m.native // 8
        yield f"uint64_t top = ADDRESS(read_register({sp}) - {word});"
        yield f"write_register({sp}, top);"
        yield f"store(top, {word}, back);"

    # -- expressions

    def text(self, e: Expression) -> str:
        """Returns the C of an expression: a uint64_t, above 64 bits an unsigned __int128, without bits above its width."""
        match e:
            case Number(value, bits):
                value &= (1 << bits) - 1
                low = f"UINT64_C({value & (1 << _WORD) - 1:#x})"
                return f"((wide)UINT64_C({value >> _WORD:#x}) << 64 | {low})" if bits > _WORD else low
            case OperandRegister() | NamedRegister() | Carry():
                return self.m.read(e, self.e.record)
            case Holds(kind, condition):
                return f"holds(i, left, {kind}, {CONDITIONS.index(condition)})"
            case OperandNumber():
                return self.number(e)
            case Here(bits):
                return f"v_cut(i->address, {bits})"
            case Loaded(address, size, bits, signed):
                text = f"load({self.text(address)}, {size})"
                if size * 8 > bits:
                    return f"v_cut({text}, {bits})"
                return self.cast("sext" if signed else "zext", text, size * 8, bits)
            case Binary():
                return self.binary(e)
            case Unary(op, value, bits):
                if op in ("zext", "sext", "trunc"):
                    return self.cast(op, self.text(value), value.bits, bits)
                self.narrow(op, bits)
                return f"v_{'absolute' if op == 'abs' else op}({self.text(value)}, {bits})"
            case Relation():
                return self.relation(e)
            case Conditional(condition, then, otherwise, _):
                return f"({self.text(condition)} ? {self.text(then)} : {self.text(otherwise)})"

    def number(self, e: OperandNumber) -> str:
        """Returns the C of an immediate operand."""
        text = f"(uint64_t)O({e.index})"
        if e.field:
            text = f"(uint64_t)v_sign({text}, {e.field})" if e.signed else f"v_cut({text}, {e.field})"
        text = f"({text} << {e.shift})" if e.shift else text
        text = f"({text} | UINT64_C({e.ones:#x}))" if e.ones else text
        if e.bits > _WORD:
            return self.cast("sext", text, _WORD, e.bits)
        return f"v_cut({text}, {e.bits})" if e.bits < _WORD else f"({text})"

    def cast(self, op: str, text: str, given: int, bits: int) -> str:
        """Returns the C that extends or cuts a value of ``given`` bits to ``bits``."""
        if op == "trunc":
            return f"v_wide_cut({text}, {bits})" if bits > _WORD else f"v_cut({'(uint64_t)' if given > _WORD else ''}{text}, {bits})"
        if op == "zext" or given == bits:
            return f"((wide){text})" if bits > _WORD >= given else text
        if bits > _WORD:
            return f"v_wide_cut(v_wide_sign((wide){text}, {given}), {bits})"
        return f"v_cut((uint64_t)v_sign({text}, {given}), {bits})"

    def narrow(self, op: str, *bits: int) -> None:
        """Raises _TooWideError where an operator has no form for more than 64 bits."""
        if max(bits) > 128 or (max(bits) > _WORD and op not in _WIDE):
            raise _TooWideError(f"{op} on {max(bits)} bits is not simulated")

    def binary(self, e: Binary) -> str:
        """Returns the C of an operator on two values."""
        self.narrow(e.op, e.bits, e.right.bits)
        left, right = self.text(e.left), self.text(e.right)
        wide = e.bits > _WORD
        if e.op in _INFIX:
            text = f"({left} {_INFIX[e.op]} {right})"
            if e.op in ("and", "or", "xor") or e.bits == _WORD:
                return text
            return f"v_{'wide_cut' if wide else 'cut'}({text}, {e.bits})"
        if wide:
            text = f"({left} {'<<' if e.op == 'shl' else '>>'} ({right} % {e.bits}))"
            return f"v_wide_cut({text}, {e.bits})"
        return f"v_{e.op}({left}, {right}, {e.bits})"

    def relation(self, e: Relation) -> str:
        """Returns the C of a comparison, 0 or 1."""
        bits = e.left.bits
        left, right = self.text(e.left), self.text(e.right)
        if e.condition in ("eq", "ne") or e.condition.startswith("u"):
            return f"(uint64_t)({left} {_CONDITIONS[e.condition.removeprefix('u')]} {right})"
        self.narrow(e.condition, bits)
        return f"(uint64_t)(v_sign({left}, {bits}) {_CONDITIONS[e.condition]} v_sign({right}, {bits}))"
