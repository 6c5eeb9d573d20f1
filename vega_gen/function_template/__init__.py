"""Turn a function group into a template: statement slots with their variants and typed holes (stage 5)."""

from __future__ import annotations

from vega_gen.function_template.alignment import build_template
from vega_gen.function_template.members import KindOf, field_types, own_names
from vega_gen.function_template.placement import Placed, place
from vega_gen.function_template.shapes import OWN_CLASS, OWN_RECORD, FunctionTemplate, Hole, Line, Shape, Slot

__all__ = [
    "OWN_CLASS",
    "OWN_RECORD",
    "FunctionTemplate",
    "Hole",
    "KindOf",
    "Line",
    "Placed",
    "Shape",
    "Slot",
    "build_template",
    "field_types",
    "own_names",
    "place",
]
