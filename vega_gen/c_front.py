"""Compiles C to LLVM IR for a target that clang does not know.

An installed clang compiles for a triple that it knows and that lays out C's types in the same way (``targets/settings/c_front.toml``); the
IR then gets the target's own data layout and loses what is said of the other one: its triple, CPU and features.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.failure import ToolFailure
from llvm_integration.process import run
from vega_gen import resources, store
from vega_gen.data_layout import C_TYPES, DataLayout, Fit, fit, read_layout
from vega_gen.errors import InputError, NotFoundError

SECONDS = 120.0
MEMORY_MB = 4096
_OPTIONS = (
    "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-fno-ident",
    "-fno-vectorize", "-fno-slp-vectorize", "-fno-color-diagnostics", "-fno-spell-checking",
)  # fmt: skip
_LAYOUT = re.compile(r'^target datalayout = "([^"]*)"\n', re.MULTILINE)
_TRIPLE = re.compile(r'^target triple = "[^"]*"\n', re.MULTILINE)
_OF_THE_CPU = re.compile(r' "(?:target-cpu|target-features|tune-cpu)"="[^"]*"')
_SAID = re.compile(r"^([^\s:][^:\n]*:\d+:\d+): (?:fatal )?error: (.*)$", re.MULTILINE)
_GIVE_IR = "give the program as LLVM IR (.ll) instead"


@dataclass(frozen=True, slots=True)
class Front:
    """The triple for which clang compiles C. ``options``: of clang, those that the triple and ``fit`` want."""

    triple: str
    options: tuple[str, ...]
    fit: Fit
    layout: DataLayout


@dataclass(frozen=True, slots=True)
class FromC:
    """IR that was made of C. ``triple``: the one that clang compiled for. ``notes``: what lies otherwise than the target's own clang would
    have it. ``warnings``: clang's, as it printed them, "" for none."""

    triple: str
    notes: tuple[str, ...]
    warnings: str


def ir_of(source: Path, installation: Installation, layout: str, out: Path, *, level: str = "-O2", options: Sequence[str] = ()) -> FromC:
    """Compile a C file to the IR file ``out`` for a target with the given data layout string.

    The IR names no triple: llc's -march chooses the target. ``level``: -O0 to -O3, -Os, -Oz. ``options``: further options of clang, last
    on its command line (-I, -D, -std, -w). Raises InputError with clang's messages where the C is wrong; ToolFailure where there is no
    clang of this LLVM's version; NotFoundError where no triple of clang's lays out C as the target does."""
    clang = clang_of(installation)
    if not source.is_file():
        raise InputError("no such file", str(source), "name a C file (.c) or LLVM IR (.ll)")
    front = choose(layouts(clang), read_layout(layout))
    argv = [str(clang), f"--target={front.triple}", *_OPTIONS, *front.options, level, *options, "-S", "-emit-llvm", "-x", "c", str(source)]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.ll"
        done = run([*argv, "-o", str(made)], timeout=SECONDS, memory_mb=MEMORY_MB)
        said = done.stderr.strip()
        if not done.ok:
            if done.timed_out or done.returncode != 1 or not (wrong := _SAID.search(said)):
                done.check()
                raise ToolFailure(f"{clang.name} failed", command=done.command, output=said)
            raise InputError(wrong[2], wrong[1], "correct the C", command=done.command, output=said)
        text = made.read_text(encoding="utf-8")
    store.write_atomic(out, retarget(text, layout).encode())
    return FromC(front.triple, notes(front, read_layout(layout)), said)


def retarget(ir: str, layout: str) -> str:
    """Returns a module's text with another data layout, and without a triple and the CPU and features that functions ask for."""
    return _OF_THE_CPU.sub("", _TRIPLE.sub("", _LAYOUT.sub(lambda _: f'target datalayout = "{layout}"\n', ir)))


