"""The frozen dataclasses and closed enums that cross stages.

Enters: nothing. Leaves: types. It does not read, parse, decide or print.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mode(StrEnum):
    """What generation may read of the new target (PROTOCOL.md, "input mode")."""

    TD = "td"
    DESC = "desc"


class Module(StrEnum):
    """VEGA's seven function modules (CGO 2025, section 4.1)."""

    SEL = "SEL"
    REG = "REG"
    OPT = "OPT"
    SCH = "SCH"
    EMI = "EMI"
    ASS = "ASS"
    DIS = "DIS"


class FillerName(StrEnum):
    """The fillers behind the one interface of ``vega_gen.fill``."""

    FORKFLOW = "forkflow"
    CONSENSUS = "consensus"


class Verdict(StrEnum):
    """The closed set of verdicts (PROTOCOL.md, "Verdicts")."""

    IDENTICAL = "identical"
    EQUIVALENT = "equivalent"
    PASSED = "passed"
    UNVERIFIED = "unverified"
    FAILED_TEST = "failed-test"
    FAILED_COMPILE = "failed-compile"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    MISSING = "missing"
    UNRESOLVED = "unresolved"

    @property
    def counts(self) -> bool:
        """Whether the verdict counts in Pass@1."""
        return self in (Verdict.IDENTICAL, Verdict.EQUIVALENT, Verdict.PASSED)


FLAG_BELOW = 0.5
"""The review threshold unless --threshold says otherwise: statements of less confidence are flagged."""


class Band(StrEnum):
    """Confidence of a statement, as a reviewer sees it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @classmethod
    def of(cls, confidence: float, threshold: float) -> Band:
        """HIGH from ``threshold`` up (not flagged), LOW below half of it, MEDIUM between (both 0 to 1)."""
        if confidence >= threshold:
            return cls.HIGH
        return cls.LOW if confidence < threshold / 2 else cls.MEDIUM


class HoleKind(StrEnum):
    """What a typed hole of a function template stands for."""

    OPCODE = "opcode"
    REGISTER = "register"
    REGISTER_CLASS = "register-class"
    SUBREGISTER = "subregister-index"
    FIXUP = "fixup"
    RELOCATION = "relocation"
    ISD_NODE = "isd-node"
    FEATURE = "feature"
    ENUMERATOR = "enumerator"
    INTEGER = "integer"
    STRING = "string"
    LOCAL = "local-name"
    METHOD = "method"
    NAME = "target-name"


class ContractRole(StrEnum):
    """Why the .td files oblige the backend to define a C++ name."""

    ENCODER = "operand-encoder"
    INSTRUCTION_ENCODER = "instruction-post-encoder"
    DECODER = "operand-decoder"
    REGISTER_CLASS_DECODER = "register-class-decoder"
    INSTRUCTION_DECODER = "instruction-decoder"
    PRINTER = "operand-printer"
    OPERAND_PREDICATE = "operand-predicate"
    OPERAND_RENDER = "operand-render"
    OPERAND_PARSER = "operand-parser"
    COMPLEX_PATTERN = "complex-pattern"
    CUSTOM_INSERTER = "custom-inserter"
    ISD_NODE = "isd-node"
    CALLING_CONVENTION = "calling-convention-hook"
    FRAGMENT_HELPER = "fragment-helper"


# --------------------------------------------------------------------------- C++


class StatementKind(StrEnum):
    """Shape of a statement; ``head`` holds its tokens up to a body."""

    SIMPLE = "simple"          # expression, declaration, return, break, goto, ...: ends in ";"
    IF = "if"
    ELSE = "else"              # also "else if (...)"; always follows IF or ELSE as a sibling
    FOR = "for"
    WHILE = "while"
    DO = "do"                  # tail: "while (...) ;"
    SWITCH = "switch"
    CASE = "case"              # "case X :" or "default :"; its statements are its children
    LABEL = "label"
    BLOCK = "block"            # a bare compound statement; head is empty
    PREPROCESSOR = "preprocessor"  # one directive line, one token
    DEFINITION = "definition"  # local class, enum, lambda-free nested definition, kept whole in head
    OPAQUE = "opaque"          # tree-sitter could not read it; tokens kept
    INITIALISER = "initialiser"  # an entry of a constructor's initialiser list (in templates only)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with its nested statements.

    The tokens of a statement are ``head``, then "{" if braced, then those of ``children``,
    then "}" if braced, then ``tail``.  Comments are no tokens.  ``line`` is 1-based in the file.
    """

    kind: StatementKind
    head: tuple[str, ...]
    children: tuple[Statement, ...] = ()
    braced: bool = False
    tail: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter: ``type`` tokens, its name ("" if unnamed), tokens after the name
    (array bounds, the rest of a function pointer) and the default argument's tokens."""

    type: tuple[str, ...]
    name: str = ""
    suffix: tuple[str, ...] = ()
    default: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands before a function's body.

    ``prefix``: template header, attributes, ``static``, ``inline``, ``virtual``, ``explicit``...
    ``result``: tokens of the return type ((), for constructors, destructors and conversions).
    ``class_name``: the class as written or enclosing, nested with "::"; "" for a free function.
    ``qualifiers``: what follows ")": const, override, final, noexcept, trailing return type.
    ``initialisers``: constructor initialisers, one entry each, without the separating commas.
    """

    name: str
    class_name: str = ""
    prefix: tuple[str, ...] = ()
    result: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    qualifiers: tuple[str, ...] = ()
    initialisers: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A C++ function definition with a body in ``lib/Target/<target>``.

    ``file`` is relative to the target's folder, with "/".  ``start`` and ``end`` are byte offsets of the
    whole definition (template header and attributes included) in that file; ``body_start`` and ``body_end``
    those of the body, braces included.  ``namespaces`` are the enclosing ones, "" for an anonymous one.
    ``in_class``: defined inside its class.  ``complete``: False where tree-sitter read it only in part.
    """

    target: str
    file: str
    line: int
    end_line: int
    start: int
    end: int
    body_start: int
    body_end: int
    namespaces: tuple[str, ...]
    signature: Signature
    body: tuple[Statement, ...]
    in_class: bool = False
    complete: bool = True

    @property
    def qualified_name(self) -> str:
        """``Class::name`` or ``name``."""
        s = self.signature
        return f"{s.class_name}::{s.name}" if s.class_name else s.name


