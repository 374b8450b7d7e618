"""What the raw data of a soak prove, and what they do not. Nothing here needs ROS, and nothing is measured."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from judge import MET, MISSED, MISSING, NOT_JUDGED
from quiet import OTHERS, STEAL, TICKS
from raw_data import Line, RawData

SLOPE = 1.0
"""MB an hour that resident memory may grow."""
SLOPE_MINUTES = 20
"""After the warm-up: before, what pools and caches still take looks like a leak."""
EXCHANGE_MINUTES = 10.0
"""
Between two exchanges of the model. A soak that makes them more often shows in minutes what those of many hours leave
behind: each of its networks counts as long as this.
"""
RATE = 30.0
"""Pictures a second of a camera. So it is with a soak that sends more, and exchanges nothing."""
FEWEST_EXCHANGES = 20
"""In such a one: what a single exchange leaves in malloc's pieces goes up and down by some MB."""
GROWTH = 64.0
"""
MB between the first and the last quarter after the warm-up, however short the soak. The first exchange of the model
takes some 40, once; a leak of pictures or masks takes hundreds in three minutes.
"""
MORE_HANDLES = 4
"""Threads and open files by which the last quarter may exceed the first: libvips starts three for the first PNG."""
PENDING = 5
"""Frames of a camera that may be under way: one waits, and while the model is exchanged two networks have two each."""
EXPECTED_DROPS = ("standby", "superseded", "too old")
UNSEEN = 2
"""Pictures lost before the first or behind the last that came, which no sequence number tells."""
SLOWER = 1.1
WINDOW = 300.0
"""Seconds at the beginning and at the end whose slowest masks are compared."""
FEWEST_MASKS = 1000
"""In a window: of fewer, the slowest of a hundred are a handful."""


@dataclass(frozen=True)
class Finding:
    name: str
    state: str
    what: str
    """Figures and goal, or why there is none."""


def warm_up(seconds: float) -> float:
    """
    Seconds of a soak's that do not count. Pools, V8's code and heap, glibc's arenas and the shared memory of the
    middleware fill once, in the first minutes; of a short run a fixed share is left out, so that most of it counts.
    """
    return min(300.0, 0.15 * seconds)


def findings(data: RawData) -> list[Finding]:
    """Of all that is judged, also what could not be."""
    if len(data.samples) < 8:
        return [
            Finding("soak", MISSING, f"{len(data.samples)} samples were taken; is there a node's output?"),
            ended(data),
        ]
    return [
        memory_slope(data),
        memory_growth(data),
        handles(data, "threads", "threads"),
        handles(data, "files", "open files"),
        counters(data),
        transport(data),
        swaps(data),
        slowest(data),
        ended(data),
    ]


def exit_code(found: list[Finding]) -> int:
    """1 if something is missed or missing. What could not be judged is said, and no failure."""
    return int(any(each.state in (MISSED, MISSING) for each in found))


def table(data: RawData, found: list[Finding]) -> str:
    about, machine = data.about, data.about["machine"]
    lines = [
        f"{about['date']}, commit {machine['commit']}:"
        f" {machine['cpu']}, {machine['cores']} cores, nice {about['nice']}",
        f"{about['command']}: {data.seconds / 60:.1f} of {about['minutes']:g} minutes",
        "",
        *(f"{each.name:<16} {each.state:<10} {each.what}" for each in found),
        "",
    ]
    counts = [f"{sum(each.state == state for each in found)} {state}" for state in (MET, MISSED, MISSING, NOT_JUDGED)]
    bad = [each.name for each in found if each.state != MET]
    return "\n".join([*lines, ", ".join(counts) + (f": {', '.join(bad)}" if bad else "")])


# --- memory


def swaps_of(data: RawData) -> list[Line]:
    return [event for event in data.events if event["event"] == "swap"]


def settled(data: RawData) -> list[Line]:
    begin = warm_up(data.seconds)
    return [sample for sample in data.samples if sample["t"] >= begin]


