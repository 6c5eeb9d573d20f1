"""Orders the parts of a file: prologue, the file's own classes, functions after what they name, epilogue.

Where a part still names a function that comes later (recursion, or a class whose bodies call a function that takes the class), that
function is declared first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from vega_gen import cxx
from vega_gen.emit.class_text import class_text
from vega_gen.emit.functions import Markers, function_text, function_tokens
from vega_gen.emit.templates import GeneratedFile, IncludePosition, table_of
from vega_gen.records import PlannedClass, PlannedFile, PlannedFunction

INC = re.compile(r'^\s*#\s*include\s+"([^"]+\.inc)"', re.MULTILINE)
_DEFINE = re.compile(r"#\s*(?:define|undef)\s+\w+[^\n]*\Z")
_GET = re.compile(r"#\s*define\s+GET_\w+\Z")
_GUARD = re.compile(r"#\s*define\s+\w+_H_?\Z")
_GUARDED = re.compile(r"\A\s*#\s*ifndef\s+(\w+_H_?)\s*\n\s*#\s*define\s+\1\s*\n(?P<inside>.*)\n\s*#\s*endif[^\n]*\s*\Z", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
_IN_NAMESPACE = re.compile(r"\Anamespace(?: (?P<name>\w+))? \{\n(?P<inside>.*)\n\}\Z", re.DOTALL)
_ONE_LINE = re.compile(r"(?:[^\n]*;\n)*[^\n]*;\Z")
_USING = ("using", "namespace", "llvm", ";")


@dataclass(frozen=True, slots=True)
class NamespaceBlock:
    """Texts in the same namespaces, outermost first; "" is an anonymous one."""

    namespaces: tuple[str, ...]
    texts: tuple[str, ...]


@dataclass(eq=False)
class _Part:
    """One text of a file.

    ``order``: (rank, place), the order of parts that do not depend on each other; ranks: 0 prologue, 1 classes, 2 functions, 3 epilogue,
    4 tables at the end. ``names``: what it declares; ``uses``: its tokens. ``table``: the generated table that it includes, ``function``:
    the function that it defines, ``class_name``: the class that it defines. ``after``: the parts that must come before it."""

    text: str
    order: tuple[int, int]
    namespaces: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    table: GeneratedFile | None = None
    function: PlannedFunction | None = None
    class_name: str = ""
    after: dict[_Part, None] = field(default_factory=dict["_Part", None])


def lay_out(
    file: PlannedFile,
    classes: Sequence[PlannedClass],
    functions: Sequence[PlannedFunction],
    methods: Sequence[PlannedFunction],
    needs: Mapping[str, frozenset[str]],
    markers: Markers,
) -> list[NamespaceBlock]:
    """Returns the blocks of a file that follow its includes.

    ``functions``: those that the file defines outside classes. ``methods``: all planned methods of ``classes``.
    ``needs``: contract role -> names of the functions in that role, which generated tables call.
    """
    header = not file.path.endswith(".cpp")
    parts = [
        *_pieces(file.prologue, 0, header, needs),
        *_class_parts(classes, methods, markers),
        *(_function_part(f, i, header, markers) for i, f in enumerate(functions)),
        *_pieces(file.epilogue, 3, header, needs),
    ]
    declared = _link(parts)
    ordered = _sorted(parts)
    if not header and not any(cxx.tokenize(text) == _USING for text in (*file.prologue, *file.epilogue)):
        ordered.insert(0, _Part("using namespace llvm;", (0, -1)))
    if declared:
        first = next((i for i, part in enumerate(ordered) if part.order[0] >= 1 and not _is_include(part)), len(ordered))
        made = _declarations(declared, parts)
        types = frozenset(token for part in made for token in cxx.tokenize(part.text))
        types -= _own_names(declared)
        early = [part for part in ordered[first:] if part.order[0] == 3 and part.table is None and part.names & types]
        ordered[first:] = [*early, *made, *(part for part in ordered[first:] if part not in early)]
    return _blocks(ordered)


def split_macros(prologue: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Splits a prologue into the ``GET_`` macros that no table in it uses, and the rest.

    Only TableGen's tables read such macros, so these are for a table that a header includes and must stand before the includes.
    """
    early: set[int] = set()
    for place, text in enumerate(prologue):
        following = next((one for one in prologue[place + 1 :] if not _DEFINE.match(one.strip())), "")
        if _GET.match(text.strip()) and not INC.search(following):
            early.add(place)
    return tuple(prologue[i] for i in sorted(early)), tuple(text for i, text in enumerate(prologue) if i not in early)


