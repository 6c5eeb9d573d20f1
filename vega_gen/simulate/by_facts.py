"""Gives the effects of instructions that no pattern describes: by the facts, or by flags and operands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from vega_gen.facts.operations import ComparedBranch, OperandRole, Operation
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind
from vega_gen.records import Instruction
from vega_gen.simulate.expressions import (
    Action,
    Assign,
    Binary,
    CallTo,
    Compare,
    Conditional,
    Expression,
    Holds,
    Jump,
    Loaded,
    NamedRegister,
    Number,
    OperandNumber,
    Place,
    Relation,
    Require,
    ReturnTo,
    Store,
    Unary,
)
from vega_gen.simulate.operands import Bound, Operands, UnclearError, extend

_Known = Mapping[str, tuple[Action, ...]]
_LEFT_OUT = frozenset({OperandRole.NONE, OperandRole.ZERO})


def by_facts(p: Operands) -> _Known:
    """Returns record -> its effect as the facts tell it."""
    found: dict[str, tuple[Action, ...]] = {}
    for record, actions in _facts(p):
        if record in p.s.instructions:
            found.setdefault(record, actions)
    return found


def _facts(p: Operands) -> Iterator[tuple[str, tuple[Action, ...]]]:
    m = p.m
    if m.nop and all(value == "0" for _, value in m.nop.fixed):
        yield m.nop.record, ()
    for op in m.copies.values():
        if set(op.free) == {OperandRole.DST, OperandRole.SRC}:
            yield from _made(p, op, lambda r: r.set(r.get(OperandRole.SRC)))
    second = (OperandRole.SRC2, OperandRole.IMM)
    for name, op in (("add", m.add), ("sub", m.subtract), ("add", m.add_immediate), ("sub", m.subtract_immediate), ("or", m.or_immediate),
                     ("shl", m.shift_immediate)):  # fmt: skip
        if op and not _LEFT_OUT & set(op.roles):
            yield from _made(p, op, lambda r, name=name: r.set(Binary(name, r.get(OperandRole.SRC), r.first(second), r.bits)))
    for root, how in m.amount_shifts.items():
        held = NamedRegister(how.register, p.registers[how.register])
        yield from _made(p, how.amount, lambda r, held=held: Assign(held, extend(r.get(OperandRole.SRC), held.bits)))
        yield from _made(p, how.shift, lambda r, by=held, f=root: r.set(Binary(f, r.get(OperandRole.SRC), extend(by, r.bits), r.bits)))
    if m.upper:
        yield from _made(p, m.upper, lambda r: r.set(r.upper()))
    if m.load_symbol and m.pool:
        yield from _made(p, m.load_symbol, lambda r: r.set(Loaded(r.place(OperandRole.IMM), p.m.native // 8, r.bits, False)))
    for op in (m.load_immediate, None if m.pool else m.load_symbol):
        if op:
            yield from _made(p, op, lambda r: r.set(r.get(OperandRole.IMM)))
    for (extension, bits), op in m.loads.items():
        yield from _made(p, op, lambda r, b=bits, e=extension: r.set(Loaded(r.address(), b // 8, r.bits, e == "sext")))
    yield from _stack(p)
    for bits, op in m.stores.items():
        yield from _made(p, op, lambda r, b=bits: Store(r.address(), b // 8, r.get(OperandRole.SRC)))
    yield from _linking(p)
    yield from _apart(p)
    if m.jump and not _LEFT_OUT & set(m.jump.roles):
        yield from _made(p, m.jump, lambda r: Jump(r.get(OperandRole.TARGET)))
    if m.jump_register and OperandRole.ZERO not in m.jump_register.roles:
        yield from _made(p, m.jump_register, lambda r: Jump(r.get(OperandRole.SRC)))
    for condition, op in m.branches.items():
        tested = {c: other for c, other in m.branches.items() if other.record == op.record}
        if 1 < len(tested) == len({other.fixed for other in tested.values()}):
            yield from _made(p, op, lambda r, tested=tested: r.coded_branch(tested))
        elif OperandRole.ZERO not in op.roles:
            yield from _made(p, op, lambda r, c=condition: r.branch(c))
    if m.branch_nonzero and OperandRole.ZERO not in m.branch_nonzero.roles:
        yield from _made(p, m.branch_nonzero, lambda r: r.branch("ne"))
    yield from _flags(p)
    if m.calls.indirect and OperandRole.LINK in m.calls.indirect.roles:
        yield from _made(p, m.calls.indirect, lambda r: CallTo(r.get(OperandRole.SRC), r.linked()))
    if m.returns and set(m.returns.free) <= {OperandRole.NONE}:
        yield m.returns.record, (*_zeros(p, m.returns), ReturnTo(link(p)))


def _linking(p: Operands) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Yields the effects of jumps that put the return address into any register, which no flag calls calls.

    With the register of the return address they are calls, with one that always holds zero they are jumps and returns."""
    for op, role in ((p.m.calls.direct, OperandRole.TARGET), (p.m.calls.indirect, OperandRole.SRC)):
        if op is None or "isCall" in p.s.instructions[op.record].flags:
            continue
        outs = [pair for pair in enumerate(p.s.operands(op.record)) if pair[1].out]
        if len(outs) == 1:
            place = p.register(*outs[0])
            asked = tuple(one for one in _given(p, op) if one.index != outs[0][0])
            for record, actions in _made(p, op, lambda r, role=role, place=place: CallTo(extend(r.get(role), p.m.native), place)):
                yield record, (*asked, *actions)