def clang_of(installation: Installation) -> Path:
    """The clang of an LLVM's own major version: IR of a newer one may not be readable. Raises ToolFailure where there is none."""
    step = f"apt-get install clang-{installation.major} gets it where apt has it; or {_GIVE_IR}"
    clang = installation.find_tool("clang")
    if clang is None:
        raise ToolFailure(f"C needs clang {installation.major}, which was not found", str(installation.bindir), step)
    version = _version(clang)
    if version.split(".")[0] != str(installation.major):
        raise ToolFailure(f"C needs clang {installation.major}, and this one is {version}", str(clang), step)
    return clang


@cache
def _version(clang: Path) -> str:
    return run([str(clang), "-dumpversion"], timeout=SECONDS).check().stdout.strip()


def layouts(clang: Path) -> dict[str, DataLayout]:
    """Triple of targets/settings/c_front.toml -> its data layout, as ``clang`` says it; triples that it does not know are left out.

    Clang is asked once and the answers are kept in the cache."""
    triples = [entry["name"] for entry in resources.settings("c_front")["triple"]]
    stat = clang.resolve().stat()
    key = store.digest(store.code_version(__name__), str(clang.resolve()), f"{stat.st_mtime_ns} {stat.st_size}", *triples)
    if (kept := store.cache_get("clang-layouts", key)) is None:
        said = [f"{triple} {layout}" for triple in triples if (layout := _asked(clang, triple))]
        kept = "\n".join(said).encode()
        store.cache_put("clang-layouts", key, kept)
    return {triple: read_layout(layout) for triple, layout in (line.split(" ") for line in kept.decode().splitlines())}


def _asked(clang: Path, triple: str) -> str:
    done = run([str(clang), f"--target={triple}", "-S", "-emit-llvm", "-x", "c", "/dev/null", "-o", "-"], timeout=SECONDS)
    found = _LAYOUT.search(done.stdout) if done.ok else None
    return found[1] if found else ""


def choose(known: dict[str, DataLayout], target: DataLayout) -> Front:
    """Returns the triple whose data layout is nearest to the target's.

    ``known``: triple -> layout, those that clang offers. Types that are laid out alike come first, then the alignment of the stack and the
    native widths, then the order of targets/settings/c_front.toml. Raises NotFoundError where structures of none lie as the target's."""
    options = {entry["name"]: tuple(entry.get("options", ())) for entry in resources.settings("c_front")["triple"]}
    found: list[tuple[tuple[int, bool, bool], Front]] = []
    for triple, layout in known.items():
        if (lies := fit(layout, target)) is not None:
            given = (*options.get(triple, ()), *((f"-fpack-struct={lies.pack}",) if lies.pack else ()))
            rank = len(lies.differing), layout.stack != target.stack, layout.native != target.native
            found.append((rank, Front(triple, given, lies, layout)))
    if not found:
        order = "big" if target.big_endian else "little"
        said = ", ".join(f"{C_TYPES.get(t, t)} {n}" for t, n in sorted(target.alignment.items()) if t not in ("i8", "i16"))
        kind = f"{order}-endian, {target.pointer}-bit pointers, aligned to bytes: {said}"
        what = f"clang has no target that lays out C as this one does: {kind}"
        raise NotFoundError(what, "targets/settings/c_front.toml", f"{_GIVE_IR}, or new-target on a checkout that has clang")
    return min(found, key=lambda one: one[0])[1]


def notes(front: Front, target: DataLayout) -> tuple[str, ...]:
    """Returns a sentence for each type that clang aligns otherwise than the target, and one for what is done about them."""
    if not front.fit.differing:
        return ()
    said = [
        f"{C_TYPES.get(t, t)} is aligned to {front.layout.alignment[t]} bytes by {front.triple}, to {target.alignment[t]} by the target"
        for t in front.fit.differing
    ]
    return (*said, f"so no member of a structure is aligned to more than {front.fit.pack} bytes (-fpack-struct={front.fit.pack})")
