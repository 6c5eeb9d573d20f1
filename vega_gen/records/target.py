"""Typed views of a target's TableGen records (stage 3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from vega_gen.records.enums import ContractRole
from vega_gen.records.fact import GivenFact


@dataclass(frozen=True, slots=True)
class Register:
    """A register. ``encoding``: its HWEncoding; where no register of the target has one, its first DWARF number.

    ``places``: (bit offset, bits) of each of ``subregisters`` in the register, from SubRegIndices; -1 where the .td does not say.
    ``alternative``: its other names in assembly (AltNames), such as those of an ABI. ``indices``: the SubRegIndex of each sub-register.
    """

    name: str
    asm_name: str
    namespace: str
    encoding: int
    subregisters: tuple[str, ...]
    aliases: tuple[str, ...]
    dwarf: tuple[int, ...]
    places: tuple[tuple[int, int], ...] = ()
    alternative: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()

    def part_name(self, register: str) -> str:
        """Returns the SubRegIndex of a sub-register, "" if it is none or the .td gives it no index."""
        known = dict(zip(self.subregisters, self.indices, strict=False))
        return known.get(register, "")


@dataclass(frozen=True, slots=True)
class RegisterClass:
    """A register class. ``size``: spill size in bits. ``members``: registers in allocation order, expanded from MemberList."""

    name: str
    namespace: str
    value_types: tuple[str, ...]
    size: int
    alignment: int
    members: tuple[str, ...]
    allocatable: bool


@dataclass(frozen=True, slots=True)
class OperandClass:
    """An operand type of instructions: an Operand, a RegisterOperand, or a register class used directly."""

    name: str
    type: str  # name of a ValueType record: "i32"
    print_method: str
    encoder_method: str
    decoder_method: str
    parser_class: str  # the Name of its ParserMatchClass record
    predicate_method: str
    render_method: str
    parser_method: str
    operand_type: str          # OPERAND_MEMORY, ...; OPERAND_DEFAULT for predicates and optional definitions
    sub_operands: tuple[str, ...]  # the types in MIOperandInfo
    register_class: str = ""  # of RegisterOperands and register classes
    optional: bool = False  # assembly may leave it out
    default_method: str = ""  # makes one that was left out
    defaults: tuple[str, ...] = ()  # of an OperandWithDefaultOps, such as a predicate operand: a number or a register for each sub-operand


@dataclass(frozen=True, slots=True)
class InstructionOperand:
    """An operand of an instruction. ``name``: as in the dag, without "$". ``type``: the name of an OperandClass or RegisterClass.

    ``parts``: names of its sub-operands where the dag gives them, (MEMri $base, $offset).
    """

    name: str
    type: str
    parts: tuple[str, ...] = ()


PART_OF_OTHERS = "isPartOfOthers"
"""A flag that is no bit of a record: other instructions hold the encoding of one that has it."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction of the target (its Namespace is not TargetOpcode).

    ``pattern``: its Pattern dags as printed; without any, those of the shortest Pat that selects just this instruction; else "".
    ``nodes``: the operators in the pattern, outermost first: an SDNode by its opcode ("ISD::ADD"), a fragment by its name followed by its
    expansion. ``flags``: names of the bits that are set (isCall, mayLoad, isBarrier ...). ``size``: in bytes.
    ``encoding``: the bits of Inst, most significant first: "0", "1", "?" or "name{3}". ``defs``, ``uses``: implicit registers.
    ``classes``: superclasses, nearest last. ``expansion``: the instruction that stands for a pseudo (PseudoInstExpansion).
    ``assembly_only``: whether it is an instruction of a target whose encodings are not written: assembly is all there is.
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
    expansion: str = ""
    assembly_only: bool = False


