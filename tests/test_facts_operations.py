"""Operations: instructions whose operands an archetype fills, and those that the .td fills itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from vega_gen.archetypes.code import Code
from vega_gen.facts import find_facts
from vega_gen.facts.arithmetic import binary
from vega_gen.facts.operations import OperandRole
from vega_gen.facts.selections import OperandKind
from vega_gen.facts.view import TargetView
from vega_gen.records import Description
from vega_gen.tablegen import describe

TESTS = Path(__file__).parent


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def described(name: str, llvm_source: Path) -> Description:
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found, "no llvm-tblgen; vega-gen doctor says how to get it"
    return describe(TESTS / f"inputs/{name}.td", folder=name, llvm_include=llvm_source / "llvm/include", tblgen=Path(found))


def test_a_predicate_has_its_default(llvm_source: Path) -> None:
    d = described("Heron", llvm_source)
    op = binary(TargetView(d), "xor", OperandKind.REG)
    assert op is not None
    assert op.record == "EOR"
    assert op.roles == (OperandRole.DST, OperandRole.SRC, OperandRole.SRC2, OperandRole.FIXED)
    assert op.free == op.roles[:3]
    assert op.value(3) == "0"
    built = Code(find_facts(d)).mi(op, dst="A", src="B", src2="C")
    assert built == "BuildMI(MBB, MI, DL, get(Heron::EOR)).addReg(A, RegState::Define).addReg(B).addReg(C).addImm(0)"
