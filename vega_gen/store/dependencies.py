"""What a result depends on besides its inputs: the code that makes it, and the files that come with the package.

Both are read off the source. A module depends on the modules of this project that it imports, anywhere in it, and on what those
import; and on the templates and settings that one of them asks ``vega_gen.resources`` for. Of other packages the version counts.
"""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vega_gen import resources
from vega_gen.store.manifests import digest

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("vega_gen", "llvm_integration")
_DISTRIBUTIONS = {"git": "GitPython"}
"""Import name -> name of the distribution, where it is another."""


@dataclass(frozen=True, slots=True)
class _Module:
    """``only_names``: a package's ``__init__`` that does no more than give names of its modules; importing a module below it is no reason
    to depend on all that it names."""

    imports: frozenset[str]
    data: frozenset[str]
    only_names: bool


@cache
def code_version(*modules: str) -> str:
    """Hash of all that the results of these modules ("vega_gen.tablegen.load"; mostly the caller's ``__name__``) depend on, but for the
    arguments that they are given: part of the key under which a result is kept."""
    reached = _reached(modules)
    parts: list[bytes | str] = [f"Python {sys.version_info.major}.{sys.version_info.minor}"]
    for name in sorted(name for name in reached if _file(name)):
        parts += [name, _bytes(name)]
    parts += sorted(f"{name} {_version(name)}" for name in reached if not _file(name))
    for path in sorted({path for name in reached if _file(name) for path in _read(name).data}):
        for file in resources.files_of(path):
            parts += [path, file.name, file.read_bytes()]
    return digest(*parts)


def _reached(modules: Iterable[str]) -> set[str]:
    """The modules, what they import, what that imports, ...; other packages by their first name."""
    reached: set[str] = set()
    queue = list(modules)
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue += (*_read(name).imports, *_packages_around(name)) if _file(name) else ()
    return reached


@cache
def _read(name: str) -> _Module:
    tree = ast.parse(_bytes(name))
    constants = {
        target.id: node.value.value
        for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    imports: set[str] = set()
    data: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports.update(_ours_or_package(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found = [inner] if _file(inner) else []
                found += [module] if not found or alias.name in _given_from_elsewhere(module) else []
                imports.update(map(_ours_or_package, found))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "resources":
            data.add(_asked(name, node, node.func.attr, constants))
    return _Module(frozenset(imports), frozenset(data - {""}), all(map(_names, tree.body)))


@cache
def _given_from_elsewhere(package: str) -> frozenset[str]:
    """The names that a package's ``__init__`` takes from modules that are not called so."""
    found = [node for node in ast.parse(_bytes(package)).body if isinstance(node, ast.ImportFrom)] if _file(package) else []
    names = ((node.module, alias.asname or alias.name) for node in found for alias in node.names)
    return frozenset(name for module, name in names if module != f"{package}.{name}")


def _ours_or_package(module: str) -> str:
    return module if module.partition(".")[0] in _OURS else module.partition(".")[0]


def _packages_around(module: str) -> Iterator[str]:
    """The packages that a module is in, but for those that only give names."""
    parts = module.split(".")
    for end in range(1, len(parts)):
        package = ".".join(parts[:end])
        if _file(package) and not _read(package).only_names:
            yield package


def _names(node: ast.stmt) -> bool:
    """Whether a statement of an ``__init__`` gives names alone: a docstring, an import, ``__all__``, ``__version__``."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets)
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _asked(module: str, call: ast.Call, function: str, constants: Mapping[str, object]) -> str:
    """The folder or file below the data that a call of ``resources`` reads, "" for one that is given any file."""
    if function not in ("folder", "environment", "settings"):
        return ""
    given = call.args[0]
    value = given.value if isinstance(given, ast.Constant) else constants.get(given.id) if isinstance(given, ast.Name) else None
    if not isinstance(value, str):
        raise ValueError(f"{module}:{call.lineno}: resources.{function} needs a name that can be read off the source")
    return f"targets/settings/{value}.toml" if function == "settings" else value


def _bytes(name: str) -> bytes:
    file = _file(name)
    assert file is not None
    return file.read_bytes()


@cache
def _file(name: str) -> Path | None:
    """Where the source of a module of ours is; None for another's, and for what is no module."""
    if name.partition(".")[0] not in _OURS:
        return None
    place = _ROOT.joinpath(*name.split("."))
    files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((file for file in files if file.is_file()), None)


@cache
def _version(package: str) -> str:
    """The version of another's package, "" for the standard library's."""
    try:
        return "" if package in sys.stdlib_module_names else importlib.metadata.version(_DISTRIBUTIONS.get(package, package))
    except importlib.metadata.PackageNotFoundError:
        return ""
