"""A short soak of the built node, and what verdicts make of raw data that are made up. No timings are judged."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "bench"), str(HERE.parent / "ros")]

from curves import plot  # noqa: E402
from judge import MET, MISSED, MISSING, NOT_JUDGED  # noqa: E402
from quiet import TICKS  # noqa: E402
from raw_data import FILE, RawData, read  # noqa: E402
from soak import exchange_times  # noqa: E402
from verdict import GROWTH, Finding, exit_code, findings, table, theil_sen  # noqa: E402

MINUTES = float(os.environ.get("ATTENDSEG_SOAK_MINUTES", "3" if "CI" in os.environ else "1"))
SOAK = HERE / "soak.py"

MACHINE = {"cpu": "Fast 9000", "cores": 2, "commit": "abc1234"}
CYCLE = 30.0


def made_up(
    minutes: float = 60,
    leak: float = 0,
    others: float = 0,
    slow: float = 1,
    seed: int = 1,
    network: float = 600,
    left: float = 0,
) -> RawData:
    """
    A soak without fault, but for these: MB an hour that leak, cores that others take, factor by which the last masks
    are slower, seconds of a network, MB that each leaves. Memory goes up and down as it does, by some MB and with a
    peak at each exchange.
    """
    chance = random.Random(seed)
    seconds = minutes * 60
    about = {"machine": MACHINE, "date": "2026-11-26", "command": "soak.py", "nice": 0, "network": "shipped"}
    about |= {
        "minutes": minutes,
        "swap minutes": network / 60,
        "cameras": 2,
        "cycle": CYCLE,
        "rate": 30,
        "size": "640x480",
        "sent": round(30 * seconds),
    }
    data = RawData(about)
    steps = round(seconds / 2)
    for number in range(steps + 1):
        t = 2.0 * number
        wave = 4096 * (t % CYCLE) / CYCLE + chance.gauss(0, 500) + (60_000 if 0 < t % network < 6 else 0)
        warming = 30_000 * min(1, t / (0.1 * seconds))
        kept = 250_000 + warming + (leak * t / 3600 + left * (t // network)) / 1.024e-3
        rss = round(kept + wave + 80 * (t % 1000))
        ticks = {"total": 2 * t, "busy": t * (1.2 + others), "steal": 0, "node": t, "own": 0.2 * t}
        data.samples.append(
            {
                "t": t,
                "rss": rss,
                "anonymous": rss - 90_000,
                "shmem": 40_000,
                "threads": 20 + number % 2,
                "files": 60,
                "ticks": {key: round(TICKS * value) for key, value in ticks.items()},
            }
            | ({"collected": {"anonymous": round(kept + chance.gauss(0, 500)) - 90_000}} if number % 15 == 14 else {})
        )
        factor = slow if t > seconds - 300 else 1
        data.latencies.append(
            {"t": t, "ms": [factor * ms for ms in 10 * [45] + [chance.uniform(30, 60) for _ in range(40)]]}
        )
        received = min(60 * number, round(30 * seconds))
        for camera in ("camera1", "camera2"):
            under_way = 0 if number == steps else min(2, received)
            masks = received * 2 // 3
            data.reports.append(
                {
                    "t": t,
                    "camera": camera,
                    "received": received,
                    "masks": masks,
                    "dropped": {"superseded": received - masks - under_way},
                    "lost": 0,
                    "model": ("first", "second")[int(t // network) % 2],
                }
            )
    for number in range(1, int(seconds // network) + 1):
        if number * network < seconds:
            data.events.append({"t": number * network, "event": "swap", "model": ("first", "second")[number % 2]})
    data.end = {"t": seconds, "code": 0, "took": 0.5, "errors": []}
    return data


def found(data: RawData, name: str) -> Finding:
    return next(each for each in findings(data) if each.name == name)


def bad(data: RawData) -> dict[str, str]:
    """Findings that are not met."""
    return {each.name: each.state for each in findings(data) if each.state != MET}


def test_a_soak_without_fault() -> None:
    data = made_up()
    assert bad(data) == {}
    assert exit_code(findings(data)) == 0
    text = table(data, findings(data))
    assert text.startswith("2026-11-26, commit abc1234: Fast 9000, 2 cores, nice 0\nsoak.py: 60.0 of 60 minutes\n")
    assert text.endswith("\n9 met, 0 MISSED, 0 MISSING, 0 not judged")


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_some_megabytes_an_hour_is_found(seed: int) -> None:
    """In three hours: the networks of one are too few to tell."""
    assert found(made_up(180, leak=-1, seed=seed), "memory slope").state == MET
    assert found(made_up(180, leak=3, seed=seed), "memory slope").state == MISSED
    assert exit_code(findings(made_up(180, leak=3, seed=seed))) == 1
    assert found(made_up(leak=20, seed=seed), "memory slope").state == MISSED


def test_a_slope_near_the_goal_or_of_a_short_time_is_not_judged() -> None:
    near = found(made_up(leak=1), "memory slope")
    assert (near.state, "the goal lies between" in near.what) == (NOT_JUDGED, True)
    short = found(made_up(minutes=20, leak=20), "memory slope")
    assert (short.state, "say nothing" in short.what) == (NOT_JUDGED, True)
    one = made_up(leak=3)
    one.events.clear()
    assert found(one, "memory slope").state == MISSED
    one = made_up(minutes=20, leak=20)
    one.events.clear()
    short = found(one, "memory slope")
    assert (short.state, "below 20 minutes it says nothing" in short.what) == (NOT_JUDGED, True)


@pytest.mark.parametrize("seed", range(3))
def test_many_exchanges_in_minutes_tell_what_those_of_hours_leave_behind(seed: int) -> None:
    """Each as often as the garbage is collected; in an hour of a robot there are six."""
    good = found(made_up(30, network=30, seed=seed), "memory slope")
    assert (good.state, "59 exchanges counts as 10 minutes" in good.what) == (MET, True)
    assert found(made_up(30, network=30, left=0.5, seed=seed), "memory slope").state == MISSED
    few = found(made_up(9, network=30, left=5, seed=seed), "memory slope")
    assert (few.state, "fewer than 20 say nothing" in few.what) == (NOT_JUDGED, True)


def test_pictures_at_a_higher_rate_tell_what_those_of_hours_leave_behind() -> None:
    fast = made_up(leak=3)
    fast.events.clear()
    assert found(fast, "memory slope").state == MISSED
    # Of an hour with the pictures of four, that is 0.75 MB an hour.
    fast.about["rate"] = 120
    finding = found(fast, "memory slope")
    assert (finding.state, "an hour has the pictures of 4" in finding.what) == (MET, True)


def test_a_large_leak_is_found_in_three_minutes() -> None:
    data = made_up(minutes=3, leak=60 * GROWTH)
    assert bad(data) == {"memory slope": NOT_JUDGED, "memory growth": MISSED, "models": NOT_JUDGED}
    assert "anonymous +" in found(data, "memory growth").what


def test_the_slope_and_its_interval() -> None:
    line = [(float(t), 3.0 + 2 * t) for t in range(20)]
    assert theil_sen(line) == (2, 2, 2)
    # A fifth of the points are peaks, which a least-squares line would follow.
    slope, low, high = theil_sen([(t, value + (100 * t if t % 5 == 0 else 0)) for t, value in line])
    assert low <= slope <= high
    assert slope == pytest.approx(2, abs=1)


@pytest.mark.parametrize(("key", "name"), [("threads", "threads"), ("files", "open files")])
def test_threads_and_files_that_stay_are_found(key: str, name: str) -> None:
    data = made_up()
    for sample in data.samples:
        sample[key] += 2 * int(sample["t"] // 600)
    assert bad(data) == {name: MISSED}


def report(data: RawData, number: int) -> dict[str, Any]:
    return data.reports[number]


def test_a_picture_that_is_lost_between_the_counters_is_found() -> None:
    data = made_up()
    report(data, 1000)["masks"] -= 4
    assert bad(data) == {"counters": MISSED}
    assert "6 of 30000 received are no masks, no drops" in found(data, "counters").what


def test_a_counter_that_goes_back_is_found() -> None:
    data = made_up()
    for each in data.reports[1000:]:
        each["received"] -= 600
        each["masks"] -= 600
    assert bad(data)["counters"] == MISSED
    assert "camera1 at 1000 s: received, masks went back" in found(data, "counters").what


def test_what_is_under_way_for_ever_is_found() -> None:
    data = made_up()
    report(data, -1)["dropped"]["superseded"] -= 1
    assert found(data, "counters").what == "1 are still under way at the end"


@pytest.mark.parametrize("reason", ["failed", "undecodable", "stopped"])
def test_a_picture_that_failed_is_found(reason: str) -> None:
    data = made_up()
    for each in data.reports[500:]:
        each["dropped"] |= {reason: 1, "superseded": each["dropped"]["superseded"] - 1}
    assert bad(data) == {"counters": MISSED}
    assert f"dropped {{'{reason}': 1}}" in found(data, "counters").what


def test_a_picture_that_was_sent_and_never_heard_of_is_found() -> None:
    data = made_up()
    data.about["sent"] += 2
    assert found(data, "sent").state == MET
    data.about["sent"] += 1
    assert bad(data) == {"sent": MISSED}
    for each in data.reports:
        each["lost"] = 3
    assert bad(data) == {}
    for each in data.reports:
        each["lost"] = None
    assert found(data, "sent").state == NOT_JUDGED


def test_a_camera_that_is_never_reported_is_missing() -> None:
    data = made_up()
    data.reports = [each for each in data.reports if each["camera"] == "camera1"]
    assert bad(data) == {"counters": MISSING, "sent": MISSING}


def test_masks_that_wait_for_the_soak_itself_do_not_count() -> None:
    data = made_up()
    collected = {sample["t"] for sample in data.samples if "collected" in sample}
    for line in data.latencies:
        if line["t"] in collected and line["t"] > 3000:
            line["ms"] = [500.0] * len(line["ms"])
    assert len(collected) == 120
    assert found(data, "p99").state == MET


def test_masks_that_grow_slow_are_found() -> None:
    assert found(made_up(slow=1.05), "p99").state == MET
    assert bad(made_up(slow=1.2)) == {"p99": MISSED}
    # Others had the processor: that says nothing of the node, and it is said.
    noisy = found(made_up(slow=1.2, others=0.5), "p99")
    assert noisy.state == NOT_JUDGED
    assert noisy.what.endswith("because others took 0.50 cores (at most 0.1) at the beginning")


def test_the_end_of_the_cameras_process_is_no_work_of_others() -> None:
    data = made_up()
    data.samples[-1]["ticks"]["own"] = 0
    assert found(data, "p99").state == MET


def test_few_masks_or_none_are_no_good_result() -> None:
    few = made_up()
    for line in few.latencies:
        line["ms"] = line["ms"][:3]
    assert bad(few) == {"p99": NOT_JUDGED}
    none = made_up()
    none.latencies = [line for line in none.latencies if line["t"] < 3000]
    assert bad(none) == {"p99": MISSING}


def test_a_model_that_does_not_run_is_found() -> None:
    stays = made_up()
    for each in stays.reports:
        each["model"] = "first"
    assert bad(stays) == {"models": MISSED}
    assert found(stays, "models").what == "second, asked for at 600 s, never ran"
    refused = made_up()
    refused.events.append({"t": 601.0, "event": "refused", "model": "second", "why": "no file"})
    assert found(refused, "models").what == "second was refused: no file"


def test_a_soak_that_is_broken_off_or_ends_badly_is_no_success() -> None:
    broken = made_up()
    broken.samples = broken.samples[:-100]
    broken.end = None
    assert bad(broken) == {"sent": NOT_JUDGED, "end": MISSING}
    assert exit_code(findings(broken)) == 1
    crashed = made_up()
    crashed.end = {"t": 3600.0, "code": -11, "took": 0.1, "errors": []}
    assert bad(crashed) == {"end": MISSED}
    complains = made_up()
    complains.end = {"t": 3600.0, "code": 0, "took": 0.1, "errors": ["[ERROR] no memory"]}
    assert found(complains, "end").what == "1 errors in the log; the first: [ERROR] no memory"
    nothing = RawData(made_up().about)
    assert bad(nothing) == {"soak": MISSING, "end": MISSING}
    assert exit_code(findings(nothing)) == 1


def test_the_picture_is_small_and_has_a_curve_for_all() -> None:
    picture = plot(made_up())
    assert len(picture) < 60_000
    space = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(picture)
    assert len([each for each in root.iter(f"{space}path") if each.get("stroke-width") == "1.5"]) == 13
    assert len([each for each in root.iter(f"{space}path") if each.get("stroke-dasharray")]) == 5


# --- the command


def in_session(session: int) -> list[str]:
    """Command lines of its processes; one that has ended, and that nobody has taken note of, has none."""
    lines = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == session:
                lines.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue  # It has just ended.
    return [line for line in lines if line]


def judged(folder: Path) -> tuple[int, str]:
    """--judge, where nothing of ROS can be imported."""
    without_ros = "import runpy, sys; sys.modules['rclpy'] = None; sys.argv = sys.argv[1:]; "
    script = f"{without_ros} sys.path.insert(0, {str(HERE)!r}); runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", script, str(SOAK), "--judge", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_exchanges_come_more_often_in_the_warm_up() -> None:
    assert exchange_times(3600, 600) == [*range(15, 241, 15), *range(600, 3600, 600)]
    assert exchange_times(180, 60) == [60, 120]
    assert exchange_times(1800, 15) == list(range(15, 1800, 15))
    # Where none is wished, there is none.
    assert exchange_times(3600, 60_000) == []


def test_a_short_soak(tmp_path: Path) -> None:
    out = tmp_path / "soak"
    command = [
        sys.executable,
        str(SOAK),
        "--minutes",
        str(MINUTES),
        "--swap-minutes",
        str(MINUTES / 3),
        "--out",
        str(out),
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        text, errors = process.communicate(timeout=60 * MINUTES + 240)
    finally:
        process.kill()
    print(text, errors)
    assert in_session(process.pid) == []
    # Whether masks grow slow and memory creeps is not to be told in this time, and on this machine.
    data = read(out)
    assert {name: state for name, state in bad(data).items() if name not in ("p99", "memory slope")} == {}, text
    assert found(data, "memory slope").state == NOT_JUDGED
    assert sum("collected" in sample for sample in data.samples) >= 2 * MINUTES - 1
    assert found(data, "models").what == "exchanged 2 times"
    kinds = {(event["event"], event.get("output")) for event in data.events}
    outputs = ("mask", "confidence", "color_mask", "overlay", "mask/compressed")
    assert {(what, output) for what in ("subscribe", "unsubscribe") for output in outputs} <= kinds
    # All is made again from the raw data.
    (out / "soak.svg").unlink()
    assert judged(out) == (process.returncode, text)
    ElementTree.parse(out / "soak.svg")


def test_raw_data_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    code, text = judged(tmp_path)
    assert (code, text.startswith(f"soak: {tmp_path / FILE} cannot be read: ")) == (2, True)
    lines = [json.dumps({"kind": "about"}), "{", json.dumps({"kind": "sample"})]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    code, text = judged(tmp_path)
    assert (code, text.startswith(f"soak: {tmp_path / FILE}, line 2: no JSON")) == (2, True)
