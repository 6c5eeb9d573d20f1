"""The one process runner."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from llvm_integration.failure import ToolFailure
from llvm_integration.process import Completed, command_text, run, threads

SPAWNS_CHILDREN = """
import os, subprocess, sys, time
same_group = subprocess.Popen(["sleep", "60"])
own_session = subprocess.Popen(["sleep", "60"], start_new_session=True)
path = sys.argv[1]
with open(path + ".part", "w") as f:
    print(os.getpid(), same_group.pid, own_session.pid, file=f)
os.rename(path + ".part", path)
time.sleep(60)
"""


def wait_until(condition, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_result_holds_output_status_and_command(tmp_path: Path) -> None:
    done = run(
        python("import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ['SPEED']); sys.exit(3)"),
        cwd=tmp_path,
        env={"SPEED": "very fast"},
        stdin="hello",
    )
    assert (done.returncode, done.ok, done.timed_out) == (3, False, False)
    assert done.stdout == f"hello {tmp_path} very fast\n"
    repeated = subprocess.run(["bash", "-c", done.command], input="hello", capture_output=True, text=True, check=False)
    assert (repeated.stdout, repeated.returncode) == (done.stdout, 3)


def test_command_is_quoted() -> None:
    assert command_text(["a b", "$x"], cwd=Path("/p q"), env={"K": "1;2"}) == "cd '/p q' && K='1;2' 'a b' '$x'"


def test_a_compilers_errors_are_kept_where_the_notes_on_them_are_longer() -> None:
    text = "".join(f"a.cpp:{n}:1: error: no such name\n" + "b.h:9:1: note: a candidate\n" * 100 for n in (3, 5))
    with pytest.raises(ToolFailure) as caught:
        run([sys.executable, "-c", f"import sys; sys.exit({text!r})"]).check()
    errors = [line for line in caught.value.output.splitlines() if "error:" in line]
    assert errors == ["a.cpp:3:1: error: no such name", "a.cpp:5:1: error: no such name"]
    assert len(caught.value.output) < 4200


def test_undecodable_output_is_replaced() -> None:
    done = run(python(r"import sys; sys.stdout.buffer.write(b'a\xffb'); sys.stderr.buffer.write(b'\xfe')"))
    assert (done.stdout, done.stderr) == ("a\ufffdb", "\ufffd")


def test_large_output_on_both_streams_does_not_block(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    done = run(python("import sys; sys.stderr.write('e' * 3_000_000); sys.stdout.write('o' * 3_000_000)"), stdout_path=kept, timeout=60)
    assert done.stdout == ""
    assert kept.stat().st_size == len(done.stderr) == 3_000_000


def test_time_out_ends_the_process_and_all_descendants(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = run(python(SPAWNS_CHILDREN, str(pids)), timeout=5)
    assert done.timed_out and not done.ok
    assert done.seconds < 30
    numbers = [int(word) for word in pids.read_text().split()]
    assert len(numbers) == 3
    assert wait_until(lambda: not any(running(pid) for pid in numbers))
    with pytest.raises(ToolFailure, match=r"did not end within 5 s"):
        done.check()


def test_interrupt_ends_the_descendants(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    # A job that a shell starts in the background ignores the signal, and hands that down.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    caller = subprocess.Popen(python(f"{heeding}\nfrom llvm_integration.process import run\nrun({python(SPAWNS_CHILDREN, str(pids))!r})"),
                              cwd=Path(__file__).parent.parent, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(pids.exists)
        numbers = [int(word) for word in pids.read_text().split()]
        assert all(running(pid) for pid in numbers)
        caller.send_signal(2)
        assert caller.wait(20) != 0
        assert wait_until(lambda: not any(running(pid) for pid in numbers))
    finally:
        caller.kill()
        caller.wait()


@pytest.mark.parametrize(
    ("said", "means", "next_step"),
    [
        ("LLVM ERROR: IO failure on output stream: No space left on device", "sh found no space left on the disk", "free some space"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "sh ran out of memory", "run it again with more memory"),
    ],
)
def test_a_machine_that_has_no_more_to_give_is_told_from_a_mistake(said: str, means: str, next_step: str) -> None:
    frames = "".join(f" #{n} 0x00007f53322b73c6 llvm::sys::Some({n}) (/usr/lib/libLLVM.so+0xeb73c6)\n" for n in range(90))
    with pytest.raises(ToolFailure) as caught:
        run(["sh", "-c", "cat >&2; exit 1"], stdin=f"{said}\n{frames}").check("look again")
    assert caught.value.what == means and caught.value.next_step.startswith(next_step)
    assert caught.value.output == said


WORKS_ON = """
import sys
from contextlib import suppress
from pathlib import Path
from llvm_integration.failure import ToolFailure
from llvm_integration.process import run, threads

