"""Whether the machine has nothing else to do: figures of a busy one are worth little. Nothing here needs ROS."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
OTHERS = 0.1
"""Cores that others may take."""
STEAL = 0.02
"""Cores that the hypervisor may take."""
SPREAD = 0.05
"""By which two runs of the same loop may differ."""


@dataclass(frozen=True)
class Reading:
    """Clock ticks since the machine started."""

    total: int
    """Of all cores, idle or not."""
    busy: int
    steal: int
    own: int
    """Of busy, this process."""
    processes: dict[int, tuple[str, int]]
    """Name and ticks of the others."""


def ticks_of(stat: str) -> tuple[str, int]:
    """Name and user and system time in a process's stat file."""
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat.rsplit(")", 1)[1].split()
    return name, int(fields[11]) + int(fields[12])


def read(proc: Path = Path("/proc")) -> Reading:
    user, nice, system, idle, wait, irq, softirq, steal = map(int, (proc / "stat").read_text().split()[1:9])
    processes: dict[int, tuple[str, int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                processes[int(folder.name)] = ticks_of((folder / "stat").read_text())
            except OSError:
                continue  # It has just ended.
    _, own = processes.pop(os.getpid(), ("", 0))
    busy = user + nice + system + irq + softirq
    return Reading(busy + idle + wait + steal, busy, steal, own, processes)


def spin() -> float:
    """Seconds that a fixed loop takes."""
    started = time.perf_counter()
    value = 0
    for step in range(6_000_000):
        value ^= step
    return time.perf_counter() - started


def noise(before: Reading, after: Reading, seconds: float, spins: list[float]) -> list[str]:
    """Why figures of this machine would not be worth much; empty if they are."""
    if after.total <= before.total:
        return ["/proc/stat does not count here, so nobody can tell"]
    reasons = []
    others = (after.busy - before.busy - (after.own - before.own)) / TICKS / seconds
    if others > OTHERS:
        used: Counter[str] = Counter()
        for pid, (name, ticks) in after.processes.items():
            # What is not in the reading before has started in between.
            used[name] += ticks - before.processes.get(pid, (name, 0))[1]
        hidden = others - sum(used.values()) / TICKS / seconds
        used["what has ended or cannot be seen"] = round(hidden * TICKS * seconds)
        top = [(name, ticks / TICKS / seconds) for name, ticks in used.most_common(3)]
        who = ", ".join(f"{name} {cores:.2f}" for name, cores in top if cores > OTHERS / 10)
        reasons.append(f"others take {others:.2f} cores (at most {OTHERS:g}): {who}")
    steal = (after.steal - before.steal) / TICKS / seconds
    if steal > STEAL:
        reasons.append(f"the hypervisor takes {steal:.2f} cores (at most {STEAL:g})")
    spread = max(spins) / min(spins) - 1
    if spread > SPREAD:
        reasons.append(f"the same loop takes {spread:.0%} longer at times (at most {SPREAD:.0%})")
    return reasons


def look(seconds: float = 5) -> list[str]:
    """Watches the machine, this process asleep but for two loops. @returns why it is not quiet"""
    before = read()
    started = time.monotonic()
    time.sleep(seconds)
    spins = [spin(), spin()]
    after = read()
    return noise(before, after, time.monotonic() - started, spins)
