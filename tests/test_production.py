"""What programs of production ask of a code generator beyond plain C: each program of ``inputs/production`` ends with status 0 on Tern."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import kept_cache as kept_cache
from conftest import ROOT

from llvm_integration.crash import data_layout
from vega_gen import ladder
from vega_gen.c_front import ir_of
from vega_gen.ladder.runners import Runner, runners
from vega_gen.pipeline.try_request import TryRequest, TryResult
from vega_gen.pipeline.trying import try_out

PREFIX = Path("/usr/lib/llvm-19")
PROGRAMS = ROOT / "tests/inputs/production"
# Whose long double has 128 bits; Tern's own front end has another in mind.
OPTIONS = {"floats": ("--target=riscv32-unknown-elf",)}
DEBUGGED = """\
static volatile int kept;
__attribute__((noinline)) int leaf(int n) { kept = n; return n + 1; }
__attribute__((noinline)) int middle(int a, int b) {
  volatile int local[10];
  local[a] = b;
  if (kept == 7)
    return leaf(a) * 5;
  return leaf(local[a]) * 3 + leaf(b);
}
__attribute__((noinline)) int top(int n) {
  char *room = __builtin_alloca(n);
  room[n - 1] = (char)middle(n, n);
  return room[kept];
}
"""

STEPPED = """\
static volatile int kept;
__attribute__((noinline)) int leaf(int n) {
  kept = n;
  return n + 1;
}
__attribute__((noinline)) int middle(int a, int b) {
  int twice = a * 2;
  return leaf(twice) * 3 + b;
}
void _start(void) {
  int status = middle(20, 3) - 126;
  register int a0 __asm__("x10") = status, a7 __asm__("x17") = 93;
  __asm__ volatile("ecall" : : "r"(a0), "r"(a7));
}
"""

REFUSED = {
    "__builtin_setjmp and __builtin_longjmp are not supported": """\
declare i32 @llvm.eh.sjlj.setjmp(ptr)
define i32 @f(ptr %p) {
  %r = call i32 @llvm.eh.sjlj.setjmp(ptr %p)
  ret i32 %r
}
""",
    "this tail call (musttail) is not supported: the arguments need the caller's frame": """\
declare i32 @g(i32, i32, i32, i32, i32)
define i32 @f(i32 %a, i32 %b, i32 %c, i32 %d, i32 %e) {
  %r = musttail call i32 @g(i32 %e, i32 %d, i32 %c, i32 %b, i32 %a)
  ret i32 %r
}
""",
}


@dataclass(frozen=True)
class Built:
    """Tern's plug-in, and what runs its programs. ``layout``: the data layout."""

    made: TryResult
    runner: Runner
    layout: str
    work: Path

    def llc(self, source: Path, *options: str) -> subprocess.CompletedProcess[str]:
        argv = [self.made.folder / "bin/llc", "-march=tern", "-verify-machineinstrs", *options, source]
        return subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=120, check=False)

    def compiled(self, program: Path, level: str, *options: str) -> Path:
        ir = self.work / f"{program.stem}{level}.ll"
        if program.suffix == ".c":
            more = ("-w", *OPTIONS.get(program.stem, ()), *options)
            ir_of(program, self.made.plugin.installation, self.layout, ir, level=level, options=more)
        else:
            ir.write_text(program.read_text())
        out = ir.with_suffix(".o")
        done = self.llc(ir, level, "-filetype=obj", "-o", str(out))
        assert done.returncode == 0, done.stderr
        return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, kept_cache: Path) -> Iterator[Built]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEGA_GEN_CACHE", str(kept_cache))
        work = tmp_path_factory.mktemp("production")
        made = try_out(TryRequest(ROOT / "targets/Tern/Tern.td", "19", out=work / "out"), lambda done, total, text: None)
        assert not made.broken and made.description is not None
        own = {name: made.folder / "bin" / name for name in ("llc", "llvm-mc", "llvm-objdump", "llvm-readobj")}
        tools = ladder.Tools(*own.values(), clang=PREFIX / "bin/clang")
        (runner,), _ = runners(ladder.subject(made.description, made.arch), tools, work, lambda done, total, text: None)
        yield Built(made, runner, data_layout(own["llc"], made.arch), work)


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize("name", sorted(p.name for p in PROGRAMS.iterdir() if p.stem != "library"))
def test_a_program_ends_well(built: Built, name: str, level: str) -> None:
    ended = built.runner.run([built.compiled(PROGRAMS / name, level)], [], built.work / "executable")
    assert (ended.status, ended.problem) == (0, "")


