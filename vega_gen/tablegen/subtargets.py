"""Chooses the one machine, of those that the .td files describe, that facts are found for: a processor, its features, a hardware mode.

A description may hold several machines: value types and register sizes by HwMode, and instructions and patterns under predicates. What
only some of them have would lead to facts that contradict each other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import cache

from vega_gen.errors import InputError
from vega_gen.records import Description, HardwareMode, Instruction
from vega_gen.tablegen import predicates
from vega_gen.tablegen.raw import Dag, parse_dag

CPU, ATTRS, FEATURES, MODE = "Subtarget.cpu", "Subtarget.attrs", "Subtarget.features", "Subtarget.mode"
"""Keys of ``Description.data``: the chosen processor, features beside it as for -mattr, the records of all its features, and its HwMode
record, "" where there are no modes."""
_METHOD = re.compile(r"(?:\w+(?:->|\.))?(\w+)\(\)")
_AT_LEAST = re.compile(r"(\w+) >= ([\w:]+)")


def default_cpu(d: Description) -> str:
    """Returns the processor that the target takes where none is asked for: "generic", else the first; "" where there is none."""
    return next((p.name for p in d.processors if p.name == "generic"), d.processors[0].name if d.processors else "")


def on_subtarget(d: Description, cpu: str = "", attrs: str = "") -> Description:
    """Returns the description for one processor: types and register sizes are those of its mode, and ``data`` says which was chosen.

    ``cpu``: as for -mcpu, "" for the default. ``attrs``: as for -mattr, such as "+64bit,-m". Raises InputError for a name that the
    .td files do not have."""
    known = {p.name: p for p in d.processors}
    if cpu and cpu not in known:
        raise InputError(f"no processor is called {cpu!r}", "--mcpu", _near(cpu, known))
    _require_features(d, attrs)
    chosen = cpu or default_cpu(d)
    features = _enabled(d, known[chosen].features if chosen in known else (), attrs)
    modes = [m for m in d.modes if m.features and _mode_holds(d, m, features)] or [m for m in d.modes if not m.features][:1]
    mode = modes[0] if modes else None
    features_on = " ".join(f.record for f in d.features if f.record in features)
    data = d.data | {CPU: chosen, ATTRS: attrs, FEATURES: features_on, MODE: mode.name if mode else ""}
    return replace(_in_mode(d, mode), data=data) if mode else replace(d, data=data)


def basic(d: Description) -> Description:
    """Returns the description without the instructions and patterns that the chosen processor lacks.

    A condition in C++ that the .td files do not explain counts as false, as it does in the generated subtarget. An instruction that took
    the pattern of a Pat loses it where that Pat is dropped."""
    kept = _BASIC.get(id(d))
    if kept is not None and kept[0] is d:
        return kept[1]
    holds = predicate_test(d)
    known = len(d.pattern_predicates) == len(d.patterns)
    guards = d.pattern_predicates if known else ((),) * len(d.patterns)
    pairs = [(pattern, guard) for pattern, guard in zip(d.patterns, guards, strict=True) if holds(guard)]
    instructions = tuple(i for i in d.instructions if holds(i.predicates))
    if len(pairs) == len(d.patterns) and len(instructions) == len(d.instructions):
        made = d
    else:
        matched = {pattern[0] for pattern, _ in pairs}

        def told(i: Instruction) -> Instruction:
            return i if not i.pattern or i.pattern.startswith("[") or i.pattern in matched else replace(i, pattern="", nodes=())

        patterns, guarding = tuple(pattern for pattern, _ in pairs), tuple(guard for _, guard in pairs)
        made = replace(d, instructions=tuple(map(told, instructions)), patterns=patterns, pattern_predicates=guarding)
    _BASIC.clear()
    _BASIC[id(d)] = (d, made)
    return made


_BASIC: dict[int, tuple[Description, Description]] = {}


def predicate_test(d: Description) -> Callable[[Iterable[str]], bool]:
    """Returns the function that says whether all of some Predicate records hold for the chosen processor."""
    on = frozenset(d.data.get(FEATURES, "").split())

    @cache
    def one(record: str) -> bool:
        if record in d.assembler_predicates:
            return condition_holds(parse_dag(d.assembler_predicates[record]), on)
        code = d.predicates.get(record, "")
        return not code or _holds(d, code, on)

    return lambda records: all(one(record) for record in records)


def asked_width(d: Description) -> tuple[int, str]:
    """Returns the width of addresses that a feature of the chosen processor says, "64bit", and the subtarget method that conditions of the
    .td ask for it and no other record explains: ``isPPC64``. (0, "") where there is none."""
    on = d.data.get(FEATURES, "").split()
    for method in sorted(predicates.asked(d)):
        f = predicates.wide_feature(d, method)
        if f and f.record in on and predicates.answer(d, method) == f.field:
            return int(f.name.removesuffix("bit")), method
    return 0, ""


def _in_mode(d: Description, mode: HardwareMode) -> Description:
    classes = {c.name: c for c in mode.register_classes}
    operands = {o.name: o for o in mode.operand_classes}
    complex_patterns = {c.name: c for c in mode.complex_patterns}
    return replace(
        d,
        register_classes=tuple(classes.get(c.name, c) for c in d.register_classes),
        operand_classes=tuple(operands.get(o.name, o) for o in d.operand_classes),
        complex_patterns=tuple(complex_patterns.get(c.name, c) for c in d.complex_patterns),
    )


def enabled(d: Description, cpu: str = "", attrs: str = "") -> frozenset[str]:
    """Returns the SubtargetFeature records that are on in a backend that was made for the description's chosen processor.

    ``cpu``, ``attrs``: what its tools are given as -mcpu and -mattr, which come on top of what was chosen. Names that the .td files do not
    have turn nothing on, as in LLVM."""
    chosen = cpu or d.data.get(CPU) or default_cpu(d)
    first = next((p.features for p in d.processors if p.name == chosen), ())
    return _enabled(d, first, ",".join(filter(None, (d.data.get(ATTRS, ""), attrs))))


def closed(features: Iterable[str], implied: Mapping[str, Iterable[str]]) -> set[str]:
    """Returns the features and all that they imply, directly or not. ``implied``: feature -> those that it implies itself."""
    found: set[str] = set()
    waiting = list(features)
    while waiting:
        record = waiting.pop()
        if record not in found:
            found.add(record)
            waiting += implied.get(record, ())
    return found


def _enabled(d: Description, first: Iterable[str], attrs: str) -> frozenset[str]:
    implied = {f.record: f.implies for f in d.features}
    names = {f.name: f.record for f in d.features}
    found = closed(first, implied)
    for word in _words(attrs):
        record = names.get(word.lstrip("+-"))
        if record is None:
            continue
        if word[0] == "-":  # what implies it goes too, as in llvm/MC/MCSubtargetInfo.cpp
            found -= {r for r in found if record in closed((r,), implied)}
        else:
            found |= closed((record,), implied)
    return frozenset(found)


def _require_features(d: Description, attrs: str) -> None:
    names = {f.name for f in d.features}
    for word in _words(attrs):
        if word[0] not in "+-" or word.lstrip("+-") not in names:
            raise InputError(f"no feature is called {word!r}", "--mattr", _near(word.lstrip("+-"), names))


def _words(attrs: str) -> list[str]:
    return [word for w in attrs.split(",") if (word := w.strip())]


def _near(word: str, known: Iterable[str]) -> str:
    listed = sorted(known)
    near = difflib.get_close_matches(word, listed, 3) or listed[:8]
    return f"the .td files have, for example, {', '.join(near)}" if near else "the .td files define none"


def _mode_holds(d: Description, mode: HardwareMode, on: frozenset[str]) -> bool:
    """Whether all features of a mode's string, such as "+64bit,-e", are as it says."""
    names = {f.name: f.record for f in d.features}
    words = mode.features.split(",")
    return all((names.get(word[1:], "") in on) == (word[0] == "+") for word in words if word)


