"""``vega-gen try`` on Tern, with the LLVM 19 that is installed: what is made, what a change makes again, and wrong input."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from commands import Command
from conftest import ROOT

from llvm_integration.discover import installed
from llvm_integration.failure import ToolFailure
from llvm_integration.plugin import host
from llvm_integration.process import run
from vega_gen.archetypes.files import tables
from vega_gen.errors import InputError
from vega_gen.ladder import smoke
from vega_gen.pipeline import trial_run, trying, watching
from vega_gen.pipeline.climbing import given_tools
from vega_gen.pipeline.try_request import TryRequest, TryResult, reads
from vega_gen.pipeline.trying import arch_of, tablegen_include, try_out
from vega_gen.pipeline.watching import watch
from vega_gen.records import Description
from vega_gen.tablegen import describe

PROGRAM = """\
define i32 @twice(i32 %a) {
  %b = mul i32 %a, 3
  ret i32 %b
}
"""


def silent(done: int, total: int, text: str) -> None:
    del done, total, text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests, so that they share what was compiled."""
    return tmp_path_factory.mktemp("isa")


@pytest.fixture
def td(place: Path, kept_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(kept_cache))
    shutil.rmtree(place)
    shutil.copytree(ROOT / "targets/Tern", place)
    return place / "Tern.td"


@pytest.fixture
def program(td: Path) -> Path:
    path = td.parent / "twice.ll"
    path.write_text(PROGRAM)
    return path


def tried(main: Path, **options: object) -> TryResult:
    return try_out(replace(TryRequest(main, "19"), **options), silent)  # type: ignore[arg-type]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_program_becomes_assembly_and_an_object(td: Path, program: Path) -> None:
    made = tried(td, program=program)
    assert (made.target, made.arch, made.abilities) == ("Tern", "tern", ("compiles", "assembles", "disassembles"))
    assert not made.missing
    assert made.assembly and "\tmul\t" in made.assembly.read_text()
    listed = run([str(made.folder / "bin/llvm-objdump"), "-d", "--triple=tern", str(made.object_file)]).check().stdout
    assert "<twice>:" in listed and "mul\tr1, r1, " in listed
    assert made.phases[-1].name == "compile the program"
    assert 0 < made.phases[-1].seconds < made.seconds


