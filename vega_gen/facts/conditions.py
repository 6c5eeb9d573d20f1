"""Finds how a target compares two registers and branches on the result through flags: in a register that a comparison sets and a branch
tests, implicitly or as an operand.

A branch tests one condition, or has an operand with the number of one. What a number means, patterns, aliases or encodings say; where none
does, one of the numberings of ``targets/settings/conditions.toml`` is taken, which is a default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from vega_gen import resources
from vega_gen.facts.choosing import Choice
from vega_gen.facts.kinds import node_meaning
from vega_gen.facts.operations import CONDITIONS, ComparedBranch, OperandRole, Operation
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandInfo, OperandKind, Selection, leaf_name
from vega_gen.facts.view import TargetView, encoded, mnemonic
from vega_gen.records import Description, Evidence, Instruction
from vega_gen.tablegen.raw import Dag, parse_dag

Comparisons = Mapping[int, Mapping[str, ComparedBranch]]
"""Width in bits -> condition -> how two registers of that width are compared."""

_WORDS = {
    "eq": "eq e z equal zero", "ne": "ne nz nequal nzero",
    "lt": "lt l slt lts", "le": "le sle les ng", "gt": "gt g sgt gts", "ge": "ge sge ges nl",
    "ult": "lo ltu ult lu b nae", "uge": "hs sh geu uge ae nb his", "ugt": "hi gtu ugt gu a nbe h", "ule": "ls leu ule be na",
}  # fmt: skip
"""Condition -> the words for it in mnemonics and names, the usual ones first."""
_CARRY = {"cs": "ult", "c": "ult", "cc": "uge", "nc": "uge"}
"""Words that name the carry: after a subtraction it is the borrow on most machines. They count where no other word says the condition."""
_OF_WORD = {word: condition for condition, words in _WORDS.items() for word in words.split()}
_BRANCH = re.compile(r"(?:l\.)?(?:b|br|j|jmp|bc|bcc|jc|jcc|bp|jr|bra)[._]?([a-z]+?)(?:[._]?[bwlsq]|[._]?\d+)?")
_BRANCH_ALONE = re.compile(r"(?:l\.)?(?:b|br|j|jmp|bc|bcc|jc|jcc|bp|jr|bra)[._]?([a-z]+)")
_COMPARE = re.compile(r"(?:l\.)?(?:cmp|cp|comp|compare|c|cr|cgr|cmps|subcc|subs|tst)(?:[._]?[bwlqdh]|\d+)?")
_UNSIGNED = re.compile(r"(?:l\.)?(?:cmpu|cmpl[wd]?|cpu|cl|clr|clgr|ucmp)(?:[._]?[bwlqdh]|\d+)?")
_PER_CONDITION = re.compile(r"(?:l\.)?(?:sf|cmp|set|test|tst|c)[._]?([a-z]+?)(?:\d+)?")
_SET_AND_CLEAR = (("bf", "bnf"), ("bt", "bf"), ("brt", "brf"), ("jt", "jf"))
_MNEMONIC_ENDS = re.compile(r"^l\.|\d+$")
_LEAF = re.compile(r"(?:^|_)([A-Za-z]+)$")
_NO_INTEGER = re.compile(r"\((?:f|v\d+[if])\d+ ")
"""What a fragment that is a register of another type begins with."""
_NO_BRANCH = frozenset({"isBarrier", "isIndirectBranch", "isCall", "isReturn", "isPseudo"})
_NO_COMPARE = frozenset({"mayLoad", "mayStore", "isBranch", "isCall", "isReturn", "isPseudo", "isTerminator", "isBarrier"})
_PAIRS = (("eq", "ne"), ("lt", "ge"), ("le", "gt"), ("ult", "uge"), ("ule", "ugt"))
OPPOSITE = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}
"""Condition -> the one that holds where it does not."""
SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "ult": "ugt", "ule": "uge", "ugt": "ult", "uge": "ule", "eq": "eq", "ne": "ne"}
"""Condition -> the same one with its operands swapped."""
_WIDTHS = (8, 16, 32, 64)
_SIGNED = {"ult": "lt", "ule": "le", "ugt": "gt", "uge": "ge"}


@dataclass(frozen=True, slots=True)
class _Branch:
    """A conditional branch. ``flags``: the registers that it reads implicitly. ``held``: class of its flags operand, "" if it has none."""

    op: Operation
    flags: frozenset[str]
    held: str = ""


def comparisons(v: TargetView) -> Comparisons:
    """Returns, for each width of integers that instructions compare, how each condition is tested.

    A width is there only where all conditions can be tested, some perhaps with the operands swapped."""
    branches = _branches(v)
    found: dict[int, dict[str, ComparedBranch]] = {}
    for bits, made in _compares(v, branches).items():
        if all({c, SWAPPED[c]} & made.keys() for c in CONDITIONS):
            found[bits] = made
    return found


def tests_all(branches: Mapping[str, Operation]) -> bool:
    """Whether single instructions compare two registers and branch, on any condition, some perhaps with the operands swapped."""
    compare = {c for c, op in branches.items() if {*op.free} == {OperandRole.SRC, OperandRole.SRC2, OperandRole.TARGET}}
    return all({c, SWAPPED[c]} & compare for c in CONDITIONS)


def branch_name(bits: int) -> str:
    """Returns the name of the pseudo instruction that compares integers of a width and branches."""
    return f"BR_CC_i{bits}"


def select_name(bits: int, compared: int) -> str:
    """Returns the name of the pseudo instruction that compares integers of ``compared`` bits and selects one of two of ``bits`` bits."""
    return f"SELECT_CC_i{bits}_i{compared}"


def made_branches(d: Description) -> dict[int, str]:
    """Returns width -> the pseudo instruction that compares and branches, where the completion has them."""
    made = {branch_name(bits): bits for bits in _WIDTHS}
    return {made[i.name]: i.name for i in d.instructions if i.name in made and "isPseudo" in i.flags}


def made_selects(d: Description) -> dict[tuple[int, int], str]:
    """Returns (width, width of what is compared) -> the pseudo instruction that compares and selects, where the completion has them."""
    made = {select_name(bits, compared): (bits, compared) for bits in _WIDTHS for compared in _WIDTHS}
    return {made[i.name]: i.name for i in d.instructions if i.name in made and "isPseudo" in i.flags}


def _compares(v: TargetView, branches: Mapping[str, _Branch]) -> dict[int, dict[str, ComparedBranch]]:
    if not branches:
        return {}
    first = next(iter(branches.values()))
    flags = frozenset[str]().union(*(b.flags for b in branches.values()))
    best: dict[tuple[int, str], tuple[tuple[int, ...], Operation]] = {}
    for i in v.d.instructions:
        if i.flags & _NO_COMPARE or not encoded(i) or not (first.held or flags & set(i.defs)):
            continue
        for bits, kind, rank, op in _compare(v, i, first.held):
            old = best.get((bits, kind))
            if old is None or rank > old[0]:
                best[bits, kind] = rank, op
    if (key := "instruction.compare") in v.chooser.given and (said := v.choose_operation(key, ())):
        bits = v.bits(v.selections.operands(said.record)[said.index(OperandRole.SRC)].type)
        best[bits, ""] = (), _with_result(v, replace(said, range=None), first.held)
    found: dict[int, dict[str, ComparedBranch]] = {}
    for bits in sorted({bits for bits, _ in best}):
        made: dict[str, ComparedBranch] = {}
        for condition in CONDITIONS:
            own, wide = best.get((bits, condition)), best.get((bits, "unsigned"))
            usual = best.get((bits, ""))
            signed = _SIGNED.get(condition, condition)
            other = best.get((bits, OPPOSITE[condition]))
            if "set" in branches and own:
                made[condition] = ComparedBranch(own[1], branches["set"].op)
            elif "clear" in branches and other:
                made[condition] = ComparedBranch(other[1], branches["clear"].op)
            elif condition in branches and usual:
                made[condition] = ComparedBranch(usual[1], branches[condition].op)
            elif condition not in branches and signed in branches and wide:
                made[condition] = ComparedBranch(wide[1], branches[signed].op)
        found[bits] = made
    return found


def _compare(v: TargetView, i: Instruction, held: str) -> Iterator[tuple[int, str, tuple[int, ...], Operation]]:
    """Yields (bits, kind, rank, operation) of an instruction that compares two registers.

    ``held``: the class of the flags, where they are an operand. Kind: a condition, "unsigned", or "" for a comparison that sets all flags
    or those of signed numbers."""
    own = [s for s in v.selections.every(i.name) if node_meaning(v.nodes.get(s.dag.op, "")) == "cmp"]
    s = next((s for s in own if {(0,), (1,)} <= set(s.paths.values())), None)
    if own and s is None:
        return  # it compares something else than two registers
    word = mnemonic(i)
    usual = s is not None or _COMPARE.fullmatch(word) is not None
    condition = _OF_WORD.get(told[1], "") if not usual and (told := _PER_CONDITION.fullmatch(word)) else ""
    unsigned = _UNSIGNED.fullmatch(word) is not None
    subtracts = any(n.endswith(("::SUB", "::SUBS", "::SUBC", "::SUBCC", "::SUB_FLAG")) for n in i.nodes) and bool(i.outs)
    if not (usual or condition or unsigned or subtracts):
        yield from _truth(v, i, held)
        return
    roles = _operands(v, i, s, held)
    op = v.operation(i.name, lambda operand, at: roles.get(at))
    if op is None or not {OperandRole.SRC, OperandRole.SRC2} <= set(op.roles):
        return
    source = v.selections.operands(i.name)[op.index(OperandRole.SRC)]
    bits = v.bits(source.type)
    plain = OperandRole.DST not in op.roles or bool(held)
    taken = next((len(c.members) for c in v.d.register_classes if c.name == v.class_of(source.type)), 0)
    rank = (int(plain), int(s is not None), int(_COMPARE.fullmatch(word) is not None), taken, -len(op.free), -i.size)
    if bits and not (op.tied and OperandRole.DST in op.roles):
        yield bits, condition or ("unsigned" if unsigned else ""), rank, _with_result(v, replace(op, range=None), held)


def _truth(v: TargetView, i: Instruction, held: str) -> Iterator[tuple[int, str, tuple[int, ...], Operation]]:
    """Yields what ``_compare`` does of an instruction that a pattern selects to set a register of flags to whether a condition holds of
    two registers, as in (i1 (setgt R:$a, R:$b))."""
    if not held or len(i.outs) != 1 or v.class_of(i.outs[0].type) != held:
        return
    whole = {o.name: o.dag for o in v.d.operators}
    for s in v.selections.every(i.name):
        condition = s.dag.op.removeprefix("set")
        others = any(_NO_INTEGER.match(whole.get(leaf, "")) for leaf in v.selections.leaves(s).values())
        if condition not in CONDITIONS or {(0,), (1,)} != set(s.paths.values()) or others:
            continue
        roles = _operands(v, i, s, held)
        op = v.operation(i.name, lambda _, at, roles=roles: roles.get(at))
        if op and {OperandRole.SRC, OperandRole.SRC2} <= set(op.roles):
            bits = v.bits(v.selections.operands(i.name)[op.index(OperandRole.SRC)].type)
            if bits:
                yield bits, condition, (1,), _with_result(v, replace(op, range=None), held)
            return


def _with_result(v: TargetView, op: Operation, held: str) -> Operation:
    """Returns a comparison with its result in a certain register: in the first of the registers of flags, or, where nobody wants it, in one
    that is always zero."""
    at = op.index(OperandRole.DST)
    if at < 0:
        return op
    name = v.class_of(v.selections.operands(op.record)[at].type)
    members = next((c.members for c in v.d.register_classes if c.name == name), tuple[str, ...]())
    zeros = (r for r in members if v.register_roles.get(r) is RegisterRole.ZERO)
    register = members[0] if held else next(zeros, "")
    return _with(op, at, register) if register else op


def _operands(v: TargetView, i: Instruction, s: Selection | None, held: str) -> dict[int, OperandRole]:
    """Returns index -> role of the operands of a comparison: those of its pattern, else the first and the second register."""
    found: dict[int, OperandRole] = {}
    waiting = [OperandRole.SRC, OperandRole.SRC2]
    for n, o in enumerate(v.selections.operands(i.name)):
        register = o.kind is OperandKind.REG
        if o.out:
            if register and (v.class_of(o.type) == held if held else v.bits(o.type)):
                found[n] = OperandRole.DST
        elif register and v.bits(o.type) and o.part <= 0:
            path = s.paths.get(o.name) if s else None
            at = path[0] if path in ((0,), (1,)) else -1
            role = (OperandRole.SRC, OperandRole.SRC2)[at] if at >= 0 else waiting[0] if waiting else None
            if role:
                found[n] = role
                waiting = [r for r in waiting if r is not role]
        elif o.kind is OperandKind.IMM and o.part > 0:
            found[n] = OperandRole.NONE
    return found


def _branches(v: TargetView) -> dict[str, _Branch]:
    """Returns condition -> the branch that tests it; "set" and "clear" for branches that test a single flag."""
    single: dict[str, tuple[tuple[int, ...], _Branch]] = {}
    coded: list[tuple[tuple[int, ...], _Branch]] = []
    for i in v.d.instructions:
        if not {"isBranch", "isTerminator"} <= i.flags or i.flags & _NO_BRANCH or not encoded(i):
            continue
        made = _branch(v, i)
        if made is None:
            continue
        selected = any(node_meaning(v.nodes.get(s.dag.op, "")) == "brcc" for s in v.selections.every(i.name))
        rank = (selected, made.op.range.high if made.op.range else 0, -len(i.predicates))
        if OperandRole.CONDITION in made.op.roles:
            coded.append((rank, made))
        else:
            name = _tested(v, i)
            if name and (name not in single or rank > single[name][0]):
                single[name] = rank, made
    found = {name: made for name, (_, made) in single.items()}
    reaching = sorted(_plain(v), key=lambda made: made.op.range.high if made.op.range else 0)  # the farthest counts
    words = {_MNEMONIC_ENDS.sub("", mnemonic(v.selections.instructions[made.op.record])): made for made in reaching}
    for taken, other in _SET_AND_CLEAR:
        if set(found) < {"set", "clear"} and taken in words and other in words:  # a pattern tells one of the two at most
            return {"set": words[taken], "clear": words[other]}
    unsigned = {c for c in found if c.startswith("u")}
    # Where some conditions of unsigned numbers have words and others none, one word means both, by what compares: jh, jl.
    complete = _complete(dict.fromkeys(found, 0)) and (not unsigned or all({c, SWAPPED[c]} & unsigned for c in _SIGNED))
    for rank, made in sorted(coded, key=lambda pair: pair[0], reverse=True):
        if complete and not rank[0]:
            break  # instructions that test one condition say more than one with a number that no pattern selects
        if codes := _chosen(v, made.op):
            at = made.op.index(OperandRole.CONDITION)
            return {c: replace(made, op=_with(made.op, at, str(number))) for c, number in codes.items()}
    return found


def _plain(v: TargetView) -> Iterator[_Branch]:
    for i in v.d.instructions:
        if {"isBranch", "isTerminator"} <= i.flags and not i.flags & _NO_BRANCH and encoded(i):
            made = _branch(v, i)
            if made and OperandRole.CONDITION not in made.op.roles:
                yield made


def _with(op: Operation, at: int, value: str) -> Operation:
    roles = tuple(OperandRole.FIXED if n == at else role for n, role in enumerate(op.roles))
    return replace(op, roles=roles, fixed=(*op.fixed, (at, value)))


def _branch(v: TargetView, i: Instruction) -> _Branch | None:
    """Returns the instruction if it branches on flags alone: to a target, perhaps with a condition and a register of flags."""
    flags = frozenset(r for r in i.uses if v.register_roles.get(r) is RegisterRole.FLAGS or r not in v.members)
    numbered = [n for n, o in enumerate(v.selections.operands(i.name)) if o.kind is OperandKind.IMM and not o.default]
    placed = [n for n in numbered if v.selections.field(i.name, v.selections.operands(i.name)[n].name)]
    code = (placed or numbered)[-1:] if numbered else []
    held = ""
    known = _flags_register(v)

    def name(o: OperandInfo, at: int) -> OperandRole | None:
        nonlocal held
        if o.out:
            return None
        if o.kind is OperandKind.TARGET:
            return OperandRole.TARGET
        if o.kind is OperandKind.REG:
            held = v.class_of(o.type)
            return OperandRole.FLAGS if held and not v.bits(o.type) else None
        return OperandRole.CONDITION if at in code else OperandRole.NONE

    op = v.operation(i.name, name)
    if op is None or OperandRole.TARGET not in op.roles:
        return None
    if held:
        members = next(c.members for c in v.d.register_classes if c.name == held)
        op = _with(op, op.index(OperandRole.FLAGS), members[0])
    defaults = [(n, o) for n, o in enumerate(v.selections.operands(i.name)) if o.default]
    if not flags and not held and len(defaults) == 2 and known:  # a predicate: the condition, and the register that it reads
        at, where = defaults[0][0], defaults[1][0]
        roles = tuple(OperandRole.CONDITION if n == at else role for n, role in enumerate(op.roles))
        return _Branch(replace(op, roles=roles, fixed=((where, known),)), frozenset({known}))
    return _Branch(op, flags, held) if flags or held else None


def _flags_register(v: TargetView) -> str:
    return next((name for name, role in v.register_roles.items() if role is RegisterRole.FLAGS), "")


def _tested(v: TargetView, i: Instruction) -> str:
    """Returns the condition that a branch without a condition operand tests: by its pattern, the leaf in that, its mnemonic or its name;
    "set" or "clear" where it tests a truth value."""
    for s in v.selections.every(i.name):
        if s.dag.op == "brcond" and (0,) in s.paths.values():
            return "set"
        if s.dag.op == "brcond" and (0, 0) in s.paths.values() and isinstance(s.dag.args[0][0], Dag) and s.dag.args[0][0].op == "not":
            return "clear"
        for n in range(len(s.dag.args)):
            if (told := _LEAF.search(leaf_name(s.dag, (n,)))) and (found := _OF_WORD.get(told[1].lower())):
                return found
    return condition_said(mnemonic(i))


def condition_said(word: str) -> str:
    """Returns the condition in a branch's mnemonic, "" if there is none."""
    for pattern in (_BRANCH_ALONE, _BRANCH):  # a last letter that may be a size may belong to the condition: bls
        told = pattern.fullmatch(word)
        if told and (found := _OF_WORD.get(told[1], "") or _CARRY.get(told[1], "")):
            return found
    return ""


