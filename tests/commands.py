"""Run the command line in this process on the tiny checkout of ``tiny_llvm``; tests import the fixtures ``command`` and ``tiny``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny_llvm

from vega_gen.cli import main


@dataclass(frozen=True)
class Said:
    """What a command left: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture(scope="session")
def kept_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests: what is in it depends on content alone."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, kept_cache: Path) -> Command:
    """``command("mine", "--llvm", root)``, with the tiny checkout's llvm-tblgen on PATH."""
    monkeypatch.setenv("PATH", tiny_llvm.tools(tmp_path / "bin"))
    monkeypatch.setenv("VEGA_GEN_CACHE", str(kept_cache))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["vega-gen", *map(str, words)])
        before = signal.getsignal(signal.SIGTERM)
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def tiny(tmp_path: Path, llvm_source: Path) -> Path:
    """A tiny LLVM checkout with the targets Aaa, Bbb and Ccc, a plain tree."""
    return tiny_llvm.make(tmp_path / "llvm-project", llvm_source)


@pytest.fixture
def td(tmp_path: Path) -> Path:
    """The .td of a target that the checkout does not have, elsewhere."""
    return tiny_llvm.put(tmp_path / "isa" / "Neu.td", tiny_llvm.toy_td("Neu"))