class MemberKind(StrEnum):
    """What a member of a class is."""

    METHOD = "method"
    FIELD = "field"
    OTHER = "other"            # using, enum, nested class, friend, static_assert, macro, #include line


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a class. ``access``: public, protected or private.
    METHOD: ``signature`` is set (a body, if there was one, is not here), ``virtual``/``override``/``static``
    are in the signature; ``pure``: "= 0"; ``has_body``: defined in the class; ``deleted``: "= delete" or "= default".
    FIELD and OTHER: ``tokens`` is the whole text, ";" included; FIELD: ``name``."""

    kind: MemberKind
    access: str
    line: int
    signature: Signature | None = None
    tokens: tuple[str, ...] = ()
    name: str = ""
    pure: bool = False
    has_body: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Class:
    """A class or struct definition; ``bases`` are names without access or template arguments.
    ``file`` is relative to the target's folder (or to ``llvm/include`` for LLVM's own)."""

    target: str
    file: str
    line: int
    name: str                  # nested: "Outer::Inner"
    bases: tuple[str, ...]
    members: tuple[Member, ...]
    namespaces: tuple[str, ...] = ()
    struct: bool = False


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration: its name ("" if anonymous), enclosing scope ("LanaiISD"), and enumerators in order.
    ``values``: the text after "=" of each enumerator, "" where there is none."""

    target: str
    file: str
    line: int
    scope: tuple[str, ...]
    name: str
    enumerators: tuple[str, ...]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stretch that tree-sitter could not read: reported, not lost. Lines are 1-based."""

    target: str
    file: str
    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What stage 2 makes of one C++ file.

    ``preamble``: the include directives in order, each as written ('"Lanai.h"' or '<vector>').
    ``prologue``: other text at file scope before the first function, a string each, as written:
    #define DEBUG_TYPE, using namespace, #define GET_..., STATISTIC, cl::opt.  ``epilogue``: the same after the first function.
    """

    target: str
    file: str
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    enums: tuple[Enum, ...]
    includes: tuple[str, ...]
    prologue: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]
    epilogue: tuple[str, ...] = ()


# ---------------------------------------------------------------------- TableGen


@dataclass(frozen=True, slots=True)
class Register:
    """A register record. ``encoding``: HWEncoding as a number."""

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


