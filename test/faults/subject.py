"""The node under faults, started again when it dies as launch does it."""

from __future__ import annotations

import itertools
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node_process import ROOT, NodeProcess
from rclpy.clock import Clock, ClockType
from remains import left_of, own, processes_of
from ros_graph import Graph

INJECT = Path(__file__).with_name("inject.mjs")
# No wheel has launch, so that this process stands in for it.
LAUNCH_FILE = ROOT / "launch" / "attendseg.launch.py"
RESPAWN_DELAY = float(re.findall(r"respawn_delay=([\d.]+)", LAUNCH_FILE.read_text(encoding="utf-8"))[0])

# Seconds for shared memory to go: who had it open looks after it once a second.
CLEANING = 5.0
NODE_IS_GONE = 20.0

numbers = itertools.count(1)


def left_after_a_while(graph: Graph, names: set[str]) -> list[str]:
    """Of this shared memory, when whoever had it open has had time to remove it."""
    end = time.monotonic() + CLEANING
    while (left := left_of(names)) and time.monotonic() < end:
        graph.spin(0.2)
    return left


class Subject:
    """A node in a namespace of its own. Faults are files that inject.mjs in its threads finds."""

    def __init__(self, graph: Graph, folder: Path, *arguments: str) -> None:
        number = next(numbers)
        self.graph = graph
        self.namespace = f"/faults{number}"
        self.name = f"{self.namespace}/attendseg"
        self.image = f"{self.namespace}/image"
        self.folder = folder / f"node{number}"
        self.folder.mkdir()
        self._words = ["-r", f"__ns:={self.namespace}", *arguments]
        self.lives = 0
        self._own: set[str] = set()
        self.start()

    def start(self) -> None:
        self.lives += 1
        place = self.folder / f"life{self.lives}"
        place.mkdir()
        # The folder is unique: by it the node's children are known.
        inject = f"--import={INJECT.as_uri()}"
        self.process = NodeProcess(place, self._words, NODE_OPTIONS=inject, ATTENDSEG_FAULTS=str(self.folder))

    @property
    def output(self) -> str:
        """Of this life."""
        return self.process.output

    def inject(self, thread: str, order: str, patience: float = 30) -> None:
        """@throws AssertionError if no thread of this name takes the order"""
        file = self.folder / thread
        new = file.with_suffix(".new")
        new.write_text(order)
        new.rename(file)
        self.graph.wait(lambda: not file.exists(), f"a {thread} thread that takes {order}", patience)

    def remember_shared_memory(self) -> None:
        """
        Its own, to be called now and then while it runs: afterwards nobody can tell. Of what it has only received from,
        as of a camera that was killed a moment ago, it is not the last that has to clean up.
        """
        self._own |= own(self.process.pid)

    def died(self) -> int | None:
        """Waits for it; the exit code, none if it lives on."""
        try:
            self.graph.wait(lambda: not self.process.running, "its death", NODE_IS_GONE)
        except AssertionError:
            return None
        return self.process.wait(0)

    def respawn(self) -> None:
        self.graph.spin(RESPAWN_DELAY)
        self.start()

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Starts it again whenever it ends by itself, as launch does; the graph has to spin."""
        ended: float | None = None

        def look() -> None:
            nonlocal ended
            if self.process.running:
                ended = None
            elif ended is None:
                ended = time.monotonic()
            elif time.monotonic() - ended >= RESPAWN_DELAY:
                self.start()

        timer = self.graph.node.create_timer(0.05, look, clock=Clock(clock_type=ClockType.STEADY_TIME))
        try:
            yield
        finally:
            self.graph.node.destroy_timer(timer)

    def orphans(self) -> list[str]:
        mine = f"{self.process.pid} " if self.process.running else None
        return [found for found in processes_of(str(self.folder)) if mine is None or not found.startswith(mine)]

    def shared_memory(self) -> list[str]:
        """What it left."""
        return left_after_a_while(self.graph, self._own)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int | None, float]:
        """The exit code, and the seconds until then; the graph spins meanwhile."""
        self.remember_shared_memory()
        start = time.monotonic()
        self.process.send(how)
        code = self.died()
        return code, time.monotonic() - start

    def close(self) -> None:
        self.process.stop()
