"""Says which operations the code generator must expand, because no instruction does them or because the subtarget lacks all that do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from vega_gen.archetypes.operand_types import register_class
from vega_gen.facts.conditions import OPPOSITE, SWAPPED
from vega_gen.facts.find import Facts
from vega_gen.facts.operations import CONDITIONS, OperandRole
from vega_gen.facts.selections import Selections, leaf_name
from vega_gen.facts.view import encoded, other_width_patterns
from vega_gen.records import Description
from vega_gen.tablegen.raw import Dag

EXPANDED_UNLESS = {
    "mul": "MUL", "mulhs": "MULHS", "mulhu": "MULHU", "sdiv": "SDIV", "udiv": "UDIV", "srem": "SREM", "urem": "UREM", "rotl": "ROTL",
    "rotr": "ROTR", "bswap": "BSWAP", "bitreverse": "BITREVERSE", "cttz": "CTTZ", "ctlz": "CTLZ", "ctpop": "CTPOP",
}  # fmt: skip
"""Root of patterns -> the operation that needs one of them."""


def legality_actions(d: Description, m: Facts, known: AbstractSet[str]) -> list[str]:
    """Returns the actions for operations that not every subtarget has: an expansion, under a condition where only some features lack them.

    ``known``: methods of the subtarget; a pattern under a condition that calls another counts as absent."""
    others = other_width_patterns(d, m.gpr, m.native)
    kept = [n for n, p in enumerate(d.patterns) if p not in others]
    guards = d.pattern_predicates if len(d.pattern_predicates) == len(d.patterns) else ((),) * len(d.patterns)
    patterns, guarding = tuple(d.patterns[n] for n in kept), tuple(guards[n] for n in kept)
    selections = Selections(replace(d, patterns=patterns, pattern_predicates=guarding))
    real = {i.name for i in d.instructions if encoded(i) and not i.flags & {"isPseudo", "usesCustomInserter"}}
    apart = _apart(d, m, selections)
    found: dict[str, list[str]] = {}
    for root, name in EXPANDED_UNLESS.items():
        done = (records for names, records in selections.guarded.get(root, ()) if names <= real and not names <= apart)
        needs = [[d.predicates.get(p, "") for p in sorted(records)] for records in done]
        codes = list(dict.fromkeys(tuple(dict.fromkeys(c for c in one if c)) for one in needs if known >= _called(one)))
        action = f"setOperationAction(ISD::{name}, MVT::{m.type}, {'LibCall' if name == 'MUL' else 'Expand'});"
        if () not in codes or root in m.left_out:  # else an instruction that every subtarget has does it
            found.setdefault(_none_of(codes) if codes and root not in m.left_out else "", []).append(action)
    always = found.pop("", [])
    return [*always, *("\n    ".join((f"if ({condition}) {{", *actions, "}")) for condition, actions in found.items())]


def sign_extended_words(d: Description, m: Facts) -> bool:
    """Whether registers of 64 bits hold numbers of 32 bits with their sign extended, unsigned ones too: a pattern says that an addition of
    32 bits leaves its sum so."""
    found = Selections(d).of("sext_inreg") if m.native == 64 and not m.narrow else ()
    sums = (s for s in found if isinstance(s.dag.args[0][0], Dag) and s.dag.args[0][0].op == "add")
    return any(leaf_name(s.dag, (1,)) == "i32" for s in sums)


def all_of(codes: Sequence[str], known: AbstractSet[str]) -> str:
    """Returns the condition in C++ on the reference STI that all of ``codes`` hold, "" where there are none; what calls methods that are
    not ``known`` is left out."""
    told = list(dict.fromkeys(_bare(code) for code in codes if code and known >= _called([code])))
    return _of_sti(" && ".join(_operand(code) if len(told) > 1 else code for code in told))


def _apart(d: Description, m: Facts, s: Selections) -> frozenset[str]:
    """Returns the instructions that only have registers that hold no addresses, such as those of vectors, or the lower halves alone."""
    members = {c.name: frozenset(c.members) for c in d.register_classes}
    whole = members.get(m.gpr, frozenset[str]())
    types = {i.name: [register_class(s.operand_classes, o.type) for o in (*i.outs, *i.ins)] for i in d.instructions}
    return frozenset(
        name for name, used in types.items() if {*used} & members.keys() and not any(whole & members[t] for t in used if t in members)
    )


def _called(codes: Sequence[str]) -> set[str]:
    """Returns what the conditions ask, by name: methods of the subtarget, and a word that is none where they ask anything else."""
    return {name for code in codes for name in re.findall(r"Subtarget(?:->|\.)(\w+)", code) or ([""] if code else [])}


def _none_of(codes: Sequence[Sequence[str]]) -> str:
    """Returns a C++ condition that holds where none of the conjunctions of ``codes`` does."""
    bare = list(dict.fromkeys(tuple(_bare(code) for code in one) for one in codes))
    least = [one for one in bare if not any(set(other) < set(one) for other in bare)]  # a || (a && b) is a
    every = [" && ".join(_operand(code) if len(one) > 1 else code for code in one) for one in least]
    found = " || ".join(f"({one})" if "&&" in one and len(every) > 1 else one for one in every)
    return _of_sti(f"!{found}" if re.fullmatch(r"[\w>-]+(\(\))?", found) else f"!({found})")


def _bare(code: str) -> str:
    """Returns a condition without parentheses around all of it."""
    while code.startswith("(") and code.endswith(")"):
        depth, ends = 0, list[int]()
        for at, c in enumerate(code):
            depth += (c == "(") - (c == ")")
            ends += [at] if depth == 0 else []
        if ends[0] != len(code) - 1:
            break
        code = code[1:-1].strip()
    return code


def _operand(code: str) -> str:
    """Returns a condition as an operand of &&."""
    return f"({code})" if "||" in code or "?" in code else code


def _of_sti(code: str) -> str:
    """Returns a condition on the subtarget as one on the reference STI."""
    return re.sub(r"\bSubtarget(?:->|\.)", "STI.", code)


def shift_amount(d: Description, m: Facts) -> str:
    """Returns the type that the amount of a shift has in the patterns of the .td, "" where it is that of an address, as LLVM assumes.

    It is another one only where that is legal too, as i32 may be beside i64."""
    s = Selections(d)
    types = {c.name: c.type for c in d.complex_patterns} | {c.name: next(iter(c.value_types), "") for c in d.register_classes}
    held = {o.name: types.get(o.register_class, o.type) for o in d.operand_classes} | types
    found = {_type_at(dag, held) for root in ("shl", "sra", "srl") for dag in s.matched.get(root, ()) if len(dag.args) == 2}
    narrow = f"i{m.narrow.bits}" if m.narrow else ""
    return narrow if narrow in found and m.type not in found else ""


def _type_at(dag: Dag, held: Mapping[str, str]) -> str:
    """Returns the type of a pattern's second argument: of its operand class, or as a cast says it."""
    value = dag.args[1][0]
    if isinstance(value, Dag):
        return value.op
    return held.get(value, value)


