"""A few faults of each scenario, and what the verdict makes of records. docs/reliability.md has a long run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from record import DISK, END, FAULT, Record
from report import table
from scenarios import SCENARIOS, stage_of
from subject import LAUNCH_FILE, RESPAWN_DELAY
from verdict import ENDS_WITHIN, RECOVERS_WITHIN, RESPAWNS_WITHIN, RULES, Finding, findings

FAULTS = Path(__file__).with_name("faults.py")
# The bounds are promised on a machine that has a core to spare.
SLOWER = float(os.environ.get("ATTENDSEG_TEST_SLOWER", "3"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_few_faults(name: str, tmp_path: Path) -> None:
    planned = RULES[name].quick
    with stage_of(tmp_path, name, seed=1) as stage:
        records = [asdict(record) for record in SCENARIOS[name](stage, planned)]
    result = {"planned": {name: planned}, "records": records}
    assert findings(result, SLOWER) == [], table(result)


def test_a_node_that_ends_is_started_again_as_launch_does(tmp_path: Path) -> None:
    with stage_of(tmp_path, "sigkill", seed=1) as stage, stage.flow("sigkill") as flow:
        subject = flow.subject
        subject.process.send(signal.SIGKILL)
        start = time.monotonic()
        with subject.kept_alive():
            flow.graph.wait(lambda: subject.lives == 2, "its second life")
        assert time.monotonic() - start >= RESPAWN_DELAY
        assert subject.process.running


# --- the verdict


def counts(received: int, masks: int, failed: int, sent: int, seen: int, lost: int = 0) -> dict[str, int]:
    counted = {"frames received": received, "masks": masks, "dropped: failed": failed, "dropped: superseded": 0}
    return counted | {"lost in transport": lost, "sent": sent, "seen": seen}


SURVIVED = Record(
    "throwing_worker",
    0,
    FAULT,
    "session throws",
    load=0.5,
    seconds=0.5,
    waits=[0.0],
    fails=(0, 2),
    before=counts(10, 10, 0, 12, 10),
    after=counts(30, 29, 1, 32, 29),
    settled=True,
    log="a worker thread died: injected: no memory left; the network starts again now",
)
RESPAWNED = replace(
    SURVIVED, scenario="sigkill", injected="sigkill", seconds=3.0, waits=[], fails=(0, 0), settled=False, exit_code=-9
)
ENDED = Record("signal_in_swap", 0, END, "SIGINT after 3 swaps", load=0.5, seconds=0.4, exit_code=0)
REFUSED = Record(
    "disk",
    0,
    DISK,
    "segment to masks, full",
    exit_code=1,
    exit_code_again=0,
    path="/disk/masks",
    log="attendseg: /disk/masks: cannot be written (no space left on device); free space on that disk",
)
GOOD = (SURVIVED, RESPAWNED, ENDED, REFUSED)


def found(*records: Record, planned: int = 1) -> list[str]:
    names = {record.scenario: planned for record in records}
    return [finding.what for finding in findings({"planned": names, "records": list(map(asdict, records))})]


def test_nothing_is_found_where_all_is_well() -> None:
    assert found(*GOOD) == []


@pytest.mark.parametrize(
    ("record", "changes", "finding"),
    [
        (SURVIVED, {"seconds": RECOVERS_WITHIN + 0.01}, "session throws: masks after 2.01 s, allowed are 2"),
        (SURVIVED, {"seconds": None}, "session throws: no mask any more"),
        (RESPAWNED, {"seconds": RESPAWNS_WITHIN + 0.01}, "sigkill: masks after 5.01 s, allowed are 5"),
        (ENDED, {"seconds": ENDS_WITHIN + 0.01}, "SIGINT after 3 swaps: it ended after 2.01 s, allowed are 2"),
        (ENDED, {"seconds": None}, "SIGINT after 3 swaps: it ended never, allowed are 2"),
        (
            SURVIVED,
            {"after": counts(30, 28, 1, 32, 28)},
            "counters after: 30 frames received, but 28 masks and 1 drops",
        ),
        (
            RESPAWNED,
            {"after": counts(30, 31, 0, 0, 0)},
            "counters after: 30 frames received, but 31 masks and 0 drops",
        ),
        (RESPAWNED, {"after": counts(30, 26, 0, 0, 0)}, "counters after: 30 frames received, but 26 masks and 0 drops"),
        (RESPAWNED, {"after": {}}, "no counters in /diagnostics"),
        (SURVIVED, {"after": counts(30, 29, 1, 33, 29)}, "21 pictures sent, but 20 received and 0 lost"),
        (SURVIVED, {"after": counts(30, 29, 1, 32, 28)}, "19 masks published, but 18 seen"),
        (SURVIVED, {"after": counts(30, 27, 3, 32, 27)}, "3 frames failed, not 0 to 2"),
        (SURVIVED, {"fails": (2, 2)}, "1 frames failed, not 2 to 2"),
        *((record, {"processes": ["7 trtexec"]}, "orphans: 7 trtexec") for record in (SURVIVED, RESPAWNED, ENDED)),
        *((record, {"shared_memory": ["fastrtps_1"]}, "shared memory left: fastrtps_1") for record in GOOD),
        (SURVIVED, {"exit_code": 1}, "session throws: the process ended with code 1"),
        (RESPAWNED, {"exit_code": 1}, "sigkill: exit code 1, not -9"),
        (ENDED, {"exit_code": -6}, "SIGINT after 3 swaps: exit code -6"),
        (ENDED, {"log": "free(): invalid pointer"}, "SIGINT after 3 swaps: it said free(): invalid pointer"),
        (
            SURVIVED,
            {"log": None},
            "session throws: the log does not say a worker thread died: injected: .*; the network starts again",
        ),
        (SURVIVED, {"waits": [0.5]}, "session throws: it waited [0.5] s, not [0.0]"),
        (REFUSED, {"exit_code": 0}, "segment to masks, full: exit code 0"),
        (REFUSED, {"exit_code": -25}, "segment to masks, full: exit code -25"),
        (REFUSED, {"exit_code_again": 1}, "segment to masks, full: exit code 1 when the disk took it again"),
        (REFUSED, {"files": ["masks/1.png"]}, "segment to masks, full: half-written: masks/1.png"),
        (
            REFUSED,
            {"log": "ENOSPC: no space left; give up"},
            "segment to masks, full: /disk/masks is not named: ENOSPC: no space left; give up",
        ),
        (
            REFUSED,
            {"log": "/disk/masks: failed; try again"},
            "segment to masks, full: no cause is named: /disk/masks: failed; try again",
        ),
        (
            REFUSED,
            {"log": "/disk/masks: no space left"},
            "segment to masks, full: no remedy is named: /disk/masks: no space left",
        ),
    ],
)
def test_each_kind_of_finding(record: Record, changes: dict[str, Any], finding: str) -> None:
    assert found(replace(record, **changes)) == [finding]


def test_waits_of_the_back_off_are_allowed_and_grow() -> None:
    late = replace(SURVIVED, scenario="back_off", waits=[0.0, 0.5, 1.0], seconds=3.4)
    assert found(late) == []
    assert found(replace(late, seconds=3.6)) == ["session throws: masks after 3.60 s, allowed are 3.5"]
    assert found(replace(late, waits=[0.0, 0.0, 0.0], seconds=1)) == [
        "session throws: it waited [0.0, 0.0, 0.0] s, not [0.0, 0.5, 1.0]"
    ]


def test_a_slower_machine_may_take_longer_and_no_longer() -> None:
    for record in (SURVIVED, RESPAWNED, ENDED):
        assert record.seconds is not None
        slow = {
            "planned": {record.scenario: 1},
            "records": [asdict(replace(record, seconds=3.9 + (record.exit_code == -9) * 6))],
        }
        assert findings(slow, slower=2) == []
        assert len(findings(slow)) == len(findings(slow, slower=1.9)) == 1


def test_frames_may_be_under_way_while_pictures_come() -> None:
    assert found(replace(RESPAWNED, after=counts(30, 27, 0, 0, 0))) == []


def test_faults_that_were_not_injected_are_a_finding() -> None:
    assert found(SURVIVED, planned=2) == ["1 of 2 faults: it was broken off"]
    result = {"planned": {"clock": 3}, "records": [], "errors": {"clock": "no clock"}}
    assert findings(result) == [Finding("clock", 0, "0 of 3 faults: no clock")]


def test_a_file_of_records_is_judged_anew(tmp_path: Path) -> None:
    planned = {record.scenario: 1 for record in GOOD}
    facts = {"command": "faults.py", "commit": "abc", "date": "2026-01-01", "cpu": "a CPU", "seed": 1}
    path = tmp_path / "faults.json"
    for seconds, code in ((1.0, 0), (9.0, 1)):
        records = [asdict(replace(SURVIVED, seconds=seconds)), *map(asdict, GOOD[1:])]
        path.write_text(json.dumps(facts | {"planned": planned, "records": records}))
        done = subprocess.run([sys.executable, FAULTS, "--judge", path], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert ("masks after 9.00 s, allowed are 2" in done.stdout) == bool(code)
    path.write_text("{")
    done = subprocess.run([sys.executable, FAULTS, "--judge", path], capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_there_is_a_rule_for_each_scenario_and_the_delay_is_the_launch_files() -> None:
    assert list(RULES) == list(SCENARIOS)
    assert f"respawn_delay={RESPAWN_DELAY}" in LAUNCH_FILE.read_text(encoding="utf-8")
