"""Turns selection patterns into effects: the operators of SelectionDAG and of fragments, over the operands that names stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import CONDITIONS
from vega_gen.facts.selections import OperandKind
from vega_gen.records import Instruction, PatternOperator
from vega_gen.simulate.expressions import (
    Action,
    Assign,
    Binary,
    CallTo,
    Carry,
    Conditional,
    Expression,
    Halt,
    Jump,
    Loaded,
    NamedRegister,
    Number,
    OperandNumber,
    Place,
    Relation,
    ReturnTo,
    Store,
    Unary,
)
from vega_gen.simulate.operands import Bindings, Bound, Operands, UnclearError, extend, resize
from vega_gen.tablegen.raw import Dag, parse_dag

_OTHER_TYPE = re.compile(r"v\d+[if]\d+|nxv\w+|[bp]?f\d+\w*|bf16|untyped|Other")
_NUMBER = re.compile(r"-?\d+")
_MEMORY_TYPE = re.compile(r"MVT::i(\d+)")
_CONDITION = re.compile(r"ISD::SET(\w+)")
_BINARY = {
    "ADD": "add", "SUB": "sub", "MUL": "mul", "MULHS": "mulhs", "MULHU": "mulhu", "SDIV": "sdiv", "UDIV": "udiv", "SREM": "srem",
    "UREM": "urem", "AND": "and", "OR": "or", "XOR": "xor", "SMIN": "smin", "SMAX": "smax", "UMIN": "umin", "UMAX": "umax",
}  # fmt: skip
_SHIFTS = {"SHL": "shl", "SRL": "srl", "SRA": "sra", "ROTL": "rotl", "ROTR": "rotr"}
_UNARY = {
    "BSWAP": "bswap", "BITREVERSE": "bitreverse", "CTPOP": "ctpop", "CTLZ": "ctlz", "CTTZ": "cttz", "CTLZ_ZERO_UNDEF": "ctlz",
    "CTTZ_ZERO_UNDEF": "cttz", "ABS": "abs",
}  # fmt: skip
_CASTS = {"ZERO_EXTEND": "zext", "SIGN_EXTEND": "sext", "ANY_EXTEND": "zext", "TRUNCATE": "trunc"}
_PASSED = frozenset({"BITCAST", "AssertSext", "AssertZext", "FREEZE"})
_NOTHING = frozenset({"ATOMIC_FENCE", "MEMBARRIER", "PREFETCH"})
# ISD node -> (operator of the first result, operator of the second), of two operands
_PAIRS = {"SMUL_LOHI": ("mul", "mulhs"), "UMUL_LOHI": ("mul", "mulhu"), "SDIVREM": ("sdiv", "srem"), "UDIVREM": ("udiv", "urem")}
_CARRIES = {
    "ADDC": ("add", False), "SUBC": ("sub", False), "UADDO": ("add", False), "USUBO": ("sub", False), "ADDE": ("add", True),
    "SUBE": ("sub", True), "UADDO_CARRY": ("add", True), "USUBO_CARRY": ("sub", True), "ADDCARRY": ("add", True), "SUBCARRY": ("sub", True),
}  # fmt: skip
_ATOMIC = {f"ATOMIC_LOAD_{op}": op.lower() for op in ("ADD", "SUB", "AND", "OR", "XOR")} | {
    "ATOMIC_SWAP": "swap", "ATOMIC_CMP_SWAP": "cmp_swap", "ATOMIC_LOAD_UMIN": "umin", "ATOMIC_LOAD_UMAX": "umax",
}  # fmt: skip
_HIDDEN = frozenset({"ADDC", "SUBC", "ADDE", "SUBE"})


class PatternReader:
    """Reads one instruction's pattern. ``vague``: how many of its operators allow more than they say (an any-extension, a predicate)."""

    def __init__(self, p: Operands, i: Instruction, bound: Bindings) -> None:
        self.p, self.i, self.bound = p, i, bound
        self.before: list[Action] = []
        self.after: list[Action] = []
        self.vague = 0
        self.native = p.m.native

    def actions(self, dags: Sequence[Dag]) -> tuple[Action, ...]:
        """Returns the actions of all dags, with the conditions on operands first."""
        done: list[Action] = []
        for dag in dags:
            done += self.statement(self.unwrapped(dag))
        return (*dict.fromkeys(self.before), *done, *self.after)

    def unwrapped(self, value: Dag) -> Dag:
        """Returns a dag without the casts around it."""
        while self.p.type_bits(value.op) and len(value.args) == 1 and isinstance(value.args[0][0], Dag):
            value = value.args[0][0]
        return value

    def statement(self, dag: Dag) -> list[Action]:
        """Returns the actions of an outermost dag."""
        if dag.op == "implicit":
            return []
        if dag.op == "parallel":
            return [one for arg, _ in dag.args if isinstance(arg, Dag) for one in self.statement(self.unwrapped(arg))]
        if dag.op == "set":
            return self.assignment(dag)
        opcode, args, access = self.resolved(dag)
        match opcode.removeprefix("ISD::"):
            case "STORE" | "ATOMIC_STORE":
                return [self.store(opcode, args, access)]
            case "BR":
                return [Jump(self.goal(*args[0]))]
            case "BRIND":
                return [Jump(self.value(*args[0], want=self.native))]
            case "BRCOND":
                return [Jump(self.goal(*args[1]), self.truth(*args[0]))]
            case "BR_CC":
                left, right = self.alike(args[1], args[2], 0)
                return [Jump(self.goal(*args[3]), Relation(self.condition(*args[0]), left, right))]
            case "TRAP" | "DEBUGTRAP":
                return [Halt("a trap")]
            case one if one in _NOTHING:
                return []
            case _:
                return [self.own_node(opcode, args)]

    def own_node(self, opcode: str, args: Sequence[tuple[Dag | str, str]]) -> Action:
        """Returns what a target's own node without results does: a call or a return, by its name."""
        meaning = node_meaning(opcode) if not opcode.startswith("ISD::") else ""
        if meaning == "call" and args:
            return CallTo(self.goal(*args[0]), self.link())
        bare = not any(isinstance(b, Bound) and b.operands for b in self.bound.values())
        if opcode == self.p.m.return_node and meaning == "ret" and bare:
            return ReturnTo(self.link())
        raise UnclearError(f"its pattern has the node {opcode}, and no .td says what that does")

    def link(self) -> Place | None:
        """Returns where calls leave the address to return to."""
        return NamedRegister(self.p.m.returning, self.native) if self.p.m.returning else None

    def assignment(self, dag: Dag) -> list[Action]:
        """Returns the actions of (set places..., value)."""
        places = [self.place(*arg) for arg in dag.args[:-1]]
        value, name = dag.args[-1]
        if len(places) > 1 and isinstance(value, Dag):
            return self.results(places, self.unwrapped(value))
        return [Assign(places[0], self.given(places[0], value, name))]

    def given(self, place: Place, value: Dag | str, name: str) -> Expression:
        """Returns the value that a place gets, of the place's width."""
        found = self.value(value, name, want=place.bits)
        if found.bits == 1 and place.bits > 1:
            return extend(found, place.bits)
        return resize(found, place.bits)

    def results(self, places: Sequence[Place], dag: Dag) -> list[Action]:
        """Returns the actions that set the places of a node's results, in order."""
        opcode, args, _ = self.resolved(dag)
        short = opcode.removeprefix("ISD::")
        if short in _PAIRS and len(places) == 2:
            left, right = self.alike(args[0], args[1], places[0].bits)
            return [Assign(p, Binary(op, left, right, p.bits)) for p, op in zip(places, _PAIRS[short], strict=True)]
        if short in _CARRIES and short not in _HIDDEN and len(places) == 2:
            total, carry = self.carrying(short, args, places[0].bits)
            return [Assign(places[0], total), Assign(places[1], extend(carry, places[1].bits))]
        raise UnclearError(f"{dag.op} has several results here")

    def place(self, value: Dag | str, name: str) -> Place:
        """Returns the place that an argument of set names: an operand or a register."""
        while isinstance(value, Dag) and len(value.args) == 1:
            value, name = value.args[0]
        bound = self.bound.get(name)
        if isinstance(bound, Bound) and len(bound.operands) == 1 and bound.operands[0][1].kind is OperandKind.REG:
            return self.p.register(*bound.operands[0])
        if isinstance(value, str) and value in self.p.registers:
            return NamedRegister(value, self.p.registers[value])
        raise UnclearError(f"its pattern sets {name or value}, which is no operand and no register")

    # -- values

    def value(self, value: Dag | str, name: str, want: int = 0) -> Expression:
        """Returns the value of a part of a pattern. ``want``: the width that is asked for, 0 if any will do."""
        if isinstance(value, str):
            return self.leaf(value, name, want)
        if bits := self.p.type_bits(value.op):
            if want and want != bits:
                raise UnclearError(f"a value of {bits} bits stands where {want} are wanted")
            found = self.value(*value.args[0], want=bits)
            return extend(found, bits) if found.bits == 1 else resize(found, bits)
        if _OTHER_TYPE.fullmatch(value.op):
            raise UnclearError(f"its pattern is about values of type {value.op}, and only integers are simulated")
        if value.op in self.p.complex:
            return self.by_complex_pattern(value, want)
        if value.op in self.p.classes:
            return self.value(*value.args[0], want=want or next(iter(self.p.width(value.op)), 0))
        opcode, args, access = self.resolved(value)
        return self.node(opcode.removeprefix("ISD::"), args, access, want)

    def by_complex_pattern(self, dag: Dag, want: int) -> Expression:
        """Returns the value of a ComplexPattern that names its operands: their sum."""
        terms = [self.value(*arg, want=want or self.native) for arg in dag.args]
        total = terms[0]
        for term in terms[1:2]:
            total = Binary("add", total, term, total.bits)
        if len(terms) > 2:
            raise UnclearError(f"no .td says what {dag.op} makes of {len(terms)} operands")
        return total

    def leaf(self, value: str, name: str, want: int) -> Expression:
        """Returns the value of an argument that is no dag."""
        bound = self.bound.get(name) if name else None
        if isinstance(bound, Bound):
            return self.operand(bound, value, want)
        if bound is not None:
            return resize(bound, want) if want and bound.bits != want and isinstance(bound, Number) else bound
        if _NUMBER.fullmatch(value):
            return resize(Number(int(value), 0), want) if want else Number(int(value), 0)
        if value in self.p.registers:
            return NamedRegister(value, self.p.registers[value])
        operator = self.p.operators.get(value)
        if operator and operator.dag and not operator.parameters and not name:
            return self.value(parse_dag(operator.dag), "", want=want)
        raise UnclearError(f"nothing in the instruction is called {name or value}")

    def operand(self, bound: Bound, leaf: str, want: int) -> Expression:
        """Returns the value of the operands that a leaf stands for."""
        index, info = bound.operands[0]
        if len(bound.operands) > 1 or (leaf in self.p.complex and self.p.complex[leaf].operands > 1):
            found, required = self.p.address(self.i.name, bound)
            self.before += required
            return resize(found, want) if want else found
        if info.kind is OperandKind.REG and self.p.judged(leaf):
            raise UnclearError(f"its pattern has {leaf}, and no .td says which nodes that matches")
        if info.kind is OperandKind.REG:
            return self.p.register(index, info, want or self.p.type_bits(leaf))
        if info.kind is OperandKind.TARGET or self.p.like_jump(self.i.name, info):
            return self.p.target(self.i.name, index, info)
        number = self.p.number(self.i.name, index, info, want or self.p.type_bits(leaf) or self.native)
        return self.p.told(index, info, self.p.untransformed(leaf, number))

    def goal(self, value: Dag | str, name: str) -> Expression:
        """Returns the address that a branch or a call goes to."""
        return extend(self.value(value, name, want=self.native), self.native)

    def truth(self, value: Dag | str, name: str) -> Expression:
        """Returns a condition: whether a value is not 0."""
        found = self.value(value, name)
        if isinstance(found, Unary) and found.op == "zext" and found.value.bits == 1:
            return found.value
        return found if found.bits == 1 else Relation("ne", found, Number(0, found.bits))

    def alike(self, a: tuple[Dag | str, str], b: tuple[Dag | str, str], want: int) -> tuple[Expression, Expression]:
        """Returns two values of one width."""
        try:
            left = self.value(*a, want=want)
        except UnclearError:  # such as a load that does not say how much: the other value may
            if want:
                raise
            left = self.value(*a, want=self.value(*b).bits)
        bits = want or left.bits
        right = self.value(*b, want=bits)
        bits = bits or right.bits
        if not bits:
            raise UnclearError("its pattern does not say how wide its numbers are")
        if not want and isinstance(left, OperandNumber) and right.bits != left.bits:
            left = self.value(*a, want=right.bits)
            bits = right.bits
        return resize(left, bits), resize(right, bits)

    def node(self, short: str, args: Sequence[tuple[Dag | str, str]], access: PatternOperator | None, want: int) -> Expression:
        """Returns the value of a node; ``short``: an ISD opcode without its scope, or a target's own."""
        if short in _BINARY:
            left, right = self.alike(args[0], args[1], want)
            return Binary(_BINARY[short], left, right, left.bits)
        if short in _SHIFTS:
            left = self.value(*args[0], want=want)
            if not left.bits:
                raise UnclearError("its pattern does not say how wide its numbers are")
            return Binary(_SHIFTS[short], left, self.amount(args[1], left.bits), left.bits)
        if short in _UNARY:
            inner = self.value(*args[0], want=want)
            return Unary(_UNARY[short], inner, inner.bits)
        if short in _CASTS:
            return self.cast(short, args[0], want)
        if short in _PASSED:
            return self.value(*args[0], want=want)
        if short in _CARRIES:
            total, carry = self.carrying(short, args, want)
            self.after.append(Assign(Carry(), carry))
            return total
        if short in _ATOMIC:
            return self.exchange(short, args, access, want)
        match short:
            case "SIGN_EXTEND_INREG":
                inner = self.value(*args[0], want=want)
                bits = self.p.type_bits(str(args[1][0]))
                if not 0 < bits < inner.bits:
                    raise UnclearError("its pattern extends a part of a register that is no part of it")
                return Unary("sext", Unary("trunc", inner, bits), inner.bits)
            case "SETCC":
                left, right = self.alike(args[0], args[1], 0)
                return extend(Relation(self.condition(*args[2]), left, right), want or 1)
            case "SELECT":
                left, right = self.alike(args[1], args[2], want)
                return Conditional(self.truth(*args[0]), left, right, left.bits)
            case "SELECT_CC":
                a, b = self.alike(args[0], args[1], 0)
                left, right = self.alike(args[2], args[3], want)
                return Conditional(Relation(self.condition(*args[4]), a, b), left, right, left.bits)
            case "LOAD" | "ATOMIC_LOAD":
                return self.load(args, access, want)
            case _:
                if "::" in short and node_meaning(short) in ("wrapper", "lo") and len(args) == 1:
                    return self.value(*args[0], want=want)
                told = "and no .td says what that does" if "::" in short else "which is not simulated"
                raise UnclearError(f"its pattern has the node {short}, {told}")

    def amount(self, arg: tuple[Dag | str, str], bits: int) -> Expression:
        """Returns a shift's amount, which may have a width of its own."""
        found = self.value(*arg)
        if isinstance(found, OperandNumber):
            return replace(found, bits=bits)
        return resize(found, bits) if isinstance(found, Number) else found

    def cast(self, short: str, arg: tuple[Dag | str, str], want: int) -> Expression:
        """Returns an extension or a truncation to ``want`` bits."""
        op = _CASTS[short]
        if short == "ANY_EXTEND":
            self.vague += 1
        if op == "trunc":
            inner = self.value(*arg)
            below = [n for n in self.p.legal if n < inner.bits]
            bits = want or (below[-1] if below else 0)  # an unnamed type is the next smaller legal one
            if not 0 < bits < inner.bits:
                raise UnclearError("its pattern does not say how much of a value it takes")
            return Unary("trunc", inner, bits)
        inner = self.value(*arg)
        if not inner.bits or not want or inner.bits > want:
            raise UnclearError("its pattern does not say how far a value is extended")
        return extend(inner, want, signed=op == "sext")

    def carrying(self, short: str, args: Sequence[tuple[Dag | str, str]], want: int) -> tuple[Expression, Expression]:
        """Returns the sum or difference of two values (and a carry or borrow), and the carry or borrow out."""
        op, takes = _CARRIES[short]
        left, right = self.alike(args[0], args[1], want)
        bits = left.bits
        wide = bits + 1
        a, b = extend(left, wide), extend(right, wide)
        total, rest = Binary(op, left, right, bits), Binary(op, a, b, wide)
        if takes:
            taken: Expression = Carry() if short in _HIDDEN else self.truth(*args[2])
            total, rest = Binary(op, total, extend(taken, bits), bits), Binary(op, rest, extend(taken, wide), wide)
        return total, Unary("trunc", Binary("srl", rest, Number(bits, wide), wide), 1)

    def load(self, args: Sequence[tuple[Dag | str, str]], access: PatternOperator | None, want: int) -> Expression:
        """Returns what a load gives. ``access``: what the fragments around it say together."""
        told = access.properties if access else frozenset[str]()
        memory = self.p.type_bits(access.memory) if access and access.memory else 0
        extends = told & {"IsSignExtLoad", "IsZeroExtLoad", "IsAnyExtLoad"}
        self.vague += "IsAnyExtLoad" in told
        bits = want or memory
        memory = memory or (0 if extends else bits)
        if not bits or not memory or memory > bits or memory > 64:
            raise UnclearError("its pattern does not say how much it loads")
        address = extend(self.value(*args[0]), self.native)
        return Loaded(address, max(memory // 8, 1), bits, "IsSignExtLoad" in told)

    def exchange(self, short: str, args: Sequence[tuple[Dag | str, str]], access: PatternOperator | None, want: int) -> Expression:
        """Returns what memory held before an atomic operation changes it; one thread runs, so nothing comes between."""
        old = self.load(args[:1], access, want)
        assert isinstance(old, Loaded)
        op = _ATOMIC[short]
        values = [self.value(*arg, want=old.bits) for arg in args[1:]]
        if op == "cmp_swap":
            held = Unary("trunc", values[0], old.bytes * 8) if old.bytes * 8 < old.bits else values[0]
            new: Expression = Conditional(Relation("eq", old, extend(held, old.bits)), values[1], old, old.bits)
        else:
            new = values[0] if op == "swap" else Binary(op, old, values[0], old.bits)
        self.after.append(Store(old.address, old.bytes, new))
        return old

    def store(self, opcode: str, args: Sequence[tuple[Dag | str, str]], access: PatternOperator | None) -> Action:
        """Returns a store. An atomic store has its address first in older LLVMs: it is the argument that a ComplexPattern selects."""
        value, place = args[0], args[1]
        if opcode == "ISD::ATOMIC_STORE" and (value[0] in self.p.complex or (isinstance(value[0], Dag) and value[0].op in self.p.complex)):
            value, place = place, value
        memory = self.p.type_bits(access.memory) if access and access.memory else 0
        stored = self.value(*value)
        if not stored.bits:
            if not memory:
                raise UnclearError("its pattern does not say how much it stores")
            stored = resize(stored, memory)
        bits = memory or stored.bits
        if bits > stored.bits or bits > 64:
            raise UnclearError("its pattern stores more than it has")
        return Store(extend(self.value(*place), self.native), max(bits // 8, 1), stored)

    def condition(self, value: Dag | str, name: str) -> str:
        """Returns the condition that a leaf stands for: SETLT, or a fragment whose predicate compares with one."""
        word = value.op if isinstance(value, Dag) else value
        operator = self.p.operators.get(word)
        told = _CONDITION.findall(operator.code) if operator else []
        if not told:
            told = _CONDITION.findall(next((f.code for f in self.p.d.fragments if f.name == word), ""))
        found = (told[0] if len(told) == 1 else word.removeprefix("SET")).lower()
        if found not in CONDITIONS:
            raise UnclearError(f"no .td says which condition {name or word} is")
        return found

    # -- operators

    def resolved(self, dag: Dag) -> tuple[str, Sequence[tuple[Dag | str, str]], PatternOperator | None]:
        """Returns the SDNode's opcode under a dag's operator, its arguments, and what the fragments between say of a memory access."""
        access: PatternOperator | None = None
        value: Dag = dag
        for _ in range(8):
            operator = self.p.operators.get(value.op)
            if operator is None:
                raise UnclearError(f"its pattern has {value.op}, which is no node and no fragment that a .td explains")
            if operator.opcode:
                return operator.opcode, value.args, access
            if not operator.dag:
                break
            access = _together(access, operator)
            self.vague += bool(operator.code and operator.parameters)
            value = self.unwrapped(_expanded(_expansion(operator), operator.parameters, value.args))
        raise UnclearError(f"its pattern has the operator {dag.op}, which no .td expands")


def _together(outer: PatternOperator | None, inner: PatternOperator) -> PatternOperator:
    """Returns what two nested fragments say of a memory access: the outer one decides."""
    found = _MEMORY_TYPE.search(inner.code) if "getMemoryVT" in inner.code else None
    memory = inner.memory or (f"i{found[1]}" if found else "")
    kinds = {"SEXTLOAD": "IsSignExtLoad", "ZEXTLOAD": "IsZeroExtLoad", "EXTLOAD": "IsAnyExtLoad"}
    said = re.findall(r"ISD::(SEXTLOAD|ZEXTLOAD|EXTLOAD)", inner.code)
    properties = inner.properties | frozenset[str]({kinds[said[0]]} if len(said) == 1 else ())
    if outer is None:
        return replace(inner, memory=memory, properties=properties)
    return replace(outer, memory=outer.memory or memory, properties=outer.properties | properties)


def _expansion(operator: PatternOperator) -> Dag:
    """Returns what a fragment stands for. Of several that are one thing to its predicate, it is the addition: an "or" of disjoint bits is
    one, and other additions are no "or"."""
    every = [parse_dag(text) for text in (operator.dag, *operator.others)]
    return next((dag for dag in every if dag.op == "add"), every[0])


def _expanded(dag: Dag, parameters: Sequence[str], given: Sequence[tuple[Dag | str, str]]) -> Dag:
    """Returns a fragment's dag with the arguments in place of its parameters."""
    known = dict(zip(parameters, given, strict=False))

    def put(arg: tuple[Dag | str, str]) -> tuple[Dag | str, str]:
        value, name = arg
        if name in known and not isinstance(value, Dag):
            return known[name]
        return (Dag(value.op, tuple(put(a) for a in value.args)), name) if isinstance(value, Dag) else arg

    return Dag(dag.op, tuple(put(a) for a in dag.args))
