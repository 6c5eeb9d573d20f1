"""Facts in the review: in the queue, the page and SARIF beside statements, and decisions that hold when the backend is made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vega_gen import fact_review, review, store
from vega_gen.cli.main import app
from vega_gen.errors import ReviewError
from vega_gen.facts.facts_file import facts_text
from vega_gen.records import Alternative, DecisionKind, Decisions, Evidence, Fact, FillerName, Mode, Plan
from vega_gen.report.page import review_page
from vega_gen.report.sarif import sarif

FRAME = "register.frame_pointer"
GUESS = Alternative("R30", Evidence.DEFAULT, "it is callee-saved", 0.25)
FACTS = (
    Fact(FRAME, "R31", Evidence.DEFAULT, "R31 is <assumed>", 0.25, (GUESS,)),
    Fact("register.stack_pointer", "R2", Evidence.IMPLICIT, "calls use it", 0.99),
    Fact("instruction.constant", "", Evidence.DEFAULT, "nothing in the .td says it", 0.0),
)


@pytest.fixture
def made() -> Plan:
    return Plan("Toy", Mode.TD, FillerName.ARCHETYPE, "19.1.7", (), (), (), (), facts=FACTS)


def test_doubtful_facts_are_in_the_queue(made: Plan, tmp_path: Path) -> None:
    (tmp_path / ".vega").mkdir()
    (tmp_path / fact_review.FACTS_FILE).write_text(facts_text({f.key: f for f in FACTS}, "Toy"))
    (item,) = review.queue(made, 0.5, review.locate(tmp_path))
    assert (item.id, item.text, item.alternatives, item.doubt) == (FRAME, "R31", ("R30",), "the frame pointer: R31 is <assumed>")
    lines = (tmp_path / item.file).read_text().splitlines()
    assert lines[item.line - 1].startswith('frame_pointer = "R31"')
    assert not review.queue(made, 0.2, {})
    page = review_page(made, [item], 0.5, tmp_path)
    assert "register.frame_pointer" in page and f"accept {FRAME}" in page and "R31 is &lt;assumed&gt;" in page
    (result,) = sarif([item], tmp_path)["runs"][0]["results"]
    assert result["partialFingerprints"] == {"vegaStatementId/v1": FRAME} and result["properties"]["alternatives"] == ["R30"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [(DecisionKind.ACCEPT, "", "R31"), (DecisionKind.REPLACE, " R20 ", "R20"), (DecisionKind.DROP, "", "")],
)
def test_a_decision_holds_until_the_fact_changes(made: Plan, kind: DecisionKind, text: str, value: str) -> None:
    decisions = review.decide(made, Decisions("Toy"), FRAME, kind, text)
    applied = review.apply(made, decisions)
    assert (applied.facts[0].value, applied.facts[0].confidence) == (value, 1.0) and applied.facts[1:] == made.facts[1:]
    assert not review.queue(applied, 0.5, {}) and not review.stale(made, decisions)
    (line,) = fact_review.given(made.facts, decisions, "review.json").values()
    assert (line.key, line.value, line.place) == (FRAME, value, f"review.json: decision on {FRAME}")
    other = replace(made, facts=(replace(FACTS[0], value="R9"), *FACTS[1:]))
    assert review.stale(other, decisions) == decisions.decisions and not fact_review.given(other.facts, decisions)
    assert review.undo(made, decisions, FRAME) == Decisions("Toy")


def test_a_fact_takes_an_alternative_but_not_nothing(made: Plan) -> None:
    assert review.alternative(made, FRAME, 1) == (DecisionKind.REPLACE, "R30")
    with pytest.raises(ReviewError, match="replaced by nothing"):
        review.decide(made, Decisions("Toy"), FRAME, DecisionKind.REPLACE, "  ")


def test_the_commands_decide_on_facts(made: Plan, tmp_path: Path) -> None:
    store.dump(made, tmp_path / review.PLAN_FILE)
    said = CliRunner().invoke(app, ["review", "--tree", str(tmp_path), "replace", FRAME, "R20"])
    assert said.exit_code == 0 and said.stdout == f"{FRAME}: replace in facts: R31 by R20\n"
    shown = CliRunner().invoke(app, ["review", "--tree", str(tmp_path)])
    assert "nothing is flagged" in shown.stdout
