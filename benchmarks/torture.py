"""``python -m benchmarks.torture``: of GCC's torture tests that pass with LLVM's own backend, how many pass with a generated one.

Both compile the same IR, the C library and compiler-rt's functions included, and run under QEMU. A test passes if it ends with status 0.
What has been run is kept in ``--work``.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import orjson

from benchmarks import foreign
from benchmarks.machine import RUNTIME, SECONDS, Ended, Machine, NotCompiled, first_line
from benchmarks.simulator import LEVELS, ROOT, TORTURE_OPTIONS, report
from llvm_integration import crash
from llvm_integration.failure import Failure
from llvm_integration.process import run
from vega_gen import ladder, resources, store
from vega_gen.errors import InputError
from vega_gen.ladder.executable import BASE, STATUS, Linker
from vega_gen.pipeline import c_front
from vega_gen.pipeline.try_request import TryRequest
from vega_gen.pipeline.trying import try_out

_LAYOUT = re.compile(r'^target datalayout = "[^"]*"\n', re.MULTILINE)
_EXIT = """
@__exit_status = external global i32
declare void @__exit()
define void @exit(i32 %status) noreturn {
  store volatile i32 %status, ptr @__exit_status
  call void @__exit()
  unreachable
}
define i32 @putchar(i32 %char) {
  ret i32 %char
}
"""
_OWN_HEADERS = ("-nostdlibinc", f"-isystem{RUNTIME / 'include'}")
_FEW = 3
"""Examples that are printed of each cause."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A test at a level: what went wrong with LLVM's own backend and with the generated one, "" for nothing."""

    name: str
    level: str
    reference: str
    generated: str


@dataclass
class Backend(Machine):
    """A backend whose programs run under QEMU. ``linker``: None where LLVM's lld links them."""

    linker: Linker | None = field(kw_only=True)

    def assemble_entry(self) -> None:
        """Compile ``_start``, ``exit`` and ``putchar``, and with LLVM's own backend assemble the code that exits."""
        bits = self.emulator.bits
        start = resources.environment("templates/programs/start").get_template("start.ll.j2").render(word=f"i{bits}", word_bits=bits)
        self._own = [self._compiled(name, text) for name, text in (("start", start), ("exit", _EXIT))]
        if self.linker is None:
            code = ", ".join(f"0x{byte:02x}" for byte in self.emulator.exit_code)
            text = f'.section .ending,"awx"\n.globl __exit\n__exit:\n.byte {code}\n.org {STATUS - BASE}\n'
            text += ".globl __exit_status\n__exit_status:\n.zero 4\n"
            source = self.work / "ending.s"
            source.write_text(text, encoding="utf-8")
            out = source.with_suffix(".o")
            argv = [str(self.tools / "llvm-mc"), f"-triple={self.triple}", "-filetype=obj", str(source), "-o", str(out)]
            run(argv, timeout=SECONDS).check()
            self._own.append(out)
        self.add_to_library(self._own)

    def _compiled(self, name: str, text: str) -> Path:
        source = self.work / f"{name}.ll"
        source.write_text(text, encoding="utf-8")
        return self.compile_ir(source, "-O2", source.with_suffix(".o"))

    def under_qemu(self, objects: Sequence[Path], place: Path) -> Ended:
        """Link and run under QEMU. Raises NotCompiled."""
        executable = place.with_name(f"{place.name}.elf")
        every = list(dict.fromkeys([*objects, *self._own]))
        if self.linker is None:
            argv = [str(self.installation.lld), "-e", "_start", f"--section-start=.ending={BASE:#x}", f"--image-base={2 * BASE:#x}"]
            done = run([*argv, *map(str, every), "-o", str(executable)], timeout=SECONDS)
            if not done.ok:
                raise NotCompiled(f"ld.lld: {first_line(done.stderr)}")
        else:
            try:
                self.linker.link(every, (), self.emulator, executable)
            except InputError as error:
                raise NotCompiled(f"link: {error.what}") from None
        ran = run([self.emulator.qemu, *self.emulator.options, str(executable)], timeout=self.seconds)
        executable.unlink()
        if ran.timed_out or ran.returncode < 0:
            return Ended(None, "", f"no end within {self.seconds:g} s" if ran.timed_out else f"signal {-ran.returncode}")
        return Ended(ran.returncode, "")

    def verdict_on(self, source: Path, level: str, place: Path) -> str:
        """Compile and run IR. Return what went wrong, "" if it ended with status 0."""
        out = place.with_name(f"{place.name}.o")
        try:
            ended = self.under_qemu(self.linked(self.compile_ir(source, level, out)), place)
        except NotCompiled as refused:
            return str(refused)
        finally:
            out.unlink(missing_ok=True)
        return ended.problem or (f"exit status {ended.status}" if ended.status else "")


def outcome(reference: Backend, generated: Backend, test: Path, level: str) -> Outcome:
    """Run a test with both."""
    options = (*TORTURE_OPTIONS, *foreign.wanted_options(test.read_text(encoding="utf-8", errors="replace")))
    source = generated.work / f"{test.stem}{level}.ll"
    try:
        c_front.ir_of(test, generated.installation, generated.layout, source, level=level, options=("-w", *_OWN_HEADERS, *options))
    except Failure as failure:
        said = f"clang: {first_line(failure.what)}"
        return Outcome(test.stem, level, said, said)
    source.write_text(_LAYOUT.sub("", source.read_text(encoding="utf-8")), encoding="utf-8")  # each backend has its own
    found = [backend.verdict_on(source, level, backend.work / f"{test.stem}{level}") for backend in (reference, generated)]
    source.unlink()
    return Outcome(test.stem, level, *found)


