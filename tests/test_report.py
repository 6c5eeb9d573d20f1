"""Reports: figures by hand, golden files of tables and SARIF, escaping of the page."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import function, statement, toy_plan
from rich.console import Console

from vega_gen import review
from vega_gen.errors import NotFoundError
from vega_gen.records import Band, FillerName, Judgement, Mode, Module, Plan, ReviewItem, Step, Verdict
from vega_gen.report import passrate, reliability, sarif, tables
from vega_gen.report.page import code_lines, review_page
from vega_gen.report.passrate import Run

GOLDEN = Path(__file__).parent / "golden" / "report"
PLACES = {"a5": ("ToyInstrInfo.cpp", 12), "a2": ("ToyInstrInfo.cpp", 9)}


def printed(*renderables: object, width: int = 110) -> str:
    """What a terminal of that width shows, without colour and trailing spaces."""
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, legacy_windows=False)
    for renderable in renderables:
        console.print(renderable)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def items_of(plan: Plan, threshold: float = 0.6) -> tuple[ReviewItem, ...]:
    return review.queue(plan, threshold, PLACES)


def judgement(name: str, verdict: Verdict, interface: bool = True, module: Module = Module.SEL, **more: object) -> Judgement:
    return Judgement(name, f"G::{name}", "Toy.cpp", 10, module, interface, verdict, **more)  # type: ignore[arg-type]


def run_of(*judgements: Judgement, filler: FillerName = FillerName.CONSENSUS) -> Run:
    return Run("Toy", "19.1.7", Mode.DESC, filler, 61.25, judgements)


JUDGED = (
    judgement("a", Verdict.IDENTICAL, statements=(4, 4, 0)),
    judgement("b", Verdict.PASSED, statements=(6, 3, 5)),
    judgement("c", Verdict.UNVERIFIED),
    judgement("d", Verdict.FAILED_TEST, module=Module.EMI, errors=("Err-V", "Err-CS"), test="MC/Toy/[x].s", command="vega-gen regress d"),
    judgement("e", Verdict.EQUIVALENT, interface=False, module=Module.EMI),
    judgement("f", Verdict.MISSING, interface=False, module=Module.DIS),
)


# ----------------------------------------------------------------------- summary


def test_summary_counts_by_hand() -> None:
    figures = tables.summary(toy_plan(), 0.6)
    rows = {r.module: r for r in figures.rows}
    assert list(rows) == ["SEL", "EMI", "DIS"]
    sel = rows["SEL"]
    assert (sel.functions, sel.statements, sel.flagged, sel.compiling, sel.checked, sel.missing) == (2, 11, 3, 1, 1, 0)
    assert sel.confidence == pytest.approx((0.95 + 0.4 + 0.9 + 0.85 + 0.1 + 0.8 + 0.9 + 0.3 + 0.9 + 0.9 + 0.9) / 11)
    # 0.97 is above the threshold, but its function does not compile
    assert (rows["EMI"].flagged, rows["EMI"].compiling, rows["EMI"].checked) == (1, 0, 1)
    assert (rows["DIS"].functions, rows["DIS"].missing, rows["DIS"].confidence) == (0, 1, None)
    total = figures.total
    assert (total.functions, total.statements, total.flagged, total.missing) == (3, 12, 4, 1)


def test_functions_by_step_and_why() -> None:
    copy, select, broken, absent = toy_plan().functions
    lowered = (copy, replace(select, step=Step.DEFAULT, compiles=False, message="no gone"), replace(broken, step=Step.STUB), absent)
    plan = replace(toy_plan(), functions=lowered)
    lines = [line.split() for line in printed(tables.steps_table(plan)).splitlines()]
    assert ["┃", "Module", "┃", "Filled", "┃", "Default", "┃", "Stub", "┃"] in lines
    for row in (("SEL", "1", "1", "0"), ("all", "2", "1", "1")):
        assert [word for cell in row for word in ("│", cell)] + ["│"] in lines
    said = tables.steps_json(plan)
    assert said["steps"] == {"filled": 2, "next-candidate": 0, "archetype": 0, "default": 1, "stub": 1, "left-out": 0}
    assert said["lowered"][0] == {"name": "ToyInstrInfo::select", "file": "ToyInstrInfo.cpp", "step": "default", "why": "no gone"}
    shown = next(i for i in items_of(plan) if i.function == "emit")
    wide = printed(tables.queue_table([shown], ""), width=300)
    assert "does not compile, so a stub replaces it: Toy.cpp:3:9" in wide
    assert "Does not compile, so a stub replaces it." in review_page(plan, items_of(plan), 0.6, Path("tree"))


def test_summary_table_and_json() -> None:
    figures = tables.summary(toy_plan(), 0.6)
    assert printed(tables.summary_table(figures)) == (GOLDEN / "summary.txt").read_text()
    data = json.loads(orjson.dumps(tables.summary_json(figures)))
    assert data["target"] == "Toy" and data["total"]["flagged"] == 4
    assert [m["module"] for m in data["modules"]] == ["SEL", "EMI", "DIS"]


def test_summary_of_an_uncompiled_plan_has_no_compile_column() -> None:
    plan = Plan("T", Mode.TD, FillerName.FORKFLOW, "19", (), (), (), (function("f", (statement("x", "y ;", 0.9),), compiles=None),))
    assert "Compile" not in printed(tables.summary_table(tables.summary(plan, 0.5)))


def test_queue_table_shows_markup_as_it_is() -> None:
    text = printed(tables.queue_table(items_of(toy_plan()), "Toy: 4"))
    assert text == (GOLDEN / "queue.txt").read_text()
    item = review.queue(toy_plan(), 1.0, {})
    assert 'assert(Ops[bold] && "[/bold]");' in printed(tables.queue_table(item, "t"))


# ------------------------------------------------------------------------- SARIF


def test_sarif_golden(tmp_path: Path) -> None:
    log = sarif.sarif(items_of(toy_plan()), Path("/b/Toy"))
    log["runs"][0]["tool"]["driver"]["version"] = "0"
    assert json.loads(orjson.dumps(log)) == json.loads((GOLDEN / "review.sarif").read_text())


def test_sarif_required_fields() -> None:
    """The properties that the SARIF 2.1.0 schema requires, and its closed sets."""
    log = sarif.sarif(items_of(toy_plan()), Path("/b/Toy"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] and len(run["results"]) == 4
    for result in run["results"]:
        assert result["level"] in {"none", "note", "warning", "error"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert " " not in physical["artifactLocation"]["uri"]
        assert physical.get("region", {"startLine": 1})["startLine"] >= 1
        assert result["partialFingerprints"]["vegaStatementId/v1"] in {"a2", "a5", "b2", "c1"}
    assert run["originalUriBaseIds"]["BACKEND"]["uri"] == "file:///b/Toy/"


def test_sarif_levels_and_escapes() -> None:
    by_id = {r["partialFingerprints"]["vegaStatementId/v1"]: r for r in sarif.sarif(items_of(toy_plan()), Path("/b"))["runs"][0]["results"]}
    assert {id: r["level"] for id, r in by_id.items()} == {"a5": "warning", "b2": "note", "a2": "note", "c1": "error"}
    assert "\\[-Wbad\\]\n  {{0}}" in by_id["c1"]["message"]["text"]
    assert "region" not in by_id["b2"]["locations"][0]["physicalLocation"]


# -------------------------------------------------------------------------- page


class Reader(HTMLParser):
    """Elements, their attributes and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def count(self, tag: str, **attributes: str) -> int:
        return sum(t == tag and all(a.get(k.replace("_", "-")) == v for k, v in attributes.items()) for t, a in self.elements)


