"""``vega-gen try --run`` with programs that do what nobody may: one line says what and where, and nothing is left behind."""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Command
from conftest import ROOT

from llvm_integration.failure import Failure
from vega_gen.pipeline import trial_run
from vega_gen.simulate import check_declarations
from vega_gen.simulate.elf import read_object

TERN = ROOT / "targets/Tern/Tern.td"
BEYOND = """\
@table = global i32 1
define i32 @main() {
  %far = getelementptr i8, ptr @table, i32 1879048192
  %a = load volatile i32, ptr %far
  ret i32 %a
}
"""
ENDLESS = """\
define i32 @main() {
  br label %again
again:
  br label %again
}
"""
WRONG = """\
declare ptr @memset(ptr, i32)
define i32 @main() {
  %a = alloca i32
  call ptr @memset(ptr %a, i32 1)
  ret i32 0
}
"""
STRANGE = """\
declare i32 @putchar(i32)
define i32 @main() {
  call i32 @putchar(i32 65)
  ret i32 0
}
"""
UNDEFINED = STRANGE.replace("putchar", "no_such_function")
VARIABLE = """\
struct four { short a, b, c, d; };
__attribute__((noinline)) static int sum(int n, ...) {
  __builtin_va_list more;
  __builtin_va_start(more, n);
  int total = __builtin_va_arg(more, int);
  struct four s = __builtin_va_arg(more, struct four);
  total += s.a + 2 * s.b + 3 * s.c + 4 * s.d;
  total += 10 * __builtin_va_arg(more, int);
  __builtin_va_end(more);
  return total;
}
int main(void) { return sum(3, 1, (struct four){1, 2, 3, 4}, 5); }
"""

WIDE = """\
define i32 @variable(i32 %n, ...) noinline {
  %list = alloca ptr
  call void @llvm.va_start(ptr %list)
  %at = load ptr, ptr %list
  %from = ptrtoint ptr %at to i32
  %up = add i32 %from, 7
  %aligned = and i32 %up, -8
  %place = inttoptr i32 %aligned to ptr
  %wide = load i64, ptr %place
  %narrow = trunc i64 %wide to i32
  ret i32 %narrow
}
define i32 @vectors(<2 x i64> %a, <2 x i64> %b) noinline {
  %less = icmp slt <2 x i64> %a, %b
  %chosen = select <2 x i1> %less, <2 x i64> <i64 20, i64 400>, <2 x i64> <i64 1, i64 2>
  %first = extractelement <2 x i64> %chosen, i32 0
  %second = extractelement <2 x i64> %chosen, i32 1
  %sum = add i64 %first, %second
  %narrow = trunc i64 %sum to i32
  ret i32 %narrow
}
define i128 @product(i128 %a, i128 %b) noinline {
  %c = mul i128 %a, %b
  ret i128 %c
}
define i32 @main() {
  %a = call i32 (i32, ...) @variable(i32 1, i64 100)
  %b = call i32 @vectors(<2 x i64> <i64 -1, i64 5>, <2 x i64> <i64 0, i64 5>)
  %c = call i128 @product(i128 18446744073709551616, i128 7)
  %high = lshr i128 %c, 64
  %d = trunc i128 %high to i32
  %ab = add i32 %a, %b
  %sum = add i32 %ab, %d
  ret i32 %sum
}
"""


@pytest.fixture
def emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder for temporary files that must be empty in the end."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))
    yield
    assert not list(place.iterdir())


def tried(command: Command, folder: Path, text: str) -> tuple[int, str, str]:
    """Runs a program of this text on Tern; returns the exit status, the last line of output, and the errors."""
    program = folder / "program.ll"
    program.write_text(text)
    said = command("try", "--td", TERN, "--llvm-version", "19", "--run", program)
    return said.status, said.out.splitlines()[-1] if said.out else "", said.err


@pytest.mark.usefixtures("emptied")
def test_a_read_outside_memory(command: Command, tmp_path: Path) -> None:
    status, last, _ = tried(command, tmp_path, BEYOND)
    assert status == 1 and "it was stopped: it reads 4 bytes at 0x7" in last and ", where there is no memory, at 0x" in last
    assert "(main+0x" in last


@pytest.mark.usefixtures("emptied")
def test_a_program_that_never_ends(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "STEPS", 10_000)
    status, last, _ = tried(command, tmp_path, ENDLESS)
    assert status == 1 and "it was stopped: 10000 instructions have been executed, at 0x" in last and "(main+0x" in last


@pytest.mark.usefixtures("emptied")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WRONG, ["program.ll:", "memset is declared to take ptr, i32 and to give ptr; the host's takes a pointer, int, size_t"]),
        (UNDEFINED, ["no object defines no_such_function"]),
    ],
)
def test_a_program_that_cannot_start(command: Command, tmp_path: Path, text: str, words: list[str]) -> None:
    status, _, said = tried(command, tmp_path, text)
    line = next(line for line in said.splitlines() if "error:" in line)
    assert status == 2 and all(word in line for word in words), said
    assert "next: " in said and "Traceback" not in said


