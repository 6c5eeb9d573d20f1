"""Programs on the fixed half of the simulator: objects, image, memory, host functions, limits. Tern's instructions are written by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulated_tern import CLANG, assemble, code, machine_text, simulated, word

from vega_gen.errors import InputError
from vega_gen.simulate.running import Ran, Simulator, compiled

R0, R1, R2, R3, R4, SP, LR = 0, 1, 2, 3, 4, 14, 15


def constant(rd: int, value: int) -> tuple[int, int]:
    return word("LUI", rd=rd, imm=value >> 16), word("ORI", rd=rd, rs1=rd, imm=value & 0xFFFF)


SAVE = (word("ADDI", rd=SP, rs1=SP, imm=-32), word("SW", rd=LR, addr=SP << 16 | 28))
LEAVE = (word("LW", rd=LR, addr=SP << 16 | 28), word("ADDI", rd=SP, rs1=SP, imm=32), word("RET"))


def address(rd: int, symbol: str) -> tuple[tuple[int, str, str], ...]:
    return (word("LUI", rd=rd), "hi", symbol), (word("ORI", rd=rd, rs1=rd), "lo", symbol)


def call(symbol: str) -> tuple[int, str, str]:
    return word("CALL"), "call", symbol


def stacked(register: int, offset: int) -> int:
    return word("SW", rd=register, addr=SP << 16 | offset)


@dataclass(frozen=True)
class Machine:
    simulator: Simulator
    tool: Path

    def run(self, *objects: Path, steps: int = 100_000, memory: int = 1 << 20, seconds: float = 10) -> Ran:
        return self.simulator.run(objects, self.tool, ["--triple=tern"], steps=steps, memory=memory, seconds=seconds)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        tool = tmp_path_factory.mktemp("tools") / "llvm-mc"
        return Machine(simulated(tool), tool)


Made = Callable[[str], Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return lambda text: assemble(tmp_path / f"{len(list(tmp_path.iterdir()))}.o", text)


def test_main_s_result_is_the_exit_status(machine: Machine, made: Made) -> None:
    ran = machine.run(made(code("main", *constant(R1, 0x12345), word("RET"))))
    assert (ran.status, ran.problem, ran.steps) == (0x45, "", 3)


def test_objects_share_globals_functions_and_common_symbols(machine: Machine, made: Made) -> None:
    main = code("main", *SAVE, call("set"), *address(R2, "shared"), word("LW", rd=R1, addr=R2 << 16 | 0), *address(R2, "pointer"),
                word("LW", rd=R2, addr=R2 << 16), word("LW", rd=R2, addr=R2 << 16), word("ADD", rd=R1, rs1=R1, rs2=R2), *LEAVE)  # fmt: skip
    other = code("set", *address(R2, "shared"), *constant(R1, 30), word("SW", rd=R1, addr=R2 << 16), word("RET"))
    data = "  .data\n  .globl pointer\npointer: .word 0\n  .reloc pointer, R_RISCV_32, five+4\n  .section .rodata\nfive: .word 4, 5\n"
    ran = machine.run(made(main + data + "  .comm shared,4,4\n"), made(other + "  .comm shared,8,8\n"))
    assert (ran.status, ran.problem) == (35, "")


def test_what_is_written_has_a_page_of_its_own(machine: Machine, made: Made) -> None:
    """The exit status is the lowest byte of the first variable's address: the code ends at 12 bytes."""
    data = "  .data\n  .globl first\nfirst: .word 0\n"
    ran = machine.run(made(code("main", *address(R1, "first"), word("RET")) + data))
    assert (ran.status, ran.problem) == (0, "")


def test_a_weak_definition_gives_way_and_a_weak_reference_may_lack_one(machine: Machine, made: Made) -> None:
    weak = code("value", *constant(R1, 1), word("RET")).replace(".globl", ".weak")
    strong = code("value", *constant(R1, 2), word("RET"))
    main = code("main", *SAVE, call("value"), *address(R2, "nothing"), word("ADD", rd=R1, rs1=R1, rs2=R2), *LEAVE) + "  .weak nothing\n"
    assert machine.run(made(main), made(weak)).status == 1
    assert machine.run(made(main), made(weak), made(strong)).status == 2
    with pytest.raises(InputError, match=r"value is defined here and in .*6\.o") as caught:
        machine.run(made(main), made(strong), made(strong))
    assert caught.value.where.endswith("7.o")


