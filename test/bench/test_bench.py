"""What `npm run bench` makes of figures: verdicts, table, picture, and whether a machine is quiet. No timings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from judge import MET, MISSED, MISSING, NOT_JUDGED, exit_code, median, verdicts
from machine import cpu
from plan import OUTSIDE, P50, rows, sections
from plot import plot
from quiet import TICKS, Reading, noise, read
from report import table

HERE = Path(__file__).parent


def goal(metric: str, bound: float, against: str | None = "peer", at_least: bool = False) -> dict[str, Any]:
    return {"metric": metric, "bound": bound, "against": against, "at_least": at_least}


def result_of(goals: list[dict[str, Any]], threads: int = 1, error: str | None = None, **rounds: Any) -> dict[str, Any]:
    row = {"section": "mask", "name": "small", "goals": goals, "rounds": rounds, "error": error}
    machine = {"cpu": "a CPU", "cores": 2, "session threads": threads, "commit": "abc"}
    state = {"machine": machine, "quiet": True, "noise": [], "quick": False, "round count": 3, "planned": 1}
    return state | {"rows": [row]}


def of(metric: str, *values: float | None) -> list[dict[str, float | None]]:
    return [{metric: value} for value in values]


def state_of(result: dict[str, Any]) -> str:
    (only,) = verdicts(result)
    return only.state


@pytest.mark.parametrize(
    ("ours", "bound", "at_least", "state"),
    [
        (20.0, 1.0, False, MET),
        (20.1, 1.0, False, MISSED),
        (19.0, 0.95, True, MET),
        (18.9, 0.95, True, MISSED),
    ],
)
def test_a_ratio_of_medians_is_held_against_its_bound(ours: float, bound: float, at_least: bool, state: str) -> None:
    # One round that was disturbed changes nothing.
    result = result_of([goal(P50, bound, "peer", at_least)], ours=of(P50, ours, 99, 1), peer=of(P50, 20, 20, 70))
    assert state_of(result) == state
    assert exit_code(result) == int(state == MISSED)


def test_a_goal_of_nothing_at_all_is_met_by_nothing_only() -> None:
    collections = [goal("mark-compacts", 0, None)]
    assert state_of(result_of(collections, ours=of("mark-compacts", 0))) == MET
    assert state_of(result_of(collections, ours=of("mark-compacts", 1))) == MISSED


@pytest.mark.parametrize("rounds", [{}, {"peer": []}, {"peer": of(P50, None, None)}, {"peer": of(P50, 0)}])
def test_without_the_peer_its_goal_is_not_met(rounds: dict[str, Any]) -> None:
    result = result_of([goal(P50, 1.0)], ours=of(P50, 20), **rounds)
    (verdict,) = verdicts(result)
    assert (verdict.state, verdict.why) == (MISSING, "peer was not measured")
    assert exit_code(result) == 1


def test_what_failed_is_told() -> None:
    result = result_of([goal(P50, 1.0)], error="ours ended with code 1: no model", ours=[], peer=[])
    (verdict,) = verdicts(result)
    assert (verdict.state, verdict.why) == (MISSING, "ours ended with code 1: no model")
    assert "failed: ours ended with code 1: no model" in table(result)
    # Also where nothing was expected of it.
    assert exit_code(result_of([], error="no model", ours=[])) == 1


def test_a_run_that_was_broken_off_is_no_success() -> None:
    result = result_of([goal(P50, 1.0)], ours=of(P50, 20), peer=of(P50, 20))
    assert exit_code(result) == 0
    result["planned"] = 2
    assert exit_code(result) == 1
    assert table(result).endswith("\nbroken off after 1 of 2 comparisons")


def test_time_outside_the_run_is_not_judged_where_the_run_has_several_threads() -> None:
    result = result_of([goal(OUTSIDE, 0.75)], threads=3, ours=of(OUTSIDE, 20), peer=of(OUTSIDE, 2))
    assert state_of(result) == NOT_JUDGED
    assert exit_code(result) == 0
    assert "not judged: the session has 3 threads" in table(result)


def test_less_than_nothing_outside_the_run_is_no_success() -> None:
    # A run is told by the clock: where others had the cores meanwhile, that is more than it used.
    result = result_of([goal(OUTSIDE, 0.75)], ours=of(OUTSIDE, -7), peer=of(OUTSIDE, 2))
    assert state_of(result) == MISSING


def test_medians_of_tables_and_of_what_is_missing_in_a_round() -> None:
    rounds = [
        {"a": 1, "t": {"x": 2.0}, "n": None},
        {"a": 3, "t": {"x": 4.0, "y": 1}, "n": 5},
        {"a": 9, "t": {}, "n": None},
    ]
    assert median(rounds) == {"a": 3, "t": {"x": 3.0, "y": 1}, "n": 5}
    assert median([{"n": None}]) == {"n": None}


def test_the_table() -> None:
    ours = [{P50: 21.0, "frames lost": 0, "per second": 15.0}]
    peer = [{P50: 20.0, "frames lost": 1, "per second": 15.0}]
    result = result_of([goal(P50, 1.0)], ours=ours, peer=peer)
    lines = table(result).splitlines()
    head = next(line for line in lines if "this node" in line)
    times = next(line for line in lines if P50 in line and "missed" not in line)
    assert times.split() == ["p50", "[ms]", "21", "20", "1.050", "<=", "1", "MISSED"]
    # Columns end where their titles do.
    for title, value in (("this node", "21"), ("beside", "20"), ("ratio", "1.050"), ("goal", "<= 1")):
        assert times.index(value) + len(value) == head.index(title) + len(title)
    assert next(line for line in lines if "frames lost" in line).split() == ["frames", "lost", "0", "1", "0.000"]
    # Of rounds at a camera's rate it says nothing.
    assert not any("per second" in line for line in lines)
    assert lines[-1] == f"0 of 1 goals are met; missed: small: {P50}"
    assert "NOT QUIET" not in table(result)
    assert "NOT QUIET" in table(result | {"quiet": False, "noise": ["others take 1 core"]})


def test_session_runs_are_beside_a_flow_in_one_respect_only() -> None:
    figures = {P50: 30.0, "per second": 30.0}
    result = result_of([goal("per second", 0.95, "session", True)], ours=[figures], session=[figures])
    lines = [line.split() for line in table(result).splitlines()]
    assert ["p50", "[ms]", "30"] in lines
    assert ["per", "second", "30", "30", "1.000", ">=", "0.95", "met"] in lines


@pytest.mark.parametrize(("bound", "code"), [(1.1, 0), (1.0, 1)])
def test_a_file_is_judged_again_without_ros(tmp_path: Path, bound: float, code: int) -> None:
    result = result_of([goal(P50, bound)], ours=of(P50, 21), peer=of(P50, 20))
    file = tmp_path / "bench.json"
    # What it says itself counts for nothing.
    file.write_text(json.dumps(result | {"exit code": 1 - code, "verdicts": [], "medians": {}}))
    without_ros = "import runpy, sys; sys.modules['rclpy'] = None; sys.argv = sys.argv[1:]; "
    script = f"{without_ros} sys.path.insert(0, {str(HERE)!r}); runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", script, str(HERE / "bench.py"), "--judge", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, table(result) + "\n"), done.stderr


def test_the_picture_has_a_bar_for_each_that_was_measured() -> None:
    result = result_of([goal(P50, 1.0)], ours=of(P50, 10), peer=of(P50, 20))
    result["rows"][0]["name"] = "<small & quick>"
    picture = ElementTree.fromstring(plot(result))
    space = "{http://www.w3.org/2000/svg}"
    bars = [each for each in picture.iter(f"{space}rect") if each.get("height") == "13"]
    first, second = (float(each.get("width", "")) for each in bars)
    assert first * 2 == pytest.approx(second, abs=0.2)
    texts = [each.text for each in picture.iter(f"{space}text")]
    assert {"<small & quick>", "met 0.50", "10.0", "20.0"} <= set(texts)


def test_every_section_can_be_chosen_and_goals_have_what_they_are_beside() -> None:
    assert sections() == [
        "session",
        "mask",
        "720p",
        "1080p",
        "jpeg",
        "throughput",
        "gc",
        "start",
        "outputs",
        "cameras",
    ]
    plan = rows(quick=True)
    assert len({row.name for row in plan}) == len(plan)
    for row in plan:
        for each in row.goals:
            assert each.against != "peer" or row.has_peer
            assert each.against != "session" or row.kind == "throughput"


SECONDS = 5.0
BEFORE = Reading(1000, 500, 10, 50, {7: ("chrome", 100), 8: ("sshd", 5)})


def later(busy: float = 0, steal: float = 0, own: float = 0, **cores: float) -> Reading:
    """A reading five seconds after, with this many cores used."""

    def ticks(share: float) -> int:
        return round(share * TICKS * SECONDS)

    more = {7: ("chrome", 100 + ticks(cores.get("chrome", 0))), 8: ("sshd", 5 + ticks(cores.get("sshd", 0)))}
    total = 1000 + 2 * ticks(1)
    return Reading(total, 500 + ticks(busy + own), 10 + ticks(steal), 50 + ticks(own), more)


def test_a_quiet_machine() -> None:
    # What the check itself uses is no noise.
    assert noise(BEFORE, later(busy=0.08, own=0.9, chrome=0.08, steal=0.01), SECONDS, [0.5, 0.52]) == []


def test_who_makes_noise_is_named_first() -> None:
    (reason,) = noise(BEFORE, later(busy=0.9, chrome=0.7, sshd=0.05), SECONDS, [0.5, 0.5])
    assert reason == (
        "others take 0.90 cores (at most 0.1): chrome 0.70, what has ended or cannot be seen 0.15, sshd 0.05"
    )


def test_a_process_that_came_in_between_is_counted_from_its_start() -> None:
    after = later(busy=0.5)
    after.processes[9] = ("cc1plus", round(0.5 * TICKS * SECONDS))
    (reason,) = noise(BEFORE, after, SECONDS, [0.5, 0.5])
    assert reason.endswith(": cc1plus 0.50")


def test_steal_and_uneven_loops() -> None:
    reasons = noise(BEFORE, later(steal=0.2), SECONDS, [0.5, 0.55])
    assert reasons == [
        "the hypervisor takes 0.20 cores (at most 0.02)",
        "the same loop takes 10% longer at times (at most 5%)",
    ]


def test_a_machine_that_does_not_tell_is_not_taken_for_quiet() -> None:
    assert noise(BEFORE, BEFORE, SECONDS, [0.5, 0.5]) == ["/proc/stat does not count here, so nobody can tell"]


def test_readings_are_taken_from_proc(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu  10 20 30 400 5 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n")
    (tmp_path / "42").mkdir()
    # A name may hold what separates fields.
    (tmp_path / "42" / "stat").write_text(f"42 (my (odd) name) S {' '.join(['0'] * 10)} 11 4 {' '.join(['9'] * 30)}")
    (tmp_path / "43").mkdir()  # It ends while it is looked at.
    reading = read(tmp_path)
    assert (reading.total, reading.busy, reading.steal) == (486, 73, 8)
    assert reading.processes == {42: ("my (odd) name", 15)}


def test_what_a_processor_is() -> None:
    info = "processor\t: 0\nmodel name\t: Fast 9000\nflags\t\t: fpu avx512_vnni amx_int8\n\nprocessor\t: 1\n"
    assert cpu(info).startswith("Fast 9000, ")
    assert cpu(info).endswith(", VNNI, AMX")
