"""Build the backend of a plan: compile, link, and lower what fails, until the backend links.

Each round compiles the files that changed and, once all compile, links the backend and runs llc on an empty function. The backend becomes a
plug-in that the installed tools load, or LLVM's tools are linked with it. ``plan.blame`` traces
each error to a function or declaration and lowers or removes it. Where a round explains nothing, or comes back to a state that was built
before (one error may put in what another takes out), whole files are demoted. So the loop ends, at the latest at the floor: the
registration of the target alone (``floor``).
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Protocol

from llvm_integration.build import TargetBuild
from llvm_integration.check import Checker, Mistake, check_files, mistakes_in
from llvm_integration.crash import Tried, registered, tried
from llvm_integration.discover import Installation
from llvm_integration.edits import target_folder
from llvm_integration.failure import ToolFailure
from llvm_integration.incremental import ContentHashes
from llvm_integration.linking import LinkError, link_errors
from llvm_integration.overlay import Overlay
from llvm_integration.plugin import Plugin, PluginBuild
from llvm_integration.process import Progress
from llvm_integration.toolchain import compile_flags
from vega_gen import store
from vega_gen.archetypes.parts import Parts
from vega_gen.corpus import open_corpus
from vega_gen.cxx import parse_file
from vega_gen.cxx.interface import Interface
from vega_gen.emit import copies, emit
from vega_gen.emit.order import INC
from vega_gen.groups import Interfaces
from vega_gen.pipeline.compiling import generate_tables
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.request import Prepared
from vega_gen.plan.blame import Blame, without_file
from vega_gen.plan.grafts import Grafted
from vega_gen.plan.steps import Archetype, Steps
from vega_gen.plan.stubs import Bases, initialiser
from vega_gen.records import Description, FillerName, Mode, Plan, PlannedFile, Step

ROUNDS = 40
"""Rounds before the backend is reduced to its floor. A backend that improves in each round needs far fewer."""
LEVELS = 3
"""Levels of ``Blame.escalated``."""
_OBJECTS = ("-O0",)  # the tools are only tried out, and most of the time goes into LLVM's headers anyway
_NOTHING = b"define void @nothing() {\n  ret void\n}\n"
_OUTER = re.compile(r'^\s*#\s*include ("llvm/[^"]+\.h"|<[^>]+>)', re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Built:
    """A plan whose backend was linked.

    ``tools``: the folder of LLVM's tools that hold it. ``library``: the plug-in that they load, None where they were linked with it.
    ``rounds``, ``seconds``: what the build took.
    ``listed``: the target's names in ``llc --version``.
    ``says``: llc's error on an empty function, "" where it writes assembly.
    ``grafted``: function that was grafted -> why it stays; ``suggested``: one that was mined and is not written -> why.
    """

    plan: Plan
    library: Path | None
    tools: Path
    rounds: int
    seconds: float
    listed: tuple[str, ...]
    says: str
    grafted: Mapping[str, str] = field(default_factory=dict[str, str])
    suggested: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass
class Workshop:
    """Writes, compiles and links a backend in a work folder.

    ``copied``: further files of the backend, .td files above all: path -> content. ``overlay``: LLVM's files that know a new triple.
    ``linked``: link LLVM's tools with the backend, rather than make it a plug-in.
    """

    inputs: Inputs
    installation: Installation
    work: Path
    copied: Mapping[str, bytes]
    progress: Progress
    overlay: Overlay | None = None
    linked: bool = True
    _hashes: ContentHashes = field(default_factory=ContentHashes)
    _pch: Path | None = None
    _generated: set[str] = field(default_factory=set[str])  # tables made so far
    _before: dict[str, str] = field(default_factory=dict[str, str])  # the texts of the last round
    _said: dict[str, tuple[Mistake, ...]] = field(default_factory=dict[str, tuple[Mistake, ...]])  # each .cpp's last errors

    @property
    def folder(self) -> Path:
        """The backend's ``lib/Target/<T>``."""
        return self.work / "whole"

    @property
    def tables(self) -> Path:
        """The folder of TableGen's tables."""
        return self.work / "tables"

    def write(self, texts: Mapping[str, str]) -> None:
        """Write the texts, and generate the tables that they include. Files of earlier texts that are no longer there are deleted."""
        if not self._before:
            shutil.rmtree(self.folder, ignore_errors=True)  # includes must not find a file of an earlier run
            for path, data in self.copied.items():
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                store.write_atomic(self.folder / path, data)
        for path in self._before.keys() - texts.keys():
            (self.folder / path).unlink(missing_ok=True)
            self._said.pop(path, None)
        for path, text in texts.items():
            if self._before.get(path) != text:
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                store.write_atomic(self.folder / path, text.encode())
        wanted = {inc for text in texts.values() for inc in INC.findall(text)}
        if not wanted <= self._generated:
            generate_tables(texts, self.inputs, self.tables, self.progress)
            self._generated |= wanted

    def compile(self, texts: Mapping[str, str]) -> dict[str, tuple[Mistake, ...]]:
        """The compiler's errors for each .cpp. Only files that changed, or include one that did, are compiled again."""
        self.write(texts)
        changed = {path for path, text in texts.items() if self._before.get(path) != text}
        paths = [path for path in sorted(texts) if path.endswith(".cpp") and changed & included(path, texts)]
        found = self._checked(paths, texts) if self.linked else self._compiled()
        self._said |= {path: tuple(map(self._own, found.get(path, ()))) for path in paths}
        self._before = dict(texts)
        return {path: mistakes for path, mistakes in self._said.items() if path in texts}

    def _checked(self, paths: Sequence[str], texts: Mapping[str, str]) -> dict[str, tuple[Mistake, ...]]:
        """The errors that a syntax check finds: compiling for the tools is optimised, and takes longer."""
        files = [self.folder / path for path in paths]
        flags = [*compile_flags(self.installation), "-fpch-instantiate-templates", "-include-pch", str(self._precompiled(texts))]
        found = check_files(self.installation, files, self._dirs, flags, os.cpu_count() or 1, self.progress)
        return {path: found[file] for path, file in zip(paths, files, strict=True)}

    def _compiled(self) -> dict[str, tuple[Mistake, ...]]:
        """The errors of files that do not compile to objects of the plug-in."""
        _, failed = self._plugin().failures(self.progress)
        return {path: mistakes_in(failure.output) or (Mistake(path, 0, failure.what),) for path, failure in failed.items()}

    @property
    def _dirs(self) -> tuple[Path, ...]:
        return (self.folder, self.tables, *([self.overlay.include_dir] if self.overlay else []), *self.installation.include_dirs)

    def _precompiled(self, texts: Mapping[str, str]) -> Path:
        """A precompiled header of the LLVM headers that the backend includes at first. Only syntax checks use it, not the objects."""
        if self._pch is None:
            self.progress(0, 1, "precompiling LLVM's headers")
            named = {x for text in texts.values() for x in _OUTER.findall(text)}
            headers = sorted(x for x in named if x[0] == "<" or any((folder / x.strip('"')).is_file() for folder in self._dirs))
            checker = Checker(self.installation, self._dirs, compile_flags(self.installation), self.work / "checks")
            self._pch = checker.preamble("outer", "".join(f"#include {x}\n" for x in headers)).pch
            checker.close()
        return self._pch

    def link(self) -> tuple[dict[str, tuple[Mistake, ...]], tuple[LinkError, ...]]:
        """Compile to objects and link. Return the mistakes by file, and the linker's errors.

        Raises ToolFailure if something other than the backend fails.
        """
        build: TargetBuild | PluginBuild = self.build() if self.linked else self._plugin()
        try:
            links = build.attempt(self.progress)
        except ToolFailure as failure:
            mistakes = tuple(map(self._own, mistakes_in(failure.output)))
            path = next((p for p in build.objects if str(build.target_dir / p) in failure.command), "")
            if not path or "No space left" in failure.output:
                raise
            return {path: mistakes or (Mistake(path, 0, failure.what),)}, ()
        for done in links.values() if isinstance(links, dict) else (links,):
            if not done.ok:
                errors = link_errors(done.stderr)
                if not errors:
                    done.check()
                return {}, errors
        return {}, ()

    def tables_made(self) -> dict[str, str]:
        """TableGen's tables by name."""
        return {p.name: p.read_text(encoding="utf-8") for p in sorted(self.tables.glob("*.inc"))}

    def build(self) -> TargetBuild:
        """The build of LLVM's tools with this backend."""
        inputs, work = self.inputs, self.work / "build"
        return TargetBuild(
            inputs.source, self.installation, inputs.folder, work, self.overlay, self.folder, tables=self.tables, flags=_OBJECTS
        )

    def _plugin(self) -> PluginBuild:
        """The build of a plug-in with this backend."""
        work, jobs = self.work / "plugin", os.cpu_count() or 1
        kept = partial(store.cache_folder, "plugin")
        return PluginBuild(self.installation, self.folder, self.tables, self.inputs.folder, work, kept, jobs, _hashes=self._hashes)

    @property
    def library(self) -> Path | None:
        """The plug-in, None where LLVM's tools are linked with the backend."""
        return None if self.linked else self._plugin().library

    @cached_property
    def tools(self) -> Path:
        """The folder of LLVM's tools with this backend. There are none before ``link`` has succeeded."""
        if self.linked:
            return self.build().tools_dir
        return Plugin(self.installation, self._plugin().library).write_tools(self.work.resolve() / "plugin" / "bin")

    def run(self) -> Tried:
        """Run ``llc --version``, then llc on an empty function under each name of the target. Return the first failing run, if any."""
        llc = str(self.tools / "llc")
        source = self.work / "nothing.ll"
        store.write_atomic(source, _NOTHING)
        started = tried(self.installation, [llc, "--version"])
        runs = [started]
        for name in self.listed() if not started.error else ():
            runs.append(tried(self.installation, [llc, f"-march={name}", "-o", os.devnull, str(source)]))
        return next((one for one in runs if one.error), started)

    def listed(self) -> tuple[str, ...]:
        """The names under which llc lists the target."""
        others = () if self.linked else registered(self.installation.tool("llc"))
        return tuple(name for name in registered(self.tools / "llc") if name not in others)

    def _own(self, m: Mistake) -> Mistake:
        """A mistake with its paths relative to the backend's folder."""
        file = m.file.removeprefix(f"{self.folder}/").removeprefix(f"{self.folder.resolve()}/")
        return replace(m, file=file, notes=tuple(map(self._own, m.notes)))


