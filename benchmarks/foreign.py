"""Programs that nobody here wrote: GCC's C torture tests, csmith's random programs, and compiler-rt's functions that both may call.

They are fetched by apt when a benchmark needs them, into a folder of the user's, and are not part of this repository.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from llvm_integration import packages
from llvm_integration.process import Progress, run

GCC = "gcc-12-source"
CSMITH = "libcsmith-dev"
CSMITH_OPTIONS = ("--no-packed-struct", "--max-funcs", "6")
_TORTURE = "gcc/testsuite/gcc.c-torture/execute"
_SECONDS = 1800.0
_MEANING = {"-fgnu89-inline", "-fwrapv", "-fno-strict-aliasing", "-finstrument-functions"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """The folders of what was fetched: ``torture`` with the tests (.c), ``csmith`` with its headers, ``builtins`` with compiler-rt's C."""

    torture: Path
    csmith: Path
    builtins: Path


def fetch(folder: Path, version: str, progress: Progress) -> Fetched:
    """Fetch what ``folder`` does not hold yet. ``version``: of the LLVM whose compiler-rt is taken. Raises ToolFailure."""
    found = Fetched(folder / "torture", folder / "csmith", folder / f"builtins-{version}")
    folder.mkdir(parents=True, exist_ok=True)
    if not found.torture.is_dir():
        progress(0, 0, f"fetching {GCC}")
        with tempfile.TemporaryDirectory(dir=folder) as work:
            archive = next(_unpacked(GCC, Path(work)).rglob("gcc-[0-9]*.tar.xz"))
            torture_tests(archive, Path(work) / "tests")
            (Path(work) / "tests").rename(found.torture)
    if not found.csmith.is_dir():
        progress(0, 0, f"fetching {CSMITH}")
        with tempfile.TemporaryDirectory(dir=folder) as work:
            (_unpacked(CSMITH, Path(work)) / "usr/include/csmith").rename(found.csmith)
    if not found.builtins.is_dir():
        with tempfile.TemporaryDirectory(dir=folder) as work, patch.object(packages, "TREE_PARTS", packages.TREE_PARTS | {"compiler-rt"}):
            tree = Path(work) / "llvm"
            packages.get_source(version, tree, progress)
            (tree / "compiler-rt/lib/builtins").rename(found.builtins)
    return found


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


def ending_programs(folder: Path, headers: Path, clang: Path) -> Iterator[Path]:
    """Write csmith's programs of the seeds 1, 2, ... into ``folder``, and yield those that end on this machine within two seconds: one in a
    few loops for ever. Raises ToolFailure where csmith is missing."""
    for number in itertools.count(1):
        source, verdict = folder / f"csmith-{number}.c", folder / f"csmith-{number}.ends"
        if not verdict.is_file():
            made = run(["csmith", *CSMITH_OPTIONS, "--seed", str(number)], timeout=60).check("apt-get install csmith")
            source.write_text(made.stdout, encoding="utf-8")
            program = folder / "csmith-here"
            run([str(clang), "-w", "-O1", "-isystem", str(headers), str(source), "-o", str(program)], timeout=120).check()
            verdict.write_text("yes" if run([str(program)], timeout=2.0).ok else "no", encoding="utf-8")
        if verdict.read_text(encoding="utf-8") == "yes":
            yield source
