"""LLVM's own files, changed, in front of its prebuilt libraries: a tiny tool sees the changed header, and links the changed object."""

from __future__ import annotations

from pathlib import Path

import pytest

from llvm_integration.build import TargetBuild
from llvm_integration.discover import Installation, SourceTree, find_installation
from llvm_integration.failure import ToolFailure
from llvm_integration.overlay import overlay
from llvm_integration.process import run

HEADER = """\
#pragma once
#include "llvm/ADT/StringRef.h"
#include "../BinaryFormat/Numbers.def"
namespace llvm { namespace ELF { uint16_t convertArchNameToEMachine(StringRef Arch); } }
"""
SOURCE = """\
#include "llvm/BinaryFormat/ELF.h"
#include "Private.h"
uint16_t llvm::ELF::convertArchNameToEMachine(StringRef) { return EM_TINY + PRIVATE; }
"""
TOOL = """\
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/raw_ostream.h"
int main() { llvm::outs() << llvm::ELF::convertArchNameToEMachine("tiny") << "\\n"; }
"""
TREE = {
    "lib/Target/Tiny/CMakeLists.txt": "add_llvm_target(TinyCodeGen Tiny.cpp LINK_COMPONENTS Support ADD_TO_COMPONENT Tiny)",
    "lib/Target/Tiny/Tiny.cpp": "",
    "lib/BinaryFormat/CMakeLists.txt": "add_llvm_component_library(LLVMBinaryFormat ELF.cpp LINK_COMPONENTS Support)",
    "lib/BinaryFormat/Private.h": "#define PRIVATE 1000\n",
    "lib/ObjectYAML/CMakeLists.txt": "add_llvm_component_library(LLVMObjectYAML YAML.cpp LINK_COMPONENTS Support)",
    "lib/Object/ELFObjectFile.cpp": "",
    "include/llvm/BinaryFormat/Numbers.def": "enum { EM_TINY = 234 };\n",
    "tools/tinytool/CMakeLists.txt": "set(LLVM_LINK_COMPONENTS BinaryFormat Support)\nadd_llvm_utility(tinytool main.cpp)",
    "tools/tinytool/main.cpp": TOOL,
}
CHANGED = {
    "llvm/include/llvm/BinaryFormat/ELF.h": HEADER.encode(),
    "llvm/lib/BinaryFormat/ELF.cpp": SOURCE.encode(),
    "llvm/lib/ObjectYAML/YAML.cpp": b"#error no tool links it\n",
    "llvm/CMakeLists.txt": b"",
}


@pytest.fixture(scope="module")
def installation() -> Installation:
    return find_installation("19.1.7")


def tree(root: Path) -> SourceTree:
    for path, text in TREE.items():
        (root / "llvm" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "llvm" / path).write_text(text)
    return SourceTree(root, "19.1.7")


def answer(build: TargetBuild) -> str:
    return run([str(build.prepare() / "tinytool")], timeout=20).check().stdout.strip()


def test_changed_files_come_before_the_installation_s(tmp_path: Path, installation: Installation) -> None:
    source = tree(tmp_path / "source")
    build = TargetBuild(
        source, installation, "Tiny", tmp_path / "work", overlay(source, CHANGED, tmp_path / "overlay"), tools=("tinytool",)
    )
    assert answer(build) == "1234"
    changed = CHANGED | {"llvm/tools/tinytool/main.cpp": TOOL.replace('("tiny") <<', '("tiny") << "!" <<').encode()}
    changed["llvm/lib/BinaryFormat/ELF.cpp"] = SOURCE.replace("EM_TINY +", "").encode()
    overlay(source, changed, tmp_path / "overlay")
    assert answer(build) == "1000!"
    assert not list(source.root.rglob("*.o"))


def test_a_changed_header_brings_the_file_that_goes_with_it(tmp_path: Path) -> None:
    source = tree(tmp_path / "source")
    made = overlay(source, {"llvm/include/llvm/Object/ELFObjectFile.h": b"", "llvm/lib/Target/Tiny/Tiny.cpp": b""}, tmp_path / "overlay")
    assert made.files == ("llvm/lib/Object/ELFObjectFile.cpp",)
    assert made.file(source.llvm / "lib/Object/ELFObjectFile.cpp") == source.llvm / "lib/Object/ELFObjectFile.cpp"
    with pytest.raises(ToolFailure, match="no file of LLVM itself is changed"):
        overlay(source, {"llvm/lib/Target/Tiny/Tiny.cpp": b""}, tmp_path / "overlay")
