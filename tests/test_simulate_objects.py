"""What a program is made of before it runs: ELF objects, relocations, decoded instructions."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_tern import ROOT, EncodedDecoder, assemble, llvm_mc, tern, word

from llvm_integration.failure import ToolFailure
from vega_gen.archetypes.relocations import chosen_relocations, relocation_numbers
from vega_gen.errors import InputError
from vega_gen.facts import find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.records import Description
from vega_gen.simulate.decoding import UNKNOWN, Decoded, Decoder, numbered
from vega_gen.simulate.elf import SectionKind, read_object
from vega_gen.simulate.encoded import Encoded
from vega_gen.simulate.image import Convention, convention
from vega_gen.simulate.relocating import Relocating, RelocationSite
from vega_gen.tablegen import describe

SITE = RelocationSite("a.o: .text+0x0", "there", True)
PROGRAM = """\
  .text
  .globl main
  .type main,@function
main:
  .word 1
  .section .rodata.one,"a",@progbits
  .byte 7
  .data
  .p2align 3
here: .word main+4
  .weak maybe
  .comm shared,12,4
  .bss
  .zero 20
  .globl fixed
fixed = 0x1234
  .section .debug_info,"",@progbits
  .word main
"""


@pytest.mark.parametrize(
    ("triple", "little", "bits", "addend"),
    [("riscv32", True, 32, 4), ("lanai", False, 32, 4), ("mips", False, 32, None), ("aarch64", True, 64, 4), ("powerpc64", False, 64, 4)],
)
def test_objects_of_any_machine(tmp_path: Path, triple: str, little: bool, bits: int, addend: int | None) -> None:
    o = read_object(assemble(tmp_path / "a.o", PROGRAM.replace(".word", ".long"), triple=triple))
    assert (o.little, o.bits) == (little, bits)
    sections = {s.name: s for s in o.sections if s.size}
    places = {".text": SectionKind.TEXT, ".rodata.one": SectionKind.CONSTANTS, ".data": SectionKind.DATA, ".bss": SectionKind.ZEROS}
    assert {name: s.kind for name, s in sections.items() if name in places or ".debug" in name} == places
    assert sections[".bss"].data == b"" and sections[".bss"].size == 20 and sections[".data"].alignment >= 8
    symbols = {s.name: s for s in o.symbols if s.name}
    assert (symbols["main"].kind, symbols["main"].binding, symbols["main"].section) == ("function", "global", sections[".text"].index)
    assert symbols["maybe"].binding == "weak" and symbols["maybe"].undefined
    assert symbols["shared"].common and (symbols["shared"].size, symbols["shared"].value) == (12, 4)
    assert symbols["fixed"].absolute and symbols["fixed"].value == 0x1234
    (r,) = o.relocations  # that of the section without memory is left out
    assert (r.section, r.offset, r.addend, o.symbols[r.symbol].name) == (sections[".data"].index, 0, addend, "main")


def test_what_is_no_object(tmp_path: Path) -> None:
    path = tmp_path / "a.o"
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_object(path)
    for data in (b"", b"\x7fELF", b"int main;", Path("/bin/true").read_bytes()):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"not an? (ELF|relocatable) object"):
            read_object(path)
    assemble(path, PROGRAM)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not an ELF object"):
        read_object(path)
    with pytest.raises(InputError, match=r"\.tdata holds thread-local data"):
        read_object(assemble(path, '  .section .tdata,"awT",@progbits\n  .word 1\n'))


# ------------------------------------------------------------------------------------------------------------------------- relocations


@pytest.fixture(scope="module")
def relocating() -> Relocating:
    return Relocating(tern(), find_facts(tern()), little=True)


def applied(relocating: Relocating, instruction: int, number: int, target: int, place: int = 0x1000, addend: int | None = 0) -> int:
    data = bytearray(instruction.to_bytes(4, "little"))
    relocating.apply(data, 0, number, target, addend, place, SITE)
    return int.from_bytes(data, "little")


def test_halves_of_an_address(relocating: Relocating) -> None:
    assert applied(relocating, word("LUI", rd=3), 2, 0x1234FEDC) == word("LUI", rd=3, imm=0x1234)
    assert applied(relocating, word("ORI", rd=3, rs1=3), 3, 0x1234FEDC) == word("ORI", rd=3, rs1=3, imm=0xFEDC)
    assert applied(relocating, word("SW", rd=3, addr=5 << 16), 3, 0x12348000, addend=8) == word("SW", rd=3, addr=5 << 16 | 0x8008)


def test_a_signed_lower_half_carries_into_the_upper_one() -> None:
    d = describe(ROOT / "targets/RV32IM/RV32IM.td", folder="RV32IM", llvm_include=ROOT / ".llvm/19/llvm/include",
                 tblgen=Path(shutil.which("llvm-tblgen-19") or "llvm-tblgen"), relocs=ROOT / "targets/RV32IM/RV32IM.def")  # fmt: skip
    relocating = Relocating(d, find_facts(d), little=True)
    # lui and addi, jal and beq as the RISC-V ISA manual encodes them: 0x12345FFF is 0x12346000 - 1.
    assert applied(relocating, 0x00000537, 26, 0x12345FFF) == 0x12346537
    assert applied(relocating, 0x00050513, 27, 0x12345FFF) == 0xFFF50513
    assert applied(relocating, 0x00A52023, 28, 0x12345FFF) == 0xFEA52FA3
    assert applied(relocating, 0x000000EF, 17, 0x1000, place=0x1004) == 0xFFDFF0EF
    assert applied(relocating, 0x00B50063, 16, 0x1800, place=0x1000, addend=-2) == 0x7EB50F63


@given(st.integers(-(1 << 25), (1 << 25) - 1), st.integers(0, 1 << 20))
def test_a_distance_decodes_as_what_it_was(words: int, place: int) -> None:
    encoded, relocating = Encoded(tern()), Relocating(tern(), find_facts(tern()), little=True)
    bits = applied(relocating, word("CALL"), 5, 4 * (place + words) % (1 << 32), place=4 * place)
    found = encoded.decode(bits.to_bytes(4, "little"), True)
    assert found and found[2] == (4 * words,)


def test_data(relocating: Relocating) -> None:
    assert applied(relocating, 0xFFFFFFFF, 1, 0xFFFFFFF0, addend=0x20) == 0x10
    assert applied(relocating, 4, 1, 0x1000, addend=None) == 0x1004
    assert applied(relocating, 0x55, 0, 0x1000) == 0x55


def test_a_value_that_the_field_cannot_hold(relocating: Relocating) -> None:
    branch = word("BEQ", rs1=1, rs2=2)
    assert applied(relocating, branch, 4, 0x1000 + 131068) == branch | 0x7FFF
    assert applied(relocating, branch, 4, 0x40000 - 131072, place=0x40000) == branch | 0x8000
    with pytest.raises(InputError) as caught:
        applied(relocating, branch, 4, 0x1000 + 131072)
    assert caught.value.what == "the distance 131072 is out of the range of fixup_tern_pcrel_16, -131072 to 131071 (symbol there)"
    assert caught.value.where == "a.o: .text+0x0"
    with pytest.raises(InputError, match="the distance 2 is not a multiple of 4"):
        applied(relocating, branch, 4, 0x1002)


def test_a_relocation_that_stands_for_nothing(relocating: Relocating) -> None:
    with pytest.raises(InputError, match=r"relocation number 99 stands for no fixup of this target \(symbol there\)") as caught:
        applied(relocating, 0, 99, 0x1000)
    assert "R_TERN_HI16 (2)" in caught.value.next_step
    with pytest.raises(InputError, match="reaches beyond the end of its section"):
        relocating.apply(bytearray(2), 0, 1, 0, 0, 0, SITE)


def test_big_endian_objects() -> None:
    data = bytearray(word("LUI", rd=3).to_bytes(4, "big") + bytes(4))
    relocating = Relocating(tern(), find_facts(tern()), little=False)
    relocating.apply(data, 0, 2, 0x12345678, 0, 0, SITE)
    relocating.apply(data, 4, 1, 0x12345678, 0, 4, SITE)
    assert data == word("LUI", rd=3, imm=0x1234).to_bytes(4, "big") + bytes.fromhex("12345678")


def test_a_relocation_of_several_fields_is_that_of_the_instruction() -> None:
    """A list that has one number for both: what stands there tells which field is meant."""
    d = replace(tern(), relocations=("R_TERN_NONE", "R_TERN_PC_CALL"), data={**tern().data, "Relocation.numbers": "0 7"})
    m = find_facts(d)
    kinds, users = fixups(d, m)
    chosen = chosen_relocations(d, kinds, users)
    assert chosen["fixup_tern_pcrel_16"] == chosen["fixup_tern_pcrel_26"] == "R_TERN_PC_CALL"
    assert relocation_numbers(d, chosen)["R_TERN_PC_CALL"] == 7
    own = chosen["fixup_tern_hi_16"]
    assert own == "R_TERN_TERN_HI_16" and relocation_numbers(d, chosen)[own] > 7, "what the list lacks has a number of its own"
    relocating = Relocating(d, m, little=True)
    assert own in relocating.made_up and "R_TERN_PC_CALL" not in relocating.made_up
    assert applied(relocating, word("CALL"), 7, 0x1000 + 4 * 0x12345) == word("CALL", target=0x12345)
    assert applied(relocating, word("BNE", rs1=3), 7, 0x1000 + 4 * 0x123) == word("BNE", rs1=3, target=0x123)
    with pytest.raises(InputError, match="no instruction that takes"):
        applied(relocating, 0xFFFFFFFF, 7, 0x1000)


# ---------------------------------------------------------------------------------------------------------------------------- decoding


def decoder(path: Path, d: Description | None = None) -> Decoder:
    return Decoder(d or tern(), path, ["--triple=tern"], seconds=60)


def printing(path: Path, out: str, err: str = "", status: int = 0) -> Path:
    path.write_text(f"#!/bin/sh\ncat >{path}.in\ncat <<'E'\n{out}E\ncat >&2 <<'E'\n{err}E\nexit {status}\n")
    path.chmod(0o755)
    return path


def index(d: Description, *names: str) -> tuple[int, ...]:
    records = [i.name for i in d.instructions]
    registers = [r.name for r in d.registers]
    return tuple(registers.index(n) if n in registers else records.index(n) for n in names)


NUMBERS = """\
\t.text
\taddi\tr1, sp, -4    # <MCInst #301 ADDI
                     #  <MCOperand Reg:5>
                     #  <MCOperand Reg:3>
                     #  <MCOperand Imm:-4>>
