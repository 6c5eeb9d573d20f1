"""``python -m benchmarks.descriptions [NAME ...] [--folder DIR ...] [--work DIR] [--again]``: how far each description gets by ``try``.

Every .td that defines a Target is tried under a new name, with the facts of targets/facts where there is a file of them: LLVM's own below
.llvm/19, and those below each ``--folder``. The result is a Markdown table, and per row the counted reasons why a rung stops.

``NAME``: Target records or rows; all by default. ``--work``: where rows are kept as JSON (default: in the cache); a row that is there and
of this commit is not tried again, unless with ``--again``. ``--seconds``: the most that one may take.
"""

from __future__ import annotations

import argparse
import datetime
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson

from vega_gen import store

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / ".llvm/19/llvm/lib/Target"
LLVM = "19"
_TARGET = re.compile(r"^def\s+(\w+)\s*:\s*Target\s*[{;]", re.MULTILINE)
_LLVM = 'include "llvm/Target/Target.td"'
_RUNGS = ("round-trip", "smoke-compiles", "machine-verified", "objects", "runs")
_MORE = re.compile(r"^(\d+) more are pseudo")
_VALUE = re.compile(r"\bt\d+(?::\d+)?|<0x[0-9a-f]+>|0x[0-9a-f]+|%bb\.\d+|\$?%?\b\d+\b")
REASONS = 3
"""So many reasons are listed per rung."""


@dataclass(frozen=True, slots=True)
class Row:
    """A description that is tried. ``name``: of the row. ``target``: of the Target record. ``flags``: further options of ``try``."""

    name: str
    target: str
    td: Path
    flags: tuple[str, ...] = ()

    @property
    def facts(self) -> Path | None:
        """The facts that a person gave, None where nobody did."""
        path = ROOT / "targets/facts" / f"{self.target}.toml"
        return path if path.is_file() else None

    def command(self, out: Path) -> list[str]:
        """The arguments of ``vega-gen`` that try it."""
        facts = ["--facts", str(self.facts)] if self.facts else []
        name = f"New{re.sub(r'[^A-Za-z0-9]', '', self.name)}"
        return ["try", "--td", str(self.td), "--name", name, "--llvm-version", LLVM, "--ladder", "--json", str(out), *self.flags, *facts]


def rows(folders: Iterable[Path], settings: Mapping[str, Any]) -> list[Row]:
    """The rows of the .td files below ``folders`` that define a Target, by name; of several for one record, those of the first folder."""
    given: list[dict[str, Any]] = settings["row"]
    found: dict[str, Row] = {}
    for folder in folders:
        for td in sorted(folder.rglob("*.td")):
            named = _TARGET.findall(td.read_text(encoding="utf-8", errors="replace"))
            if not named or td.parent.name in settings["leave_out"]:
                continue
            main = _main(td)
            special = [Row(r["name"], named[0], main, tuple(r["flags"])) for r in given if r["of"] == named[0]]
            for row in special or [Row(named[0], named[0], main)]:
                found.setdefault(row.name, row)
    return [found[name] for name in sorted(found, key=str.lower)]


def _main(td: Path) -> Path:
    """The file to give to llvm-tblgen for the one that defines the Target: it, or one beside it that includes it behind LLVM's own."""
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in sorted(td.parent.glob("*.td"))}
    if _LLVM in texts[td]:
        return td
    return next((path for path, text in texts.items() if _LLVM in text and f'include "{td.name}"' in text), td)


def tried(row: Row, folder: Path, commit: str, seconds: float) -> dict[str, Any]:
    """Try one description, and keep and return the result: that of ``try --json``, or ``error`` with its last line."""
    out = folder / f"{row.name}.try.json"
    out.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "vega_gen", *row.command(out)]
    begun = time.monotonic()
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
        said = done.stderr.strip().splitlines()
        error = "" if out.is_file() else next((s for s in reversed(said) if "error" in s.lower()), said[-1] if said else "no result")
    except subprocess.TimeoutExpired:
        error = f"not done within {seconds:.0f} s"
    result: dict[str, Any] = orjson.loads(out.read_bytes()) if out.is_file() else {}
    given = tomllib.loads(row.facts.read_text(encoding="utf-8")) if row.facts else {}
    kept = {
        "name": row.name, "target": row.target, "td": str(row.td), "commit": commit, "command": " ".join(["vega-gen", *row.command(out)]),
        "error": error, "facts": _leaves(given), "wall": round(time.monotonic() - begun, 1), "result": result,
    }  # fmt: skip
    (folder / f"{row.name}.json").write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
    return kept


