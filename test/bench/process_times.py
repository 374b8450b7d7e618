"""Processor time and memory of a process, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def main_seconds(pid: int) -> float:
    """User and system time of the main thread."""
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_milliseconds(pid: int) -> dict[str, float]:
    """Time that each thread was on a processor, to the microsecond; by name and number."""
    result = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        result[f"{name} {int(task.name) - pid}"] = int((task / "schedstat").read_text().split()[0]) / 1e6
    return result


def resident_mib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kib // 1024