def _chosen(v: TargetView, op: Operation) -> dict[str, int]:
    """Returns condition -> its number in the condition operand of a branch, as a person gave it or as ``_numbers`` finds it."""
    said, assumed = _numbers(v, op)
    found: dict[str, int] = {}
    for condition in CONDITIONS:
        choices = [Choice(str(n[condition]), evidence, reason) for n, evidence, reason in (
            (said, Evidence.PATTERN, f"patterns, aliases or encodings of {op.record} say it"),
            (assumed, Evidence.DEFAULT, "instruction sets with condition codes of this width often number them so"),
        ) if condition in n]  # fmt: skip
        if value := v.choose(f"condition.{condition}", choices):
            found[condition] = int(value)
    return found


def _numbers(v: TargetView, op: Operation) -> tuple[dict[str, int], dict[str, int]]:
    """Returns condition -> its number, as the .td says them, and as a known numbering has them that does not contradict those.

    Named leaves of patterns say them, or aliases of the branch with a number, or instructions that are the branch with a number in its
    field."""
    operands = v.selections.operands(op.record)
    operand = operands[op.index(OperandRole.CONDITION)]
    said = _by_leaf(v) or _by_alias(v, op) or _by_encoding(v, op, operand)
    return said, _by_scheme(v, op, operand, said)


