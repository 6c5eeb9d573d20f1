"""The ladder: encodings, batches for llvm-mc, the programs, our own instruction sets, and a full ladder with installed tools."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from shutil import which

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from llvm_integration.discover import find_installation
from llvm_integration.process import Completed, run
from vega_gen import tablegen
from vega_gen.cli import main
from vega_gen.errors import NotFoundError
from vega_gen.ladder import Tools, climb, failures, lit_tests, machines, smoke, subject
from vega_gen.ladder.attributes import met
from vega_gen.ladder.encodings import around, asked, bases, decode, encode, fields, fixed, of_no_account
from vega_gen.ladder.executable import BASE, STATUS, exit_object, write_executable
from vega_gen.ladder.mc import Encoding, Mc
from vega_gen.ladder.round_trip import round_trip
from vega_gen.ladder.written import written
from vega_gen.records import Climbed, Description, Instruction, Ladder, Obstacle, Rung
from vega_gen.tablegen.feature_groups import FeatureNeeds, Features
from vega_gen.tablegen.subtargets import enabled, on_subtarget

GOLDEN = ROOT / "tests/golden/ladder"
BIN = find_installation("19.1").bindir
BACKENDS = ("register-info", "instr-info", "emitter", "disassembler", "asm-matcher", "asm-writer", "dag-isel", "callingconv", "subtarget")


def quiet(done: int, total: int, text: str) -> None:
    """A progress that nobody watches."""


def instruction(name: str, asm: str, encoding: tuple[str, ...]) -> Instruction:
    return Instruction(name, "Toy", asm, (), (), "", (), frozenset(), len(encoding) // 8, encoding, (), (), "", (), "", ())


def toy(*instructions: Instruction) -> Description:
    return Description("Toy", "Toy", "Toy", (), (), (), (), instructions, (), (), (), (), (), (), (), ())


@pytest.fixture(scope="module", params=["Tern", "RV32IM"])
def own(request: pytest.FixtureRequest, llvm_source: Path) -> Description:
    """An ISA of our own, through our own reader."""
    return described(request.param, llvm_source)


def described(name: str, llvm_source: Path) -> Description:
    folder = ROOT / "targets" / name
    return tablegen.describe(
        folder / f"{name}.td", folder=name, llvm_include=llvm_source / "llvm/include", tblgen=BIN / "llvm-tblgen",
        relocs=folder / f"{name}.def",
    )


# --------------------------------------------------------------------------------------------------------------- encodings


@st.composite
def placed(draw: st.DrawFn) -> tuple[Instruction, dict[str, int]]:
    """An instruction of 16 bits whose fields lie anywhere in any order, and values for them."""
    widths = draw(st.dictionaries(st.sampled_from(["rd", "imm", "x"]), st.integers(1, 5), min_size=1))
    bits = [f"{name}{{{n}}}" for name, width in widths.items() for n in range(width)]
    bits += draw(st.lists(st.sampled_from(["0", "1", "?"]), min_size=16 - len(bits), max_size=16 - len(bits)))
    return instruction("I", "i", tuple(draw(st.permutations(bits)))), {name: draw(st.integers(0, 2**w - 1)) for name, w in widths.items()}


@given(placed())
def test_what_is_placed_in_fields_is_read_back(one: tuple[Instruction, dict[str, int]]) -> None:
    made, values = one
    bits = encode(made, values)
    mask, value = fixed(made)
    assert decode(made, bits) == values
    assert fields(made).keys() == values.keys()
    assert bits & mask == value
    assert mask & of_no_account(made) == 0
    field_bits = sum(fields(made).values())
    assert mask.bit_count() + of_no_account(made).bit_count() + field_bits == 16


def test_bounds_of_a_number_and_of_registers(llvm_source: Path) -> None:
    tern = described("Tern", llvm_source)
    addi = next(i for i in tern.instructions if i.name == "ADDI")
    first = bases(tern, addi)
    assert [dict(v.values)["imm"] for v in first] == [0, 1, 0xFFFF]
    assert dict(first[0].values)["rd"] != dict(first[0].values)["rs1"]
    bounds = around(tern, first[0])
    assert {dict(v.values)["imm"] for v in bounds} == {0, 1, 0x8000, 0xFFFF}
    assert {dict(v.values)["rd"] for v in bounds} == {0, 15, dict(first[0].values)["rd"]}
    assert bounds[-1].bits == 0b000001_1111_1111_00_1111111111111111
    assert bounds[-1].name == "ADDI rd=0xf rs1=0xf imm=0xffff"


def test_text_from_the_td(llvm_source: Path) -> None:
    tern = described("Tern", llvm_source)
    by_name = {i.name: i for i in tern.instructions}
    assert [line.text for line in written(tern, by_name["XOR"])] == ["xor\tr0, r0, r0", "xor\tlr, lr, lr"]
    assert [hex(encode(line.instruction, dict(line.values))) for line in written(tern, by_name["XOR"])] == ["0x4", "0x3ffc004"]
    assert [line.text for line in written(tern, by_name["ADDI"])] == ["addi\tr0, r0, 0", "addi\tlr, lr, 1"]
    assert written(tern, by_name["ADDI"])[1].mask == 0b11111111 << 18  # what getImmOpValue makes of a number is not known
    assert written(tern, by_name["LW"]) == ()  # its address has a parser of its own


# ------------------------------------------------------------------------------------------------------------ our own ISAs


def test_every_backend_of_tablegen_takes_our_own(own: Description, llvm_source: Path, tmp_path: Path) -> None:
    td = ROOT / "targets" / own.name / f"{own.name}.td"
    for backend in BACKENDS:
        argv = [str(BIN / "llvm-tblgen"), f"-gen-{backend}", f"-I{td.parent}", f"-I{llvm_source / 'llvm/include'}", str(td)]
        done = run([*argv, "-o", str(tmp_path / backend)])
        assert (done.returncode, done.stderr) == (0, ""), backend


def test_our_own_decode_unambiguously(own: Description) -> None:
    known = asked(own, frozenset(own.assembler_predicates))
    assert len(known) >= 40
    for a, b in combinations(known, 2):
        (a_mask, a_value), (b_mask, b_value) = fixed(a), fixed(b)
        assert (a_value ^ b_value) & a_mask & b_mask, f"{a.name} and {b.name}"


def test_our_own_say_what_a_backend_needs(own: Description) -> None:
    assert {r.split("_")[1] for r in own.relocations} == {own.name.upper()}
    assert any(c.callee_saved for c in own.calling_conventions)
    assert {"CALL", "RET_GLUE", "HI", "LO"} <= {node.opcode.split("::")[1] for node in own.nodes}
    assert {"ADJCALLSTACKDOWN", "ADJCALLSTACKUP"} <= {i.name for i in own.instructions if "isPseudo" in i.flags}


def test_a_feature_that_is_off_keeps_its_instructions_out(llvm_source: Path) -> None:
    tern = described("Tern", llvm_source)
    off, on = subject(tern, "tern"), subject(tern, "tern", attrs="+div")
    assert {i.name for i in asked(tern, met(on))} - {i.name for i in asked(tern, met(off))} == {"DIV", "DIVU", "REM", "REMU"}
    assert enabled(tern, "tern-2", "") == {"FeatureDiv"}
    assert enabled(tern, "tern-2", "-div") == set()


def test_features_that_a_backend_was_made_with_are_turned_off_for_what_excludes_them(llvm_source: Path) -> None:
    """Its tools have them on without an option, so that only -mattr=-div is a subtarget without them."""
    plain = described("Tern", llvm_source)
    made = on_subtarget(plain, attrs="+div")
    assert (enabled(plain), enabled(made), enabled(made, attrs="-div")) == (set(), {"FeatureDiv"}, set())
    without = FeatureNeeds(off=frozenset({"FeatureDiv"}))
    assert (Features(plain, "").attrs(without), Features(made, "").attrs(without)) == ("", "-div")


# --------------------------------------------------------------------------------------------------------- llvm-mc by the batch

FAKE = """\
import re, sys
text = sys.stdin.read()
for number, line in enumerate(text.splitlines(), 1):
    if "--disassemble" in sys.argv or "-disassemble" in sys.argv:
        byte = int(line.strip("[]"), 16)
        name = "abcd"[byte >> 6]
        if name == "d":
            sys.exit("LLVM ERROR: llvm::ToyInstPrinter::printOperand is not implemented")
        if name == "c":
            print(f"<stdin>:{number}:1: warning: invalid instruction encoding", file=sys.stderr)
        else:
            print(f"\\t{name} {byte & 63}")
    elif line.endswith(":"):
        print(line)
    else:
        name, value = line.split()
        value = int(value) & ~(name == "b")  # b's lowest bit is lost
        print(f"\\t{line}  # encoding: [{'abcd'.index(name) << 6 | value:#04x}]")