def test_a_symbol_that_nobody_defines(machine: Machine, made: Made) -> None:
    with pytest.raises(InputError, match="no object defines blue, red") as caught:
        machine.run(made(code("main", call("red"), call("blue"), call("puts"))))
    assert "memcpy" in caught.value.next_step and "__udivsi3" in caught.value.next_step
    with pytest.raises(InputError, match="no object defines main"):
        machine.run(made(code("start", word("RET"))))


def test_a_function_of_the_program_goes_before_the_host_s(machine: Machine, made: Made) -> None:
    own = code("abs", *constant(R1, 9), word("RET"))
    main = code("main", *SAVE, *constant(R1, 0xFFFFFFFD), call("abs"), *LEAVE)
    assert machine.run(made(main)).status == 3
    assert machine.run(made(main), made(own)).status == 9


FORMATS = [
    ("%d %i %u", [-3, 7, -1], "-3 7 4294967295"),
    ("[%5d|%-5d|%05d|%+d|% d]", [42, 42, -42, 1, 2], "[   42|42   |-0042|+1| 2]"),
    ("%x %X %#x %o %#o %08x", [255, 255, 255, 8, 8, 0xBEEF], "ff FF 0xff 10 010 0000beef"),
    ("%c%c %% %p", [65, 66, 0x1000], "AB % 0x1000"),
    ("%hd %hhu %hhx", [0x12345, 0x1FF, -1], "9029 255 ff"),
    ("%ld %lx %zu", [-7, 0xABC, 9], "-7 abc 9"),
    ("%lld %llx", [-2, -1, 0xDDCCBBAA, 0x1122], "-2 1122ddccbbaa"),
    ("%*d|%-*d|%.3d", [4, 1, 3, 2, 5], "   1|2  |005"),
    ("%.2f %e", [0, 0x3FF80000, 0, 0x40000000], "1.50 2.000000e+00"),
]


@pytest.mark.parametrize(("template", "values", "expected"), FORMATS, ids=[f for f, _, _ in FORMATS])
def test_printf_takes_what_the_convention_gives(machine: Machine, made: Made, template: str, values: list[int], expected: str) -> None:
    """Functions of variable arguments have all of them on the stack (CCIfNotVarArg); 64 bits are two words, the lower one first."""
    puts = [w for n, value in enumerate(values) for w in (*constant(R1, value & 0xFFFFFFFF), stacked(R1, 4 * n + 4))]
    frame = word("ADDI", rd=SP, rs1=SP, imm=-64), word("SW", rd=LR, addr=SP << 16 | 60)
    back = word("LW", rd=LR, addr=SP << 16 | 60), word("ADDI", rd=SP, rs1=SP, imm=64), word("RET")
    text = f'  .section .rodata\nformat: .asciz "{template}\\n"\n'
    ran = machine.run(made(code("main", *frame, *puts, *address(R1, "format"), stacked(R1, 0), call("printf"), *back) + text))
    assert (ran.stdout, ran.problem, ran.status) == (f"{expected}\n", "", len(expected) + 1)


def test_a_string_of_limited_length_needs_no_end(machine: Machine, made: Made) -> None:
    text = '  .section .rodata\nformat: .asciz "%.3s|%5s|%-3s|"\nname: .ascii "abcdef"\nshort: .asciz "g"\n'
    puts = [*address(R1, "format"), stacked(R1, 0), *address(R1, "name"), stacked(R1, 4), *address(R1, "short"), stacked(R1, 8),
            stacked(R1, 12)]  # fmt: skip
    ran = machine.run(made(code("main", *SAVE, *puts, call("printf"), *LEAVE) + text))
    assert ran.stdout == "abc|    g|g  |"


