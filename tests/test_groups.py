"""Function groups: masking target names, and finding functions that play the same role."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented import DONORS, MASKERS, NEW, groups, sources

from vega_gen.corpus.modules import module_of
from vega_gen.cxx.masker import Masker
from vega_gen.errors import NotFoundError
from vega_gen.groups import GroupKind, Groups
from vega_gen.records import Contract, ContractRole, Function, Module

PIECES = ("Foo", "foo", "FOO", "create", "InstrInfo", "ISD", "MC", "_", "x", "X", "4", "fixup_", "get", "TM")


def token_of(name: str) -> st.SearchStrategy[str]:
    """Identifiers with a target's name anywhere in them, in all three spellings."""
    return st.lists(st.sampled_from((name, name.upper(), name.lower(), *PIECES)), min_size=1, max_size=6).map("".join)


@given(token_of("Aaa"))
def test_masking_can_be_undone(token: str) -> None:
    masker = Masker(("Aaa",))
    assert masker.unmask(masker.mask(token)) == token


@pytest.mark.parametrize(
    ("token", "masked"),
    [
        ("AaaInstrInfo", "<T>InstrInfo"),
        ("createAaaAsmBackend", "create<T>AsmBackend"),
        ("fixup_aaa_hi16", "fixup_<t>_hi16"),
        ("R_AAA_32", "R_<TU>_32"),
        ('"aaa copy"', '"<t> copy"'),
        ("Aaardvark", "Aaardvark"),
        ("bazaaar", "bazaaar"),
    ],
)
def test_a_target_s_name_is_masked_where_it_is_a_word(token: str, masked: str) -> None:
    assert Masker(("Aaa",)).mask(token) == masked


def test_all_names_of_a_target_become_its_first() -> None:
    masker = Masker(("SHO", "ShortArch"))
    assert [masker.mask(t) for t in ("ShortArchInstrInfo", "SHOInstrInfo")] == ["<T>InstrInfo"] * 2
    assert masker.unmask("<T>InstrInfo") == "SHOInstrInfo"


def test_a_namespace_that_is_no_name_is_masked_as_a_scope_only() -> None:
    masker = Masker(("Sparkle",), "SP")
    assert [masker.mask_scope(t) for t in ("SP", "SPISD", "SPQ", "Sparkle")] == ["<T>", "<T>ISD", "SPQ", "<T>"]
    assert masker.mask("SP") == "SP"
    assert [masker.unmask_scope(t) for t in ("<T>", "<T>ISD", "<T>CC")] == ["SP", "SPISD", "SparkleCC"]


@pytest.mark.parametrize(
    ("file", "module"),
    [("FooISelLowering.cpp", Module.SEL), ("MCTargetDesc/FooAsmBackend.cpp", Module.EMI), ("AsmParser/FooAsmParser.cpp", Module.ASS),
     ("Disassembler/FooDisassembler.cpp", Module.DIS), ("FooRegisterInfo.cpp", Module.REG), ("FooInstrInfo.cpp", Module.SCH),
     ("FooSomePass.cpp", Module.OPT)],
)  # fmt: skip
def test_the_module_of_a_file(file: str, module: Module) -> None:
    assert module_of(file, Masker(("Foo",))) is module


def test_overrides_of_one_interface_are_a_group() -> None:
    group = groups().find("InstrInfo::copyPhysReg")
    assert (group.kind, group.interface, group.role) == (GroupKind.OVERRIDE, "TargetInstrInfo::copyPhysReg", "<T>InstrInfo")
    assert [m.signature.class_name for m in group.members] == ["AaaInstrInfo", "BbbInstrInfo", "CccInstrInfo"]
    assert group.targets == DONORS


def test_overloads_of_an_interface_are_groups_of_their_own() -> None:
    found = groups().by_name
    assert {m.signature.params[-1].name for m in found["InstrInfo::cost/1"].members} == {"A"}
    assert {len(m.signature.params) for m in found["InstrInfo::cost/2"].members} == {2}


def test_constructors_free_functions_and_methods_of_convention() -> None:
    found = groups().by_name
    for name in ("InstrInfo::InstrInfo", "create<T>InstrInfo", "InstrInfo::isSmall"):
        assert found[name].kind is GroupKind.CONVENTION
        assert found[name].targets == DONORS


def test_another_class_name_plays_the_role_that_its_base_gives_it() -> None:
    extra = """namespace llvm { class OddBbbTables : public BbbGenInstrInfo {
      void copyPhysReg(Block &MBB, unsigned Dest, unsigned Src, bool Kill) const override { note(); }
      int rarely() { return 1; } }; }"""
    found = groups({"Bbb": extra}).by_name
    copies = found["InstrInfo::copyPhysReg"].members
    assert [m.signature.class_name for m in copies if m.target == "Bbb"] == ["BbbInstrInfo", "OddBbbTables"]
    assert found["InstrInfo::rarely"].targets == ("Bbb",)


