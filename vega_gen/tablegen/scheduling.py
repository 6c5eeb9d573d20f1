"""Find the instructions whose cost a complete scheduling model does not say, for which llvm-tblgen makes no tables."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vega_gen.tablegen.raw import Dag, Raw


def uncosted(raws: Mapping[str, Raw]) -> dict[str, tuple[str, ...]]:
    """Return scheduling model -> the instructions that llvm-tblgen says it has no information for.

    The rule is CodeGenSchedule.cpp's (CodeGenSchedModels::checkCompleteness): an instruction of a model with CompleteModel needs a SchedRW,
    an itinerary or an InstRW, unless it has hasNoSchedulingInfo or a predicate among the model's UnsupportedFeatures."""
    models = [r for r in raws.values() if "SchedMachineModel" in r.classes and r.name != "NoSchedModel" and r.number("CompleteModel")]
    used = {r.string("SchedModel") for r in raws.values() if "Processor" in r.classes}
    models = [model for model in models if model.name in used]
    if not models:
        return {}
    bare = [
        r for r in raws.values()
        if "Instruction" in r.classes and r.field("SchedRW") is None and r.string("Itinerary") in ("", "NoItinerary")
        and r.string("Namespace") and not r.number("hasNoSchedulingInfo")
    ]  # fmt: skip
    if not bare:
        return {}
    named, like = _costed(raws)
    bare = [r for r in bare if r.name not in named and not any(pattern.match(r.name) for pattern in like)]
    found: dict[str, tuple[str, ...]] = {}
    for model in models:
        unsupported = set(model.items("UnsupportedFeatures"))
        if lacking := tuple(r.name for r in bare if unsupported.isdisjoint(r.items("Predicates"))):
            found[model.name] = lacking
    return found


def _costed(raws: Mapping[str, Raw]) -> tuple[set[str], list[re.Pattern[str]]]:
    """The instructions that InstRW records name, and the patterns by which they match others (instregex)."""
    named: set[str] = set()
    like: list[re.Pattern[str]] = []
    for record in raws.values():
        listed = record.dag("Instrs") if "InstRW" in record.classes else None
        for dag in _each(listed) if listed is not None else ():
            words = [value for value, _ in dag.args if isinstance(value, str)]
            if dag.op == "instregex":
                like += [re.compile(word.strip('"')) for word in words]
            else:
                named.update(words)
    return named, like


def _each(dag: Dag) -> list[Dag]:
    """A dag and all dags in it."""
    return [dag, *(inner for value, _ in dag.args if isinstance(value, Dag) for inner in _each(value))]
