"""Memory, threads, open files and processor time of a process and its machine, from /proc. Nothing here needs ROS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import quiet


def kilobytes(text: str, *names: str) -> list[int]:
    """Of lines such as `Rss:  123 kB`."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return [int(fields[name].split()[0]) for name in names]


def memory(pid: int) -> dict[str, int]:
    """Resident, in KiB, and where: the rest beside anonymous and shared memory are files."""
    folder = Path(f"/proc/{pid}")
    rss, anonymous = kilobytes((folder / "smaps_rollup").read_text(), "Rss", "Anonymous")
    # The sum of all mappings tells only the process's share of shared memory.
    (shared,) = kilobytes((folder / "status").read_text(), "RssShmem")
    return {"rss": rss, "anonymous": anonymous, "shmem": shared}


def probe(pid: int, helpers: set[int]) -> dict[str, Any]:
    """
    A process as it is now.
    @param helpers processes that belong to the measurement, beside this one
    """
    reading = quiet.read()
    ticks = {name: reading.processes.get(name, ("", 0))[1] for name in helpers}
    return {
        **memory(pid),
        "threads": len(os.listdir(f"/proc/{pid}/task")),  # noqa: PTH208
        "files": len(os.listdir(f"/proc/{pid}/fd")),  # noqa: PTH208
        "ticks": {
            "total": reading.total,
            "busy": reading.busy,
            "steal": reading.steal,
            "node": reading.processes[pid][1],
            "own": reading.own + sum(ticks.values()),
        },
    }
