"""store.code_version: a cache key changes with the code that computes the result and with the data files that this code reads, only."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from vega_gen.store import code_version

MADE_BY = {
    "descriptions": "vega_gen.tablegen.load",
    "parsed C++": "vega_gen.corpus",
    "groups": "vega_gen.pipeline.mining",
    "plans": "vega_gen.pipeline.generation",
    "examples": "vega_gen.pipeline.example_files",
}
# what is edited -> what must be made anew
EDITS = {
    "templates/archetypes/InstrInfo.cpp.j2": {"plans", "examples"},
    "targets/settings/holdouts.toml": {"parsed C++", "groups", "plans", "examples"},
    "vega_gen/tablegen/raw.py": {"descriptions", "groups", "plans", "examples"},
    "vega_gen/model/decode.py": {"plans", "examples"},  # imported within a function
    "llvm_integration/check.py": {"plans", "examples"},
    "vega_gen/report/pages.py": set[str](),
    "templates/report/review.css.j2": set[str](),
    "targets/settings/published.toml": set[str](),
    "vega_gen/pipeline/__init__.py": set[str](),  # gives names alone
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    for folder in ("vega_gen", "llvm_integration", "templates", "targets/settings"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    return root


def versions(root: Path, names: Iterable[str]) -> list[str]:
    code = f"from vega_gen.store import code_version\nfor m in {list(names)}: print(code_version(m))"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout.split()


def keys(root: Path) -> dict[str, str]:
    return dict(zip(MADE_BY, versions(root, MADE_BY.values()), strict=True))


@pytest.fixture(scope="module")
def before(copy: Path) -> dict[str, str]:
    return keys(copy)


@pytest.mark.parametrize("path", EDITS)
def test_an_edit_changes_the_keys_of_what_depends_on_it(path: str, copy: Path, before: dict[str, str]) -> None:
    text = (copy / path).read_bytes()
    try:
        (copy / path).write_bytes(text + b"\n")
        after = keys(copy)
    finally:
        (copy / path).write_bytes(text)
    assert {name for name in MADE_BY if after[name] != before[name]} == EDITS[path]


def test_a_new_template_is_a_change(copy: Path, before: dict[str, str]) -> None:
    added = copy / "templates/archetypes/Added.cpp.j2"
    added.write_text("int x;\n")
    try:
        assert keys(copy)["plans"] != before["plans"]
    finally:
        added.unlink()


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(name))


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted([*(ROOT / "vega_gen").rglob("*.py"), *(ROOT / "llvm_integration").rglob("*.py")]):
        yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), ast.parse(path.read_text())


def test_what_is_kept_has_the_code_in_its_key() -> None:
    """Each module that keeps something asks for its own version, never for a list of others'."""
    keeping = 0
    for name, tree in modules():
        if any(True for put in ("store.cache_put", "store.cache_dump") for _ in calls(tree, put)):
            keeping += 1
            assert any(True for _ in calls(tree, "store.code_version")), name
        for call in calls(tree, "store.code_version"):
            (given,) = call.args
            if ast.unparse(given) != "__name__":
                assert isinstance(given, ast.Constant) and code_version(str(given.value))
    assert keeping >= 4


def test_every_file_that_is_read_can_be_read_off_the_source() -> None:
    """``code_version`` sees calls of the form ``resources.folder("templates/x")`` alone; there is no other."""
    for name, tree in modules():
        if name not in ("vega_gen.resources", "vega_gen.store.dependencies"):
            code_version(name)  # raises where a name is computed
            assert not [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "vega_gen.resources"], name


def test_a_name_that_a_package_gives_is_not_the_module_of_that_name(copy: Path) -> None:
    """``vega_gen.pipeline`` gives a function ``mining`` of its module ``look``, and has a module ``mining``."""
    (copy / "vega_gen/asks.py").write_text("from vega_gen.pipeline import mining\n")
    (copy / "vega_gen/asks_the_module.py").write_text("import vega_gen.pipeline.mining\n")
    asking = ("vega_gen.asks", "vega_gen.asks_the_module")
    before = versions(copy, asking)
    look = copy / "vega_gen/pipeline/look.py"
    look.write_text(look.read_text() + "\n")
    after = versions(copy, asking)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]


def test_no_other_way_leads_to_the_files_of_the_package() -> None:
    """The checkpoint that comes along is in the keys by its manifest, which has the hash of its weights."""
    found = {name for name, tree in modules() for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__file__"}
    assert found == {"vega_gen.pipeline.inputs", "vega_gen.store.dependencies"}
