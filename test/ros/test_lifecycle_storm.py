"""A node that is configured and cleaned up again and again keeps nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from conftest import HEIGHT, WIDTH
from managed import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, GRAPH, Manage
from pictures import noise, rgb_frame
from ros_graph import Camera, Graph

FRAME = rgb_frame(noise(WIDTH, HEIGHT))


def usage(pid: int) -> tuple[int, int, float]:
    """Threads, open files, and resident MiB of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    values = dict(line.split(":", 1) for line in status.splitlines())
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return int(values["Threads"]), files, int(values["VmRSS"].split()[0]) / 1024


def test_cleanup_frees_the_memory(manage: Manage, look: Callable[..., Camera], graph: Graph) -> None:
    """Of the network, of the pools, and of pictures of 25 MB; what is left is Node's heap and ROS."""
    managed = manage()
    camera = look(managed.node, "overlay", connect=False)

    def work() -> float:
        for action in (CONFIGURE, ACTIVATE):
            assert managed.change(action)
        camera.connect()
        large = rgb_frame(np.zeros((2880, 2880, 3), np.uint8))
        for _ in range(4):
            camera.segment(large)
        return usage(managed.node.process.pid)[2]

    def clean() -> float:
        for action in (DEACTIVATE, CLEANUP):
            assert managed.change(action)
        graph.spin(1)
        return usage(managed.node.process.pid)[2]

    work()
    first = clean()
    busy = work()
    last = clean()
    told = f"resident MiB: {busy:.0f} at work, {first:.0f} and {last:.0f} after cleanup"
    assert last < busy - 60, told
    # A picture that is kept would be four times 25 MB; malloc and the middleware keep some of what they had.
    assert last < first + 60, told


def test_storm(
    manage: Manage, look: Callable[..., Camera], graph: Graph, record_property: Callable[[str, object], None]
) -> None:
    """A thousand actions in any order, allowed or not, while frames come at 30 Hz, leave nothing behind."""
    managed = manage()
    pid = managed.node.process.pid
    choose = random.Random(1)
    camera = look(managed.node, "mask", "overlay", connect=False)
    stopped = threading.Event()

    def flow() -> None:
        while not stopped.wait(1 / 30):
            camera.send(FRAME)

    state, done, masks = "unconfigured", 0, 0
    mask = camera.received["mask"]

    def step(action: str) -> None:
        nonlocal state, done, masks
        goal = GRAPH.get((state, action))
        assert managed.change(action) == (goal is not None), (state, action, managed.node.process.output[-2000:])
        done += goal is not None
        state = goal or state
        # Mostly it is off again before the camera finds it; now and then frames are under way.
        if state == "active" and choose.random() < 0.1:
            mask.clear()
            graph.wait(lambda: bool(mask), "a mask")
            masks += 1

    def storm(steps: int) -> None:
        last = done + steps
        while done < last:
            # Shutdown has no way back.
            step(choose.choice((CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE)))
        for action in {"active": (DEACTIVATE, CLEANUP), "inactive": (CLEANUP,)}.get(state, ()):
            step(action)

    thread = threading.Thread(target=flow)
    thread.start()
    try:
        start = time.monotonic()
        # What is allocated once, in caches and pools, is there after a few.
        storm(200)
        before = usage(pid)
        storm(800)
        after = usage(pid)
        took = time.monotonic() - start
    finally:
        stopped.set()
        thread.join()
    print(f"{done} actions in {took:.0f} s; threads, files, MiB {before} -> {after}; {masks} masks")
    record_property("usage", [before, after])
    assert managed.state == "unconfigured"
    assert after[:2] == before[:2]
    assert after[2] < before[2] + 40
    step(CONFIGURE)
    step(ACTIVATE)
    camera.connect()
