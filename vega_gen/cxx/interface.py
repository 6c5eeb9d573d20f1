"""What the user's LLVM declares, read off its headers, so that no version is ever asked for.

Enters: include folders, first an overlay's, then LLVM's. Leaves: signatures as C++ text, and whether a class, method or enumerator is
there. It reads no backend.
"""

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
"""Where a triple is declared, in one LLVM or another."""
_DEFINED = re.compile(r"^[ \t]*(?:class|struct|enum(?:[ \t]+class)?)[ \t]+(?:LLVM_\w+[ \t]+)?(\w+)\b[^;(]*\{", re.M)
_ENUMERATOR = re.compile(r"^[ \t]*(\w+)[ \t]*(?:=[^,\n]*)?,", re.M)


class Interface:
    """LLVM's own declarations, or clang's. Names are written "Class::method"."""

    def __init__(self, includes: Sequence[Path], package: str = "llvm", folders: Sequence[str] = _FOLDERS) -> None:
        self._includes = tuple(includes)
        self._package, self._folders = package, tuple(folders)
        self._classes: dict[str, Class | None] = {}

    @cached_property
    def _headers(self) -> dict[str, Path]:
        """Every class and enumeration -> the header that defines it; an earlier include folder wins."""
        found: dict[str, Path] = {}
        for include in self._includes:
            for folder in self._folders:
                for path in sorted((include / self._package / folder).rglob("*.h")):
                    for name in _DEFINED.findall(path.read_text(encoding="utf-8", errors="replace")):
                        found.setdefault(name, path)
        return found

    def defines(self, name: str) -> bool:
        """Whether a class, struct or enumeration is there."""
        return name in self._headers

    def header(self, name: str) -> str:
        """The header that defines a class, as it is included. Raises NotFoundError."""
        path = self._headers.get(name)
        if path is None:
            raise NotFoundError(f"LLVM's headers define no {name}", str(self._includes[-1]), "is this a checkout of LLVM?")
        return next(path.relative_to(i).as_posix() for i in self._includes if path.is_relative_to(i))

    def exists(self, header: str) -> bool:
        """Whether a header is there ("llvm/TargetParser/Triple.h")."""
        return any((include / header).is_file() for include in self._includes)

    def enumerator(self, header: str, name: str) -> bool:
        """Whether a header has an enumerator of this name."""
        for include in self._includes:
            path = include / header
            if path.is_file():
                return name in _ENUMERATOR.findall(path.read_text(encoding="utf-8", errors="replace"))
        return False

    def mentions(self, header: str, text: str) -> bool:
        """Whether a header holds a text (the declaration of a free function, say)."""
        found = next((include / header for include in self._includes if (include / header).is_file()), None)
        return found is not None and text in found.read_text(encoding="utf-8", errors="replace")

    def declares(self, method: str) -> bool:
        """Whether the class itself declares the method."""
        return bool(self._methods(method))

    def pure(self, method: str) -> bool:
        """Whether a backend must define the method."""
        return any(m.pure for m in self._methods(method))

    def takes(self, method: str, text: str) -> bool:
        """Whether a declaration of the method has ``text`` in its parameters or result, without spaces ("raw_ostream&")."""
        wanted = text.replace(" ", "")
        return any(wanted in "".join((*s.result, *(t for p in s.params for t in p.type))) for s in self._signatures(method))

    def parameters(self, method: str) -> int:
        """The most parameters that a declaration of the method has."""
        return max((len(s.params) for s in self._signatures(method)), default=0)

    def either(self, *methods: str) -> str:
        """The name, without its class, of the first of the methods that is declared. Raises NotFoundError."""
        for method in methods:
            if self.declares(method):
                return method.rsplit("::", 1)[-1]
        raise NotFoundError(f"LLVM's headers declare none of {', '.join(methods)}", str(self._includes[-1]), "is this a checkout of LLVM?")

    def override(self, method: str) -> str:
        """The declaration of an override in a class, ";" included. Raises NotFoundError."""
        return cxx.render_signature(replace(self._chosen(method, 0), qualifiers=(*self._const(method), "override")), in_class=True) + ";"

    def define(self, own: str, method: str, names: str = "") -> str:
        """What stands before the body of an override in class ``own``, outside it. ``names``: of the parameters, by position; "_" for
        one that the body does not use. Raises NotFoundError."""
        given = names.split()
        s = self._chosen(method, len(given))
        result = tuple(t for t in s.result)
        params = tuple(replace(p, name=_name(given, n)) for n, p in enumerate(s.params))
        qualified = self._qualified(result, method)
        return cxx.render_signature(replace(s, class_name=own, result=qualified, params=params), in_class=False)

    def _qualified(self, result: tuple[str, ...], method: str) -> tuple[str, ...]:
        """A result type that the base class declares needs its class outside the class."""
        owner = method.split("::")[0]
        nested = {n.rsplit("::", 1)[-1] for n in self._nested(owner)}
        return tuple(part for token in result for part in ((owner, "::", token) if token in nested else (token,)))

    def _nested(self, owner: str) -> set[str]:
        path = self._headers.get(owner)
        if path is None:
            return set()
        text = path.read_text(encoding="utf-8", errors="replace")
        parsed = cxx.parse_file(text.encode(), "llvm", path.name)
        inner = {c.name for c in parsed.classes if c.name.startswith(f"{owner}::")}
        return inner | {f"{owner}::{e.name}" for e in parsed.enums if e.name and e.scope[-1:] == (owner,)}

    def _const(self, method: str) -> tuple[str, ...]:
        return ("const",) if "const" in self._chosen(method, 0, keep=True).qualifiers else ()

    def _chosen(self, method: str, count: int, *, keep: bool = False) -> Signature:
        found = self._signatures(method)
        if not found:
            raise NotFoundError(f"LLVM's headers declare no {method}", str(self._includes[-1]), "is this a checkout of LLVM?")
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


