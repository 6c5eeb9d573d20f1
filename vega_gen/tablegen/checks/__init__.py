"""What llvm-tblgen lets through: finds what a target's records say that the generators accept and an engineer pays for later."""

from vega_gen.tablegen.checks.bit_patterns import encoding_findings
from vega_gen.tablegen.checks.place import placed
from vega_gen.tablegen.checks.survey import Survey, survey
from vega_gen.tablegen.checks.typed_patterns import PatternTree, TypedPattern, entries
from vega_gen.tablegen.checks.unreached import pattern_findings
from vega_gen.tablegen.checks.untyped import rejection_findings

__all__ = [
    "PatternTree",
    "Survey",
    "TypedPattern",
    "encoding_findings",
    "entries",
    "pattern_findings",
    "placed",
    "rejection_findings",
    "survey",
]
