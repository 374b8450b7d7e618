"""What is kept of each fault: raw, so that a verdict can be recomputed. Nothing here needs ROS."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

# What is done in a scenario: a fault, the end of the node by a signal, or a command on a disk that takes nothing.
FAULT, END, DISK = "fault", "end", "disk"


@dataclass
class Record:
    scenario: str
    number: int
    kind: str
    injected: str
    # Processes that wanted a core, for each core, in the minute before.
    load: float | None = field(default_factory=lambda: round(os.getloadavg()[0] / len(os.sched_getaffinity(0)), 1))
    # Seconds of luck before it.
    moment: float = 0.0
    # From the fault to the first mask of a picture sent after it, or from the signal to the exit; none: never.
    seconds: float | None = None
    # Seconds that the node said it would wait before each new start of the network.
    waits: list[float] = field(default_factory=list)
    # Frames that the fault fails: at least, at most.
    fails: tuple[int, int] = (0, 0)
    # Of /diagnostics, with pictures `sent` and masks `seen` on this side. `before`: when the scenario began.
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    # Was the camera stopped for `after`, so that nothing was under way?
    settled: bool = False
    # Processes that are left, and files in /dev/shm that nobody has open.
    processes: list[str] = field(default_factory=list)
    shared_memory: list[str] = field(default_factory=list)
    exit_code: int | None = None
    # Of the same command when the disk takes it again.
    exit_code_again: int | None = None
    # Files under their final names after a command that failed.
    files: list[str] = field(default_factory=list)
    # The path that the message is to name.
    path: str = ""
    # The line that was looked for.
    log: str | None = None