def _complete(found: Mapping[str, int]) -> dict[str, int]:
    """Returns the numbers if they are those of enough conditions to be a numbering."""
    return dict(found) if {"eq", "ne", "lt", "ge"} <= found.keys() else {}


def _by_leaf(v: TargetView) -> dict[str, int]:
    found: dict[str, int] = {}
    for o in v.d.operators:
        told = re.fullmatch(r"\w*(?:COND|CC|Cond)_?([A-Za-z]+)", o.name)
        number = re.fullmatch(r"\(?(?:i\d+ )?\(?(-?\d+)\)*", o.dag.strip()) if told else None
        if told and number and (condition := _OF_WORD.get(told[1].lower())):
            found.setdefault(condition, int(number[1]))
    return _complete(found)


def _by_alias(v: TargetView, op: Operation) -> dict[str, int]:
    """Returns what aliases say. Of two words for a condition the usual one counts: "a" is "above", but "always" where "gu" stands too."""
    found: dict[str, int] = {}
    words: dict[str, int] = {}
    carry: dict[str, int] = {}
    operands = v.selections.operands(op.record)  # an alias gives each sub-operand a value
    at = op.index(OperandRole.CONDITION)
    for asm, result in v.d.aliases:
        dag = parse_dag(result) if op.record in result else ""
        if not isinstance(dag, Dag) or dag.op != op.record or len(dag.args) != len(operands):
            continue
        value = dag.args[at][0]
        number = value.args[0][0] if isinstance(value, Dag) and value.args else value
        told = _BRANCH.fullmatch(asm.split()[0].lower()) if asm.split() else None
        if told and isinstance(number, str) and number.lstrip("-").isdigit():
            if (c := _OF_WORD.get(told[1], "")) and (rank := _WORDS[c].split().index(told[1])) < words.get(c, len(_OF_WORD)):
                found[c], words[c] = int(number), rank
            carry |= {c: int(number)} if (c := _CARRY.get(told[1], "")) else {}
    return _complete(carry | found)


