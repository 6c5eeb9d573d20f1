"""Parse lld's errors about undefined and duplicate symbols, with the places that it names for each."""

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
    """A use or definition of a symbol. ``object``: the object file that lld names. ``inside``: the demangled function or variable."""

    object: str
    inside: str


@dataclass(frozen=True, slots=True)
class LinkError:
    """An undefined or duplicate symbol, demangled. `places`: the first three uses of an undefined one, all definitions of a duplicate."""

    symbol: str
    duplicate: bool
    places: tuple[SymbolPlace, ...]

    @property
    def message(self) -> str:
        """The error as one line of text."""
        return f"{'duplicate' if self.duplicate else 'undefined'} symbol: {self.symbol}"


def link_errors(said: str) -> tuple[LinkError, ...]:
    """Return the errors about symbols in lld's standard error, in order. Other errors are ignored."""
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