def theil_sen(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """
    The median of the slopes between all pairs of points, and the bounds of its 95 % interval (Kendall's). A
    least-squares line would follow the peak that a second network takes while the model is exchanged; more than a
    quarter of the points may be off before this one is.
    """
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.combinations(points, 2))
    count = len(points)
    reach = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return statistics.median(slopes), slopes[low], slopes[high]


def haste(data: RawData) -> float:
    """How many times faster than on a robot exchanges come, or pictures where nothing is exchanged; at least 1."""
    times = EXCHANGE_MINUTES / data.about["swap minutes"] if swaps_of(data) else data.about["rate"] / RATE
    return max(1.0, times)


def like_with_like(data: RawData) -> list[tuple[float, float]]:
    """
    Seconds and KiB without garbage, to be compared, of the process's own memory: the middleware's segments in shared
    memory have a fixed size, and what of them was used once stays resident (it counts in memory_growth). Each network
    fills up for some minutes, and the first exchange takes memory for the second one once. So of each network but the
    first, the median of the second half of its time.
    Where none was exchanged, all after the warm-up: what frames leave behind, and nothing else.
    """
    lines = [line for line in settled(data) if "collected" in line]
    starts, times = [event["t"] for event in swaps_of(data)], haste(data)
    if not starts:
        return [(times * line["t"], line["collected"]["anonymous"]) for line in lines]
    points = []
    for start, end in itertools.pairwise([*starts, data.seconds]):
        half = [line["collected"]["anonymous"] for line in lines if (start + end) / 2 <= line["t"] < end]
        if half:
            points.append((times * (start + 3 * end) / 4, statistics.median(half)))
    return points


def memory_slope(data: RawData) -> Finding:
    """
    Of its own that is resident at a moment when all garbage has been collected. Between, V8 lets some 80 MB gather for
    a quarter of an hour: in such a saw no slope is to be seen.
    """
    name = "memory slope"
    points = like_with_like(data)
    if len(points) < 3:
        return Finding(name, NOT_JUDGED, f"{len(points)} networks that were exchanged say nothing")
    minutes = (points[-1][0] - points[0][0]) / 60
    slope, low, high = (each * 1.024e-3 * 3600 for each in theil_sen(points))
    ends = f"from {points[0][1] * 1.024e-3:.1f} to {points[-1][1] * 1.024e-3:.1f} MB in {len(points)} points"
    what = f"{slope:.2f} MB an hour ({low:.2f} to {high:.2f}; goal: below {SLOPE:g}), {ends}"
    exchanges, times = len(swaps_of(data)), haste(data)
    if times > 1:
        each = f"each of {exchanges} exchanges counts as {EXCHANGE_MINUTES:g} minutes"
        what += f", where {each if exchanges else f'an hour has the pictures of {times:g}'}"
        if exchanges and len(points) < FEWEST_EXCHANGES:
            return Finding(name, NOT_JUDGED, f"{what}; behind the warm-up fewer than {FEWEST_EXCHANGES} say nothing")
    if minutes < SLOPE_MINUTES:
        return Finding(name, NOT_JUDGED, f"{what}; below {SLOPE_MINUTES} minutes it says nothing")
    if low < SLOPE <= high:
        return Finding(name, NOT_JUDGED, f"{what}: the goal lies between; a longer soak tells")
    return Finding(name, MET if slope < SLOPE else MISSED, what)


