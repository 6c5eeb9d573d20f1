"""The repair loop around compiler and linker ends with a build whatever errors they report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from emitted import emitted, function
from test_steps import OWN, layer_of, plan, steps, two, undefined

from llvm_integration.check import Mistake, check_files
from llvm_integration.crash import Crash, Tried
from llvm_integration.discover import find_installation
from llvm_integration.failure import ToolFailure
from llvm_integration.linking import LinkError
from llvm_integration.toolchain import compile_flags
from vega_gen.pipeline.building import ROUNDS, brought_down, floor, included
from vega_gen.records import Plan, Step


@dataclass
class Words:
    """A compiler that finds words wrong, on the lines that have them outside of ``#if 0``, and a linker that misses some."""

    wrong: Sequence[str] = ()
    missing: Mapping[str, LinkError] = field(default_factory=dict[str, LinkError])
    placed: bool = True
    crashing: Mapping[str, Crash] = field(default_factory=dict[str, Crash])
    compiled: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])

    def compile(self, texts: Mapping[str, str]) -> Mapping[str, Sequence[Mistake]]:
        self.compiled.append(texts)
        return {path: self._said(path, text) for path, text in texts.items() if path.endswith(".cpp")}

    def _said(self, path: str, text: str) -> list[Mistake]:
        off, found = False, list[Mistake]()
        for number, line in enumerate(text.split("\n"), 1):
            off = line == "#if 0" or (off and line != "#endif")
            if not off and any(word in line for word in self.wrong):
                found.append(Mistake(path if self.placed else "elsewhere.h", number, "wrong"))
        return found

    def link(self) -> tuple[Mapping[str, Sequence[Mistake]], Sequence[LinkError]]:
        everything = "\n".join(self.compiled[-1].values())
        return {}, [error for word, error in self.missing.items() if word not in everything]

    def run(self) -> Tried:
        everything = "\n".join(self.compiled[-1].values())
        found = next((crash for word, crash in self.crashing.items() if word in everything), None)
        return Tried(found.message if found else "", found)

    def tables_made(self) -> Mapping[str, str]:
        return {}


def built(start: Plan, shop: Words) -> tuple[Plan, int]:
    found, rounds = brought_down(start, steps(), shop, emitted)
    assert not any(shop.compile(emitted(found)).values()) and not shop.link()[1], "it ends with a build"
    return found, rounds


def of(start: Plan) -> list[Step]:
    return [f.step for f in start.functions]


def test_what_compiles_and_links_is_left_alone() -> None:
    start = plan(function(OWN, "ToyInstrInfo.cpp"))
    assert built(start, Words()) == (start, 1)


def test_the_function_with_the_error_goes_down_and_its_neighbour_stays() -> None:
    found, rounds = built(plan(two(OWN), function("int other() { return 1; }", "ToyInstrInfo.cpp")), Words(("gone",)))
    assert (of(found), rounds) == ([Step.STUB, Step.FILLED], 3)


