"""Programs that nobody here wrote: GCC's C torture tests, csmith's random programs, and compiler-rt's functions that both may call.

They are fetched by apt when they are needed, into a folder of the user's, and are not part of this repository.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
import tarfile
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llvm_integration import packages
from llvm_integration.process import Progress, run

GCC = "gcc-12-source"
CSMITH = "libcsmith-dev"
_CSMITH_OPTIONS = ("--no-packed-struct", "--max-funcs", "6")
_TORTURE = "gcc/testsuite/gcc.c-torture/execute"
_SECONDS = 1800.0
_MEANING = {"-fgnu89-inline", "-fwrapv", "-fno-strict-aliasing", "-finstrument-functions"}


@dataclass(frozen=True, slots=True)
class FetchedPrograms:
    """The folders of what was fetched: ``torture`` with the tests (.c), ``csmith`` with its headers, ``builtins`` with compiler-rt's C."""

    torture: Path
    csmith: Path
    builtins: Path


def fetch(folder: Path, version: str, progress: Progress) -> FetchedPrograms:
    """Fetch what ``folder`` does not hold yet. ``version``: of the LLVM whose compiler-rt is taken. Raises ToolFailure."""
    return FetchedPrograms(torture(folder, progress), csmith_headers(folder, progress), builtins(folder, version, progress))


def torture(folder: Path, progress: Progress) -> Path:
    """The folder of GCC's torture tests, fetched into ``folder`` unless they are there. Raises ToolFailure."""
    found = folder / "torture"
    if not found.is_dir():
        with _work(folder) as work:
            progress(0, 0, f"fetching {GCC}")
            archive = next(_unpacked(GCC, work).rglob("gcc-[0-9]*.tar.xz"))
            torture_tests(archive, work / "tests")
            (work / "tests").rename(found)
    return found


def csmith_headers(folder: Path, progress: Progress) -> Path:
    """The folder of csmith's headers, fetched into ``folder`` unless they are there. Raises ToolFailure."""
    found = folder / "csmith"
    if not found.is_dir():
        with _work(folder) as work:
            progress(0, 0, f"fetching {CSMITH}")
            (_unpacked(CSMITH, work) / "usr/include/csmith").rename(found)
    return found


def builtins(folder: Path, version: str, progress: Progress) -> Path:
    """The folder of compiler-rt's functions of an LLVM, fetched into ``folder`` unless they are there. Raises ToolFailure."""
    found = folder / f"builtins-{version}"
    if not found.is_dir():
        with _work(folder) as work:
            packages.get_source(version, work / "llvm", progress, packages.TREE_PARTS | {"compiler-rt"})
            (work / "llvm/compiler-rt/lib/builtins").rename(found)
    return found


@contextmanager
def _work(folder: Path) -> Generator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        yield Path(name)


def _unpacked(package: str, work: Path) -> Path:
    """Download a Debian package and unpack it below ``work``, without installing it."""
    run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], cwd=work, timeout=_SECONDS).check("apt-get update")
    run(["dpkg", "-x", str(next(work.glob(f"{package}_*.deb"))), "package"], cwd=work, timeout=_SECONDS).check()
    return work / "package"


def torture_tests(archive: Path, folder: Path) -> None:
    """Unpack the torture tests of GCC's source, without those in subfolders."""
    folder.mkdir()
    with tarfile.open(archive, mode="r:xz") as tar:
        for member in tar:
            where, _, name = member.name.rpartition("/")
            if where.endswith(_TORTURE) and member.isfile() and (source := tar.extractfile(member)):
                with (folder / name).open("wb") as out:
                    shutil.copyfileobj(source, out)


def wanted_options(test: str) -> tuple[str, ...]:
    """The options that a torture test asks for in its text and that change what the C means: the language, ``inline``, overflow,
    aliasing, hooks.

    GCC Internals, "Directives used within DejaGnu tests"."""
    asked = " ".join(re.findall(r"\{ *dg-(?:additional-)?options +\"([^\"]*)\"", test)).split()
    return tuple(option for option in asked if option.startswith("-std=") or option in _MEANING)


def chosen(names: Sequence[str], count: int, seed: int) -> list[str]:
    """``count`` of the names (all where there are fewer), drawn by ``seed``, in alphabetical order."""
    ordered = sorted(names)
    return sorted(random.Random(seed).sample(ordered, min(count, len(ordered))))


def csmith_program(folder: Path, seed: int) -> Path:
    """The program of csmith of a seed, written into ``folder`` unless it is there. Raises ToolFailure where csmith is missing."""
    source = folder / f"csmith-{seed}.c"
    if not source.is_file():
        made = run(["csmith", *_CSMITH_OPTIONS, "--seed", str(seed)], timeout=60).check("apt-get install csmith")
        source.write_text(made.stdout, encoding="utf-8")
    return source


def ending_programs(folder: Path, headers: Path, clang: Path) -> Iterator[Path]:
    """Write csmith's programs of the seeds 1, 2, ... into ``folder``, and yield those that end on this machine within two seconds: one in a
    few loops for ever. What one printed follows the first line of its .ends file. Raises ToolFailure where csmith is missing."""
    for number in itertools.count(1):
        source, verdict = csmith_program(folder, number), folder / f"csmith-{number}.ends"
        if not verdict.is_file():
            program = folder / "csmith-here"
            run([str(clang), "-w", "-O1", "-isystem", str(headers), str(source), "-o", str(program)], timeout=120).check()
            ran = run([str(program)], timeout=2.0)
            verdict.write_text(f"{'yes' if ran.ok else 'no'}\n{ran.stdout}", encoding="utf-8")
        if verdict.read_text(encoding="utf-8").startswith("yes"):
            yield source