def _apart(p: Operands) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Yields the effects of what moves the return address and the callee's address to and from registers of their own, and of the call of
    the latter."""
    held = link(p)
    if p.m.link and held:
        yield from _made(p, p.m.link.read, lambda r: r.set(held))
        yield from _made(p, p.m.link.write, lambda r: Assign(held, extend(r.get(OperandRole.SRC), held.bits)))
    if p.m.calls.prepared and p.m.calls.indirect:
        callee = NamedRegister(p.m.calls.callee, p.m.native)
        if p.m.calls.callee in p.s.instructions[p.m.calls.prepared.record].defs:  # else it is an ordinary copy
            yield from _made(p, p.m.calls.prepared, lambda r: Assign(callee, extend(r.get(OperandRole.SRC), callee.bits)))
        yield from _made(p, p.m.calls.indirect, lambda r: CallTo(callee, held))


def _stack(p: Operands) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Yields the effects of the instructions that reach the stack where only they do; those with narrower immediates do the same."""
    known = p.m.stack
    if known is None:
        return
    sp, size = NamedRegister(p.m.sp, p.m.native), p.m.native // 8

    def moved(r: _Roles, operator: str = "add") -> Expression:
        at = r.op.index(OperandRole.IMM)
        offset = Binary("mul", p.number(r.op.record, at, r.infos[at], p.m.native), Number(known.unit, p.m.native), p.m.native)
        return Binary(operator, sp, offset, p.m.native)

    effect: Mapping[str, Callable[[_Roles], Action]] = {
        "load": lambda r: r.set(Loaded(moved(r), size, r.bits, False)),
        "store": lambda r: Store(moved(r), size, r.get(OperandRole.SRC)),
        "address": lambda r: r.set(moved(r)),
        "extend": lambda r: Assign(sp, moved(r, "sub")),
        "assign": lambda r: Assign(sp, extend(r.get(OperandRole.SRC), p.m.native)),
    }
    for kind, does in effect.items():
        for op in known.every[kind]:
            yield from _made(p, op, does)


def _flags(p: Operands) -> Iterator[tuple[str, tuple[Action, ...]]]:
    """Yields the effects of comparisons that set flags and of the branches that test these."""
    kinds: dict[str, int] = {}
    branches: dict[str, list[tuple[ComparedBranch, str]]] = {}
    for tests in p.m.comparisons.values():
        for condition, test in tests.items():
            kinds.setdefault(test.compare.record, len(kinds) + 1)
            branches.setdefault(test.branch.record, []).append((test, condition))
            compare = test.compare
            kind = kinds[compare.record]
            for record, actions in _made(p, compare, lambda r, kind=kind: Compare(r.get(OperandRole.SRC), r.get(OperandRole.SRC2), kind)):
                yield record, (*_given(p, compare), *actions, *_difference(p, compare))
    for tested in branches.values():
        branch = tested[0][0].branch
        at = next((n for n, value in branch.fixed if any(dict(t.branch.fixed).get(n) != value for t, _ in tested)), -1)

        def taken(r: _Roles, tested: list[tuple[ComparedBranch, str]] = tested, at: int = at) -> Action:
            found: Expression | None = None
            for test, condition in tested:
                one: Expression = Holds(kinds[test.compare.record], condition)
                if at >= 0:
                    number = OperandNumber(at, p.m.native)  # as it stands in the field
                    one = Binary("and", Relation("eq", number, Number(int(test.branch.value(at)), p.m.native)), one, 1)
                found = Binary("or", found, one, 1) if found else one
            return Jump(r.get(OperandRole.TARGET), found)

        yield from _made(p, branch, taken)


