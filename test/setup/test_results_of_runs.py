"""Each run of scripts/test.sh has its own folder of reports; a few old ones are kept."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import test_results
from test_shell_scripts import Machine

DAY = 24 * 3600


def runs_of(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


def old_run(parent: Path, name: str, age: float) -> Path:
    run = parent / name
    run.mkdir(parents=True)
    os.utime(run, (time.time() - age,) * 2)
    return run


def test_the_last_few_runs_are_kept(tmp_path: Path) -> None:
    old = [old_run(tmp_path, f"2024010{i}-120000-77", DAY) for i in range(1, 9)]
    run = test_results.make_run(tmp_path)
    assert runs_of(tmp_path) == [*old[-4:], run]


def test_runs_that_may_be_going_on_and_files_of_others_are_left_alone(tmp_path: Path) -> None:
    going_on = [old_run(tmp_path, f"2024010{i}-120000-77", 60) for i in range(1, 9)]
    other = old_run(tmp_path, "mine", DAY)
    run = test_results.make_run(tmp_path)
    assert runs_of(tmp_path) == sorted([*going_on, other, run])


def with_stand_ins(tmp_path: Path) -> Path:
    """A checkout whose set-up does nothing; of its suites, `fails` fails, all else passes."""
    root = Machine(tmp_path).root
    (root / "scripts/setup.sh").write_text("exit 0\n")
    (root / "test").mkdir()
    python = root / ".ros/jazzy/bin/python"
    python.parent.mkdir(parents=True)
    real = shutil.which("python3")
    python.write_text(
        f"""#!/bin/bash
        [[ $1 != -m ]] || {{
          [[ $2 == pytest ]] || exit 0
          sleep 1
          for word; do [[ $word != --junitxml=* ]] || report=${{word#*=}}; done
          [[ $3 != test/fails ]] || inside='<failure/>'
          echo "<testsuite><testcase classname='x' name='$3'>$inside</testcase></testsuite>" >"$report"
          echo "in domain $ROS_DOMAIN_ID nice $(nice): $3"
          [[ $3 != test/fails ]]; exit
        }}
        exec {real} "$@"
        """
    )
    python.chmod(0o755)
    return root


def run_suites(root: Path, *suites: str, lanes: int = 1) -> subprocess.Popen[str]:
    """test.sh itself."""
    home = str(root.parent)
    environment = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home}
    environment["ATTENDSEG_TEST_LANES"] = str(lanes)
    command = ["bash", "scripts/test.sh", *suites]
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    root = with_stand_ins(tmp_path)
    runs = [run_suites(root, suite) for suite in ("passes", "fails")]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [output.splitlines()[-1] for output in outputs] == ["1 passed, 0 failed", "0 passed, 1 failed"]
    assert [run.returncode for run in runs] == [0, 1]
    folders = runs_of(root / "out/test-results")
    reports = sorted(path.name for folder in folders for path in folder.glob("*.xml"))
    assert (len(folders), reports) == (2, ["fails.xml", "passes.xml"])


@pytest.mark.parametrize("lanes", [1, 2])
def test_all_suites_run_in_turn_or_two_at_a_time_in_domains_of_their_own(tmp_path: Path, lanes: int) -> None:
    root = with_stand_ins(tmp_path)
    for suite in ("fails", "passes", "ros", "soak"):
        (root / "test" / suite).mkdir()
        (root / "test" / suite / "test_it.py").touch()
    run = run_suites(root, lanes=lanes)
    output, _ = run.communicate(timeout=60)
    # npm and jest are none here: eslint and jest fail too.
    assert run.returncode == 1
    assert output.splitlines()[-1] == "3 passed, 3 failed", output
    places = dict(
        line.removeprefix("in domain ").split(": ")[::-1] for line in output.splitlines() if ": test/" in line
    )
    assert sorted(places) == ["test/fails", "test/passes", "test/ros", "test/soak"]
    assert places["test/fails"] == places["test/passes"] == places["test/soak"]
    # What has bounds of time comes first.
    own = os.nice(0)
    assert places["test/ros"].endswith(f"nice {own}")
    assert places["test/soak"].endswith(f"nice {19 if lanes == 2 else own}")
    domains = {place.split()[0] for place in places.values()}
    assert len(domains) == lanes


def test_a_run_that_is_ended_ends_its_suites(tmp_path: Path) -> None:
    """Neither the one under way nor those behind it go on."""
    root = with_stand_ins(tmp_path)
    for suite in ("first", "ros"):
        (root / "test" / suite).mkdir()
        (root / "test" / suite / "test_it.py").touch()
    python = root / ".ros/jazzy/bin/python"
    python.write_text(python.read_text().replace("sleep 1", "sleep 60"))
    run = run_suites(root, lanes=2)
    assert run.stdout is not None
    while "== ros" not in run.stdout.readline():
        assert run.poll() is None
    run.terminate()
    output, _ = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "passed" not in output
    assert list(tmp_path.glob("attendseg-test.*")) == []