def page_of(plan: Plan, threshold: float = 0.6) -> Reader:
    return Reader(review_page(plan, items_of(plan, threshold), threshold, Path("/tmp/a b/Toy")))


def test_page_escapes_everything() -> None:
    page = page_of(toy_plan())
    assert page.count("script") == 1, "the page's own"
    text = "".join(page.text)
    assert "<script>alert(1)</script>/a&b.cpp:7" in text, "donor"
    assert "<script>alert(2)</script>" in text and '"<b>&amp;"' in text, "statement"
    assert "use of <script>alert(3)</script> [-Wbad]" in text, "message"
    assert 'out("</script>");' in text, "alternative"
    assert page.count("b") == 0


def test_page_is_self_contained() -> None:
    page = page_of(toy_plan())
    assert not [a for _, a in page.elements if "src" in a or "href" in a]
    assert "url(" not in "".join(page.text) and "@import" not in "".join(page.text)
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)], "inline handlers are barred by the policy"


def test_page_script_is_the_one_the_policy_admits() -> None:
    import base64
    import hashlib

    text = review_page(toy_plan(), items_of(toy_plan()), 0.6, Path("/t"))
    script = text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policies = [a["content"] for t, a in Reader(text).elements if t == "meta" and "http-equiv" in a]
    assert len(policies) == 1 and f"script-src 'sha256-{digest}'" in str(policies[0])