def backends(asked: argparse.Namespace) -> tuple[Backend, Backend]:
    """The reference and the generated one, with their libraries."""
    request = TryRequest(asked.td.absolute(), asked.llvm_version, name=asked.name, cpu=asked.cpu, attrs=asked.attrs, facts=asked.facts)
    made = try_out(request, report)
    d = made.description
    if "compiles" not in made.abilities or d is None:
        raise InputError("the backend does not compile", str(asked.td), "vega-gen try says why")
    installation, tools = made.plugin.installation, made.folder / "bin"
    emulator = next(iter(ladder.subject(d, made.arch, cpu=asked.cpu, attrs=asked.attrs).emulators), None)
    if emulator is None:
        raise InputError("no QEMU runs this ISA", "targets/settings/qemu.toml", "name another --td")
    own = [f"-mcpu={asked.cpu}"] if asked.cpu else []
    own += [f"-mattr={asked.attrs}"] if asked.attrs else []
    official = installation.prefix / "bin"
    work = asked.work.absolute()
    layouts = [crash.data_layout(official / "llc", asked.reference), crash.data_layout(tools / "llc", made.arch)]
    theirs = tuple(asked.options.split())
    return (
        Backend(official, asked.reference, layouts[0], installation, emulator, None, work / "reference", options=theirs, linker=None),
        Backend(tools, made.arch, layouts[1], installation, emulator, None, work / "generated", options=tuple(own), linker=Linker(d)),
    )


def read_journal(path: Path) -> dict[tuple[str, str], Outcome]:
    """What an earlier run found out; a line that was cut off is skipped."""
    found: dict[tuple[str, str], Outcome] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            one = Outcome(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            continue
        found[one.name, one.level] = one
    return found


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--td", type=Path, default=ROOT / "targets/RV32IM/RV32IM.td")
    parser.add_argument("--name", default="", help="the target's name, where it is not that of the .td")
    parser.add_argument("--cpu", default="", help="the generated backend's -mcpu")
    parser.add_argument("--attrs", default="", help="the generated backend's -mattr")
    parser.add_argument("--facts", type=Path, help="facts file of the generated backend")
    parser.add_argument("--llvm-version", default="19")
    parser.add_argument("--reference", default="riscv32", help="the triple of LLVM's own backend")
    parser.add_argument("--options", default="-mattr=+m", help="further options of LLVM's own llc")
    parser.add_argument("--every", type=int, default=1, help="take every Nth test")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/torture")
    parser.add_argument("--again", action="store_true", help="forget what an earlier run found out")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Compile, run, print, and return the exit status: 1 if a test passes with LLVM's own backend alone."""
    asked = arguments(sys.argv[1:] if argv is None else argv)
    start = time.monotonic()
    reference, generated = backends(asked)
    fetched = foreign.fetch(store.cache_folder("foreign", "programs"), generated.installation.version, report)
    both = [backend.build_library(fetched.builtins, {}, report) for backend in (reference, generated)]
    lost = [f"{name}: {why}" for name, why in both[1].items() if name not in both[0]]
    for backend in (reference, generated):
        backend.assemble_entry()
    journal = generated.work / "journal.jsonl"
    if asked.again:
        journal.unlink(missing_ok=True)
    known = read_journal(journal)
    tests = sorted(fetched.torture.glob("*.c"))[:: asked.every]
    wanted = [(test, level) for test in tests for level in LEVELS]
    found = [known[test.stem, level] for test, level in wanted if (test.stem, level) in known]
    todo = [(test, level) for test, level in wanted if (test.stem, level) not in known]
    with ThreadPoolExecutor(2) as pool, journal.open("ab") as stream:
        for done, one in enumerate(pool.map(partial(outcome, reference, generated), *zip(*todo, strict=True) if todo else ((), ()))):
            report(done + 1, len(todo), one.name)
            found.append(one)
            stream.write(orjson.dumps(asdict(one), option=orjson.OPT_APPEND_NEWLINE))
            stream.flush()
    passes = [one for one in found if not one.reference]
    ours = [one for one in passes if not one.generated]
    clang = sum(one.reference.startswith("clang") for one in found)
    share = len(ours) / max(len(passes), 1)
    print(f"{asked.td.stem} {asked.attrs}: {len(ours)} of the {len(passes)} that {asked.reference} passes, {share:.2%}")
    print(f"{len(found)} in all, {clang} not compiled by clang, {time.monotonic() - start:.0f} s")
    causes = Counter(re.sub(r"0x[0-9a-f]+|t\d+|\d{3,}", "_", one.generated)[:110] for one in passes if one.generated)
    for cause, count in causes.most_common():
        few = [f"{o.name}{o.level}" for o in passes if o.generated and re.sub(r"0x[0-9a-f]+|t\d+|\d{3,}", "_", o.generated)[:110] == cause]
        print(f"{count:5} {cause} ({', '.join(few[:_FEW])})")
    for line in lost:
        print(f"library: {line}")
    return int(len(ours) < len(passes))


if __name__ == "__main__":
    sys.exit(main())