def _leaves(table: Mapping[str, Any]) -> int:
    """How many values a facts file gives."""
    return sum(_leaves(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else 1 for value in table.values())


def _steps(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rungs of a result of ``try --json``; none where no ladder was climbed."""
    return result["ladder"]["steps"] if result["ladder"] else []


def _notes(steps: Mapping[str, Mapping[str, Any]], rung: str) -> list[str]:
    return steps[rung]["notes"] if rung in steps else []


def reasons(kept: Mapping[str, Any]) -> dict[str, list[tuple[str, int]]]:
    """Rung that not all pass -> its reasons, the most frequent first; numbers in them are left out, so that like ones count together."""
    result = kept["result"]
    if not result:
        return {"try": [(kept["error"], 1)]}
    found: dict[str, list[tuple[str, int]]] = {}
    for table in ("missing", "broken"):
        if result.get(table):
            found[table] = [(f"{key}: {why}"[:200], 1) for key, why in result[table].items()]
    for step in _steps(result):
        counted = Counter(_VALUE.sub("#", obstacle["message"])[:200] for obstacle in step["obstacles"])
        if counted:
            found[step["rung"]] = counted.most_common()
        elif not step["total"] and step["notes"] and not found:
            found[step["rung"]] = [(step["notes"][0], 1)]
    return found


def cells(kept: Mapping[str, Any]) -> list[str]:
    """The cells of a row of the table."""
    result = kept["result"]
    if not result:
        return [kept["name"], str(kept["facts"]), f"{kept['wall']:.0f} s", "-", *["-"] * len(_RUNGS), kept["error"][:90]]
    steps = {step["rung"]: step for step in _steps(result)}
    shown: list[str] = []
    for rung in _RUNGS:
        step = steps.get(rung)
        shown.append(f"{step['passed']}/{step['total']}" if step and step["total"] else "-")
    more = next((int(m[1]) for note in _notes(steps, "round-trip") if (m := _MORE.match(note))), 0)
    shown[0] += f" (+{more})" if more else ""
    ran = next((note.removeprefix("run by ") for note in _notes(steps, "runs") if note.startswith("run by ")), "")
    return [kept["name"], str(kept["facts"]), f"{result['seconds']:.0f} s", str(len(result["abilities"])), *shown, ran]


def table(all_kept: Sequence[Mapping[str, Any]]) -> str:
    """The Markdown table, and below it why rungs stop."""
    head = ["description", "facts by hand", "time", "parts", "round trips (+ not asked)"]
    head += ["compiled", "verified", "objects", "right", "run by"]
    lines = [head, ["---"] * len(head), *(cells(kept) for kept in all_kept)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    for kept in all_kept:
        for rung, found in reasons(kept).items():
            listed = "; ".join(f"{count} x {why}" for why, count in found[:REASONS])
            text += f"\n- {kept['name']}, {rung}: {listed}"
    return text + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what is asked for and print the table. The exit status is 1 if a description gave no plug-in."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.descriptions", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder", action="append", type=Path, default=[], metavar="DIR")
    parser.add_argument("--work", type=Path, default=None, metavar="DIR")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--seconds", type=float, default=1200.0)
    given = parser.parse_args(arguments)
    known = rows((OWN, *given.folder), tomllib.loads((ROOT / "targets/settings/descriptions.toml").read_text(encoding="utf-8")))
    if unknown := set(given.names) - {n for row in known for n in (row.name, row.target)}:
        parser.error(f"no description is called {', '.join(sorted(unknown))}; known are {', '.join(row.name for row in known)}")
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    folder = given.work or store.cache_folder("descriptions", "rows")
    folder.mkdir(parents=True, exist_ok=True)
    done: list[dict[str, Any]] = []
    for row in known:
        if given.names and not {row.name, row.target} & set(given.names):
            continue
        path = folder / f"{row.name}.json"
        kept: dict[str, Any] = orjson.loads(path.read_bytes()) if path.is_file() else {}
        if given.again or kept.get("commit") != commit:
            kept = tried(row, folder, commit, given.seconds)
        done.append(kept)
        print(f"{row.name}: {', '.join(cells(kept)[2:])}", file=sys.stderr, flush=True)
    text = f"{datetime.date.today()}, commit {commit}\n\n{table(done)}"
    (folder / "table.md").write_text(text, encoding="utf-8")
    print(text)
    return int(any(not kept["result"] for kept in done))


if __name__ == "__main__":
    sys.exit(main())
