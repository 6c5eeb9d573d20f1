"""Stage 9, outside of ``lib/Target/<New>``: a checkout, a new triple -> the edits that make LLVM know it.

Enters: a checkout's root, a ``NewTriple``. Leaves: ``Edit``s for ``llvm_integration.checkout``, and every ``RegistrationPlace`` where LLVM
names a
target, with what is there. It writes no file, and nothing in it is made for a version of LLVM.

The checkout itself shows how a target is registered: a new one gets, in each list of ``targets/settings/registration.toml``, the entry that
targets like it have there (same width of a pointer, or byte order, as the list goes by), with its own names put in.
"""

from __future__ import annotations

from vega_gen.registration.planning import Registration, RegistrationPlace, State, known_arch, places_of, plan_registration
from vega_gen.registration.triple import NewTriple, new_triple, relocation_definitions

__all__ = [
    "NewTriple",
    "Registration",
    "RegistrationPlace",
    "State",
    "known_arch",
    "new_triple",
    "places_of",
    "plan_registration",
    "relocation_definitions",
]  # fmt: skip
