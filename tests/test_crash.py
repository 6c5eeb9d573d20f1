"""llvm_integration.crash: how a tool ended. The stack below is made up after the form in which LLVM prints one."""

from __future__ import annotations

from pathlib import Path

import pytest

from llvm_integration.crash import Crash, Tried, data_layout, read
from llvm_integration.process import Completed

STACK = """\
PLEASE submit a bug report to https://example.org/ and include the crash backtrace.
Stack dump:
0.\tProgram arguments: /w/bin/llc -march=toy nothing.ll
 #0 0x0000000001a82b46 llvm::sys::PrintStackTrace(llvm::raw_ostream&, int) (/w/bin/llc+0x1a82b46)
 #1 0x00007f86ef802050 (/lib/libc.so.6+0x3c050)
 #2 0x00007f86ef850eec raise ./signal/../sysdeps/posix/raise.c:27:6
 #3 0x0000000000657600 (anonymous namespace)::ToyLower::run(llvm::Foo const&) const /w/whole/ToyLower.cpp:9:3
 #4 0x000000000064a422 main (/w/bin/llc+0x64a422)
"""


def ended(status: int, said: str = "", timed_out: bool = False) -> Tried:
    return read(Completed(("llc",), status, "", said, 0.1, timed_out))


def test_a_signal_is_a_crash_with_the_functions_on_the_stack() -> None:
    found = ended(-11, STACK)
    assert found.error == "was ended by signal 11" and found.crash is not None
    shown = [frame for frame in found.crash.frames if not frame.startswith("(/")]
    assert shown == [
        "llvm::sys::PrintStackTrace(llvm::raw_ostream&, int)",
        "raise",
        "(anonymous namespace)::ToyLower::run(llvm::Foo const&) const",
        "main",
    ]


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        (ended(0), Tried("", None)),
        (ended(-6, "LLVM ERROR: Toy: ToyFoo::bar is not written yet\n" + STACK), Tried("Toy: ToyFoo::bar is not written yet", None)),
        (ended(1, "llc: error: llc: nothing.ll: no such file\n"), Tried("llc: nothing.ll: no such file", None)),
        (ended(1), Tried("status 1", None)),
        (ended(-9, "", timed_out=True), Tried("did not end", Crash("did not end", ()))),
    ],
    ids=["well", "an error of LLVM's", "an error of the tool's", "silent", "no end"],
)
def test_an_error_that_is_told_is_no_crash(tried: Tried, expected: Tried) -> None:
    assert tried == expected


def test_the_data_layout_is_what_llc_gives_a_module(tmp_path: Path) -> None:
    llc = tmp_path / "llc"
    llc.write_text('#!/bin/sh\n[ "$1" = --mtriple=toy ] && printf -- "--- |\\n  target datalayout = \\"e-p:32:32\\"\\n"\n')
    llc.chmod(0o755)
    assert data_layout(llc, "toy") == "e-p:32:32"
    assert data_layout(llc, "other") == ""