"""
TOYS = tuple(
    instruction(name.upper(), f"{name} $n", (*opcode, *(f"n{{{n}}}" for n in range(5, -1, -1))))
    for name, opcode in (("a", "00"), ("b", "01"), ("c", "10"), ("d", "11"))
)


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """An llvm-mc for instructions of one byte: a is right, b is assembled wrong, c is not disassembled, d crashes."""
    path = tmp_path / "llvm-mc"
    path.write_text(f"#!{sys.executable}\n{FAKE}")
    path.chmod(0o755)
    return path


def test_a_crash_is_found_in_its_batch(fake: Path) -> None:
    llvm_mc = Mc(fake, subject(toy(*TOYS), "toy"))
    answers = llvm_mc.disassemble([bytes([n]) for n in (1, 2, 0xC1, 3, 0x81, 4)])
    assert [a for a in answers if isinstance(a, str)] == ["a 1", "a 2", "a 3", "a 4"]
    crash, invalid = answers[2], answers[4]
    assert isinstance(crash, Obstacle) and isinstance(invalid, Obstacle)
    assert crash.function == "ToyInstPrinter::printOperand"
    assert crash.command == f"echo '[0xc1]' | {fake} -disassemble --triple=toy"
    assert invalid.message == "invalid instruction encoding"
    assert llvm_mc.assemble(["a 5", "b 3"]) == [Encoding(b"\x05", b"\0"), Encoding(b"\x42", b"\0")]


def test_a_round_trip_says_what_is_wrong_with_each(fake: Path) -> None:
    one = subject(toy(*TOYS), "toy")
    step = round_trip(fake, one, quiet)
    assert (step.passed, step.total) == (1, 4)
    found = {o.name.split()[0]: o for o in step.obstacles}
    assert found["B"].message == '"b 1" assembles to 40'
    assert found["C"].message == "invalid instruction encoding"
    assert found["D"].function == "ToyInstPrinter::printOperand"
    assert Ladder("Toy", "toy", (step,)).in_the_way == (("ToyInstPrinter::printOperand", 1),)


@pytest.mark.parametrize(
    ("said", "function"),
    [
        ("LLVM ERROR: Toy: InstrInfo::copyPhysReg is not written yet", "InstrInfo::copyPhysReg"),
        ("LLVM ERROR: Toy: createToyAsmBackend is not written yet", "createToyAsmBackend"),
        ("LLVM ERROR: Cannot select: t9: ch,glue = ToyISD::CALL t8", ""),
        ("Stack dump:\n #0 0x01 llvm::sys::PrintStackTrace(int) (llc)\n #5 0x02 llvm::ToyFrameLowering::emitPrologue(llvm::X&) (llc)",
         "ToyFrameLowering::emitPrologue"),
    ],
)  # fmt: skip
def test_the_function_that_a_crash_names(said: str, function: str) -> None:
    done = Completed(("llc",), -6, "", said, 0.1)
    assert failures.crashed(done)
    assert failures.function(done, "Toy") == function


def test_without_a_disassembler_text_alone_is_tried(llvm_source: Path, tmp_path: Path) -> None:
    llvm_mc = tmp_path / "llvm-mc"
    refuses = '#!/bin/sh\ncase "$*" in *-disassemble*) echo "error: no disassembler" >&2; exit 1;; esac\n'
    llvm_mc.write_text(f'{refuses}exec {BIN / "llvm-mc"} "$@"\n')
    llvm_mc.chmod(0o755)
    one = subject(described("RV32IM", llvm_source), "riscv32", attrs="+m")
    step = round_trip(llvm_mc, one, quiet)
    memory = {"JALR", "LB", "LBU", "LH", "LHU", "LW", "SB", "SH", "SW"}
    assert {o.name.split()[0] for o in step.obstacles} == memory
    assert {o.message for o in step.obstacles} == {"error: no disassembler"}


def test_bits_that_a_fixup_fills_are_known_as_open(tmp_path: Path) -> None:
    path = tmp_path / "llvm-mc"
    path.write_text("#!/bin/sh\necho 'VG0:'\necho \"  b x ; encoding: [A,0x08'A',0b10AAAAAA,0x07]\"\n")
    path.chmod(0o755)
    (found,) = Mc(path, subject(toy(), "toy")).assemble(["b x"])
    assert found == Encoding(b"\x00\x08\x80\x07", b"\xff\xff\x3f\x00")


# ---------------------------------------------------------------------------------------------------------- the smoke suite


def test_a_program_golden() -> None:
    loop = next(p for p in smoke.programs((16, 32), 32) if p.name == "shifts")
    assert loop.text == (GOLDEN / "shifts.ll").read_text()
    assert loop.expected == 2 * (20 + 8 - -8)


@pytest.mark.parametrize("widths", [(8, 16), (32,), (8, 16, 64)])
def test_each_program_returns_what_it_says(widths: tuple[int, ...], tmp_path: Path) -> None:
    """By LLVM's interpreter on this machine, whose va_list alone is more than a pointer."""
    programs = [p for p in smoke.programs(widths, max(widths)) if p.name != "varargs"]
    assert len(programs) >= 25
    wrong: list[str] = []
    for program in programs:
        (tmp_path / "program.ll").write_text(program.text)
        done = run([str(BIN / "lli"), str(tmp_path / "program.ll")], timeout=60)
        wrong += [] if done.returncode == program.expected else [f"{program.name}: {done.returncode} {done.stderr}"]
    assert wrong == []