# ---------------------------------------------------------------------------------------------------------------- parts


def _pieces(texts: Sequence[str], rank: int, header: bool, needs: Mapping[str, frozenset[str]]) -> list[_Part]:
    """Returns the parts for texts at file scope; an #include of a table and the macros right before it are one part."""
    parts: list[_Part] = []
    held: list[str] = []
    for place, text in enumerate(texts):
        whole = _GUARDED.match(text) if header else None
        text = whole["inside"].strip() if whole else text
        if _GUARD.match(text.strip()) and header:
            continue
        if _DEFINE.match(text.strip()):
            held.append(text)
            continue
        found = INC.search(text)
        known = table_of(found[1]) if found else None
        if held and found is None:
            parts += [_piece(one, (rank, place)) for one in held]
            held = []
        if known is not None and not header:
            parts.append(_table("\n".join((*held, text)), known[0], (rank, place), needs))
        else:
            parts.append(_piece("\n".join((*held, text)), (rank, place)))
        held = []
    return parts + [_piece(one, (rank, len(texts))) for one in held]


def _piece(text: str, order: tuple[int, int]) -> _Part:
    namespaces: tuple[str, ...] = ()
    while (match := _IN_NAMESPACE.match(text)) and _closes_last(text):
        namespaces, text = (*namespaces, match["name"] or ""), match["inside"]
    name = _declared_name(text) if order[0] == 3 else ""
    return _Part(text, order, namespaces, names=frozenset[str]({name} if name else ()), uses=frozenset(cxx.tokenize(text)))


def _closes_last(text: str) -> bool:
    """Whether the last token of ``text`` closes its first "{"."""
    depth = 0
    tokens = cxx.tokenize(text)
    for index, token in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if token == "}" and depth == 0:
            return index == len(tokens) - 1
    return False


def _table(text: str, table: GeneratedFile, order: tuple[int, int], needs: Mapping[str, frozenset[str]]) -> _Part:
    last = (4, order[1])
    positions = {
        IncludePosition.HERE: order,
        IncludePosition.CLASSES: (1, 1 << 20),
        IncludePosition.USERS: last,
        IncludePosition.END: last,
    }
    at = positions[table.place]
    called = frozenset(name for role in table.needs for name in needs.get(role, ()))
    return _Part(text, at, uses=called, table=table)


def _class_parts(classes: Sequence[PlannedClass], methods: Sequence[PlannedFunction], markers: Markers) -> list[_Part]:
    names = {planned.name for planned in classes}
    parts: list[_Part] = []
    for place, planned in enumerate(classes):
        if planned.name.rpartition("::")[0] in names:
            continue
        own = [m for m in methods if (m.candidate.signature.class_name + "::").startswith(planned.name + "::")]
        text = class_text(planned, classes, own, markers)
        parts.append(
            _Part(text, (1, place), planned.namespaces, frozenset({planned.name}), frozenset(cxx.tokenize(text)), class_name=planned.name)
        )
    return parts


def _function_part(function: PlannedFunction, place: int, header: bool, markers: Markers) -> _Part:
    signature = function.candidate.signature
    method, static = bool(signature.class_name), "static" in signature.prefix
    inside = function.namespaces
    if not header and set(inside) <= {"llvm", ""} and (method or static):
        inside = ()  # found there through "using namespace llvm"
    # An instance of a template comes after the template's declaration, and before what calls it.
    names = frozenset[str](() if method else (signature.name, signature.name.partition("<")[0]))
    return _Part(
        function_text(function, markers, in_class=False), (2, place), inside, names, function_tokens(function) - names, function=function
    )


def _declared_name(text: str) -> str:
    """Returns the name that a text at file scope declares, "" if it declares none or a qualified one."""
    define = re.match(r"#\s*define\s+(\w+)", text)
    if define:
        return define[1]
    tokens = [token for token in cxx.tokenize(text) if token[0] != "#"]
    if tokens[:1] == ["typedef"]:
        pointer = next((i for i in range(1, len(tokens)) if tokens[i - 1 : i + 1] == ["(", "*"]), 0)
        return tokens[pointer + 1] if pointer else tokens[-2]
    end = next((i for i, token in enumerate(tokens) if token in ("=", "[", "(", ";")), len(tokens))
    if not 2 <= end < len(tokens) or not _IDENTIFIER.match(tokens[end - 1]) or tokens[end - 2] == "::":
        return ""
    return tokens[end - 1]


