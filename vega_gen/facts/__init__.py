"""Stage 4: what a target's records are for, found in the records themselves, and which records of two targets play the same role."""

from vega_gen.facts.described import signature
from vega_gen.facts.find import Facts, find_facts
from vega_gen.facts.match import match

__all__ = ["Facts", "find_facts", "match", "signature"]
