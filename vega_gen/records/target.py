"""What stage 3 makes of .td files: TableGen's records through typed views.

Enters: nothing. Leaves: types. It does not read TableGen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vega_gen.records.enums import ContractRole


@dataclass(frozen=True, slots=True)
class Register:
    """A register record. ``encoding``: HWEncoding as a number; where no register of the target has one, its first DWARF number."""

    name: str
    asm_name: str
    namespace: str
    encoding: int
    subregisters: tuple[str, ...]
    aliases: tuple[str, ...]
    dwarf: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RegisterClass:
    """``size``: spill size in bits. ``members``: register names in allocation order (expanded from MemberList)."""

    name: str
    namespace: str
    value_types: tuple[str, ...]
    size: int
    alignment: int
    members: tuple[str, ...]
    allocatable: bool


@dataclass(frozen=True, slots=True)
class OperandClass:
    """An operand type of instructions (Operand, RegisterOperand or a register class used directly)."""

    name: str
    type: str                  # value type record: "i32"
    print_method: str
    encoder_method: str
    decoder_method: str
    parser_class: str          # ParserMatchClass record's Name
    predicate_method: str
    render_method: str
    parser_method: str
    operand_type: str          # OPERAND_MEMORY, ...; OPERAND_DEFAULT for predicates and optional definitions
    sub_operands: tuple[str, ...]  # MIOperandInfo's types
    register_class: str = ""   # for RegisterOperand and register classes


@dataclass(frozen=True, slots=True)
class InstructionOperand:
    """``name`` as in the dag ("$dst" without "$"), ``type``: record name (OperandClass or RegisterClass)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction record (Namespace is the target's, not TargetOpcode).

    ``pattern``: the Pattern dags as one printed string, or else the smallest Pat that selects this instruction
    alone, "" if none; ``nodes``: the operators in it, outermost first: an SDNode by its opcode ("ISD::ADD"), a
    fragment by its name followed by what it stands for.  ``flags``: names of the bits that are set (isCall, mayLoad, isBarrier ...).
    ``size`` in bytes.  ``encoding``: Inst bits from the most significant: "0", "1", "?" or "name{3}".
    ``defs`` and ``uses``: implicit registers.  ``classes``: superclasses, nearest last.
    """

    name: str
    namespace: str
    asm: str
    outs: tuple[InstructionOperand, ...]
    ins: tuple[InstructionOperand, ...]
    pattern: str
    nodes: tuple[str, ...]
    flags: frozenset[str]
    size: int
    encoding: tuple[str, ...]
    defs: tuple[str, ...]
    uses: tuple[str, ...]
    constraints: str
    predicates: tuple[str, ...]
    itinerary: str
    classes: tuple[str, ...]
    decoder_method: str = ""
    post_encoder_method: str = ""
    decoder_namespace: str = ""


@dataclass(frozen=True, slots=True)
class SDNode:
    """An SDNode record of the target. ``opcode``: "LanaiISD::CALL"."""

    name: str
    opcode: str
    results: int
    operands: int
    types: tuple[str, ...]     # printed type constraints
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A target's PatFrag, PatLeaf, ImmLeaf or SDNodeXForm with C++ in it. ``code``: its C++; ``calls``: names called in it."""

    name: str
    code: str
    calls: tuple[str, ...]
    dag: str


@dataclass(frozen=True, slots=True)
class ComplexPattern:
    """``operands``: how many operands SelectFunc fills in."""

    name: str
    type: str
    operands: int
    select_function: str
    root_nodes: tuple[str, ...]
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubtargetFeature:
    """A SubtargetFeature: ``name`` as in -mattr, ``field`` of the subtarget, its value, description."""

    record: str
    name: str
    field: str
    value: str
    description: str
    implies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallingConvention:
    """A CallingConv or CalleeSavedRegs record. ``returns``: named RetCC_*, or used for returning values by name.
    ``registers``: registers in order of assignment; ``hooks``: C++ names called (CCCustom, CCPredicate code)."""

    name: str
    registers: tuple[str, ...]
    stack: tuple[tuple[int, int], ...]   # (size, align) in bytes
    hooks: tuple[str, ...]
    callee_saved: bool


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor and what schedules it ("" if nothing)."""

    name: str
    model: str
    itineraries: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A C++ name that the .td files oblige the backend to define.

    ``signature``: as a C++ declaration:
    ``static DecodeStatus DecodeGRRegisterClass(MCInst &, unsigned, uint64_t, const MCDisassembler *)``.
    ``owner``: base class the method belongs to ("MCInstPrinter"), "" for a free function.
    ``records``: the records that ask for it. ``types``: operand types or register classes involved.
    """

    name: str
    role: ContractRole
    signature: str
    owner: str
    records: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """Everything stage 3 knows of one target: TableGen's records through typed views.

    ``name``: the name of the ``Target`` record ("PPC"); ``namespace``: of its instructions; ``folder``: that of
    ``lib/Target`` ("PowerPC") or the .td's stem.  ``relocations``: names from ELFRelocs/<T>.def, in order.
    ``data``: properties of the Target and InstrInfo records and of their parser, writer and printer
    (isLittleEndianEncoding, AllowRegisterRenaming, AsmParser class names, ...), by dotted name.
    ``assembler_predicates``: the Predicate records that the assembler and the disassembler heed, each with its AssemblerCondDag as
    printed: ``(all_of FeatureDiv)``.
    ``patterns``: the Pat records as printed, what they match and the instructions they give; not those on vectors.
    ``predicates``: Predicate records, each with its C++. ``alternative_names``: RegAltNameIndex records, separated by spaces.
    """

    folder: str
    name: str
    namespace: str
    registers: tuple[Register, ...]
    register_classes: tuple[RegisterClass, ...]
    subregister_indices: tuple[str, ...]
    operand_classes: tuple[OperandClass, ...]
    instructions: tuple[Instruction, ...]
    nodes: tuple[SDNode, ...]
    fragments: tuple[Fragment, ...]
    complex_patterns: tuple[ComplexPattern, ...]
    features: tuple[SubtargetFeature, ...]
    calling_conventions: tuple[CallingConvention, ...]
    processors: tuple[Processor, ...]
    contracts: tuple[Contract, ...]
    relocations: tuple[str, ...]
    data: dict[str, str] = field(default_factory=dict[str, str])
    assembler_predicates: dict[str, str] = field(default_factory=dict[str, str])
    patterns: tuple[tuple[str, str], ...] = ()
    predicates: dict[str, str] = field(default_factory=dict[str, str])
    alternative_names: str = ""
