"""The fragments and transforms of a .td that select nothing: what a facts file or a build says (``fragments.left_out``)."""

from __future__ import annotations

from collections.abc import Iterable

from vega_gen.records import Description, Evidence, GivenFact

LEFT_OUT = "fragments.left_out"


def left_out_by(d: Description) -> set[str]:
    """Returns the fragments and transforms that the fact leaves out."""
    return set(d.given[LEFT_OUT].value.split()) if LEFT_OUT in d.given else set()


def leaving_out(d: Description, names: Iterable[str]) -> GivenFact:
    """Returns the fact that leaves out ``names``, too."""
    return GivenFact(LEFT_OUT, " ".join(sorted({*left_out_by(d), *names})), "", Evidence.TESTS)