SWAPPED = {
    "shift by a register": ("shifts", "lshr", "ashr"),
    "extended result": ("narrow", "sext i8 %a", "zext i8 %a"),
    "narrow shift": ("narrow", "lshr i8", "ashr i8"),
    "read byte": ("load-store", "sext i8 %a", "zext i8 %a"),
    "read half": ("load-store", "sext i16 %a", "zext i16 %a"),
    "more of two": ("select", "%more, i32 %a, i32 %b", "%more, i32 %b, i32 %a"),
    "less of two": ("select", "%less, i32 %a, i32 %b", "%less, i32 %b, i32 %a"),
    "limited above": ("select", "%above, i32 %high, i32 %x", "%above, i32 %x, i32 %high"),
    "limited below": ("select", "%below, i32 %low, i32 %a", "%below, i32 %a, i32 %low"),
    "chosen": ("select", "%condition, i32 %a, i32 %b", "%condition, i32 %b, i32 %a"),
}


@pytest.mark.parametrize("mistake", SWAPPED)
def test_a_program_ends_otherwise_where_two_operations_are_swapped(mistake: str, tmp_path: Path) -> None:
    name, one, other = SWAPPED[mistake]
    program = next(p for p in smoke.programs((32,), 32) if p.name == name)
    assert one in program.text
    swapped = re.sub(f"{re.escape(one)}|{re.escape(other)}", lambda found: other if found[0] == one else one, program.text)
    (tmp_path / "program.ll").write_text(swapped)
    done = run([str(BIN / "lli"), str(tmp_path / "program.ll")], timeout=60)
    assert not done.stderr
    assert done.returncode != program.expected


