"""The closed sets that more than one stage names.

Enters: nothing. Leaves: types. It does not read, parse, decide or print.
"""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What generation may read of the new target (docs/protocol.md, "input mode")."""

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
    ARCHETYPE = "archetype"
    EDIT = "edit"
    UNIXCODER = "unixcoder"
    HF = "hf"

    @property
    def learns(self) -> bool:
        """Whether it is a model, which has to be trained."""
        return self in (FillerName.EDIT, FillerName.UNIXCODER, FillerName.HF)

    @property
    def composes(self) -> bool:
        """Whether functions that donors do not have are made of the .td files and the new target's declarations: not in the baseline of
        VEGA's paper, nor in what a text model writes."""
        return self in (FillerName.CONSENSUS, FillerName.EDIT)


class Step(StrEnum):
    """How far a function went down before the backend was built; from ARCHETYPE on, none of its mined candidates compiles."""

    FILLED = "filled"
    NEXT_CANDIDATE = "next-candidate"
    ARCHETYPE = "archetype"
    DEFAULT = "default"        # an override left out: the base class's own is used
    STUB = "stub"              # a fatal error at run time that names it
    LEFT_OUT = "left-out"      # neither declared nor defined: not even its head compiles


class Verdict(StrEnum):
    """The closed set of verdicts (docs/protocol.md, "Verdicts")."""

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
"""Candidates of a function, at most, unless it is said otherwise."""

FLAG_BELOW = 0.5
"""The review threshold where neither --threshold nor the filler's model says another: statements of less confidence are flagged."""


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
