"""Everything that archetypes need to know of a target, found in its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vega_gen.facts.arithmetic import binary, carries, legal_operators
from vega_gen.facts.branches import branches, conditions_set, jump, jump_register
from vega_gen.facts.calls import callee_saved, calls, convention, frame_pseudo, returns
from vega_gen.facts.constants import constant_registers, load_immediate, load_symbol, low_part
from vega_gen.facts.doubts import Doubt, doubts
from vega_gen.facts.memory import loads, stores
from vega_gen.facts.narrow import narrow
from vega_gen.facts.operations import Calls, Narrow, Operation
from vega_gen.facts.register_use import copies, frame_registers
from vega_gen.facts.roles import RegisterRole
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView, mnemonic
from vega_gen.records import Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a target's records are for. A fact that the .td files do not give is None or empty.

    ``native``: bits of an address; ``gpr``: the register class that holds addresses, ``type`` its value type.
    ``sp``, ``fp``, ``ra``: stack pointer, frame pointer, return address; ``zero``, ``ones``: registers of a constant; ``scratch``: free
    between instructions of a prologue; ``reserved``: left alone by the register allocator.
    ``arguments`` and ``results``: registers of the conventions ``cc`` and ``ret_cc``; ``saved``: callee-saved ones, of the list ``csr``.
    ``copies``: register class -> how a register is copied. ``branches``: condition -> compare two registers and branch;
    ``branch_nonzero``: branch where a register is not zero; ``sets``: conditions of which a pattern gives the truth value.
    ``load_immediate``: sets a register to a number, ``upper`` its upper bits, ``low`` how the rest is added ("or" or "add");
    ``load_symbol`` sets it to any address. ``whole_constants``: a pattern takes any constant.
    ``loads``: ("", "sext" or "zext", bits in memory) -> load; ``stores``: bits in memory -> store.
    ``return_node``: the target's own node for a return. ``frame_setup``, ``frame_destroy``: pseudos of ISD::CALLSEQ_START and _END.
    ``legal``: outermost operators of patterns, as opcodes ("ISD::ADD") and fragments ("sextloadi8"); ``carries``: those of addc, adde,
    subc and sube among them. ``register_roles``: register -> role. ``doubts``: field -> why what it holds is not certain."""

    name: str
    namespace: str
    native: int
    gpr: str
    type: str
    sp: str
    fp: str
    ra: str
    zero: str
    ones: str
    scratch: str
    reserved: tuple[str, ...]
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
    load_immediate: Operation | None
    load_symbol: Operation | None
    upper: Operation | None
    low: str
    whole_constants: bool
    loads: Mapping[tuple[str, int], Operation]
    stores: Mapping[int, Operation]
    jump: Operation | None
    jump_register: Operation | None
    branches: Mapping[str, Operation]
    branch_nonzero: Operation | None
    sets: frozenset[str]
    calls: Calls
    return_node: str
    returns: Operation | None
    frame_setup: str
    frame_destroy: str
    nop: str
    legal: frozenset[str]
    carries: frozenset[str]
    narrow: Narrow | None
    register_roles: Mapping[str, RegisterRole] = field(default_factory=dict[str, RegisterRole])
    doubts: Mapping[str, Doubt] = field(default_factory=dict[str, Doubt])

    @property
    def by_table(self) -> bool:
        """Whether no conditional branch is known: no .td says what the numbers of condition codes mean."""
        return not self.branches and self.branch_nonzero is None

    @property
    def upper_shift(self) -> int:
        """How many zero bits lie below those that ``upper`` sets."""
        return 32 - self.upper.range.bits if self.upper and self.upper.range else 0


def find_facts(d: Description) -> Facts:
    """Every fact that the .td files give."""
    v = TargetView(d)
    held = constant_registers(v.selections, v.members)
    zero, ones = v.register(RegisterRole.ZERO) or held.get("zero", ""), held.get("ones", "")
    add, add_immediate = binary(v, "add", OperandKind.REG), binary(v, "add", OperandKind.IMM)
    or_immediate = binary(v, "or", OperandKind.IMM)
    whole, upper = load_immediate(v)
    (cc, arguments), (ret_cc, results) = convention(v, results=False), convention(v, results=True)
    csr, saved = callee_saved(v)
    frame = frame_registers(v, (zero, ones), (*arguments, *results), saved)
    through = jump_register(v, zero)
    return_instruction, return_node = returns(v, through)
    compared, nonzero = branches(v, zero)
    moved = copies(v, zero, binary(v, "or", OperandKind.REG) or add, add_immediate, or_immediate)
    found = Facts(
        name=d.name,
        namespace=d.namespace,
        native=v.native,
        gpr=v.gpr,
        type=v.type,
        sp=v.register(RegisterRole.STACK_POINTER),
        fp=frame.fp,
        ra=v.register(RegisterRole.RETURN_ADDRESS),
        zero=zero,
        ones=ones,
        scratch=frame.scratch,
        reserved=frame.reserved,
        cc=cc,
        ret_cc=ret_cc,
        csr=csr,
        arguments=arguments,
        results=results,
        saved=saved,
        copies=moved,
        add=add,
        subtract=binary(v, "sub", OperandKind.REG),
        add_immediate=add_immediate,
        subtract_immediate=binary(v, "sub", OperandKind.IMM),
        or_immediate=or_immediate,
        shift_immediate=binary(v, "shl", OperandKind.IMM),
        load_immediate=whole,
        load_symbol=load_symbol(v),
        upper=upper,
        low=low_part(upper, or_immediate, add_immediate),
        whole_constants="imm" in v.selections.roots,
        loads=loads(v),
        stores=stores(v),
        jump=jump(v, zero),
        jump_register=through,
        branches=compared,
        branch_nonzero=nonzero,
        sets=conditions_set(v),
        calls=calls(v),
        return_node=return_node,
        returns=return_instruction,
        frame_setup=frame_pseudo(v, "ISD::CALLSEQ_START"),
        frame_destroy=frame_pseudo(v, "ISD::CALLSEQ_END"),
        nop=_nop(v),
        legal=legal_operators(v),
        carries=carries(v),
        narrow=narrow(v, moved),
        register_roles=v.register_roles,
    )
    return replace(found, doubts=doubts(v, found))


def _nop(v: TargetView) -> str:
    """An instruction called nop that has no operands."""
    plain = (i for i in v.d.instructions if not i.outs and not i.ins and "isPseudo" not in i.flags)
    return next((i.name for i in plain if mnemonic(i) == "nop"), "")
