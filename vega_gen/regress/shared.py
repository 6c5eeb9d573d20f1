"""Build the target once with many generated functions in it (``schemata``).

Each file is compiled once per round, not once per function: mutants with errors are taken out, and the file is compiled again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.failure import ToolFailure
from llvm_integration.process import Progress, threads
from vega_gen.records import Verdict
from vega_gen.regress.builds import Build
from vega_gen.regress.reference import Reference
from vega_gen.regress.same_code import references, same_code
from vega_gen.regress.schemata import Mutant, behind_numbers, blamed, in_place, source_text, why_alone
from vega_gen.regress.trial import LINK_ERROR, Outcome, cut
from vega_gen.store import digest, write_atomic

# No limit of twenty errors: each error may be about another function.
_ALL_ERRORS = ("-ferror-limit=0",)
_ASSEMBLY = (*_ALL_ERRORS, "-S")
_UNDEFINED = re.compile(r"undefined (?:hidden |protected |internal )?(?:symbol: |reference to [`'])([^\n']+)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class SharedTools:
    """The shared build; functions are given by their mutant number.

    ``tools``: folder of the tools. ``ready``: functions that the tools hold and that are to be tested. ``decided``: outcomes of functions
    that need no test. ``alone``: functions that need a build of their own, with the reason.
    """

    tools: Path
    ready: frozenset[int]
    decided: Mapping[int, Outcome]
    alone: Mapping[int, str]


def build_shared(reference: Reference, build: Build, mutants: Sequence[Mutant], work: Path, jobs: int, progress: Progress) -> SharedTools:
    """Compile, compare and link ``mutants`` together in ``work``, reusing objects that an earlier call compiled from the same texts."""
    making = _Making(reference, build, work, jobs, progress)
    for m in mutants:
        reason = why_alone(m)
        if reason:
            making.alone[m.number] = reason
        else:
            making.add(m)
    tools = work / "bin"
    if making.alive:
        making.compile("numbers", behind_numbers, _ALL_ERRORS)
        making.compare()
        making.link(tools)
    return SharedTools(tools, frozenset(making.alive.keys() - making.decided.keys()), making.decided, making.alone)


@dataclass
class _Making:
    reference: Reference
    build: Build
    work: Path
    jobs: int
    progress: Progress
    sources: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """File with a mutant -> the source files that are compiled from it."""
    alive: dict[int, Mutant] = field(default_factory=dict[int, Mutant])
    """The mutants that the texts hold, by number."""
    decided: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    alone: dict[int, str] = field(default_factory=dict[int, str])


    def add(self, mutant: Mutant) -> None:
        """Add a mutant, unless no object is compiled from its file."""
        file = mutant.function.file
        if file not in self.sources:
            try:
                self.sources[file] = (file,) if file in self.build.objects else self.build.objects_including(file)
            except ToolFailure:
                self.sources[file] = ()
        if self.sources[file]:
            self.alive[mutant.number] = mutant
        else:
            self.alone[mutant.number] = "in no object"

    def _by_file(self) -> dict[str, list[Mutant]]:
        found: dict[str, list[Mutant]] = defaultdict(list)
        for mutant in self.alive.values():
            found[mutant.function.file].append(mutant)
        return found

    def _affected(self, files: Iterable[str]) -> list[str]:
        """The sources compiled from ``files``, largest first, so that the last to finish is a small one."""
        found = {source for file in files for source in self.sources[file]}
        return sorted(found, key=lambda source: (-len(self.reference.files[source]), source))

    def compile(self, kind: str, text_of: Callable[..., str], flags: Sequence[str]) -> dict[str, Path]:
        """Compile every affected source until no errors are left; source -> the output file.

        ``text_of`` makes a file's text from its mutants. ``kind``: folder of the outputs. A mutant with an error in kind "numbers" is
        ``failed-compile``. With an error in another kind it gets a build of its own, and so does every mutant that an error outside of all
        generated texts may be about.
        """
        made: dict[str, Path] = {}
        todo = self._affected(self._by_file())
        while todo:
            by_file = self._by_file()
            texts = {file: text_of(self.reference.files[file], file, mutants) for file, mutants in by_file.items()}

            def one(source: str, texts: Mapping[str, str] = texts) -> str | None:
                return self._compile(kind, source, texts, flags)

            failed: dict[str, str] = {}
            with threads(self.jobs) as pool:
                for i, (source, said) in enumerate(zip(todo, pool.map(one, todo), strict=True)):
                    made[source] = self._object(kind, source)
                    if said is not None:
                        failed[source] = said
                    self.progress(i + 1, len(todo), f"compiling {source}, {kind}")
            for source, said in failed.items():
                self._take_out(kind, source, said)
            todo = [source for source in failed if any(source in self.sources[file] for file in self._by_file())]
            for source in failed.keys() - set(todo):
                del made[source]
        return made

    def _object(self, kind: str, source: str) -> Path:
        return self.work / kind / f"{source}.o"

    def _compile(self, kind: str, source: str, texts: Mapping[str, str], flags: Sequence[str]) -> str | None:
        """Compile one source, unless its output is up to date. None, or the compiler's errors ("" if it could not run or timed out)."""
        out = self._object(kind, source)
        headers = {file: text for file, text in texts.items() if file != source and source in self.sources[file]}
        text = source_text(texts.get(source) or self.reference.files[source].decode(), source)
        key = digest(text, *(part for header in headers.items() for part in header))
        stamp = out.with_suffix(".key")
        if out.exists() and stamp.exists() and stamp.read_text() == key:
            return None
        stamp.unlink(missing_ok=True)
        try:
            done = self.build.compile(source, text, out, header_overrides=headers or None, flags=flags)
        except (OSError, ToolFailure):
            return ""  # the function it is about fails alone as well
        if done.ok:
            write_atomic(stamp, key.encode())
            return None
        return "" if done.timed_out else done.stderr + done.stdout

    def _take_out(self, kind: str, source: str, said: str) -> None:
        named = blamed(said)
        # A mutant in a header may be out already because of another source; then this source is only compiled again.
        found = {number: text for number, text in named.items() if number in self.alive}
        if not named:
            here = [number for number, m in self.alive.items() if source in self.sources[m.function.file]]
            self._alone(here, f"{source} did not compile with all functions in it")
        elif kind == "numbers":
            for number, text in found.items():
                del self.alive[number]
                self.decided[number] = Outcome(Verdict.FAILED_COMPILE, output=cut(text))
        else:
            self._alone(found, "does not compile in its place")

    def _alone(self, numbers: Iterable[int], reason: str) -> None:
        for number in list(numbers):
            del self.alive[number]
            self.decided.pop(number, None)
            self.alone[number] = reason

    def compare(self) -> None:
        """Decide as ``equivalent`` the functions whose code is the same as the official one's."""

        def official(text: bytes, file: str, mutants: Sequence[Mutant]) -> str:
            return in_place(text, file, mutants, generated=False)

        def generated(text: bytes, file: str, mutants: Sequence[Mutant]) -> str:
            return in_place(text, file, mutants, generated=True)

        theirs, own = self.compile("official", official, _ASSEMBLY), self.compile("generated", generated, _ASSEMBLY)
        same: dict[int, bool] = {}
        for source in theirs.keys() & own.keys():
            for number, equal in same_code(theirs[source].read_text(), own[source].read_text()).items():
                same[number] = equal and same.get(number, True)
        for number, equal in same.items():
            if equal and number in self.alive:
                self.decided[number] = Outcome(Verdict.EQUIVALENT)  # it stays in the texts, which need no recompilation then

    def link(self, tools: Path) -> None:
        """Link all tools; mutants that do not link get a build of their own."""
        while self.alive:
            objects = self.compile("numbers", behind_numbers, _ALL_ERRORS)
            self.progress(0, 0, f"linking {len(self.alive)} functions into one build")
            try:
                self.build.link(tools, objects)
                return
            except ToolFailure as failure:
                if not LINK_ERROR.search(failure.output):
                    raise
                self._alone(self._naming(_UNDEFINED.findall(failure.output)) or self.alive, "does not link with others")

    def _naming(self, undefined: Sequence[str]) -> set[int]:
        """The mutants whose code uses one of the undefined symbols, given in the linker's spelling."""
        words = {found[-1] for name in undefined if (found := _WORD.findall(name.partition("(")[0]))}
        # A C symbol is the word itself; in a mangled name the word follows its length.
        sign = re.compile("|".join(rf"^{word}$|{len(word)}{word}" for word in sorted(words)) or "$^")
        return {
            number
            for path in (self.work / "generated").rglob("*.o")
            for number, symbols in references(path.read_text()).items()
            if number in self.alive and any(map(sign.search, symbols))
        }
