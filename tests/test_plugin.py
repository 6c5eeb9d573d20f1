"""Building a backend as a plug-in, with the real compiler, linker and LLVM; the backend is a target that registers its name and no more."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_discover import make_build

from llvm_integration.discover import Installation, find_installation, installed
from llvm_integration.failure import ToolFailure
from llvm_integration.linking import link_errors
from llvm_integration.plugin import PluginBuild, host, library_version, linker, shared_library
from llvm_integration.process import run

INFO = """\
#include "ToyInfo.h"
#include "llvm/MC/TargetRegistry.h"

extern "C" void LLVMInitializeToyTargetInfo() {
  static llvm::Target Toy;
  llvm::RegisterTarget<llvm::Triple::UnknownArch> X(Toy, "toy", described(), "Toy");
}
"""
DESCRIBED = """\
#include "ToyInfo.h"

const char *described() { return "a toy"; }
"""
MC = 'extern "C" void LLVMInitializeToyTargetMC() {}\n'


@pytest.fixture
def installation() -> Installation:
    return find_installation("19.1")


@pytest.fixture
def toy(tmp_path: Path, installation: Installation) -> PluginBuild:
    folder = tmp_path / "Toy"
    (folder / "MCTargetDesc").mkdir(parents=True)
    (folder / "ToyInfo.h").write_text("const char *described();\n")
    (folder / "ToyInfo.cpp").write_text(INFO)
    (folder / "ToyDescribed.cpp").write_text(DESCRIBED)
    (folder / "MCTargetDesc" / "ToyMC.cpp").write_text(MC)
    return plugin_build(tmp_path, installation)


def plugin_build(place: Path, installation: Installation) -> PluginBuild:
    return PluginBuild(installation, place / "Toy", place / "tables", "Toy", place / "work", (place / "kept").joinpath, 2)


def silent(done: int, total: int, text: str) -> None:
    del done, total, text


def test_tools_that_load_it_list_the_target(toy: PluginBuild, tmp_path: Path) -> None:
    plugin = toy.build(silent)
    for tool in ("llc", "llvm-mc"):
        assert "toy " not in run([str(plugin.installation.tool(tool)), "--version"]).stdout
        assert "    toy " in run(plugin.command(tool, "--version")).check().stdout
    tools = plugin.write_tools(tmp_path / "tools with a space")
    assert {p.name for p in tools.iterdir()} == {"llc", "opt", "llvm-mc", "llvm-objdump", "llvm-readobj"}
    assert "a toy" in run([str(tools / "llvm-objdump"), "--version"]).check().stdout


def test_it_exports_nothing(toy: PluginBuild) -> None:
    """A target of LLVM's with the same names keeps its functions, and the plug-in its own."""
    listed = run([str(toy.installation.tool("llvm-nm")), "--dynamic", "--defined-only", str(toy.build(silent).library)]).check().stdout
    assert listed.strip() == ""


def test_only_what_a_change_reaches_is_compiled(toy: PluginBuild, tmp_path: Path) -> None:
    def state() -> dict[str, int]:
        paths = (*toy.objects.values(), toy.library, *(tmp_path / "kept").rglob("*.pch"))
        return {path.name: path.stat().st_mtime_ns for path in paths}

    toy.build(silent)
    first = state()
    plugin_build(tmp_path, toy.installation).build(silent)
    assert state() == first
    (toy.sources / "ToyDescribed.cpp").write_text(DESCRIBED.replace("a toy", "a new toy"))
    plugin = plugin_build(tmp_path, toy.installation).build(silent)
    assert {name for name, time in state().items() if time != first[name]} == {"ToyDescribed.o", "libToy.so"}
    assert "a new toy" in run(plugin.command("llc", "--version")).check().stdout


def test_backends_that_include_the_same_headers_share_a_precompiled_one(toy: PluginBuild, tmp_path: Path) -> None:
    toy.build(silent)
    shutil.copytree(toy.sources, tmp_path / "Other")
    other = replace(toy, sources=tmp_path / "Other", work=tmp_path / "other")
    (made,) = (tmp_path / "kept").rglob("*.pch")
    time = made.stat().st_mtime_ns
    other.build(silent)
    assert [path.stat().st_mtime_ns for path in (tmp_path / "kept").rglob("*.pch")] == [time]


