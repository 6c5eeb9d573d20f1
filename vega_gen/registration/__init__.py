"""Plan the edits that register a new triple in LLVM's own files (outside of ``lib/Target/<New>``), and list where a target is registered.

Nothing is specific to a version of LLVM, because the checkout itself shows how targets are registered. In each list that
``targets/settings/registration.toml`` names, a new target gets the entry that similar targets have there (same pointer width or byte order,
as the list requires), with its own names substituted. The edits are for ``llvm_integration.checkout``; nothing is written here.
"""

from __future__ import annotations

from vega_gen.registration.planning import Registration, RegistrationPlace, State, known_arch, places_of, plan_registration
from vega_gen.registration.triple import NewTriple, as_unknown, new_triple, relocation_definitions

__all__ = [
    "NewTriple",
    "Registration",
    "RegistrationPlace",
    "State",
    "as_unknown",
    "known_arch",
    "new_triple",
    "places_of",
    "plan_registration",
    "relocation_definitions",
]  # fmt: skip
