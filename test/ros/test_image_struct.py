"""Every field of a picture's message is read where the middleware has put it, however different the one before was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from conftest import Running, Starter
from diagnostic_msgs.msg import DiagnosticStatus
from pictures import Bytes, Frame, frame, noise, pixels, rgb_frame
from ros_graph import RVIZ, Camera, Graph, Stamp, stamp_of
from sensor_msgs.msg import CompressedImage, Image
from test_inputs import encoded

FRAME_IDS = ["camera", "", "front/" + "left/" * 60 + "camera", "カメラ_ü", "c"]
STAMPS = [(0, 1), (2**31 - 1, 999_999_999), (-7, 5), (1, 2**31)]


def bgr_frame(picture: Bytes) -> Frame:
    return frame("bgr8", picture.shape[1], picture[..., ::-1].reshape(picture.shape[0], -1))


def padded_frame(picture: Bytes) -> Frame:
    return frame("rgb8", picture.shape[1], picture.reshape(picture.shape[0], -1), padding=7)


def wide_frame(picture: Bytes, big_endian: bool) -> Frame:
    samples = (picture.astype(np.uint16) << 8).astype(">u2" if big_endian else "<u2")
    rows = samples.view(np.uint8).reshape(picture.shape[0], -1)
    return frame("rgb16", picture.shape[1], rows, big_endian=big_endian)


ENCODERS: list[Callable[[Bytes], Frame]] = [
    rgb_frame,
    bgr_frame,
    padded_frame,
    lambda picture: wide_frame(picture, big_endian=False),
    lambda picture: wide_frame(picture, big_endian=True),
]
SIZES = [(64, 48), (1280, 960), (16, 16), (333, 217), (334, 216), (64, 48), (48, 64)]


@pytest.fixture(scope="module")
def node(graph: Graph, start_shared: Starter, cube_model: object) -> Running:
    """At opacity 0 the overlay is the picture, as the node has read it."""
    return start_shared(cube_model, arguments=("-p", "overlay_opacity:=0.0"))


@pytest.fixture(scope="module")
def camera(graph: Graph, node: Running) -> Iterator[Camera]:
    camera = Camera(graph, node.image, node.namespace, ("overlay", "mask")).connect()
    yield camera
    camera.close()


@pytest.fixture
def drops(graph: Graph, node: Running) -> Iterator[list[DiagnosticStatus]]:
    drops: list[DiagnosticStatus] = []
    topic = f"{node.namespace}/segmentation/dropped"
    subscription = graph.node.create_subscription(DiagnosticStatus, topic, drops.append, 100)
    graph.wait(lambda: graph.node.count_publishers(topic) > 0, topic)
    yield drops
    graph.node.destroy_subscription(subscription)


def test_fields_of_pictures_that_change(camera: Camera) -> None:
    """Size, encoding, byte order, step, frame and stamp: each as sent, with nothing of an earlier message."""
    for i in range(35):
        size = SIZES[i % len(SIZES)]
        picture = noise(*size, seed=i)
        frame_id = FRAME_IDS[i * 3 % len(FRAME_IDS)]
        outputs = camera.receive(camera.send(ENCODERS[i % len(ENCODERS)](picture), frame_id=frame_id))
        assert np.array_equal(pixels(outputs["overlay"]), picture), (i, size)
        assert outputs["mask"].header.frame_id == outputs["overlay"].header.frame_id == frame_id
        assert (outputs["mask"].width, outputs["mask"].height) == size


@pytest.mark.parametrize("stamp", STAMPS, ids=str)
def test_any_stamp(camera: Camera, stamp: Stamp) -> None:
    picture = noise(64, 48)
    assert np.array_equal(camera.segment(rgb_frame(picture), stamp)["overlay"], picture)


def test_empty_and_broken_pictures_leave_nothing_behind(
    graph: Graph, camera: Camera, drops: list[DiagnosticStatus]
) -> None:
    picture = noise(320, 240)
    good = rgb_frame(picture)
    broken = [
        replace(good, data=b""),
        replace(good, data=good.data[:-1]),
        replace(good, data=good.data * 2),
        replace(good, encoding=""),
        replace(good, encoding="x" * 3000),
        replace(good, width=0, height=0, step=0, data=b""),
        replace(good, step=2**32 - 1),
    ]

    def is_told() -> bool:
        camera.send(broken[0], frame_id="first")
        graph.spin(0.1)
        return any(drop.hardware_id == "first" for drop in drops)

    graph.wait(is_told, "a first drop")
    for i, each in enumerate(broken):
        stamp = camera.send(each, frame_id=f"broken {i}")
        graph.wait(lambda i=i: any(drop.hardware_id == f"broken {i}" for drop in drops), f"the drop of {i}")
        assert [drop.message for drop in drops if drop.hardware_id == f"broken {i}"] == ["undecodable"]
        assert not any(stamp_of(message) == stamp for message in camera.received["mask"])
        assert np.array_equal(camera.segment(good)["overlay"], picture), i


def test_fields_of_files_that_change(graph: Graph, start: Starter, cube_model: object) -> None:
    """sensor_msgs/CompressedImage, from a few hundred bytes to more than a megabyte, and none."""
    node = start(cube_model, arguments=("-p", "overlay_opacity:=0.0"))
    publisher = graph.node.create_publisher(CompressedImage, f"{node.image}/compressed", 10)
    received: list[Image] = []
    topic = f"{node.namespace}/segmentation/overlay"
    subscription = graph.node.create_subscription(Image, topic, received.append, RVIZ)

    def send(data: bytes, form: str, frame_id: str) -> Stamp:
        message = CompressedImage(format=form, data=data)
        message.header.frame_id = frame_id
        stamp = graph.new_stamp()
        message.header.stamp.sec, message.header.stamp.nanosec = stamp
        publisher.publish(message)
        return stamp

    def overlay_of(stamp: Stamp) -> Image | None:
        return next((message for message in received if stamp_of(message) == stamp), None)

    def answers() -> bool:
        stamp = send(encoded(noise(64, 48), "PNG"), "png", "probe")
        graph.spin(0.2)
        return overlay_of(stamp) is not None

    try:
        graph.wait(answers, "a first overlay of a file")
        for i, size in enumerate([(32, 32), (1280, 960), (16, 16), (333, 217), (700, 500), (64, 48)]):
            picture = noise(*size, seed=i)
            send(b"", "rgb8; jpeg compressed bgr8", "empty")
            graph.spin(0.1)
            form = ["png", "rgb8; png compressed bgr8"][i % 2]
            frame_id = FRAME_IDS[i % len(FRAME_IDS)]
            stamp = send(encoded(picture, "PNG"), form, frame_id)
            graph.wait(lambda stamp=stamp: overlay_of(stamp) is not None, f"the overlay of {size}")
            overlay = overlay_of(stamp)
            assert overlay.header.frame_id == frame_id
            assert np.array_equal(pixels(overlay), picture), size
    finally:
        graph.node.destroy_subscription(subscription)
        graph.node.destroy_publisher(publisher)
