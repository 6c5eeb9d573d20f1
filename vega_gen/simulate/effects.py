"""Finds what each instruction of a target does: from its own pattern, from the patterns that select it, else from the facts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from vega_gen.facts import Facts
from vega_gen.facts.dags import plain
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.facts.view import other_width_patterns
from vega_gen.records import Description, Instruction
from vega_gen.simulate.by_facts import by_facts, by_shape, defaulted
from vega_gen.simulate.expressions import (
    Action,
    Assign,
    Binary,
    Carry,
    Compare,
    Conditional,
    Effect,
    Expression,
    Forget,
    NamedRegister,
    Number,
    OperandNumber,
    OperandRegister,
    Relation,
    Require,
    Source,
    Store,
    Unknown,
    parts_of,
)
from vega_gen.simulate.operands import Binding, Bound, Operands, UnclearError
from vega_gen.simulate.patterns import PatternReader
from vega_gen.simulate.special_cases import SpecialCases
from vega_gen.simulate.storage import register_widths
from vega_gen.simulate.undoing import MASK, mask, number_before, unrotated
from vega_gen.tablegen.raw import Dag, parse_dag, parse_dags

_EXTENSIONS = {"ISD::ZERO_EXTEND": "zext", "ISD::SIGN_EXTEND": "sext"}
_LOW_BITS_CLEAR = re.compile(r"&\s*(0x[\da-fA-F]+|\d+)[uUlL]*\s*\)\s*==\s*0\b")
_CODE = 32
"""Bits of the numbers that patterns fix in operands, as they are compared."""
_NO_PREDICATE = "a predicate whose conditions no .td describes"


@dataclass(frozen=True, slots=True)
class _Told:
    """What one pattern says of an instruction. ``rank``: less is better. ``fixed``: (operand, its number) of those that it fixes."""

    actions: tuple[Action, ...]
    source: Source
    rank: tuple[int, ...]
    fixed: tuple[tuple[int, int], ...] = ()


def effects(d: Description, m: Facts) -> tuple[Effect | Unknown, ...]:
    """Returns what each of the description's instructions does, in their order; a pseudo instruction is Unknown: no program holds it."""
    return _Finder(d, m).all()


