"""What /diagnostics tells of a camera, and each cause of trouble provoked once: docs/diagnostics.md lists both."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HEIGHT, ROOT, WIDTH, Running
from diagnostic_msgs.msg import DiagnosticStatus
from managed import CONFIGURE, Manage
from networks import endless_network
from node_process import let_workers_die
from pictures import noise, rgb_frame
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Camera, Graph
from sensor_msgs.msg import Image

GOOD = rgb_frame(noise(WIDTH, HEIGHT))
OK, WARN, ERROR = b"\0", b"\1", b"\2"
PAGE = (ROOT / "docs" / "diagnostics.md").read_text()

Start = Callable[..., Running]
Look = Callable[..., Camera]


def stamp_now(graph: Graph) -> tuple[int, int]:
    return graph.node.get_clock().now().seconds_nanoseconds()


def assert_told(status: DiagnosticStatus, level: bytes, message: str) -> None:
    """The status is so, and the page has the message with its remedy."""
    assert status.level == level, status.message
    assert re.fullmatch(message, status.message), status.message
    rows = re.findall(r"^\| `(.+?)` +\|", PAGE, re.MULTILINE)
    patterns = [".*".join(map(re.escape, row.split("…"))) for row in rows]
    assert any(re.match(pattern, status.message) for pattern in patterns), f"not in the page: {status.message}"


def test_what_is_told_of_a_camera(start: Start, graph: Graph, look: Look, cube_model: Path) -> None:
    node = start(cube_model)
    camera = look(node, "mask")

    def flows(values: dict[str, str], status: DiagnosticStatus) -> bool:
        for _ in range(10):
            camera.send(GOOD, stamp_now(graph))
            graph.spin(0.1)
        return float(values["rate out [Hz]"]) > 5

    values, status = graph.report(node.full_name, flows, "masks")
    assert_told(status, OK, "segmenting")
    # 10 a second were sent; a loaded machine may stretch that.
    assert 5 < float(values["rate out [Hz]"]) <= float(values["rate in [Hz]"]) < 15
    # Stamped just before, but for the pictures that connected the camera, which are as old as ROS's clock.
    assert 0 < float(values["age p50 [ms]"]) < 2000 < float(values["age p99 [ms]"])
    assert float(values["total p50 [ms]"]) <= float(values["age p50 [ms]"])
    file = next(cube_model.glob("*.onnx"))
    assert values["model sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert values["provider"] == "cpu" == status.hardware_id
    assert values["engine"] == "none: the CPU needs no engine"
    keys = set(re.findall(r"^\| `([^`]+)` +\| (?!WARN|ERROR|OK)", PAGE, re.MULTILINE))
    assert set(values) == keys


# --- causes


def test_no_publisher(start: Start, graph: Graph, cube_model: Path) -> None:
    node = start(cube_model, arguments=("-p", "stale_after:=0.5"))
    _, status = graph.report(node.full_name, lambda _, status: status.level == WARN, "a warning")
    assert_told(status, WARN, rf"no frames for [\d.]+ s: nobody publishes {node.image}")


def test_too_slow(start: Start, graph: Graph, look: Look) -> None:
    """Pictures come faster than the network runs; max_rate says that this is meant."""
    node = start()
    camera = look(node, "mask")
    frame = rgb_frame(noise(64, 48))

    def flood(_: object, status: DiagnosticStatus) -> bool:
        for _ in range(100):
            camera.send(frame)
            graph.spin(0.002)
        return "too slow" in status.message

    _, status = graph.report(node.full_name, flood, "too slow")
    assert_told(status, WARN, rf"too slow for {node.image}: [\d.]+ of [\d.]+ frames a second are segmented; set .+")
    assert graph.set_parameter(node.full_name, "max_rate", 2.0) == ""
    _, status = graph.report(
        node.full_name, lambda _, status: not flood(_, status) and status.message == "segmenting", "no warning"
    )
    assert status.level == OK


def test_qos_mismatch(start: Start, graph: Graph, look: Look, cube_model: Path) -> None:
    node = start(
        cube_model,
        namespace="/mismatch",
        arguments=("-p", "qos_overrides./mismatch/image.subscription.reliability:=reliable"),
    )
    publisher = graph.node.create_publisher(Image, node.image, qos_profile_sensor_data)
    try:
        # For a moment the middleware may not know whose publisher it is.
        who = graph.node.get_fully_qualified_name()
        _, status = graph.report(node.full_name, lambda _, status: who in status.message, "the mismatch")
        assert_told(status, WARN, rf".*{node.image}: .*{who}.*best_effort.*; set .+")
    finally:
        graph.node.destroy_publisher(publisher)


def test_bad_encoding(cube: Running, graph: Graph, look: Look) -> None:
    camera = look(cube, "mask")

    def sends(_: object, status: DiagnosticStatus) -> bool:
        camera.send(dataclasses.replace(GOOD, encoding="foo8"))
        return status.level == ERROR

    _, status = graph.report(cube.full_name, sends, "an error")
    assert_told(status, ERROR, f'{cube.image}: encoding "foo8" is not supported.*')

    def recovers(_: object, status: DiagnosticStatus) -> bool:
        # One picture alone would be stale before the next report, where the machine is busy.
        camera.send(GOOD)
        return status.level == OK

    graph.report(cube.full_name, recovers, "no error any more")


def test_model_missing(manage: Manage, graph: Graph, tmp_path: Path) -> None:
    managed = manage(tmp_path / "nowhere")
    assert not managed.change(CONFIGURE)
    _, status = graph.report(managed.node.full_name, lambda _, status: status.level == ERROR, "an error")
    assert_told(status, ERROR, rf"unconfigured; the last transition failed: model {tmp_path}/nowhere.*")


def test_worker_failing(
    start: Start, graph: Graph, look: Look, cube_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_workers_die(monkeypatch, tmp_path)
    node = start(cube_model)
    look(node, "mask")

    def dies(_: object, status: DiagnosticStatus) -> bool:
        (tmp_path / "session").touch()
        return status.level == ERROR

    _, status = graph.report(node.full_name, dies, "an error")
    assert_told(status, ERROR, r"a worker thread died: no memory left; the network starts again (now|in [\d.]+ s)")


def test_a_run_that_does_not_come_back(start: Start, graph: Graph, look: Look, tmp_path: Path) -> None:
    node = start(endless_network(tmp_path / "endless", 255), arguments=("-p", "run_timeout:=1.0"))
    camera = look(node, "mask")
    camera.send(rgb_frame(noise(32, 32) * 0 + 255))
    _, status = graph.report(node.full_name, lambda _, status: status.level == ERROR, "an error")
    assert_told(status, ERROR, rf"({node.image}: )?a frame did not come back within 1 s \(run_timeout\).*")