\tret                 # <MCInst #350 RET>
"""


def test_registers_are_numbers_or_names(tmp_path: Path) -> None:
    """LLVM 16 and 19 print the numbers of registers, 22 their names."""
    d = tern()
    addi, ret, r1, sp = index(d, "ADDI", "RET", "R1", "SP")
    expected = [(Decoded(addi, 4, (r1, sp, -4)), Decoded(ret, 4, ()))]
    names = NUMBERS.replace("Reg:5", "Reg:R1").replace("Reg:3", "Reg:SP")
    for n, text in enumerate((NUMBERS, names)):
        assert decoder(printing(tmp_path / str(n), text)).decode([bytes(range(8))]) == expected
    assert (tmp_path / "0.in").read_text().split() == [f"{n:#04x}" for n in range(8)] + ["[]"]


@pytest.mark.parametrize("target", ["Tern", "RV32IM"])
def test_registers_have_the_numbers_that_tablegen_gives(target: str) -> None:
    tblgen, include = shutil.which("llvm-tblgen-19") or "llvm-tblgen", ROOT / ".llvm/19/llvm/include"
    td = ROOT / f"targets/{target}/{target}.td"
    d = describe(td, folder=target, llvm_include=include, tblgen=Path(tblgen))
    made = subprocess.run(
        [tblgen, "-gen-register-info", f"-I{td.parent}", f"-I{include}", str(td)], capture_output=True, text=True, check=True
    )
    listed = re.search(r"enum \{\n  NoRegister,\n(.*?)NUM_TARGET_REGS", made.stdout, re.S)
    assert listed and numbered(d) == re.findall(r"(\w+) = \d+", listed[1])


def test_names_with_more_digits_and_parts_come_later() -> None:
    names = ["R10", "R2", "A_1B", "ZERO", "R02", "B1"]
    registers = tuple(replace(tern().registers[0], name=n, subregisters=()) for n in names)
    made = (replace(registers[0], name="R2_R10", subregisters=("R2", "R10")),)
    assert numbered(replace(tern(), registers=made + registers)) == ["ZERO", "B1", "R2", "R02", "R10", "A_1B", "R2_R10"]


def test_bytes_that_do_not_decode(tmp_path: Path) -> None:
    tool = llvm_mc(tmp_path / "llvm-mc")
    words = [word("ADDI", rd=1, rs1=2, imm=-1), 0xFFFFFFFF, word("RET"), word("LUI", rd=1, imm=7)]
    code = b"".join(w.to_bytes(4, "little") for w in words)
    found = decoder(tool).decode([code, b"", code[4:]])
    assert found == EncodedDecoder().decode([code, b"", code[4:]])
    assert [one.opcode == UNKNOWN for one in found[0]] == [False, True, False, False]


def variable() -> Description:
    """Tern with a RET of two bytes."""
    return replace(tern(), instructions=tuple(replace(i, size=2) if i.name == "RET" else i for i in tern().instructions))


def test_instructions_of_several_lengths(tmp_path: Path) -> None:
    """The sizes of the records say where each begins; bytes that do not decode are passed by as the disassembler passes them."""
    d = variable()
    addi, ret, r1, sp = index(d, "ADDI", "RET", "R1", "SP")
    first = Decoded(addi, 4, (r1, sp, -4))
    tool = printing(tmp_path / "a", NUMBERS, "<stdin>:1:1: warning: invalid instruction encoding\n0x01\n^\n")
    assert decoder(tool, d).decode([bytes(6), b"ab"]) == [(Decoded(UNKNOWN, 2, ()), first), (Decoded(ret, 2, ()),)]
    with pytest.raises(InputError, match="its last instruction of 5 bytes of code ends at byte 6"):
        decoder(tool, d).decode([bytes(5), b"ab"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (NUMBERS.replace("ADDI", "LEA"), "an instruction LEA, which the .td does not have"),
        (NUMBERS.replace("Reg:5", "Reg:99"), "an operand Reg:99, which is neither"),
        (NUMBERS.replace("Imm:-4", "Expr:(x)"), "an operand Expr"),
        (NUMBERS + NUMBERS, "it prints more instructions than the code has"),
        ("", "it prints nothing for byte 0 of 8"),
        (NUMBERS.replace("Imm:-4>", "Imm:-4" + ">\n# <MCOperand Imm:0" * 10 + ">"), "more than 12 operands"),
    ],
)
def test_what_the_td_does_not_say(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(InputError, match=r"llvm-mc does not decode as the \.td says") as caught:
        decoder(printing(tmp_path / "a", text)).decode([bytes(range(8))])
    assert what in caught.value.what


def test_a_disassembler_that_fails(tmp_path: Path) -> None:

    with pytest.raises(ToolFailure, match="failed with exit status 1") as caught:
        decoder(printing(tmp_path / "a", "", "llvm-mc: error: unable to get target for 'tern'\n", 1)).decode([bytes(4)])
    assert "unable to get target" in caught.value.output


# --------------------------------------------------------------------------------------------------------- what other descriptions say


def official(target: str) -> Description:
    root = ROOT / ".llvm/19/llvm"
    return describe(root / f"lib/Target/{target}/{target}.td", folder=target, llvm_include=root / "include",
                    tblgen=Path(shutil.which("llvm-tblgen-19") or "llvm-tblgen"),
                    relocs=root / f"include/llvm/BinaryFormat/ELFRelocs/{target}.def")  # fmt: skip


def test_arguments_go_where_the_convention_puts_plain_ones() -> None:
    """Tern keeps variable arguments off the registers; Lanai's are for inreg alone, and MSP430's convention in the .td has none."""
    d = tern()
    made = convention(d, find_facts(d))
    assert made == Convention(index(d, "R1", "R2", "R3", "R4"), 0, index(d, "R1", "R2"), 4, 0, *index(d, "SP"))
    lanai = convention(official("Lanai"), find_facts(official("Lanai")))
    assert (lanai.arguments, lanai.variadic, len(lanai.results), lanai.pushed) == ((), 0, 2, 0)
    arc = convention(official("ARC"), find_facts(official("ARC")))
    assert arc.slot == 4, "its convention names the 8 bytes of a long long first"
    small = convention(official("MSP430"), find_facts(official("MSP430")))
    assert (small.arguments, small.slot, small.pushed) == ((), 2, 2), "a call pushes the return address"


def test_two_operands_of_an_instruction_have_a_relocation_each() -> None:
    """MSP430's mov #a, &b: both are words of 16 bits behind the opcode; an offset lies beside a register in one operand."""
    d = official("MSP430")
    m = find_facts(d)
    kinds, users = fixups(d, m)
    chosen, both = chosen_relocations(d, kinds, users), {u.fixup: kinds[u.fixup] for u in users if "MOV16mi" in u.records}
    assert sorted(k.runs for k in both.values()) == [((0, 16, 16),), ((0, 16, 32),)]
    assert len({chosen[k.name] for k in both.values()}) == 2
    relocating = Relocating(d, m, little=True)
    numbers = relocation_numbers(d, chosen)
    data = bytearray(bytes.fromhex("b240") + bytes(4))
    for kind, value in zip(both.values(), (0x1234, 0x5678), strict=True):
        relocating.apply(data, 0, numbers[chosen[kind.name]], value, 0, 0, SITE)
        (first, count, at) = kind.runs[0]
        assert (first, count) == (0, 16) and data[at // 8 : at // 8 + 2] == value.to_bytes(2, "little")
    assert data[:2] == bytes.fromhex("b240")


def test_a_target_in_units_greater_than_an_instruction_counts_from_a_rounded_address() -> None:
    """ARC's BL counts words from an address that is a multiple of 4; instructions lie at multiples of 2."""
    d = official("ARC")
    kinds, users = fixups(d, find_facts(d))
    rounded = {r: kinds[u.fixup].rounded for u in users for r in u.records if kinds[u.fixup].pc_relative}
    assert (rounded["BL"], rounded["BR"]) == (4, 1)
    assert {k.rounded for k in fixups(tern(), find_facts(tern()))[0]} == {1}
    kind = next(kinds[u.fixup] for u in users if "BL" in u.records)
    relocating = Relocating(d, find_facts(d), little=True)
    bits = [relocating.encoding(kind, 0x1040, place, SITE) for place in (0x1000, 0x1002)]
    assert bits[0] == bits[1] == 0x40 >> 2 << 18
