"""A backend for a target of which facts are missing: what is left out is said, and what each fact would unlock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from simulated import described

from vega_gen import ladder
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import Facts, find_facts
from vega_gen.ladder import programs
from vega_gen.ladder.runners import Ended
from vega_gen.ladder.wanting import wanted
from vega_gen.records import Climbed, Description, GivenFact, Ladder, Obstacle, Rung
from vega_gen.report import rungs

TESTS = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def rook(llvm_source: Path) -> Description:
    return described(TESTS / "inputs/rook/Rook.td", llvm_source)


@pytest.fixture(scope="module")
def facts(rook: Description) -> Facts:
    return find_facts(replace(rook, given={"instruction.jump": GivenFact("instruction.jump", "")}))


def test_without_a_fact_what_needs_it_ends_with_an_error(rook: Description, llvm_source: Path) -> None:
    """Functions that have a frame, call or branch cannot be compiled then; the rest can, and a facts file may give each."""
    llvm = Interface([llvm_source / "llvm/include"])
    absent = ["register.stack_pointer", "instruction.add", "instruction.add_immediate", "instruction.jump", "instruction.load.32"]
    given = {key: GivenFact(key, "") for key in (*absent, "instruction.store.32", "instruction.copy.GPR")}
    made = archetypes(replace(rook, given=given), llvm)
    assert made.missing == {} and {*made.limits} >= given.keys()
    assert not {"instruction.and", "instruction.or", "instruction.xor"} & made.limits.keys(), "patterns select these"
    assert made.limits["instruction.add"] == "how to add two registers is not known: a facts file gives it as instruction.add"
    told = "".join(made.files.values())
    assert all(f'{key}")' in told for key in given if key not in ("instruction.jump", "instruction.copy.GPR"))
    assert "analyzeBranch" not in told and "::;" not in told and "Rook::," not in told
    whole = "".join(archetypes(rook, llvm).files.values())
    assert "a facts file gives it" not in whole and "NoRegister" not in whole


def quiet(done: int, total: int, text: str) -> None:
    pass


def smoke(*messages: str) -> Climbed:
    obstacles = tuple(Obstacle(f"p{n}", "llc", message) for n, message in enumerate(messages))
    return Climbed(Rung.SMOKE, 60 - len(obstacles), 60, obstacles)


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("LLVM ERROR: Cannot select: t7: i32,ch = load<(load (s8) from %ir.p), zext from i8> t0, t2, undef:i32", "instruction.load.8.zext"),
        ("LLVM ERROR: Cannot select: t7: i32,ch = load<(load (s16) from %ir.p), anyext from i16> t0", "instruction.load.16.zext"),
        ("LLVM ERROR: Cannot select: t7: i32,ch = load<(volatile load (s32) from %ir.p)> t0", "instruction.load.32"),
        ("LLVM ERROR: Cannot select: t9: ch = store<(store (s8) into %ir.q), trunc to i8> t8", "instruction.store.8"),
        ("LLVM ERROR: Cannot select: t12: ch = br_cc t11, seteq:ch, t2, Constant:i32<0>, BasicBlock:ch<b 0x1>", "instruction.branch.eq"),
        ("LLVM ERROR: Cannot select: t12: ch = br t11, BasicBlock:ch<b 0x1>", "instruction.jump"),
        ("LLVM ERROR: Cannot select: t3: i32 = GlobalAddress<ptr @g> 0", "instruction.symbol"),
        ("LLVM ERROR: Cannot select: 0x55ade535a000: i32 = xor 0x55ade5359f20, 0x55ade5359f90", "instruction.xor"),
        ("LLVM ERROR: Cannot select: 0x559fd13451c0: i32 = and 0x559fd1345150, Constant:i32<15>", "instruction.and"),
        ("LLVM ERROR: registers of these classes cannot be copied", "instruction.copy.GPR"),
        ("LLVM ERROR: how to add two registers is not known: a facts file gives it as instruction.add", "instruction.add"),
        ("LLVM ERROR: ran out of registers during register allocation", ""),
        ("did not end within 60 s", ""),
    ],
)
def test_an_error_of_llc_names_the_fact_that_it_wants(facts: Facts, message: str, key: str) -> None:
    assert [want.key for want in wanted(smoke(message), facts)] == ([key] if key else [])


def test_the_report_says_what_each_fact_would_unlock(facts: Facts) -> None:
    load = "LLVM ERROR: Cannot select: t7: i32,ch = load<(load (s8) from %ir.p), zext from i8> t0"
    found = wanted(smoke(load, "Cannot select: t12: ch = br t11", load, load, "bad"), facts)
    assert [(want.key, want.programs) for want in found] == [("instruction.load.8.zext", 3), ("instruction.jump", 1)]
    said = rungs.lines(Ladder("Rook", "rook", (), found))
    # The load is found; the jump is given as none, so that what would be found is an alternative.
    load_is = facts.records["instruction.load.8.zext"].confidence
    jump_is = facts.records["instruction.jump"].alternatives[0].confidence
    assert said == [
        f"3 of 60 programs want: how to load 8 bits with zext (instruction.load.8.zext); candidates: LBU dst base imm {load_is:.2f}",
        f"1 of 60 programs want: how to jump to a label (instruction.jump); candidates: J target {jump_is:.2f}",
    ]
    assert rungs.as_json([Ladder("Rook", "rook", (), found)])[0]["wanted"][1]["question"] == "how to jump to a label"


def test_a_program_of_which_llc_does_not_end_is_waited_for_once(rook: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    llc = tmp_path / "llc"
    llc.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\nsleep 9\n")
    llc.chmod(0o755)
    monkeypatch.setattr(programs, "SECONDS", 0.2)
    monkeypatch.setattr(programs, "_SHORT", 0.1)
    made = programs.Programs(ladder.Tools(llc, None, None, None), llc, ladder.subject(rook, "rook"), tmp_path / "work")
    made.all = made.all[:5]
    first, second = made.compiles(quiet), made.objects(quiet)
    assert len((tmp_path / "asked").read_text().splitlines()) == 5
    assert first.passed == second.passed == 0 and {o.name for o in second.obstacles} == {one.name for one in made.all}


def test_a_probe_asks_the_named_programs_alone(rook: Description, tmp_path: Path) -> None:
    llc = tmp_path / "llc"
    llc.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\ncase "$*" in *calls.ll*) exit 1;; esac\n')
    llc.chmod(0o755)
    named = {Rung.SMOKE: ("calls -O0", "division -O2"), Rung.VERIFIED: ("division -O0",)}
    found = ladder.probe(ladder.Tools(llc, None, None, None), ladder.subject(rook, "rook"), tmp_path / "work", named, quiet)
    assert [(step.rung, step.passed, step.total) for step in found.steps] == [(Rung.SMOKE, 1, 2), (Rung.VERIFIED, 1, 1)]
    assert len((tmp_path / "asked").read_text().splitlines()) == 3
    untried = ladder.probe(ladder.Tools(None, None, None, None), ladder.subject(rook, "rook"), tmp_path / "work", named, quiet)
    assert [(step.passed, step.total) for step in untried.steps] == [(0, 0), (0, 0)]


@dataclass
class Endless:
    """A runner that waits as long as it may."""

    waited: list[float] = field(default_factory=list[float])
    name: str = "endless"

    def run(self, objects: Sequence[Path], library: Sequence[Path], out: Path, seconds: float = 9.0) -> Ended:
        del objects, library, out
        self.waited.append(seconds)
        time.sleep(seconds)
        return Ended(None, "no end", "")


def test_what_does_not_end_is_waited_for_less_after_a_few(
    rook: Description, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    llc = tmp_path / "llc"
    llc.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\n: > "$2"\n')
    llc.chmod(0o755)
    monkeypatch.setattr(programs, "RUN_SECONDS", 0.03)
    monkeypatch.setattr(programs, "_SHORT_RUN", 0.001)
    runner = Endless()
    made = programs.Programs(ladder.Tools(llc, None, None, None), llc, ladder.subject(rook, "rook"), tmp_path / "work")
    assert made.runs([runner], quiet).passed == 0
    usual = runner.waited.count(0.03)
    assert 6 <= usual < 12 and runner.waited.count(0.001) == 60 - usual