@dataclass(frozen=True, slots=True)
class Node:
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
class Feature:
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

    ``signature``: as a C++ declaration, ``static DecodeStatus DecodeGRRegisterClass(MCInst &, unsigned, uint64_t, const MCDisassembler *)``.
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
    """

    folder: str
    name: str
    namespace: str
    registers: tuple[Register, ...]
    register_classes: tuple[RegisterClass, ...]
    subregister_indices: tuple[str, ...]
    operand_classes: tuple[OperandClass, ...]
    instructions: tuple[Instruction, ...]
    nodes: tuple[Node, ...]
    fragments: tuple[Fragment, ...]
    complex_patterns: tuple[ComplexPattern, ...]
    features: tuple[Feature, ...]
    calling_conventions: tuple[CallingConvention, ...]
    processors: tuple[Processor, ...]
    contracts: tuple[Contract, ...]
    relocations: tuple[str, ...]
    data: dict[str, str] = field(default_factory=dict)


# ------------------------------------------------------------------- generation


@dataclass(frozen=True, slots=True)
class Donor:
    """Where a statement came from: target, file relative to its folder, line."""

    target: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.target}/{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class FilledStatement:
    """A statement of a candidate. ``statement`` has no children of its own in ``FilledStatement`` terms: the
    candidate's tree is given by ``depth`` (0 = directly in the body), in document order.

    ``id``: stable across generations of the same inputs: hash of function name and slot.
    ``confidence``: probability that this statement is right, 0 to 1.
    ``alternatives``: other texts for the slot, most likely first; "" stands for leaving it out.
    """

    id: str
    depth: int
    kind: StatementKind
    head: tuple[str, ...]
    braced: bool
    tail: tuple[str, ...]
    confidence: float
    donors: tuple[Donor, ...]
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to write a function. ``origin``: where it comes from ("template", "Lanai", ...)."""

    signature: Signature
    statements: tuple[FilledStatement, ...]
    confidence: float
    origin: str


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    """A function to be written, with its ranked candidates.

    ``group``: name of its function group.  ``file``: where it goes, relative to the target's folder.
    ``in_class``: defined in its class.  ``chosen``: index of the candidate taken (-1: none).
    ``compiles``: None if nothing was compiled.  ``message``: the compiler's, if the chosen one does not compile.
    """

    group: str
    module: Module
    file: str
    namespaces: tuple[str, ...]
    in_class: bool
    candidates: tuple[Candidate, ...]
    chosen: int = 0
    compiles: bool | None = None
    message: str = ""

    @property
    def candidate(self) -> Candidate:
        """The candidate taken."""
        return self.candidates[self.chosen]

    @property
    def qualified_name(self) -> str:
        """``Class::name`` or ``name`` of the chosen candidate."""
        s = self.candidate.signature
        return f"{s.class_name}::{s.name}" if s.class_name else s.name

    def flagged(self, threshold: float) -> tuple[FilledStatement, ...]:
        """The statements of the chosen candidate that a person must look at, in document order: those whose confidence
        is below ``threshold`` (0 to 1); in a function that does not compile and has none, its least confident one
        that is not certain (1, which is what accepting makes it)."""
        statements = self.candidate.statements if self.chosen >= 0 else ()
        low = tuple(s for s in statements if s.confidence < threshold)
        uncertain = [s for s in statements if s.confidence < 1]
        if low or self.compiles is not False or not uncertain:
            return low
        return (min(uncertain, key=lambda s: s.confidence),)


@dataclass(frozen=True, slots=True)
class PlannedClass:
    """A class declaration to be written: in a header, or in the .cpp that alone uses it."""

    name: str
    bases: tuple[str, ...]     # as written, with access: "public MCAsmBackend"
    file: str
    namespaces: tuple[str, ...]
    members: tuple[Member, ...]
    includes: tuple[str, ...]
    donors: tuple[Donor, ...]
    struct: bool = False


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the new backend: what it includes, what stands before its classes and functions (``prologue``)
    and what stands after them (``epilogue``). Each text is whole: with the namespaces that it stands in."""

    path: str                  # relative to lib/Target/<New>
    includes: tuple[str, ...]
    prologue: tuple[str, ...]
    epilogue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What stages 1 to 8 decided: everything that ``emit`` and ``regress`` need, and nothing they must look up.

    ``held_out``: folders whose C++ was not read. ``inputs``: name -> content hash of all that went in.
    """

    target: str                # folder name of the new target
    mode: Mode
    filler: FillerName
    llvm_version: str
    held_out: tuple[str, ...]
    files: tuple[PlannedFile, ...]
    classes: tuple[PlannedClass, ...]
    functions: tuple[PlannedFunction, ...]
    inputs: dict[str, str] = field(default_factory=dict)


# ----------------------------------------------------------------------- judging


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one function of the reference.

    ``interface``: it belongs to the interface population. ``errors``: of Err-V, Err-CS, Err-Def.
    ``output``: the failing test's or compiler's output, cut to 20 kB.  ``command``: repeats it.
    ``statements``: (reference statements, of these reproduced in order, to add, change or delete).
    """

    function: str
    group: str
    file: str
    line: int
    module: Module
    interface: bool
    verdict: Verdict
    errors: tuple[str, ...] = ()
    test: str = ""
    output: str = ""
    command: str = ""
    statements: tuple[int, int, int] = (0, 0, 0)
    seconds: float = 0.0


# ------------------------------------------------------------------------ review


class DecisionKind(StrEnum):
    """What a reviewer decided about a statement."""

    ACCEPT = "accept"
    REPLACE = "replace"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's decision on the statement ``id``; ``function`` is its qualified name.

    ``decided_on``: the tokens decided upon, one space between, as generated (before any decision): a decision
    whose statement reads otherwise now is stale.  ``text``: what REPLACE puts there.
    """

    id: str
    kind: DecisionKind
    function: str
    decided_on: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions on one generated backend, at most one an id, in the order of taking them."""

    target: str
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A flagged statement as the reviewer sees it.

    ``file``: relative to the target's folder; ``line``: 1-based, 0 where the generated tree does not mark it.
    ``text``: its tokens up to a body.  ``compiles``, ``message``: of its function (see PlannedFunction).
    """

    id: str
    function: str
    module: Module
    file: str
    line: int
    text: str
    confidence: float
    band: Band
    donors: tuple[Donor, ...]
    alternatives: tuple[str, ...]
    compiles: bool | None
    message: str

    @property
    def place(self) -> str:
        """``file:line``, or the file alone where the line is unknown."""
        return f"{self.file}:{self.line}" if self.line else self.file
