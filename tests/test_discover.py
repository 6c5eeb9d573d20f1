"""Finding LLVM's source and installation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llvm_integration.discover import find_installation, machine, open_source
from llvm_integration.failure import ToolFailure

VERSION_LINES = """
if(NOT DEFINED LLVM_VERSION_MAJOR)
  set(LLVM_VERSION_MAJOR {0})
endif()
set(LLVM_VERSION_MINOR {1})
  set( LLVM_VERSION_PATCH {2} )
"""


def make_tree(root: Path, version_file: str, version: tuple[int, int, int]) -> Path:
    (root / "llvm" / "lib" / "Target").mkdir(parents=True)
    file = root / version_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(VERSION_LINES.format(*version))
    return root


def make_build(root: Path, version: str, *, assertions: str = "ON") -> Path:
    """A build directory whose llvm-config is a script with fixed answers."""
    (root / "include" / "llvm" / "Config").mkdir(parents=True)
    (root / "include" / "llvm" / "Config" / "llvm-config.h").touch()
    (root / "bin").mkdir()
    tool = root / "bin" / "llvm-config"
    lines = (version, root, root / "bin", root / "lib", assertions, f"-I/src/include -I{root}/include -D_GNU_SOURCE")
    tool.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    tool.chmod(0o755)
    return root


@pytest.mark.parametrize(
    ("file", "version"), [("cmake/Modules/LLVMVersion.cmake", (19, 1, 7)), ("llvm/CMakeLists.txt", (16, 0, 6))], ids=["new", "old"]
)
def test_source_by_root_or_llvm_folder(tmp_path: Path, file: str, version: tuple[int, int, int]) -> None:
    root = make_tree(tmp_path / "tree", file, version)
    by_root, by_llvm = open_source(root), open_source(root / "llvm")
    assert by_root == by_llvm
    assert by_root.version == ".".join(map(str, version))
    assert (by_root.root, by_root.llvm, by_root.is_git) == (root, root / "llvm", False)


def test_the_real_source(llvm_source: Path) -> None:
    assert open_source(llvm_source / "llvm").version == "19.1.7"


def test_no_source(tmp_path: Path) -> None:
    with pytest.raises(ToolFailure, match="no such folder"):
        open_source(tmp_path / "absent")
    with pytest.raises(ToolFailure, match="not an LLVM source tree") as caught:
        open_source(tmp_path)
    assert "vega-gen llvm get" in caught.value.next_step
    (tmp_path / "llvm" / "lib" / "Target").mkdir(parents=True)
    with pytest.raises(ToolFailure, match="no LLVM version"):
        open_source(tmp_path)


def test_installation_of_this_machine() -> None:
    found = find_installation("19.1.7")
    assert found.version.startswith("19.1.") and found.major == 19
    assert found.build_dir is None
    assert any((folder / "llvm" / "IR" / "Module.h").is_file() for folder in found.include_dirs)
    assert (found.lib_dir / "libLLVMCore.a").is_file()
    for tool in (found.llvm_tblgen, found.clangxx, found.lld, found.filecheck, found.tool("llc")):
        assert os.access(tool, os.X_OK)
    assert found.find_tool("no-such-tool") is None
    with pytest.raises(ToolFailure, match="has no no-such-tool"):
        found.tool("no-such-tool")


def test_build_directory(tmp_path: Path) -> None:
    build = make_build(tmp_path, "23.0.0git")
    found = find_installation("23.0.0", build)
    assert (found.version, found.assertions, found.build_dir) == ("23.0.0", True, build)
    assert found.include_dirs == (Path("/src/include"), build / "include")
    assert found.bindir == build / "bin"


def test_version_that_does_not_fit(tmp_path: Path) -> None:
    build = make_build(tmp_path, "19.0.1")
    with pytest.raises(ToolFailure, match=r"no LLVM 19\.1 .*llvm-config is 19\.0\.1"):
        find_installation("19.1.7", build)
    with pytest.raises(ToolFailure, match=r"no LLVM 99\.1 on this machine") as caught:
        find_installation("99.1.0")
    assert "doctor --install" in caught.value.next_step
    with pytest.raises(ToolFailure, match="no LLVM"):
        find_installation("19.1.7", tmp_path / "absent")


def test_machine_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    here = machine(tmp_path / "not" / "yet")
    assert 1 <= here.cores <= (os.cpu_count() or 1)
    assert 0 < here.memory_available <= here.memory
    assert here.disk_free == pytest.approx(os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize, rel=0.05)
