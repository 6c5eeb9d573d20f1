"""Writes the CMakeLists.txt files of a target's folders.

No file outside ``lib/Target/<New>`` is needed: LLVM_EXPERIMENTAL_TARGETS_TO_BUILD finds a target by its folder (llvm/CMakeLists.txt).
"""

from __future__ import annotations

from collections.abc import Mapping

from vega_gen.emit import templates
from vega_gen.emit.order import INC
from vega_gen.errors import NotFoundError


def cmake_files(target: str, definitions: str, texts: Mapping[str, str], stamp: str) -> dict[str, str]:
    """Returns path relative to the target's folder -> text, for each CMakeLists.txt of ``target``.

    ``definitions``: the .td file to give llvm-tblgen. ``texts``: path relative to the target's folder -> text of every source and header.
    ``stamp``: the line that marks generated files. Raises ``NotFoundError`` for an included table that templates/backend/registration.toml
    does not list.
    """
    components = templates.components()
    sources: dict[str, list[str]] = {}
    for path in sorted(texts):
        if path.endswith(".cpp"):
            folder, _, name = path.rpartition("/")
            known = folder in components
            sources.setdefault(folder if known else "", []).append(name if known else path)
    tables = _tables(texts)
    libraries = {components[folder].library for folder in sources}
    made = {
        "CMakeLists.txt": templates.render(
            "CMakeLists.txt.j2",
            stamp=stamp,
            target=target,
            definitions=definitions,
            tables=tables,
            sources=sources.get("", []),
            link=_link(target, "", libraries),
            folders=[folder for folder in sorted(sources) if folder],
        )
    }
    for folder in sorted(sources):
        if folder:
            made[f"{folder}/CMakeLists.txt"] = templates.render(
                "component.txt.j2",
                stamp=stamp,
                target=target,
                tables=tables,
                library=components[folder].library,
                sources=sources[folder],
                link=_link(target, folder, libraries),
            )
    return made


def _link(target: str, folder: str, libraries: set[str]) -> list[str]:
    component = templates.components()[folder]
    return sorted([*component.link, *(f"{target}{name}" for name in component.own if name in libraries)])


def _tables(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns (name, llvm-tblgen's options) of every generated table that a file includes."""
    found: dict[str, str] = {}
    for path in sorted(texts):
        for inc in INC.findall(texts[path]):
            if inc in found or inc in texts or "/" in inc:
                continue
            known = templates.table_of(inc)
            if known is None:
                raise NotFoundError(
                    f'no llvm-tblgen options are known for "{inc}"', path, "add its suffix to templates/backend/registration.toml"
                )
            table, prefix = known
            found[inc] = table.options.replace("{prefix}", prefix)
    return sorted(found.items())
