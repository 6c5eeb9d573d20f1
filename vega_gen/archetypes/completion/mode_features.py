"""The features that hardware modes name and no record is: without them, a subtarget takes such a mode to be on."""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking


def part(lacking: Lacking) -> str:
    """Returns a SubtargetFeature for each feature of a HwMode that the .td files do not define."""
    known = {f.name for f in lacking.d.features}
    made: dict[str, str] = {}
    for mode in lacking.d.modes:
        for name in (one.strip()[1:] for one in mode.features.split(",") if one.strip()):
            if name not in known and name not in made:
                record = lacking.name(f"Feature{name.title().replace('-', '').replace('.', '')}")
                made[name] = f'def {record} : SubtargetFeature<"{name}", "{record.replace("Feature", "Has", 1)}", "true", "{mode.name}">;'
    return "\n".join(["// Hardware modes name these features, and no record is one of them.", *made.values()]) if made else ""