def _given(p: Operands, op: Operation) -> Iterator[Require]:
    """Yields that the fixed operands have the values that the facts give them; those with a default are asked for elsewhere."""
    infos = p.s.operands(op.record)
    for at, value in op.fixed:
        if not infos[at].default:
            number = value.lstrip("-").isdigit()
            yield Require(at, int(value) if number else value, "another operand than in all that the facts describe")


def _difference(p: Operands, op: Operation) -> Iterator[Action]:
    """Yields what a comparison by subtraction does besides: it sets its destination, if it has one."""
    if OperandRole.DST in op.roles:
        r = _Roles(p, op)
        yield r.set(Binary("sub", r.get(OperandRole.SRC), r.get(OperandRole.SRC2), r.bits))


class _Roles:
    """The operands of one operation by role. ``bits``: the width of the destination, of an address if there is none."""

    def __init__(self, p: Operands, op: Operation) -> None:
        self.p, self.op = p, op
        self.infos = p.s.operands(op.record)
        at = op.index(OperandRole.DST)
        self.bits = p.register(at, self.infos[at]).bits if at >= 0 else p.m.native

    def set(self, value: Expression) -> Action:
        at = self.op.index(OperandRole.DST)
        return Assign(self.p.register(at, self.infos[at]), extend(value, self.bits))

    def get(self, role: OperandRole) -> Expression:
        at = self.op.index(role)
        if at < 0:
            raise UnclearError(f"the facts name no {role} of {self.op.record}")
        info = self.infos[at]
        if info.kind is OperandKind.REG:
            return self.p.register(at, info)
        return self.p.target(self.op.record, at, info) if role is OperandRole.TARGET else self.p.number(self.op.record, at, info, self.bits)

    def place(self, role: OperandRole) -> Expression:
        """Returns the address that an operand gives, as a branch target does."""
        at = self.op.index(role)
        return self.p.target(self.op.record, at, self.infos[at])

    def first(self, roles: tuple[OperandRole, ...]) -> Expression:
        return self.get(next((role for role in roles if role in self.op.roles), roles[0]))

    def linked(self) -> Place:
        at = self.op.index(OperandRole.LINK)
        return self.p.register(at, self.infos[at])

    def upper(self) -> Expression:
        value = self.get(OperandRole.IMM)
        shift = self.p.m.upper_shift
        if self.p.m.low == "insert":
            kept = Binary("and", self.get(OperandRole.SRC), Number((1 << shift) - 1, self.bits), self.bits)
            return Binary("or", kept, Binary("shl", value, Number(shift, self.bits), self.bits), self.bits)
        told = self.p.s.part(self.infos[self.op.index(OperandRole.IMM)].type)[0]  # the operand's type says the shift itself
        shifted = value if told else Binary("shl", value, Number(shift, self.bits), self.bits)
        field = self.op.range.bits if self.op.range else 0
        # What sets the upper bits of 32 in a wider register extends their sign, as archetypes take it to.
        return Unary("sext", Unary("trunc", shifted, 32), self.bits) if shift + field == 32 < self.bits else shifted

    def address(self) -> Expression:
        base = extend(self.get(OperandRole.BASE), self.p.m.native)
        at = self.op.index(OperandRole.IMM)
        return Binary("add", base, self.p.number(self.op.record, at, self.infos[at], self.p.m.native), self.p.m.native)

    def branch(self, condition: str) -> Action:
        left = self.get(OperandRole.SRC)
        right = self.get(OperandRole.SRC2) if OperandRole.SRC2 in self.op.roles else Number(0, left.bits)
        return Jump(self.get(OperandRole.TARGET), Relation(condition, left, right))


    def coded_branch(self, tested: Mapping[str, Operation]) -> Action:
        """Returns the branch that has the number of a condition as an operand. ``tested``: condition -> the branch with its number."""
        left, right = self.get(OperandRole.SRC), self.get(OperandRole.SRC2)
        places = [n for n, _ in self.op.fixed if len({dict(op.fixed)[n] for op in tested.values()}) == len(tested)]
        if not places:
            raise UnclearError(f"no operand of {self.op.record} tells its conditions apart")
        number = OperandNumber(places[0], 32)
        holds: Expression = Number(0, 1)
        for condition, op in tested.items():
            holds = Conditional(Relation("eq", number, Number(int(op.value(places[0])), 32)), Relation(condition, left, right), holds, 1)
        return Jump(self.get(OperandRole.TARGET), holds)


