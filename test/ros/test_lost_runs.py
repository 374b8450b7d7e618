"""Runs that do not come back and threads that die: the network starts again, and a signal ends the node as ever."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Running
from networks import endless_network
from node_process import NodeProcess, let_workers_die
from pictures import rgb_frame
from ros_graph import Camera, Graph

# Promised are 1.5 s, on a machine that has them to spare.
END_WITHIN = 2.0
GOOD = rgb_frame(np.full((32, 32, 3), 140, np.uint8))
ENDLESS = rgb_frame(np.full((32, 32, 3), 255, np.uint8))


@pytest.fixture(scope="module")
def endless_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return endless_network(tmp_path_factory.mktemp("models") / "endless", 255)


def assert_works(camera: Camera) -> None:
    assert (camera.segment(GOOD)["mask"] == 1).all()


def segments_of(process: NodeProcess) -> list[Path]:
    return [memory for memory in process.shared_memory() if "_port" not in memory.name]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_in_the_middle_of_a_long_run(
    start: Callable[..., Running],
    look: Callable[..., Camera],
    graph: Graph,
    endless_model: Path,
    how: signal.Signals,
) -> None:
    node = start(endless_model)
    camera = look(node, "mask")
    assert_works(camera)
    camera.send(ENDLESS)
    graph.spin(0.5)
    segments = segments_of(node.process)
    code, seconds = node.process.stop(how)
    assert code == 0, node.process.output
    assert segments
    assert not any(segment.exists() for segment in segments)
    assert seconds < END_WITHIN
    log = node.process.output.splitlines()
    assert all("[INFO]" in line for line in log), log
    received, segmented, standby = map(
        int, re.search(r"(\d+) frames received, (\d+) segmented; dropped: (\d+) standby", log[-1]).groups()
    )
    assert received == segmented + standby + 1
    assert log[-1].endswith("1 stopped")


def test_a_signal_ends_it_while_the_session_is_built(tmp_path: Path) -> None:
    # The first run, on a black picture, is part of building it.
    model = endless_network(tmp_path / "never", 0)
    process = NodeProcess(tmp_path, ["-p", f"model:={model}", "-r", "__ns:=/never"])
    time.sleep(2)
    assert process.running, process.output
    segments = segments_of(process)
    code, seconds = process.stop(signal.SIGTERM)
    assert (code, process.output) == (0, "")
    assert seconds < END_WITHIN
    assert segments
    assert not any(segment.exists() for segment in segments)


def test_the_network_starts_again_when_a_run_does_not_come_back(
    start: Callable[..., Running], look: Callable[..., Camera], graph: Graph, endless_model: Path
) -> None:
    node = start(endless_model, arguments=("-p", "run_timeout:=1.0"))
    camera = look(node, "mask")
    assert_works(camera)
    camera.send(ENDLESS)
    graph.wait(lambda: "the network runs again" in node.process.output, "the network", 20)
    assert "a frame did not come back within 1 s (run_timeout); the network starts again now" in node.process.output
    for _ in range(3):
        assert_works(camera)
    # The first ones may come before the mask's subscriber is known.
    done = ("masks", "dropped: standby", "dropped: failed")
    values, _ = graph.report(
        node.full_name, lambda values, _: int(values["frames received"]) == sum(int(values[k]) for k in done), "an end"
    )
    assert int(values["masks"]) >= 4
    assert values["dropped: failed"] == "1"
    code, seconds = node.process.stop(signal.SIGTERM)
    assert code == 0
    assert seconds < END_WITHIN


def test_a_second_lost_run_ends_the_node(
    start: Callable[..., Running], look: Callable[..., Camera], graph: Graph, endless_model: Path
) -> None:
    """Lost runs must not pile up; launch starts a new process."""
    node = start(endless_model, arguments=("-p", "run_timeout:=0.5"))
    camera = look(node, "mask")
    camera.send(ENDLESS)
    graph.wait(lambda: "the network runs again" in node.process.output, "the network", 20)
    camera.send(ENDLESS)
    assert node.process.wait(20) == 1
    assert "while the run lost before still goes on" in node.process.errors.splitlines()[-1]


@pytest.mark.parametrize("worker", ["pixels", "session"])
def test_the_network_starts_again_when_a_thread_dies(
    start: Callable[..., Running],
    look: Callable[..., Camera],
    graph: Graph,
    cube_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    worker: str,
) -> None:
    let_workers_die(monkeypatch, tmp_path)
    node = start(cube_model)
    camera = look(node, "mask")
    camera.segment(GOOD)
    for times in range(1, 4):
        (tmp_path / worker).touch()
        graph.wait(lambda times=times: node.process.output.count("the network runs again") == times, "it", 20)
        camera.segment(GOOD)
    assert "a worker thread died: no memory left; the network starts again now" in node.process.output
    code, _ = node.process.stop(signal.SIGTERM)
    assert code == 0
