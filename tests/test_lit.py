"""llvm_integration.lit: finding and running a target's tests. A tiny suite of our own stands for LLVM's."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from llvm_integration.discover import Installation, SourceTree, find_installation, open_source
from llvm_integration.lit import TEST_VARIABLE, ResultCode, TestSuite
from llvm_integration.process import ToolFailure

CONFIG = """\
import os, lit.formats
config.name = "LLVM"
config.test_format = lit.formats.ShTest(False)
config.suffixes = [".ll"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.llvm_obj_root, "test")
config.environment["PATH"] = config.llvm_tools_dir + os.pathsep + os.environ["PATH"]
config.available_features.update(arch.lower() + "-registered-target" for arch in config.targets_to_build.split())
assert config.have_unknown == 0 and config.unknown_text == "" and config.have_zlib == 1
"""
SITE = """\
@LIT_SITE_CFG_IN_HEADER@
config.llvm_src_root = path(r"@LLVM_SOURCE_DIR@")
config.llvm_obj_root = path(r"@LLVM_BINARY_DIR@")
config.llvm_tools_dir = path(r"@LLVM_TOOLS_DIR@")
config.targets_to_build = "@TARGETS_TO_BUILD@"
config.have_unknown = @NO_SUCH_KEY@
config.have_zlib = @LLVM_ENABLE_ZLIB@
config.unknown_text = "@NO_SUCH_KEY@"
lit_config.load_config(config, os.path.join(config.llvm_src_root, "test/lit.cfg.py"))
"""
TESTS = {
    "CodeGen/Tiny/pass.ll": "; RUN: tinytool | FileCheck %s\n; CHECK: tiny says yes\n",
    "CodeGen/Tiny/sub/fail.ll": "; RUN: false\n",
    "CodeGen/Tiny/hang.ll": "; RUN: sleep 97\n",
    "CodeGen/Tiny/Inputs/input.ll": "; RUN: false\n",
    "CodeGen/Tiny/readme.txt": "; RUN: false\n",
    "MC/Disassembler/Tiny/xfail.ll": "; XFAIL: *\n; RUN: false\n",
    "MC/Disassembler/Tiny/xpass.ll": "; XFAIL: *\n; RUN: true\n",
    "tools/thing/Tiny/needs.ll": "; REQUIRES: other-registered-target\n; RUN: false\n",
    "tools/thing/Tiny/no-run-line.ll": "\n",
    "CodeGen/TinyToo/other.ll": "; RUN: false\n",
}


@pytest.fixture(scope="module")
def installation() -> Installation:
    return find_installation("19.1.7")


@pytest.fixture
def suite(tmp_path: Path, installation: Installation) -> TestSuite:
    test = tmp_path / "llvm" / "test"
    for name, text in {**TESTS, "lit.cfg.py": CONFIG, "lit.site.cfg.py.in": SITE}.items():
        (test / name).parent.mkdir(parents=True, exist_ok=True)
        (test / name).write_text(text)
    return TestSuite(SourceTree(tmp_path, "19.1.7"), installation, "Tiny", tmp_path / "work")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    tool = tmp_path / "tools" / "tinytool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho tiny says yes\n")
    tool.chmod(0o755)
    return tool.parent


def test_discovers_the_target_s_folders_only(suite: TestSuite) -> None:
    assert [folder.relative_to(suite.root).as_posix() for folder in suite.folders()] == [
        "CodeGen/Tiny",
        "MC/Disassembler/Tiny",
        "tools/thing/Tiny",
    ]
    assert suite.discover() == (
        "CodeGen/Tiny/hang.ll",
        "CodeGen/Tiny/pass.ll",
        "CodeGen/Tiny/sub/fail.ll",
        "MC/Disassembler/Tiny/xfail.ll",
        "MC/Disassembler/Tiny/xpass.ll",
        "tools/thing/Tiny/needs.ll",
        "tools/thing/Tiny/no-run-line.ll",
    )


def test_every_code(suite: TestSuite, tools: Path) -> None:
    start = time.monotonic()
    results = suite.run(suite.discover(), tools, timeout=2, jobs=2)
    assert time.monotonic() - start < 60
    assert {name: result.code for name, result in results.items()} == {
        "CodeGen/Tiny/hang.ll": ResultCode.TIMEOUT,
        "CodeGen/Tiny/pass.ll": ResultCode.PASS,
        "CodeGen/Tiny/sub/fail.ll": ResultCode.FAIL,
        "MC/Disassembler/Tiny/xfail.ll": ResultCode.XFAIL,
        "MC/Disassembler/Tiny/xpass.ll": ResultCode.XPASS,
        "tools/thing/Tiny/needs.ll": ResultCode.UNSUPPORTED,
        "tools/thing/Tiny/no-run-line.ll": ResultCode.UNRESOLVED,
    }
    assert "false" in results["CodeGen/Tiny/sub/fail.ll"].output
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "97"]]


def test_rebuilt_tools_come_first(suite: TestSuite, tools: Path) -> None:
    (tools / "FileCheck").write_text("#!/bin/sh\nexit 1\n")
    (tools / "FileCheck").chmod(0o755)
    assert suite.run(["CodeGen/Tiny/pass.ll"], tools, timeout=20, jobs=1)["CodeGen/Tiny/pass.ll"].code is ResultCode.FAIL
    (tools / "FileCheck").unlink()
    assert suite.run(["CodeGen/Tiny/pass.ll"], tools, timeout=20, jobs=1)["CodeGen/Tiny/pass.ll"].code is ResultCode.PASS


def test_stops_after_the_first_failure(suite: TestSuite, tools: Path) -> None:
    for number in range(20):
        (suite.root / "CodeGen/Tiny" / f"a{number}.ll").write_text("; RUN: false\n")
    names = [f"CodeGen/Tiny/a{number}.ll" for number in range(20)]
    results = suite.run(names, tools, timeout=20, jobs=1, max_failures=1)
    assert 1 <= len(results) < 20
    assert any(result.code.is_failure for result in results.values())


def test_runs_tests_in_the_order_given(suite: TestSuite, tools: Path) -> None:
    names = [f"CodeGen/Tiny/a{number}.ll" for number in (3, 1, 2)]
    for name in names:
        (suite.root / name).write_text(f"; RUN: echo {name} >> {suite.work}/order\n")
    suite.run(names, tools, timeout=20, jobs=1)
    assert (suite.work / "order").read_text().splitlines() == names


def test_a_test_that_lit_leaves_out_is_an_error(suite: TestSuite, tools: Path) -> None:
    with pytest.raises(ToolFailure):
        suite.run(["CodeGen/Tiny/pass.ll", "CodeGen/Tiny/readme.txt"], tools, timeout=20, jobs=1)
    with pytest.raises(ToolFailure, match="no tests"):
        suite.run([], tools, timeout=20, jobs=1)


def test_nothing_found_is_an_error(suite: TestSuite, installation: Installation) -> None:
    with pytest.raises(ToolFailure, match="Nowhere"):
        TestSuite(suite.source, installation, "Nowhere", suite.work).discover()


def test_llvm_s_own_configuration_is_read(llvm_source: Path, tmp_path: Path, installation: Installation) -> None:
    source = open_source(llvm_source)
    tests = TestSuite(source, installation, "Lanai", tmp_path).discover()
    assert {name.rpartition("/")[0] for name in tests} >= {"CodeGen/Lanai", "MC/Lanai", "tools/llvm-objdump/ELF/Lanai"}


def test_the_programs_of_a_test_are_told_its_name(suite: TestSuite, tools: Path) -> None:
    (tools / "tinytool").write_text(f"#!/bin/sh\necho tiny says yes; echo ran for ${TEST_VARIABLE} >&2; exit 7\n")
    result = suite.run(["CodeGen/Tiny/pass.ll"], tools, timeout=20, jobs=2)["CodeGen/Tiny/pass.ll"]
    assert "ran for CodeGen/Tiny/pass.ll" in result.output


def test_the_programs_of_a_test_find_no_memory_as_it_was(suite: TestSuite, tools: Path) -> None:
    program = "import ctypes as c; m = c.CDLL(None).malloc; m.restype = c.c_void_p; print(c.string_at(m(4096), 64)[32:40].hex())"
    (tools / "tinytool").write_text(f"#!/bin/sh\necho tiny says yes; {sys.executable} -c '{program}' >&2; exit 7\n")
    test = "CodeGen/Tiny/pass.ll"
    assert f"{0xFF ^ 165:02x}" * 8 in suite.run([test], tools, timeout=20, jobs=2)[test].output
    assert suite.scripts([test], tools)[1]["MALLOC_PERTURB_"] == "165"