def test_printf_of_what_it_does_not_know_stops(machine: Machine, made: Made) -> None:
    text = '  .section .rodata\nformat: .asciz "%k"\n'
    ran = machine.run(made(code("main", *SAVE, *address(R1, "format"), stacked(R1, 0), call("printf"), *LEAVE) + text))
    assert ran.status is None and ran.problem.startswith("printf: the conversion %k is not known, at 0x")


CALLS = [
    ("__udivsi3", [100, 7], 14), ("__divsi3", [-100 & 0xFFFFFFFF, 7], -14), ("__modsi3", [-100 & 0xFFFFFFFF, 7], -2),
    ("__mulsi3", [6, 7], 42), ("__clzsi2", [1], 31), ("__popcountsi2", [0x0F0F], 8),
    ("__ashldi3", [3, 0, 33], 0), ("__lshrdi3", [0, 6, 33], 3), ("__ashrdi3", [0, 0x80000000, 60], -8),
    ("__muldi3", [5, 1, 3, 0], 15), ("__udivdi3", [0, 1, 16, 0], 0x10000000),
    ("__addsf3", [0x3F800000, 0x40000000], 0x40400000), ("__ltsf2", [0x3F800000, 0x40000000], -1),
    ("__gtsf2", [0x7FC00000, 0], -1), ("__fixsfsi", [0xC0200000], -2), ("__fixunssfsi", [0xC0200000], 0), ("__floatsisf", [3], 0x40400000),
    ("__fixdfsi", [0, 0x40080000], 3), ("__truncdfsf2", [0, 0x3FF80000], 0x3FC00000), ("__bswapsi2", [0x11223344], 0x44332211),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "expected"), CALLS, ids=[name for name, _, _ in CALLS])
def test_run_time_library(machine: Machine, made: Made, name: str, arguments: list[int], expected: int) -> None:
    """The whole result register is compared, not the exit status: main returns whether it is the expected one."""
    loads = [w for n, value in enumerate(arguments) for w in constant(R1 + n, value)]
    equal = [
        *constant(R2, expected & 0xFFFFFFFF),
        word("BEQ", rs1=R1, rs2=R2, target=3),
        *constant(R1, 1),
        word("J", target=3),
        *constant(R1, 0),
    ]
    # A branch counts in words from itself: equal goes to the last pair, which the jump passes by.
    equal[2] = word("BEQ", rs1=R1, rs2=R2, target=4)
    ran = machine.run(made(code("main", *SAVE, *loads, call(name), *equal, *LEAVE)))
    assert (ran.status, ran.problem) == (0, "")


def test_the_upper_half_of_a_result_is_in_the_second_register(machine: Machine, made: Made) -> None:
    shift = [*constant(R1, 3), *constant(R2, 0), *constant(R3, 33), call("__ashldi3"), word("ADD", rd=R1, rs1=R2, rs2=R0)]
    assert machine.run(made(code("main", *SAVE, *shift, *LEAVE))).status == 6


def test_a_result_of_more_parts_than_registers_goes_through_memory(machine: Machine, made: Made) -> None:
    """The result of __multi3 has four parts and there are two registers: its address is the first argument."""
    main = [
        *constant(R4, 0),
        word("ADDI", rd=SP, rs1=SP, imm=-64),
        word("SW", rd=LR, addr=SP << 16 | 60),
        word("ADDI", rd=R1, rs1=SP, imm=40),
    ]
    main += [
        *constant(R2, 7),
        *constant(R3, 0),
        *[stacked(R0, 4 * n) for n in range(8)],
        *constant(R4, 0),
        *constant(5, 6),
        stacked(5, 4),
        call("__multi3"),
    ]
    main += [word("LW", rd=R1, addr=SP << 16 | 40), word("LW", rd=LR, addr=SP << 16 | 60), word("ADDI", rd=SP, rs1=SP, imm=64), word("RET")]
    assert machine.run(made(code("main", *main))).status == 42


def test_exit_and_abort_end_the_program(machine: Machine, made: Made) -> None:
    assert machine.run(made(code("main", *constant(R1, 77), call("exit")))).status == 77
    assert machine.run(made(code("main", call("abort")))).status == 134