def work(n):
    for i in range(1000):  # a thread that goes on to the next process when one fails
        with suppress(ToolFailure):
            Path(sys.argv[1], f"{n}-{i}").touch()
            run(["sleep", "60"])

with threads(2) as pool:
    list(pool.map(work, range(50)))
"""


SLOW_TO_BEGIN = """
import threading, time
begin = threading.Thread.start
threading.Thread.start = lambda self: (begin(self), time.sleep(1))
"""


@pytest.mark.parametrize("before", ["", SLOW_TO_BEGIN], ids=["", "signalled while threads begin"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_threads_end_with_what_they_run(number: int, before: str, tmp_path: Path) -> None:
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); signal.signal(signal.SIGTERM, lambda *_: exit(1))"
    script = heeding + before + WORKS_ON
    caller = subprocess.Popen(python(script, str(tmp_path)), cwd=Path(__file__).parent.parent, stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        for _ in range(20):  # as a person does: Python may lose one that comes amid its own locks (seen in whole runs of the suite)
            caller.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                caller.wait(2)
                break
        assert caller.poll() not in (None, 0)
    finally:
        caller.kill()
        caller.wait()


def test_threads_left_by_an_error_begin_nothing_more_and_can_be_had_again() -> None:
    done: list[int] = []

    def work(n: int) -> None:
        run(["sleep", "0.1"]).check()
        done.append(n)
        if n == 1:
            raise ToolFailure("wrong")

    with pytest.raises(ToolFailure, match="wrong"), threads(1) as pool:
        list(pool.map(work, range(50)))
    assert done[:2] == [0, 1] and len(done) < 5
    with threads(2) as pool:
        assert all(r.ok for r in pool.map(run, [["true"]] * 3))


def test_memory_limit() -> None:
    code = "x = bytearray(600 << 20); print(len(x))"
    assert run(python(code)).ok
    limited = run(python(code), memory_mb=400)
    assert not limited.ok
    assert "MemoryError" in limited.stderr


def test_processor_limit_reaches_what_outlives_the_caller(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    loops = "import os, subprocess, sys\nloop = subprocess.Popen([sys.executable, '-c', 'while True: pass'], start_new_session=True)"
    leaves = f"{loops}\nopen({str(pids)!r}, 'w').write(str(loop.pid))"
    assert run(python(leaves), cpu_seconds=1).ok
    assert wait_until(lambda: not running(int(pids.read_text())))


def test_missing_program_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ToolFailure, match="no-such-program: no such program") as caught:
        run(["no-such-program", "-x"])
    assert caught.value.command == "no-such-program -x"
    assert "doctor" in caught.value.next_step
    with pytest.raises(ToolFailure, match="no such folder") as caught:
        run(["true"], cwd=tmp_path / "absent")
    assert caught.value.where == str(tmp_path / "absent")


def test_check_names_status_signal_and_last_words() -> None:
    done = run(["true"])
    assert done.check() is done
    with pytest.raises(ToolFailure, match="exit status 4") as caught:
        run(python("import sys; print('x' * 9000, file=sys.stderr); print('last', file=sys.stderr); sys.exit(4)")).check("try again")
    assert caught.value.output.endswith("last") and len(caught.value.output) == 4000
    assert caught.value.next_step == "try again"
    with pytest.raises(ToolFailure, match="ended by SIGABRT"):
        Completed(argv=("x",), returncode=-6, stdout="", stderr="", seconds=0.0).check()
