"""``python -m benchmarks [--all | descriptions | entered | facts | fuzz | simulator | mutations | stress | versions]``: measure the times
that README quotes; check that the ladder's table holds.

LLVM 19's source must be in .llvm/19. ``--all`` also times ``make demo`` and ``make test``, without the installation. The exit status is 1
if a backend of targets/settings/ladder.toml gets less far than that file says (``benchmarks.ladder``), if Tern or RV32IM gets further with
one installed LLVM than with another (``benchmarks.versions``), or if llc does not compile one of a thousand random modules and programs for
them (``benchmarks.stress``).
``descriptions``, ``entered``, ``facts``, ``fuzz``, ``simulator``, ``mutations``, ``stress`` and ``versions``, with their own options after
them, are ``benchmarks.simulator`` and so on.
"""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks import descriptions, entered, facts, fuzz, ladder, mutations, simulator, stress, versions

ROOT = Path(__file__).resolve().parent.parent
VEGA_GEN = [sys.executable, "-m", "vega_gen"]
LLVM = ["--llvm", str(ROOT / ".llvm" / "19")]


def seconds(argv: list[str], **env: str) -> float:
    """The wall clock time of a command in seconds. Raises CalledProcessError if it fails."""
    start = time.monotonic()
    subprocess.run(argv, cwd=ROOT, env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def main() -> None:
    """Measure and print."""
    own = (descriptions, entered, facts, fuzz, simulator, mutations, stress, versions)
    others = {module.__name__.rpartition(".")[2]: module.main for module in own}
    if sys.argv[1:] and sys.argv[1] in others:
        sys.exit(others[sys.argv[1]](sys.argv[2:]))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    memory = psutil.virtual_memory().total >> 30
    print(f"{datetime.date.today()}, {os.cpu_count()} cores, {memory} GiB, commit {commit}, load {os.getloadavg()[0]:.1f}", flush=True)
    rows: list[tuple[str, str, float]] = [("vega-gen --help, best of 5", "0.5 s", min(seconds([*VEGA_GEN, "--help"]) for _ in range(5)))]
    with tempfile.TemporaryDirectory() as cache:
        rows.append(("vega-gen mine, nothing cached", "60 s", seconds([*VEGA_GEN, "mine", *LLVM], VEGA_GEN_CACHE=cache)))
        warm = min(seconds([*VEGA_GEN, "mine", *LLVM], VEGA_GEN_CACHE=cache) for _ in range(3))
        rows.append(("vega-gen mine again, best of 3", "3 s", warm))
        td = ROOT / ".llvm/19/llvm/lib/Target/Lanai/Lanai.td"
        one = [*VEGA_GEN, "fill", "--td", str(td), *LLVM, "--function", "InstrInfo::copyPhysReg"]
        rows.append(("vega-gen fill, one function", "seconds", seconds(one, VEGA_GEN_CACHE=cache)))
    if "--all" in sys.argv[1:]:
        rows.append(("make demo", "15 min", seconds(["make", "demo"])))
        rows.append(("make test", "25 min", seconds(["make", "test"])))
    for name, goal, value in rows:
        print(f"{name:34} goal {goal:8} {value:8.2f} s", flush=True)
    if not all([ladder.check(), versions.check(), stress.main([]) == 0]):
        sys.exit(1)


if __name__ == "__main__":
    main()
