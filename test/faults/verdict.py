"""Findings from raw records alone, with all bounds. Nothing here needs ROS, and nothing is measured."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from record import END, FAULT, Record

# Seconds until masks flow again.
RECOVERS_WITHIN = 2.0
RESPAWNS_WITHIN = 5.0
# Seconds from a signal to the exit. Promised are 1.4 s, by the node's own clock.
ENDS_WITHIN = 2.0
# A camera's frames that wait or are under way.
UNDER_WAY = 3
# Frames that a lost network takes with it.
LOST_AT_ONCE = 2
# Seconds that a network which is lost again before it answers waits: now, then ever longer.
BACK_OFF = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

ABORTED, KILLED = -6, -9

CAUSE = re.compile(
    r"no space left|read-only file system|file too large|permission denied|not permitted|ENOSPC|EROFS|EFBIG|EACCES"
    r"|EPERM|\d+ MiB are free",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rule:
    """Of a scenario: how often, and what holds afterwards."""

    times: int
    quick: int
    within: float = RECOVERS_WITHIN
    # Exit codes that the fault itself brings about; none: the process goes on.
    codes: tuple[int, ...] = ()
    # What the node says of it.
    says: str = ""


STARTS_AGAIN = r"a worker thread died: injected: .*; the network starts again"

RULES = {
    "failing_run": Rule(200, 2, says="injected: the run failed"),
    "throwing_worker": Rule(200, 2, says=STARTS_AGAIN),
    "back_off": Rule(20, 1, says=STARTS_AGAIN),
    "native_abort": Rule(50, 1, RESPAWNS_WITHIN, (ABORTED,)),
    "sigkill": Rule(50, 1, RESPAWNS_WITHIN, (KILLED,)),
    "sigabrt": Rule(50, 1, RESPAWNS_WITHIN, (ABORTED,)),
    "camera_killed": Rule(50, 2),
    "changing_stream": Rule(200, 4),
    "clock": Rule(50, 5),
    "signal_at_start": Rule(50, 1),
    "signal_in_transition": Rule(50, 2),
    "signal_in_swap": Rule(50, 2),
    # All its cases, once.
    "disk": Rule(1, 1),
}


@dataclass(frozen=True)
class Finding:
    scenario: str
    number: int
    what: str


def records_of(result: dict[str, Any]) -> list[Record]:
    return [Record(**record) for record in result["records"]]


def findings(result: dict[str, Any], slower: float = 1) -> list[Finding]:
    """
    All that is not as it should be: none is good. `planned` of the result says how many faults were to be.
    @param slower: how many times longer than the bounds all may take
    """
    grouped: dict[str, list[Record]] = defaultdict(list)
    for record in records_of(result):
        grouped[record.scenario].append(record)
    found: list[Finding] = []
    for scenario, planned in result["planned"].items():
        records = grouped[scenario]
        # Behind them comes the end of the node, where they share one.
        done = len({record.number for record in records if record.number < planned})
        if done < planned:
            why = result.get("errors", {}).get(scenario, "it was broken off")
            found.append(Finding(scenario, done, f"{done} of {planned} faults: {why}"))
        for record in records:
            found += [Finding(scenario, record.number, what) for what in problems(record, slower)]
        found += [Finding(scenario, done, what) for what in failed_frames(records)]
    return found


def problems(record: Record, slower: float) -> Iterator[str]:
    """Of one record."""
    rule = RULES[record.scenario]
    if record.processes:
        yield f"orphans: {', '.join(record.processes)}"
    if record.shared_memory:
        yield f"shared memory left: {', '.join(record.shared_memory)}"
    if record.kind == FAULT:
        yield from after_fault(record, rule, slower)
    elif record.kind == END:
        yield from at_end(record, slower)
    else:
        yield from on_disk(record)


def after_fault(record: Record, rule: Rule, slower: float) -> Iterator[str]:
    bound = slower * rule.within + sum(record.waits)
    if record.seconds is None:
        yield f"{record.injected}: no mask any more"
    elif record.seconds > bound:
        yield f"{record.injected}: masks after {record.seconds:.2f} s, allowed are {bound:g}{busy(record)}"
    if rule.codes and record.exit_code not in rule.codes:
        yield f"{record.injected}: exit code {record.exit_code}, not {' or '.join(map(str, rule.codes))}"
    if not rule.codes and record.exit_code is not None:
        yield f"{record.injected}: the process ended with code {record.exit_code}"
    if rule.says and not re.search(rule.says, record.log or ""):
        yield f"{record.injected}: the log does not say {rule.says}"
    expected = list(BACK_OFF[: len(record.waits)])
    if record.waits != expected:
        yield f"{record.injected}: it waited {record.waits} s, not {expected}"
    yield from sums(record)


def sums(record: Record) -> Iterator[str]:
    """Frames in are masks, drops by reason, and what is under way; and both sides count the same."""
    if not record.before or not record.after:
        yield "no counters in /diagnostics"
        return
    for when in ("before", "after"):
        counts = getattr(record, when)
        missing = counts["frames received"] - counts["masks"] - drops(counts)
        if not 0 <= missing <= (0 if record.settled else UNDER_WAY):
            ends = f"{counts['masks']} masks and {drops(counts)} drops"
            yield f"counters {when}: {counts['frames received']} frames received, but {ends}"
    if not record.settled:
        return
    more = {key: value - record.before.get(key, 0) for key, value in record.after.items()}
    if "sent" in more and more["sent"] != more["frames received"] + more["lost in transport"]:
        told = f"{more['frames received']} received and {more['lost in transport']} lost"
        yield f"{more['sent']} pictures sent, but {told}"
    if more["seen"] != more["masks"]:
        yield f"{more['masks']} masks published, but {more['seen']} seen"


def drops(counts: dict[str, int]) -> int:
    return sum(value for key, value in counts.items() if key.startswith("dropped: "))


def failed_frames(records: Iterable[Record]) -> Iterator[str]:
    """No fault takes more frames along than those it hits."""
    least = most = 0
    for record in records:
        least, most = least + record.fails[0], most + record.fails[1]
        if record.settled and most > 0:
            failed = record.after["dropped: failed"] - record.before["dropped: failed"]
            if not least <= failed <= most:
                yield f"{failed} frames failed, not {least} to {most}"


def busy(record: Record) -> str:
    """That others had the cores, if so: they may be why it took long."""
    return "" if record.load is None or record.load < 1 else f" (load {record.load:g} for each core)"


def at_end(record: Record, slower: float) -> Iterator[str]:
    if record.exit_code != 0:
        yield f"{record.injected}: exit code {record.exit_code}"
    bound = slower * ENDS_WITHIN
    if record.seconds is None or record.seconds > bound:
        how_long = "never" if record.seconds is None else f"after {record.seconds:.2f} s"
        yield f"{record.injected}: it ended {how_long}, allowed are {bound:g}{busy(record)}"
    if record.log is not None:
        yield f"{record.injected}: it said {record.log}"


def on_disk(record: Record) -> Iterator[str]:
    line = record.log or ""
    if record.exit_code in (None, 0) or record.exit_code < 0:
        yield f"{record.injected}: exit code {record.exit_code}"
    if record.path not in line:
        yield f"{record.injected}: {record.path} is not named: {line}"
    if not CAUSE.search(line):
        yield f"{record.injected}: no cause is named: {line}"
    if not re.search(r"; \w+", line):
        yield f"{record.injected}: no remedy is named: {line}"
    if record.files:
        yield f"{record.injected}: half-written: {', '.join(record.files)}"
    if record.exit_code_again != 0:
        yield f"{record.injected}: exit code {record.exit_code_again} when the disk took it again"
