"""Writes planned classes as C++ text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen import cxx
from vega_gen.emit import templates
from vega_gen.emit.functions import Markers, function_text
from vega_gen.records import Member, MemberKind, PlannedClass, PlannedFunction, Signature, Step


def class_text(planned: PlannedClass, nested: Sequence[PlannedClass], functions: Sequence[PlannedFunction], markers: Markers) -> str:
    """Returns the definition of a class, without a newline at its end.

    ``nested``: other planned classes; those inside ``planned`` are written into it. ``functions``: planned methods of these classes,
    wherever they are defined. Those defined in the class get their bodies there. Methods that no member declares get a declaration, unless
    the declaration does not compile.
    """
    own = [f for f in functions if f.candidate.signature.class_name == planned.name and f.step is not Step.LEFT_OUT]
    inner = {c.name.removeprefix(planned.name + "::"): c for c in nested if c.name.rpartition("::")[0] == planned.name}
    runs: list[tuple[str, list[str]]] = []
    access = "public" if planned.struct else "private"

    def add(wanted: str, text: str) -> None:
        nonlocal access
        if not runs or access != wanted:
            runs.append(("" if wanted == access else wanted, []))
            access = wanted
        runs[-1][1].append(text)

    written = {_defined_class(member): member for member in planned.members}
    for name, one in inner.items():
        if name and name not in written:
            add("public", class_text(one, nested, functions, markers))
    defined = _defined(planned.members, own)
    for at, member in enumerate(planned.members):
        one = inner.get(_defined_class(member))
        if one is not None and member.tokens[-2:] == ("}", ";") and any(_is_inside(f, one) for f in functions):
            add(member.access, class_text(one, nested, functions, markers))
        elif member.kind is MemberKind.METHOD and member.signature is not None:
            add(member.access, _method(member, own[defined[at]] if at in defined else None, markers))
        else:
            add(member.access, _commented(member.comment, cxx.render(member.tokens)))
    for index, function in enumerate(own):
        if index not in defined.values() and function.declared:
            signature = function.candidate.signature
            add("public", function_text(function, markers, in_class=True) if function.in_class else _declaration(signature))
    text = templates.render(
        "class.j2",
        struct=planned.struct,
        name=planned.name.rpartition("::")[2],
        bases=planned.bases,
        runs=[{"access": label, "texts": texts} for label, texts in runs],
    ).rstrip("\n")
    return _commented(planned.comment, text)


def _commented(comment: str, text: str) -> str:
    return f"{comment}\n{text}" if comment else text


def _defined_class(member: Member) -> str:
    """Returns the name of the class that a member defines, "" if it has no name or the member is no class definition."""
    tokens = member.tokens
    for index, token in enumerate(tokens[:-2]):
        if token in ("class", "struct", "union"):
            return tokens[index + 1] if tokens[index + 2] in ("{", ":", "final") else ""
        if token in ("{", "(", "="):
            break
    return ""


def _is_inside(function: PlannedFunction, planned: PlannedClass) -> bool:
    return f"{function.candidate.signature.class_name}::".startswith(f"{planned.name}::")


def _defined(members: Sequence[Member], functions: Sequence[PlannedFunction]) -> dict[int, int]:
    """Returns index of a member that declares a method -> index of the planned function that defines it."""
    found: dict[int, int] = {}
    declared = [(i, m.signature) for i, m in enumerate(members) if m.kind is MemberKind.METHOD and m.signature is not None
                and not m.deleted and not m.pure]  # fmt: skip
    for name in dict.fromkeys(s.name for _, s in declared):
        theirs = [(i, s) for i, s in declared if s.name == name]
        mine = [(j, f.candidate.signature) for j, f in enumerate(functions) if f.candidate.signature.name == name]
        pairs = cxx.overloads([s for _, s in theirs], [s for _, s in mine])
        found |= {theirs[i][0]: mine[j][0] for i, j in pairs.items()}
    return found


def _method(member: Member, function: PlannedFunction | None, markers: Markers) -> str:
    assert member.signature is not None
    declaration = _commented(member.comment, _declaration(member.signature, pure=member.pure))
    if function is None or not function.in_class:
        return declaration
    text = function_text(function, markers, in_class=True)
    return f"{declaration}\n{text}" if function.compiles is False and function.instead is None else text


def _declaration(signature: Signature, *, pure: bool = False) -> str:
    text = cxx.render_signature(replace(signature, initialisers=()), in_class=True)
    return f"{text} = 0;" if pure else f"{text};"
