"""Find an LLVM source tree, the installation or CMake build of the same release, and the resources of this machine.

Nothing is installed, downloaded or built here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

from llvm_integration.failure import ToolFailure
from llvm_integration.process import run

_VERSION_PART = re.compile(r"set\(\s*LLVM_VERSION_(MAJOR|MINOR|PATCH)\s+(\d+)\s*\)")


@dataclass(frozen=True, slots=True)
class SourceTree:
    """An LLVM source tree. ``root``: the folder that holds ``llvm/`` and ``cmake/``. ``version``: such as "19.1.7"."""

    root: Path
    version: str

    @property
    def llvm(self) -> Path:
        """The ``llvm/`` folder."""
        return self.root / "llvm"

    @property
    def is_git(self) -> bool:
        """Whether the tree is a git checkout or a worktree of one."""
        return (self.root / ".git").exists()


@dataclass(frozen=True, slots=True)
class Installation:
    """LLVM's programs, headers and static libraries, either installed or in a CMake build directory (then ``build_dir`` is set).

    ``include_dirs``: in the order in which the compiler must search them. ``assertions``: whether the libraries were built with
    assertions, that is, without -DNDEBUG.
    """

    version: str
    prefix: Path
    bindir: Path
    include_dirs: tuple[Path, ...]
    lib_dir: Path
    llvm_config: Path
    assertions: bool
    build_dir: Path | None = None

    @property
    def major(self) -> int:
        """The major version: 19 for "19.1.7"."""
        return int(self.version.split(".")[0])

    def find_tool(self, name: str) -> Path | None:
        """Return a program such as "llc": the one in ``bindir``, else ``name-<major>`` on PATH, else None.

        For clang and lld, ``name`` without a version on PATH is accepted too; other tools (llc, FileCheck, ...) must be of this version.
        """
        own = self.bindir / name
        if own.is_file():
            return own
        candidates = [f"{name}-{self.major}"]
        if name in ("clang", "clang++", "ld.lld"):
            candidates.append(name)
        for candidate in candidates:
            if found := shutil.which(candidate):
                return Path(found)
        return None

    def tool(self, name: str) -> Path:
        """As ``find_tool``, but raises ``ToolFailure`` if there is none."""
        found = self.find_tool(name)
        if found is None:
            raise ToolFailure(f"LLVM {self.version} has no {name}", where=str(self.bindir), next_step=_how_to_get(self.version))
        return found

    @property
    def llvm_tblgen(self) -> Path:
        """The path of llvm-tblgen. Raises ``ToolFailure`` if there is none."""
        return self.tool("llvm-tblgen")

    @property
    def clangxx(self) -> Path:
        """The path of clang++. Raises ``ToolFailure`` if there is none."""
        return self.tool("clang++")

    @property
    def lld(self) -> Path:
        """The path of ld.lld. Raises ``ToolFailure`` if there is none."""
        return self.tool("ld.lld")

    @property
    def filecheck(self) -> Path:
        """The path of FileCheck. Raises ``ToolFailure`` if there is none."""
        return self.tool("FileCheck")


@dataclass(frozen=True, slots=True)
class Host:
    """The resources of this machine. ``cores``: those that this process may use. ``memory``, ``memory_available``, ``disk_free``: bytes."""

    cores: int
    memory: int
    memory_available: int
    disk_free: int


def open_source(path: Path) -> SourceTree:
    """Open the LLVM source tree at ``path``, an llvm-project folder or its ``llvm/`` folder. Raises ``ToolFailure`` if it is neither."""
    advice = "vega-gen llvm get --version 19 DIR fetches one; --llvm takes its root or its llvm/ folder"
    if not path.is_dir():
        raise ToolFailure("no such folder", where=str(path), next_step=advice)
    root = path.resolve()
    if not (root / "llvm" / "lib" / "Target").is_dir() and (root / "lib" / "Target").is_dir() and root.name == "llvm":
        root = root.parent
    if not (root / "llvm" / "lib" / "Target").is_dir():
        raise ToolFailure("this is not an LLVM source tree: it has no llvm/lib/Target", where=str(path), next_step=advice)
    return SourceTree(root=root, version=_source_version(root))


def _source_version(root: Path) -> str:
    """The version, which is in cmake/Modules/LLVMVersion.cmake since LLVM 19, and in llvm/CMakeLists.txt before."""
    for name in ("cmake/Modules/LLVMVersion.cmake", "llvm/CMakeLists.txt"):
        file = root / name
        if not file.is_file():
            continue
        parts = {m[1]: m[2] for m in _VERSION_PART.finditer(file.read_text(encoding="utf-8", errors="replace"))}
        if len(parts) == 3:
            return f"{parts['MAJOR']}.{parts['MINOR']}.{parts['PATCH']}"
    raise ToolFailure(
        "no LLVM version in cmake/Modules/LLVMVersion.cmake or llvm/CMakeLists.txt",
        where=str(root),
        next_step="use a complete llvm-project tree: cmake/ beside llvm/",
    )


def find_installation(version: str, build_dir: Path | None = None) -> Installation:
    """Find the LLVM with the same major and minor version as ``version`` ("19.1.7").

    Only ``build_dir`` is searched if given; otherwise llvm-config-<major> on PATH, /usr/lib/llvm-<major>, and llvm-config on PATH.
    Raises ``ToolFailure``, which says what was found instead and what to install.
    """
    seen: list[str] = []
    for llvm_config in _candidates(version, build_dir):
        found = _query(llvm_config, build_dir)
        if _release(found.version) != _release(version):
            seen.append(f"{llvm_config} is {found.version}")
        elif not _has_headers(found):
            seen.append(f"{llvm_config} has no headers")
        else:
            return found
    place = f"in {build_dir / 'bin'}" if build_dir else "on this machine"
    detail = f" ({'; '.join(seen)})" if seen else ""
    next_step = f"build llvm-config and the libraries there, or leave out --build-dir ({build_dir})" if build_dir else _how_to_get(version)
    raise ToolFailure(f"no LLVM {_release(version)} {place}{detail}", where=str(build_dir or ""), next_step=next_step)


def installed(prefix: Path | None = None) -> tuple[Installation, ...]:
    """Return every LLVM with headers that is installed, the newest first; that in the folder ``prefix`` alone if given.

    Looked for are llvm-config and llvm-config-<major> on PATH, and /usr/lib/llvm-<major>. One whose llvm-config fails is left out, unless
    ``prefix`` names it: then ``ToolFailure`` says so, as it does where there is no llvm-config or are no headers in that folder.
    """
    if prefix is not None:
        llvm_config = prefix.resolve() / "bin" / "llvm-config"
        if not llvm_config.is_file():
            raise ToolFailure("there is no LLVM in this folder: it has no bin/llvm-config", str(prefix), "name one like /usr/lib/llvm-19")
        found = _query(llvm_config, None)
        if not _has_headers(found):
            raise ToolFailure(f"LLVM {found.version} has no headers", str(prefix), "install its development package")
        return (found,)
    programs = [Path(folder) / name for folder in os.get_exec_path() for name in _named(Path(folder))]
    programs += sorted(Path("/usr/lib").glob("llvm-*/bin/llvm-config"))
    by_place: dict[Path, Installation] = {}
    for llvm_config in dict.fromkeys(path.resolve() for path in programs if path.is_file()):
        try:
            found = _query(llvm_config, None)
        except ToolFailure:
            continue
        if _has_headers(found):
            by_place.setdefault(found.prefix.resolve(), found)
    return tuple(sorted(by_place.values(), key=lambda one: [int(part) for part in one.version.split(".")], reverse=True))


def _named(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.glob("llvm-config*") if re.fullmatch(r"llvm-config(-\d+)?", p.name))


def _has_headers(one: Installation) -> bool:
    return any((folder / "llvm" / "Config" / "llvm-config.h").is_file() for folder in one.include_dirs)


def machine(path: Path) -> Host:
    """Return this machine's resources; the disk is the one that holds ``path``, or its nearest existing parent."""
    place = path.resolve()
    while not place.exists():
        place = place.parent
    memory = psutil.virtual_memory()
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Host(
        cores=allowed or 1,
        memory=memory.total,
        memory_available=memory.available,
        disk_free=psutil.disk_usage(str(place)).free,
    )


