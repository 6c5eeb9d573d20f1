"""A target that LLVM has never heard of, made known to it: the edits of its tree, and its headers for whoever compiles.

Enters: ``Request``, ``Prepared``. Leaves: ``Registered``. It writes nothing but the work folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.checkout import Edit
from llvm_integration.overlay import Overlay, overlay
from vega_gen import store
from vega_gen.archetypes.values import relocation_names
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.request import Prepared, Request
from vega_gen.registration import known_arch, new_triple, plan_registration, relocation_definitions


@dataclass(frozen=True, slots=True)
class Registered:
    """``prepared``: with an installation whose headers know the target. ``edits``: outside of lib/Target, none where LLVM knows it already.
    ``overlay``: what the tools are linked with, None without an installation or where nothing is changed. ``arch``: the first part of its
    triple, "" where LLVM has none of the target's name. ``machine``: the number of its ELF machine, 0 where that was LLVM's before."""

    prepared: Prepared
    edits: tuple[Edit, ...]
    overlay: Overlay | None
    arch: str
    machine: int = 0


def registered(request: Request, prepared: Prepared) -> Registered:
    """The target with its triple. Raises InputError and CheckoutError as ``plan_registration``, ToolFailure as ``overlay``."""
    inputs, installation = prepared.inputs, prepared.installation
    if prepared.official:
        arch = known_arch(inputs.source.root, (inputs.folder, inputs.description.name))
        return Registered(replace(prepared, inputs=replace(inputs, arch=arch)), (), None, arch)
    if not inputs.description.relocations:
        inputs = replace(inputs, relocs=_relocations(inputs, request.arch or inputs.folder.lower(), prepared.work / f"{inputs.folder}.def"))
    given = inputs.relocs.read_text(encoding="utf-8") if inputs.relocs else ""
    little, number = not request.big_endian, request.machine
    new = new_triple(inputs.description, folder=inputs.folder, arch=request.arch, little=little, number=number, relocations=given)
    plan = plan_registration(inputs.source.root, new)
    made = overlay(inputs.source, plan.texts, prepared.work / "overlay")
    prepared = replace(prepared, inputs=replace(inputs, arch=new.arch, overlay=(made.include_dir,)))
    if installation is None:
        return Registered(prepared, plan.edits, None, new.arch, plan.number)
    knowing = replace(installation, include_dirs=(made.include_dir, *installation.include_dirs))
    return Registered(replace(prepared, installation=knowing), plan.edits, made, new.arch, plan.number)


def _relocations(inputs: Inputs, arch: str, path: Path) -> Path:
    """A list of the relocations that the target's fixups need, written to ``path``: its ABI has none."""
    kinds, _ = fixups(inputs.description, find_facts(inputs.description))
    names = [f"R_{arch.upper()}_{name}" for name in relocation_names(kinds).values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_atomic(path, relocation_definitions(inputs.folder, arch, names).encode())
    return path
