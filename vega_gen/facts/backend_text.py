"""Looks things up in the parsed C++ of a backend: which records a function names, what a call is given, what a switch maps a value to.

It resolves a name as far as a reader would at a glance: a local variable or a member to what it is assigned, a call to what the backend's
function of that name returns.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property

from vega_gen.records import Enum, Function, SourceFile, Statement, StatementKind

_WORD = re.compile(r"[A-Za-z_]\w*")
_DEEP = 3
"""How many names are followed one after the other: a member, the function that sets it, what that one calls."""


class BackendText:
    """The C++ of one backend. ``namespace``: that of its records ("Lanai" in ``Lanai::SP``)."""

    def __init__(self, files: Sequence[SourceFile], namespace: str) -> None:
        self._namespace = namespace
        self._files = files
        self._by_name: dict[str, list[Function]] = defaultdict(list)
        self._uses: dict[int, tuple[list[str], list[str]]] = {}
        for file in files:
            for function in file.functions:
                self._by_name[function.signature.name].append(function)

    def functions(self, *names: str) -> list[Function]:
        """Returns the functions with one of these names, in any class."""
        return [f for name in names for f in self._by_name.get(name, ())]

    def matching(self, pattern: str) -> list[Function]:
        """Returns the functions whose whole name a regular expression matches."""
        return [f for name, found in self._by_name.items() if re.fullmatch(pattern, name) for f in found]

    def constructors(self) -> Iterator[Function]:
        """Yields the constructors."""
        for file in self._files:
            yield from (f for f in file.functions if f.signature.name == f.signature.class_name.rsplit("::", 1)[-1])

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Name of an enumerator -> its number, for the enumerations whose numbers the text shows."""
        found: dict[str, int] = {}
        for file in self._files:
            for each in file.enums:
                found |= _numbered(each)
        return found

    @cached_property
    def arrays(self) -> dict[str, tuple[str, ...]]:
        """Name of an array at file scope -> the records that it lists, in their order."""
        found: dict[str, tuple[str, ...]] = {}
        for text in self.file_texts:
            for name, body in re.findall(r"(\w+)\s*\[[^\]]*\]\s*=\s*\{([^{}]*)\}", text):
                listed = tuple(self.named(re.findall(r"\w+|::|\S", body)))
                if listed:
                    found.setdefault(name, listed)
        return found

    @property
    def file_texts(self) -> Iterator[str]:
        """The text at file scope, outside of functions and classes."""
        for file in self._files:
            yield from (*file.prologue, *file.epilogue)

    def named(self, tokens: Sequence[str]) -> list[str]:
        """Returns the names in the target's namespace, in order: SP of ``Lanai::SP``."""
        last = len(tokens) - 2
        return [tokens[i + 2] for i, t in enumerate(tokens) if t == self._namespace and i < last and tokens[i + 1] == "::"]

    def mentioned(self, functions: Iterable[Function], deep: int = 0) -> list[str]:
        """Returns the names in the target's namespace that functions use, those of the functions that they call included up to ``deep``."""
        found: list[str] = []
        seen: set[int] = set()
        level = list(functions)
        for _ in range(deep + 1):
            calls: dict[str, None] = {}
            for function in level:
                seen.add(id(function))
                names, called = self._used_by(function)
                found += names
                calls |= dict.fromkeys(called)
            level = [f for f in self.functions(*calls) if id(f) not in seen]
        return list(dict.fromkeys(found))

    def _used_by(self, function: Function) -> tuple[list[str], list[str]]:
        """Returns the names in the target's namespace that a function itself uses, and the backend's functions that it calls."""
        if id(function) not in self._uses:
            statements = list(texts(function))
            called = [a for tokens in statements for a, b in itertools.pairwise(tokens) if b == "(" and a in self._by_name]
            self._uses[id(function)] = [n for tokens in statements for n in self.named(tokens)], called
        return self._uses[id(function)]

    def given(self, callee: str, within: Iterable[Function] | None = None) -> Iterator[tuple[Function, list[tuple[str, ...]]]]:
        """Yields the arguments of each call of ``callee``, each as tokens, with the function that calls.

        The entries of a constructor's initialiser list count as calls."""
        every = within if within is not None else (f for file in self._files for f in file.functions)
        for function in every:
            for tokens in texts(function):
                for i, (a, b) in enumerate(itertools.pairwise(tokens)):
                    if a == callee and b == "(":
                        yield function, arguments(tokens[i + 2 :])

    def resolve(self, tokens: Sequence[str], within: Function, wanted: Callable[[str], bool], deep: int = _DEEP) -> set[str]:
        """Returns the wanted records that an expression may stand for. Calls are followed where it names none itself."""
        found = {name for name in self.named(tokens) if wanted(name)}
        if not deep:
            return found
        direct = bool(found)
        for i, word in enumerate(tokens):
            if not _WORD.fullmatch(word):
                continue
            if i + 1 < len(tokens) and tokens[i + 1] == "(":
                for callee in () if direct else self._by_name.get(word, ()):
                    for returned in _returned(callee):
                        found |= self.resolve(returned, callee, wanted, deep - 1)
            elif tokens[i - 1 : i] != ("::",):
                for place, assigned in self._assigned(word, within):
                    found |= self.resolve(assigned, place, wanted, deep - 1)
        return found

    def returned(self, functions: Iterable[Function], wanted: Callable[[str], bool]) -> set[str]:
        """Returns the wanted records that functions return."""
        return {name for f in functions for tokens in _returned(f) for name in self.resolve(tokens, f, wanted)}

    def _assigned(self, name: str, within: Function) -> list[tuple[Function, tuple[str, ...]]]:
        """Returns what a variable is set to in its function, else what the constructors set a member of that name to."""
        own = [(within, tokens) for tokens in _assignments(within, name)]
        return own or [(f, tokens) for f in self.constructors() for tokens in _assignments(f, name)]

    def cases(self, function: Function, labels: Collection[str]) -> Iterator[dict[str, tuple[str, ...]]]:
        """Yields, for each switch that has one of the labels ``case ISD::<label>``, label -> tokens of the statements that it runs up to
        the next label."""
        for statement in _every(function.body):
            found: dict[str, tuple[str, ...]] = {}
            waiting: list[str] = []
            for case in statement.children if statement.kind is StatementKind.SWITCH else ():
                is_case = case.kind is StatementKind.CASE
                known = [w for w in case.head if w in labels] if is_case else []
                waiting = [*waiting, *known]
                tokens = tuple(t for s in _every(case.children if is_case else (case,)) for t in s.head)
                if tokens:
                    found |= dict.fromkeys(waiting, tokens)
                    waiting = []
            if found:
                yield found


