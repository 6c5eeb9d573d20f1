"""``make bench BENCH=fuzz``: spoilt .td files are repeatable, and reading one ends well or with an error that says where."""

from __future__ import annotations

import random
from pathlib import Path

from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.fuzz import read_td, sources, spoilt

INCLUDE = Path("/usr/lib/llvm-19/include")
TERN = ROOT / "targets/Tern/Tern.td"
LINES = "def A : B<1>;\nlet C = [1, 2, 3] in\ndef D : E<\"add $d\"> { let F = 0b10; }\n"


@given(st.integers(0, 10_000))
def test_a_seed_spoils_a_text_in_one_way(seed: int) -> None:
    assert spoilt(LINES, random.Random(seed)) == spoilt(LINES, random.Random(seed))


def test_most_seeds_change_something() -> None:
    assert sum(spoilt(LINES, random.Random(seed)) != LINES for seed in range(50)) > 25


def test_what_is_spoilt_is_read_or_refused(tmp_path: Path) -> None:
    """Seeds of which one is TableGen still and one is not."""
    assert TERN in sources()
    program = INCLUDE.parent / "bin/llvm-tblgen"
    ends = {read_td(seed, tmp_path, TERN, INCLUDE, program, (INCLUDE,))[1] for seed in (100, 102, 103, 104)}
    assert ends == {"read", "refused"}
    assert not list(tmp_path.iterdir()), "only what shows a defect is kept"