@dataclass(frozen=True, slots=True)
class SDNode:
    """An SDNode of the target. ``opcode``: such as "LanaiISD::CALL". ``results``, ``operands``: how many."""

    name: str
    opcode: str
    results: int
    operands: int
    types: tuple[str, ...]  # type constraints as printed
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A PatFrag, PatLeaf, ImmLeaf or SDNodeXForm that contains C++. ``code``: the C++. ``calls``: the names it calls. ``transform``: the
    SDNodeXForm that a number goes through before the instruction holds it, "" if none."""

    name: str
    code: str
    calls: tuple[str, ...]
    dag: str
    transform: str = ""


@dataclass(frozen=True, slots=True)
class PatternOperator:
    """An operator that patterns use: an SDNode with ``opcode`` ("ISD::ADD"), or a fragment, whose ``opcode`` is "".

    ``parameters``: a fragment's operands, by name. ``dag``: its (first) expansion as printed; ``others``: its further ones (PatFrags).
    ``properties``: the names of its bits that are set (IsLoad, IsZeroExtLoad, IsTruncStore ...). ``memory``: its MemoryVT, such as "i8".
    ``code``: the C++ of its predicate.
    """

    name: str
    opcode: str
    parameters: tuple[str, ...] = ()
    dag: str = ""
    properties: frozenset[str] = frozenset()
    memory: str = ""
    code: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComplexPattern:
    """A ComplexPattern. ``operands``: the number of operands that its SelectFunc sets."""

    name: str
    type: str
    operands: int
    select_function: str
    root_nodes: tuple[str, ...]
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubtargetFeature:
    """A SubtargetFeature. ``name``: as in -mattr. ``field``, ``value``: the subtarget's field and what the feature sets it to."""

    record: str
    name: str
    field: str
    value: str
    description: str
    implies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallingConvention:
    """A CallingConv or CalleeSavedRegs record.

    ``registers``: in order of assignment. ``hooks``: C++ functions that it calls (CCCustom, code of predicates). ``fixed``: those of the
    registers that a function of variable arguments does not use (CCIfNotVarArg). ``marked``: those that only arguments with an attribute
    of LLVM IR use, such as inreg. ``entry``: whether its function is not local to the file that has the table (Entry).
    ``asks_module``: whether its predicates ask the module of the function.
    """

    name: str
    registers: tuple[str, ...]
    stack: tuple[tuple[int, int], ...]   # (size, align) in bytes
    hooks: tuple[str, ...]
    callee_saved: bool
    fixed: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()
    entry: bool = False
    asks_module: bool = False


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor. ``model``, ``itineraries``: its scheduling records, "" if none."""

    name: str
    model: str
    itineraries: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A C++ name that the .td files oblige the backend to define.

    ``signature``: as a C++ declaration:
    ``static DecodeStatus DecodeGRRegisterClass(MCInst &, unsigned, uint64_t, const MCDisassembler *)``.
    ``owner``: the base class whose method it is ("MCInstPrinter"), "" for a free function.
    ``records``: the records that require it. ``types``: the operand types or register classes involved.
    """

    name: str
    role: ContractRole
    signature: str
    owner: str
    records: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HardwareMode:
    """A HwMode. ``features``: those that it needs, as in -mattr ("+64bit"); "" for the default mode. The others: what differs in it."""

    name: str
    features: str
    register_classes: tuple[RegisterClass, ...]
    operand_classes: tuple[OperandClass, ...]
    complex_patterns: tuple[ComplexPattern, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """Everything known about one target from TableGen.

    ``name``: the name of the ``Target`` record ("PPC"). ``namespace``: that of its instructions. ``folder``: the folder in ``lib/Target``
    ("PowerPC"), or the .td's stem. ``relocations``: the names in ELFRelocs/<T>.def, in order.
    ``data``: fields of the Target and InstrInfo records and of its assembly parser, writer and variants, by dotted name
    (isLittleEndianEncoding, AllowRegisterRenaming, AsmParser class names, ...); the numbers of the relocations.
    ``assembler_predicates``: Predicate records that bind the assembler and the disassembler -> AssemblerCondDag as printed:
    ``(all_of FeatureDiv)``. ``predicates``: Predicate records -> their C++ condition.
    ``patterns``: Pat records as printed, (source, result), without vector patterns. ``pattern_predicates``: the Predicate records of each.
    ``modes``: HwMode records, the default one first; none where there is no other. Types, sizes and operands are those of one of them
    (``tablegen.subtargets.on_subtarget``).
    ``alternative_names``: names of RegAltNameIndex records, separated by spaces.
    ``operators``: what the operators of all patterns are, LLVM's own included, and those that fragments expand to.
    ``aliases``: InstAlias records, (assembly string, instruction as printed): ("ret", "(JALR X0, X1, 0)").
    ``given``: what a person says beside the .td, by key (``vega_gen.facts``).
    ``aliases``: InstAlias records, (assembly string, instruction as printed): ("ret", "(JALR X0, X1, 0)").
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
    operators: tuple[PatternOperator, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    pattern_predicates: tuple[tuple[str, ...], ...] = ()
    modes: tuple[HardwareMode, ...] = ()
    given: dict[str, GivenFact] = field(default_factory=dict[str, GivenFact])
