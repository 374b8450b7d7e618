"""Each run of scripts/test.sh has its own folder of reports; a few old ones are kept."""

import os
import shutil
import subprocess
import time
from pathlib import Path

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


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    """test.sh itself, with stand-ins for the set-up and for the suites: one fails, the other passes meanwhile."""
    machine = Machine(tmp_path)
    (machine.root / "scripts/setup.sh").write_text("exit 0\n")
    (machine.root / "test").mkdir()
    python = machine.root / ".ros/jazzy/bin/python"
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
          [[ $3 != test/fails ]]; exit
        }}
        exec {real} "$@"
        """
    )
    python.chmod(0o755)
    command = ["bash", "scripts/test.sh"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    runs = [
        subprocess.Popen(
            [*command, suite],
            cwd=machine.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for suite in ("passes", "fails")
    ]
    outputs = [run.communicate(timeout=60)[0] for run in runs]
    assert [output.splitlines()[-1] for output in outputs] == ["1 passed, 0 failed", "0 passed, 1 failed"]
    assert [run.returncode for run in runs] == [0, 1]
    folders = runs_of(machine.root / "out/test-results")
    reports = sorted(path.name for folder in folders for path in folder.glob("*.xml"))
    assert (len(folders), reports) == (2, ["fails.xml", "passes.xml"])