def test_the_value_of_memset_is_an_int() -> None:
    """C's int has 16 bits on a machine of 16, and 32 on one of 64: a caller passes it in as many registers."""
    for widths, bits in (((8, 16), 16), ((32,), 32), ((64,), 32)):
        assert f"@memset(ptr %to, i{bits} %value, i{max(widths)} %n)" in smoke.helpers(widths, max(widths))["memset"]


def test_words_of_sixteen_bits_are_parsed(tmp_path: Path) -> None:
    for name, text in {**{p.name: p.text for p in smoke.programs((8, 16), 16)}, **smoke.helpers((8, 16), 16)}.items():
        (tmp_path / "program.ll").write_text(text)
        assert run([str(BIN / "opt"), "-passes=verify", "-disable-output", str(tmp_path / "program.ll")]).check().ok, name


# ------------------------------------------------------------------------------------------------------------------- climbing


def test_without_tools_nothing_is_asked_and_it_is_said(tmp_path: Path) -> None:
    found = climb(Tools(None, None, None, None), subject(toy(*TOYS), "toy"), tmp_path, quiet)
    assert [step.rung for step in found.steps] == list(Rung)
    assert [(step.passed, step.total) for step in found.steps] == [(0, 4), *[(0, 0)] * 6]
    assert all(step.notes or step.obstacles for step in found.steps if step.rung is not Rung.REGISTERED)


def test_a_tool_that_does_not_list_the_target(tmp_path: Path) -> None:
    llc = tmp_path / "llc"
    llc.write_text("#!/bin/sh\necho '  Registered Targets:'\necho '    other - Another'\n")
    llc.chmod(0o755)
    step = climb(Tools(llc, None, None, None), subject(toy(), "toy-unknown-elf"), tmp_path, quiet).steps[1]
    assert (step.passed, step.total) == (0, 1)
    assert step.obstacles[0].message == "does not list toy"


