"""Faults at random moments: does the node recover in time, do its counters add up, and is nothing left behind?

Prints a table and all findings, and writes each fault's raw record into a file. Exit codes: 0, 1 if there is a finding,
2 if something is missing. `--judge FILE.json` judges the records of a file anew, and needs no ROS.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from report import describe, table
from verdict import RULES, findings

ROOT = Path(__file__).resolve().parents[2]
SEED = 1


def give_up(message: str) -> NoReturn:
    print(f"faults: {message}", file=sys.stderr)
    sys.exit(2)


def judge(path: Path) -> dict[str, Any]:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        give_up(f"{path} cannot be read: {error}; give the --report of a run")
    return result


def use_own_domain() -> None:
    """Unless one is given."""
    if "ROS_DOMAIN_ID" not in os.environ:
        done = subprocess.run([sys.executable, ROOT / "scripts" / "free_domain.py"], stdout=subprocess.PIPE, text=True)
        os.environ["ROS_DOMAIN_ID"] = done.stdout.strip()


def measure(planned: dict[str, int], seed: int, report: Path | None) -> dict[str, Any]:
    """All scenarios, one after the other; saved after each fault, so that a run that is broken off is not lost."""
    try:
        from scenarios import SCENARIOS, stage_of
    except (AssertionError, ImportError) as error:
        give_up(str(error))
    command = " ".join(["python", "test/faults/faults.py", *sys.argv[1:]])
    result: dict[str, Any] = {"version": 1, **describe(), "command": command, "seed": seed}
    result |= {"planned": planned, "errors": {}, "records": []}
    with tempfile.TemporaryDirectory(prefix="attendseg-faults.") as folder:
        for name, times in planned.items():
            try:
                with stage_of(Path(folder), name, seed) as stage:
                    for record in SCENARIOS[name](stage, times):
                        result["records"].append(asdict(record))
                        print(
                            f"{name} {record.number + 1}/{times}: {record.injected}: {record.seconds}", file=sys.stderr
                        )
                        save(result, report)
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                result["errors"][name] = str(error)
                print(f"{name}: {error}", file=sys.stderr)
            save(result, report)
    return result


def save(result: dict[str, Any], report: Path | None) -> None:
    if report is not None:
        report.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help=f"scenarios with commas between: {','.join(RULES)}")
    parser.add_argument("--times", type=int, help="faults of each scenario (default: 200 or 50, see verdict.py)")
    parser.add_argument("--quick", action="store_true", help="a few of each")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the moments (default: {SEED})")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="where the raw records go")
    parser.add_argument("--judge", type=Path, metavar="FILE.json", help="judge these records, and measure nothing")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(RULES)
    if unknown := [name for name in names if name not in RULES]:
        parser.error(f"--only: {', '.join(unknown)}: no such scenario; there are {', '.join(RULES)}")
    if arguments.times is not None and arguments.times < 1:
        parser.error("--times: at least 1")
    if arguments.judge:
        result = judge(arguments.judge)
    else:
        # As Ctrl-C: what was started ends with it.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        use_own_domain()
        usual = {name: RULES[name].quick if arguments.quick else RULES[name].times for name in names}
        planned = {name: arguments.times or times for name, times in usual.items()}
        result = measure(planned | ({"disk": 1} if "disk" in names else {}), arguments.seed, arguments.report)
    print(table(result))
    print(f"{result['command']}: commit {result['commit']}, {result['date']}, {result['cpu']}, seed {result['seed']}")
    sys.exit(int(bool(findings(result))))


if __name__ == "__main__":
    main()
