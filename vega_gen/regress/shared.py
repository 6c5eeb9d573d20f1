"""One build of the target that holds many generated functions.

Enters: ``Mutant``s, the reference, the target's build. Leaves: ``SharedTools``: tools, which functions they hold, and what became of the
others.
It runs no tests and keeps no journal.

The compiler runs once for each file and round, not for each function: what it finds wrong is taken out, and the rest compiled again.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.process import Progress, ToolFailure, threads
from vega_gen.records import Verdict
from vega_gen.regress.builds import Build
from vega_gen.regress.reference import Reference
from vega_gen.regress.same_code import references, same_code
from vega_gen.regress.schemata import Mutant, behind_numbers, blamed, in_place, source_text, why_alone
from vega_gen.regress.trial import LINK_ERROR, Outcome, cut
from vega_gen.store import digest, write_atomic

# All errors of a run are wanted, not the first twenty: each may be another function's.
_ALL_ERRORS = ("-ferror-limit=0",)
_ASSEMBLY = (*_ALL_ERRORS, "-S")
_UNDEFINED = re.compile(r"undefined (?:hidden |protected |internal )?(?:symbol: |reference to [`'])([^\n']+)")
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class SharedTools:
    """``tools``: folder of the tools. ``ready``: numbers of the functions in them. ``decided``: number -> outcome of those that need no
    test. ``alone``: number -> why a function is to be tried in a build of its own."""

    tools: Path
    ready: frozenset[int]
    decided: Mapping[int, Outcome]
    alone: Mapping[int, str]


def build_shared(
    reference: Reference, build: Build, mutants: Sequence[Mutant], work: Path, jobs: int, progress: Progress
) -> SharedTools:
    """Compile, compare and link ``mutants`` together in ``work``; what an earlier call has compiled there of the same texts is kept."""
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
    """File with a mutant -> the source files whose objects it changes."""
    alive: dict[int, Mutant] = field(default_factory=dict[int, Mutant])
    """What the texts hold, by number."""
    decided: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    alone: dict[int, str] = field(default_factory=dict[int, str])


    def add(self, mutant: Mutant) -> None:
        """Take a mutant in, if its file reaches an object."""
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
        """The sources that ``files`` reach, large ones first: the last to end should be a small one."""
        found = {source for file in files for source in self.sources[file]}
        return sorted(found, key=lambda source: (-len(self.reference.files[source]), source))

    def compile(self, kind: str, text_of: Callable[..., str], flags: Sequence[str]) -> dict[str, Path]:
        """Compile every affected source with ``text_of`` of its mutants and its headers' until no error is left; source -> what was made.

        What the compiler finds wrong behind a number does not compile; where a function's own place is concerned, it is tried alone,
        and so is all that an error elsewhere may be about.
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
                    self.progress(i + 1, len(todo), f"{source}, {kind}")
            for source, said in failed.items():
                self._take_out(kind, source, said)
            todo = [source for source in failed if any(source in self.sources[file] for file in self._by_file())]
            for source in failed.keys() - set(todo):
                del made[source]
        return made

    def _object(self, kind: str, source: str) -> Path:
        return self.work / kind / f"{source}.o"

    def _compile(self, kind: str, source: str, texts: Mapping[str, str], flags: Sequence[str]) -> str | None:
        """Compile one source, unless that was done; None, or what the compiler says of it ("" where it did not come to an end)."""
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
            return ""  # whoever it is about, it will fail alone as well
        if done.ok:
            write_atomic(stamp, key.encode())
            return None
        return "" if done.timed_out else done.stderr + done.stdout

    def _take_out(self, kind: str, source: str, said: str) -> None:
        named = blamed(said)
        # One that is out already was in a header that another source met first: this source is compiled again without it.
        found = {number: text for number, text in named.items() if number in self.alive}
        if not named:
            here = [number for number, m in self.alive.items() if source in self.sources[m.function.file]]
            self._alone(here, f"{source} did not compile with others")
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
        """Decide the functions whose code is the official one's."""

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
                self.decided[number] = Outcome(Verdict.EQUIVALENT)  # it stays in the texts: other texts would be compiled again

    def link(self, tools: Path) -> None:
        """Link all tools with every mutant in them that links; the others are tried alone."""
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
        """The mutants whose code names one of the symbols, given as the linker shows them."""
        words = {found[-1] for name in undefined if (found := _WORD.findall(name.partition("(")[0]))}
        # As it is, a C function's name; after its length, a part of a mangled one.
        sign = re.compile("|".join(rf"^{word}$|{len(word)}{word}" for word in sorted(words)) or "$^")
        return {
            number
            for path in (self.work / "generated").rglob("*.o")
            for number, symbols in references(path.read_text()).items()
            if number in self.alive and any(map(sign.search, symbols))
        }
