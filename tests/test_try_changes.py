"""What ``try --watch`` says has changed since the run before."""

from __future__ import annotations

from vega_gen.pipeline.watching import difference
from vega_gen.records import Climbed, Ladder, Obstacle, Rung
from vega_gen.report.rungs import changes


def test_what_changed_between_two_ladders() -> None:
    def climbed(*steps: Climbed) -> Ladder:
        return Ladder("T", "t", steps)

    wrong, other = Obstacle("add -O0", "", "crash"), Obstacle("add -O2", "", "hang")
    before = climbed(Climbed(Rung.ROUND_TRIP, 43, 43), Climbed(Rung.OBJECTS, 59, 60, (wrong,)), Climbed(Rung.RUNS, 60, 60))
    assert changes(before, before) == ()
    more = climbed(Climbed(Rung.ROUND_TRIP, 44, 44), Climbed(Rung.OBJECTS, 58, 60, (wrong, other)), Climbed(Rung.RUNS, 60, 60))
    assert changes(before, more) == ("round-trip 43 of 43 -> 44 of 44", "objects 59 -> 58 of 60: first obstacle: add -O2: hang")
    moved = climbed(Climbed(Rung.OBJECTS, 59, 60, (other,)), Climbed(Rung.RUNS, 0, 0, (), ("there is no llc",)))
    assert changes(before, moved) == (
        "objects 59 -> 59 of 60: first obstacle: add -O2: hang", "runs 60 of 60 -> not tried: there is no llc",
    )  # fmt: skip


def test_a_long_difference_is_cut() -> None:
    assert difference("a\nb\n", "a\nc\n") == ("@@ -1,2 +1,2 @@", " a", "-b", "+c")
    assert difference("a\n", "a\n") == ()
    long = difference("", "\n".join(map(str, range(100))))
    assert len(long) == 41 and long[-1] == "..."
