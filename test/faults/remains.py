"""What a process leaves behind: others that it started, and shared memory."""

from __future__ import annotations

import re
from pathlib import Path

SHARED_MEMORY = "/dev/shm/"
# LTTng's, which ROS's tracing brings along, one for each user; and Fast DDS's ports, 52 KiB each, which whoever comes
# next takes over: as many as there were participants at once.
STAYS = re.compile(r"lttng-ust-wait|(sem\.)?fast(rtps|dds)_port")

# The end of a lock's name.
LOCK = "_el"


def processes_of(mark: str) -> list[str]:
    """Those that live and have this in their environment: their numbers and names."""
    found = []
    for pid in pids():
        try:
            if mark.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(f"{pid} {Path(f'/proc/{pid}/comm').read_text().strip()}")
        except OSError:
            continue
    return found


def held(pid: int) -> set[str]:
    """Names in /dev/shm that a process has mapped or open; none if it is gone."""
    names = set()
    try:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            names.add(line.partition(SHARED_MEMORY)[2])
        for link in Path(f"/proc/{pid}/fd").iterdir():
            names.add(str(link.readlink()).partition(SHARED_MEMORY)[2])
    except OSError:
        pass
    return {name for name in names if name and not name.endswith(" (deleted)") and not STAYS.match(name)}


def own(pid: int) -> set[str]:
    """Of these, Fast DDS's segments that are this process's: it holds the lock beside each one."""
    names = held(pid)
    return {name for lock in names if lock.endswith(LOCK) for name in (lock, lock.removesuffix(LOCK))}


def left_of(names: set[str]) -> list[str]:
    """Those of these names that still exist, and that no process holds."""
    there = {name for name in names if Path(SHARED_MEMORY, name).exists()}
    for pid in pids() if there else ():
        there -= held(pid)
    return sorted(there)


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
