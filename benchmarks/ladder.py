"""``python -m benchmarks.ladder [NAME ...]``: check that each backend of targets/settings/ladder.toml gets as far as that file says.

Each backend is generated from its .td and built, and its ladder is climbed, by ``vega-gen ladder``. The exit status is 1 if fewer pass on
a rung than the file says.
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
    """A backend and how far it must get. ``rungs``: name of a rung -> how many must pass."""

    name: str
    td: Path
    flags: tuple[str, ...]
    rungs: Mapping[str, int]

    @property
    def command(self) -> list[str]:
        """The arguments of ``vega-gen`` that climb this backend's ladder, without --json."""
        return ["ladder", "--td", str(self.td), "--name", self.name, "--llvm", str(LLVM), *self.flags]


def backends(text: str) -> tuple[Backend, ...]:
    """The backends of the settings file ``text``, in its order."""

    def path(td: str) -> Path:
        return ROOT / td if (ROOT / td).is_file() else LLVM / "llvm/lib/Target" / td

    return tuple(Backend(b["name"], path(b["td"]), tuple(b.get("flags", ())), b["rungs"]) for b in tomllib.loads(text)["backend"])


def climbed(backend: Backend) -> dict[str, tuple[int, str]]:
    """Name of a rung -> how many pass, and the first obstacle or the notes."""
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
    """A line for each rung on which fewer pass than must."""
    nothing = 0, next((why for _, why in found.values() if why), "the rung was not reached")
    lines: list[str] = []
    for rung, least in backend.rungs.items():
        passed, why = found.get(rung, nothing)
        if passed < least:
            lines.append(f"{backend.name}: {rung}: {passed} pass, not {least}: {why}")
    return lines


def check(names: Sequence[str] = ()) -> bool:
    """Climb the ladders of the backends in ``names`` (all if empty), print how far each gets, and return whether all get far enough."""
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
