"""What users feel: nothing is computed for nobody, bad frames are survived, the newest frame wins."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from diagnostic_msgs.msg import DiagnosticStatus
from networks import cube_labels
from pictures import Frame, noise, rgb_frame
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros_graph import Camera, Graph, stamp_of
from sensor_msgs.msg import Image
from std_msgs.msg import String

GOOD = rgb_frame(noise(WIDTH, HEIGHT))


def counts(values: dict[str, str]) -> dict[str, int]:
    """The counters of a report; what was lost before it arrived is 0 where the middleware cannot know."""
    names = ("frames received", "masks", "dropped: standby", "dropped: superseded", "dropped: undecodable")
    result = {name: int(values[name]) for name in (*names, "dropped: failed")}
    lost = values["lost in transport"]
    return result | {"lost": int(lost) if lost.isdigit() else 0}


def settled(values: dict[str, str]) -> bool:
    """Every frame that was received has become a mask or was dropped."""
    now = counts(values)
    return now["frames received"] == sum(now.values()) - now["frames received"] - now["lost"]


# --- laziness


def test_standby_without_subscribers(graph: Graph, start: Callable, cube_model: object, look: Callable) -> None:
    node = start(cube_model)
    camera = look(node, connect=False)
    camera.discover()
    for _ in range(8):
        camera.send(GOOD)
        graph.spin(0.05)

    def enough(values: dict[str, str], _: object) -> bool:
        # Nobody knows of a frame that was lost before the first one came: another goes out with each report.
        camera.send(GOOD)
        return counts(values)["frames received"] >= 8

    values, status = graph.report(node.full_name, enough, "8 frames received")
    assert status.message == "standby: nobody subscribes"
    assert status.level == b"\0"
    assert counts(values)["dropped: standby"] == counts(values)["frames received"]
    assert counts(values)["masks"] == 0

    # A subscriber wakes it, and it goes back to standby after the last one has left.
    camera.subscribe("mask")
    camera.connect()
    graph.report(node.full_name, lambda values, _: counts(values)["masks"] > 0, "a mask")
    camera.unsubscribe("mask")
    graph.report(node.full_name, lambda _, status: status.message.startswith("standby"), "standby")
    camera.send(GOOD)
    values, _ = graph.report(node.full_name, lambda values, _: settled(values), "all frames done")
    masks = counts(values)["masks"]
    for _ in range(3):
        camera.send(GOOD)
        graph.spin(0.05)
    values, _ = graph.report(node.full_name, lambda values, _: settled(values), "all frames done")
    assert counts(values)["masks"] == masks


@pytest.mark.parametrize("kind", ["mask", "color_mask", "overlay"])
def test_each_output_alone(cube: Running, look: Callable[..., Camera], kind: str) -> None:
    """No output needs a subscriber of another."""
    camera = look(cube, kind)
    assert camera.segment(GOOD)[kind].shape[:2] == (HEIGHT, WIDTH)


def test_outputs_of_a_frame_are_those_wanted_then(cube: Running, graph: Graph, look: Callable[..., Camera]) -> None:
    """A later subscriber gets nothing of earlier frames; one that leaves does not disturb the others."""
    camera = look(cube, "mask")
    early = camera.send(GOOD)
    camera.receive(early)
    camera.subscribe("overlay")
    camera.connect()
    assert early not in [stamp_of(message) for message in camera.received["overlay"]]
    camera.unsubscribe("overlay")
    for _ in range(3):
        assert np.array_equal(camera.segment(GOOD)["mask"], cube_labels(noise(WIDTH, HEIGHT)))


# --- bad messages

BYTES = b"\x80" * (WIDTH * HEIGHT * 4)


def bad(encoding: str, width: int = WIDTH, height: int = HEIGHT, step: int = 0, data: bytes = BYTES) -> Frame:
    return Frame(encoding, width, height, step or 4 * width, data)


BAD = {
    'encoding "foo8" is not supported': bad("foo8"),
    'encoding "" is not supported': bad(""),
    '"16UC1" is a depth image': bad("16UC1"),
    '"32FC1" is a depth image': bad("32FC1"),
    "data is shorter than 64x48 pixels of rgb8": bad("rgb8", data=BYTES[:-400]),
    "data is shorter than 64x48 pixels of mono8": bad("mono8", data=b""),
    "data has 9409 bytes, but 64x48 pixels of rgb8 with step 192 take 9216": bad("rgb8", step=192, data=bytes(9409)),
    "step 191 is too short for 64 pixels of rgb8": bad("rgb8", step=191),
    "image size 0x0 is not supported": bad("rgb8", 0, 0, 0, b""),
    "image size 64x0 is not supported": bad("rgb8", height=0),
    "image size 15x48 is not supported": bad("rgb8", width=15),
    "image size 4294967295x48 is not supported": bad("mono8", width=2**32 - 1, step=1),
    "nv12 cannot be 64x47": bad("nv12", height=47),
    "yuyv cannot be 63x48": bad("yuyv", width=63),
}


def test_bad_frames(start: Callable[..., Running], cube_model: object, graph: Graph, look: Callable) -> None:
    """Each is logged once with its cause and topic, counted, and the next good frame is segmented."""
    node = start(cube_model)
    camera = look(node, "mask")
    before, _ = graph.report(node.full_name, lambda values, _: settled(values), "all frames done")
    for cause, frame in BAD.items():
        camera.send(frame)
        graph.wait(lambda cause=cause: cause in node.process.output, f"{cause} in the log")
        assert np.array_equal(camera.segment(GOOD)["mask"], cube_labels(noise(WIDTH, HEIGHT))), cause
        camera.send(frame)
        graph.spin(0.1)
        camera.segment(GOOD)
    log = node.process.output.splitlines()
    for cause in BAD:
        lines = [line for line in log if cause in line]
        assert len(lines) == 1, lines
        assert f"{node.namespace}/image: " in lines[0]
    values, _ = graph.report(node.full_name, lambda values, _: settled(values), "all frames done")
    change = {name: value - counts(before)[name] for name, value in counts(values).items()}
    # The node keeps the last frame only, so a bad one may have been overtaken; then it is counted as lost.
    assert change["dropped: undecodable"] >= len(BAD)
    assert change["dropped: undecodable"] + change["lost"] == 2 * len(BAD)
    assert change["masks"] == 2 * len(BAD)
    assert change["dropped: failed"] == 0
    assert node.process.running


def test_bad_frame_is_an_error_in_diagnostics(cube: Running, graph: Graph, look: Callable[..., Camera]) -> None:
    camera = look(cube, "mask")
    camera.send(bad("foo8"))
    _, status = graph.report(cube.full_name, lambda _, status: status.level == b"\2", "an error")
    assert status.message.startswith(f"{cube.image}: encoding")
    assert status.name == f"{cube.full_name.strip('/')}: {cube.image}"
    assert status.hardware_id
    camera.segment(GOOD)
    graph.report(cube.full_name, lambda _, status: status.level == b"\0", "no error any more")


# --- newest frame wins


def test_newest_frame_wins(shipped: Running, graph: Graph, look: Callable[..., Camera]) -> None:
    camera = look(shipped, "mask")
    before, _ = graph.report(shipped.full_name, lambda values, _: settled(values), "all frames done")
    camera.received["mask"].clear()
    frame = rgb_frame(noise(480, 360))
    stamps = [camera.send(frame) for _ in range(10)]
    camera.receive(stamps[-1])
    values, _ = graph.report(
        shipped.full_name,
        lambda values, _: settled(values) and values["masks"] != before["masks"],
        "all frames done",
    )
    change = {name: value - counts(before)[name] for name, value in counts(values).items()}
    assert change["frames received"] == change["masks"] + change["dropped: superseded"]
    assert change["frames received"] + change["lost"] in (10, change["frames received"])
    got = [stamp_of(message) for message in camera.received["mask"]]
    assert got == sorted(got)
    assert set(got) <= set(stamps)
    assert len(got) == change["masks"] < 10


# --- silence


def test_a_camera_that_sends_nothing(graph: Graph, start: Callable, cube_model: object, look: Callable) -> None:
    """Nobody there, a topic of another type, a camera that falls silent: a warning that says for how long, and why."""
    node = start(cube_model, arguments=("-p", "stale_after:=1.0"))
    _, status = graph.report(node.full_name, lambda _, status: "no frames" in status.message, "no frames")
    assert re.fullmatch(rf"no frames for \d+(\.\d)? s: nobody publishes {node.image}", status.message)
    assert status.level == b"\1"

    other = graph.node.create_publisher(String, node.image, 1)
    try:
        _, status = graph.report(node.full_name, lambda _, status: "String" in status.message, "the other type")
        wanted = f"s: {node.image} is published as std_msgs/msg/String, not sensor_msgs/msg/Image"
        assert status.message.endswith(wanted)
        assert status.level == b"\1"
    finally:
        graph.node.destroy_publisher(other)

    camera = look(node, "mask")

    def flows(_: object, status: DiagnosticStatus) -> bool:
        camera.send(GOOD)
        return status.message == "segmenting" and status.level == b"\0"

    graph.report(node.full_name, flows, "segmenting")
    _, status = graph.report(node.full_name, lambda _, status: "no frames" in status.message, "no frames")
    assert re.fullmatch(rf"no frames for \d+(\.\d)? s: {node.image} is silent", status.message)
    assert status.level == b"\1"
    graph.report(node.full_name, flows, "segmenting")


def test_a_cause_is_logged_once_and_then_summed_up(
    graph: Graph, start: Callable, cube_model: object, look: Callable
) -> None:
    node = start(cube_model)
    camera = look(node, "mask")
    for _ in range(20):
        camera.send(dataclasses.replace(GOOD, encoding="rgb565"))
        graph.spin(0.05)
    graph.wait(lambda: "more times" in node.process.output, "a sum", 20)
    first, more = [line for line in node.process.output.splitlines() if "rgb565" in line]
    number = int(re.search(r"(\d+) more times: ", more).group(1))
    values, _ = graph.report(node.full_name, lambda values, _: settled(values), "all frames done")
    assert number == counts(values)["dropped: undecodable"] - 1 > 10
    assert "more times" not in first


def test_simulated_time_that_stands_still(graph: Graph, start: Callable, cube_model: object, look: Callable) -> None:
    """Masks flow, /diagnostics go on, and one warning says that there is no clock."""
    node = start(cube_model, arguments=("-p", "use_sim_time:=true"))
    camera = look(node, "mask")
    for _ in range(3):
        camera.segment(GOOD)
        graph.report(node.full_name, lambda values, _: values["masks"] != "0", "masks")
    graph.wait(lambda: "/clock" in node.process.output, "a warning", 20)
    graph.spin(3)
    (warning,) = [line for line in node.process.output.splitlines() if "[WARN]" in line]
    assert "use_sim_time is set, but /clock stands still" in warning


def test_two_nodes_of_one_name(graph: Graph, start: Callable, cube_model: object) -> None:
    first = start(cube_model, namespace="/twins", name="eyes", image="/twins/one")
    graph.spin(1)
    assert "[WARN]" not in first.process.output
    second = start(cube_model, namespace="/twins", name="eyes", image="/twins/two")
    for node in (first, second):
        graph.wait(lambda node=node: "[WARN]" in node.process.output, "a warning", 20)
        (warning,) = [line for line in node.process.output.splitlines() if "[WARN]" in line]
        assert "2 nodes are called /twins/eyes" in warning
    _, status = graph.report("/twins/eyes", lambda _, status: "called" in status.message, "the warning")
    assert status.level == b"\1"
    assert second.process.stop()[0] == 0
    graph.report("/twins/eyes", lambda _, status: "called" not in status.message, "no warning")


def test_a_subscriber_that_asks_for_too_much(graph: Graph, start: Callable, cube_model: object) -> None:
    """It gets nothing, and the middleware tells nobody: the node says who, and what to do."""
    node = start(cube_model)
    topic = f"{node.namespace}/segmentation/mask"
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscription = graph.node.create_subscription(Image, topic, lambda _: None, latched)
    wanted = f"{topic}: {graph.node.get_fully_qualified_name()} asks for transient_local"
    try:
        _, status = graph.report(node.full_name, lambda _, status: wanted in status.message, "the mismatch")
        assert status.level == b"\1"
        assert f"set qos_overrides.{topic}.publisher.durability to transient_local" in status.message
        assert node.process.output.count(wanted) == 1
    finally:
        graph.node.destroy_subscription(subscription)
    graph.report(node.full_name, lambda _, status: wanted not in status.message, "no mismatch")
