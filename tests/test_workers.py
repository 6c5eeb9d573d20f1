"""Stage 10 on the workers of a Dask scheduler, one of which is lost half-way."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import distributed
import pytest

from vega_gen.errors import InputError

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
