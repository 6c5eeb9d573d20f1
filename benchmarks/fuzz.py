"""``python -m benchmarks.fuzz [--reader td|cxx] [--seconds N] [--first SEED] [--work DIR]``: the readers under spoilt input.

``td``: a few tokens of a .td of ``targets/`` and ``tests/inputs/`` are changed by seed, and what is made of it as far as C++: description,
facts, completion, archetypes. ``cxx``: atheris (``pip install -e '.[fuzz]'``) changes C++ as it likes, beginning with LLVM's own of a few
targets, and it is read into functions and statements. An error that names the place is right; a traceback, and what does not end within a
minute, is printed by kind, with the input. The exit status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

from benchmarks.simulator import ROOT, report
from llvm_integration.discover import installed
from llvm_integration.failure import Failure
from vega_gen import tablegen
from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.pipeline.completing import completed

LIMIT = 60
"""Seconds within which an input has to be read."""
_FINE = frozenset({"read", "refused"})
"""How reading may end."""
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|\d+|<<|\[\{|\}\]|[^\w\s]')
_STATEMENT = re.compile(r"^ *(?:def|let|defm|foreach|include)\b[^\n{]*;\n", re.MULTILINE)
_NUMBER, _TEXT = re.compile(r"\d+"), re.compile(r'"(?:[^"\\\n]|\\.)+"')
_WORD = re.compile(r"[A-Za-z_]\w*")


def sources() -> list[Path]:
    """The main .td files that are spoilt, each with the others of its folder."""
    return [ROOT / "targets/Tern/Tern.td", ROOT / "targets/RV32IM/RV32IM.td", *sorted(_mains(ROOT / "tests/inputs"))]


def _mains(folder: Path) -> Iterator[Path]:
    for td in folder.rglob("*.td"):
        if re.search(r"^def \w+ *: *Target *[{;]", td.read_text(encoding="utf-8", errors="replace"), re.MULTILINE):
            yield td


def spoilt(text: str, chance: random.Random) -> str:
    """The text with one or two changes: a statement of one line left out, a number for another, a word for one that stands behind the same
    token elsewhere, a text without one of its characters. Most of the results are TableGen still."""
    for _ in range(chance.randint(1, 2)):
        tokens = list(_TOKEN.finditer(text))
        lines = list(_STATEMENT.finditer(text))
        kind = chance.choice((_NUMBER, _NUMBER, _WORD, _TEXT))
        at = chance.choice([n for n, token in enumerate(tokens) if n and kind.fullmatch(token[0])] or [1])
        one, put = tokens[at], ""
        if lines and chance.random() < 0.2:
            one = chance.choice(lines)
        elif one[0].isdigit():
            put = str(chance.choice([0, 1, 2, 3, 31, 32, 64, 255, 1 << 16]))
        elif _WORD.fullmatch(one[0]):
            before = tokens[at - 1][0]
            put = chance.choice([b[0] for a, b in pairwise(tokens) if a[0] == before and _WORD.fullmatch(b[0])])
        elif _TEXT.fullmatch(one[0]):
            gone = chance.randrange(1, len(one[0]) - 1)
            put = one[0][:gone] + one[0][gone + 1 :]
        text = text[: one.start()] + put + text[one.end() :]
    return text


def read_td(seed: int, work: Path, td: Path, include: Path, tblgen: Path, includes: tuple[Path, ...]) -> tuple[int, str, str]:
    """Spoil a .td by a seed and read it. Returns the seed, how reading ended ("read", "refused", else the kind of traceback), and the
    file."""
    folder = work / f"{td.stem}-{seed}"
    shutil.copytree(td.parent, folder, ignore=shutil.ignore_patterns("*.ll", "*.c", "*.toml"), dirs_exist_ok=True)
    chance = random.Random(seed)
    own = [folder / path.relative_to(td.parent) for path in tablegen.reachable(td, (td.parent,)) if path.is_relative_to(td.parent)]
    file = chance.choice(own)
    file.write_text(spoilt(file.read_text(encoding="utf-8"), chance), encoding="utf-8")
    main = folder / td.name

    def late(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LIMIT)
    said = "read"
    try:
        d = tablegen.describe(main, folder=td.stem, llvm_include=include, tblgen=tblgen, include_dirs=(folder,))
        text = "".join(path.read_text(encoding="utf-8") for path in own)
        target = (include / "llvm/Target/Target.td").read_text(encoding="utf-8")
        lacking = completion(d, text, target)
        if lacking.described:
            made = completed(main, d.name, lacking.text, folder / "completed", lacking.mendings)
            d = lacking.mark(tablegen.describe(made, folder=td.stem, llvm_include=include, tblgen=tblgen, include_dirs=(folder,)))
        find_facts(d)
        archetypes(d, Interface(includes), td.stem.lower(), 0x7000)
    except Failure:
        said = "refused"
    except Exception as error:  # the kind of the defect: where in our code, and what
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "vega_gen" in f.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "elsewhere"
        said = f"{type(error).__name__} at {where}: {str(error)[:100]}"
    finally:
        signal.alarm(0)
    if said in _FINE:
        shutil.rmtree(folder)
    return seed, said, str(file)


def fuzz_td(seconds: float, first: int, work: Path, jobs: int) -> int:
    """Read spoilt .td files for ``seconds``. Returns the number of kinds of defects."""
    installation = installed()[0]
    include = next(folder for folder in installation.include_dirs if (folder / "llvm/Target/Target.td").is_file())
    mains, ends, seed = sources(), time.monotonic() + seconds, first
    counts: dict[str, int] = {}
    examples: dict[str, str] = {}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running: set[Future[tuple[int, str, str]]] = set()
        while running or time.monotonic() < ends:
            while len(running) < 2 * jobs and time.monotonic() < ends:
                td = mains[seed % len(mains)]
                running.add(pool.submit(read_td, seed, work, td, include, installation.llvm_tblgen, installation.include_dirs))
                seed += 1
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                number, said, file = future.result()
                counts[said] = counts.get(said, 0) + 1
                examples.setdefault(said, f"seed {number}, {file}")
            report(seed - first, 0, f"{counts.get('read', 0)} read, {counts.get('refused', 0)} refused, {len(counts.keys() - _FINE)} kinds")
    print(f"{seed - first} .td files: " + ", ".join(f"{counts.get(kind, 0)} {kind}" for kind in ("read", "refused")))
    for said in sorted(counts.keys() - _FINE, key=lambda kind: -counts[kind]):
        print(f"{counts[said]} of {said}\n    {examples[said]}")
    return len(counts.keys() - _FINE)


def fuzz_cxx(seconds: float, first: int, work: Path) -> int:
    """Read spoilt C++ for ``seconds``. Returns 1 if atheris stopped at a traceback or a hang, which it keeps in ``work``."""
    import atheris  # type: ignore[import-not-found]

    for name in [name for name in sys.modules if name.startswith("vega_gen.cxx")]:
        del sys.modules[name]  # they were loaded without atheris, which sees by its own how far an input gets
    with atheris.instrument_imports(include=["vega_gen.cxx"]):
        from vega_gen.cxx import parse

    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for target in ("ARC", "Lanai", "MSP430"):
        for path in sorted((ROOT / ".llvm/19/llvm/lib/Target" / target).rglob("*.cpp")):
            (corpus / f"{target}-{path.name}").write_bytes(path.read_bytes()[:6000])

    def once(data: bytes) -> None:
        try:
            parse.parse_file(data, "Toy", "Toy.cpp")
        except Failure:
            return

    options = [f"-max_total_time={int(seconds)}", f"-seed={first}", f"-timeout={LIMIT}", "-max_len=8000", f"-artifact_prefix={work}/"]
    atheris.Setup([sys.argv[0], str(corpus), *options, "-print_final_stats=1"], once)
    atheris.Fuzz()  # ends the process
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--reader", choices=("td", "cxx"), default="td")
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/fuzz")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(sys.argv[1:] if argv is None else argv)
    work: Path = asked.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    if asked.reader == "cxx":
        return fuzz_cxx(asked.seconds, asked.first, work)
    return int(fuzz_td(asked.seconds, asked.first, work, asked.jobs) > 0)


if __name__ == "__main__":
    sys.exit(main())