def test_a_missing_function_is_the_linker_s_error(toy: PluginBuild, tmp_path: Path) -> None:
    plugin = toy.build(silent)
    (toy.sources / "ToyDescribed.cpp").write_text("")
    broken = plugin_build(tmp_path, toy.installation)
    done = broken.attempt(silent)
    (error,) = link_errors(done.stderr)
    assert error.message == "undefined symbol: described()"
    assert [Path(place.object).name for place in error.places] == ["ToyInfo.o"]
    with pytest.raises(ToolFailure, match="failed with exit status"):
        broken.build(silent)
    assert "a toy" in run(plugin.command("llc", "--version")).check().stdout, "the last plug-in that linked stays"
    assert list(broken.work.glob("*.new")) == []


def test_a_file_that_does_not_compile(toy: PluginBuild) -> None:
    (toy.sources / "ToyDescribed.cpp").write_text("const char *described() { return a_toy; }\n")
    with pytest.raises(ToolFailure) as caught:
        toy.build(silent)
    assert f"{toy.sources / 'ToyDescribed.cpp'}:1:34: error: use of undeclared identifier 'a_toy'" in caught.value.output
    assert not toy.library.exists()


def test_no_shared_library(installation: Installation, tmp_path: Path) -> None:
    without = replace(installation, lib_dir=tmp_path)
    with pytest.raises(ToolFailure, match=r"has no shared library libLLVM\.so") as caught:
        shared_library(without)
    assert caught.value.where == str(tmp_path)
    assert "package" in caught.value.next_step


@pytest.mark.parametrize("name", ["libLLVM.so.17.0", "libLLVM-17.so.1"])
def test_a_library_of_another_version(installation: Installation, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "libLLVM.so").symlink_to(name)
    with pytest.raises(ToolFailure, match=f"headers are LLVM 19.1.7's, but the library {name} is LLVM 17"):
        shared_library(replace(installation, lib_dir=tmp_path))


def test_headers_of_another_version(installation: Installation, tmp_path: Path) -> None:
    config = tmp_path / "llvm" / "Config"
    config.mkdir(parents=True)
    (config / "llvm-config.h").write_text('#define LLVM_VERSION_STRING "18.1.8"\n')
    with pytest.raises(ToolFailure, match=r"headers are LLVM 18.1.8's, but the library libLLVM\.so\.19\.1 is LLVM 19\.1's"):
        shared_library(replace(installation, include_dirs=(tmp_path,)))
    with pytest.raises(ToolFailure, match="no headers"):
        shared_library(replace(installation, include_dirs=()))


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("libLLVM.so.19.1", "19.1"),
        ("libLLVM-16.so.1", "16"),
        ("libLLVM-14.0.6.so", "14.0.6"),
        ("libLLVM.so.22.0git", "22.0"),
        ("libLLVM.so", ""),
    ],
)
def test_a_library_s_version_is_in_its_name(tmp_path: Path, name: str, version: str) -> None:
    assert library_version(tmp_path / name) == version


def test_the_host_is_the_newest_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = make_build(tmp_path / "new", "99.1.0")
    (newest / "include/llvm/Config/llvm-config.h").write_text('#define LLVM_VERSION_STRING "99.1.0"\n')
    monkeypatch.setenv("PATH", f"{newest / 'bin'}:{os.environ['PATH']}")
    versions = [one.version for one in installed()]
    assert versions[0] == "99.1.0" and versions == sorted(versions, key=lambda v: [int(n) for n in v.split(".")], reverse=True)
    assert host().version == versions[1], "the newest has no libLLVM"
    assert host("19").version == host("19.1").version == "19.1.7"
    with pytest.raises(ToolFailure, match=r"LLVM 99.1.0 has no shared library"):
        host("99")
    with pytest.raises(ToolFailure, match="LLVM 18 is not installed") as caught:
        host("18")
    assert "19.1.7" in caught.value.next_step


def test_the_host_in_a_folder(tmp_path: Path) -> None:
    assert host(prefix=find_installation("19.1").prefix).version == "19.1.7"
    with pytest.raises(ToolFailure, match=r"no bin/llvm-config"):
        host(prefix=tmp_path)
    bare = make_build(tmp_path / "bare", "19.1.7")
    (bare / "include/llvm/Config/llvm-config.h").unlink()
    with pytest.raises(ToolFailure, match=r"LLVM 19.1.7 has no headers"):
        host(prefix=bare)


def test_no_compiler(toy: PluginBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ToolFailure, match=r"LLVM 19.1.7 has no clang\+\+") as caught:
        replace(toy, installation=replace(toy.installation, bindir=tmp_path / "bin")).build(silent)
    assert caught.value.next_step


def test_any_lld_links(tmp_path: Path, installation: Installation) -> None:
    (tmp_path / "bin").mkdir()
    without = replace(installation, version="98.0.0", bindir=tmp_path / "bin")
    found = linker(without)
    assert found is not None and found.name.startswith("ld.lld")