class _Finder:
    def __init__(self, d: Description, m: Facts) -> None:
        self.d, self.m = d, m
        self.s = Selections(d)
        self.p = Operands(d, m, self.s, register_widths(d))
        self.known = by_facts(self.p)
        tests = [test for by_condition in m.comparisons.values() for test in by_condition.values()]
        self.compared = frozenset(op.record for test in tests for op in (test.compare, test.branch))
        self.codes = {f.name: f.code for f in d.fragments}
        self.selecting: dict[str, list[tuple[Dag, Dag]]] = defaultdict(list)
        self.filled: dict[str, set[str]] = defaultdict(set)
        # Where a register of addresses may hold a narrower type too, patterns of that say nothing of its upper bits.
        narrower = other_width_patterns(d, m.gpr, m.native)
        for matched, given in d.patterns:
            if (matched, given) in narrower:
                continue
            results = parse_dags(given[1:-1])
            result = plain(results[0]) if len(results) == 1 else None
            if isinstance(result, Dag) and result.op in self.s.instructions:
                self.selecting[result.op].append((parse_dag(matched), result))
                if turned := unrotated(self.s, parse_dag(matched), result, m.native):
                    self.selecting[turned[1].op].append(turned)
            elif isinstance(result, Dag) and (found := self.wrapped(parse_dag(matched), result)):
                inner, dag, extension = found
                self.filled[inner.op].add(extension)
                self.selecting[inner.op].append((dag, inner))
        self.why: dict[str, str] = {}

    def all(self) -> tuple[Effect | Unknown, ...]:
        told = {i.name: [*self.own(i), *self.selected(i)] if _real(i) else [] for i in self.d.instructions}
        alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
        for i in self.d.instructions:
            if _real(i):
                kinds = tuple((o.kind, o.part) for o in self.s.operands(i.name))
                alike[i.encoding, i.size, i.decoder_namespace, kinds].append(i.name)
        groups = {name: names for names in alike.values() for name in names}
        done = [self.one(i, told, groups.get(i.name, [])) for i in self.d.instructions]
        special = SpecialCases(self.d, self.s, {e.record: e for e in done if isinstance(e, Effect)})
        done = [(special.of(i) or e) if isinstance(e, Unknown) and _real(i) else e for i, e in zip(self.d.instructions, done, strict=True)]
        return _with_forgotten(self.d, done)

    def one(self, i: Instruction, told: Mapping[str, list[_Told]], twins: list[str]) -> Effect | Unknown:
        """Returns the effect of an instruction.

        What is said of others with the same encoding counts too: a decoder cannot tell them apart."""
        if not _real(i):
            return Unknown(i.name, f"{i.name} is a pseudo instruction: it has no encoding")
        names = (i.name, *(name for name in twins if name != i.name))
        wide = [name for name in names if told[name] and self.is_wide(name)]  # of two widths, that of addresses counts
        said = [*(one for name in wide or names for one in told[name]), *self.special(i, told)]
        if i.name in self.compared and i.name in self.known:  # which flags say which condition, the facts know
            said = []
        actions, source = self.joined(said) if said else ((), Source.FACT)
        if not said:
            if known := [self.known[name] for name in names if name in self.known]:
                actions = known[0]
            elif (found := self.shaped(i)) is not None:
                actions, source = found, Source.SHAPE
            else:
                return Unknown(i.name, self.reason(i))
        required = self.required(i)
        fill = next(iter(self.filled[i.name])) if len(self.filled[i.name]) == 1 else ""
        if fill:
            actions = tuple(replace(a, fill=fill) if isinstance(a, Assign) and isinstance(a.place, OperandRegister) else a for a in actions)
        return Effect(i.name, (*required, *actions), source, i.name in self.m.delayed)

    def is_wide(self, name: str) -> bool:
        """Whether an instruction has register operands, all of them as wide as addresses."""
        held = [self.p.width(o.type) for o in self.s.operands(name) if o.kind is OperandKind.REG]
        return bool(held) and all(self.m.native in widths for widths in held)

    def special(self, i: Instruction, told: Mapping[str, list[_Told]]) -> Iterator[_Told]:
        """Yields what is told of instructions for the compiler alone whose encodings are this one with numbers in its last operands: a
        decoder takes them for it."""
        slots = self.s.operands(i.name)
        for other in self.d.instructions if "isCodeGenOnly" not in i.flags else ():
            own = self.s.operands(other.name)
            alike = [(o.kind, o.part) for o in own] == [(o.kind, o.part) for o in slots[: len(own)]]
            if "isCodeGenOnly" not in other.flags or not told[other.name] or not alike or len(own) == len(slots):
                continue
            if any(o.kind is OperandKind.REG for o in slots[len(own) :]):
                continue  # a register: SpecialCases knows
            numbers = self.numbers(i, other, [o.name for o in slots[len(own) :]])
            if numbers is not None:
                fixed = tuple((len(own) + n, number) for n, number in enumerate(numbers))
                yield from (replace(one, fixed=fixed) for one in told[other.name] if not one.fixed)

    def numbers(self, i: Instruction, other: Instruction, names: Sequence[str]) -> list[int] | None:
        """Returns the numbers that the operands ``names`` of an instruction have in the encoding of another, None if that is not this one
        with numbers there."""
        if len(i.encoding) != len(other.encoding) or i.decoder_namespace != other.decoder_namespace:
            return None
        places = {at: (n, bit) for n, name in enumerate(names) for bit, at in self.s.field(i.name, name)}
        found = [0] * len(names)
        for at, (mine, its) in enumerate(zip(reversed(i.encoding), reversed(other.encoding), strict=True)):
            if at in places and its in "01":
                found[places[at][0]] |= int(its) << places[at][1]
            elif at in places or ((mine in "01" or its in "01") and mine != its):
                return None
        return found

    def wrapped(self, matched: Dag, result: Dag) -> tuple[Dag, Dag, str] | None:
        """Returns the instruction that a pattern puts into a part of a register of which it leaves the rest as it is, (INSERT_SUBREG (i64
        (IMPLICIT_DEF)), (LDB $at), low), what is selected, and how that instruction must set the rest, as the pattern is right.

        An operator that is no instruction stands for INSERT_SUBREG with its other operands (OutPatFrag)."""
        inside = [arg for arg, _ in result.args if isinstance(arg, Dag) and arg.op in self.s.instructions]
        wide, dag = self.p.type_bits(matched.op), plain(matched)
        if len(inside) != 1 or not isinstance(dag, Dag) or result.op in ("EXTRACT_SUBREG", "COPY_TO_REGCLASS", "SUBREG_TO_REG"):
            return None
        outs = self.s.instructions[inside[0].op].outs
        bits = self.p.width(outs[0].type) if len(outs) == 1 else ()
        kind = self.extension(dag.op)
        return (inside[0], dag, kind) if bits and wide > bits[0] and kind else None

    def extension(self, name: str) -> str:
        """Returns how an operator or a fragment of one extends a value, "sext" or "zext"; "" if it does not."""
        operator = self.p.operators.get(name)
        if operator is None or operator.opcode:
            return _EXTENSIONS.get(operator.opcode, "") if operator else ""
        told = operator.properties
        inner = parse_dag(operator.dag).op if operator.dag.startswith("(") else name
        kind = "sext" if "IsSignExtLoad" in told else "zext" if "IsZeroExtLoad" in told else ""
        return kind or (self.extension(inner) if inner != name else "")

    def shaped(self, i: Instruction) -> tuple[Action, ...] | None:
        try:
            return by_shape(self.p, i)
        except UnclearError:
            return None

    def reason(self, i: Instruction) -> str:
        why = self.why.get(i.name)
        if why:
            return f"{why}; give {i.name} a pattern of nodes that LLVM defines, or a fact"
        return f"no pattern selects {i.name} and no fact says what it does: give it a pattern in the .td (a Pat will do), or a fact"

    def required(self, i: Instruction) -> Iterator[Action]:
        """Yields the values that predicates and optional definitions must have: with others, nobody knows what happens."""
        seen: dict[str, int] = {}
        for index, info in enumerate(self.s.operands(i.name)):
            part = seen.get(info.name, 0)
            seen[info.name] = part + 1
            if not defaulted(self.p, i.name, info):
                continue
            whole = next(o.type for o in (*i.outs, *i.ins) if o.name == info.name)
            values = self.s.operand_classes[whole].defaults
            value = values[part] if part < len(values) else "0"
            if info.kind is OperandKind.REG or not value.lstrip("-").isdigit():
                value = value if value in self.p.registers else ""
                yield Require(index, value, _NO_PREDICATE)
            else:
                yield Require(index, int(value), _NO_PREDICATE)

    # -- patterns

    def own(self, i: Instruction) -> list[_Told]:
        """Returns what the instruction's own pattern says."""
        if not i.pattern.startswith("["):
            return []
        return self.read(i, parse_dags(i.pattern[1:-1]), self.p.bindings(i.name), Source.PATTERN, 0)

    def selected(self, i: Instruction) -> list[_Told]:
        """Returns what the patterns say that select this instruction alone, for any values of its operands."""
        found: list[_Told] = []
        for order, (matched, result) in enumerate(self.selecting.get(i.name, ())):
            fixed: list[tuple[int, int | str]] = []
            try:
                bound = self.inverted(i, matched, result, fixed)
            except UnclearError as error:
                self.why.setdefault(i.name, str(error))
                continue
            dag = plain(matched)
            dag = dag if isinstance(dag, Dag) else Dag(dag, ())
            if i.outs:
                register = Dag("set", (("", i.outs[0].name), (matched, "")))
                bound[i.outs[0].name] = self.p.bindings(i.name)[i.outs[0].name]
                if len(i.outs) > 1:
                    self.why.setdefault(i.name, "it defines several registers, and no pattern says all of them")
                    continue
                dag = register
            numbers = tuple((at, value) for at, value in fixed if not isinstance(value, str))
            zeros = tuple(Require(at, value, "a register that no pattern has there") for at, value in fixed if isinstance(value, str))
            for one in self.read(i, (dag,), bound, Source.SELECTION, order):
                rank = (one.rank[0], one.rank[1] + len(zeros), *one.rank[2:])
                found.append(replace(one, actions=(*zeros, *one.actions), rank=rank, fixed=numbers))
        return found

    def read(self, i: Instruction, dags: tuple[Dag, ...], bound: Mapping[str, Binding], source: Source, order: int) -> list[_Told]:
        reader = PatternReader(self.p, i, bound)
        try:
            actions = reader.actions(dags)
        except UnclearError as error:
            self.why[i.name] = str(error)
            return []
        except (IndexError, RecursionError):
            self.why[i.name] = "its pattern has fewer operands than its nodes take"
            return []
        numbers = sum(isinstance(part, Number) for part in parts_of(actions))
        limits = sum(isinstance(a, Require) for a in actions)
        return [_Told(actions, source, (source is not Source.PATTERN, limits, reader.vague, numbers, order))]

    def inverted(self, i: Instruction, matched: Dag, result: Dag, fixed: list[tuple[int, int | str]]) -> dict[str, Binding]:
        """Returns name in a pattern -> the operand of the instruction that it becomes; ``fixed`` gets those that the pattern sets to a
        number or the register that holds zero, for which alone it holds. Raises UnclearError where it sets one to something else."""
        slots = [(n, o) for n, o in enumerate(self.s.operands(i.name)) if not o.out]
        if len(result.args) == len(slots) != len(i.ins):  # the parts of an address, one by one
            return self.each(i, matched, result, fixed, [(Bound(((n, o),), o.type), o.type) for n, o in slots])
        own = self.p.bindings(i.name)
        ins = list(i.ins)
        if len(result.args) != len(ins):
            ins = [o for o in ins if not ((known := self.s.operand_classes.get(o.type)) and known.defaults)]
        if len(result.args) != len(ins):
            raise UnclearError("a pattern gives it other operands than it has")
        return self.each(i, matched, result, fixed, [(own[o.name], o.type) for o in ins])

    def each(
        self, i: Instruction, matched: Dag, result: Dag, fixed: list[tuple[int, int | str]], operands: Sequence[tuple[Binding, str]]
    ) -> dict[str, Binding]:
        """Returns what ``inverted`` does. ``operands``: of the instruction, each with its type, as the result gives them."""
        found: dict[str, Binding] = {}
        ends: dict[str, list[tuple[str, Expression]]] = defaultdict(list)
        for (bound, type_name), (arg, name) in zip(operands, result.args, strict=True):
            inner, name = _innermost(arg, name)
            if name and not isinstance(inner, Dag):
                found[name] = bound
            elif isinstance(inner, Dag) and (code := self.codes.get(inner.op, "")) and MASK.search(code) and isinstance(bound, Bound):
                index, info = bound.operands[0]
                number = replace(self.p.number(i.name, index, info, self.m.native), bits=self.m.native)
                ends[inner.args[0][1]].append((code, number))
            elif isinstance(inner, Dag):
                found |= self.undone(i, matched, inner, bound)
            elif isinstance(bound, Bound) and inner.lstrip("-").isdigit() and len(bound.operands) == 1:
                fixed.append((bound.operands[0][0], int(inner)))
            elif isinstance(bound, Bound) and inner == self.m.zero != "":
                fixed.append((bound.operands[0][0], inner))
            elif not ((known := self.s.operand_classes.get(type_name)) and inner in known.defaults):
                raise UnclearError("the patterns that select it fix an operand")
        for name, parts in ends.items():
            if (value := mask(parts, self.m.native)) is None:
                raise UnclearError("the patterns that select it compute an operand in a way that cannot be undone")
            found[name] = value
        return found

    def undone(self, i: Instruction, matched: Dag, dag: Dag, bound: Binding) -> dict[str, Binding]:
        """Returns the value that a name has where the operand is a function of it: (NEG imm:$x), the upper bits of a number whose lower
        ones are clear, or another instruction that negates."""
        if not isinstance(bound, Bound) or len(bound.operands) != 1:
            raise UnclearError("the patterns that select it compute an operand")
        index, info = bound.operands[0]
        code = self.codes.get(dag.op, "")
        if code and len(dag.args) == 1 and info.kind is OperandKind.IMM:
            name = dag.args[0][1]
            number = replace(self.p.number(i.name, index, info, self.m.native), bits=self.m.native)
            if (value := number_before(code, number, self.clear_below(matched, name), self.signed_bits(matched, name))) is not None:
                return {name: value}
        if dag.op in self.s.instructions and info.kind is OperandKind.REG:
            named = [(n, a, name) for n, (a, name) in enumerate(dag.args) if name and a not in self.p.registers]
            value = self.p.register(index, info)
            if len(named) == 1 and self.negates(dag, named[0][0]):
                return {named[0][2]: Binary("sub", Number(0, value.bits), value, value.bits)}
        raise UnclearError("the patterns that select it compute an operand in a way that cannot be undone")

    def clear_below(self, matched: Dag, name: str) -> int:
        """Returns how many of the lowest bits of a number in a pattern its predicate says to be 0: (Imm & 0xfff) == 0."""
        leaf = next((value for value, called in matched.leaves() if called == name), "")
        told = _LOW_BITS_CLEAR.search(self.codes.get(leaf, ""))
        mask = int(told[1], 0) if told else 0
        return mask.bit_length() if mask & (mask + 1) == 0 else 0

    def signed_bits(self, matched: Dag, name: str) -> int:
        """Returns how many bits a signed number in a pattern has, as its predicate says; 0 if it does not say."""
        told = self.s.said(next((value for value, called in matched.leaves() if called == name), ""))
        return told.bits + told.shift if told and told.signed else 0

    def negates(self, dag: Dag, at: int) -> bool:
        """Whether an instruction computes 0 minus its argument ``at``."""
        inner = self.s.instructions[dag.op]
        told = self.own(inner)
        if not told or at >= len(inner.ins) or len(inner.outs) != 1:
            return False
        fixed = {inner.ins[n].name: a for n, (a, _) in enumerate(dag.args) if n != at and n < len(inner.ins)}
        slots = self.s.operands(inner.name)
        match [a for a in told[0].actions if isinstance(a, Assign) and not isinstance(a.place, Carry)]:
            case [Assign(_, Binary("sub", OperandRegister(left, _), OperandRegister(right, _), _))]:
                return fixed.get(slots[left].name) == self.m.zero != "" and slots[right].name == inner.ins[at].name
            case _:
                return False

    # -- several patterns

    def joined(self, said: list[_Told]) -> tuple[tuple[Action, ...], Source]:
        """Returns the effect that patterns tell together: the best one, with the carry that another knows of, and for shifts the other
        direction where the first one's amount is no amount."""
        ranked = sorted(said, key=lambda t: (bool(t.fixed), t.rank))
        best = ranked[0]
        if best.fixed:
            return _by_fixed(ranked), best.source
        ranked = [t for t in ranked if not t.fixed]
        actions = best.actions
        for other in ranked[1:]:
            if _plainly(other.actions) == _plainly(actions) and len(other.actions) > len(actions):
                actions = other.actions
            elif (both := _both_ways(actions, other.actions)) is not None:
                actions = both
        return actions, best.source