def test_page_shows_each_flagged_statement_once_with_its_commands() -> None:
    page = page_of(toy_plan())
    assert {b: page.count("article", data_band=b) for b in Band} == {Band.LOW: 1, Band.MEDIUM: 2, Band.HIGH: 1}
    copies = {a["data-copy"] for _, a in page.elements if "data-copy" in a}
    assert "vega-gen review --tree '/tmp/a b/Toy' accept a5" in copies
    assert "vega-gen review --tree '/tmp/a b/Toy' replace a5 --alternative 3" in copies
    assert page.count("section", data_broken="yes") == 1
    assert [a["data-function"] for t, a in page.elements if t == "section"] == ["ToyInstrInfo::copyPhysReg", "ToyInstrInfo::select", "emit"]


def test_page_with_nothing_flagged() -> None:
    plan = Plan("T", Mode.TD, FillerName.FORKFLOW, "19", (), (), (), ())
    assert "Nothing is flagged" in "".join(page_of(plan).text)


def test_code_lines_put_braces_where_they_belong() -> None:
    lines = code_lines(toy_plan().functions[0].candidate)
    assert [("  " * line.depth) + line.text for line in lines] == [
        "void ToyInstrInfo::copyPhysReg(unsigned Reg) {",
        '  assert(Ops[bold] && "[/bold]");',
        "  if (Reg == 1)",
        "    return;",
        "  else {",
        "    use(Reg);",
        "  }",
        "  done();",
        "}",
    ]


# ------------------------------------------------------------------------ Pass@1


def test_population_by_hand() -> None:
    interface, whole = passrate.population(JUDGED, True), passrate.population(JUDGED)
    assert (interface.size, interface.passed, interface.pass_at_1) == (4, 2, 0.5)
    assert (whole.size, whole.passed, whole.pass_at_1) == (6, 3, 0.5)
    assert set(whole.verdicts) == set(Verdict) and sum(whole.verdicts.values()) == 6
    assert interface.statements == (10, 7, 5) and interface.statement_accuracy == 0.7
    assert passrate.population(JUDGED, module=Module.OPT).pass_at_1 is None


def test_unverified_and_unresolved_do_not_count() -> None:
    for verdict in Verdict:
        share = passrate.population([judgement("x", verdict)]).pass_at_1
        assert share == (1.0 if verdict in (Verdict.IDENTICAL, Verdict.EQUIVALENT, Verdict.PASSED) else 0.0)


def test_pass_tables_golden() -> None:
    runs = [run_of(*JUDGED), run_of(judgement("a", Verdict.CRASHED), filler=FillerName.FORKFLOW)]
    text = printed(*(table(runs, interface) for table in (passrate.verdict_table, passrate.module_table) for interface in (True, False)))
    assert text == (GOLDEN / "passrate.txt").read_text()


def test_calibration_is_in_the_table_where_confidences_are_known() -> None:
    sure = judgement("a", Verdict.PASSED, confidences=((0.9, True), (0.9, True), (0.1, False), (0.9, False), (0.9, True)))
    text = printed(passrate.verdict_table([run_of(sure), run_of(*JUDGED)], True))
    # 4 at 0.9 of which 3 are right, 1 at 0.1 that is wrong: (4 * 0.15 + 0.1) / 5; the least sure fifth is that one of two wrong
    assert re.search(r"calibration error +│ +0\.140 │ +- ", text)
    assert re.search(r"wrong ones in least confident 20 % │ +50\.0 % │ +- ", text)
    whole = run_of(judgement("a", Verdict.PASSED, confidence=0.7), judgement("b", Verdict.CRASHED, confidence=0.3), sure)
    assert passrate.run_json(whole)["function_calibration"]["error"] == pytest.approx(0.3)
    plain = passrate.run_json(run_of(sure))["calibration"]
    assert (plain["error"], plain["wrong_in_least_sure_20"]) == (pytest.approx(0.14), pytest.approx(0.5))
    assert [b["count"] for b in plain["curve"]] == [0, 1, 0, 0, 0, 0, 0, 0, 0, 4]


