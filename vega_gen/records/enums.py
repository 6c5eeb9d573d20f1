"""The closed sets that several stages use."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What generation may read about the new target (docs/protocol.md, "input mode")."""

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
    """The fillers that implement the interface of ``vega_gen.fill``."""

    FORKFLOW = "forkflow"
    CONSENSUS = "consensus"
    ARCHETYPE = "archetype"
    EDIT = "edit"
    UNIXCODER = "unixcoder"
    HF = "hf"

    @property
    def learns(self) -> bool:
        """Whether it is a model that must be trained."""
        return self in (FillerName.EDIT, FillerName.UNIXCODER, FillerName.HF)

    @property
    def composes(self) -> bool:
        """Whether it also composes functions that no donor has, from the .td files and the new target's declarations.

        The baseline of VEGA's paper (fork-flow) and text models do not.
        """
        return self in (FillerName.CONSENSUS, FillerName.EDIT)


class Step(StrEnum):
    """How far a function was degraded until the backend built. From ARCHETYPE on, none of its mined candidates compiles."""

    FILLED = "filled"
    NEXT_CANDIDATE = "next-candidate"
    ARCHETYPE = "archetype"
    DEFAULT = "default"  # the override is left out, so the base class's method is used
    STUB = "stub"  # reports a fatal error with its name when it is called
    LEFT_OUT = "left-out"  # neither declared nor defined: not even its head compiles


class Verdict(StrEnum):
    """The verdicts on a function (docs/protocol.md, "Verdicts")."""

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


BUDGET = 12
"""The default maximum number of candidates for a function."""

FLAG_BELOW = 0.5
"""The default review threshold, where neither --threshold nor the filler's model sets one: statements below it are flagged."""


class Band(StrEnum):
    """Confidence of a statement, as a reviewer sees it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @classmethod
    def of(cls, confidence: float, threshold: float) -> Band:
        """Return HIGH from ``threshold`` up (not flagged), LOW below half of it, MEDIUM between. Both arguments are from 0 to 1."""
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


class Severity(StrEnum):
    """How grave a finding of ``vega-gen check`` is."""

    ERROR = "error"
    """A generated table lacks something, or tblgen rejects the file."""
    WARNING = "warning"
    """Some program is compiled wrong or not at all, unless C++ of the target sees to it."""
    NOTE = "note"
    """Harmless, or done on purpose in most descriptions."""


class FindingKind(StrEnum):
    """What ``vega-gen check`` looks for in .td files."""

    CONFLICT = "decoding-conflict"
    NO_SIZE = "no-size"
    NO_BITS = "operand-without-bits"
    NEVER_DECODED = "never-decoded"
    UNTYPED = "untyped-pattern"
    REJECTED = "rejected"
    SHADOWED = "shadowed-pattern"
    REPEATED = "repeated-pattern"
    ILLEGAL_TYPE = "illegal-type-in-pattern"
    MISPLACED_NUMBER = "number-for-register"
    CONTRADICTION = "contradictory-predicates"
    NOT_COPIED = "class-not-copied"
    NOT_SPILLED = "class-not-spilled"
    NOT_SELECTED = "node-not-selected"
    FLAGS_CLOBBERED = "copy-clobbers-flags"
