"""llvm_integration: reading CMakeLists.txt, building one target, comparing objects. A tiny tree of our own stands for LLVM."""

from __future__ import annotations

from pathlib import Path

import pytest

from llvm_integration.build import TargetBuild
from llvm_integration.check import Checker
from llvm_integration.cmake import TableGenRun, read_lists
from llvm_integration.discover import Installation, SourceTree, find_installation
from llvm_integration.incremental import dependencies
from llvm_integration.objects import same_object
from llvm_integration.precompiled import included_headers
from llvm_integration.process import ToolFailure, run
from llvm_integration.toolchain import compile_flags, write_config_header, write_overlay

CMAKE = """\
# comment with a ) in it
add_llvm_component_group(Tiny)
set(LLVM_TARGET_DEFINITIONS Tiny.td)
tablegen(LLVM TinyKinds.inc -print-enums -class="Kind") #[[ a
bracket comment ( ]]
set(more
  ${CMAKE_CURRENT_SOURCE_DIR}/TinyMore.cpp)
list(APPEND more TinyLast.cpp)
add_llvm_target(TinyCodeGen TinyMain.cpp ${more}
  LINK_COMPONENTS MC Support TinyInfo
  ADD_TO_COMPONENT Tiny
)
add_subdirectory(TargetInfo)
"""
SUBFOLDER = "add_llvm_component_library(LLVMTinyInfo TinyTargetInfo.cpp LINK_COMPONENTS\n Support)\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture(scope="module")
def installation() -> Installation:
    return find_installation("19.1.7")


def test_lists_of_a_target(tmp_path: Path) -> None:
    lists = read_lists(write(tmp_path, {"CMakeLists.txt": CMAKE, "TargetInfo/CMakeLists.txt": SUBFOLDER}))
    assert lists.tablegen == (TableGenRun("TinyKinds.inc", tmp_path / "Tiny.td", ("-print-enums", "-class=Kind")),)
    assert lists.sources == ("TinyMain.cpp", "TinyMore.cpp", "TinyLast.cpp", "TargetInfo/TinyTargetInfo.cpp")
    assert lists.components == ("MC", "Support")
    assert lists.defined == {"Tiny", "TinyCodeGen", "TinyInfo"}


def test_lists_of_a_tool(tmp_path: Path) -> None:
    text = """\
set(LLVM_LINK_COMPONENTS AllTargetsDescs MC)
add_llvm_library(LLVMPartDriver STATIC part.cpp)
add_llvm_tool(part main.cpp DEPENDS x GENERATE_DRIVER)
target_link_libraries(part PRIVATE LLVMPartDriver LLVMElsewhere)
"""
    lists = read_lists(write(tmp_path, {"CMakeLists.txt": text}))
    assert lists.sources == ("part.cpp", "main.cpp")
    assert lists.components == ("AllTargetsDescs", "MC")
    assert lists.libraries == ("LLVMElsewhere",)
    assert lists.generate_driver


@pytest.mark.parametrize(
    ("text", "line"), [("set(a b\n", 1), ("\nset(a))\n", 2), ("\n\ntablegen(LLVM X.inc -gen-emitter)\n", 3)], ids=["open", "close", "td"]
)
def test_bad_cmake_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ToolFailure) as failure:
        read_lists(write(tmp_path, {"CMakeLists.txt": text}))
    assert failure.value.where == f"{tmp_path / 'CMakeLists.txt'}:{line}"


def test_a_program_in_a_subfolder_is_another(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": "add_subdirectory(child)\nadd_subdirectory(lib)\nadd_llvm_tool(parent parent.cpp)",
        "child/CMakeLists.txt": "add_llvm_utility(child child.cpp)",
        "lib/CMakeLists.txt": "add_llvm_library(LLVMParent STATIC lib.cpp)",
    }
    assert read_lists(write(tmp_path, files)).sources == ("lib/lib.cpp", "parent.cpp")


def test_missing_subfolder(tmp_path: Path) -> None:
    with pytest.raises(ToolFailure) as failure:
        read_lists(write(tmp_path, {"CMakeLists.txt": "add_subdirectory(None)"}))
    assert failure.value.where.startswith(str(tmp_path / "None"))


def test_every_source_of_llvm_is_named(llvm_source: Path) -> None:
    """LLVM has no .cpp in a target's folder that is not built, so the reader must find exactly those that are there."""
    folders = [path.parent for path in (llvm_source / "llvm/lib/Target").glob("*/CMakeLists.txt")]
    assert len(folders) == 25
    for folder in folders:
        assert set(read_lists(folder).sources) == {path.relative_to(folder).as_posix() for path in folder.rglob("*.cpp")}