@pytest.mark.usefixtures("emptied")
def test_an_unknown_relocation(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object's relocations get a number that the target has no name for, as in an object of another target."""
    compile_ = trial_run._llc  # pyright: ignore[reportPrivateUsage]

    def damaged(made: object, ir: Path, out: Path, kind: str, level: int) -> None:
        compile_(made, ir, out, kind, level)  # type: ignore[arg-type]
        if kind == "obj":
            data = out.read_bytes()
            for r in read_object(out).relocations:
                data = data.replace(
                    struct.pack("<II", r.offset, r.symbol << 8 | r.number), struct.pack("<II", r.offset, r.symbol << 8 | 77)
                )
            out.write_bytes(data)

    monkeypatch.setattr(trial_run, "_llc", damaged)
    status, _, said = tried(command, tmp_path, STRANGE)
    line = next(line for line in said.splitlines() if "error:" in line)
    assert status == 2 and "(main+0x" in line and "relocation number 77 stands for no fixup of this target" in line, said


def test_no_load_or_store_has_the_lower_part_of_an_address(command: Command, tmp_path: Path) -> None:
    """Tern's loads and stores extend their offset's sign, and %hi does not carry: a symbol at 0x8000 and above would be 64 KiB off."""
    program, written = tmp_path / "globals.c", tmp_path / "made.json"
    program.write_text("int a[20000], b; int main(void) { a[3] = 5; a[19999] = 7; b = a[19999] * 10; return b + a[3]; }\n")
    for level in (0, 2):
        said = command("try", "--td", TERN, "--llvm-version", "19", "--run", program, "-O", level, "--json", written)
        assert said.out.splitlines()[-1].startswith("exit status 75; "), said.err
        lines = Path(json.loads(written.read_text())["assembly"]).read_text().splitlines()
        assert {line.split()[0] for line in lines if "%lo(" in line} == {"ori"}


def test_what_is_wider_than_a_word(command: Command, tmp_path: Path) -> None:
    """A variable argument of 64 bits is aligned to 8 bytes; vectors are compared in parts; no library multiplies numbers of 128 bits."""
    program = tmp_path / "wide.ll"
    program.write_text(WIDE)
    for level in (0, 2):
        said = command("try", "--td", ROOT / "targets/RV32IM/RV32IM.td", "--llvm-version", "19", "--run", program, "-O", level)
        assert said.out.splitlines()[-1].startswith(f"exit status {100 + 20 + 2 + 7}; "), said.err


def test_a_structure_among_variable_arguments(command: Command, tmp_path: Path, llvm_source: Path) -> None:
    """MSP430's convention makes room for the structure (CCPassByVal); clang's va_arg reads its address."""
    program = tmp_path / "variable.c"
    program.write_text(VARIABLE)
    td = llvm_source / "llvm/lib/Target/MSP430/MSP430.td"
    said = command("try", "--td", td, "--llvm-version", "19", "--run", program)
    assert said.status == 0 and f"exit status {1 + 1 + 4 + 9 + 16 + 50}; " in said.out, said.err


@pytest.mark.parametrize(
    ("declared", "bits", "good"),
    [
        ("declare i32 @printf(ptr noundef, ...) #1", 32, True),
        ("declare dso_local i32 @printf(ptr noundef)", 32, False),
        ("declare void @puts(ptr)", 32, True),
        ("declare i32 @puts(...)", 32, False),
        ("declare ptr @memset(ptr nocapture writeonly, i32 signext, i32)", 32, True),
        ("declare ptr @memset(ptr, i16, i16)", 16, True),
        ("declare ptr @memset(ptr, i32, i16)", 16, False),
        ("declare ptr @memset(ptr, i32, i64)", 64, True),
        ("declare ptr @memset(ptr, i32, i64)", 32, False),
        ("declare double @sqrt(double)", 32, True),
        ("declare float @sqrt(float)", 32, False),
        ("declare void @abort()", 32, True),
        ("declare void @abort(i32)", 32, False),
        ("declare void @mine(i32, i32)", 32, True),
    ],
)
def test_declarations_of_host_functions(tmp_path: Path, declared: str, bits: int, good: bool) -> None:
    signatures = {"printf": "ip.", "puts": "ip", "memset": "ppiz", "sqrt": "ee", "abort": "v"}
    path = tmp_path / "p.ll"
    path.write_text(f"; first\n{declared}\n")
    if good:
        check_declarations(path, signatures, bits)
        return
    with pytest.raises(Failure, match="is declared to take") as caught:
        check_declarations(path, signatures, bits)
    assert caught.value.where == f"{path}:2"
