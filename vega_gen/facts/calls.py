"""Finds how functions are called and return: instructions, target nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import Calls, OperandRole, Operation, Return
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, is_symbol, leaf_name
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Instruction, SDNode
from vega_gen.tablegen.raw import Dag, parse_dag

_SPECIAL_CALL = re.compile(r"tls|tail|_rv|patchpoint", re.I)
_RETURNS = re.compile(r"rets?|retl|retn|rts|return|blr|rtn|bx[. ]lr|jmp[. ]lr|j[pr][. ](?:ra|lr)")
_CALLS = re.compile(r"(?:\w\.)?(?:r|i|ei|l)?call(?:[lr]|i|rel)?|jal|jl|jsr|bsr|bl|bal|brl|brasl|bras")
"""Mnemonics of calls that depend on no condition."""
_POOL = re.compile(r"const\w*pool|cpool|literal", re.I)


def calls(v: TargetView, ra: str, jump: Operation | None = None, zero: str = "", combine: Operation | None = None) -> Calls:
    """Returns the call instructions for a symbol and for a register, and the target's SDNodes that select them.

    ``ra``: the return address register, which a call that takes one as an operand is given. ``jump``: the unconditional branch, which
    may call with another register than ``zero``, the one that always holds zero. ``combine``: the or of two registers, which copies one
    with zero."""
    instructions = v.selections.instructions
    own = [n for n in v.d.nodes if n.results == 0 and (node_meaning(n.opcode) == "call" or _selects_call(v, n.name))]
    ranked = sorted(own, key=lambda n: node_meaning(n.opcode) != "call")
    selections = [(n, s) for n in ranked for s in v.selections.of(n.name) if not _of_other_width(v, s)]
    nodes = {s.record: n.opcode for n, s in reversed(selections)}
    by_pattern = {s.record: s for _, s in reversed(selections)}
    records = sorted(nodes, key=lambda r: ("isCodeGenOnly" in instructions[r].flags, nodes[r] != ranked[0].opcode))
    flagged = [i for i in v.d.instructions if "isCall" in i.flags]
    named = [i for i in v.d.instructions if _CALLS.fullmatch(mnemonic(i))]
    records += [i.name for i in sorted(flagged or named, key=lambda i: i not in named)]
    real: dict[OperandRole, Operation] = {}
    pseudos: dict[OperandRole, Operation] = {}
    for record in dict.fromkeys(records):
        i = instructions[record]
        meant = not flagged or "isCall" in i.flags
        op = _call(v, record, by_pattern.get(record), ra) if meant and not _SPECIAL_CALL.search(record) else None
        if op and "isReturn" not in i.flags:
            role = OperandRole.TARGET if OperandRole.TARGET in op.roles else OperandRole.SRC
            if encoded(i) and "isPseudo" not in i.flags:
                if record in nodes or not ra or _links(v, op, ra):
                    real.setdefault(role, op)
            elif record in nodes:
                pseudos.setdefault(role, op)
    for role, op in pseudos.items():
        stands = v.expanded(op) or _named_in(v, op.record, role, ra)
        if stands and role not in real:
            real[role] = stands
    if OperandRole.TARGET not in real and (linking := _linking(v, jump, zero, ra)):
        real[OperandRole.TARGET] = linking
    prepared, callee = None, ""
    if OperandRole.SRC not in real and (held := _prepared(v) or _copied(v, ra, zero, combine)):
        real[OperandRole.SRC], prepared, callee = held
    direct, indirect = real.get(OperandRole.TARGET), real.get(OperandRole.SRC)
    node, direct_pseudo = _selecting(v, selections, direct, pseudos.get(OperandRole.TARGET), symbol=True)
    through, indirect_pseudo = _selecting(v, selections, indirect, pseudos.get(OperandRole.SRC), symbol=False)
    written = {record: op for record, op in ((direct_pseudo, direct), (indirect_pseudo, indirect)) if record and op}
    through = through or ("" if indirect else node)
    return Calls(direct, indirect, node, through, () if real else tuple(pseudos.values()), written, prepared, callee)


def _of_other_width(v: TargetView, s: Selection) -> bool:
    """Whether the callee has another width than addresses: (call (i32 imm:$callee)) beside addresses of 64 bits."""
    callee = s.dag.args[0][0] if s.dag.args else ""
    return isinstance(callee, Dag) and re.fullmatch(rf"i(?!{v.native}\b)\d+", callee.op) is not None


def _prepared(v: TargetView) -> tuple[Operation, Operation, str] | None:
    """Returns the call without operands, which reads the callee's address from a register of its own, what puts it there, and that
    register."""

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        return OperandRole.SRC if o.kind is OperandKind.REG and not o.out and v.holds(o.type) else None

    plain = [i for i in v.d.instructions if encoded(i) and not i.flags & {"isPseudo", "isReturn", "isBranch"}]
    plain.sort(key=lambda i: "isCodeGenOnly" in i.flags)  # of two widths in one description, the decoder has but one
    setters = {i.defs[0]: made for i in reversed(plain) if len(i.defs) == 1 and "isCall" not in i.flags
               and (made := v.operation(i.name, name)) and made.roles == (OperandRole.SRC,)}  # fmt: skip
    for i in plain:
        through = [r for r in i.uses if r in setters and r not in i.defs] if "isCall" in i.flags and not (*i.outs, *i.ins) else []
        if through:
            return Operation(i.name, ()), setters[through[0]], through[0]
    return None


def _copied(v: TargetView, ra: str, zero: str, combine: Operation | None) -> tuple[Operation, Operation, str] | None:
    """Returns the call without operands, which reads the callee's address from an ordinary register that its assembly names, the copy into
    that, and the register."""
    if not zero or combine is None or combine.outs != 1:
        return None
    names = {r.name: r.asm_name for r in v.d.registers if r.name in v.members}
    for i in v.d.instructions:
        if "isCall" not in i.flags or (*i.outs, *i.ins) or i.flags & {"isPseudo", "isReturn"} or not encoded(i) or ra not in i.defs:
            continue
        words = re.findall(r"[\w$%.]+", i.asm.replace("$$", "$"))
        through = [r for r in i.uses if names.get(r) in words]
        if len(through) == 1:
            given = {OperandRole.DST: through[0], OperandRole.SRC2: zero}
            fixed = [(n, given[role]) for n, role in enumerate(combine.roles) if role in given]
            roles = tuple(OperandRole.FIXED if role in given else role for role in combine.roles)
            return Operation(i.name, ()), replace(combine, roles=roles, fixed=tuple(sorted((*combine.fixed, *fixed)))), through[0]
    return None


def _links(v: TargetView, op: Operation, ra: str) -> bool:
    """Whether a call leaves the return address in ``ra``, or pushes it: a call of the operating system does neither."""
    i = v.selections.instructions[op.record]
    return OperandRole.LINK in op.roles or ra in i.defs or ra in dict(op.fixed).values() or "mayStore" in i.flags


def _named_in(v: TargetView, pseudo: str, role: OperandRole, ra: str) -> Operation | None:
    """Returns the call in whose mnemonic's record the name of a pseudo instruction without an expansion ends, as CallBRASL in BRASL.

    The callee is its target, or of its registers the last; the other register is given the return address."""
    for i in sorted(v.d.instructions, key=lambda i: -len(i.name)):
        if not encoded(i) or not {"isCall"} <= i.flags or i.flags & {"isPseudo", "isReturn"} or not pseudo.endswith(i.name) or not ra:
            continue
        operands = v.selections.operands(i.name)
        registers = [n for n, o in enumerate(operands) if o.kind is OperandKind.REG]
        callee = [n for n, o in enumerate(operands) if o.kind is OperandKind.TARGET] if role is OperandRole.TARGET else registers[-1:]

        def name(o: OperandInfo, at: int, callee: Sequence[int] = callee) -> OperandRole | None:
            if at in callee:
                return role
            if o.kind is OperandKind.REG:
                return OperandRole.LINK if o.out else None
            return OperandRole.NONE

        links = {operands[n].name: ra for n in registers if n not in callee}
        made = v.operation(i.name, name, links) if len(callee) == 1 else None
        if made and role in made.roles:
            return made
    return None


def assembled(v: TargetView, found: Calls) -> Calls:
    """Returns the calls with the pseudo instructions that patterns select in the place of instructions that are not known, where they are
    written as assembly: another assembler knows what they stand for."""
    real = {OperandRole.TARGET: found.direct, OperandRole.SRC: found.indirect}
    for op in found.pseudos:
        role = OperandRole.TARGET if OperandRole.TARGET in op.roles else OperandRole.SRC
        if real[role] is None and _written(v.selections.instructions[op.record]):
            real[role] = op
    left = () if any(real.values()) else found.pseudos
    return replace(found, direct=real[OperandRole.TARGET], indirect=real[OperandRole.SRC], pseudos=left)


def _linking(v: TargetView, jump: Operation | None, zero: str, ra: str) -> Operation | None:
    """Returns the call that the unconditional branch is with ``ra`` as its result, where it discards the return address into ``zero``."""
    op = (v.expanded(jump) or jump) if jump and zero and ra else None
    if op is None or op.outs != 1 or not (op.roles[0] is OperandRole.ZERO or (0, zero) in op.fixed):
        return None
    rest = tuple(pair for pair in op.fixed if pair[0] != 0)
    return replace(op, roles=(OperandRole.FIXED, *op.roles[1:]), fixed=((0, ra), *rest))


def _selecting(
    v: TargetView, selections: Sequence[tuple[SDNode, Selection]], real: Operation | None, pseudo: Operation | None, *, symbol: bool
) -> tuple[str, str]:
    """Returns the node of which the callee alone selects the call ``real``, or ``pseudo`` where that stands for it, and that pseudo.

    ``symbol``: whether the callee is a symbol; then a pattern for a global alone will not do, the run-time library has external ones."""
    for op in (real, pseudo):
        found: dict[str, set[str]] = {}
        for n, s in selections:
            if op and s.record == op.record and len(s.dag.args) == 1:
                found.setdefault(n.opcode, set()).add(leaf_name(s.dag, (0,)))
        for opcode, leaves in found.items():
            if not symbol or not all(is_symbol(leaf) for leaf in leaves) or {"tglobaladdr", "texternalsym"} <= leaves:
                return opcode, op.record if op and op is pseudo else ""
    return "", ""


def _selects_call(v: TargetView, node: str) -> bool:
    instructions = v.selections.instructions
    flags = [instructions[s.record].flags for s in v.selections.of(node)]
    return any("isCall" in one and "isReturn" not in one for one in flags)


def _call(v: TargetView, record: str, pattern: Selection | None, ra: str) -> Operation | None:
    i = v.selections.instructions[record]
    operands = [o for o in v.selections.operands(record) if not o.default]
    indirect = [o for o in operands if o.kind is OperandKind.REG and o.part >= 0]
    if indirect and (not i.pattern or "load" in i.nodes or "mayLoad" in i.flags or any(o.part > 0 for o in indirect)):
        return None  # the callee's address is read from memory
    paths = pattern.paths if pattern else {}
    called = next((o for o in operands if paths.get(o.name) == (0,)), None if len(operands) != 1 else operands[0])
    others = {o.name for o in operands if o.kind is OperandKind.REG and not o.out and called and o.name != called.name}
    if called and _POOL.search(called.type):
        return None  # the callee's address lies in a pool of constants
    by_class = called is not None and pattern is not None and leaf_name(pattern.dag, (0,)) in v.selections.classes
    reads = by_class or any(o.kind is OperandKind.REG and not o.out and o.name not in others for o in operands)
    through = by_class or (reads and not any(o.kind is OperandKind.TARGET for o in operands))
    roles: dict[OperandKind, OperandRole] = {}
    if through:
        roles = {OperandKind.REG: OperandRole.SRC, OperandKind.IMM: OperandRole.NONE, OperandKind.TARGET: OperandRole.NONE}
    else:
        roles = {OperandKind.TARGET: OperandRole.TARGET, OperandKind.IMM: OperandRole.TARGET}
    given = {o.name: ra for o in operands if o.name in others}

    def name(o: OperandInfo, _: int) -> OperandRole | None:
        if o.kind is OperandKind.REG and not o.out and o.name not in given and not v.holds(o.type):
            return None
        if by_class and o is called:
            return OperandRole.SRC
        return OperandRole.LINK if o.out else None if o.name in given else roles.get(o.kind)

    made = v.operation(record, name, given if ra else None)
    return made if made and (OperandRole.TARGET in made.roles or OperandRole.SRC in made.roles) else None


def returns(v: TargetView, ra: str, jump_register: Operation | None) -> Return:
    """Returns the return instruction, the target's SDNode that alone selects it, and the pseudo instruction that stands for it, if any.

    The instruction is one with the flag that no register operand needs but ``ra``, or that an alias such as "ret" or a pattern gives its
    operands; of several, one that the node selects, then one that reads no other registers, then one that names ``ra``. Else it is a
    call-free jump: by its mnemonic, or ``jump_register`` on ``ra``. Where there is none, it is what the pseudo instruction that the node
    selects expands to, else what the node selects without an encoding, which another assembler knows."""
    instructions = v.selections.instructions
    own = [n for n in v.d.nodes if node_meaning(n.opcode) == "ret" or _selects_return(v, n.name)]
    own.sort(key=lambda n: n.opcode.rpartition("::")[2].lower().startswith(("e", "i")))  # from an exception (eret, iret) comes last
    selected = {s.record for n in own for s in v.selections.of(n.name)}
    found: list[tuple[tuple[bool, ...], Operation]] = []
    aliases = _returned_by_alias(v) | _returned_by_pattern(v, own, ra)
    for i in v.d.instructions:
        plain = "isReturn" in i.flags or _RETURNS.fullmatch(mnemonic(i)) is not None
        if not encoded(i) or i.flags & {"isPseudo", "isCall"} or not (plain or i.name in aliases):
            continue
        made = aliases.get(i.name) or v.operation(i.name, _returning, _through(v, i.name, ra) if "isReturn" in i.flags else None)
        if made:
            named = bool(ra) and (ra in i.uses or ra.lower() in i.asm.lower())
            bare = {*i.uses} <= {ra, v.register(RegisterRole.STACK_POINTER)}  # a return from an exception reads more
            usual = _RETURNS.fullmatch(mnemonic(i)) is not None  # and is written iret, rte, ...
            found.append((("isReturn" in i.flags, i.name in selected, i.name in aliases, bare, named, usual, not made.free), made))
    made = max(found, key=lambda pair: pair[0])[1] if found else None
    jump = (v.expanded(jump_register) or jump_register) if jump_register else None
    if made is None and jump and ra:
        at = jump.index(OperandRole.SRC)
        roles = tuple(OperandRole.FIXED if n == at else role for n, role in enumerate(jump.roles))
        made = replace(jump, roles=roles, fixed=(*jump.fixed, (at, ra)))
    if made is None:
        stand = (op for r in sorted(selected) if "isReturn" in instructions[r].flags and (op := v.operation(r, _returning)))
        made = next((op for one in stand if (op := v.expanded(one)) and not op.free), None)
    if made is None:
        written = (instructions[record] for record in sorted(selected) if _written(instructions[record]))
        made = next((op for i in written if "isReturn" in i.flags and (op := v.operation(i.name, _returning))), None)
    for n in own:
        for s in v.selections.of(n.name):
            i = instructions[s.record]
            if s.dag.args or "isReturn" not in i.flags or any(not o.default for o in v.selections.operands(s.record)):
                continue
            if made and s.record == made.record:
                return Return(made, n.opcode, "")
            if made and not (encoded(i) and "isPseudo" not in i.flags):
                return Return(made, n.opcode, s.record)
    return Return(made, "", "")


def _returning(o: OperandInfo, _: int) -> OperandRole | None:
    return None if o.kind is OperandKind.REG else OperandRole.NONE


def _through(v: TargetView, record: str, ra: str) -> dict[str, str] | None:
    """Returns the operand that gives a return its address, with ``ra``; None unless it is the only register that the return has."""
    registers = [o for o in v.selections.operands(record) if o.kind is OperandKind.REG and not o.default]
    return {registers[0].name: ra} if ra and len(registers) == 1 and not registers[0].out and v.holds(registers[0].type) else None


def _written(i: Instruction) -> bool:
    """Whether a pseudo instruction, or one without an encoding, is written as assembly, and not as a comment."""
    return ("isPseudo" in i.flags or not encoded(i)) and not i.expansion and bool(mnemonic(i)) and not i.asm.lstrip().startswith("#")


def _selects_return(v: TargetView, node: str) -> bool:
    return any("isReturn" in v.selections.instructions[s.record].flags and not s.dag.args for s in v.selections.of(node))


def _returned_by_pattern(v: TargetView, own: Sequence[SDNode], ra: str) -> dict[str, Operation]:
    """Returns the instruction that the first node of ``own`` selects from a register, which is given ``ra``: ``(RTS R:$a, 8)``."""
    for n in own if ra else ():
        for s in v.selections.of(n.name):
            registers = {name: ra for name, path in s.paths.items() if len(path) == 1 and leaf_name(s.dag, path) in v.selections.classes}
            made = v.operation(s.record, lambda o, _: None, {**s.fixed, **registers})
            if made and registers and not made.free and "isReturn" in v.selections.instructions[s.record].flags:
                return {s.record: made}
    return {}


def _returned_by_alias(v: TargetView) -> dict[str, Operation]:
    """Returns the instructions that an alias without operands, such as "ret", gives all their operands."""
    found: dict[str, Operation] = {}
    for asm, given in v.d.aliases:
        dag = parse_dag(given)
        if not _RETURNS.fullmatch(asm.strip().lower()) or dag.op not in v.selections.instructions:
            continue
        values = [str(value) for value, _ in dag.args if not isinstance(value, Dag)]
        slots = [o for o in v.selections.operands(dag.op) if not o.default]
        named = {o.name: value for o, value in zip(slots, values, strict=False)}
        made = v.operation(dag.op, lambda o, _: None, named)
        if made and not made.free and len(values) == len(slots):
            found.setdefault(dag.op, made)
    return found


def frame_pseudo(v: TargetView, opcode: str) -> str:
    """Returns the pseudo instruction selected for ``opcode``, ISD::CALLSEQ_START or ISD::CALLSEQ_END; "" if there is none."""
    return next((i.name for i in v.d.instructions if opcode in i.nodes), "")