def test_the_package_climbs_our_rv32im(
    llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our records of RISC-V against the official tools, by the command; three programs of all."""
    every = smoke.programs

    def some(widths: Sequence[int], pointer_bits: int) -> tuple[smoke.Program, ...]:
        return tuple(x for x in every(widths, pointer_bits) if x.name in ("calls", "float", "wide-division"))

    monkeypatch.setattr(smoke, "programs", some)
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path / "cache"))
    words = ["ladder", "--td", ROOT / "targets/RV32IM/RV32IM.td", "--llvm", llvm_source, "--tools", BIN, "--triple", "riscv32"]
    words += ["--mattr", "+m", "--work", tmp_path / "work", "--json", tmp_path / "ladder.json"]
    monkeypatch.setattr(sys, "argv", ["vega-gen", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert not ended.value.code
    (found,) = json.loads((tmp_path / "ladder.json").read_text())
    figures = {step["rung"]: (step["passed"], step["total"]) for step in found["steps"]}
    runs = (6, 6) if which("qemu-riscv32") else (0, 0)
    assert figures == {
        "built": (4, 4), "registered": (3, 3), "round-trip": (48, 48), "smoke-compiles": (6, 6), "machine-verified": (6, 6),
        "objects": (6, 6), "runs": runs,
    }  # fmt: skip
    assert "round-trip" in capsys.readouterr().out


def test_a_wrong_result_is_seen(llvm_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rv = described("RV32IM", llvm_source)
    wrong = smoke.Program("wrong", "define i32 @main() {\n  ret i32 4\n}\n", 5)
    broken = smoke.Program("broken", "define i32 @main() {\n  ret i32 %no\n}\n", 5)

    def two(widths: Sequence[int], pointer_bits: int) -> tuple[smoke.Program, ...]:
        return wrong, broken

    monkeypatch.setattr(smoke, "programs", two)
    tools = Tools(BIN / "llc", None, BIN / "llvm-objdump", BIN / "llvm-readobj", BIN / "ld.lld", BIN / "llvm-mc")
    steps = {step.rung: step for step in climb(tools, subject(rv, "riscv32", attrs="+m"), tmp_path, quiet).steps}
    assert [(steps[r].passed, steps[r].total) for r in (Rung.SMOKE, Rung.VERIFIED, Rung.OBJECTS)] == [(2, 4)] * 3
    assert "use of undefined value" in steps[Rung.SMOKE].obstacles[0].message
    if which("qemu-riscv32"):
        assert "qemu-riscv32: ended with 4, not 5" in [o.message for o in steps[Rung.RUNS].obstacles]


@pytest.mark.parametrize("name", machines())
def test_qemu_exits_with_the_status(name: str, tmp_path: Path) -> None:
    """The code that exits is all that a program needs: the status lies where ``_start`` stores main's result."""
    machine = machines()[name]
    assert which(machine.qemu), f"{machine.qemu} is not installed; `vega-gen doctor --install` does it"
    code, out = exit_object(machine, machine.bits).sections[0].data, tmp_path / "exit"
    status = (42).to_bytes(4, "little" if machine.little else "big")
    write_executable(out, machine, machine.bits, BASE, code[: STATUS - BASE] + status)
    assert run([machine.qemu, *machine.options, str(out)], timeout=30).returncode == 42


def test_machines() -> None:
    assert len({(m.number, m.bits, m.little) for m in machines().values()}) == len(machines())
    with pytest.raises(NotFoundError, match="no machine is called pdp11"):
        subject(toy(), "toy", machine="pdp11")
    assert [m.name for m in subject(toy(), "toy", machine="sh4").emulators] == ["sh4"]


def test_lit_tests_of_what_passes(llvm_source: Path, tmp_path: Path) -> None:
    rv = described("RV32IM", llvm_source)
    failed = Climbed(Rung.VERIFIED, 0, 1, (Obstacle("loop -O2", "", ""),))
    made = lit_tests(subject(rv, "riscv32", attrs="+m"), BIN / "llvm-mc", failed)
    assert "CodeGen/RV32IM/loop.ll" not in made
    assert {"CodeGen/RV32IM/calls.ll", "CodeGen/RV32IM/lit.local.cfg", "MC/Disassembler/RV32IM/round-trip.txt"} <= made.keys()
    assert made["MC/Disassembler/RV32IM/round-trip.txt"].count("CHECK:") == 48
    (tmp_path / "lit.cfg.py").write_text(
        "import lit.formats\nconfig.name = 'own'\nconfig.test_format = lit.formats.ShTest(False)\nconfig.suffixes = ['.ll', '.txt']\n"
        f"config.targets = ['RV32IM']\nconfig.environment['PATH'] = {str(BIN)!r} + ':' + config.environment['PATH']\n"
    )
    for path in ("CodeGen/RV32IM/calls.ll", "CodeGen/RV32IM/lit.local.cfg", "MC/Disassembler/RV32IM/round-trip.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(made[path])
    done = run([sys.executable, "-c", "from lit.main import main; main()", "-j1", str(tmp_path)], timeout=120)
    assert done.ok, done.stdout
    assert re.search(r"Passed *: 2\b", done.stdout), done.stdout