def test_overlay_names_one_target(tmp_path: Path, installation: Installation) -> None:
    target = write(tmp_path / "target", {"CMakeLists.txt": "", "ToyAsmPrinter.cpp": "", "AsmParser/CMakeLists.txt": ""})
    write_overlay(tmp_path / "include", "Toy", target, installation)
    texts = {path.name: path.read_text() for path in (tmp_path / "include/llvm/Config").iterdir()}
    assert texts["Targets.def"] == "LLVM_TARGET(Toy)\n#undef LLVM_TARGET\n"
    assert texts["AsmPrinters.def"].startswith("LLVM_ASM_PRINTER(Toy)\n")
    assert texts["AsmParsers.def"].startswith("LLVM_ASM_PARSER(Toy)\n")
    assert texts["Disassemblers.def"] == "#undef LLVM_DISASSEMBLER\n"


def test_a_candidate_may_include_the_header_that_no_package_installs(tmp_path: Path, installation: Installation) -> None:
    write_config_header(tmp_path / "include", installation)
    folders = (tmp_path / "include", *installation.include_dirs)
    checker = Checker(installation, folders, compile_flags(installation), tmp_path / "checks")
    preamble = checker.preamble("config", '#include "llvm/Config/config.h"\n#ifndef LLVM_VERSION_MAJOR\n#error no version\n#endif\n')
    checker.close()
    assert preamble.mistakes == ()


def test_dependencies_of_a_depfile(tmp_path: Path) -> None:
    depfile = tmp_path / "x.d"
    depfile.write_text("/o/x.o: /s/x.cpp \\\n  /s/a\\ b.h /s/sub/../y.h \\\n  /s/x.cpp\n")
    assert dependencies(depfile) == ("/s/x.cpp", "/s/a b.h", "/s/y.h")


def test_included_headers() -> None:
    text = '#include "A.h"\n#if X\n#include "B.h"\n#endif\n#define GET_Y\n#include "Y.inc"\n#  include <vector> // why\n#include "A.h"\n'
    assert included_headers(text) == ('"A.h"', "<vector>")


TREE = {
    "lib/Target/Tiny/CMakeLists.txt": CMAKE,
    "lib/Target/Tiny/TargetInfo/CMakeLists.txt": SUBFOLDER,
    "lib/Target/Tiny/Tiny.td": "class Kind; def K1 : Kind; def K2 : Kind;",
    "lib/Target/Tiny/Tiny.h": "#pragma once\nint tinyMore();\n#define TINY_BASE 7\n",
    "lib/Target/Tiny/TinyMain.cpp": '#include "Tiny.h"\n#include <vector>\nenum { \n#include "TinyKinds.inc"\n};\n'
    "static std::vector<int> Values(K2 + 1, TINY_BASE);\nint tiny() { return Values[0] * 10 + tinyMore(); }\n",
    "lib/Target/Tiny/TinyMore.cpp": '#include "Tiny.h"\nint tinyMore() { return 2; }\n',
    "lib/Target/Tiny/TinyLast.cpp": '#define WANTED int\n#include "Wants.h"\n',
    "lib/Target/Tiny/Wants.h": "WANTED last;\n",
    "lib/Target/Tiny/TargetInfo/TinyTargetInfo.cpp": "",
    "tools/tinytool/CMakeLists.txt": "set(LLVM_LINK_COMPONENTS AllTargetsCodeGens Support)\nadd_llvm_tool(tinytool main.cpp)",
    "tools/tinytool/main.cpp": '#include "llvm/Support/raw_ostream.h"\nint tiny();\nint main() { llvm::outs() << tiny() << "\\n"; }\n',
}


def answer(tool: Path) -> str:
    return run([str(tool)], timeout=20).check().stdout.strip()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, installation: Installation) -> TargetBuild:
    root = tmp_path_factory.mktemp("tiny")
    write(root / "llvm", TREE)
    build = TargetBuild(SourceTree(root, "19.1.7"), installation, "Tiny", root / "work", tools=("tinytool",))
    build.prepare()
    return build


def test_baseline_runs_and_is_not_made_twice(built: TargetBuild) -> None:
    steps: list[tuple[int, int, str]] = []
    tool = built.work / "bin/tinytool"
    before = tool.stat().st_mtime_ns
    built.prepare(lambda done, total, name: steps.append((done, total, name)))
    assert answer(tool) == "72"
    assert steps[-1][:2] == (5, 5)
    assert tool.stat().st_mtime_ns == before


