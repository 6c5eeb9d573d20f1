"""Stage 10: turns a plan into the edits that make it a target of LLVM. ``llvm_integration.checkout`` applies them to a source tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from llvm_integration.edits import STAMP, Edit, target_folder
from vega_gen import __version__
from vega_gen.emit import templates
from vega_gen.emit.cmake_files import cmake_files
from vega_gen.emit.functions import Markers, stands_for_missing
from vega_gen.emit.headers import Header
from vega_gen.emit.order import lay_out, split_macros
from vega_gen.records import Description, Module, Plan, PlannedFile, PlannedFunction, Step

__all__ = ["copies", "emit", "stamp_of", "tests"]

_FATAL = '"llvm/Support/ErrorHandling.h"'
_DECLARATIONS = "declarations"
_REGISTRATION = "registration"
_TESTS = "tests"
_COMMENT = {".txt": "#", ".cmake": "#", ".cfg": "#", ".ll": ";"}


def stamp_of(plan: Plan) -> str:
    """Returns the line, without comment signs, that marks a file as generated from ``plan``."""
    return f"{STAMP} {__version__} for {plan.target} ({plan.mode}, {plan.filler}, LLVM {plan.llvm_version})."


def emit(plan: Plan, description: Description, headers: Mapping[str, bytes], *, threshold: float) -> tuple[Edit, ...]:
    """Returns an edit for every file of ``llvm/lib/Target/<plan.target>``, CMake's included, except .td files.

    The same plan gives the same bytes. An edit's label is a module's name, "declarations" or "registration".

    ``headers``: in desc mode, path relative to the target's folder -> the target's own .h or .def without function bodies, into which the
    planned bodies are put; else empty. ``threshold``: from 0 to 1; a comment ``// VEGA-REVIEW <id> <confidence>: <donors, or the doubt>``
    precedes each statement that is flagged at it.
    Raises ``NotFoundError`` where a file includes a table that llvm-tblgen is not known to write.
    """
    markers = Markers(threshold)
    functions = [f for f in plan.functions if f.candidates and 0 <= f.chosen < len(f.candidates)]
    own = {path: Header(data.decode()) for path, data in sorted(headers.items())}
    functions = _placed(functions, own, plan, markers)
    texts = {path: _with_stamp(path, header.result(), stamp_of(plan)) for path, header in own.items()}
    needs = _needs(description)
    files = {file.path: file for file in plan.files if file.path not in own}
    for path in sorted({f.file for f in functions} | {c.file for c in plan.classes}):
        if path not in own:
            files.setdefault(path, PlannedFile(path, (), ()))
    for path, file in sorted(files.items()):
        texts[path] = _file_text(plan, file, functions, needs, markers)
    definitions = description.data.get("td", f"{description.name}.td")
    cmake = cmake_files(plan.target, definitions, texts, stamp_of(plan))
    labels = _labels(texts, plan)
    rank = {label: i for i, label in enumerate((_DECLARATIONS, *Module, _REGISTRATION))}
    edits = [Edit(f"{target_folder(plan.target)}/{path}", text, labels[path]) for path, text in texts.items()]
    edits += [Edit(f"{target_folder(plan.target)}/{path}", text, _REGISTRATION) for path, text in cmake.items()]
    return tuple(sorted(edits, key=lambda edit: (rank[edit.label], edit.path)))


def copies(plan: Plan, files: Mapping[str, bytes]) -> tuple[Edit, ...]:
    """Returns edits that copy description files (path relative to the target's folder -> content) into a new target's folder.

    The stamp, which lets a later run replace the file, is the last line, so that line numbers stay. ``files`` must not lie in that folder
    already.
    """
    return tuple(
        Edit(f"{target_folder(plan.target)}/{path}", data.rstrip(b"\n") + f"\n// {stamp_of(plan)}\n".encode(), _DECLARATIONS)
        for path, data in sorted(files.items())
    )


def tests(plan: Plan, texts: Mapping[str, str]) -> tuple[Edit, ...]:
    """Returns edits that add lit tests (path below ``llvm/test`` -> text), with the stamp as the first line."""
    return tuple(Edit(f"llvm/test/{path}", _with_stamp(path, text, stamp_of(plan)), _TESTS) for path, text in sorted(texts.items()))


def _placed(functions: list[PlannedFunction], own: Mapping[str, Header], plan: Plan, markers: Markers) -> list[PlannedFunction]:
    """Puts functions into the target's own headers and returns the others.

    A function whose declaration or class is not in the planned file moves to the .cpp of the same name. So does one that does not compile
    and whose class is written without it, so that a reviewer finds it.
    """
    planned = {(c.file, c.name) for c in plan.classes}
    left: list[PlannedFunction] = []
    exact = {i for i, f in enumerate(functions) if f.file in own and own[f.file].put(f, markers, exact=True)}
    for function in (f for i, f in enumerate(functions) if i not in exact):
        class_name = function.candidate.signature.class_name
        header = own.get(function.file)
        if header is not None and header.put(function, markers):
            continue
        without = function.compiles is False and (not function.declared or function.step is Step.LEFT_OUT)
        if header is not None or (function.in_class and (without or (function.file, class_name) not in planned)):
            function = replace(function, in_class=False, file=function.file.rpartition(".")[0] + ".cpp")
        left.append(function)
    return left


def _file_text(
    plan: Plan, file: PlannedFile, functions: list[PlannedFunction], needs: Mapping[str, frozenset[str]], markers: Markers
) -> str:
    classes = [c for c in plan.classes if c.file == file.path]
    names = {c.name for c in classes}
    methods = [
        f for f in functions if f.candidate.signature.class_name in names and (not f.in_class or f.file == file.path)
    ]
    outside = [f for f in functions if f.file == file.path and not f.in_class]
    macros, prologue = split_macros(file.prologue)
    blocks = lay_out(replace(file, prologue=prologue), classes, outside, methods, needs, markers)
    includes = list(dict.fromkeys([*file.includes, *(name for c in classes for name in c.includes)]))
    if _FATAL not in includes and any(stands_for_missing(f) for f in (*methods, *outside) if not f.in_class or f.file == file.path):
        includes.append(_FATAL)
    header = file.path.endswith((".h", ".hpp"))
    text = templates.render(
        "header.h.j2" if header else "file.cpp.j2",
        line=templates.banner(file.path, f"{plan.target} backend"),
        stamp=stamp_of(plan),
        guard=_guard(plan.target, file.path),
        # LLVM's headers go before the macros, which are only for the target's own headers, and declare what generated tables need.
        outer=[name for name in includes if macros and _is_outer(name)],
        macros=macros,
        includes=[name for name in includes if not (macros and _is_outer(name))],
        blocks=blocks,
    )
    return markers.finish(text)


def _is_outer(include: str) -> bool:
    """Whether an include, as written, is LLVM's or the system's, not the target's own."""
    return include.startswith(('"llvm/', "<"))


def _with_stamp(path: str, text: str, stamp: str) -> str:
    """Returns the text after a comment line with the stamp."""
    sign = _COMMENT.get("." + path.rpartition(".")[2], "//")
    return f"{sign} {stamp}\n{text}"


def _guard(target: str, path: str) -> str:
    """Returns the include guard of a header (LLVM Coding Standards, "Header Guard")."""
    words = f"LLVM_LIB_TARGET_{target}_{path}"
    return "".join(c if c.isalnum() else "_" for c in words).upper()


def _needs(description: Description) -> dict[str, frozenset[str]]:
    """Returns contract role -> names of the functions that the .td files need in that role."""
    found: dict[str, frozenset[str]] = {}
    for contract in description.contracts:
        found[contract.role.value] = found.get(contract.role.value, frozenset()) | {contract.name}
    hooks = frozenset(hook for convention in description.calling_conventions for hook in convention.hooks)
    found["calling-convention-hook"] = found.get("calling-convention-hook", frozenset()) | hooks
    return found


def _labels(texts: Mapping[str, str], plan: Plan) -> dict[str, str]:
    """Returns path -> label: the module of most functions of the file or of its .cpp; "declarations" if there are none."""
    counts: dict[str, Counter[str]] = {}
    for function in plan.functions:
        for name in {function.file, function.file.rpartition(".")[0] + ".h"}:
            counts.setdefault(name, Counter())[function.module.value] += 1
    order = [module.value for module in Module]
    return {
        path: max(counts[path], key=lambda m: (counts[path][m], -order.index(m))) if path in counts else _DECLARATIONS for path in texts
    }
