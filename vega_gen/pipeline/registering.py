"""Make a new target's triple known to LLVM: plan the edits of its tree, and write an overlay of its headers to compile with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.checkout import Edit
from llvm_integration.overlay import Overlay, overlay
from vega_gen import store
from vega_gen.archetypes.relocations import relocation_names
from vega_gen.cxx.interface import TRIPLES
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.request import Prepared, Request
from vega_gen.registration import as_unknown, known_arch, new_triple, plan_registration, relocation_definitions
from vega_gen.registration.tree import Tree


@dataclass(frozen=True, slots=True)
class Registered:
    """A target with its triple.

    ``prepared``: with an installation whose headers know the target.
    ``edits``: edits outside of lib/Target, none where LLVM knows the target already.
    ``overlay``: LLVM's files that know the target; None without an installation, or where nothing changes.
    ``arch``: the architecture part of its triple, "" where LLVM knows the target under another name.
    ``machine``: its new ELF machine number, 0 where LLVM has one already.
    """

    prepared: Prepared
    edits: tuple[Edit, ...]
    overlay: Overlay | None
    arch: str
    machine: int = 0


def registered(request: Request, prepared: Prepared) -> Registered:
    """Register the target. Raises InputError as ``plan_registration`` does, ToolFailure as ``overlay`` does."""
    inputs, installation = prepared.inputs, prepared.installation
    if prepared.official:
        arch = known_arch(inputs.source.root, (inputs.folder, inputs.description.name), find_facts(inputs.description).native)
        if prepared.linked:
            inputs = replace(inputs, arch=arch)
        else:  # the installed tools know the architecture already, and of two targets for one LLVM chooses neither
            inputs = replace(inputs, arch=f"{arch or inputs.folder.lower()}_td", big_endian=_big_endian(request, inputs, arch))
        return Registered(replace(prepared, inputs=inputs), (), None, arch)
    if not inputs.description.relocations:
        inputs = replace(inputs, relocs=_relocations(inputs, request.arch or inputs.folder.lower(), prepared.work / f"{inputs.folder}.def"))
    given = inputs.relocs.read_text(encoding="utf-8") if inputs.relocs else ""
    big = request.big_endian or find_facts(inputs.description).big_endian
    little, number = not big, request.machine
    new = new_triple(inputs.description, folder=inputs.folder, arch=request.arch, little=little, number=number, relocations=given)
    plan = plan_registration(inputs.source.root, new)
    texts = plan.texts if prepared.linked else _for_plugin(plan.texts, new.arch)
    made = overlay(inputs.source, texts, prepared.work / "overlay")
    prepared = replace(prepared, inputs=replace(inputs, arch=new.arch, big_endian=big, overlay=(made.include_dir,)))
    if installation is None:
        return Registered(prepared, plan.edits, None, new.arch, plan.number)
    knowing = replace(installation, include_dirs=(made.include_dir, *installation.include_dirs))
    return Registered(replace(prepared, installation=knowing), plan.edits, made, new.arch, plan.number)


def _big_endian(request: Request, inputs: Inputs, arch: str) -> bool:
    """The byte order of an architecture that LLVM knows."""
    known = Tree(inputs.source.root).archs.get(arch)
    return request.big_endian or (known is not None and not known.little)


def _for_plugin(texts: Mapping[str, bytes], arch: str) -> dict[str, bytes]:
    """The changed files of LLVM as a plug-in needs them, whose libLLVM does not know the architecture."""
    header = next(path for name in TRIPLES if (path := f"llvm/include/{name}") in texts)
    return {**texts, header: as_unknown(texts[header].decode("latin-1"), arch).encode("latin-1")}


def _relocations(inputs: Inputs, arch: str, path: Path) -> Path:
    """Write to ``path`` a list of the relocations that the target's fixups need, for a target whose ABI lists none."""
    kinds, _ = fixups(inputs.description, find_facts(inputs.description))
    names = [f"R_{arch.upper()}_{name}" for name in relocation_names(kinds).values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write_atomic(path, relocation_definitions(inputs.folder, arch, names).encode())
    return path
