"""``python -m benchmarks.killed --target T --llvm DIR --work DIR``: check that a run of the judge can be killed and resumed.

A run is killed at random moments and resumed each time; then its verdicts are compared with those of an undisturbed run. ``--work`` is
emptied first.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path


def kept(work: Path) -> int:
    """The number of entries in the journal: the baseline and the verdicts so far."""
    try:
        with sqlite3.connect(f"file:{work / 'journal.sqlite'}?mode=ro", uri=True) as journal:
            return journal.execute("SELECT count(*) FROM entries").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def verdicts(report: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """(file, line) -> (verdict, first failing test)."""
    return {(f["file"], f["line"]): (f["verdict"], f["test"]) for f in json.loads(report.read_bytes())["functions"]}


def main() -> None:
    """Run, kill, resume, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)

    def command(name: str) -> list[str]:
        paths = ["--work", str(asked.work / name), "--json", str(asked.work / f"{name}.json")]
        return [sys.executable, "-m", "vega_gen", "regress", "--target", asked.target, "--llvm", str(asked.llvm), *paths]

    shutil.rmtree(asked.work, ignore_errors=True)
    asked.work.mkdir(parents=True)
    start = time.monotonic()
    subprocess.run(command("whole"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    alone = time.monotonic() - start
    print(f"left alone: {alone:.0f} s", flush=True)
    everything = kept(asked.work / "whole")
    # Each run resumes the one killed before it, so a moment is a number of journal entries; 0 is during the build.
    for number, entries in enumerate(sorted(rng.randrange(everything) for _ in range(asked.times)), 1):
        child = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while child.poll() is None and kept(asked.work / "killed") < entries:
            time.sleep(0.1)
        time.sleep(rng.uniform(0, 2))
        ended = child.poll() is not None
        child.kill()
        child.wait()
        what = "it had ended" if ended else "killed"
        print(f"{number}: {what}; the journal has {kept(asked.work / 'killed')} of {everything} entries", flush=True)
    start = time.monotonic()
    subprocess.run(command("killed"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    expected, found = verdicts(asked.work / "whole.json"), verdicts(asked.work / "killed.json")
    different = [place for place in expected.keys() | found.keys() if expected.get(place) != found.get(place)]
    print(f"resumed: {time.monotonic() - start:.0f} s; {len(found)} functions, {len(different)} with another verdict or first failing test")


if __name__ == "__main__":
    main()
