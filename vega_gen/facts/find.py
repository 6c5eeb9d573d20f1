"""Collects the facts that archetypes need to know about a target from its TableGen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vega_gen.facts import support
from vega_gen.facts.arithmetic import binaries, carries, legal_operators
from vega_gen.facts.branches import branches, conditions_set, jump, jump_register, origins
from vega_gen.facts.calls import assembled, calls, frame_pseudo, returns
from vega_gen.facts.compared_pairs import compared_pairs
from vega_gen.facts.conditions import Comparisons, comparisons, made_branches, made_selects
from vega_gen.facts.constants import (
    constant_register,  # fmt: skip
    load_immediate,
    low_part,
    number_loads,
    shifted_by_pattern,
    symbol_loads,
    whole_constants,
)
from vega_gen.facts.conventions import callee_saved, convention, stack_alignment, wide_alignment
from vega_gen.facts.doubts import Doubt, doubts
from vega_gen.facts.floats import floats
from vega_gen.facts.keys import CODED, CODING, DISTANCE, EXTENDER, LAYOUT, ONES, PARTS
from vega_gen.facts.link_register import LinkRegister, link_register, linking_registers
from vega_gen.facts.memory import loads, memory_order, stores
from vega_gen.facts.named import Computed, computed
from vega_gen.facts.narrow import narrow
from vega_gen.facts.nops import delayed, nop
from vega_gen.facts.operations import Calls, Float, Narrow, Operation
from vega_gen.facts.pools import any_word, pool_loads, reads_pool
from vega_gen.facts.prefixes import extender, prefixed_load, prefixes
from vega_gen.facts.ranking import Weights, ranked
from vega_gen.facts.register_use import copies, frame_registers
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.shifts import AmountShift, amount_shifts
from vega_gen.facts.stack_access import StackAccess, stack_access
from vega_gen.facts.support import supported
from vega_gen.facts.view import TargetView
from vega_gen.records import Description, Fact, GivenFact

_ARITHMETIC = (
    ("add", "add", OperandKind.REG),
    ("subtract", "sub", OperandKind.REG),
    ("add_immediate", "add", OperandKind.IMM),
    ("subtract_immediate", "sub", OperandKind.IMM),
    ("or_immediate", "or", OperandKind.IMM),
    ("shift_left_immediate", "shl", OperandKind.IMM),
)
"""Name of a fact, the operator of its patterns, and the kind of its second operand."""
_SHIFTS = {"shl": "shift_left", "srl": "shift_right", "sra": "shift_right_signed"}
"""Operator -> name of the fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a target's records are for. A fact that the .td files do not give is None or empty.

    ``native``: bits of an address; ``gpr``: the register class that holds addresses; ``type``: its value type ("i32").
    ``sp``, ``fp``, ``ra``: the registers of the stack pointer, frame pointer and return address.
    ``stack``: how the stack is accessed where ``sp`` is no operand of ordinary instructions.
    ``link``: how the return address is read and written where calls leave it in a register that is no operand of ordinary instructions;
    ``lost_link``: that register, where nothing is known that does.
    ``zero``, ``ones``: the registers that always hold 0 and all ones.
    ``scratch``: a register that a prologue may clobber; ``reserved``: the registers that the allocator must not use.
    ``stack_alignment``, ``wide_alignment``: in bytes, of the stack and of numbers that are wider than a word.
    ``cc``, ``ret_cc``: conventions for arguments and results; ``arguments``, ``results``: their registers.
    ``csr``: the list of callee-saved registers; ``saved``: its registers.
    ``copies``: register class -> the instruction that copies one of its registers.
    ``add`` to ``shift_immediate``: arithmetic on pointer-sized registers, with a register or an immediate. ``shifts``: operator -> the
    shift by an amount in a register.
    ``amount_shifts``: "shl", "srl" or "sra" -> how to shift by a register where that takes two instructions.
    ``load_immediate``: sets a register to an immediate; ``load_symbol``: sets it to any address; ``pool``: the record of ``load_symbol``
    if it loads the address, or any number, from a constant pool beside the code, else "".
    ``upper``: sets the upper bits of a register; ``low``: how the lower bits follow, "or" or "add" of an immediate.
    ``prefix``: gives the upper bits of the next instruction's immediate; ``load_symbol`` is then a pseudo instruction of the completion.
    ``whole_constants``: whether a pattern selects any constant. ``shifted_by_pattern``: whether patterns shift left by any number.
    ``loads``: (extension, bits in memory) -> load, where extension is "" for a whole register, "sext" or "zext".
    ``stores``: bits in memory -> store.
    ``jump``, ``jump_register``: unconditional branches, to a label and to an address in a register.
    ``branches``: condition -> the instruction that compares two registers and branches.
    ``branch_nonzero``: branches if a register is not zero.
    ``comparisons``: width -> condition -> how two registers are compared through flags. ``compare_branches``: width -> the pseudo
    instruction that compares and branches; ``selects``: (width, width of what is compared) -> the one that compares and selects. Both are
    of the completion.
    ``sets``: the conditions for which a pattern computes the comparison's result into a register.
    ``return_node``: opcode of the target's node for a return; ``returns``: the return instruction; ``return_pseudo``: what the node selects
    where that is not the instruction.
    ``frame_setup``, ``frame_destroy``: the pseudo instructions for ISD::CALLSEQ_START and ISD::CALLSEQ_END.
    ``nop``: the instruction that does nothing, all of its operands fixed. ``delayed``: the instructions that have a delay slot.
    ``legal``: outermost operators that instructions implement, by opcode ("ISD::ADD") and as patterns write them ("add", "sextloadi8").
    ``left_out``: operators whose instructions the processor lacks, though no predicate says so: a person gave them.
    ``carries``: those of addc, adde, subc and sube that instructions implement.
    ``computed``: what instructions without a pattern compute, as their mnemonics or a person say.
    ``narrow``: a second legal integer type below the pointer's.
    ``floats``: the floating-point types that instructions compute with; those of others are integers to the code generator.
    ``big_endian``: whether the highest byte of a number lies first in memory.
    ``register_roles``: register -> role. ``doubts``: field -> why its fact is not certain. ``records``: key -> fact with its evidence."""

    name: str
    namespace: str
    native: int
    gpr: str
    type: str
    sp: str
    fp: str
    ra: str
    stack: StackAccess | None
    zero: str
    ones: str
    scratch: str
    reserved: tuple[str, ...]
    stack_alignment: int
    wide_alignment: int
    cc: str
    ret_cc: str
    csr: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    saved: tuple[str, ...]
    copies: Mapping[str, Operation]
    add: Operation | None
    subtract: Operation | None
    add_immediate: Operation | None
    subtract_immediate: Operation | None
    or_immediate: Operation | None
    shift_immediate: Operation | None
    shifts: Mapping[str, Operation]
    amount_shifts: Mapping[str, AmountShift]
    load_immediate: Operation | None
    load_symbol: Operation | None
    pool: str
    upper: Operation | None
    low: str
    whole_constants: bool
    shifted_by_pattern: bool
    loads: Mapping[tuple[str, int], Operation]
    stores: Mapping[int, Operation]
    jump: Operation | None
    jump_register: Operation | None
    branches: Mapping[str, Operation]
    branch_nonzero: Operation | None
    comparisons: Comparisons
    compare_branches: Mapping[int, str]
    selects: Mapping[tuple[int, int], str]
    sets: frozenset[str]
    calls: Calls
    return_node: str
    returns: Operation | None
    return_pseudo: str
    frame_setup: str
    frame_destroy: str
    nop: Operation | None
    delayed: frozenset[str]
    legal: frozenset[str]
    carries: frozenset[str]
    narrow: Narrow | None
    computed: Mapping[Computed, Operation] = field(default_factory=dict[Computed, Operation])
    floats: tuple[Float, ...] = ()
    link: LinkRegister | None = None
    lost_link: str = ""
    prefix: Operation | None = None
    left_out: frozenset[str] = frozenset()
    big_endian: bool = False
    register_roles: Mapping[str, RegisterRole] = field(default_factory=dict[str, RegisterRole])
    doubts: Mapping[str, Doubt] = field(default_factory=dict[str, Doubt])
    records: Mapping[str, Fact] = field(default_factory=dict[str, Fact])

    @property
    def returning(self) -> str:
        """The register in which a call leaves the return address, whichever instructions reach it; "" where there is none."""
        return self.ra or (self.link.name if self.link else "")

    @property
    def by_table(self) -> bool:
        """Whether no conditional branch is known, so that branches go through a table of addresses and an indirect jump."""
        return not self.branches and self.branch_nonzero is None and not self.compare_branches

    @property
    def upper_shift(self) -> int:
        """The number of bits below those that ``upper`` sets or ``prefix`` gives."""
        first = self.upper or self.prefix
        return min(self.native, 32) - first.range.bits if first and first.range else 0


def find_facts(d: Description, given: Mapping[str, GivenFact] | None = None, weights: Weights | None = None) -> Facts:
    """Returns every fact that the description's records give, with the doubts about them.

    ``given``: the lines of a facts file, which go before what the records say; by default those of the description. ``weights``: of the
    ranking that supplies a few facts where the records say nothing; by default those that vega-gen ships with. Raises InputError for a
    line that contradicts the records."""
    v = TargetView(d, given)
    v.chooser.otherwise = lambda key: ranked(v, key, weights)
    zero, ones = constant_register(v, "zero"), constant_register(v, "ones")
    add, subtract, add_immediate, subtract_immediate, or_immediate, shift_immediate = (
        v.choose_operation(f"instruction.{key}", binaries(v, root, kind)) for key, root, kind in _ARITHMETIC
    )
    shifts = {root: v.choose_operation(f"instruction.{key}", binaries(v, root, OperandKind.REG)) for root, key in _SHIFTS.items()}
    for key in [key for key in v.chooser.given if key.startswith((CODING, DISTANCE, ONES))]:
        v.choose(key, ())  # read where operand types are (facts/codings.py, facts/distances.py)
    v.choose_operation(EXTENDER, extender(v))  # read where operands are (facts/selections.py)
    combine = v.choose_operation("instruction.or", binaries(v, "or", OperandKind.REG))
    whole, upper = load_immediate(v, zero)
    (cc, arguments), (ret_cc, results) = convention(v, (zero, ones), results=False), convention(v, (zero, ones), results=True)
    low = low_part(v, upper, or_immediate, add_immediate, whole)
    prefix = None if low else v.choose_operation("instruction.prefix", prefixes(v))
    symbol = v.choose_operation("instruction.symbol", symbol_loads(v) or (() if low else number_loads(v, whole) or pool_loads(v)))
    symbol = symbol or prefixed_load(v.d, v.native)
    pool = symbol.record if symbol and reads_pool(v, symbol.record) else ""
    csr, saved = callee_saved(v, results, (zero, ones))
    frame = frame_registers(v, (zero, ones), (*arguments, *results), saved)
    through = v.choose_operation("instruction.jump_register", supported(v, jump_register(v, zero)))
    sp, ra = v.register(RegisterRole.STACK_POINTER), v.register(RegisterRole.RETURN_ADDRESS)
    stack = stack_access(v, sp)
    if sp not in v.members and not stack:
        sp = ""
    left_out = frozenset(v.choose("operations.left_out", ()).split())
    v.choose("fragments.left_out", ())
    returned = returns(v, ra, through)
    back = v.choose_operation("instruction.return", supported(v, returned.instruction))
    compared, nonzero = support.branched(v, *branches(v, zero))
    jumped = v.choose_operation("instruction.jump", supported(v, jump(v, zero)))
    v.choose(f"{DISTANCE}origin", origins(v, jumped))
    told = calls(v, ra, jumped, zero, combine)
    called = support.called(v, told if ra and through else assembled(v, told), bool(symbol or low))
    moved = support.moves(v, copies(v, zero, combine or add, add_immediate, or_immediate))
    linked = linking_registers(v, ra, (called.direct, called.indirect), back)
    link = link_register(v, linked)
    found = Facts(
        name=d.name,
        namespace=d.namespace,
        native=v.native,
        gpr=v.gpr,
        type=v.type,
        sp=sp,
        fp=frame.fp,
        ra=ra,
        stack=stack,
        zero=zero,
        ones=ones,
        scratch=frame.scratch,
        reserved=frame.reserved,
        stack_alignment=stack_alignment(v),
        wide_alignment=wide_alignment(v, cc),
        cc=cc,
        ret_cc=ret_cc,
        csr=csr,
        arguments=arguments,
        results=results,
        saved=saved,
        copies=moved,
        add=add,
        subtract=subtract,
        add_immediate=add_immediate,
        subtract_immediate=subtract_immediate,
        or_immediate=or_immediate,
        shift_immediate=shift_immediate,
        shifts={root: op for root, op in shifts.items() if op},
        amount_shifts=amount_shifts(v),
        load_immediate=whole,
        load_symbol=any_word(v, symbol) if symbol and pool else symbol,
        pool=pool,
        upper=upper,
        low=low,
        whole_constants=whole_constants(v),
        shifted_by_pattern=shifted_by_pattern(v),
        loads=loads(v),
        stores=stores(v),
        jump=jumped,
        jump_register=through,
        branches=compared,
        branch_nonzero=nonzero,
        comparisons=comparisons(v) or compared_pairs(v),
        compare_branches=made_branches(d),
        selects=made_selects(d),
        sets=conditions_set(v),
        calls=called,
        prefix=prefix,
        link=link,
        lost_link="" if link else next(iter(linked), ""),
        return_node=returned.node,
        returns=back,
        return_pseudo=returned.pseudo,
        frame_setup=frame_pseudo(v, "ISD::CALLSEQ_START"),
        frame_destroy=frame_pseudo(v, "ISD::CALLSEQ_END"),
        delayed=delayed(v),
        nop=nop(v, zero, add_immediate, moved.get(v.gpr)),
        legal=(legal_operators(v) | {root for root, op in shifts.items() if op}) - left_out,
        left_out=left_out,
        carries=carries(v),
        narrow=narrow(v, moved),
        floats=floats(v, moved),
        computed=computed(v),
        big_endian=v.choose("byte_order", [memory_order(v)]) == "big",
        register_roles=v.register_roles,
        records=v.chooser.records,
    )
    for key in [key for key in v.chooser.given if key.startswith((LAYOUT, PARTS, CODED))]:
        v.choose(key, ())  # read where operands are (facts/layouts.py)
    v.chooser.require_asked()
    return replace(found, doubts=doubts(found.records))
