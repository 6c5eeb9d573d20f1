"""Examine which of vega-gen's requirements this machine meets, say how to get the missing ones, and install their packages on request."""

from __future__ import annotations

import importlib.metadata
import platform
import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from llvm_integration import packages
from llvm_integration.discover import Host, Installation, find_installation, machine, open_source
from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import host, shared_library
from llvm_integration.process import run

DEFAULT_RELEASE = "19.1"
MEMORY_NEEDED = 4 << 30  # bytes; llvm-tblgen --dump-json takes 1.2 GB for a small target and 7.5 GB for RISCV
DISK_NEEDED = 4 << 30  # bytes; source tree 1.1 GB, packages 1.5 GB, a build 1 GB
TEST_TOOLS = ("FileCheck", "not", "count", "split-file", "llvm-readobj", "llvm-objdump", "llvm-objcopy", "yaml2obj")
PLUGIN_TOOLS = ("llvm-tblgen", "llc", "opt", "llvm-mc", "llvm-objdump", "clang++")
_PROGRAM = "#include \"llvm/Config/llvm-config.h\"\nint main() { return LLVM_VERSION_MAJOR == 0; }\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one requirement.

    ``needed``: whether vega-gen does not work without it. ``found``: what the machine has, "" for nothing. ``next_step``: how to get it, ""
    if it is there."""

    name: str
    ok: bool
    needed: bool
    found: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings. ``ok``: everything needed is there. ``release``: the LLVM version that the findings are about.
    ``missing_packages``: the packages that apt would install, () on machines without apt or with a build directory."""

    ok: bool
    release: str
    machine: Host
    findings: tuple[Finding, ...]
    missing_packages: tuple[str, ...]


def examine(llvm: Path | None = None, build_dir: Path | None = None) -> Examination:
    """Examine the machine for work on the source tree ``llvm`` (None: on LLVM 19). A missing requirement is a finding, not an exception."""
    findings: list[Finding] = []
    release = DEFAULT_RELEASE
    if llvm is not None:
        try:
            release = open_source(llvm).version
            findings.append(Finding("LLVM source", True, True, f"{release} in {llvm}"))
        except ToolFailure as failure:
            findings.append(Finding("LLVM source", False, True, str(llvm), f"{failure.what}; {failure.next_step}"))
    missing = packages.missing_packages(packages.packages(_major(release))) if packages.has_apt() and build_dir is None else ()
    advice = _advice(release, missing)
    try:
        installation = find_installation(release, build_dir)
    except ToolFailure as failure:
        findings.append(Finding(f"LLVM {release}", False, True, failure.what, advice))
    else:
        findings += _installation_findings(installation, advice)
    git = shutil.which("git")
    findings.append(Finding("git", git is not None, True, git or "", "" if git else advice))
    qemu = shutil.which("qemu-riscv32")
    findings.append(Finding("QEMU's user mode", qemu is not None, False, qemu or "", "" if qemu else "apt-get install qemu-user"))
    here = machine(llvm or Path())
    findings += _machine_findings(here)
    findings += _python_findings()
    ok = all(finding.ok for finding in findings if finding.needed)
    return Examination(ok=ok, release=release, machine=here, findings=tuple(findings), missing_packages=missing)


def examine_for_plugins(major: int) -> Examination:
    """Examine the machine for ``try`` with LLVM ``major``: its headers, libLLVM and tools. Nothing else is looked for."""
    missing = packages.missing_packages(packages.plugin_packages(major)) if packages.has_apt() else ()
    here, name = machine(Path()), f"LLVM {major}"
    by_apt = f"vega-gen doctor --install --llvm-version {major}, or apt-get install {' '.join(missing)}"
    advice = by_apt if missing else "install it with its headers, libLLVM.so, tools and clang"
    findings: list[Finding] = []
    try:
        one = host(str(major))
        findings.append(Finding(name, True, True, f"{one.version} in {one.prefix}: headers and {shared_library(one).name}"))
    except ToolFailure as failure:
        findings.append(Finding(name, False, True, failure.what, advice))
    else:
        found = ((tool, one.find_tool(tool)) for tool in PLUGIN_TOOLS)
        findings += [Finding(tool, path is not None, True, str(path or ""), "" if path else advice) for tool, path in found]
    return Examination(all(finding.ok for finding in findings), str(major), here, tuple(findings), missing)