@pytest.fixture
def two_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the ladder a short one: of its programs two are left, which call no helper."""
    whole = smoke.programs
    monkeypatch.setattr(smoke, "helpers", lambda *given: {})
    monkeypatch.setattr(smoke, "programs", lambda *given: tuple(p for p in whole(*given) if p.name in ("compare", "loop")))


@pytest.mark.parametrize("version", [one.version for one in installed() if one.major in (16, 19, 22)])
@pytest.mark.usefixtures("two_programs")
def test_it_works_with_each_llvm_that_is_installed(td: Path, program: Path, version: str) -> None:
    made = tried(td, version=version, program=program, ladder=True)
    assert made.abilities == ("compiles", "assembles", "disassembles") and not made.findings
    assert made.assembly and "\tmul\t" in made.assembly.read_text()
    # Of the 53 instructions 47 are tried, with the 4 divisions of a feature that is off; RET and the five pseudos are isCodeGenOnly.
    assert made.ladder and {step.rung.value: (step.passed, step.total) for step in made.ladder.steps} == {
        "built": (4, 4), "registered": (3, 3), "round-trip": (47, 47), "smoke-compiles": (4, 4), "machine-verified": (4, 4),
        "objects": (4, 4), "runs": (4, 4),
    }  # fmt: skip


def conflict(td: Path) -> tuple[str, str]:
    """Give two instructions one encoding, which llvm-tblgen accepts. Return the places of the two."""
    instructions = td.parent / "TernInstrInfo.td"
    edit(instructions, 'def SLT  : ALU<0x08, "slt"', 'def SLT  : ALU<0x09, "slt"')
    lines = instructions.read_text().splitlines()
    first, second = (next(n for n, line in enumerate(lines, 1) if line.startswith(f"def {name} ")) for name in ("SLT", "SLTU"))
    return f"{instructions}:{first}:", f"{instructions}:{second}:"


@pytest.mark.usefixtures("two_programs")
def test_the_rungs_and_what_tblgen_lets_through(td: Path, command: Command, tmp_path: Path) -> None:
    places, written = conflict(td), tmp_path / "made.json"
    said = command("try", "--td", td, "--llvm-version", "19", "--ladder", "--json", written)
    assert said.status == 0, said.err
    (shown,) = [line for line in said.out.splitlines() if ": error: " in line]
    assert shown.startswith(places) and "SLT and of SLTU" in shown and shown.endswith("[decoding-conflict]")
    assert "check: 1 error" in said.out
    made = json.loads(written.read_text())
    (finding,) = made["findings"]
    assert finding["severity"] == "error" and set(finding["records"]) == {"SLT", "SLTU"}
    rungs = {step["rung"]: step for step in made["ladder"]["steps"]}
    assert (rungs["round-trip"]["passed"], rungs["round-trip"]["total"]) == (45, 47)
    assert "SLT" in rungs["round-trip"]["obstacles"][0]["name"] and "round-trip: SLT" in said.out


@pytest.mark.usefixtures("two_programs")
def test_watch_says_which_rungs_changed(td: Path, command: Command) -> None:
    runs = watch(TryRequest(td, "19", ladder=True), silent)
    assert next(runs).rungs == ()
    conflict(td)
    fallen = next(runs)
    assert fallen.failure is None and fallen.rungs[0].startswith("round-trip 47 -> 45 of 47: first obstacle: SLT")
    runs.close()


def test_a_td_that_cannot_be_checked_is_tried_all_the_same(td: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*given: object, **named: object) -> None:
        raise ToolFailure("llvm-tblgen failed")

    monkeypatch.setattr(trying.lint, "check", check)
    made = tried(td)
    assert made.abilities and made.notes == ("the .td was not checked: llvm-tblgen failed",)


def test_an_lld_of_another_llvm_serves(tmp_path: Path) -> None:
    (tmp_path / "llc").touch()
    lacking = replace(host("19"), version="1.0.0", bindir=tmp_path)
    assert not lacking.find_tool("clang-1") and given_tools(tmp_path, lacking).lld
    assert given_tools(tmp_path, None).lld is None


def test_the_commands_to_type_work(td: Path, program: Path) -> None:
    made = tried(td)
    assert len(made.commands) == 3
    said = [run(["sh", "-c", command.replace("FILE", "twice")], cwd=program.parent).check().stdout for command in made.commands]
    assert "mul\tr1, r1, " in said[-1]


def said_of(made: TryResult, name: str) -> str:
    return next(phase.said for phase in made.phases if phase.name == name)


def test_a_change_makes_again_only_what_it_reaches(td: Path) -> None:
    tried(td)
    same = tried(td)
    assert (said_of(same, "make the tables"), said_of(same, "compile the C++")) == ("0 of 9", "0 of 20 files")
    # The function code of one instruction: only encoder and decoder have it.
    edit(td.parent / "TernInstrInfo.td", 'def SLT  : ALU<0x08, "slt"', 'def SLT  : ALU<0x0f, "slt"')
    changed = tried(td)
    assert said_of(changed, "make the tables") == "9 of 9"
    assert said_of(changed, "compile the C++") == "2 of 20 files"
    run_ = run(changed.plugin.command("llvm-mc", "-triple=tern", "-show-encoding"), stdin="slt r1, r2, r3\n").check()
    assert "[0x0f," in run_.stdout


C = """\
int printf(const char *format, ...);

