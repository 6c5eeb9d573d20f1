"""The TableGen that a target's .td files lack, written from its facts into ``<T>Completion.td``.

Each part writes records that every code generator needs and that people leave to C++, or forget. A part writes nothing where the .td has
the record itself: what a .td says is never contradicted. Archetypes are written for the description that has the completion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from vega_gen.archetypes.completion import (
    accessed_parts,
    call_nodes,
    compared,
    costs,
    decodable,
    frames,
    jumps,
    link_moves,
    logic,
    mendings,
    mode_features,
    passing,
    pointers,
    prefixed,
    selecting,
    truths,
)
from vega_gen.archetypes.completion.lacking import Lacking
from vega_gen.archetypes.completion.pointers import may_lack
from vega_gen.facts.conventions import COMPLETED
from vega_gen.facts.find import Facts, find_facts
from vega_gen.facts.view import SELECTED
from vega_gen.records import Description

__all__ = ["Completion", "completion", "may_lack"]

_PARTS: tuple[Callable[[Lacking], str], ...] = tuple(
    one.part
    for one in (
        decodable, mode_features, mendings, selecting, accessed_parts, passing, frames, prefixed, jumps, link_moves, call_nodes, compared,
        truths, logic,
    )
)  # fmt: skip
"""Parts that add records that archetypes need, in their order in the file; each returns its TableGen text, "" for nothing."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The text of a completion. ``text``: TableGen, "" where nothing is lacking. ``described``: whether it has records that archetypes
    need, so that the completed .td has to be described again. ``selected``: the instructions that patterns of basic nodes select by it;
    where there are some, the completed .td may show what else is lacking. ``mendings``: record -> the line that it
    has in the copy of its file."""

    text: str
    described: bool
    selected: tuple[str, ...] = ()
    mendings: Mapping[str, str] = field(default_factory=dict[str, str])

    def mark(self, d: Description) -> Description:
        """Returns the description of the completed .td with a note of what the completion added: that proves nothing."""
        added = " ".join(re.findall(r"^def (\w+)", self.text, re.M))
        return replace(d, data=d.data | {COMPLETED: added, SELECTED: " ".join(self.selected)})

    def extended(self, d: Description) -> Completion:
        """Returns the completion with what is made of the patterns that it adds. ``d``: of the completed .td, marked."""
        found = truths.part(Lacking(d, find_facts(d), "")).strip("\n")
        return replace(self, text=f"{self.text}\n{found}\n") if found else self


def completion(d: Description, own: str, target_td: str, m: Facts | None = None) -> Completion:
    """Returns what a target's .td files lack.

    ``own``: the text of the target's .td files. ``target_td``: that of LLVM's llvm/Target/Target.td. ``m``: the facts of ``d``, found here
    where they are not given."""
    lacking = Lacking(d, find_facts(d) if m is None else m, own)
    parts = [text.strip("\n") for part in _PARTS if (text := part(lacking))]
    selected = tuple(re.findall(r"^def : Pat<.*, \((\w+)[ )].*>;$", selecting.part(lacking), re.M))
    remapped = pointers.part(lacking, target_td)
    texts = [*parts, *(text.strip("\n") for text in (remapped, costs.part(lacking)) if text)]
    return Completion("\n\n".join(texts) + "\n" if texts else "", bool(parts), selected, mendings.mendings(lacking))
