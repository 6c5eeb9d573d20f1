"""Compiles C and IR to objects with one backend: a generated one or LLVM's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from llvm_integration import discover
from llvm_integration.failure import Failure
from llvm_integration.process import Completed, Progress, threads
from vega_gen import c_front, resources
from vega_gen.ladder import failures
from vega_gen.ladder.ask import ask

LLC_SECONDS = 30.0
_STATIC = "-relocation-model=static"
_LLC_LEVELS = {"-Os": "-O2", "-Oz": "-O2"}
"""llc has no levels for size: clang marks the functions, and llc's default level reads the marks."""
_RUNNING = re.compile(r"Running pass '(.+?)' on function '@(.+?)'")
_ONLY = re.compile(r"^#ifdef ONLY_(\w+)$", re.MULTILINE)


class NotCompiled(Failure):
    """A program that clang, the backend or the linker refuses. ``tool``: which of them. ``llvm_pass``, ``function``: where llc crashed."""

    def __init__(self, tool: str, said: str, *, command: str = "", llvm_pass: str = "", function: str = "") -> None:
        super().__init__(f"{tool}: {said}", command=command)
        self.tool, self.llvm_pass, self.function = tool, llvm_pass, function


def runtime_folder() -> Path:
    """The folder of the C library of our own and its headers."""
    return resources.folder("templates/foreign")


def own_headers() -> tuple[str, ...]:
    """The options of clang that take the headers of our own C library, and those alone."""
    return "-nostdlibinc", f"-isystem{runtime_folder() / 'include'}"


def first_line(text: str) -> str:
    """The line that says what went wrong: the first with "error" in it, else the first of all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if re.search(r"\berror\b|LLVM ERROR|undefined symbol", line)), lines[0] if lines else "")[:300]


def refused(done: Completed) -> NotCompiled:
    """What llc's end says, with the pass that ran and the function that it ran on where LLVM's stack dump names them."""
    if done.timed_out:
        return NotCompiled("llc", f"it has not ended within {done.seconds:.0f} s", command=done.command)
    running = _RUNNING.findall(done.stderr)
    llvm_pass, function = running[-1] if running else ("", "")
    return NotCompiled("llc", failures.message(done)[:300], command=done.command, llvm_pass=llvm_pass, function=function)


@dataclass
class Toolchain:
    """A backend.

    ``tools``: folder of its llc. ``triple``: as -mtriple has it. ``layout``: the data layout string that clang is told, the same for two
    backends that are to get the same IR: llc takes that of its triple whatever a module says. ``work``: folder for what is compiled.
    ``options``: further ones of llc. ``library``: the objects that programs are linked with where they need them."""

    tools: Path
    triple: str
    layout: str
    installation: discover.Installation
    work: Path
    options: tuple[str, ...] = ()
    library: list[Path] = field(default_factory=list[Path])

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)

    def compile_c(self, source: Path, level: str, out: Path, options: Sequence[str] = ()) -> Path:
        """Compile C to the object ``out``. Raises NotCompiled."""
        return self.compile_ir(self.ir_of(source, level, out.with_suffix(".ll"), options), level, out)

    def ir_of(self, source: Path, level: str, out: Path, options: Sequence[str] = ()) -> Path:
        """Compile C to the IR file ``out``, with the headers of our own C library. Raises NotCompiled."""
        try:
            c_front.ir_of(source, self.installation, self.layout, out, level=level, options=("-w", *own_headers(), *options))
        except Failure as failure:
            raise NotCompiled("clang", first_line(failure.what), command=failure.command) from None
        return out

    def compile_ir(self, source: Path, level: str, out: Path, options: Sequence[str] = ()) -> Path:
        """Compile IR to the object ``out``. Raises NotCompiled."""
        out.unlink(missing_ok=True)
        done = ask(self.llc(source, level, out, options), seconds=LLC_SECONDS)
        if not done.ok:
            out.unlink(missing_ok=True)
            raise refused(done)
        return out

    def llc(self, source: Path, level: str, out: Path, options: Sequence[str] = ()) -> list[str]:
        """The command that compiles IR to an object."""
        own = (f"-mtriple={self.triple}", _LLC_LEVELS.get(level, level), *self.options, "-filetype=obj", _STATIC)
        return [str(self.tools / "llc"), *own, *options, str(source), "-o", str(out)]

    def build_library(
        self, builtins: Path | None, helpers: Mapping[str, str], progress: Progress, *, jobs: int = 2, kept: bool = False
    ) -> dict[str, str]:
        """Compile what programs are linked with: ``helpers`` (name -> IR) and, with compiler-rt's ``builtins``, those and our own C
        library.

        Return what does not compile -> why. Objects of an earlier call are compiled again only where llc or the library is newer; with
        ``kept`` they are taken, since ``work`` is of this llc alone.
        """
        folder = self.work / "library"
        folder.mkdir(exist_ok=True)
        library = runtime_folder() / "library.c"
        asked: list[tuple[str, Callable[[Path], Path]]] = []
        for name in dict.fromkeys(_ONLY.findall(library.read_text(encoding="utf-8"))) if builtins else ():
            asked.append((name, lambda out, name=name: self.compile_c(library, "-O2", out, (f"-DONLY_{name}",))))
        for name, text in helpers.items():
            source = folder / f"{name}.helper.ll"
            source.write_text(text, encoding="utf-8")
            asked.append((f"helper-{name}", lambda out, source=source: self.compile_ir(source, "-O2", out)))
        for source in sorted(builtins.glob("*.c")) if builtins else ():
            asked.append((f"rt-{source.stem}", lambda out, source=source: self.compile_c(source, "-O2", out)))
        newest = max(p.stat().st_mtime for p in ((library,) if kept else (self.tools / "llc", library)))
        lost: dict[str, str] = {}
        self.library.clear()
        with threads(jobs) as pool:
            for done, (name, why) in enumerate(pool.map(partial(_library_member, folder, newest), asked)):
                progress(done, len(asked), f"compiling the library of {self.triple}")
                if why:
                    lost[name] = why
                else:
                    self.library.append(folder / f"{name}.o")
        return lost


def _library_member(folder: Path, newest: float, job: tuple[str, Callable[[Path], Path]]) -> tuple[str, str]:
    name, compiled = job
    out, failed = folder / f"{name}.o", folder / f"{name}.lost"
    if out.is_file() and out.stat().st_mtime >= newest:
        return name, ""
    if failed.is_file() and failed.stat().st_mtime >= newest:
        return name, failed.read_text(encoding="utf-8")
    try:
        compiled(out)
    except NotCompiled as refusal:
        failed.write_text(refusal.what, encoding="utf-8")
        return name, refusal.what
    return name, ""