int main(void) {
  for (volatile int i = 0; i < LIMIT || LIMIT < 0; i++)
    ;
  printf("%d times\\n", LIMIT);
  return LIMIT;
}
"""


def test_a_c_program_runs_on_the_target(td: Path, command: Command, tmp_path: Path) -> None:
    source, written = td.parent / "loop.c", tmp_path / "ran.json"
    source.write_text(C.replace("LIMIT", "7"))
    said = command("try", "--td", td, "--llvm-version", "19", "--run", source, "--json", written)
    assert said.status == 0, said.err
    assert said.out.splitlines()[-2] == "7 times" and said.out.splitlines()[-1].startswith("exit status 7; ")
    made = json.loads(written.read_text())
    ran, phases = made["ran"], [phase["name"] for phase in made["phases"]]
    assert phases.index("compile the simulator") < phases.index("link the plug-in"), "it is compiled beside the C++"
    assert (ran["status"], ran["stdout"], ran["problem"]) == (7, "7 times\n", "") and ran["steps"] > 7


def test_a_program_without_an_end_is_stopped(td: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_run, "STEPS", 10_000)
    source = td.parent / "loop.c"
    source.write_text(C.replace("LIMIT", "-1"))
    said = command("try", "--td", td, "--llvm-version", "19", "--run", source)
    assert said.status == 1 and "it was stopped: " in said.out.splitlines()[-1]


def test_what_has_no_main_does_not_run(td: Path, program: Path) -> None:
    made = tried(td, program=program)
    assert made.ran is None and made.notes == ("the program has no main, so it is not run",)
    assert "compile the simulator" not in {phase.name for phase in made.phases}


def test_a_big_endian_target(td: Path, program: Path) -> None:
    made = tried(td, big_endian=True, program=program)
    header = run([str(made.folder / "bin/llvm-readobj"), "--file-header", str(made.object_file)]).check().stdout
    assert "DataEncoding: BigEndian" in header
    coded = run(made.plugin.command("llvm-mc", "-triple=tern", "-show-encoding"), stdin="add r1, r1, r2\n").check().stdout
    assert "[0x00,0x44,0x80,0x00]" in coded


def test_an_architecture_that_llvm_knows_gets_another_name(td: Path) -> None:
    installation = host("19")
    d = describe(td, folder="Tern", llvm_include=tablegen_include(installation), tblgen=installation.llvm_tblgen)
    assert arch_of(d, installation) == "tern"
    assert arch_of(replace(d, folder="Lanai"), installation) == "lanai_td"


def test_the_tables_of_every_target_do_not_wait_for_the_description(td: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tried(td)
    shutil.rmtree(made.folder / "tables")
    there: list[bool] = []

    def slow(bench: trying._Bench, main: Path) -> Description:  # pyright: ignore[reportPrivateUsage]
        table, end = made.folder / "tables/TernGenRegisterInfo.inc.key", time.monotonic() + 60
        while not table.exists() and time.monotonic() < end:
            time.sleep(0.01)
        there.append(table.exists())
        return described(bench, main)

    described = trying._described  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(trying, "_described", slow)
    assert tried(td).abilities == made.abilities and there == [True]


def test_the_tables_that_are_started_early_are_those_that_the_files_include(td: Path) -> None:
    made = tried(td)
    installation = made.plugin.installation
    d = describe(td, folder="Tern", llvm_include=tablegen_include(installation), tblgen=installation.llvm_tblgen)
    texts = [path.read_text() for path in (made.folder / "src").rglob("*.*")]
    included = {inc for inc in tables(d) if any(f'#include "{inc}"' in text for text in texts)}
    assert included == set(tables(d)) and len(included) == 9


def test_the_result_in_a_folder_of_one_s_own(td: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = tried(td, out=out)
    assert made.folder == out and made.plugin.library == out / "libTern.so"
    assert {p.name for p in out.iterdir()} == {".vega-gen-try", "bin", "libTern.so", "src", "tables"}
    assert "class TernInstrInfo" in (out / "src/TernInstrInfo.h").read_text()
    assert " tern " in run([str(out / "bin/llc"), "--version"]).check().stdout
    tried(td, out=out)  # its own folder may be replaced
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine\n")
    with pytest.raises(InputError, match="not empty, and try did not write it"):
        tried(td, out=tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_without_a_code_generator_it_assembles(td: Path, program: Path, command: Command) -> None:
    registers = td.parent / "TernRegisterInfo.td"
    edit(registers, "FP, LR, SP, R0)>;", "FP, LR, SP, R0)> { let isAllocatable = 0; }")
    # llvm-tblgen wants one class that can be allocated: it holds no addresses.
    floats = 'def F0 : Register<"f0"> { let Namespace = "Tern"; }\ndef FPR : RegisterClass<"Tern", [f32], 32, (add F0)>;\n'
    registers.write_text(registers.read_text() + floats)
    said = command("try", "--td", td, "--llvm-version", "19", "--run", program)
    assert said.status == 1
    assert "it assembles, disassembles;" in said.out
    assert "no code generator: gpr: no allocatable register class holds addresses" in said.out
    assert f"{program} was not compiled" in said.err
    made = tried(td, ladder=True)
    assert made.ladder and {(step.total, step.notes) for step in made.ladder.steps[3:]} == {(0, ("no code generator",))}
    assert made.ladder.steps[2].passed == made.ladder.steps[2].total == 47
    made = tried(td)
    shutil.rmtree(made.folder / "tables")
    made = tried(td)
    assert not (made.folder / "tables/TernGenDAGISel.inc").exists(), "the selector's table takes longest, and nothing includes it"
    assert [command.split()[2].rpartition("/")[2] for command in made.commands] == ["llvm-mc", "llvm-objdump"]
    assert "encoding" in run(made.plugin.command("llvm-mc", "-triple=tern", "-show-encoding"), stdin="add r1, r2, r3\n").check().stdout


def test_a_part_that_does_not_compile_is_left_out(td: Path) -> None:
    edit(td.parent / "TernInstrInfo.td", 'let ParserMethod = "parseMemOperand";', 'let ParserMethod = "noSuchScope::parse";')
    made = tried(td)
    assert made.abilities == ("compiles", "disassembles")
    # The scope is made, as tables name it; yet a method of the parser cannot be declared in it.
    assert list(made.broken) == ["assembler"] and "'parse' cannot have a qualified name" in made.broken["assembler"]
    listed = run(made.plugin.command("llvm-mc", "-triple=tern", "--disassemble"), stdin="0x00 0x80 0x44 0x00\n").check().stdout
    assert "add\tr1, r1, r2" in listed


OPTIONAL = """
def RoundAsmOperand : AsmOperandClass {
  let Name = "Round";
  let RenderMethod = "addImmOperands";
  let IsOptional = true;
  let DefaultMethod = "defaultRound";
}