def condition_holds(dag: Dag | str, on: Collection[str]) -> bool:
    """Whether an AssemblerCondDag, (all_of A, (not B)) or (any_of A, B), holds with the features ``on``."""
    if isinstance(dag, str):
        return dag in on
    parts = [condition_holds(part, on) for part, _ in dag.args]
    return any(parts) if dag.op == "any_of" else not parts[0] if dag.op == "not" and parts else all(parts)


def _holds(d: Description, code: str, on: frozenset[str]) -> bool:
    """Whether a condition in C++ holds, on fields of features or methods of the subtarget. What is not known is false."""
    code = code.strip()
    while code.startswith("(") and _closing(code, 0) == len(code) - 1:
        code = code[1:-1].strip()
    for operator, joined in (("||", any), ("&&", all)):
        parts = _split(code, operator)
        if len(parts) > 1:
            return joined(_holds(d, part, on) for part in parts)
    if code.startswith("!") and not code.startswith("!="):
        return not _holds(d, code[1:], on)
    if code in ("true", "1"):
        return True
    if method := _METHOD.fullmatch(code):
        told = predicates.answer(d, method[1])
        return bool(told) and told != code and _holds(d, told, on)
    if at_least := _AT_LEAST.fullmatch(code):
        same = [f for f in d.features if f.field == at_least[1]]
        order = [f.value for f in sorted(same, key=lambda f: (int(f.value) if f.value.isdigit() else 0))]
        wanted = order.index(at_least[2]) if at_least[2] in order else len(order)
        return any(f.record in on and order.index(f.value) >= wanted for f in same)
    given = [f.value == "true" for f in d.features if f.field == code and f.record in on]
    return any(given) if given else any(f.field == code and f.value == "false" for f in d.features)


def _split(code: str, operator: str) -> list[str]:
    """Returns the parts between ``operator`` outside of parentheses."""
    parts, depth, start = list[str](), 0, 0
    for at, c in enumerate(code):
        depth += (c == "(") - (c == ")")
        if not depth and code.startswith(operator, at):
            parts.append(code[start:at])
            start = at + len(operator)
    return [*parts, code[start:]]


def _closing(code: str, start: int) -> int:
    depth = 0
    for at in range(start, len(code)):
        depth += (code[at] == "(") - (code[at] == ")")
        if not depth:
            return at
    return -1
