"""What ``vega-gen check`` finds in a target's .td files."""

from __future__ import annotations

from dataclasses import dataclass

from vega_gen.records.enums import FindingKind, Severity


@dataclass(frozen=True, slots=True)
class TdFinding:
    """Something that a .td says and llvm-tblgen accepts, or explains badly, and that is paid for later.

    ``records``: those concerned, the one at the place first. ``shared``: whether all of them are wrong in the same way, by one line.
    ``what``: what is wrong. ``cost``: what goes wrong later. ``advice``: what to do. ``file``: the path of the .td file, "" where
    none says it. ``line``, ``column``: from 1, 0 where not known. ``related``: places of the other records: "SUB: Toy.td:13:5".
    """

    kind: FindingKind
    severity: Severity
    records: tuple[str, ...]
    what: str
    cost: str
    advice: str
    file: str = ""
    line: int = 0
    column: int = 0
    shared: bool = False
    related: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The place as compilers print it: "file:line:column", without what is not known."""
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True, slots=True)
class TdFindings:
    """All findings of one target, the gravest first, then by place."""

    target: str
    findings: tuple[TdFinding, ...]
