"""Find out which functions of the unmodified backend each test executes.

A call at the start of each function body sets the function's byte in a file that all processes of a test map into memory, so that even a
tool that crashes reports what it entered.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from llvm_integration.failure import Failure
from llvm_integration.lit import TEST_VARIABLE
from llvm_integration.process import threads
from vega_gen.records import Function
from vega_gen.regress.builds import Build
from vega_gen.regress.reference import Reference

_ENTER = "vega_coverage_enter"
_DECLARATION = f'extern "C" void {_ENTER}(unsigned);\n'
# Weak, because each file of the target defines it. At the end of the file, so that its headers do not disturb the file's own.
_DEFINITION = """
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
extern "C" __attribute__((weak)) void %(enter)s(unsigned Id) {
  static unsigned char *Map = [] {
    const char *Test = ::getenv("%(variable)s");
    char Path[4096];
    int Start = ::snprintf(Path, sizeof(Path), "%%s/", %(folder)s);
    ::snprintf(Path + Start, sizeof(Path) - Start, "%%s@%%s", Test ? Test : "%(nameless)s", program_invocation_short_name);
    for (char *C = Path + Start; *C; ++C)
      if (*C == '/')
        *C = '%(slash)s';
    int File = ::open(Path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool Sized = File >= 0 && ::ftruncate(File, %(size)d) == 0;
    void *Memory = Sized ? ::mmap(nullptr, %(size)d, PROT_READ | PROT_WRITE, MAP_SHARED, File, 0) : MAP_FAILED;
    return Memory == MAP_FAILED ? nullptr : static_cast<unsigned char *>(Memory);
  }();
  if (Map)
    Map[Id] = 1;
}
"""
_NAMELESS = "no test"
_ERROR = re.compile(r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):\d+: (?:fatal )?error:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Coverage:
    """``entered``: (test, program) -> indices in ``Reference.functions`` of the functions that the program enters in this test.
    ``unwatched``: indices of the functions in which the call cannot be placed, or does not compile."""

    entered: Mapping[tuple[str, str], frozenset[int]]
    unwatched: frozenset[int]


def measure(
    reference: Reference, build: Build, sources: Sequence[str], work: Path, jobs: int, run_suite: Callable[[Path], None]
) -> Coverage:
    """Build the instrumented backend in ``work`` and run the suite once.

    ``sources``: the target's source files. ``run_suite(folder)`` runs the suite with the tools in ``folder``.
    Raises Failure if an instrumented file does not compile and the error lies in no function.
    """
    hits = (work / "entered").resolve()
    shutil.rmtree(hits, ignore_errors=True)
    hits.mkdir(parents=True)
    objects, unwatched = _compile_all(reference, build, sources, work, hits, jobs)
    tools = work / "bin"
    build.link(tools, objects)
    run_suite(tools)
    files = sorted(hits.iterdir())
    entered: dict[tuple[str, str], frozenset[int]] = {}
    for file in files:
        test, _, program = file.name.replace("%", "/").rpartition("@")
        entered[test, program] = frozenset(i for i, byte in enumerate(file.read_bytes()) if byte)
    if entered and all(test == _NAMELESS for test, _ in entered):
        raise Failure("the tools were not told which test they run in", str(work), "use the lit that the project installs: .venv/bin/lit")
    return Coverage(entered, frozenset(unwatched))


def instrument(text: bytes, functions: Mapping[int, Function]) -> bytes:
    """The file's text with a coverage call at the start of each function of ``functions`` (index -> function of this file).

    Line numbers do not change. In a constexpr function the call is made at run time only.
    """
    places = sorted(((f.body_start, i) for i, f in functions.items()), reverse=True)
    for start, i in places:
        guard = "if (!__builtin_is_constant_evaluated()) " if "constexpr" in functions[i].signature.prefix else ""
        text = text[: start + 1] + f" {guard}{_ENTER}({i}u); ".encode() + text[start + 1 :]
    return text


def _compile_all(
    reference: Reference, build: Build, sources: Sequence[str], work: Path, hits: Path, jobs: int
) -> tuple[dict[str, Path], set[int]]:
    """Compile all instrumented ``sources``. A function with a compile error loses its call, and the file is compiled again.

    Returns source -> object, and the indices of the functions without a call.
    """
    by_file: dict[str, dict[int, Function]] = defaultdict(dict)
    for i, f in enumerate(reference.functions):
        by_file[f.file][i] = f
    facts = {"enter": _ENTER, "variable": TEST_VARIABLE, "nameless": _NAMELESS, "slash": "%", "folder": orjson.dumps(str(hits)).decode()}
    definition = _DEFINITION % {**facts, "size": max(len(reference.functions), 1)}
    # The body of a function-try-block begins with "try", so there is no "{" to put the call after.
    unwatched = {i for i, f in enumerate(reference.functions) if reference.files[f.file][f.body_start : f.body_start + 1] != b"{"}
    objects: dict[str, Path] = {}

    def texts() -> dict[str, str]:
        watched = {name: {i: f for i, f in of_file.items() if i not in unwatched} for name, of_file in by_file.items()}
        return {name: instrument(reference.files[name], of_file).decode("utf-8", "replace") for name, of_file in watched.items()}

    todo: Sequence[str] = sources
    while todo:
        instrumented = texts()
        headers = {name: text for name, text in instrumented.items() if name not in objects and name not in sources}

        def compile_one(file: str, instrumented: dict[str, str] = instrumented, headers: dict[str, str] = headers) -> str:
            text = instrumented.get(file) or reference.files[file].decode("utf-8", "replace")
            out = work / "objects" / f"{file}.o"
            built = build.compile(file, f'{_DECLARATION}#line 1 "{Path(file).name}"\n{text}\n{definition}', out, header_overrides=headers)
            objects[file] = out
            return "" if built.ok else built.stderr + built.stdout or "no output"

        with threads(jobs) as pool:
            outputs = list(pool.map(compile_one, todo))
        failed = {file: output for file, output in zip(todo, outputs, strict=True) if output}
        new = {i for output in failed.values() for i in _blamed(output, by_file)} - unwatched
        if failed and not new:
            file, output = next(iter(failed.items()))
            raise Failure(
                f"{file} does not compile with coverage calls in it: {output[:2000]}",
                file,
                "report this file: the coverage of its functions cannot be measured",
            )
        unwatched |= new
        todo = list(failed)
    return objects, unwatched


def _blamed(output: str, by_file: Mapping[str, Mapping[int, Function]]) -> set[int]:
    """Indices of the functions in whose lines the compiler reports an error; files are matched by the end of their path."""
    blamed: set[int] = set()
    for match in _ERROR.finditer(output):
        line = int(match["line"])
        for file, functions in by_file.items():
            if match["file"] == Path(file).name or match["file"].endswith("/" + file):
                blamed |= {i for i, f in functions.items() if f.line <= line <= f.end_line}
    return blamed
