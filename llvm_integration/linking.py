"""What enters: what lld said of a link that failed.
What leaves: the symbols that nothing defines and those that two files define, each with the places that lld names.
What it does not do: link, or judge who is to blame.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_KINDS = "undefined(?: hidden| protected| internal)? symbol|duplicate symbol"
_HEAD = re.compile(rf"^(?:.*: )?error: (?P<kind>{_KINDS}): (?P<symbol>.*)$")
_OBJECT = r"(?P<object>\S[^\n]*?\.o(?:bj)?)"
_PLACE = re.compile(rf"^>>>\s+(?:(?:referenced|defined) (?:by|at|in) )?{_OBJECT}:\((?P<inside>.*)\)(?: in archive .*)?$")
_ABI = re.compile(r"\[abi:\w+\]")


@dataclass(frozen=True, slots=True)
class SymbolPlace:
    """Where a symbol is used or defined: the object file as lld names it, and the demangled function or variable in it."""

    object: str
    inside: str


@dataclass(frozen=True, slots=True)
class LinkError:
    """A demangled symbol that nothing defines (`duplicate` False), with its uses, or that several places define.

    lld names the first three uses of a symbol, and all definitions."""

    symbol: str
    duplicate: bool
    places: tuple[SymbolPlace, ...]

    @property
    def message(self) -> str:
        """One line, as a person reads it."""
        return f"{'duplicate' if self.duplicate else 'undefined'} symbol: {self.symbol}"


def link_errors(said: str) -> tuple[LinkError, ...]:
    """The errors about symbols in lld's standard error, in its order. Other errors are none of them."""
    found: list[LinkError] = []
    head: re.Match[str] | None = None
    places: list[SymbolPlace] = []

    def close() -> None:
        if head is not None:
            symbol = _ABI.sub("", head["symbol"].strip())
            found.append(LinkError(symbol, head["kind"].startswith("duplicate"), tuple(dict.fromkeys(places))))

    for line in said.splitlines():
        started = _HEAD.match(line)
        if started is not None or not line.startswith(">>>"):
            close()
            head, places = started, []
        elif head is not None and (place := _PLACE.match(line)):
            places.append(SymbolPlace(place["object"], place["inside"]))
    close()
    return tuple(found)