def quarters(lines: list[Line], key: str) -> tuple[float, float]:
    """Medians of the first and the last quarter."""
    count = max(1, len(lines) // 4)
    first, last = (statistics.median(line[key] for line in part) for part in (lines[:count], lines[-count:]))
    return first, last


def memory_growth(data: RawData) -> Finding:
    lines = settled(data)
    first, last = (each * 1.024e-3 for each in quarters(lines, "rss"))
    parts = []
    for key in ("anonymous", "shmem"):
        before, after = quarters(lines, key)
        parts.append(f"{key} {(after - before) * 1.024e-3:+.1f}")
    what = f"{first:.1f} MB, then {last:.1f}: {last - first:+.1f} ({', '.join(parts)}; goal: at most {GROWTH:g} more)"
    return Finding("memory growth", MET if last - first <= GROWTH else MISSED, what)


def handles(data: RawData, key: str, name: str) -> Finding:
    first, last = quarters(settled(data), key)
    what = f"{first:g}, then {last:g} (goal: at most {MORE_HANDLES} more)"
    return Finding(name, MET if last - first <= MORE_HANDLES else MISSED, what)


# --- counters


def cameras(data: RawData) -> list[tuple[str, list[Line]]]:
    """Reports by camera. One that was never reported has none."""
    names = [f"camera{number + 1}" for number in range(data.about["cameras"])]
    return [(name, [report for report in data.reports if report["camera"] == name]) for name in names]


def wrong_counts(name: str, reports: list[Line]) -> Iterator[str]:
    before: dict[str, int] = {}
    for report in reports:
        where = f"{name} at {report['t']:.0f} s"
        drops: dict[str, int] = report["dropped"]
        pending = report["received"] - report["masks"] - sum(drops.values())
        if not 0 <= pending <= PENDING:
            yield f"{where}: {pending} of {report['received']} received are no masks, no drops"
        if unexpected := {reason: count for reason, count in drops.items() if reason not in EXPECTED_DROPS and count}:
            yield f"{where}: dropped {unexpected}"
        now = {"received": report["received"], "masks": report["masks"], **drops}
        if fallen := [key for key, count in before.items() if now.get(key, 0) < count]:
            yield f"{where}: {', '.join(fallen)} went back"
        before = now


def counters(data: RawData) -> Finding:
    """Every picture that was received is a mask, a drop that has a reason, or under way; at the end none is."""
    wrong: list[str] = []
    received = masks = 0
    drops: dict[str, int] = {}
    for name, reports in cameras(data):
        if not reports:
            return Finding("counters", MISSING, f"{name} was never reported")
        wrong += wrong_counts(name, reports)
        last = reports[-1]
        received, masks = received + last["received"], masks + last["masks"]
        for reason, count in last["dropped"].items():
            drops[reason] = drops.get(reason, 0) + count
    left = received - masks - sum(drops.values())
    if data.end is not None and left != 0:
        wrong.append(f"{left} are still under way at the end")
    if wrong:
        return Finding("counters", MISSED, f"{wrong[0]}" + (f"; {len(wrong) - 1} more like this" if wrong[1:] else ""))
    if masks == 0:
        return Finding("counters", MISSING, f"{received} received, and no mask")
    parts = [f"{masks} masks", *(f"{count} {reason}" for reason, count in sorted(drops.items()))]
    return Finding("counters", MET, f"{received} received: {', '.join(parts)}; {len(data.reports)} reports agree")


def transport(data: RawData) -> Finding:
    """Every picture that was sent was received, or is known to be lost."""
    name = "sent"
    if data.end is None:
        return Finding(name, NOT_JUDGED, "the soak was broken off, and nobody knows how many were sent")
    parts = []
    state = MET
    for camera, reports in cameras(data):
        if not reports:
            return Finding(name, MISSING, f"{camera} was never reported")
        sent, received, lost = data.about["sent"], reports[-1]["received"], reports[-1]["lost"]
        if lost is None:
            return Finding(name, NOT_JUDGED, "the middleware has no sequence numbers, so losses cannot be told")
        parts.append(f"{camera}: {sent} sent, {received} received, {lost} lost in transport")
        if not 0 <= sent - received - lost <= UNSEEN:
            state = MISSED
    return Finding(name, state, f"{'; '.join(parts)} (goal: at most {UNSEEN} unaccounted for)")


def swaps(data: RawData) -> Finding:
    """Every model that was asked for ran before the next."""
    asked = swaps_of(data)
    if not asked:
        return Finding("models", NOT_JUDGED, "none was exchanged in this time")
    refused = [event for event in data.events if event["event"] == "refused"]
    if refused:
        return Finding("models", MISSED, f"{refused[0]['model']} was refused: {refused[0]['why']}")
    ends = [*(event["t"] for event in asked[1:]), math.inf]
    for event, end in zip(asked, ends, strict=True):
        ran = any(event["t"] <= each["t"] < end and each["model"] == event["model"] for each in data.reports)
        if not ran:
            return Finding("models", MISSED, f"{event['model']}, asked for at {event['t']:.0f} s, never ran")
    return Finding("models", MET, f"exchanged {len(asked)} times")


# --- latency


def share(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def masks_between(data: RawData, begin: float, end: float) -> list[float]:
    """
    Without those of the two seconds in which the soak itself has all threads collect their garbage: they wait for that,
    and are a quarter of the slowest hundredth.
    """
    collected = [sample["t"] for sample in data.samples if "collected" in sample]
    lines = [line for line in data.latencies if begin <= line["t"] < end]
    # A line is written with the sample that ends its two seconds.
    return [value for line in lines if all(abs(line["t"] - t) > 1 for t in collected) for value in line["ms"]]


def disturbance(data: RawData, begin: float, end: float) -> str | None:
    """Why figures of this time are not worth much, if so."""
    lines = [sample for sample in data.samples if begin <= sample["t"] <= end]
    seconds, change = 0.0, dict.fromkeys(lines[0]["ticks"], 0)
    for before, after in itertools.pairwise(lines):
        ticks = {key: after["ticks"][key] - before["ticks"][key] for key in change}
        # The cameras' process has ended meanwhile, and its ticks went with it: they are nobody else's.
        if ticks["own"] < 0:
            continue
        seconds += after["t"] - before["t"]
        change = {key: change[key] + ticks[key] for key in change}
    if change["total"] <= 0 or seconds <= 0:
        return "/proc/stat does not count here, so nobody can tell who else worked"
    others = (change["busy"] - change["node"] - change["own"]) / TICKS / seconds
    steal = change["steal"] / TICKS / seconds
    if others > OTHERS:
        return f"others took {others:.2f} cores (at most {OTHERS:g})"
    if steal > STEAL:
        return f"the hypervisor took {steal:.2f} cores (at most {STEAL:g})"
    return None


def slowest(data: RawData) -> Finding:
    """
    Only where the machine was quiet: at low priority a soak gets what others leave, and the slowest masks tell of them.
    Who is faster in the end is not blamed.
    """
    name, begin, end = "p99", warm_up(data.seconds), data.seconds
    window = min(WINDOW, (end - begin) / 3)
    windows = [(begin, begin + window), (end - window, end)]
    masks = [masks_between(data, *each) for each in windows]
    if not all(masks):
        return Finding(name, MISSING, "no mask came at the beginning, or at the end")
    first, last = (share(each, 0.99) for each in masks)
    what = f"{first:.1f} ms, then {last:.1f}: ratio {last / first:.2f} (goal: at most {SLOWER:g})"
    if (fewest := min(map(len, masks))) < FEWEST_MASKS:
        return Finding(name, NOT_JUDGED, f"{what}, because of {fewest} masks in {window:.0f} s")
    for each, when in zip(windows, ("beginning", "end"), strict=True):
        if reason := disturbance(data, *each):
            return Finding(name, NOT_JUDGED, f"{what}, because {reason} at the {when}")
    return Finding(name, MET if last <= SLOWER * first else MISSED, what)


def ended(data: RawData) -> Finding:
    planned = data.about["minutes"] * 60
    if data.end is None or data.seconds < 0.99 * planned:
        return Finding("end", MISSING, f"broken off after {data.seconds / 60:.1f} of {planned / 60:g} minutes")
    code, errors = data.end["code"], data.end["errors"]
    if errors:
        return Finding("end", MISSED, f"{len(errors)} errors in the log; the first: {errors[0]}")
    return Finding(
        "end", MET if code == 0 else MISSED, f"exit code {code} in {data.end['took']:.1f} s, no error in the log"
    )
