"""``python -m benchmarks.ladder [NAME ...]``: whether each backend of targets/settings/ladder.toml still gets as far as that file says.

Each is made from its .td, built, and its ladder climbed, as ``vega-gen ladder`` does. Exit status 1 where a rung has fallen.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parent.parent
LLVM = ROOT / ".llvm" / "19"


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend and how far it gets. ``rungs``: name of a rung -> how many pass at least."""

    name: str
    td: Path
    flags: tuple[str, ...]
    rungs: Mapping[str, int]

    @property
    def command(self) -> list[str]:
        """The ladder's, without where its JSON goes."""
        return ["ladder", "--td", str(self.td), "--name", self.name, "--llvm", str(LLVM), *self.flags]


def backends(text: str) -> tuple[Backend, ...]:
    """What the settings file holds, in its order."""

    def path(td: str) -> Path:
        return ROOT / td if (ROOT / td).is_file() else LLVM / "llvm/lib/Target" / td

    return tuple(Backend(b["name"], path(b["td"]), tuple(b.get("flags", ())), b["rungs"]) for b in tomllib.loads(text)["backend"])


def climbed(backend: Backend) -> dict[str, tuple[int, str]]:
    """Name of a rung -> how many pass, and what is in the way of the first that does not."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ladder.json"
        done = subprocess.run(
            [sys.executable, "-m", "vega_gen", *backend.command, "--json", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return {"built": (0, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit status {done.returncode}")}
        steps: list[dict[str, Any]] = orjson.loads(out.read_bytes())[0]["steps"]
    return {s["rung"]: (s["passed"], next((o["message"] for o in s["obstacles"]), "; ".join(s["notes"]))) for s in steps}


def fallen(backend: Backend, found: Mapping[str, tuple[int, str]]) -> list[str]:
    """A line for each rung of which fewer pass than must."""
    nothing = 0, next((why for _, why in found.values() if why), "the rung was not reached")
    lines: list[str] = []
    for rung, least in backend.rungs.items():
        passed, why = found.get(rung, nothing)
        if passed < least:
            lines.append(f"{backend.name}: {rung}: {passed} pass, not {least}: {why}")
    return lines


def check(names: Sequence[str] = ()) -> bool:
    """Climb with the backends called so (all of them for none), print how far each gets, and say whether none has fallen."""
    known = backends((ROOT / "targets/settings/ladder.toml").read_text(encoding="utf-8"))
    if unknown := set(names) - {b.name for b in known}:
        raise SystemExit(f"no backend of targets/settings/ladder.toml is called {', '.join(sorted(unknown))}")
    lines: list[str] = []
    for backend in known:
        if names and backend.name not in names:
            continue
        start = time.monotonic()
        found = climbed(backend)
        rungs = ", ".join(f"{rung} {found[rung][0] if rung in found else '-'}/{least}" for rung, least in backend.rungs.items())
        print(f"{backend.name:10} {time.monotonic() - start:4.0f} s  {rungs}", flush=True)
        lines += fallen(backend, found)
    for line in lines:
        print(line)
    return not lines


if __name__ == "__main__":
    sys.exit(not check(sys.argv[1:]))