def test_debug_information_says_how_frames_lie(built: Built) -> None:
    source = built.work / "debugged.c"
    source.write_text(DEBUGGED)
    out = built.compiled(source, "-O1", "-g", "-fasynchronous-unwind-tables")
    data = bytearray(out.read_bytes())
    data[18:20] = b"\xf3\0"  # the number of an ISA whose relocation of a word is Tern's, so that official tools apply it
    out.write_bytes(data)

    def dumped(*options: str) -> str:
        return subprocess.run([PREFIX / "bin/llvm-dwarfdump", *options, out], capture_output=True, text=True, timeout=60, check=True).stdout

    assert "No errors." in dumped("--verify")
    assert re.search(r"^0x\w+\s+2\s.*prologue_end", dumped("--debug-line"), re.M)
    leaf, middle, top = dumped("--eh-frame").split(" FDE ")[1:]
    code = built.llc(out.with_suffix(".ll"), "-O1", "-o", "-").stdout
    room = re.search(r"^middle:[\s\S]*?addi\tsp, sp, -(\d+)", code, re.M)
    assert "X14+" not in leaf, "a leaf has no frame"
    # r14 is the stack pointer, r13 the frame pointer, r15 the return address; after the first return the frame is there again.
    rows = re.findall(r"0x\w+: (CFA=.*)", middle)
    assert room and rows[0] == rows[-1] == "CFA=X14" and f"CFA=X14+{room[1]}" in rows
    assert any(re.fullmatch(rf"CFA=X14\+{room[1]}:.* X15=\[CFA-\d+\].*", row) for row in rows)
    assert any(re.match(r"CFA=X13:.*X13=\[CFA-\d+\], X15=\[CFA-\d+\]", row) for row in re.findall(r"0x\w+: (CFA=.*)", top))


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_gdb_walks_the_stack_and_steps(tmp_path: Path, kept_cache: Path, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    """RV32IM's objects are linked as RISC-V's, whose relocations they have, and run by QEMU, which gdb controls."""
    monkeypatch.setenv("VEGA_GEN_CACHE", str(kept_cache))
    made = try_out(TryRequest(ROOT / "targets/RV32IM/RV32IM.td", "19", out=tmp_path / "out"), lambda done, total, text: None)
    source, ir, out, program, stub = (tmp_path / name for name in ("stepped.c", "stepped.ll", "stepped.o", "stepped", "stub"))
    source.write_text(STEPPED)
    llc = made.folder / "bin/llc"
    ir_of(source, made.plugin.installation, data_layout(llc, made.arch), ir, level=level, options=["-g", "--target=riscv32"])
    subprocess.run([llc, "-march=rv32im", level, "-filetype=obj", ir, "-o", out], check=True, timeout=60)
    data = bytearray(out.read_bytes())
    data[18:20] = b"\xf3\0"
    out.write_bytes(data)
    subprocess.run([PREFIX / "bin/ld.lld", "-m", "elf32lriscv", out, "-o", program], check=True, timeout=60)
    commands = ["break leaf", "continue", "backtrace", "info args", "finish", "next", "info line", "delete", "continue"]
    argv = ["gdb-multiarch", "-nx", "-batch", *(f"-ex={command}" for command in (f"target remote {stub}", *commands)), str(program)]
    with subprocess.Popen(["qemu-riscv32", "-g", str(stub), str(program)]) as emulator:
        while not stub.exists():
            assert emulator.poll() is None
            time.sleep(0.02)
        said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert emulator.wait(timeout=60) == 0, said.stdout + said.stderr
    assert re.search(r"#0 +leaf \(n=40\) at .*:3\n#1 .* in middle \(.*b=3\) at .*:8\n#2 .*_start \(\) at .*:11\n", said.stdout)
    assert "\nn = 40\n" in said.stdout and "Value returned is $1 = 41\n" in said.stdout
    assert re.search(r"^Line 1[1-4] of .* starts at address", said.stdout, re.M), "the step left middle"


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_not_supported_is_refused(built: Built, message: str) -> None:
    source = built.work / "refused.ll"
    source.write_text(REFUSED[message])
    done = built.llc(source, "-o", "-")
    assert (done.returncode, done.stderr.strip()) == (1, f"LLVM ERROR: {message}")


def test_landing_pads_have_tables_where_they_are_asked_for(built: Built) -> None:
    done = built.llc(PROGRAMS / "landing.ll", "--exception-model=dwarf", "-o", "-")
    assert done.returncode == 0, done.stderr
    guarded = done.stdout[done.stdout.index("guarded:") :]
    assert re.search(r"\.cfi_personality \d, handler\n\t\.cfi_lsda \d, (\.Lexception\d+)\n[\s\S]*GCC_except_table\d+:\n\1:", guarded)
    # The pad returns the selector, which comes in the second register of a result.
    pad = guarded[guarded.index("# %pad") : guarded.index("Lfunc_end")]
    assert "\tor\tr1, r2, r0\n" in pad, "it returns the selector, which comes in the second register of a result"
