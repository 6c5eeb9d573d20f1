"""The command line's frame: errors in one form, exit statuses, signals, and a light start."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from llvm_integration.failure import Failure, ToolFailure
from tests.test_process import wait_until
from vega_gen.cli import main
from vega_gen.cli.main import render
from vega_gen.errors import InputError, out_of_memory
from vega_gen.records import FindingKind, Severity, TdFinding

ROOT = Path(__file__).resolve().parent.parent
MORE_MEMORY = "end other programs, use fewer --jobs, or use --filler consensus, which needs no model; finished work is kept"
HEAVY = ("torch", "transformers", "tree_sitter", "networkx", "git", "jinja2", "numpy", "orjson")


@pytest.mark.parametrize(
    ("failure", "lines"),
    [
        (InputError("expected ';'", "A.td:3:7", "correct the file"), ["vega-gen: error: A.td:3:7: expected ';'", "next: correct the file"]),
        (Failure("[no] test is green"), ["vega-gen: error: [no] test is green"]),
        (
            ToolFailure("ld.lld failed", command="ld.lld x", output="no [such] file", next_step="look"),
            ["vega-gen: error: ld.lld failed", "no [such] file", "command: ld.lld x", "next: look"],
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y.cpp"),
            [
                "vega-gen: error: /x/y.cpp: No space left on device",
                "next: free some space on that disk, or write elsewhere (--out, VEGA_GEN_CACHE)",
            ],
        ),
        (MemoryError(), ["vega-gen: error: out of memory", f"next: {MORE_MEMORY}"]),
    ],
    ids=["input", "no-place", "tool", "disk", "memory"],
)
def test_errors_have_one_form_and_exit_2(
    failure: Exception, lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise failure

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(main, "app", fail)
    try:
        with pytest.raises(SystemExit) as ended:
            main.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert said.err.splitlines() == lines
    assert said.out == ""


@pytest.mark.parametrize("writable", [True, False])
def test_an_unexpected_exception_is_one_line_and_a_log(
    writable: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def endless() -> None:
        endless()

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(main, "app", endless)
    monkeypatch.setattr(sys, "argv", ["vega-gen", "mine", "a b"])
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path if writable else tmp_path / "none"))
    try:
        with pytest.raises(SystemExit) as ended:
            main.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    error, advice = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert error == "vega-gen: error: this is a bug in vega-gen: RecursionError: maximum recursion depth exceeded"
    if not writable:
        assert advice == "next: report it with the command line: vega-gen mine 'a b'"
        return
    (log,) = tmp_path.iterdir()
    assert advice == f"next: report it and attach {log}, which holds the command line and the traceback"
    said = log.read_text()
    assert "vega-gen mine 'a b'\n" in said and "Traceback (most recent call last)" in said and "in endless" in said


def test_what_says_that_no_memory_is_left() -> None:
    import torch

    for size in (1 << 50, 1 << 60):
        with pytest.raises((MemoryError, RuntimeError)) as failed:
            torch.empty(size)
        assert out_of_memory(failed.value), str(failed.value)
    with pytest.raises(MemoryError) as plain:
        bytearray(1 << 60)
    assert out_of_memory(plain.value)
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_help_loads_nothing_heavy() -> None:
    code = f"""
import sys
sys.argv = ["vega-gen", "--help"]
from vega_gen.cli.main import main
try:
    main()
except SystemExit as ended:
    assert ended.code == 0
print("loaded:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_termination_ends_the_children() -> None:
    code = """
from vega_gen.cli import main
from llvm_integration.process import run
main.app = lambda: run(["sleep", "60"])
main.main()
"""
    command = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        def sleepers() -> list[psutil.Process]:
            return [child for child in psutil.Process(command.pid).children(recursive=True) if child.name() == "sleep"]

        assert wait_until(lambda: bool(sleepers()))
        (child,) = sleepers()
        command.terminate()
        assert command.wait(20) == 128 + signal.SIGTERM
        assert wait_until(lambda: not child.is_running())
    finally:
        command.kill()
        command.wait()


def test_progress_shows_what_is_under_way_and_nothing_if_nothing_was(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "ERR", Console(highlight=False, soft_wrap=True, stderr=True, force_terminal=True))
    with render.progress("idle"):
        pass
    assert capsys.readouterr().err == ""
    with render.progress("mining") as advance:
        advance(1, 2, "")
        advance(2, 2, "[Lanai]")
    said = capsys.readouterr()
    assert "mining" in said.err and "100%" in said.err and "[Lanai]" in said.err
    assert said.out == ""


def test_progress_in_a_log_is_a_line_as_a_stage_begins_and_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 10.0, 41.0, 70.0, 75.0])
    monkeypatch.setattr(render.time, "monotonic", lambda: next(clock))
    with render.progress("mining") as advance:
        advance(0, 4, "parsing A.cpp")
        advance(1, 4, "parsing B.cpp")  # no line of its own
        advance(2, 4, "parsing C.cpp")  # nothing was said for half a minute
        advance(0, 0, "TableGen [Lanai]")
    assert capsys.readouterr().err.splitlines() == [
        "[0:00] mining: parsing A.cpp",
        "[0:41] mining: parsing C.cpp (2 of 4)",
        "[1:10] mining: parsing ended after 70 s",
        "[1:10] mining: TableGen [Lanai]",
        "[1:15] mining: TableGen ended after 5 s",
    ]


def test_json_goes_to_standard_output_whole(capsys: pytest.CaptureFixture[str]) -> None:
    render.json_text({"path": Path("/a"), "text": "[b]" * 200})
    assert capsys.readouterr().out == '{\n  "path": "/a",\n  "text": "' + "[b]" * 200 + '"\n}\n'


@pytest.mark.parametrize(("errors", "warnings", "shown", "more"), [(0, 3, "www", 0), (2, 20, "eewwwwwwww", 12), (12, 1, "e" * 12, 1)])
def test_try_shows_the_worst_of_what_check_finds(errors: int, warnings: int, shown: str, more: int) -> None:
    def of(severity: Severity) -> TdFinding:
        return TdFinding(FindingKind.NO_SIZE, severity, ("A",), "what", "cost", "advice")

    found = [*[of(Severity.WARNING)] * warnings, of(Severity.NOTE), *[of(Severity.ERROR)] * errors]
    listed, rest = render.worst(found)
    assert ("".join(f.severity[0] for f in listed), rest) == (shown, more)
