"""Compile single candidates with only what the input mode gives a user. ``plan.choose`` asks this compiler; it also generates TableGen's
tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llvm_integration import discover
from llvm_integration.check import Checker, CheckResult, Mistake, Preamble
from llvm_integration.process import Progress, run, threads
from llvm_integration.toolchain import compile_flags, write_config_header
from vega_gen import store
from vega_gen.emit import emit, templates
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import silent
from vega_gen.plan.choose import with_declarations
from vega_gen.plan.mend import Unit, blamed, macros_named, without
from vega_gen.records import Plan, PlannedFunction

_INCLUDE = re.compile(r'^#include ("[^"]+"|<[^>]+>)', re.MULTILINE)
_TABLEGEN_SECONDS = 600.0


class CandidateCompiler:
    """Compiles candidates against LLVM's headers, TableGen's tables, and the target's headers: its own without bodies (desc mode), or the
    planned ones (td mode).

    Ready for the files of the functions that are ``asked`` for. ``left_out``: declarations of the plan that do not compile and were
    removed.
    """

    def __init__(
        self, plan: Plan, inputs: Inputs, installation: discover.Installation, work: Path, progress: Progress = silent,
        asked: Callable[[PlannedFunction], bool] = lambda function: True,
    ) -> None:
        self._inputs = inputs
        self._tree, self._tables, self._installed = work / "tree", work / "tables", installation.include_dirs
        self._preambles: dict[str, Preamble] = {}
        self.left_out: frozenset[Unit] = frozenset()
        texts = self._texts(replace(plan, functions=()))
        generate_tables(texts, inputs, self._tables, progress)
        write_config_header(self._tables, installation)
        self._write(texts)
        folders = (self._tree, *sorted(p for p in self._tree.rglob("*") if p.is_dir()), self._tables, *installation.include_dirs)
        self._checker = Checker(installation, folders, compile_flags(installation), work / "checks")
        progress(0, 1, "precompiling LLVM's headers")
        bare, base = self._common(replace(plan, functions=()))
        declarations = with_declarations([f for f in plan.functions if not f.helper])
        files = sorted({f.file for f in plan.functions if asked(f)})
        texts = self._texts(bare)

        def made_for(file: str) -> tuple[Preamble, frozenset[Unit]]:
            return self._preamble(bare, file, texts, declarations.get(file, ()), base)

        with threads(2) as pool:
            made = pool.map(made_for, files)
            for i, (file, (preamble, left_out)) in enumerate(zip(files, made, strict=True)):
                self._preambles[file] = preamble
                self.left_out |= left_out
                progress(i + 1, len(files), f"precompiling {file}")

    def _texts(self, bare: Plan) -> dict[str, str]:
        """The emitted files of a plan without functions, by path."""
        edits = emit(bare, self._inputs.description, self._inputs.headers, threshold=0.0)
        return {e.path.split("/", 4)[-1]: e.content for e in edits if isinstance(e.content, str)}

    def _write(self, texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            if path.endswith((".h", ".def")):
                place = self._tree / path
                place.parent.mkdir(parents=True, exist_ok=True)
                store.write_atomic(place, text.encode())

    def _resolvable(self, path: str, text: str) -> str:
        return resolvable(text, path, (self._tree, self._tables, self._inputs.source.llvm / "include", *self._installed))

    def _common(self, bare: Plan) -> tuple[Plan, Preamble]:
        """Precompile all LLVM headers that the files include, and the target's own. Declarations with errors are removed until the headers
        compile, or no error lies in a declaration. Return the remaining plan too."""
        while True:
            texts = self._texts(bare)
            self._write(texts)
            cut = {path: self._resolvable(path, text) for path, text in texts.items()}
            self._write(cut)  # an include of a file that does not exist would stop the compiler
            includes = sorted({x for text in cut.values() for x in _INCLUDE.findall(text) if x.startswith(('"llvm/', "<"))})
            own = sorted(path for path in texts if path.endswith(".h"))
            common = "".join(f"#include {x}\n" for x in [*includes, *(f'"{path}"' for path in own)])
            base = self._checker.preamble("common", common)
            mistakes = [replace(m, file=m.file.removeprefix(f"{self._tree}/")) for m in base.mistakes]
            found = blamed(bare, cut, mistakes)
            if not found:
                return bare, base
            self.left_out |= found
            bare = without(bare, found)

    def _preamble(
        self, bare: Plan, file: str, texts: Mapping[str, str], declarations: Sequence[str], base: Preamble
    ) -> tuple[Preamble, frozenset[Unit]]:
        """What comes before a candidate of a file: the file without its functions and without declarations that have errors, and
        declarations of its free functions. Return also what was removed."""
        name = re.sub(r"\W", "_", file)
        left_out: frozenset[Unit] = frozenset()
        while True:
            text = self._resolvable(file, texts.get(file, "")) if file.endswith(".cpp") else f'#include "{file}"\n'
            above = f"{text}\nusing namespace llvm;\n"
            preamble = self._checker.preamble(name, above + "".join(declarations), base)
            wrong = {m.line for m in preamble.mistakes if m.file == str(preamble.header)}
            mistakes = [Mistake(file, line, "") for line in wrong]
            found = blamed(bare, {file: text}, mistakes) | macros_named(bare, file, (m for m in preamble.mistakes if m.line not in wrong))
            sound = _without_lines(declarations, above.count("\n"), wrong)
            if not found and sound == declarations:
                return preamble, left_out
            left_out |= found
            bare, declarations = without(bare, found), sound
            texts = self._texts(bare) if found else texts

    def __call__(self, file: str, text: str) -> CheckResult:
        """See ``choose.Compiler``."""
        return self._checker.check(self._preambles[file], text)

    def sift(self, file: str, groups: Sequence[Sequence[str]]) -> None:
        """See ``choose.Compiler``."""
        self._checker.sift(self._preambles[file], groups)

    def close(self) -> None:
        """Close the file of cached results."""
        self._checker.close()


def _without_lines(texts: Sequence[str], above: int, lines: set[int]) -> Sequence[str]:
    """The texts, which follow each other below ``above`` lines, without those that contain one of ``lines`` (1-based)."""
    kept: list[str] = []
    line = above + 1
    for text in texts:
        end = line + text.count("\n")
        if not lines & set(range(line, end)):
            kept.append(text)
        line = end
    return kept


def resolvable(text: str, path: str, folders: Sequence[Path]) -> str:
    """A file's text without includes that no folder has. The first of ``folders`` holds the target's own files."""

    def keep(line: str) -> bool:
        found = _INCLUDE.match(line)
        if found is None or found[1].startswith("<"):
            return True
        name = found[1].strip('"')
        beside = folders[0] / Path(path).parent
        return any((folder / name).is_file() for folder in (beside, *folders))

    return "\n".join(line for line in text.split("\n") if keep(line))


def generate_tables(texts: Mapping[str, object], inputs: Inputs, out: Path, progress: Progress) -> None:
    """Run llvm-tblgen for each ``<T>Gen*.inc`` that the texts include. A table that it cannot generate is left empty."""
    wanted = sorted({m for text in texts.values() for m in re.findall(r'#include "([^"]+\.inc)"', str(text)) if templates.table_of(m)})
    out.mkdir(parents=True, exist_ok=True)
    td = inputs.completed_td

    def one(inc: str) -> None:
        found = templates.table_of(inc)
        assert found is not None
        td_digest = store.digest(inc, found[0].options, inputs.td.read_bytes(), inputs.completion.text, store.manifest(inputs.description))
        stamp = out / f"{inc}.key"
        if stamp.is_file() and stamp.read_text() == td_digest and (out / inc).is_file():
            return
        folders = (f"-I{folder}" for folder in dict.fromkeys((td.parent, *inputs.include_dirs)))
        argv = [str(inputs.tblgen), *found[0].options.split(), *folders, str(td), "-o", str(out / inc)]
        done = run(argv, timeout=_TABLEGEN_SECONDS)
        if not done.ok:
            (out / inc).write_text("")
        stamp.write_text(td_digest)

    with threads(2) as pool:
        for i, _ in enumerate(pool.map(one, wanted)):
            progress(i + 1, len(wanted), f"TableGen {wanted[i]}")
