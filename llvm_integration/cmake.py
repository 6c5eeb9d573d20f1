"""Read the TableGen runs, sources, link components and libraries from the CMakeLists.txt files of a target or tool, without CMake.

Subfolders are included. Conditions are not evaluated: the body of an ``if()`` is always read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llvm_integration.failure import ToolFailure

SOURCE_SUFFIXES = (".cpp", ".cc", ".c")
"""Suffixes of source files in a library's argument list; every other word there is a keyword or a header folder."""

_TOKEN = re.compile(
    r"""
    (?P<skip>\#\[(?P<hash>=*)\[.*?\](?P=hash)\] | \#[^\n]* | \s+)
  | (?P<open>\() | (?P<close>\))
  | "(?P<quoted>(?:[^"\\]|\\.)*)"
  | \[(?P<level>=*)\[\n?(?P<bracket>.*?)\](?P=level)\]
  | (?P<word>(?:[^\s()\#"\\] | \\. | (?<=\S)"[^"\n]*")+)
    """,
    re.VERBOSE | re.DOTALL,
)
_SECTIONS = frozenset(
    {
        "ADD_TO_COMPONENT",
        "ADDITIONAL_HEADERS",
        "ADDITIONAL_HEADER_DIRS",
        "BUILDTREE_ONLY",
        "COMPONENT_NAME",
        "DEPENDS",
        "EXPORT_SYMBOLS",
        "GENERATE_DRIVER",
        "LINK_COMPONENTS",
        "LINK_LIBS",
        "OBJLIBS",
        "PARTIAL_SOURCES_INTENDED",
        "SUPPORT_PLUGINS",
    }
)
"""Keywords of add_llvm_library and add_llvm_tool (cmake/modules/AddLLVM.cmake) that end a list of components."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class TableGenRun:
    """One `tablegen(LLVM output arguments...)` command. `output` is relative to the folder that was read; `definitions`: the .td file."""

    output: str
    definitions: Path
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lists:
    """The contents of a folder's CMakeLists.txt files, in order."""

    tablegen: tuple[TableGenRun, ...]
    sources: tuple[str, ...]
    """Files to compile, relative to the folder that was read."""
    components: tuple[str, ...]
    """LLVM components to link (`LINK_COMPONENTS` and `LLVM_LINK_COMPONENTS`), without those in `defined`."""
    defined: frozenset[str]
    """Component names of the libraries and groups that the folder defines, such as `LanaiCodeGen`."""
    libraries: tuple[str, ...]
    """LLVM libraries in `target_link_libraries` that are not components, such as `LLVMDebuginfod`."""
    generate_driver: bool
    """Whether the tool's `main` is generated from LLVM's driver template."""


def read_lists(folder: Path) -> Lists:
    """Read `folder/CMakeLists.txt` and those of the subfolders that it adds.

    Raises ToolFailure where one cannot be read, has unbalanced parentheses, or runs TableGen without naming a .td file.
    """
    reader = _Reader(folder)
    reader.read(folder, {})
    own = frozenset(reader.defined)
    unique = dict.fromkeys
    return Lists(
        tablegen=tuple(reader.tablegen),
        sources=tuple(unique(reader.sources)),
        components=tuple(c for c in unique(reader.components) if c not in own),
        defined=own,
        libraries=tuple(lib for lib in unique(reader.libraries) if lib.removeprefix("LLVM") not in own),
        generate_driver=reader.generate_driver,
    )


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    words: tuple[tuple[str, bool], ...]
    """(argument, whether it was quoted); a quoted argument is never split at semicolons."""
    line: int


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.tablegen: list[TableGenRun] = []
        self.sources: list[str] = []
        self.components: list[str] = []
        self.defined: set[str] = set()
        self.libraries: list[str] = []
        self.generate_driver = False

    def read(self, folder: Path, inherited: Mapping[str, str]) -> None:
        path = folder / "CMakeLists.txt"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _failure(f"cannot be read: {error}", path, 1) from error
        variables = {**inherited, "CMAKE_CURRENT_SOURCE_DIR": str(folder)}
        for command in _commands(text, path):
            arguments = _expand(command, variables)
            if not arguments:
                continue
            first, rest = arguments[0], arguments[1:]
            match command.name:
                case "set":
                    variables[first] = ";".join(rest)
                    if first == "LLVM_LINK_COMPONENTS":
                        self.components += rest
                case "list" if first == "APPEND" and rest:
                    variables[rest[0]] = ";".join(filter(None, [variables.get(rest[0], ""), *rest[1:]]))
                case "add_subdirectory":
                    self.read(folder / first, variables)
                case "tablegen" if rest:
                    definitions = folder / variables.get("LLVM_TARGET_DEFINITIONS", "")
                    if definitions.suffix != ".td":
                        raise _failure("tablegen() before LLVM_TARGET_DEFINITIONS is set", path, command.line)
                    output = (folder / rest[0]).relative_to(self.root).as_posix()
                    self.tablegen.append(TableGenRun(output, definitions, tuple(rest[1:])))
                case "add_llvm_target" | "add_llvm_component_library" | "add_llvm_library":
                    self._library(folder, first, rest)
                case "add_llvm_tool" | "add_llvm_utility" if folder == self.root:  # a tool in a subfolder is another program
                    self._library(folder, first, rest)
                case "add_llvm_component_group":
                    self.defined.add(first)
                case "target_link_libraries":
                    self.libraries += [lib for lib in rest if lib.startswith("LLVM")]
                case _:
                    pass

    def _library(self, folder: Path, name: str, arguments: list[str]) -> None:
        self.defined.add(name.removeprefix("LLVM"))
        section = ""
        for argument in arguments:
            if argument.endswith(SOURCE_SUFFIXES):
                self.sources.append((folder / argument).relative_to(self.root).as_posix())
            elif argument in _SECTIONS:
                section = argument
                self.generate_driver |= argument == "GENERATE_DRIVER"
            elif section == "LINK_COMPONENTS":
                self.components.append(argument)


def _failure(what: str, path: Path, line: int) -> ToolFailure:
    return ToolFailure(what, where=f"{path}:{line}", next_step="compare the file with the one of another target")


def _commands(text: str, path: Path) -> Iterator[_Command]:
    name = ""
    start = depth = position = 0
    words: list[tuple[str, bool]] = []
    while position < len(text):
        match = _TOKEN.match(text, position)
        line = text.count("\n", 0, position) + 1
        if match is None:
            raise _failure(f"unexpected {text[position]!r}", path, line)
        position = match.end()
        kind = match.lastgroup
        if match["open"]:
            depth += 1
            start = line if depth == 1 else start
        elif match["close"]:
            depth -= 1
            if depth < 0:
                raise _failure("a ')' without its '('", path, line)
            if depth == 0:
                yield _Command(name.lower(), tuple(words), start)
                words = []
        elif match["skip"] is None:
            value = match["word"] or match["quoted"] or match["bracket"] or ""
            if depth == 0:
                name = value
            else:
                words.append((value.replace('"', "") if kind == "word" else value, kind != "word"))
    if depth:
        raise _failure("a '(' that is never closed", path, start)


def _expand(command: _Command, variables: Mapping[str, str]) -> list[str]:
    result: list[str] = []
    for word, quoted in command.words:
        value = word
        while (replaced := _VARIABLE.sub(lambda m: variables.get(m[1], ""), value)) != value:
            value = replaced
        result += [value] if quoted else [part for part in value.split(";") if part]
    return result
