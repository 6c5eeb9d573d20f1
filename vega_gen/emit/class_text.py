"""Planned classes -> C++ text.

Enters: the classes and functions of one file. Leaves: the text of each outermost class. It does not order them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vega_gen import cxx
from vega_gen.emit import templates
from vega_gen.emit.functions import Markers, function_text, same_declaration
from vega_gen.records import Member, MemberKind, PlannedClass, PlannedFunction, Signature, Step


def class_text(planned: PlannedClass, nested: Sequence[PlannedClass], functions: Sequence[PlannedFunction], markers: Markers) -> str:
    """The definition of a class, without a newline at its end.

    ``nested``: further planned classes, of which those inside ``planned`` are put in. ``functions``: planned methods of these classes,
    wherever they are defined; those defined in the class get their bodies there, those that no member declares a declaration, unless
    theirs does not compile.
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
    done: set[int] = set()
    for member in planned.members:
        one = inner.get(_defined_class(member))
        if one is not None and member.tokens[-2:] == ("}", ";") and any(_is_inside(f, one) for f in functions):
            add(member.access, class_text(one, nested, functions, markers))
        elif member.kind is MemberKind.METHOD and member.signature is not None:
            index = None if member.deleted or member.pure else _find(member.signature, own, done)
            if index is not None:
                done.add(index)
            add(member.access, _method(member, own[index] if index is not None else None, markers))
        else:
            add(member.access, _commented(member.comment, cxx.render(member.tokens)))
    for index, function in enumerate(own):
        if index not in done and function.declared:
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
    """The name of the class that a member defines, "" if it has none or is something else."""
    tokens = member.tokens
    for index, token in enumerate(tokens[:-2]):
        if token in ("class", "struct", "union"):
            return tokens[index + 1] if tokens[index + 2] in ("{", ":", "final") else ""
        if token in ("{", "(", "="):
            break
    return ""


def _is_inside(function: PlannedFunction, planned: PlannedClass) -> bool:
    return f"{function.candidate.signature.class_name}::".startswith(f"{planned.name}::")


def _find(declared: Signature, functions: Sequence[PlannedFunction], done: set[int]) -> int | None:
    """The planned function that a member declares: the same parameter types, else the only one with that name and arity."""
    left = [(i, f.candidate.signature) for i, f in enumerate(functions) if i not in done and f.candidate.signature.name == declared.name]
    for index, signature in left:
        if same_declaration(signature, declared):
            return index
    alike = [index for index, signature in left if len(signature.params) == len(declared.params)]
    return alike[0] if len(alike) == 1 else None


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
