"""Turn the raw records of processors and their features into typed records."""

from __future__ import annotations

from collections.abc import Mapping

from vega_gen.records import Processor, SubtargetFeature
from vega_gen.tablegen.raw import Raw
from vega_gen.tablegen.views import of_class


def features(raws: Mapping[str, Raw]) -> tuple[SubtargetFeature, ...]:
    """Return the subtarget features. Target.td calls a feature's field Attribute in older LLVMs, FieldName in newer ones."""
    found: list[SubtargetFeature] = []
    for raw in of_class(raws, "SubtargetFeature"):
        place = raw.string("FieldName") or raw.string("Attribute")
        found.append(SubtargetFeature(raw.name, raw.string("Name"), place, raw.string("Value"), raw.string("Desc"), raw.items("Implies")))
    return tuple(found)


def processors(raws: Mapping[str, Raw]) -> tuple[Processor, ...]:
    """Return the processors by their -mcpu names."""
    return tuple(
        Processor(raw.string("Name"), _named(raw, "SchedModel"), _named(raw, "ProcItin"), raw.items("Features"))
        for raw in of_class(raws, "Processor")
    )


def _named(raw: Raw, field: str) -> str:
    """Return the record in a processor's field, "" for the null records of TargetSchedule.td and TargetItinerary.td."""
    name = raw.string(field)
    return "" if name in ("NoSchedModel", "NoItineraries") else name
