"""A small plan with odd texts, for the tests of review and report."""

from __future__ import annotations

from vega_gen.records import (
    Candidate,
    Donor,
    FilledStatement,
    FillerName,
    Mode,
    Module,
    Param,
    Plan,
    PlannedFunction,
    Signature,
    StatementKind,
)

K = StatementKind


def statement(
    id: str,
    head: str,
    confidence: float,
    depth: int = 0,
    kind: StatementKind = K.SIMPLE,
    braced: bool = False,
    donors: tuple[Donor, ...] = (Donor("Lanai", "LanaiInstrInfo.cpp", 40),),
    alternatives: tuple[str, ...] = (),
    tail: str = "",
) -> FilledStatement:
    """A statement whose tokens are the words of ``head`` and ``tail``."""
    return FilledStatement(id, depth, kind, tuple(head.split()), braced, tuple(tail.split()), confidence, donors, alternatives)


def function(
    name: str,
    statements: tuple[FilledStatement, ...],
    module: Module = Module.SEL,
    class_name: str = "ToyInstrInfo",
    file: str = "ToyInstrInfo.cpp",
    compiles: bool | None = True,
    message: str = "",
    others: tuple[tuple[FilledStatement, ...], ...] = (),
) -> PlannedFunction:
    """A planned function ``void [class_name::]name(unsigned Reg)`` with its candidates."""
    signature = Signature(name, class_name, result=("void",), params=(Param(("unsigned",), "Reg"),))
    candidates = tuple(Candidate(signature, s, 0.5, "template") for s in (statements, *others))
    return PlannedFunction(f"TargetInstrInfo::{name}", module, file, ("llvm",), False, candidates, 0, compiles, message)


def toy_plan() -> Plan:
    """Four functions: an if/else chain, a switch, one that does not compile and holds markup, one never written."""
    script = (Donor("<script>alert(1)</script>", "a&b.cpp", 7), Donor("Lanai", "LanaiInstrInfo.cpp", 41))
    copy = function(
        "copyPhysReg",
        (
            statement("a1", 'assert ( Ops [ bold ] && "[/bold]" ) ;', 0.95),
            statement("a2", "if ( Reg == 1 )", 0.4, kind=K.IF, alternatives=("if ( Reg == 2 )", "")),
            statement("a3", "return ;", 0.9, depth=1),
            statement("a4", "else", 0.85, kind=K.ELSE, braced=True),
            statement("a5", "use ( Reg ) ;", 0.1, depth=1, alternatives=("use ( Reg , 0 ) ;", "drop ( Reg ) ;", "")),
            statement("a6", "done ( ) ;", 0.8),
        ),
        others=((statement("a6", "done ( ) ;", 0.8),),),
    )
    select = function(
        "select",
        (
            statement("b1", "switch ( Reg )", 0.9, kind=K.SWITCH, braced=True),
            statement("b2", "default :", 0.3, depth=1, kind=K.CASE),
            statement("b3", "break ;", 0.9, depth=2),
            statement("b4", "case 1 :", 0.9, depth=1, kind=K.CASE),
            statement("b5", "break ;", 0.9, depth=2),
        ),
        compiles=None,
    )
    broken = function(
        "emit",
        (
            statement(
                "c1",
                'out ( <script>alert(2)</script> , "<b>&amp;" ) ;',
                0.97,
                donors=script,
                alternatives=('out ( "</script>" ) ;',),
            ),
        ),
        module=Module.EMI,
        class_name="",
        file="MCTargetDesc/Toy Emitter.cpp",
        compiles=False,
        message="Toy.cpp:3:9: error: use of <script>alert(3)</script> [-Wbad]\n  {0}",
    )
    absent = PlannedFunction("TargetInstrInfo::reverse", Module.DIS, "ToyDis.cpp", ("llvm",), False, (), -1)
    return Plan("Toy", Mode.DESC, FillerName.CONSENSUS, "19.1.7", ("XCore",), (), (), (copy, select, broken, absent))
