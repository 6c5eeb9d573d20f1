"""Turn HwMode records into what differs between the machines of a description (llvm/Target/Target.td, ``HwMode``)."""

from __future__ import annotations

from collections.abc import Mapping

from vega_gen.records import HardwareMode
from vega_gen.tablegen.raw import Raw
from vega_gen.tablegen.registers import RegisterSets
from vega_gen.tablegen.views import DEFAULT_MODE, complex_patterns, of_class, operand_classes, register_classes


def modes(raws: Mapping[str, Raw], sets: RegisterSets) -> tuple[HardwareMode, ...]:
    """Return the hardware modes, the default one first and whole, the others with what is not as in it; () where there is no other."""
    named = [raw for raw in of_class(raws, "HwMode") if raw.name != DEFAULT_MODE]
    classes, operands, complex_ = register_classes(raws, sets), operand_classes(raws), complex_patterns(raws)
    found = [HardwareMode(DEFAULT_MODE, "", classes, operands, complex_)] if named else []
    for raw in named:
        found.append(
            HardwareMode(
                raw.name,
                raw.string("Features"),
                tuple(c for c in register_classes(raws, sets, raw.name) if c not in classes),
                tuple(o for o in operand_classes(raws, raw.name) if o not in operands),
                tuple(c for c in complex_patterns(raws, raw.name) if c not in complex_),
            )
        )
    return tuple(found)