def _innermost(arg: Dag | str, name: str) -> tuple[Dag | str, str]:
    """Returns an argument of a result without its type casts, and its name."""
    while isinstance(arg, Dag) and len(arg.args) == 1 and (inner := plain(arg)) is not arg:
        _ = inner
        arg, name = arg.args[0][0], name or arg.args[0][1]
    return arg, name


def _real(i: Instruction) -> bool:
    """Whether a program may hold an instruction."""
    return any(bit in "01" for bit in i.encoding) and "isPseudo" not in i.flags


def _plainly(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Returns the actions without those on the carry."""
    return tuple(a for a in actions if not (isinstance(a, Assign) and isinstance(a.place, Carry)))


def _both_ways(one: tuple[Action, ...], other: tuple[Action, ...]) -> tuple[Action, ...] | None:
    """Returns two shifts of one value in one: where the amount of the first is not below the width, the second counts."""
    match one, other:
        case (Assign(place, Binary(op, value, amount, bits)),), (Assign(place2, Binary(op2, value2, amount2, bits2)),):
            shifts = {"shl", "srl", "sra"}
            if (place, value, bits) != (place2, value2, bits2) or not {op, op2} <= shifts or op == op2:
                return None
            fits: Expression = Relation("ult", amount, Number(bits, amount.bits))
            return (Assign(place, Conditional(fits, Binary(op, value, amount, bits), Binary(op2, value2, amount2, bits2), bits)),)
        case _:
            return None


def _by_fixed(said: Sequence[_Told]) -> tuple[Action, ...]:
    """Returns the effect of an instruction of which each pattern tells no more than what it does with certain numbers in some operands:
    what it stores, or sets a register to, depends on these, and it must have some of them."""
    first = said[0]
    kept = [(first.fixed, first.actions)]
    for one in said[1:]:
        known = [*dict(one.fixed)] == [*dict(first.fixed)] and one.fixed not in dict(kept)
        if known and _choice(Number(1, 1), one.actions, first.actions):
            kept.append((one.fixed, one.actions))
    required = [Require(n, tuple(dict(fixed)[n] for fixed, _ in kept), "a number that no pattern has there") for n, _ in first.fixed]
    chosen = kept[-1][1]
    for fixed, own in kept[-2::-1]:
        tests: list[Expression] = [Relation("eq", OperandNumber(n, _CODE), Number(number, _CODE)) for n, number in fixed]
        chosen = _choice(reduce(lambda a, b: Binary("and", a, b, 1), tests), own, chosen) or chosen
    return (*required, *chosen)


def _choice(test: Expression, one: tuple[Action, ...], other: tuple[Action, ...]) -> tuple[Action, ...] | None:
    """Returns the effect that is ``one`` if ``test`` holds, else ``other``; None where they set or store different things."""
    match one, other:
        case (Assign(place, a),), (Assign(place2, b),) if (place, a.bits) == (place2, b.bits):
            return (Assign(place, Conditional(test, a, b, a.bits)),)
        case (Store(to, size, value),), (Store(to2, size2, value2),) if (size, value) == (size2, value2):
            return (Store(Conditional(test, to, to2, to.bits), size, value),)
        case _:
            return None


def _sets_flags(a: Action) -> bool:
    return isinstance(a, Compare) or (isinstance(a, Assign) and isinstance(a.place, Carry))


def _with_forgotten(d: Description, done: list[Effect | Unknown]) -> tuple[Effect | Unknown, ...]:
    """Adds that the carry is lost where an instruction overwrites the register of flags and nobody says what it leaves there."""
    of = {i.name: i for i in d.instructions}
    sets = [e for e in done if isinstance(e, Effect) and any(_sets_flags(a) for a in e.actions)]
    known = {e.record for e in sets}
    flags = frozenset[str]().union(*(of[e.record].defs for e in sets))
    found: list[Effect | Unknown] = []
    for e in done:
        if isinstance(e, Effect) and e.record not in known and flags & set(of[e.record].defs) and "isCall" not in of[e.record].flags:
            written = any(isinstance(a, Assign) and isinstance(a.place, NamedRegister) and a.place.name in flags for a in e.actions)
            e = e if written else replace(e, actions=(*e.actions, Forget()))
        found.append(e)
    return tuple(found)