def _by_encoding(v: TargetView, op: Operation, operand: OperandInfo) -> dict[str, int]:
    field = v.selections.field(op.record, operand.name)
    mine = v.selections.instructions[op.record].encoding
    places = {len(mine) - 1 - at: bit for bit, at in field}
    found: dict[str, int] = {}
    for i in v.d.instructions:
        condition = condition_said(mnemonic(i))
        if not condition or len(i.encoding) != len(mine) or not field:
            continue
        number = 0
        for n, (own, other) in enumerate(zip(mine, i.encoding, strict=True)):
            if n in places and other in "01":
                number |= int(other) << places[n]
            elif n in places or (own in "01") != (other in "01") or (own in "01" and own != other):
                break
        else:
            found.setdefault(condition, number)
    return _complete(found)


def _by_scheme(v: TargetView, op: Operation, operand: OperandInfo, said: Mapping[str, int]) -> dict[str, int]:
    """Returns a known numbering that does not contradict ``said``, nor the number with which the branch is always taken."""
    field = v.selections.field(op.record, operand.name)
    always = _always(v, op, operand)
    for scheme in resources.settings("conditions")["scheme"]:
        agrees = scheme["codes"].items() >= said.items()
        if agrees and (said or (scheme["bits"] == len(field) and always in (None, scheme["always"]))):
            return dict(scheme["codes"])
    return {}


def _always(v: TargetView, op: Operation, operand: OperandInfo) -> int | None:
    """Returns the number with which the branch is always taken, None if that is not known: the default of a predicate, or what an
    unconditional branch has in the place of the condition."""
    if operand.default:
        return int(operand.default)
    mine = v.selections.instructions[op.record].encoding
    places = {len(mine) - 1 - at: bit for bit, at in v.selections.field(op.record, operand.name)}
    for i in v.d.instructions:
        if {"isBranch", "isBarrier"} <= i.flags and len(i.encoding) == len(mine) and all(i.encoding[n] in "01" for n in places):
            rest = [n for n, own in enumerate(mine) if n not in places and own in "01"]
            if all(mine[n] == i.encoding[n] for n in rest):
                return sum(int(i.encoding[n]) << bit for n, bit in places.items())
    return None