def _made(p: Operands, op: Operation, action: Callable[[_Roles], Action]) -> Iterator[tuple[str, tuple[Action, ...]]]:
    if op.record not in p.s.instructions or len(p.s.operands(op.record)) != len(op.roles):
        return
    try:
        yield op.record, (*_zeros(p, op), action(_Roles(p, op)))
    except UnclearError:
        return


def _zeros(p: Operands, op: Operation) -> Iterator[Action]:
    """Yields that the operands without a role must be 0: archetypes leave them so, and with other numbers nobody knows what happens."""
    for at, (info, role) in enumerate(zip(p.s.operands(op.record), op.roles, strict=True)):
        if role is OperandRole.NONE and not defaulted(p, op.record, info):
            yield Require(at, "" if info.kind is OperandKind.REG else 0, "an operand that is 0 in all that the facts describe")


def link(p: Operands) -> Place | None:
    """Returns the register of the return address, None where calls push it."""
    return NamedRegister(p.m.returning, p.m.native) if p.m.returning else None


def defaulted(p: Operands, record: str, info: OperandInfo) -> bool:
    """Whether an operand has default values, as a predicate has."""
    i = p.s.instructions[record]
    return any(o.name == info.name and bool(known.defaults) for o in (*i.outs, *i.ins) if (known := p.s.operand_classes.get(o.type)))


def by_shape(p: Operands, i: Instruction) -> tuple[Action, ...] | None:
    """Returns the effect of a call or an unconditional branch, as its flags and operands tell it; None for others.

    A number that is no branch target may be anything, such as an index into a table, but in the call that the facts name."""
    given = [(n, o) for n, o in enumerate(p.s.operands(i.name)) if not o.out and not defaulted(p, i.name, o)]
    outs = [(n, o) for n, o in enumerate(p.s.operands(i.name)) if o.out]
    reads = [pair for pair in given if pair[1].kind is OperandKind.REG]
    memory = bool(i.flags & {"mayLoad", "mayStore"}) or "ISD::LOAD" in i.nodes
    told = p.d.data.get("InstrInfo.guessInstructionProperties") == "0"  # flags say all: without mayLoad, an address is not read from
    plain = not memory and ("isCall" in i.flags or "isBarrier" in i.flags or "isIndirectBranch" in i.flags)
    if not plain or not i.flags & {"isCall", "isBranch", "isIndirectBranch"} or len(outs) > 1 or not given:
        return None
    direct = p.m.calls.direct.record if p.m.calls.direct else ""
    if len(given) == 1 and (given[0][1].kind is OperandKind.TARGET or i.name == direct):
        target = p.target(i.name, *given[0])
    elif len(given) == 1 and reads and reads[0][1].part < 0:
        target = p.register(*reads[0])
    elif told and len(given) == 2 and {o.name for _, o in given} == {given[0][1].name} and reads:
        target, _ = p.address(i.name, Bound(tuple(given), ""))
    else:
        return None
    if "isCall" not in i.flags:
        return (Jump(extend(target, p.m.native)),) if not outs else None
    place = p.register(*outs[0]) if outs else link(p)
    return (CallTo(extend(target, p.m.native), place),)


def program_counters(p: Operands) -> frozenset[str]:
    """Returns the registers that hold the address of the instruction; writing one is a jump."""
    return frozenset(name for name, role in p.m.register_roles.items() if role is RegisterRole.PROGRAM_COUNTER)