def included(path: str, texts: Mapping[str, str]) -> frozenset[str]:
    """A file and the backend's own files that it includes, directly or not."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in texts:
        by_name[file.rpartition("/")[2]].append(file)
    found = {path}
    queue = [path]
    while queue:
        for name in _INCLUDE.findall(texts[queue.pop()]):
            for file in by_name[name.rpartition("/")[2]]:
                if file not in found:
                    found.add(file)
                    queue.append(file)
    return frozenset(found)


def named(inputs: Inputs) -> Description:
    """The description, with the main .td's file name where that isn't derived from the target's name."""
    description = inputs.description
    if inputs.td.name == f"{description.name}.td":
        return description
    return replace(description, data={**description.data, "td": inputs.td.name})


def texts_of(plan: Plan, inputs: Inputs) -> dict[str, str]:
    """The files of the backend by path, CMake's included."""
    prefix = target_folder(inputs.folder) + "/"
    edits = emit(plan, named(inputs), inputs.headers, threshold=plan.flag_below)
    return {e.path.removeprefix(prefix): e.content for e in edits if isinstance(e.content, str)}


def build_backend(
    prepared: Prepared, plan: Plan, copied: Mapping[str, bytes], progress: Progress,
    archetype: Archetype | None = None, layer: Parts | None = None, overlay: Overlay | None = None, layout: str = "",
    graft: Callable[[Plan, Workshop], Grafted] | None = None,
) -> Built:
    """Lower a plan until LLVM's tools link with it.

    ``copied``: the .td files, path -> content. ``archetype`` and ``layer``: see ``Steps``. ``layout``: see ``Bases``. ``graft``: returns
    the plan, once it builds, with what mined functions add to it.
    Raises ToolFailure if something other than the backend fails: no disk space, no compiler, LLVM's own sources.
    """
    assert prepared.installation is not None
    start = time.monotonic()
    inputs = prepared.inputs
    given = {e.path.removeprefix(target_folder(inputs.folder) + "/"): e.content for e in copies(plan, copied)}
    shop = Workshop(
        inputs, prepared.installation, prepared.work, {p: c for p, c in given.items() if isinstance(c, bytes)}, progress, overlay,
        prepared.linked,
    )  # fmt: skip
    include = inputs.source.llvm / "include"
    progress(0, 0, "parsing LLVM's headers")
    classes = open_corpus((inputs.source.root,), prepared.held_out, Mode.TD, inputs.tblgen).interfaces()
    parsed = [parse_file(text, inputs.folder, path) for path, text in sorted(inputs.headers.items()) if path.endswith(".h")]
    given = tuple(c for file in parsed for c in file.classes)
    bases = Bases(Interfaces(classes), lambda file: (include / file).read_bytes(), shop.tables, inputs.description.name, layout, given)
    shop.write(texts_of(plan, inputs))  # Bases reads constructors of generated classes from the tables
    llvm = Interface([include])

    def header(name: str) -> str:
        return llvm.header(name) if llvm.defines(name) else ""

    mined = inputs.mode is Mode.TD and inputs.filler is not FillerName.ARCHETYPE  # else the layer is there already, or was given
    steps = Steps(inputs.description, bases, archetype, layer if mined else None, header)
    plan, rounds = brought_down(steps.started(plan), steps, shop, lambda p: texts_of(p, inputs))
    added = graft(plan, shop) if graft else Grafted(plan)
    if graft:
        plan, more = brought_down(added.plan, steps, shop, lambda p: texts_of(p, inputs))
        rounds += more
    says, seconds = shop.run().error, time.monotonic() - start
    return Built(plan, shop.library, shop.tools, rounds, seconds, shop.listed(), says, added.kept, added.suggested)