def test_a_method_of_the_interface_s_name_in_an_unrelated_class_is_no_override() -> None:
    found = groups({"Bbb": "struct Copier { void copyPhysReg(Block &MBB, unsigned D, unsigned S, bool K) const { } };"}).by_name
    assert found["Copier::copyPhysReg"].interface == ""
    assert len(found["InstrInfo::copyPhysReg"].members) == 3


def decoder(name: str, register_class: str) -> Contract:
    signature = f"static DecodeStatus {name}(MCInst &, unsigned, uint64_t, const MCDisassembler *)"
    return Contract(name, ContractRole.REGISTER_CLASS_DECODER, signature, "", (register_class,), (register_class,))


DECODERS = {
    "Aaa": "static DecodeStatus DecodeAaaRegsRegisterClass(MCInst &Inst, unsigned No, uint64_t A, const MCDisassembler *D) { return Ok; }",
    "Bbb": "static DecodeStatus DecodeBbbGPRRegisterClass(MCInst &Inst, unsigned No, uint64_t A, const MCDisassembler *D) { return Ok; }",
}
CONTRACTS = {"Aaa": [decoder("DecodeAaaRegsRegisterClass", "AaaRegs")], "Bbb": [decoder("DecodeBbbGPRRegisterClass", "BbbGPR")]}


def test_a_contract_finds_its_brothers_though_no_name_matches() -> None:
    found = groups(DECODERS, CONTRACTS)
    (group,) = [g for g in found.by_name.values() if g.kind is GroupKind.CONTRACT]
    assert [m.signature.name for m in group.members] == ["DecodeAaaRegsRegisterClass", "DecodeBbbGPRRegisterClass"]
    asked = decoder("DecodeWideRegisterClass", "Wide")
    assert found.contract_key(asked, MASKERS[NEW]) == group.name
    without = groups(DECODERS).by_name
    assert not any(len(g.members) == 2 for n, g in without.items() if "Decode" in n)


def test_a_further_target_is_grouped_without_being_held() -> None:
    found = groups(DECODERS, CONTRACTS)
    (own,) = sources("Aaa")[0].classes
    own = replace(own, target=NEW, name="DddInstrInfo", bases=("DddGenInstrInfo",))
    more = found.with_target(NEW, [own], MASKERS[NEW], [decoder("DecodeWideRegisterClass", "Wide")])
    member = found.find("InstrInfo::copyPhysReg").members[0]
    method = replace(member, target=NEW, signature=replace(member.signature, class_name="DddInstrInfo"))
    hook = replace(member, target=NEW, signature=replace(member.signature, class_name="", name="DecodeWideRegisterClass"))
    assert [more.name_of(f) for f in (method, hook)] == ["InstrInfo::copyPhysReg", found.name_of(_decoder(found))]
    assert more.partners(method)
    assert all(m.target != NEW for g in more.by_name.values() for m in g.members)
    with pytest.raises(KeyError):
        found.name_of(method)


def _decoder(found: Groups) -> Function:
    return next(g for g in found.by_name.values() if g.kind is GroupKind.CONTRACT).members[0]


def test_a_member_alone_in_its_group_has_no_partner() -> None:
    found = groups({"Bbb": "int onlyBbbHasThis() { return 1; }"})
    assert not found.partners(found.find("only<T>HasThis").members[0])
    assert found.partners(found.find("create<T>InstrInfo").members[0])


def test_find_takes_the_end_of_a_name_or_says_what_is_near() -> None:
    found = groups()
    assert found.find("copyPhysReg").name == found.find("InstrInfo::copyPhysReg").name == "InstrInfo::copyPhysReg"
    assert found.find("createInstrInfo").name == "create<T>InstrInfo"
    with pytest.raises(NotFoundError) as caught:
        found.find("copyPhysRegs")
    assert "InstrInfo::copyPhysReg" in caught.value.next_step


def test_a_new_name_is_used_where_llvm_asks_for_the_folder_and_the_triple() -> None:
    masker = Masker(("Toy", "Brick"), arch="brk")
    assert masker.unmask_all(("LLVMInitialize<T>TargetInfo", "getThe<T>Target", "<t>", '"<t>"', "<t>-isel", "<T>InstrInfo")) == (
        "LLVMInitializeBrickTargetInfo", "getTheToyTarget", "brk", '"brk"', "toy-isel", "ToyInstrInfo",
    )  # fmt: skip
    assert Masker(("Toy",)).unmask("<t>") == "toy"