def install_missing(result: Examination, *, root: bool, announce: Callable[[str], None], progress: packages.Progress) -> None:
    """Install the packages that an examination finds missing. Raises ``ToolFailure`` where a command fails.

    ``root``: run apt-get directly rather than through sudo. ``announce`` is called with each command line before it runs."""
    if result.ok:
        announce("nothing is missing")
    elif not packages.has_apt():
        announce("there is no apt-get here; the table says what to install in other ways")
    elif not result.missing_packages:
        announce("no package is missing; the table says what else is needed")
    else:
        commands = packages.install_commands(result.missing_packages, root=root)
        for argv in commands:
            announce(f"$ {shlex.join(argv)}")
        packages.install(commands, progress)


def _major(release: str) -> int:
    return int(release.split(".")[0])


def _advice(release: str, missing: tuple[str, ...]) -> str:
    if missing:
        return f"vega-gen doctor --install, or apt-get install {' '.join(missing)}"
    return (
        f"install LLVM {release} with its static libraries, headers, clang, lld and test tools, and the libraries it links with"
        " (z3, zlib, zstd, libxml2, libedit, libffi, curl), or build it and pass --build-dir"
    )


def _installation_findings(installation: Installation, advice: str) -> list[Finding]:
    kind = "build directory" if installation.build_dir else "installed"
    state = "with" if installation.assertions else "without"
    text = f"{installation.version} in {installation.prefix} ({kind}, {state} assertions)"
    findings = [Finding("LLVM tools and headers", True, True, text)]
    for name in ("llvm-tblgen", "clang++", "ld.lld"):
        path = installation.find_tool(name)
        findings.append(Finding(name, path is not None, True, str(path or ""), "" if path else advice))
    absent = [name for name in TEST_TOOLS if installation.find_tool(name) is None]
    found = f"{len(TEST_TOOLS) - len(absent)} of {len(TEST_TOOLS)}" + (f"; not {', '.join(absent)}" if absent else "")
    findings.append(Finding("tools of the tests", not absent, True, found, advice if absent else ""))
    trouble = _link_trouble(installation)
    links = "a program links with all of them"
    findings.append(Finding("static libraries", not trouble, True, trouble or links, advice if trouble else ""))
    return findings


def _link_trouble(installation: Installation) -> str:
    """The first line of the linker's message if a program cannot be linked with all of LLVM's libraries, "" if it can."""
    try:
        asked = run([str(installation.llvm_config), "--link-static", "--libs", "all", "--system-libs"], timeout=60).check()
        with tempfile.TemporaryDirectory() as name:
            source = Path(name) / "probe.cpp"
            source.write_text(_PROGRAM, encoding="utf-8")
            includes = [f"-I{folder}" for folder in installation.include_dirs]
            argv = [str(installation.clangxx), *includes, str(source), "-o", str(source.with_suffix("")), f"--ld-path={installation.lld}"]
            argv += [f"-L{installation.lib_dir}", *shlex.split(asked.stdout), "-lcurl"]
            run(argv, timeout=300).check()
    except ToolFailure as failure:
        return (failure.output or failure.what).strip().splitlines()[0]
    return ""


def _machine_findings(here: Host) -> list[Finding]:
    memory_ok = here.memory >= MEMORY_NEEDED
    disk_ok = here.disk_free >= DISK_NEEDED
    return [
        Finding("cores", True, True, str(here.cores)),
        Finding("memory", memory_ok, False, _gib(here.memory), "" if memory_ok else f"{_gib(MEMORY_NEEDED)} or more"),
        Finding("disk", disk_ok, False, f"{_gib(here.disk_free)} free", "" if disk_ok else f"{_gib(DISK_NEEDED)} or more"),
    ]


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def _python_findings() -> list[Finding]:
    findings = [Finding("Python", True, True, platform.python_version())]
    for name in ("lit", "torch"):
        try:
            findings.append(Finding(name, True, True, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(name, False, True, "", "pip install vega-gen"))
    return findings