def test_changed_file_keeps_its_name_and_links(built: TargetBuild, tmp_path: Path, installation: Installation) -> None:
    text = TREE["lib/Target/Tiny/TinyMain.cpp"]
    same, other = tmp_path / "same.o", tmp_path / "other.o"
    assert built.compile("TinyMain.cpp", text + "\n// another comment\n", same).ok
    assert same_object(same, built.objects["TinyMain.cpp"], installation)
    assert built.compile("TinyMain.cpp", text.replace("* 10", "* 100"), other).ok
    assert not same_object(other, built.objects["TinyMain.cpp"], installation)
    built.link(tmp_path / "bin", {"TinyMain.cpp": other})
    assert answer(tmp_path / "bin/tinytool") == "702"
    assert answer(built.work / "bin/tinytool") == "72"


def test_precompiled_header_is_used_where_it_gives_the_same_object(built: TargetBuild, tmp_path: Path) -> None:
    text = TREE["lib/Target/Tiny/TinyMain.cpp"]
    assert "-include-pch" in built.compile("TinyMain.cpp", text, tmp_path / "a.o").argv
    assert (tmp_path / "a.o").read_bytes() == built.objects["TinyMain.cpp"].read_bytes()
    # What this file includes depends on a macro that it defines first: its headers alone would not compile.
    assert "-include-pch" not in built.compile("TinyLast.cpp", None, tmp_path / "b.o").argv
    assert (tmp_path / "b.o").read_bytes() == built.objects["TinyLast.cpp"].read_bytes()


def test_compiler_error_names_the_changed_file(built: TargetBuild, tmp_path: Path) -> None:
    ended = built.compile("TinyMore.cpp", "int tinyMore() { return none; }", tmp_path / "x.o")
    assert ended.returncode == 1
    assert f"{built.target_dir / 'TinyMore.cpp'}:1:25: error" in ended.stderr


def test_changed_header_reaches_those_that_include_it(built: TargetBuild, tmp_path: Path) -> None:
    assert built.objects_including("Tiny.h") == ("TinyMain.cpp", "TinyMore.cpp")
    assert built.objects_including("TinyKinds.inc") == ("TinyMain.cpp",)
    header = TREE["lib/Target/Tiny/Tiny.h"].replace("7", "8")
    assert built.compile("TinyMain.cpp", None, tmp_path / "main.o", header_overrides={"Tiny.h": header}).ok
    built.link(tmp_path / "bin", {"TinyMain.cpp": tmp_path / "main.o"})
    assert answer(tmp_path / "bin/tinytool") == "82"


def test_what_is_not_there_is_an_error(built: TargetBuild, tmp_path: Path) -> None:
    with pytest.raises(ToolFailure, match=r"None\.cpp"):
        built.compile("None.cpp", "", tmp_path / "x.o")
    with pytest.raises(ToolFailure, match=r"None\.h"):
        built.objects_including("None.h")
    with pytest.raises(ToolFailure, match=r"None\.cpp"):
        built.link(tmp_path, {"None.cpp": tmp_path / "x.o"})


def test_missing_definition_fails_the_link(built: TargetBuild, tmp_path: Path) -> None:
    assert built.compile("TinyMore.cpp", "int another() { return 2; }", tmp_path / "x.o").ok
    with pytest.raises(ToolFailure, match="failed") as failure:
        built.link(tmp_path / "bin", {"TinyMore.cpp": tmp_path / "x.o"})
    assert "tinyMore" in failure.value.output


def test_same_object_ignores_what_does_not_reach_the_program(built: TargetBuild, tmp_path: Path, installation: Installation) -> None:
    objects: dict[str, Path] = {}
    one = "int f() { return 1; }"
    for name, text, flags in (("plain", one, []), ("debug", one, ["-g"]), ("g", one.replace("f", "g"), [])):
        (tmp_path / "f.cpp").write_text(text)
        objects[name] = tmp_path / f"{name}.o"
        run([str(installation.clangxx), "-O1", *flags, "-c", "f.cpp", "-o", str(objects[name])], cwd=tmp_path, timeout=30).check()
    assert objects["plain"].read_bytes() != objects["debug"].read_bytes()
    assert same_object(objects["plain"], objects["debug"], installation)
    assert not same_object(objects["plain"], objects["g"], installation)


def test_generation_error_passes_the_message_on(tmp_path: Path, installation: Installation) -> None:
    write(tmp_path / "llvm", {**TREE, "lib/Target/Tiny/Tiny.td": "class Kind\ndef"})
    build = TargetBuild(SourceTree(tmp_path, "19.1.7"), installation, "Tiny", tmp_path / "work", tools=("tinytool",))
    with pytest.raises(ToolFailure) as failure:
        build.prepare()
    assert "Tiny.td:2:1: error" in failure.value.output
