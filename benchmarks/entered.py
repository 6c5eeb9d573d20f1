"""``python -m benchmarks.entered --td FILE [--cpu CPU] [--attrs ATTRS] [--big-endian] [--facts FILE] [--machine M] [--work DIR]``: how much
of a backend the ladder runs.

The backend that ``try`` makes is compiled once more with clang's source-based coverage, and the ladder is climbed with it. Prints a
Markdown table of lines by file, and the functions that nothing entered. What tables of llvm-tblgen hold is not counted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.simulator import ROOT, report
from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import Plugin, PluginBuild
from llvm_integration.process import run
from vega_gen import ladder, store
from vega_gen.facts import find_facts
from vega_gen.pipeline.climbing import given_tools
from vega_gen.pipeline.try_request import TryRequest
from vega_gen.pipeline.trying import try_out

_COVERAGE = ("-fprofile-instr-generate", "-fcoverage-mapping")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.entered")
    parser.add_argument("--td", type=Path, required=True)
    parser.add_argument("--cpu", default="", help="as vega-gen try --mcpu")
    parser.add_argument("--attrs", default="", help="as vega-gen try --mattr")
    parser.add_argument("--big-endian", action="store_true")
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--machine", default="")
    parser.add_argument("--llvm-version", default="19")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/entered")
    return parser.parse_args(argv)


def counted(asked: argparse.Namespace) -> tuple[Path, dict[str, Any], Path]:
    """The backend's folder, what llvm-cov exports of it, and a program that demangles names. Raises ToolFailure, InputError."""
    request = TryRequest(
        asked.td.absolute(), asked.llvm_version, cpu=asked.cpu, attrs=asked.attrs, facts=asked.facts, big_endian=asked.big_endian
    )  # fmt: skip
    made = try_out(request, report)
    d, installation, work = made.description, made.plugin.installation, asked.work.absolute()
    assert d is not None
    if not list((installation.prefix / "lib/clang").glob("*/lib/**/libclang_rt.profile*.a")):
        advice = f"install the package libclang-rt-{installation.major}-dev"
        raise ToolFailure("clang's run-time library for coverage is not installed", str(installation.prefix), advice)
    sources = made.folder / "src"
    tables = made.folder / "tables"
    kept = store.cache_folder("precompiled", "entered")
    build = PluginBuild(installation, sources, tables, d.folder, work, lambda name: kept / name, os.cpu_count() or 1, flags=_COVERAGE)
    plugin: Plugin = build.build(report)
    profile = work / "profile"
    profile.mkdir(exist_ok=True)
    for old in profile.glob("*.profraw"):
        old.unlink()
    os.environ["LLVM_PROFILE_FILE"] = str(profile / "%4m.profraw")
    tools = given_tools(plugin.write_tools(work / "bin"), installation)
    widths = ladder.legal_widths(d, find_facts(d).native)
    subject = ladder.subject(d, made.arch, widths=widths, machine=asked.machine)
    no_code = "" if "compiles" in made.abilities else "no code generator"
    for step in ladder.climb(tools, subject, work / "ladder", report, no_code=no_code).steps:
        print(f"{step.rung}: {step.passed} of {step.total}", file=sys.stderr)
    merged = work / "merged.profdata"
    bin_ = installation.prefix / "bin"
    run([str(bin_ / "llvm-profdata"), "merge", "-o", str(merged), *map(str, sorted(profile.glob("*.profraw")))], timeout=600).check()
    argv = [str(bin_ / "llvm-cov"), "export", str(build.library), f"-instr-profile={merged}", str(sources)]
    return sources, orjson.loads(run(argv, timeout=600).check().stdout)["data"][0], bin_ / "llvm-cxxfilt"


def table(sources: Path, data: Mapping[str, Any], demangler: Path) -> list[str]:
    """The lines that are printed. ``data``: what llvm-cov exports of the files below ``sources``."""
    lines = ["| file | lines of code | entered |", "| --- | ---: | ---: |"]
    total = entered = 0
    for file in sorted(data["files"], key=lambda f: f["filename"]):
        own = file["summary"]["lines"]
        total, entered = total + own["count"], entered + own["covered"]
        name = Path(file["filename"]).relative_to(sources)
        lines.append(f"| {name} | {own['count']} | {own['covered']} ({own['covered'] / max(own['count'], 1):.0%}) |")
    lines.append(f"| all | {total} | {entered} ({entered / max(total, 1):.0%}) |")
    written = [f for f in data["functions"] if f["filenames"][0].startswith(f"{sources}/")]
    names = {bool(f["count"]): set[str]() for f in written}
    for f in written:
        names[bool(f["count"])].add(f["name"].rpartition(":")[2])  # static ones stand behind their file's name
    never = sorted(names.get(False, set()) - names.get(True, set()))
    shown = run([str(demangler)], timeout=60, stdin="\n".join(never)).check().stdout.replace("(anonymous namespace)::", "")
    return [*lines, "", "Not entered: " + ", ".join(sorted({line.partition("(")[0] for line in shown.splitlines()}))]


def main(argv: Sequence[str] | None = None) -> int:
    """Compile, climb, print."""
    sources, data, demangler = counted(arguments(sys.argv[1:] if argv is None else argv))
    print("\n".join(table(sources.resolve(), data, demangler)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
