"""Compute the part of a cache key that stands for the code and data files behind a result.

Dependencies are found by parsing the source, so nobody has to list them: a module depends on the project modules that it imports (at any
level of nesting), transitively, and on the data files that any of them requests from ``vega_gen.resources``. Third-party packages count
by their version.
"""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vega_gen import resources
from vega_gen.store.manifests import digest

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("vega_gen", "llvm_integration")
_DISTRIBUTIONS = {"git": "GitPython"}
"""Import name -> distribution name, where they differ."""


@dataclass(frozen=True, slots=True)
class _Module:
    """What one source file depends on directly.

    ``imports``: names of project modules and of third-party packages. ``data``: paths of data files and folders. ``only_names``: whether
    the file is an ``__init__`` that only re-exports names; importing a submodule then does not depend on everything that it re-exports.
    """

    imports: frozenset[str]
    data: frozenset[str]
    only_names: bool


@cache
def code_version(module: str) -> str:
    """Return a hash of everything that results of ``module`` depend on, apart from the arguments of the call: a part of cache keys.

    ``module``: a dotted name such as "vega_gen.tablegen.load"; usually the caller's ``__name__``."""
    reached = _reached(module)
    parts: list[bytes | str] = [f"Python {sys.version_info.major}.{sys.version_info.minor}"]
    for name in sorted(name for name in reached if _file(name)):
        parts += [name, _bytes(name)]
    parts += sorted(f"{name} {_version(name)}" for name in reached if not _file(name))
    for path in sorted({path for name in reached if _file(name) for path in _read(name).data}):
        for file in resources.files_of(path):
            parts += [path, file.name, file.read_bytes()]
    return digest(*parts)


def _reached(module: str) -> set[str]:
    """The module and everything that it imports, transitively; a third-party package appears by its top-level name."""
    reached: set[str] = set()
    queue = [module]
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
    """The names that a package's ``__init__`` re-exports from a module of another name: ``from pkg.mod import name``.

    Importing such a name needs the ``__init__`` as well, even if a submodule has the same name."""
    found = [node for node in ast.parse(_bytes(package)).body if isinstance(node, ast.ImportFrom)] if _file(package) else []
    names = ((node.module, alias.asname or alias.name) for node in found for alias in node.names)
    return frozenset(name for module, name in names if module != f"{package}.{name}")


def _ours_or_package(module: str) -> str:
    return module if module.partition(".")[0] in _OURS else module.partition(".")[0]


def _packages_around(module: str) -> Iterator[str]:
    """The packages that contain a module and whose ``__init__`` does more than re-export names; importing the module runs them too."""
    parts = module.split(".")
    for end in range(1, len(parts)):
        package = ".".join(parts[:end])
        if _file(package) and not _read(package).only_names:
            yield package


def _names(node: ast.stmt) -> bool:
    """Whether a statement of an ``__init__`` only re-exports names: a docstring, an import, ``__all__``, ``__version__``."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets)
    return isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _asked(module: str, call: ast.Call, function: str, constants: Mapping[str, object]) -> str:
    """The data path that a call of ``vega_gen.resources`` reads; "" for a function that takes an arbitrary file.

    Raises ValueError where the argument is neither a literal nor a module constant, since the path would then be unknown."""
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
    """The source file of a project module; None for a third-party one, or for a name that is not a module."""
    if name.partition(".")[0] not in _OURS:
        return None
    place = _ROOT.joinpath(*name.split("."))
    files = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((file for file in files if file.is_file()), None)


@cache
def _version(package: str) -> str:
    """The version of a third-party package, "" for the standard library or an unknown package."""
    try:
        return "" if package in sys.stdlib_module_names else importlib.metadata.version(_DISTRIBUTIONS.get(package, package))
    except importlib.metadata.PackageNotFoundError:
        return ""
