"""Finds what the C++ of pattern fragments names and no record defines: types of the target's own, methods for the width of a register."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vega_gen.cxx.interface import Interface
from vega_gen.facts import ranges
from vega_gen.facts.ranges import Range
from vega_gen.facts.selections import Selections
from vega_gen.records import Description

_OLDER = {"getAlignment()": "getAlign().value()", "getOrdering()": "getMergedOrdering()"}
"""Methods of MemSDNode and AtomicSDNode that are gone since LLVM 14 and 9 -> what says the same."""
_ORDERINGS = ("NotAtomic", "Unordered", "Monotonic", "Acquire", "Release", "AcquireRelease", "SequentiallyConsistent")
"""The enumerators of AtomicOrdering, which had no scope before LLVM 3.9."""


def named_types(d: Description) -> list[tuple[str, str]]:
    """Returns (scope, name) of the types of the target's own C++ that fragments give a variable: RISCVCC::CondCode."""
    known = {*(node.opcode.rpartition("::")[0] for node in d.nodes)}
    told = {pair for f in d.fragments for pair in re.findall(r"\b([A-Z]\w*)::([A-Z]\w*)\s+\w+\s*=", f.code)}
    return sorted((scope, name) for scope, name in told if scope.startswith(d.namespace) and scope not in known)


def range_tests(d: Description) -> list[tuple[str, str, str]]:
    """Returns (scope, name, C++ of its result for Value) of the functions that say whether a number fits an immediate, as their names tell:
    Toy::isUImm10."""
    s = Selections(d)
    found: dict[str, Range] = {}
    for f in d.fragments:
        function = ranges.asked(f.code)
        told = s.said(f.name) if function.startswith(f"{d.namespace}::") and ranges.by_name(function) else None
        if told:
            found[function] = told
    return [
        (scope, name, f"is{'' if told.signed else 'U'}Int<{told.bits}>(Value)")
        for function, told in sorted(found.items())
        for scope, _, name in (function.rpartition("::"),)
    ]


def width_methods(d: Description) -> list[str]:
    """Returns the methods of the subtarget that fragments call for the width of a register, by their names: getXLen, getGRLen."""
    return sorted(name for name in _asked(d) if re.fullmatch(r"get[A-Z]*(Len|Reg(ister)?(Size|Width|Bits))", name))


def type_methods(d: Description) -> list[str]:
    """Returns the methods of the subtarget that fragments call for the value type of a register, by their names: getXLenVT, getGRLenVT."""
    return sorted(name for name in _asked(d) if re.fullmatch(r"get[A-Z]*(Len|Reg(ister)?)VT", name))


def _asked(d: Description) -> set[str]:
    return {name for f in d.fragments for name in re.findall(r"Subtarget->(\w+)\(\)", f.code)}


def register_variables(d: Description, llvm: Interface) -> list[str]:
    """Returns what the C++ of fragments calls the register information: variables that it does not declare, of which it calls only methods
    of TargetRegisterInfo's own."""
    called: dict[str, set[str]] = {}
    for f in d.fragments:
        for name, method in re.findall(r"(?<![\w.>:])([A-Za-z_]\w*)->(\w+)\(", f.code):
            if not re.search(rf"[\w>*&] *\b{name} *[=;,)]", f.code):
                called.setdefault(name, set()).add(method)
    told = {name for name, methods in called.items() if all(llvm.declares(f"TargetRegisterInfo::{one}") for one in methods)}
    return sorted(told - {"N", "MRI", "TRI"})


def customary(d: Description) -> list[str]:
    """Returns the customary functions that the C++ of fragments calls and SelectionDAGISel lacks: "getImm", which makes a number an
    operand, the number of bits for getI32Imm and the like, "getLoadExtType", which asks how a load extends."""
    called = {name for f in d.fragments for name in f.calls}
    sizes = sorted((found[1] for name in called if (found := re.fullmatch(r"getI(8|16|32|64)Imm", name))), key=int)
    types = ["APSInt"] if any(re.search(r"\bAPSInt\b", f.code) for f in d.fragments) else []
    return [*(name for name in ("getImm", "getLoadExtType") if name in called), *types, *sizes]


def older_names(d: Description, llvm: Interface) -> list[tuple[str, str]]:
    """Returns (name, what it is called now) of what the C++ of fragments names and LLVM no longer has: methods of memory nodes, orderings
    without their scope."""
    methods = [
        (name, now)
        for name, now in _OLDER.items()
        if any(name in f.code for f in d.fragments) and not llvm.mentions("llvm/CodeGen/SelectionDAGNodes.h", name)
    ]
    plain = {name for f in d.fragments if "Ordering()" in f.code for name in re.findall(r"(?<![\w:])\w+", f.code)}
    return methods + [(name, f"AtomicOrdering::{name}") for name in _ORDERINGS if name in plain]


def older_constants(d: Description) -> bool:
    """Whether the C++ of fragments makes a constant without a place in the source, as LLVM had them before 3.7."""
    return any(len(given) == 2 and "MVT::" in given[1] for f in d.fragments for given in _arguments(f.code, "getTargetConstant("))


def _arguments(code: str, call: str) -> Iterator[list[str]]:
    """Yields the arguments of each call in C++. ``call``: the function's name and the parenthesis behind it."""
    for found in re.finditer(re.escape(call), code):
        given, depth = [""], 0
        for character in code[found.end() :]:
            if character == ")" and not depth:
                yield given
                break
            depth += (character in "([{") - (character in ")]}")
            if character == "," and not depth:
                given.append("")
            else:
                given[-1] += character
