"""Stage 8, the compiler: candidates against what the mode gives a user.

Enters: a plan, inputs, an installation. Leaves: ``CandidateCompiler``, llvm-tblgen's tables. It chooses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from llvm_integration import discover
from llvm_integration.check import Checker, Preamble
from llvm_integration.process import run
from llvm_integration.toolchain import compile_flags
from vega_gen import store
from vega_gen.emit import emit, templates
from vega_gen.fill.choose import with_declarations
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import Progress, silent
from vega_gen.records import Plan

_INCLUDE = re.compile(r'^#include ("[^"]+"|<[^>]+>)', re.MULTILINE)
_TABLEGEN_SECONDS = 600.0


class CandidateCompiler:
    """Compiles candidates against what the mode gives a user: LLVM's headers, the generated tables, and of the target its own
    headers with the bodies out (desc) or the generated headers (td)."""

    def __init__(
        self, plan: Plan, inputs: Inputs, installation: discover.Installation, work: Path, progress: Progress = silent
    ) -> None:
        tree = work / "tree"
        bare = replace(plan, functions=())
        edits = emit(bare, inputs.description, inputs.headers, threshold=0.0)
        texts = {e.path.split("/", 4)[-1]: e.content for e in edits if isinstance(e.content, str)}
        for path, text in texts.items():
            if path.endswith((".h", ".def")):
                place = tree / path
                place.parent.mkdir(parents=True, exist_ok=True)
                store.write_atomic(place, text.encode())
        tables = work / "tables"
        generate_tables(texts, inputs, tables, progress)
        self._texts = {path: resolvable(text, path, (tree, tables, inputs.source.llvm / "include")) for path, text in texts.items()}
        self._declarations = with_declarations([f for f in plan.functions if not f.helper])
        folders = (tree, *sorted(p for p in tree.rglob("*") if p.is_dir()), tables, *installation.include_dirs)
        self._checker = Checker(installation, folders, compile_flags(installation), work / "checks")
        self._preambles: dict[str, Preamble] = {}
        files = sorted({f.file for f in plan.functions})
        includes = sorted({x for text in self._texts.values() for x in _INCLUDE.findall(text) if x.startswith(('"llvm/', "<"))})
        own = sorted(path for path in self._texts if path.endswith(".h"))
        progress(0, len(files), "precompiling LLVM's headers")
        common = "".join(f"#include {x}\n" for x in [*includes, *(f'"{path}"' for path in own)])
        base = self._checker.preamble("common", common)

        def made_for(file: str) -> Preamble:
            return self._checker.preamble(re.sub(r"\W", "_", file), self._preamble(file), base)

        with ThreadPoolExecutor(2) as pool:
            made = pool.map(made_for, files)
            for i, (file, preamble) in enumerate(zip(files, made, strict=True)):
                self._preambles[file] = preamble
                progress(i + 1, len(files), f"precompiling {file}")

    def _preamble(self, file: str) -> str:
        text = self._texts.get(file if file.endswith(".cpp") else file.rsplit(".", 1)[0] + ".cpp", "")
        if not file.endswith(".cpp"):
            text = f'#include "{file}"\n'
        return f"{text}\nusing namespace llvm;\n{self._declarations.get(file, '')}"

    def __call__(self, file: str, text: str) -> tuple[bool, str, int]:
        """See ``choose.Compiler``."""
        result = self._checker.check(self._preambles[file], text)
        return result.ok, result.message, result.line

    @property
    def broken(self) -> Mapping[str, str]:
        """Files whose preamble alone does not compile, with the first message."""
        return {file: p.message for file, p in self._preambles.items() if not p.ok}

    def close(self) -> None:
        """Closes the file of results."""
        self._checker.close()


def resolvable(text: str, path: str, folders: Sequence[Path]) -> str:
    """A file's text without the includes that none of ``folders`` (the first: that of the target's own files) has."""

    def keep(line: str) -> bool:
        found = _INCLUDE.match(line)
        if found is None or found[1].startswith("<"):
            return True
        name = found[1].strip('"')
        beside = folders[0] / Path(path).parent
        return any((folder / name).is_file() for folder in (beside, *folders)) or name.startswith("llvm/")

    return "\n".join(line for line in text.split("\n") if keep(line))


def generate_tables(texts: Mapping[str, object], inputs: Inputs, out: Path, progress: Progress) -> None:
    """Runs llvm-tblgen for every ``<T>Gen*.inc`` that the texts include; a table that it refuses is left empty."""
    wanted = sorted({m for text in texts.values() for m in re.findall(r'#include "([^"]+\.inc)"', str(text)) if templates.table_of(m)})
    out.mkdir(parents=True, exist_ok=True)

    def one(inc: str) -> None:
        found = templates.table_of(inc)
        assert found is not None
        td_digest = store.digest(inc, found[0].options, inputs.td.read_bytes(), str(inputs.description))
        stamp = out / f"{inc}.key"
        if stamp.is_file() and stamp.read_text() == td_digest and (out / inc).is_file():
            return
        folders = (f"-I{folder}" for folder in inputs.include_dirs)
        argv = [str(inputs.tblgen), *found[0].options.split(), *folders, str(inputs.td), "-o", str(out / inc)]
        done = run(argv, timeout=_TABLEGEN_SECONDS)
        if not done.ok:
            (out / inc).write_text("")
        stamp.write_text(td_digest)

    with ThreadPoolExecutor(2) as pool:
        for i, _ in enumerate(pool.map(one, wanted)):
            progress(i + 1, len(wanted), f"TableGen {wanted[i]}")