def rounding : Operand<i32>, ImmLeaf<i32, [{ return isUInt<5>(Imm); }]> {
  let ParserMatchClass = RoundAsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeUImm5";
  let OperandType = "OPERAND_ROUND";
  let OperandNamespace = "TernOp";
}
"""


def test_what_tables_name_without_a_contract_is_made_of_the_td(td: Path, command: Command) -> None:
    instructions = td.parent / "TernInstrInfo.td"
    edit(instructions, "// A jump target, with a larger range.", f"{OPTIONAL}\n// A jump target, with a larger range.")
    edit(instructions, "uimm5:$imm", "rounding:$imm")
    edit(instructions, "let opcode = 0x0a;", 'let opcode = 0x0a;\n  let AsmMatchConverter = "convertUpper";')
    said = command("try", "--td", td, "--llvm-version", "19")
    assert said.status == 0, said.err
    assert "it compiles, assembles, disassembles;" in said.out
    assert "not written: TernAsmParser::convertUpper: the .td says no more than its name" in said.out
    made = tried(td)
    assert not made.broken and made.stubs == ("TernAsmParser::convertUpper",)
    assert said_of(made, "compile the C++") == "0 of 20 files", "a second run goes straight to what compiled"
    header = (made.folder / "src/MCTargetDesc/TernMCTargetDesc.h").read_text()
    assert "OPERAND_ROUND = MCOI::OPERAND_FIRST_TARGET" in header
    shifts = "slli r1, r2, 0\nslli r1, r2\nslli r1, r2, 1\n"  # the method that makes what is left out is written: it makes 0
    coded = run(made.plugin.command("llvm-mc", "-triple=tern", "-show-encoding"), stdin=shifts).check().stdout
    zero, left_out, one = (line.partition("encoding: ")[2] for line in coded.splitlines() if "encoding: " in line)
    assert zero == left_out != one


@pytest.mark.parametrize("file", ["Tern.td", "TernRegisterInfo.td"])
def test_what_tblgen_rejects_has_its_place(td: Path, command: Command, file: str) -> None:
    wrong = td.parent / file
    wrong.write_text(f"def : NoSuchClass;\n{wrong.read_text()}")
    with pytest.raises(InputError, match="Couldn't find class 'NoSuchClass'") as caught:
        tried(td)
    assert caught.value.where == f"{wrong}:1:7"
    said = command("try", "--td", td, "--llvm-version", "19")
    assert said.status == 2 and (said.out + said.err).count("NoSuchClass'") == 1


def test_a_file_that_changes_while_it_is_read(td: Path) -> None:
    formats = td.parent / "TernInstrFormats.td"

    def saving(done: int, total: int, text: str) -> None:
        del done, total
        if text.startswith("reading"):
            formats.write_text(formats.read_text() + "\n// saved just now\n")

    with pytest.raises(InputError, match="has changed while it was read") as caught:
        try_out(TryRequest(td, "19"), saving)
    assert caught.value.where == str(formats)
    assert said_of(tried(td), "make the tables") == "9 of 9"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "../Tern"}, "cannot name a target"),
        ({"program": Path("hello.rs")}, "not a program that can be compiled"),
        ({"program": Path("no-such.c")}, "no such file"),
        ({"td": Path("no-such.td")}, "no such file"),
    ],
)
def test_wrong_requests(td: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        tried(td, **options)
    assert caught.value.next_step


def test_a_program_that_llc_rejects(td: Path, program: Path) -> None:
    program.write_text("define i32 @f() {\n  ret i32 %nothing\n}\n")
    with pytest.raises(ToolFailure, match="llc failed") as caught:
        tried(td, program=program)
    assert f"{program.stem}.ll:2:" in caught.value.output and caught.value.next_step


def test_all_that_is_read_is_known(td: Path, program: Path) -> None:
    include = tablegen_include(host("19"))
    read = reads(td, include, program)
    names = {path.name for path in read}
    assert {"Tern.td", "TernInstrInfo.td", "TernSchedule.td", "Tern.def", "twice.ll", "Target.td"} <= names
    edit(td.parent / "TernSchedule.td", "//", "///")
    now = reads(td, include, program)
    assert {path.name for path in read if read[path] != now[path]} == {"TernSchedule.td"}


def test_watch_tries_again_after_each_save(td: Path, program: Path) -> None:
    runs = watch(TryRequest(td, "19", program=program), silent)
    first = next(runs)
    assert (first.changed, first.failure, first.difference) == ((), None, ())
    instructions = td.parent / "TernInstrInfo.td"
    edit(instructions, '"mul", mul>', '"times", mul>')
    second = next(runs)
    assert second.changed == (instructions,) and second.failure is None
    assert [line[0] + line[1:].split()[0] for line in second.difference if line[0] in "+-"] == ["-mul", "+times"]
    edit(instructions, '"times", mul>', '"times", mul')
    broken = next(runs)
    assert broken.result is None and broken.failure is not None and f"{instructions}:" in broken.failure.where
    edit(instructions, '"times", mul', '"mul", mul>')
    program.write_text(PROGRAM.replace("3", "5"))
    mended = next(runs)
    assert mended.changed == (instructions, program) and mended.failure is None


def test_ctrl_c_ends_a_watch(td: Path, program: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        del seconds
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "sleep", interrupted)
    said = command("try", "--td", td, "--llvm-version", "19", "--run", program, "--watch")
    assert said.status == 0
    assert "    mul     " in said.out
    assert said.err.splitlines()[-2:] == ["waiting for a change; Ctrl-C ends", "ended"]


def test_the_command(td: Path, program: Path, command: Command, tmp_path: Path) -> None:
    written = tmp_path / "made.json"
    said = command("try", "--td", td, "--llvm-version", "19", "--run", program, "-O", "0", "--json", written)
    assert said.status == 0, said.err
    assert "LLVM 19.1.7 in /usr/lib/llvm-19" in said.out
    assert "it compiles, assembles, disassembles" in said.out
    assert "by hand: /usr/lib/llvm-19/bin/llc -load=" in said.out
    assert " mul " in said.out
    made = json.loads(written.read_text())
    assert made["llvm"] == "19.1.7" and made["library"].endswith("libTern.so") and Path(made["object"]).is_file()
    assert {"read the .td", "make the tables", "compile the C++"} <= {phase["name"] for phase in made["phases"]}
    assert all(phase["seconds"] >= 0 for phase in made["phases"])
