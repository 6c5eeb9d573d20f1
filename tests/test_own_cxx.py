"""What the C++ in a .td names of the target's own classes and functions, of which the .td says no more than the names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emitted import description, emitted
from test_facts_operations import cache as cache
from test_facts_operations import heron
from test_steps import plan

from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.plan import demands
from vega_gen.records import CallingConvention, Fragment, PlannedClass, SubtargetFeature


def own(name: str) -> PlannedClass:
    return PlannedClass(name, ("public Something",), "ToyInstrInfo.h", ("llvm",), (), (), ())


def test_a_function_that_returns_a_code_or_none_knows_the_codes_of_small_numbers() -> None:
    code = "return Kinds::getCode(~(uint32_t)Imm) != -1 && Kinds::isOdd(Imm);"
    d = replace(description(), fragments=(Fragment("coded", code, (), ""),))
    made = demands.enumerated(plan(), "ToyInstrInfo.h", "Kinds", ["getCode(", "isOdd("], d)
    text = " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert "int getCode(const T &Value, const Ts &...)" in text and "Value >= 0 && Value < 256 ? static_cast<int>(Value) : -1" in text
    assert "bool isOdd(const Ts &...) { return false; }" in text and "bool getCode" not in text


def test_a_type_that_fragments_name_is_no_number() -> None:
    d = description()
    scope = f"{d.namespace}CC"
    d = replace(d, fragments=(Fragment("opposite", f"{scope}::Codes CC = ({scope}::Codes)N->getZExtValue();", (), ""),))
    made = demands.enumerated(plan(), "ToyInstrInfo.h", scope, ["Codes", "LO"], d)
    assert "enum : unsigned { LO };" in " ".join(emitted(made)["ToyInstrInfo.h"].split())


def test_a_condition_of_patterns_that_nobody_wrote_never_holds() -> None:
    selector = own("ToyDAGToDAGISel")
    made = demands.unsaid(replace(plan(), classes=(selector,)), "ToyInstrInfo.cpp", "isGood", "  return isGood(N);", "", selector, None, ())
    assert made is not None
    assert "bool isGood(const Ts &...) const { return false; }" in " ".join(emitted(made)["ToyInstrInfo.h"].split())
    assert demands.unsaid(plan(), "ToyInstrInfo.cpp", "isGood", "  return TII->isGood(N);", "", selector, None, ()) is None


def test_scheduling_predicates_ask_the_target_s_own_class_by_another_name() -> None:
    instructions = own("ToyInstrInfo")
    start = replace(plan(), classes=(instructions,))
    line = "  const ToyBaseInstrInfo *TII ="
    made = demands.unsaid(start, "ToyInstrInfo.cpp", "ToyBaseInstrInfo", line, "", None, instructions, ["isFast("])
    assert made is not None
    assert any("isFast" in m.tokens for m in made.classes[0].members)
    called = demands.unsaid(start, "ToyInstrInfo.cpp", "count", "if (TII->count(*MI) == 1)", "ToyInstrInfo", None, instructions, ())
    assert called is not None
    assert any("count" in m.tokens for m in called.classes[0].members)
    assert demands.unsaid(start, "ToyInstrInfo.cpp", "count", "if (TII->count(*MI) == 1)", "Other", None, instructions, ()) is None
    assert "using ToyBaseInstrInfo = ToyInstrInfo;" in emitted(made)["ToyInstrInfo.cpp"]


def test_features_may_set_the_elements_of_an_array() -> None:
    features = [SubtargetFeature(f"F{n}", f"f{n}", f"Port[{n}]", "true", "", ()) for n in (0, 1, 5)]
    subtarget = own("ToySubtarget")
    made = demands.featured(replace(plan(), classes=(subtarget,)), subtarget, features, "Port")
    assert "bool Port[6] = {};" in " ".join(emitted(made)["ToyInstrInfo.h"].split())


def test_the_class_of_facts_about_a_function_has_what_predicates_ask(tmp_path: Path, llvm_source: Path) -> None:
    guarded = 'def Signs : Predicate<"MF->getInfo<HeronFunctionInfo>()->isSigned(true)">;\n'
    d = heron(tmp_path, llvm_source, guarded)
    conventions = [CallingConvention(name, ("R0",), (), (), callee_saved=False, entry=name == "CC_H") for name in ("CC_H", "RetCC_H")]
    made = archetypes(replace(d, calling_conventions=tuple(conventions)), Interface([llvm_source / "llvm/include"]))
    header = made.files["HeronMachineFunctionInfo.h"]
    assert "template <typename... Ts> bool isSigned(const Ts &...) const { return false; }" in header
    assert "using HeronFunctionInfo = HeronMachineFunctionInfo;" in header
    assert '#include "HeronMachineFunctionInfo.h"' in made.files["HeronISelDAGToDAG.cpp"]
    lowering = made.files["HeronISelLowering.h"]
    assert "bool CC_H(unsigned ValNo, " in lowering and "bool RetCC_H(" not in lowering