def _candidates(version: str, build_dir: Path | None) -> list[Path]:
    if build_dir is not None:
        own = build_dir.resolve() / "bin" / "llvm-config"
        return [own] if own.is_file() else []
    major = version.split(".")[0]
    found = (shutil.which(f"llvm-config-{major}"), f"/usr/lib/llvm-{major}/bin/llvm-config", shutil.which("llvm-config"))
    return [Path(candidate) for candidate in dict.fromkeys(found) if candidate and Path(candidate).is_file()]


def _query(llvm_config: Path, build_dir: Path | None) -> Installation:
    argv = [str(llvm_config), "--version", "--prefix", "--bindir", "--libdir", "--assertion-mode", "--cppflags"]
    lines = run(argv, timeout=60).check().stdout.splitlines()
    if len(lines) != 6:
        raise ToolFailure(f"llvm-config answered in {len(lines)} lines, not 6", where=str(llvm_config))
    found_version, prefix, bindir, lib_dir, assertion_mode, flags = (line.strip() for line in lines)
    return Installation(
        version=re.match(r"[\d.]*", found_version)[0],  # type: ignore[index]
        prefix=Path(prefix),
        bindir=Path(bindir),
        include_dirs=tuple(Path(flag[2:]) for flag in shlex.split(flags) if flag.startswith("-I")),
        lib_dir=Path(lib_dir),
        llvm_config=llvm_config,
        assertions=assertion_mode == "ON",
        build_dir=build_dir,
    )


def _release(version: str) -> str:
    """Major and minor version: "19.1" for "19.1.7"."""
    return ".".join(version.split(".")[:2])


def _how_to_get(version: str) -> str:
    return f"vega-gen doctor --install gets LLVM {version.split('.')[0]} where apt has it; else install or build it, and pass --build-dir"