class Shop(Protocol):
    """What the build loop needs of a ``Workshop``."""

    def compile(self, texts: Mapping[str, str]) -> Mapping[str, Sequence[Mistake]]:
        """The compiler's errors for each .cpp."""
        ...

    def link(self) -> tuple[Mapping[str, Sequence[Mistake]], Sequence[LinkError]]:
        """Errors that keep the objects from being compiled, by file, or the tools from being linked."""
        ...

    def run(self) -> Tried:
        """Run a linked tool."""
        ...

    def tables_made(self) -> Mapping[str, str]:
        """TableGen's tables by name."""
        ...


def brought_down(plan: Plan, steps: Steps, shop: Shop, texts_of_plan: Callable[[Plan], Mapping[str, str]]) -> tuple[Plan, int]:
    """Run rounds until the backend links and llc does not crash in one of its functions. Return the plan and the number of rounds.

    Raises ToolFailure if not even the floor builds.
    """
    level: dict[str, int] = defaultdict(int)
    wrong: Mapping[str, Sequence[Mistake]] = {}
    errors: Sequence[LinkError] = ()
    layered = floored = False
    built: set[int] = set()
    for number in range(1, ROUNDS + 2):
        # Once: an incomplete machine code layer is replaced by the archetypes' as a whole.
        if not layered and steps.lacking(plan):
            plan, layered = steps.layered(plan), True
        texts = texts_of_plan(plan)
        wrong = {path: mistakes for path, mistakes in shop.compile(texts).items() if mistakes}
        errors = ()
        if not wrong:
            wrong, errors = shop.link()
        if not wrong and not errors:
            crash = shop.run().crash if number < ROUNDS else None
            ended = Blame(plan, texts, steps, {})
            if crash is None or not ended.crashed(crash):
                return plan, number
            plan = ended.plan
            continue
        if floored:
            break
        if number == ROUNDS:
            plan, floored = floor(plan, steps, f"the backend was not built in {ROUNDS} rounds: {_said(wrong, errors)[0]}"), True
            continue
        blame = Blame(plan, texts, steps, shop.tables_made())
        taken = tuple((f.chosen, f.step) for f in plan.functions if f.step is not Step.LEFT_OUT)  # candidates may be alike
        state = hash((frozenset(texts.items()), taken))
        again = state in built
        built.add(state)
        stuck = frozenset(wrong) if again else blame.mistakes(wrong)
        if errors and (again or not blame.links(errors)):
            stuck = frozenset(path for path in texts if path.endswith(".cpp"))
        # Nobody explains these errors: demote the file in which the first of them lies, one level further each time.
        for path in sorted(stuck):
            mistakes: Sequence[Mistake] = wrong.get(path, [])
            home = next((m.file for m in mistakes if m.file in texts), path)
            message = next(error.message for error in (*mistakes, *errors))
            before = blame.plan
            while blame.plan is before and level[home] < LEVELS:
                blame.escalated(home, level[home], message)
                level[home] += 1
        floored = blame.plan is plan
        plan = floor(plan, steps, f"nothing is left that could be taken out: {_said(wrong, errors)[0]}") if floored else blame.plan
    advice = "run `vega-gen doctor`: the compiler, LLVM's headers and its libraries do not fit together"
    raise ToolFailure(f"the registration of {plan.target} alone does not build: {_said(wrong, errors)[0]}", "", advice)


def _said(wrong: Mapping[str, Sequence[Mistake]], errors: Sequence[LinkError]) -> list[str]:
    """What the compiler and the linker say, the first of each file."""
    return [str(of_path[0]) for of_path in wrong.values()] + [error.message for error in errors]


def floor(plan: Plan, steps: Steps, message: str) -> Plan:
    """The smallest plan that LLVM builds with: the target is registered by name and has no code."""
    for path in sorted({f.path for f in plan.files} | {f.file for f in plan.functions} | {c.file for c in plan.classes}):
        plan = without_file(plan, steps, path, message)
    info = initialiser(plan.target, f"LLVMInitialize{plan.target}TargetInfo")
    names = (f"LLVMInitialize{plan.target}{part}" for part in ("Target", "TargetMC"))
    others = tuple(replace(initialiser(plan.target, name), file=info.file) for name in names)
    record = f"Target &getThe{plan.target}Target() {{\n  static Target The{plan.target}Target;\n  return The{plan.target}Target;\n}}"
    file = PlannedFile(info.file, ('"llvm/MC/TargetRegistry.h"',), ("using namespace llvm;", record))
    return replace(plan, functions=(*plan.functions, info, *others), files=(file,), classes=())