# ---------------------------------------------------------------------------------------------------------------- order


def _link(parts: Sequence[_Part]) -> list[_Part]:
    """Sets ``after`` of each part, and returns the functions that must be declared because a part that names them comes first."""
    giving: dict[str, list[_Part]] = {}
    for part in parts:
        for name in part.names:
            giving.setdefault(name, []).append(part)
    own = frozenset(part.class_name for part in parts if part.class_name)
    declared: dict[int, _Part] = {}
    for part in parts:
        if part.order[0] == 0:
            continue
        for name in sorted((part.uses | part.names) & giving.keys()):
            for giver in giving[name]:
                # A function comes after its own declaration, but not after another of its name.
                if giver is part or giver.order[0] == 0 or (name in part.names and (giver.function or not part.function)):
                    continue
                if part.class_name and giver.function is not None and giver.uses & own:
                    declared[id(giver)] = giver
                else:
                    part.after[giver] = None
        for table in parts:
            planned = part.uses - giving.keys()
            late = table.table is not None and table.table.place is IncludePosition.USERS
            if part.function and table.table and late and any(map(table.table.provides.fullmatch, planned)):
                part.after[table] = None
    return _break_cycles(parts, declared)


def _break_cycles(parts: Sequence[_Part], declared: dict[int, _Part]) -> list[_Part]:
    """Drops dependencies, on functions where possible, until there is no cycle. Returns the functions to declare."""
    while True:
        try:
            TopologicalSorter({part: part.after for part in parts}).prepare()
        except CycleError as error:
            cycle: list[_Part] = error.args[1]
            # cycle[i] stands before cycle[i + 1], which names it
            edges = [(a, b) for a, b in pairwise(cycle)]
            given, user = min(edges, key=lambda edge: (edge[0].function is None, edge[0].order, edge[1].order))
            del user.after[given]
            if given.function is not None:
                declared[id(given)] = given
            continue
        return sorted(declared.values(), key=lambda part: part.order)


def _sorted(parts: Sequence[_Part]) -> list[_Part]:
    """Returns the parts by ``order``, each after those that it depends on."""
    done: dict[int, _Part] = {}

    def visit(part: _Part) -> None:
        if id(part) in done:
            return
        for other in sorted(part.after, key=lambda one: one.order):
            visit(other)
        done[id(part)] = part

    for part in sorted(parts, key=lambda one: one.order):
        visit(part)
    return list(done.values())


def _is_include(part: _Part) -> bool:
    return part.table is not None and part.table.place is IncludePosition.HERE


def _declarations(functions: Sequence[_Part], parts: Sequence[_Part]) -> list[_Part]:
    """Returns declarations of the functions, after those of the file's own classes that they name."""
    used = frozenset[str]().union(*(part.uses for part in functions))
    made = [
        _Part(f"class {part.class_name};", (1, 0), part.namespaces)
        for part in parts
        if part.class_name in used and part.class_name and "::" not in part.class_name
    ]
    for part in functions:
        assert part.function is not None
        signature = replace(part.function.candidate.signature, initialisers=())
        made.append(_Part(cxx.render_signature(signature, in_class=False) + ";", (1, 0), part.namespaces))
    return made


def _own_names(functions: Sequence[_Part]) -> frozenset[str]:
    return frozenset[str]().union(*(part.names for part in functions))


def _blocks(parts: Sequence[_Part]) -> list[NamespaceBlock]:
    blocks: list[NamespaceBlock] = []
    for part in parts:
        if not blocks or blocks[-1].namespaces != part.namespaces:
            blocks.append(NamespaceBlock(part.namespaces, (part.text,)))
            continue
        *others, last = blocks[-1].texts
        tight = _ONE_LINE.match(last) and _ONE_LINE.match(part.text)  # one-line declarations need no blank line between them
        texts = (*others, f"{last}\n{part.text}") if tight else (*others, last, part.text)
        blocks[-1] = NamespaceBlock(part.namespaces, texts)
    return blocks