def test_failures_name_what_repeats_them() -> None:
    assert printed(*passrate.failure_lines(run_of(*JUDGED))) == (
        "unverified     c  Toy.cpp:10\n"
        "failed-test    d  Toy.cpp:10  [Err-V, Err-CS]\n"
        "    test: MC/Toy/[x].s\n"
        "    $ vega-gen regress d\n"
        "missing        1: f\n"
    )


def test_run_json() -> None:
    data = json.loads(orjson.dumps(passrate.run_json(run_of(*JUDGED))))
    times = ["seconds", "judging_seconds", "generation_seconds"]
    sure = ["calibration", "function_calibration"]
    assert list(data) == ["target", "llvm", "mode", "filler", *times, "population", "modules", *sure, "functions"]
    assert data["calibration"] is None
    assert (data["target"], data["llvm"], data["mode"], data["filler"], data["seconds"]) == ("Toy", "19.1.7", "desc", "consensus", 61.25)
    assert data["population"]["interface"]["pass_at_1"] == 0.5
    assert data["population"]["whole"]["verdicts"] == {str(v): {"unresolved": 0}.get(v, 0) for v in Verdict} | {
        "identical": 1, "equivalent": 1, "passed": 1, "unverified": 1, "failed-test": 1, "missing": 1,
    }
    assert list(data["modules"]) == ["SEL", "EMI", "DIS"]
    assert data["modules"]["DIS"]["interface"]["pass_at_1"] is None
    assert data["functions"][3]["errors"] == ["Err-V", "Err-CS"] and data["functions"][3]["verdict"] == "failed-test"


def test_judgements_as_json_lines() -> None:
    lines = [json.loads(line) for line in b"".join(passrate.judgement_lines(run_of(*JUDGED))).splitlines()]
    assert [line["function"] for line in lines] == list("abcdef")
    assert all(line["target"] == "Toy" and line["filler"] == "consensus" for line in lines)


def test_no_judgement_is_an_error() -> None:
    for report in (
        lambda: passrate.run_json(run_of()),
        lambda: passrate.verdict_table([run_of()], True),
        lambda: passrate.module_table([run_of()], False),
    ):
        with pytest.raises(NotFoundError, match="no function of Toy was judged"):
            report()
    with pytest.raises(NotFoundError, match="no run"):
        passrate.verdict_table([], True)


# ------------------------------------------------------------------- calibration


def test_reliability_and_error_by_hand() -> None:
    pairs = [(0.0, False), (0.05, True), (0.1, False), (0.95, True), (1.0, True)]
    curve = reliability.reliability(pairs)
    assert [b.count for b in curve] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (curve[0].confidence, curve[0].right) == (0.025, 0.5)
    assert curve[9].confidence == pytest.approx(0.975) and curve[9].right == 1.0
    expected = (2 * (0.5 - 0.025) + 1 * 0.1 + 2 * (1 - 0.975)) / 5
    assert reliability.expected_calibration_error(pairs) == pytest.approx(expected)


def test_least_confident_fifth_by_hand() -> None:
    pairs = [(0.1, False), (0.2, True), *[(0.5, True)] * 6, (0.8, False), (0.9, True)]
    assert reliability.wrong_in_least_confident(pairs) == 0.5
    # all equally confident: a fifth of the statements holds a fifth of the wrong ones
    assert reliability.wrong_in_least_confident([(0.5, i > 2) for i in range(10)]) == pytest.approx(0.2)
    # three statements: a fifth is 0.6 of the first
    assert reliability.wrong_in_least_confident([(0.1, False), (0.2, True), (0.3, True)]) == pytest.approx(0.6)


def test_calibration_refuses_what_it_cannot_measure() -> None:
    with pytest.raises(NotFoundError):
        reliability.expected_calibration_error([])
    with pytest.raises(NotFoundError):
        reliability.wrong_in_least_confident([(0.5, True)])
    for bad in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="not within 0 to 1"):
            reliability.reliability([(bad, True)])


pairs_strategy = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50)


@given(pairs_strategy)
def test_calibration_properties(pairs: list[tuple[float, bool]]) -> None:
    curve = reliability.reliability(pairs)
    assert sum(b.count for b in curve) == len(pairs)
    assert all(b.low - 1e-9 <= b.confidence <= b.high + 1e-9 for b in curve if b.count)
    assert 0 <= reliability.expected_calibration_error(pairs) <= 1
    if not all(right for _, right in pairs):
        assert reliability.wrong_in_least_confident(pairs, 1.0) == pytest.approx(1.0)
        assert reliability.wrong_in_least_confident(pairs, 0.0) == 0.0
