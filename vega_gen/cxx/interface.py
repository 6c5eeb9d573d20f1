"""Look up what the user's LLVM declares in its own headers, so that the generator adapts to its API instead of to a version number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from vega_gen import cxx
from vega_gen.errors import NotFoundError
from vega_gen.records import Class, Member, Signature

_FOLDERS = ("MC", "CodeGen", "CodeGenTypes", "Target", "TargetParser", "Support", "ADT", "BinaryFormat", "IR")
TRIPLES = ("llvm/TargetParser/Triple.h", "llvm/ADT/Triple.h")
"""Candidate headers of ``Triple``: its place differs between LLVM versions."""
_DEFINED = re.compile(r"^[ \t]*(?:class|struct|enum(?:[ \t]+class)?)[ \t]+(?:LLVM_\w+[ \t]+)?(\w+)\b[^;(]*\{", re.M)
_ENUMERATOR = re.compile(r"^[ \t]*(\w+)[ \t]*(?:=[^,\n]*)?,", re.M)


class Interface:
    """The classes, methods and enumerators that LLVM's (or clang's) headers declare. Methods are named "Class::method".

    Include folders come in order of precedence: an overlay's before LLVM's.
    """

    def __init__(self, includes: Sequence[Path], package: str = "llvm", folders: Sequence[str] = _FOLDERS) -> None:
        self._includes = tuple(includes)
        self._package, self._folders = package, tuple(folders)
        self._classes: dict[str, Class | None] = {}
        self._inner: dict[str, set[str]] = {}

    @cached_property
    def _headers(self) -> dict[str, Path]:
        """Map every class and enumeration to the header that defines it; an earlier include folder wins."""
        found: dict[str, Path] = {}
        for include in self._includes:
            for folder in self._folders:
                for path in sorted((include / self._package / folder).rglob("*.h")):
                    for name in _DEFINED.findall(path.read_text(encoding="utf-8", errors="replace")):
                        found.setdefault(name, path)
        return found

    def defines(self, name: str) -> bool:
        """Whether a class, struct or enumeration is defined."""
        return name in self._headers

    def header(self, name: str) -> str:
        """Return the header that defines a class, as an #include names it. Raises NotFoundError where no header does."""
        path = self._headers.get(name)
        if path is None:
            raise NotFoundError(f"LLVM's headers define no {name}", str(self._includes[-1]), "give LLVM's include folder")
        return next(path.relative_to(i).as_posix() for i in self._includes if path.is_relative_to(i))

    def exists(self, header: str) -> bool:
        """Whether a header exists ("llvm/TargetParser/Triple.h")."""
        return any((include / header).is_file() for include in self._includes)

    def enumerator(self, header: str, name: str) -> bool:
        """Whether a header has an enumerator of this name."""
        for include in self._includes:
            path = include / header
            if path.is_file():
                return name in _ENUMERATOR.findall(path.read_text(encoding="utf-8", errors="replace"))
        return False

    def mentions(self, header: str, text: str) -> bool:
        """Whether a header contains ``text``, such as the declaration of a free function."""
        found = next((include / header for include in self._includes if (include / header).is_file()), None)
        return found is not None and text in found.read_text(encoding="utf-8", errors="replace")

    def declares(self, method: str) -> bool:
        """Whether the class itself, not a base of it, declares the method."""
        return bool(self._methods(method))

    def methods_of(self, owner: str) -> frozenset[str]:
        """Return the names of all methods that a class has, those of its bases among them; none where LLVM's headers lack the class."""
        found = self._class(owner)
        if found is None:
            return frozenset()
        inherited = (name for base in found.bases for name in self.methods_of(base.rsplit("::", 1)[-1]))
        return frozenset((*(m.name or (m.signature.name if m.signature else "") for m in found.members if m.signature), *inherited))

    def pure(self, method: str) -> bool:
        """Whether the method is pure virtual, so that a backend must define it."""
        return any(m.pure for m in self._methods(method))

    def is_const(self, method: str) -> bool:
        """Whether the method is const, so that a const object's can be called. Raises NotFoundError where LLVM doesn't declare it."""
        return bool(self._const(method))

    def takes(self, method: str, text: str) -> bool:
        """Whether an overload's parameters or result contain ``text`` ("raw_ostream&"); spaces don't matter."""
        wanted = text.replace(" ", "")
        return any(wanted in "".join((*s.result, *(t for p in s.params for t in p.type))) for s in self._signatures(method))

    def parameters(self, method: str) -> int:
        """Return the largest number of parameters among the method's overloads, 0 if it has none."""
        return max((len(s.params) for s in self._signatures(method)), default=0)

    def either(self, *methods: str) -> str:
        """Return the first of ``methods`` that LLVM declares, without its class. Raises NotFoundError where it declares none."""
        for method in methods:
            if self.declares(method):
                return method.rsplit("::", 1)[-1]
        raise NotFoundError(f"LLVM's headers declare none of {', '.join(methods)}", str(self._includes[-1]), "give LLVM's include folder")

    def override(self, method: str) -> str:
        """Return the in-class declaration of an override, with its ";". Raises NotFoundError where LLVM doesn't declare the method."""
        return cxx.render_signature(replace(self._chosen(method, 0), qualifiers=(*self._const(method), "override")), in_class=True) + ";"

    def define(self, own: str, method: str, names: str = "") -> str:
        """Return the head of an override's out-of-class definition in class ``own``.

        ``names``: parameter names by position, separated by spaces; "_" leaves an unused parameter unnamed.
        Raises NotFoundError where LLVM doesn't declare the method.
        """
        given = names.split()
        s = self._chosen(method, len(given))
        result = tuple(t for t in s.result)
        params = tuple(replace(p, name=_name(given, n)) for n, p in enumerate(s.params))
        qualified = self._qualified(result, method)
        return cxx.render_signature(replace(s, class_name=own, result=qualified, params=params), in_class=False)

    def _qualified(self, result: tuple[str, ...], method: str) -> tuple[str, ...]:
        """Qualify result types that are nested in the base class: outside the class they need its name."""
        owner = method.split("::")[0]
        nested = {n.rsplit("::", 1)[-1] for n in self._nested(owner)}
        return tuple(part for token in result for part in ((owner, "::", token) if token in nested else (token,)))

    def _nested(self, owner: str) -> set[str]:
        if owner not in self._inner:
            path = self._headers.get(owner)
            self._inner[owner] = self._nested_in(path, owner) if path else set()
        return self._inner[owner]

    @staticmethod
    def _nested_in(path: Path, owner: str) -> set[str]:
        text = path.read_text(encoding="utf-8", errors="replace")
        parsed = cxx.parse_file(text.encode(), "llvm", path.name)
        inner = {c.name for c in parsed.classes if c.name.startswith(f"{owner}::")}
        return inner | {f"{owner}::{e.name}" for e in parsed.enums if e.name and e.scope[-1:] == (owner,)}

    def _const(self, method: str) -> tuple[str, ...]:
        return ("const",) if "const" in self._chosen(method, 0, keep=True).qualifiers else ()

    def _chosen(self, method: str, count: int, *, keep: bool = False) -> Signature:
        found = self._signatures(method)
        if not found:
            raise NotFoundError(f"LLVM's headers declare no {method}", str(self._includes[-1]), "give LLVM's include folder")
        s = min(found, key=lambda s: abs(len(s.params) - count)) if count else found[0]
        if keep:
            return s
        const = tuple(q for q in s.qualifiers if q == "const")
        params = tuple(replace(p, default=()) for p in s.params)
        return replace(s, class_name="", prefix=(), params=params, qualifiers=const)

    def _signatures(self, method: str) -> list[Signature]:
        return [m.signature for m in self._methods(method) if m.signature is not None]

    def _methods(self, method: str) -> list[Member]:
        owner, _, name = method.rpartition("::")
        found = self._class(owner)
        return [m for m in found.members if m.signature is not None and m.signature.name == name] if found else []

    def _class(self, name: str) -> Class | None:
        if name not in self._classes:
            path = self._headers.get(name)
            parsed = cxx.parse_file(path.read_bytes(), "llvm", path.name) if path else None
            for c in parsed.classes if parsed else ():
                self._classes.setdefault(c.name, c)
            self._classes.setdefault(name, None)
        return self._classes[name]


def _name(given: Sequence[str], index: int) -> str:
    return given[index] if index < len(given) and given[index] != "_" else ""