def top_level(function: Function) -> Iterator[tuple[str, ...]]:
    """Yields the tokens of a function's statements that no condition guards; loops count as unguarded."""
    waiting = list(function.body)
    while waiting:
        statement = waiting.pop(0)
        if statement.kind in (StatementKind.FOR, StatementKind.BLOCK):
            waiting = [*statement.children, *waiting]
        if statement.kind in (StatementKind.SIMPLE, StatementKind.FOR):
            yield statement.head


def texts(function: Function) -> Iterator[tuple[str, ...]]:
    """Yields the tokens of each statement of a function, and of each entry of its initialiser list, without what is nested in it."""
    yield from function.signature.initialisers
    for statement in _every(function.body):
        yield (*statement.head, *statement.tail)


def _every(statements: Iterable[Statement]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        yield from _every(statement.children)


def _returned(function: Function) -> Iterator[tuple[str, ...]]:
    for statement in _every(function.body):
        if statement.head[:1] == ("return",):
            yield statement.head[1:]


def _assignments(function: Function, name: str) -> Iterator[tuple[str, ...]]:
    for entry in function.signature.initialisers:
        if entry[:1] == (name,):
            yield entry[2:-1]
    for statement in _every(function.body):
        head = statement.head
        for i, word in enumerate(head):
            if word == name and head[i + 1 : i + 2] == ("=",):
                yield head[i + 2 :]


def arguments(tokens: Sequence[str]) -> list[tuple[str, ...]]:
    """Returns the arguments of a call. ``tokens``: what follows its "(", up to the ")" or the end."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        if token in (")", "]", "}") and depth == 0:
            break
        depth += (token in ("(", "[", "{")) - (token in (")", "]", "}"))
        if token == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return [tuple(argument) for argument in found]


def _numbered(each: Enum) -> dict[str, int]:
    found: dict[str, int] = {}
    following = 0
    for name, value in zip(each.enumerators, each.values or ("",) * len(each.enumerators), strict=False):
        text = value.replace("'", "").strip()
        if text in found:
            following = found[text]
        elif text:
            try:
                following = int(text, 0)
            except ValueError:
                return found  # an expression: the numbers from here on are not known
        found[name] = following
        following += 1
    return found
