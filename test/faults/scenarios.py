"""All scenarios by name. test/ros and test/engine have what they are made of. To be imported before rclpy."""

from __future__ import annotations

import random
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "ros"), str(ROOT / "test" / "engine")]

# Sets the environment of the tests through the ROS graph.
import conftest  # noqa: E402, F401
from disk import disk  # noqa: E402
from ends import signal_at_start, signal_in_swap, signal_in_transition  # noqa: E402
from inputs import camera_killed, changing_stream, clock  # noqa: E402
from kills import native_abort, sigabrt, sigkill  # noqa: E402
from ros_graph import Graph  # noqa: E402
from stage import Scenario, Stage  # noqa: E402
from workers import back_off, failing_run, throwing_worker  # noqa: E402

SCENARIOS: dict[str, Scenario] = {
    "failing_run": failing_run,
    "throwing_worker": throwing_worker,
    "back_off": back_off,
    "native_abort": native_abort,
    "sigkill": sigkill,
    "sigabrt": sigabrt,
    "camera_killed": camera_killed,
    "changing_stream": changing_stream,
    "clock": clock,
    "signal_at_start": signal_at_start,
    "signal_in_transition": signal_in_transition,
    "signal_in_swap": signal_in_swap,
    "disk": disk,
}


@contextmanager
def stage_of(folder: Path, name: str, seed: int) -> Iterator[Stage]:
    """Of one scenario. The same seed gives the same moments and faults."""
    # Aborts are meant here.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    place = folder / name
    place.mkdir()
    graph = Graph()
    try:
        yield Stage(graph, place, random.Random(f"{seed} {name}"))
    finally:
        graph.close()
