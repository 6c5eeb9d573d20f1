"""The check that the ladder's table still holds: what the settings say, and what counts as fallen."""

from __future__ import annotations

import pytest

from benchmarks import ladder
from vega_gen.records import Rung

TABLE = """
[[backend]]
td = "targets/Tern/Tern.td"
name = "Own"
flags = ["--big-endian"]
rungs = { round-trip = 43, runs = 60 }
"""


def test_every_backend_of_the_table_has_its_td_and_rungs_that_there_are() -> None:
    known = ladder.backends((ladder.ROOT / "targets/settings/ladder.toml").read_text())
    assert {"Tern", "RV32IM"} <= {b.name for b in known} and len({b.name for b in known}) == len(known)
    for backend in known:
        assert backend.td.is_file(), backend.td
        assert backend.rungs and backend.rungs.keys() <= {str(rung) for rung in Rung}


def test_fewer_on_a_rung_or_a_rung_that_is_not_reached_has_fallen() -> None:
    (own,) = ladder.backends(TABLE)
    assert own.command[-1] == "--big-endian" and own.command[own.command.index("--name") + 1] == "Own"
    assert ladder.fallen(own, {"round-trip": (44, ""), "runs": (60, "")}) == []
    assert ladder.fallen(own, {"round-trip": (42, "ADD: no"), "runs": (0, "there is no qemu-riscv32")}) == [
        "Own: round-trip: 42 pass, not 43: ADD: no", "Own: runs: 0 pass, not 60: there is no qemu-riscv32",
    ]  # fmt: skip
    assert ladder.fallen(own, {"built": (0, "it does not compile")}) == [
        "Own: round-trip: 0 pass, not 43: it does not compile", "Own: runs: 0 pass, not 60: it does not compile",
    ]  # fmt: skip


def test_the_check_says_whether_all_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def climbed(backend: ladder.Backend) -> dict[str, tuple[int, str]]:
        return {rung: (least - (backend.name == "Tern"), "no") for rung, least in backend.rungs.items()}

    monkeypatch.setattr(ladder, "climbed", climbed)
    assert ladder.check(["RV32IM"]) and not ladder.check()
    assert "Tern: round-trip: 46 pass, not 47: no" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="Nowhere"):
        ladder.check(["Nowhere"])
