"""Stage 4: finds what a target's records are for (``find_facts``) and which records of two targets play the same role (``match``)."""

from vega_gen.facts.described import signature
from vega_gen.facts.find import Facts, find_facts
from vega_gen.facts.match import match

__all__ = ["Facts", "find_facts", "match", "signature"]