def test_what_the_linker_misses_is_made() -> None:
    shop = Words(missing={"int ToyInstrInfo::undone()": undefined("llvm::ToyInstrInfo::undone()")})
    found, rounds = built(plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp")), shop)
    assert (of(found), rounds) == ([Step.FILLED, Step.STUB], 2)


def test_an_error_that_belongs_to_nothing_brings_the_file_down() -> None:
    other = function("int b() { return 1; }", "B.cpp")
    found, _ = built(plan(function("int a() { return bad; }", "A.cpp"), other), Words(("bad",), placed=False))
    assert of(found) == [Step.STUB, Step.FILLED]
    found, _ = built(plan(function("int bad() { return 1; }", "A.cpp"), other), Words(("bad(",), placed=False))
    assert of(found) == [Step.LEFT_OUT, Step.FILLED]
    assert "A.cpp" not in emitted(found)


@dataclass
class Turning(Words):
    """A compiler that does not see a class in a header, and where it is declared there finds fault with that."""

    note: str = "declared here"

    def compile(self, texts: Mapping[str, str]) -> Mapping[str, Sequence[Mistake]]:
        self.compiled.append(texts)
        lines = texts.get("Toy.h", "").split("\n")
        if "ToyInstrInfo.cpp" not in texts or not any("createToyPass" in line for line in lines):
            return {}
        forward = next((n for n, line in enumerate(lines, 1) if line == "class ToyInstrInfo;"), 0)
        unseen = Mistake("Toy.h", 1, "unknown type name 'ToyInstrInfo'")
        incomplete = Mistake("elsewhere.inc", 1, "incomplete type", (Mistake("Toy.h", forward, self.note),))
        return {"ToyInstrInfo.cpp": [incomplete if forward else unseen]}


def test_what_goes_round_in_circles_is_brought_down() -> None:
    start = plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp"), function("int a() { return 1; }", "A.cpp"))
    found, rounds = built(start, Turning())
    assert rounds < 12 and found.functions[1].step is Step.FILLED, "what has no part in it stays"


def test_a_forward_declaration_is_not_to_blame_for_a_class_that_is_missing() -> None:
    start = plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp"))
    shop = Turning(note="forward declaration of 'llvm::ToyInstrInfo'")
    built(start, shop)
    declared = ["class ToyInstrInfo;" in texts.get("Toy.h", "") for texts in shop.compiled if "Toy.h" in texts]
    assert declared == sorted(declared), "once it is there it stays"


def test_the_function_that_a_tool_crashes_in_goes_down() -> None:
    crash = Crash("was ended by signal 11", ("llvm::Register::id() const", "llvm::ToyInstrInfo::own(int)", "main"))
    start = plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp"), function("int main() { return 2; }", "A.cpp"))
    found, rounds = built(start, Words(crashing={"::own(int A) { return 1; }\n": crash}))
    assert (of(found), rounds) == ([Step.STUB, Step.FILLED], 2)
    assert found.functions[0].message == "llc was ended by signal 11 in this function while it compiled an empty one"


def test_a_stub_in_the_machine_code_layer_brings_the_archetypes_layer() -> None:
    printed = function("void ToyPrinter::print(int A) { A; }", "MCTargetDesc/ToyPrinter.cpp")
    mined = function("void ToyPrinter::print(int B) { gone; }", "MCTargetDesc/ToyPrint.cpp")
    start = plan(function("int other() { return 1; }", "ToyInstrInfo.cpp"), mined)
    way = replace(steps(), layer=layer_of(printed))
    shop = Words(("gone",))
    found, rounds = brought_down(start, way, shop, emitted)
    assert (of(found), rounds) == ([Step.FILLED, Step.ARCHETYPE], 2)
    assert [list(texts) for texts in shop.compiled if "MCTargetDesc/ToyPrint.cpp" in texts] == [list(shop.compiled[0])]
    broken, _ = brought_down(start, replace(way, layer=layer_of(mined)), Words(("gone",)), emitted)
    assert of(broken) == [Step.FILLED, Step.STUB], "a layer that does not compile is taken once"


def test_a_crash_of_llvm_s_own_changes_nothing() -> None:
    start = plan(function("int ToyInstrInfo::own(int A) { return 1; }", "ToyInstrInfo.cpp"))
    assert built(start, Words(crashing={"own": Crash("was ended by signal 11", ("main",))})) == (start, 1)


def test_a_symbol_that_can_never_be_had_ends_at_the_floor() -> None:
    shop = Words(missing={"RegisterTarget(getTheToyTarget()": undefined("unheard::of()", file="llc")})
    found, rounds = built(plan(function(OWN, "ToyInstrInfo.cpp"), function("int b() { return 1; }", "B.cpp")), shop)
    assert rounds <= ROUNDS + 1
    texts = emitted(found)
    assert [path for path in texts if path.endswith((".cpp", ".h"))] == ["TargetInfo/ToyTargetInfo.cpp"]
    for name in ("getTheToyTarget", "LLVMInitializeToyTargetInfo", "LLVMInitializeToyTarget(", "LLVMInitializeToyTargetMC"):
        assert name in texts["TargetInfo/ToyTargetInfo.cpp"]
    assert set(of(found)) == {Step.LEFT_OUT, Step.STUB}
    assert any("undefined symbol: unheard::of()" in f.message for f in found.functions), "they say what was in the way"


def test_a_floor_that_does_not_build_is_an_error_with_a_next_step() -> None:
    shop = Words(missing={"never": undefined("unheard::of()", file="llc")})
    with pytest.raises(ToolFailure, match=r"undefined symbol: unheard::of\(\)") as raised:
        brought_down(plan(function(OWN, "ToyInstrInfo.cpp")), steps(), shop, emitted)
    assert "vega-gen doctor" in raised.value.next_step


def test_the_floor_is_c_plus_plus_that_llvm_s_headers_accept(tmp_path: Path) -> None:
    installation = find_installation("19.1.7")
    texts = emitted(floor(plan(function(OWN, "ToyInstrInfo.cpp")), steps(), "no"))
    file = tmp_path / "ToyTargetInfo.cpp"
    file.write_text(texts["TargetInfo/ToyTargetInfo.cpp"])
    said = check_files(installation, [file], installation.include_dirs, compile_flags(installation), 1, lambda done, total, name: None)
    assert said == {file: ()}


def test_a_file_is_compiled_again_where_what_it_includes_has_changed() -> None:
    texts = {"A.cpp": '#include "B.h"\n', "sub/B.h": '#include "C.h"\n', "C.h": "", "D.cpp": '#include "llvm/C2.h"\n'}
    assert included("A.cpp", texts) == {"A.cpp", "sub/B.h", "C.h"}
    assert included("D.cpp", texts) == {"D.cpp"}
