"""The package as others get it: what the wheel and the sdist hold, and a wheel at work in an environment and a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from conftest import ROOT

DATA = (
    "templates/archetypes/InstrInfo.cpp.j2", "templates/report/review.html.j2", "targets/settings/holdouts.toml", "targets/Tern/Tern.td",
)  # fmt: skip
PROGRAM = "define i32 @twice(i32 %x) {\n  %y = add i32 %x, %x\n  ret i32 %y\n}\n"


def done(argv: Sequence[object], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    ended = subprocess.run(
        [str(word) for word in argv], cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, timeout=900
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    out = tmp_path_factory.mktemp("dist")
    done([sys.executable, "-m", "hatchling", "build", "-d", out], ROOT)
    return out


@pytest.fixture(scope="module")
def python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it; what the wheel depends on is taken from where this test runs, but not the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    done([sys.executable, "-m", "venv", "--without-pip", folder], folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text("\n".join(p for p in sys.path if p.endswith("site-packages")))
    (wheel,) = built.glob("*.whl")
    done([sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "-q", "--no-deps", "--no-index", wheel], folder)
    return folder / "bin/python"


def test_the_wheel_holds_what_the_code_reads(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"vega_gen/data/{path}" for path in DATA} <= names
    assert {"vega_gen/py.typed", "llvm_integration/py.typed", "vega_gen/model/weights/model.safetensors"} <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"vega_gen", "llvm_integration"}
    (metadata,) = (zipfile.ZipFile(wheel).read(name).decode() for name in names if name.endswith("/METADATA"))
    assert "License-Expression: Apache-2.0 WITH LLVM-exception" in metadata
    assert "Project-URL: " in metadata and "Classifier: Typing :: Typed" in metadata


def test_the_sdist_holds_what_the_wheel_is_made_of(built: Path, tmp_path: Path) -> None:
    """And the same wheel is made of it."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    for path in (*DATA, "tests/test_package.py", "lit_tests/help.test", "Makefile", "LICENSE", "vega_gen/py.typed"):
        assert (root / path).is_file(), path
    assert not {"venv", ".llvm", ".hypothesis"} & {path.name for path in root.iterdir()}
    done([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], root)
    (again,), (wheel,) = (tmp_path / "dist").glob("*.whl"), built.glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


def test_an_installed_package_makes_a_backend(python: Path, llvm_source: Path, tmp_path: Path) -> None:
    """From an empty folder: Tern's .td out of the installed package, to llc's assembly; and nothing of it needs torch."""
    where = "from importlib.resources import files; print(files('vega_gen'))"
    package = Path(done([python, "-c", where], tmp_path).strip())
    assert package.is_relative_to(python.parent.parent) and package != ROOT / "vega_gen"
    script = (
        "import atexit, sys\n"
        "from vega_gen.cli.main import main\n"
        "atexit.register(lambda: print([m for m in ('torch', 'transformers') if m in sys.modules], file=open('loaded', 'w')))\n"
        "main()"
    )
    words = ["new-target", "--td", package / "data/targets/Tern/Tern.td", "--llvm", llvm_source, "--out", tmp_path / "out", "--json"]
    said = json.loads(done([python, "-c", script, *words], tmp_path, {"VEGA_GEN_CACHE": str(tmp_path / "cache")}))
    assert (tmp_path / "loaded").read_text() == "[]\n"
    assert said["filler"] == "archetype" and "tern" in said["listed"]
    (tmp_path / "twice.ll").write_text(PROGRAM)
    assembly = done([Path(said["tools"]) / "llc", "-mtriple=tern", tmp_path / "twice.ll", "-o", "-"], tmp_path)
    assert "twice:" in assembly and "add" in assembly


def test_a_wheel_without_its_data_says_so(python: Path, tmp_path: Path) -> None:
    """As an installation that was damaged: no traceback, where, and what to do."""
    (site,) = python.parent.parent.glob("lib/python*/site-packages")
    hidden = site / "vega_gen/hidden"
    (site / "vega_gen/data").rename(hidden)
    try:
        ended = subprocess.run(
            [python, "-m", "vega_gen", "mine", "--llvm", ROOT / ".llvm/19"], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "VEGA_GEN_CACHE": str(tmp_path)},
        )  # fmt: skip
    finally:
        hidden.rename(site / "vega_gen/data")
    assert ended.returncode == 2
    assert "error: " in ended.stderr and "this installation of vega-gen lacks a folder that it needs" in ended.stderr
    assert f"{site}" in ended.stderr and "next: install it again" in ended.stderr and "Traceback" not in ended.stderr