def test_malloc_gives_blocks_and_takes_them_back(machine: Machine, made: Made) -> None:
    twice = [*constant(R1, 40), call("malloc"), stacked(R1, 0), call("free"), *constant(R1, 33), call("malloc"),
             word("LW", rd=R2, addr=SP << 16),
             word("SUB", rd=R1, rs1=R1, rs2=R2)]  # fmt: skip
    assert machine.run(made(code("main", *SAVE, *twice, *LEAVE))).status == 0
    ran = machine.run(made(code("main", *SAVE, word("ADDI", rd=R1, rs1=SP, imm=0), call("free"), *LEAVE)))
    assert re.match(r"free: it frees 0x[0-9a-f]+, which is no block that malloc has given", ran.problem)
    assert machine.run(made(code("main", *SAVE, *constant(R1, 1 << 24), call("malloc"), *LEAVE))).status == 0


def test_what_lies_outside_memory_stops_the_program(machine: Machine, made: Made) -> None:
    ran = machine.run(
        made(code("helper", *constant(R2, 0x7FFFFFF0), word("LW", rd=R1, addr=R2 << 16 | 8)) + code("main", word("J", target=-3)))
    )
    assert (ran.status, ran.steps) == (None, 4)
    assert ran.problem == "it reads 4 bytes at 0x7ffffff8, where there is no memory, at 0x10008 (helper+0x8), LW"
    ran = machine.run(made(code("main", *address(R2, "main"), word("SB", rd=R1, addr=R2 << 16))))
    assert ran.problem == "it writes 1 bytes at 0x10000, where there is memory that is read-only, at 0x10008 (main+0x8), SB"
    ran = machine.run(made(code("main", *SAVE, *constant(R1, 1 << 16), *constant(R2, 0), *constant(R3, 1 << 28), call("memset"), *LEAVE)))
    assert ran.problem.startswith("memset: it writes 268435456 bytes at 0x10000")


def test_half_of_an_address_leads_nowhere(machine: Machine, made: Made) -> None:
    """A return address that a spill of 16 bits has cut."""
    cut = word("SH", rd=LR, addr=SP << 16 | 28), word("LHU", rd=LR, addr=SP << 16 | 28)
    ran = machine.run(made(code("main", SAVE[0], *cut, *LEAVE[1:])))
    assert ran.status is None and ran.problem

def test_a_jump_to_where_no_instruction_starts(machine: Machine, made: Made) -> None:
    ran = machine.run(made(code("main", *constant(R2, 0x10002), word("JR", rs1=R2))))
    assert ran.problem == "no instruction starts at 0x10002, to which it jumps, at 0x10008 (main+0x8), JR"
    ran = machine.run(made(code("main", word("ADD"))))
    assert ran.problem == "the bytes here are no instruction, at 0x10004 (main+0x4)"
    ran = machine.run(made(code("main", 0xFFFFFFFF)))
    assert ran.problem == "the bytes here are no instruction, at 0x10000 (main+0x0)"


def test_an_endless_program_ends_at_its_limits(machine: Machine, made: Made) -> None:
    endless = made(code("main", word("J", target=0)))
    ran = machine.run(endless, steps=1000)
    assert (ran.status, ran.steps, ran.problem) == (None, 1000, "more than 1000 instructions, at 0x10000 (main+0x0), J")
    ran = machine.run(endless, steps=1 << 62, seconds=0.3)
    assert ran.problem == "it has not ended within 0.3 s, at 0x10000 (main+0x0), J" and ran.seconds < 5 and ran.steps > 100_000


def test_a_program_needs_memory(machine: Machine, made: Made) -> None:
    with pytest.raises(InputError, match=r"the program needs \d+ bytes of memory and has 16384") as caught:
        machine.run(made(code("main", word("RET"))), memory=1 << 14)
    assert caught.value.next_step == "allow more memory"


def test_it_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path))
    said: list[str] = []
    paths = [
        compiled(given, "Tern", CLANG, lambda done, total, what: said.append(what))
        for given in (machine_text(), machine_text(), machine_text() + "\n")
    ]
    assert paths[0] == paths[1] != paths[2] and len(said) == 4
    assert [p.name for p in paths[0].parent.iterdir()] == ["tern-sim"]
