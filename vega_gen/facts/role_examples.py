"""Makes the examples that ranking learns from out of one target: what its C++ uses, and what its selection patterns say."""

from __future__ import annotations

from collections.abc import Iterator

from vega_gen.facts.branches import branches
from vega_gen.facts.constants import immediates_by_pattern, uppers_by_pattern
from vega_gen.facts.operations import CONDITIONS
from vega_gen.facts.ranking import RoleExample
from vega_gen.facts.role_shapes import registers, shaped
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.used import Used
from vega_gen.facts.view import TargetView
from vega_gen.facts.words import RecordWords

_REGISTERS = ("stack_pointer", "frame_pointer", "return_address", "zero", "thread_pointer")
_OPERATORS = {
    "add": "add",
    "subtract": "sub",
    "or": "or",
    "and": "and",
    "xor": "xor",
    "multiply": "mul",
    "shift_left": "shl",
    "shift_right": "srl",
    "shift_right_signed": "sra",
}
_OTHERS = ("jump", "jump_register", "constant", "constant_upper", "call", "call_register", "return", "nop")
_MOST = 800
"""Records of an example, at most."""
_FROM_CODE = 2.0
"""What an example from C++ counts, against one from a pattern."""


def role_examples(v: TargetView, used: Used) -> Iterator[RoleExample]:
    """Yields the examples of a target. Where a pattern says which instruction has a role, no record's words tell of patterns."""
    words = RecordWords(v)
    those = tuple(registers(v))
    for name in _REGISTERS:
        key = f"register.{name}"
        if right := used.records.get(key):
            yield RoleExample(v.d.name, key, those, tuple(r in right for r in those), tuple(words.of(r) for r in those), _FROM_CODE)
    for key in _keys(v):
        records = tuple(dict.fromkeys(op.record for op in shaped(v, key)))[:_MOST]
        if right := used.records.get(key):
            said = tuple(r in right for r in records)
            yield RoleExample(v.d.name, key, records, said, tuple(words.of(r) for r in records), _FROM_CODE)
        selected = _selected(v, key)
        if selected & set(records):
            hidden = tuple(words.of(r, patterns=False) for r in records)
            yield RoleExample(v.d.name, key, records, tuple(r in selected for r in records), hidden)


def _keys(v: TargetView) -> Iterator[str]:
    for name in _OPERATORS:
        yield from (f"instruction.{name}", f"instruction.{name}_immediate")
    for bits in (8, 16, 32, 64):
        if bits <= v.native:
            extended = () if bits == v.native else (".sext", ".zext")
            yield from (f"instruction.load.{bits}{extension}" for extension in extended or ("",))
            yield f"instruction.store.{bits}"
    yield from (f"instruction.{name}" for name in (*_OTHERS, f"copy.{v.gpr}", *(f"branch.{c}" for c in CONDITIONS)))


def _selected(v: TargetView, key: str) -> frozenset[str]:
    """Returns the instructions that a pattern selects for a role."""
    name, _, rest = key.removeprefix("instruction.").partition(".")
    roots: tuple[str, ...] = ()
    if operator := _OPERATORS.get(name.removesuffix("_immediate")):
        roots = (operator,)
    elif name in ("load", "store"):
        bits, _, extension = rest.partition(".")
        whole = int(bits) == v.native
        kinds = (extension, "ext") if extension == "zext" else (extension,)
        loads = tuple(f"{kind}loadi{wide}{bits}" for kind in kinds for wide in ("", f"{v.native}i"))
        roots = (name,) if whole else loads if name == "load" else (f"truncstorei{bits}",)
    elif name in ("jump", "jump_register"):
        roots = ("br",) if name == "jump" else ("brind",)
    elif name == "constant":
        return immediates_by_pattern(v)
    elif name == "constant_upper":
        return uppers_by_pattern(v)
    elif name == "branch":
        op = branches(v, v.register(RegisterRole.ZERO))[0].get(rest)
        return frozenset((op.record,) if op else ())
    return frozenset(s.record for root in roots for s in v.selections.of(root))