def by_truth(m: Facts) -> bool:
    """Whether branches are selected as the .td's patterns have them: on a truth value, or on a comparison that is one (brcond).

    That is for instruction sets whose branches test few conditions, where a comparison computes the others into a register."""
    return bool(m.branch_nonzero) and "brcond" in m.legal and set(CONDITIONS) <= m.sets and branch_custom(m)


@dataclass(frozen=True, slots=True)
class SetBranch:
    """A branch on ``condition``, which no branch tests, on whether ``computed`` holds, or fails to hold, of the same operands or of the
    swapped ones: an instruction computes that into a register."""

    condition: str
    computed: str
    swapped: bool
    holds: bool


def set_branches(m: Facts) -> list[SetBranch]:
    """Returns how conditions are branched on that no branch tests and that an instruction computes, as they are or as the opposite."""
    if m.by_table or m.compare_branches or not ({"eq", "ne"} <= _compared(m) and m.branches):
        return []
    found: list[SetBranch] = []
    for condition in (c for c in CONDITIONS if c not in _compared(m)):
        for computed, swapped, holds in (
            (condition, False, True), (SWAPPED[condition], True, True), (OPPOSITE[condition], False, False),
            (SWAPPED[OPPOSITE[condition]], True, False),
        ):  # fmt: skip
            if computed in m.sets:
                found.append(SetBranch(condition, computed, swapped, holds))
                break
    return found


def _compared(m: Facts) -> set[str]:
    """Returns the conditions of two registers that branches test, with their operands swapped too."""
    compare = {c for c, op in m.branches.items() if OperandRole.SRC2 in op.roles}
    return compare | {SWAPPED[c] for c in compare}


def branch_custom(m: Facts) -> bool:
    """Whether BR_CC needs custom lowering: no branch tests some condition, even with swapped operands, or setcc lacks some."""
    tested = {*_compared(m), *(one.condition for one in set_branches(m))} >= set(CONDITIONS)
    return not m.by_table and not m.compare_branches and not (tested and set(CONDITIONS) <= m.sets)
