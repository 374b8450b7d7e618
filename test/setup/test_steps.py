import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from steps import Log, Step, StepError, digest, run_steps

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup"


class Bench:
    """A step that makes a file, with everything about it adjustable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.result = folder / "result"
        self.runs = 0
        self.inputs: dict[str, object] = {"version": 1}
        self.command = ["touch", str(self.result)]

    def step(self, name: str = "made") -> Step:
        def run(log: Log) -> None:
            self.runs += 1
            log.run(self.command)

        def missing() -> str | None:
            return None if self.result.exists() else "result"

        return Step(name, "thing made", run, missing, "turn it off and on again.", lambda: self.inputs)

    def go(self, *steps: Step) -> tuple[bool, str]:
        out = io.StringIO()
        done = run_steps(steps or [self.step()], self.folder, self.folder / ".ros", out)
        return done, out.getvalue()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_done_step_is_skipped(bench: Bench) -> None:
    assert bench.go()[0]
    done, output = bench.go()
    assert done
    assert bench.runs == 1
    assert output == "[1/1] thing made … ready\n"


def test_a_changed_input_redoes_the_step(bench: Bench) -> None:
    bench.go()
    bench.inputs = {"version": 2}
    bench.go()
    assert bench.runs == 2


def test_a_result_removed_by_hand_is_made_again(bench: Bench) -> None:
    bench.go()
    bench.result.unlink()
    bench.go()
    assert bench.runs == 2
    assert bench.result.exists()


def test_a_failing_step_shows_the_log_and_the_remedy_and_stops(bench: Bench) -> None:
    bench.command = ["sh", "-c", "for i in $(seq 100); do echo line $i; done; echo no space left >&2; exit 3"]
    later = Bench(bench.folder)
    done, output = bench.go(bench.step(), later.step("later"))
    assert not done
    assert later.runs == 0
    assert "failed after" in output
    assert "sh ended with exit code 3" in output
    assert "no space left" in output
    assert "line 1\n" not in output, "only the end of the log is shown"
    assert "turn it off and on again" in output
    assert not (bench.folder / ".ros/stamps/made").exists()


def test_the_cause_is_shown_even_when_pages_of_advice_follow(bench: Bench) -> None:
    bench.command = ["sh", "-c", "seq 50; echo error: no such version; seq 1000 1100; exit 1"]
    _, output = bench.go()
    assert "error: no such version" in output
    assert "1100\n" in output
    assert len(output.splitlines()) < 35


def test_success_without_a_result_is_a_failure(bench: Bench) -> None:
    bench.command = ["true"]
    done, output = bench.go()
    assert not done
    assert "there is no result" in output
    bench.command = ["touch", str(bench.result)]
    assert bench.go()[0]


def test_a_failed_redo_leaves_no_old_stamp(bench: Bench) -> None:
    bench.go()
    bench.inputs = {"version": 2}
    bench.command = ["false"]
    assert not bench.go()[0]
    bench.inputs = {"version": 1}
    bench.command = ["touch", str(bench.result)]
    bench.go()
    assert bench.runs == 3, "the stamp of version 1 must not survive the failed change to version 2"


def test_a_signal_is_named(bench: Bench) -> None:
    log = Log(bench.folder / "log", bench.folder)
    with pytest.raises(StepError, match="signal 9"):
        log.run(["sh", "-c", "kill -9 $$"])


def test_plain_output_has_no_control_characters(bench: Bench) -> None:
    _, output = bench.go()
    assert output.startswith("[1/1] thing made … ")
    assert output.isprintable() or set(output) - {"\n"} == {c for c in output if c.isprintable()}


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from steps import Step, hold_lock, run_steps
here = Path(sys.argv[2])
lock = hold_lock(here / "lock")
step = Step("slow", "slow", lambda log: log.run(["sh", "-c", sys.argv[3]]), lambda: None, "wait", lambda: {})
run_steps([step], here, here / ".ros", inherited_fds=(lock,))
"""


def start(folder: Path, command: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", KILLED, str(SETUP), str(folder), command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    limit = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < limit, f"{path} did not appear"
        time.sleep(0.01)


def test_a_killed_step_is_redone_and_never_beside_its_own_orphan(tmp_path: Path) -> None:
    started, go, ended = tmp_path / "started", tmp_path / "go", tmp_path / "ended"
    first = start(tmp_path, f"touch {started}; until [ -e {go} ]; do sleep 0.05; done; touch {ended}")
    wait_for(started)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / ".ros/stamps/slow").exists()

    # The orphaned command still works in the folder: the second set-up must not touch it before that one has ended.
    second = start(tmp_path, f"test -e {ended} && touch {tmp_path}/second")
    assert second.stdout
    assert "waiting for it" in second.stdout.readline()
    go.touch()
    assert second.wait(timeout=20) == 0
    assert (tmp_path / "second").exists()
    assert (tmp_path / ".ros/stamps/slow").exists()


def test_digest_sees_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x").write_text("1")
    first = digest(tmp_path / "a")
    (tmp_path / "a/x").write_text("2")
    second = digest(tmp_path / "a")
    (tmp_path / "a/x").rename(tmp_path / "a/y")
    assert len({first, second, digest(tmp_path / "a")}) == 3
