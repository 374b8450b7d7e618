"""Sums what the test runners reported: python3 scripts/test_summary.py FOLDER

FOLDER holds runs.tsv, one line a run: kind of report (jest, pytest, check), name, exit code; and <name>.json from
`jest --json` or <name>.xml from `pytest --junitxml`. Skipped tests are listed with their cause; the last line is
`N passed, M failed`. The exit code is 0 only if something passed and nothing failed.

What a runner could not count is a failure too: no report, a report cut short, an exit code that its counts don't
explain.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Counts:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)  # test, cause

    def add(self, other: Counts) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def read_jest(report: Path) -> Counts:
    counts = Counts()
    for file in json.loads(report.read_text(encoding="utf-8"))["testResults"]:
        name = Path(file["name"]).name
        for test in file["assertionResults"]:
            title = f"{name}: {test['fullName']}"
            if test["status"] == "passed":
                counts.passed += 1
            elif test["status"] == "failed":
                counts.failed.append(title)
            else:  # jest knows no causes: titles tell them
                counts.skipped.append((title, test["status"]))
        if file["status"] == "failed" and not any(test["status"] == "failed" for test in file["assertionResults"]):
            counts.failed.append(f"{name}: did not run")
    return counts


def read_pytest(report: Path) -> Counts:
    counts = Counts()
    outcomes: dict[str, str] = {}
    # A test that fails and whose teardown fails too has two entries: one failure.
    for case in ET.parse(report).getroot().iter("testcase"):
        title = "::".join(part for part in (case.get("classname"), case.get("name")) if part)
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[title] = "failed"
        elif skip is not None:
            outcomes.setdefault(title, "skipped")
            counts.skipped.append((title, skip.get("message") or "no cause given"))
        else:
            outcomes.setdefault(title, "passed")
    counts.passed = sum(outcome == "passed" for outcome in outcomes.values())
    counts.failed = [title for title, outcome in outcomes.items() if outcome == "failed"]
    return counts


READERS = {"jest": (read_jest, ".json"), "pytest": (read_pytest, ".xml")}


def read_run(folder: Path, kind: str, name: str, status: int) -> Counts:
    counts = Counts()
    if kind in READERS:
        reader, suffix = READERS[kind]
        try:
            counts = reader(folder / f"{name}{suffix}")
        except (OSError, ValueError, KeyError, TypeError, ET.ParseError) as error:
            counts.failed.append(f"{name}: no usable report ({type(error).__name__}), exit code {status}")
    if status != 0 and not counts.failed:
        how = {124: "ran past its time limit", 137: "was killed"}.get(status, f"ended with exit code {status}")
        if kind == "pytest" and status == 5:
            how = "has no tests"
        counts.failed.append(f"{name}: {how}")
    return counts


def refuse_camvid_skips(counts: Counts, camvid_is_here: bool) -> None:
    """Where the CamVid photos lie beside the checkout, skipping the tests that need them hides something."""
    if not camvid_is_here:
        return
    wrong = [skip for skip in counts.skipped if "camvid" in " ".join(skip).lower()]
    counts.skipped = [skip for skip in counts.skipped if skip not in wrong]
    counts.failed += [f"{test}: skipped ({cause}) although CamVid is here" for test, cause in wrong]


def main(folder: Path, shared: Path) -> int:
    total = Counts()
    runs = folder / "runs.tsv"
    for line in runs.read_text(encoding="utf-8").splitlines() if runs.exists() else []:
        kind, name, status = line.split("\t")
        total.add(read_run(folder, kind, name, int(status)))
    refuse_camvid_skips(total, shared.is_dir())
    print()
    if total.skipped:
        print(f"{len(total.skipped)} skipped:")
        print(*(f"  {test} ({cause})" for test, cause in total.skipped), sep="\n")
    if total.failed:
        print("Failed:")
        print(*(f"  {test}" for test in total.failed), sep="\n")
    if not total.passed and not total.failed:
        total.failed.append("nothing")
        print("No test ran.")
    print(f"{total.passed} passed, {len(total.failed)} failed")
    return 1 if total.failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/test_summary.py FOLDER")
    sys.exit(main(Path(sys.argv[1]), Path(__file__).resolve().parents[2] / "shared"))
