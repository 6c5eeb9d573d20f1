"""The rules of the house, read off the source: imports run one way, one door for each outside thing, no target's name in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

# A component imports those on lines above its own, and on its own line itself alone. The C++ reader stands below the corpus,
# which parses what it reads.
ORDER = (
    ("records", "errors"),
    ("resources",),
    ("store",),
    ("data_layout",),
    ("c_front",),
    ("cxx",),
    ("corpus",),
    ("tablegen",),
    ("facts",),
    ("archetypes",),
    ("groups",),
    ("function_template",),
    ("features",),
    ("model",),
    ("fill",),
    ("plan",),
    ("emit",),
    ("registration",),
    ("simulate",),
    ("regress",),
    ("ladder",),
    ("conform",),
    ("fact_review",),
    ("report",),
    ("review",),
    ("pipeline",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# thing of the outside -> the one place that may import it
DOORS = {
    "tree_sitter": "vega_gen/cxx/syntax.py",
    "tree_sitter_cpp": "vega_gen/cxx/syntax.py",
    "subprocess": "llvm_integration/process.py",
    "torch": "vega_gen/model/",
    "transformers": "vega_gen/model/",
    "safetensors": "vega_gen/model/",
    "jinja2": "vega_gen/resources.py",
    "tomllib": "vega_gen/resources.py",
    "elftools": "vega_gen/simulate/elf.py",
    "typer": "vega_gen/cli/",
}
# Hosts of package registries, joined here so that this file names none.
REGISTRIES = tuple(
    f"{name}.{end}"
    for end, names in (
        ("org", ("pypi", "pythonhosted", "npmjs", "golang", "debian")),
        ("com", ("ubuntu",)),
        ("io", ("crates",)),
        ("co", ("huggingface",)),
    )
    for name in names
)
MODULES = sorted([*(ROOT / "vega_gen").rglob("*.py"), *(ROOT / "llvm_integration").rglob("*.py")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


every_module = pytest.mark.parametrize("path", MODULES, ids=name_of)


def imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def component(dotted: str) -> str:
    """The part of vega_gen that a dotted name or path is in, "" for none (``vega_gen`` itself holds the version alone)."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == "vega_gen" and len(parts) > 1 and parts[1] != "__version__" else ""


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """String literals that are no docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


def prints_or_exits(tree: ast.AST) -> Iterator[int]:
    """Lines with a call of print, exit or a console's print, or a raise of SystemExit or typer.Exit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in ("print", "exit", "quit", "os._exit") or called.endswith((".exit", ".print", "stdout.write", "stderr.write")):
                yield node.lineno
        elif isinstance(node, ast.Raise) and node.exc is not None and re.match(r"SystemExit|typer\.(Exit|Abort)", ast.unparse(node.exc)):
            yield node.lineno


def test_the_tools_of_this_test_see_what_they_look_for() -> None:
    tree = ast.parse('"""Doc."""\nfrom vega_gen.fill import choose\nimport torch.nn\nprint("Mips")\nraise typer.Exit(2)\nsys.exit(1)\n')
    assert list(imported(tree)) == ["vega_gen.fill", "vega_gen.fill.choose", "torch.nn"]
    assert [component(name) for name in imported(tree)] == ["fill", "fill", ""]
    assert sorted(prints_or_exits(tree)) == [4, 5, 6]
    assert [node.value for node in strings(tree)] == ["Mips"]


def test_every_component_has_its_place() -> None:
    assert {component(".".join(p.relative_to(ROOT).with_suffix("").parts)) for p in MODULES} - {"", "__init__"} <= set(RANK)


@every_module
def test_imports_run_one_way(path: Path) -> None:
    own = component(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for name in imported(ast.parse(path.read_text())):
        other = component(name)
        if not other:
            continue
        assert name_of(path).startswith("vega_gen/"), f"llvm_integration imports {name}"
        assert other == own or RANK[other] < RANK[own], f"{own} imports {name}"


def test_records_and_errors_are_the_standard_library_s() -> None:
    for path in (*(ROOT / "vega_gen/records").rglob("*.py"), ROOT / "vega_gen/errors.py"):
        own = ("vega_gen.records", "llvm_integration.failure")
        found = {name.split(".")[0] for name in imported(ast.parse(path.read_text())) if not name.startswith(own)}
        assert found <= {"__future__", "dataclasses", "enum", "hashlib"}, path
    assert set(imported(ast.parse((ROOT / "llvm_integration/failure.py").read_text()))) == {"__future__", "__future__.annotations"}


@every_module
def test_one_door_for_each_outside_thing(path: Path) -> None:
    for name in imported(ast.parse(path.read_text())):
        door = DOORS.get(name.split(".")[0])
        assert door is None or name_of(path).startswith(door), f"{name} is imported elsewhere than in {door}"
        assert name.split(".")[0] not in ("pickle", "shelve", "dill", "joblib")


@every_module
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    if not re.match(r"vega_gen/(cli/\w+|__main__)\.py", name_of(path)):
        assert list(prints_or_exits(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize("path", [*MODULES, *sorted((ROOT / "tests").glob("*.py"))], ids=name_of)
def test_a_file_is_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 450


@every_module
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert (ast.get_docstring(ast.parse(path.read_text())) or "").strip()


def test_a_name_is_a_class_or_a_type_once() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and re.match(r"[A-Z]\w*[a-z]", node.targets[0].id):
                places.setdefault(node.targets[0].id, []).append(name_of(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_module_s_name_is_there_once() -> None:
    """A module of ``cli`` is called as the command it reads, others as nothing else is."""
    stems = [path.stem for path in MODULES if path.parent.name != "cli" and path.stem != "__init__"]
    packages = [path.parent.name for path in MODULES if path.stem == "__init__"]
    names = [*stems, *packages]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@every_module
def test_no_target_is_named_in_code(path: Path, llvm_source: Path) -> None:
    targets = {folder.name for folder in (llvm_source / "llvm/lib/Target").iterdir() if folder.is_dir()}
    assert {"Mips", "RISCV", "XCore"} <= targets
    named = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(sorted(targets))})(?![a-z]|(?<=[A-Z])[A-Z])")
    # What a user reads of a command may give an example; what the code compares, joins or looks up may not.
    shown: set[int] = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("help", "epilog", "metavar"):
            shown |= {id(part) for part in ast.walk(node)}
    found = [(node.lineno, node.value) for node in strings(tree) if id(node) not in shown and named.search(str(node.value))]
    assert found == []


def test_no_registry_is_named() -> None:
    places = [p for folder in ("vega_gen", "llvm_integration", "tests", "lit_tests", "targets", "templates", "docs") for p in
              (ROOT / folder).rglob("*") if p.is_file() and p.suffix != ".pyc"]  # fmt: skip
    places += [p for p in ROOT.iterdir() if p.is_file()]
    assert len(places) > 100
    for path in places:
        text = path.read_bytes().decode("utf-8", errors="replace")
        assert not [host for host in REGISTRIES if host in text], path


def test_there_is_one_exception_tree() -> None:
    """Each exception class is below ``Failure``, but for those that never leave their module."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert not {ast.unparse(base) for base in node.bases} & {"BaseException", "Exception", "RuntimeError", "ValueError"} or (
                    name_of(path) == "llvm_integration/failure.py"
                ), f"{path}: {node.name}"
