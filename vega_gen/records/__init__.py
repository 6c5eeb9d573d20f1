"""The frozen dataclasses and closed enums that cross stages.

Enters: nothing. Leaves: types. It does not read, parse, decide or print.
"""

from __future__ import annotations

from vega_gen.records.climbed import Climbed, Ladder, Obstacle, Rung
from vega_gen.records.cpp import (
    Class,
    Enum,
    Function,
    Member,
    MemberKind,
    Param,
    Signature,
    SourceFile,
    Statement,
    StatementKind,
    Unreadable,
)
from vega_gen.records.enums import BUDGET, FLAG_BELOW, Band, ContractRole, FillerName, HoleKind, Mode, Module, Step, Verdict
from vega_gen.records.judging import Decision, DecisionKind, Decisions, Judgement, ReviewItem
from vega_gen.records.learning import ABSENT, OTHER, FunctionExample, HoleExample, SlotExample, VariantExample
from vega_gen.records.mined import GroupCount, MinedTarget, Mining
from vega_gen.records.planned import Candidate, Donor, FilledStatement, Plan, PlannedClass, PlannedFile, PlannedFunction, statement_id
from vega_gen.records.target import (
    CallingConvention,
    ComplexPattern,
    Contract,
    Description,
    Fragment,
    Instruction,
    InstructionOperand,
    OperandClass,
    Processor,
    Register,
    RegisterClass,
    SDNode,
    SubtargetFeature,
)

__all__ = [
    "ABSENT",
    "BUDGET",
    "FLAG_BELOW",
    "OTHER",
    "Band",
    "CallingConvention",
    "Candidate",
    "Class",
    "Climbed",
    "ComplexPattern",
    "Contract",
    "ContractRole",
    "Decision",
    "DecisionKind",
    "Decisions",
    "Description",
    "Donor",
    "Enum",
    "FilledStatement",
    "FillerName",
    "Fragment",
    "Function",
    "FunctionExample",
    "GroupCount",
    "HoleExample",
    "HoleKind",
    "Instruction",
    "InstructionOperand",
    "Judgement",
    "Ladder",
    "Member",
    "MemberKind",
    "MinedTarget",
    "Mining",
    "Mode",
    "Module",
    "Obstacle",
    "OperandClass",
    "Param",
    "Plan",
    "PlannedClass",
    "PlannedFile",
    "PlannedFunction",
    "Processor",
    "Register",
    "RegisterClass",
    "ReviewItem",
    "Rung",
    "SDNode",
    "Signature",
    "SlotExample",
    "SourceFile",
    "Statement",
    "StatementKind",
    "Step",
    "SubtargetFeature",
    "Unreadable",
    "VariantExample",
    "Verdict",
    "statement_id",
]
