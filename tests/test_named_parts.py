"""Memory operands whose parts have fields of their own, and immediates wider than the lower part of an address.

Rook with ``(mem $base, $off):$addr``, and LUI that sets the upper 22 bits.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.archetypes.own_encodings import memory_operands, own_encodings, unplaced
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.facts.selections import OperandKind, Selections
from vega_gen.records import Description
from vega_gen.simulate.relocating import Relocating, RelocationSite
from vega_gen.tablegen import describe

PREFIX = Path("/usr/lib/llvm-19")
ROOK = Path(__file__).parent / "inputs/rook/Rook.td"
PLACES = "bits<21> addr; let Inst{25-21} = rd; let Inst{20-0} = addr;"
OWN = "bits<5> base; bits<10> off; let Inst{25-21} = rd; let Inst{4-0} = base; let Inst{20-11} = off; let Inst{10-5} = 0;"
METHODS = ' let EncoderMethod = "getMemOpValue"; let DecoderMethod = "decodeMem";'


def described(folder: Path, *changes: tuple[str, str]) -> Description:
    text = ROOK.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    td = folder / "Rook.td"
    td.write_text(text)
    found = shutil.which("llvm-tblgen-19") or str(PREFIX / "bin/llvm-tblgen")
    return describe(td, folder="Rook", llvm_include=PREFIX / "include", tblgen=Path(found))


@pytest.fixture
def named(tmp_path: Path) -> Description:
    return described(tmp_path, ("mem:$addr", "(mem $base, $off):$addr"), (PLACES, OWN), (METHODS, ""))


def test_parts_with_fields_of_their_own(named: Description) -> None:
    s = Selections(named)
    assert s.places("LW", "addr") == ((10, 5), (0, 10))
    assert dict(s.field("LW", "addr")) == {n: n + 11 for n in range(10)} | {10 + n: n for n in range(5)}
    assert not own_encodings(named) and not memory_operands(named)  # TableGen's emitter encodes each part


def test_wider_immediates_hold_the_lower_part_of_an_address(tmp_path: Path) -> None:
    upper = (
        "bits<16> imm; let Inst{25-21} = rd; let Inst{20-16} = 0; let Inst{15-0} = imm;",
        "bits<22> imm; let Inst{25-22} = rd{3-0}; let Inst{21-0} = imm;",
    )
    d = described(tmp_path, upper)
    m = find_facts(d)
    assert (m.upper_shift, m.low) == (10, "or")
    kinds, users = fixups(d, m)
    lower = {record: kinds[user.fixup] for user in users for record in user.records if kinds[user.fixup].part == "lo"}
    assert lower["ORI"].bits == 16 and "ANDI" not in lower
    relocating = Relocating(d, m, little=True)
    assert relocating.encoding(lower["ORI"], 0x12345, 0, RelocationSite("f.o", "x", code=True)) == 0x345
    backend = archetypes(d, Interface([PREFIX / "include"]), "rook").printed
    assert any("Field = Value & 1023;" in text for text in backend.values())


def test_a_call_is_a_place_where_its_encoder_is_named_as_that_of_branches(tmp_path: Path) -> None:
    call = 'let DecoderMethod = "decodeCallTarget"; let OperandType = "OPERAND_PCREL";'
    kind = Selections(described(tmp_path, (call, ""))).kind("calltarget")
    assert kind is OperandKind.TARGET
    other = Selections(described(tmp_path, (call, ""), ("getCallTargetOpValue", "getImmOpValue"))).kind("calltarget")
    assert other is OperandKind.IMM


def test_the_symbol_of_a_called_function_is_no_address(tmp_path: Path) -> None:
    called = (
        'def CALLM : F<39, (outs), (ins mem:$addr), "callm $addr", [(RookCall addr:$addr)]> '
        "{ let isCall = 1; bits<21> addr; let Inst{25-21} = 0; let Inst{20-0} = addr; }"
    )
    with_call = described(tmp_path, ("def NOP :", called + "\ndef NOP :"))
    llvm = Interface([PREFIX / "include"])
    rule = "ISD::TargetExternalSymbol)\n    return false;"
    assert any(rule in text for text in archetypes(with_call, llvm, "rook").printed.values())
    assert not any(rule in text for text in archetypes(described(tmp_path), llvm, "rook").printed.values())


def test_operands_that_only_a_decoder_method_knows_are_not_encoded(tmp_path: Path) -> None:
    hidden = 'def PACK : F<39, (outs GPR:$rd), (ins GPR:$rs), "pack $rd, $rs"> { let DecoderMethod = "decodePacked"; }'
    d = described(tmp_path, ("def NOP :", hidden + "\ndef NOP :"))
    assert unplaced(d) == ["PACK"]
    emitter = archetypes(d, Interface([PREFIX / "include"]), "rook").printed["MCTargetDesc/RookMCCodeEmitter.cpp"]
    assert "case Rook::PACK:\n    Ctx.reportError(" in emitter
    assert not unplaced(described(tmp_path))


def test_a_jump_whose_target_has_no_bits_is_neither_encoded_nor_decoded(tmp_path: Path) -> None:
    bare = 'def JB : F<39, (outs), (ins brtarget:$dst), "jb $dst"> { let isBranch = 1; let isTerminator = 1; let Inst{25-0} = 0; }'
    d = described(tmp_path, ("def NOP :", bare + "\ndef NOP :"))
    assert unplaced(d) == ["JB"] and completion(d, "", "").mendings == {"JB": "let isAsmParserOnly = 1;"}
