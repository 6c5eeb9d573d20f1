"""Judging on the workers of a Dask scheduler, one of which dies half-way."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import distributed
import psutil
import pytest

from llvm_integration.lit import TestResult
from llvm_integration.process import run
from vega_gen.errors import InputError
from vega_gen.records import Verdict

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny


@pytest.mark.filterwarnings("ignore")
def test_the_workers_of_a_scheduler_give_the_same_verdicts_though_one_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent.parent), str(Path(__file__).parent)]))
    functions = [*tiny.everything(), *tiny.slow_functions()]
    expected = {(j.function, j.line): (j.verdict, j.test) for j in tiny.regression(tmp_path / "here", functions).judgements()}
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path / "scratch")
    ) as cluster:
        with distributed.Client(cluster) as client:
            pids = client.run(os.getpid)
        suite = tiny.TinySuite(delay=0.3)
        running = tiny.regression(tmp_path / "there", functions, suite, scheduler=cluster.scheduler_address).judgements()
        found = {}
        tested = 0
        for judgement in running:
            found[judgement.function, judgement.line] = (judgement.verdict, judgement.test)
            tested += judgement.seconds > 0
            if tested == 1:
                os.kill(next(iter(pids.values())), signal.SIGKILL)
                tested += 1
    assert tested > 1, "no function was tried on a worker"
    assert found == expected


class Endless(tiny.TinySuite):
    """A suite whose runs for one function never end by themselves."""

    def run(self, tests: Sequence[str], *arguments: object, **options: object) -> Mapping[str, TestResult]:
        if options.get("mutant") and "shift" in tests:
            run(["sleep", "600"]).check()
        return super().run(tests, *arguments, **options)  # type: ignore[arg-type]


def test_leaving_half_way_ends_what_is_under_way(tmp_path: Path) -> None:
    functions = [tiny.planned(tiny.GENERATED[v]) for v in ("failed-test", "passed")]
    judgements = tiny.regression(tmp_path, functions, Endless(), jobs=2).judgements()
    assert Verdict.PASSED in (judgement.verdict for judgement in judgements)
    judgements.close()
    assert not [p for p in psutil.Process().children(recursive=True) if p.name() == "sleep"]


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vega_gen.regress.workers.SCHEDULER_SECONDS", 1)
    judged = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED["failed-test"])], scheduler="tcp://127.0.0.1:1").judgements()
    with pytest.raises(InputError, match="no scheduler answers"):
        list(judged)


def test_without_dask_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    judged = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED["failed-test"])], scheduler="tcp://127.0.0.1:1").judgements()
    with pytest.raises(InputError, match="needs Dask") as raised:
        list(judged)
    assert "vega-gen[cluster]" in str(raised.value)
