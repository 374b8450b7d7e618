"""Where pictures come from: raw and compressed topics, rates, ages, and each camera's own parameters."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels
from node_process import NodeProcess
from pictures import Bytes, noise, pixels, rgb_frame
from PIL import Image as Picture
from ros_graph import Camera, Graph, stamp_of
from sensor_msgs.msg import CompressedImage, Image

PICTURE = noise(WIDTH, HEIGHT, seed=9)
LABELS = cube_labels(PICTURE)


def encoded(picture: Bytes, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Picture.fromarray(picture).save(file, form, **options)
    return file.getvalue()


class CompressedCamera:
    """Publishes files on <image>/compressed and takes the mask and the overlay."""

    def __init__(self, graph: Graph, node: Running, kinds: tuple[str, ...] = ("mask", "overlay")) -> None:
        self.graph = graph
        self._publisher = graph.node.create_publisher(CompressedImage, f"{node.image}/compressed", 10)
        self.received: dict[str, list[Image]] = {kind: [] for kind in kinds}
        self._subscriptions = [
            graph.node.create_subscription(Image, f"{node.namespace}/segmentation/{kind}", messages.append, 10)
            for kind, messages in self.received.items()
        ]

    def send(self, data: bytes, form: str) -> tuple[int, int]:
        message = CompressedImage(format=form, data=data)
        stamp = self.graph.new_stamp()
        message.header.stamp.sec, message.header.stamp.nanosec = stamp
        message.header.frame_id = "camera"
        self._publisher.publish(message)
        return stamp

    def segment(self, data: bytes, form: str) -> dict[str, Bytes]:
        """The first one may come before the node has found the topic."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            stamp = self.send(data, form)
            try:
                self.graph.wait(lambda stamp=stamp: self._arrived(stamp), "outputs", 1)
            except AssertionError:
                continue
            return {
                kind: pixels(next(m for m in messages if stamp_of(m) == stamp))
                for kind, messages in self.received.items()
            }
        raise AssertionError("no outputs of a compressed picture")

    def close(self) -> None:
        for subscription in self._subscriptions:
            self.graph.node.destroy_subscription(subscription)
        self.graph.node.destroy_publisher(self._publisher)

    def _arrived(self, stamp: tuple[int, int]) -> bool:
        return all(any(stamp_of(m) == stamp for m in messages) for messages in self.received.values())


def test_compressed_pictures(graph: Graph, start: Callable[..., Running], cube_model: Path) -> None:
    node = start(cube_model, arguments=("-p", "overlay_opacity:=0.0"))
    camera = CompressedCamera(graph, node)
    try:
        outputs = camera.segment(encoded(PICTURE, "PNG"), "rgb8; png compressed bgr8")
        assert np.array_equal(outputs["mask"], LABELS)
        assert np.array_equal(outputs["overlay"], PICTURE)
        gray = PICTURE[..., 0]
        outputs = camera.segment(encoded(gray, "PNG"), "mono8; png compressed ")
        assert np.array_equal(outputs["overlay"], np.repeat(gray[..., None], 3, axis=-1))
        wide = (np.arange(WIDTH * HEIGHT, dtype=np.uint16) * 23).reshape(HEIGHT, WIDTH)
        outputs = camera.segment(encoded(wide, "PNG"), "mono16; png compressed ")
        assert np.array_equal(outputs["overlay"][..., 0], wide >> 8)
        soft = np.repeat(np.repeat(noise(WIDTH // 8, HEIGHT // 8), 8, axis=0), 8, axis=1)
        outputs = camera.segment(encoded(soft, "JPEG", quality=95, subsampling=0), "rgb8; jpeg compressed bgr8")
        assert np.abs(outputs["overlay"].astype(int) - soft).mean() < 3
        assert (outputs["mask"] == cube_labels(outputs["overlay"])).all()

        # A broken one is counted and named, and the next one goes on.
        before, _ = graph.report(node.full_name, lambda *_: True, "anything")
        camera.send(encoded(PICTURE, "PNG")[:200], "png")
        values, status = graph.report(
            node.full_name,
            lambda _, status: status.level == b"\2",
            "a cut picture",
        )
        assert "cannot be decoded" in status.message
        assert int(values["dropped: undecodable"]) == int(before["dropped: undecodable"]) + 1
        assert np.array_equal(camera.segment(encoded(PICTURE, "PNG"), "png")["mask"], LABELS)
    finally:
        camera.close()


def test_the_topic_is_switched_with_the_graph(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    """Compressed ones while there are only those; raw ones as soon as somebody publishes them; and back."""
    node = start(cube_model)
    compressed = CompressedCamera(graph, node, ("mask",))
    try:
        data = encoded(PICTURE, "PNG")
        assert np.array_equal(compressed.segment(data, "png")["mask"], LABELS)
        raw = Camera(graph, node.image, node.namespace, ("mask",)).connect()
        assert np.array_equal(raw.segment(rgb_frame(PICTURE))["mask"], LABELS)
        assert graph.node.count_subscribers(f"{node.image}/compressed") == 0
        raw.close()
        assert np.array_equal(compressed.segment(data, "png")["mask"], LABELS)
        assert graph.set_parameter(node.full_name, "image_transport", "raw") == ""
        wanted = f"nobody publishes {node.image}, but {node.image}/compressed is: set image_transport"
        graph.report(node.full_name, lambda _, status: wanted in status.message, "the other topic")
    finally:
        compressed.close()


def test_max_rate(graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path) -> None:
    node = start(cube_model)
    camera = look(node, "mask")
    assert graph.set_parameter(node.full_name, "max_rate", 5.0) == ""
    before, _ = graph.report(node.full_name, lambda *_: True, "anything")
    begin = time.monotonic()
    sent = 0
    while time.monotonic() < begin + 3:
        camera.send(rgb_frame(PICTURE))
        sent += 1
        graph.spin(0.02)
    took = time.monotonic() - begin
    after, _ = graph.report(node.full_name, lambda *_: True, "the rest")
    masks = int(after["masks"]) - int(before["masks"])
    over = int(after["dropped: over rate"]) - int(before["dropped: over rate"])
    assert 5 * took * 0.7 - 1 <= masks <= 5 * took + 2
    assert over >= 0.8 * (sent - masks)


def test_max_age(graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path) -> None:
    """Stamps of the test's frames are far in the past."""
    node = start(cube_model)
    camera = look(node, "mask")
    assert graph.set_parameter(node.full_name, "max_age", 0.5) == ""
    camera.send(rgb_frame(PICTURE))
    _, status = graph.report(node.full_name, lambda values, _: values["dropped: too old"] != "0", "an old one")
    assert "pictures are older than max_age, 0.5 s" in status.message
    assert "set use_sim_time" in status.message
    now = graph.node.get_clock().now().to_msg()
    camera.send(rgb_frame(PICTURE), (now.sec, now.nanosec))
    graph.wait(lambda: any(stamp_of(m) == (now.sec, now.nanosec) for m in camera.received["mask"]), "a fresh one", 20)


def test_a_camera_has_parameters_of_its_own(graph: Graph, start: Callable[..., Running], cube_model: Path) -> None:
    arguments = ("-p", 'cameras:=["front", "left"]', "-p", "front.mask_size:=32x24", "-p", "mask_size:=40x30")
    node = start(cube_model, arguments=arguments, namespace="/own", image="/own/front/image")
    front, left = (
        Camera(graph, f"/own/{name}/image", f"/own/{name}", ("mask",)).connect() for name in ("front", "left")
    )
    try:
        sizes = [camera.segment(rgb_frame(PICTURE))["mask"].shape for camera in (front, left)]
        assert sizes == [(24, 32), (30, 40)]
        assert graph.set_parameter(node.full_name, "front.mask_size", "16x16") == ""
        assert graph.set_parameter(node.full_name, "mask_size", "image") == ""
        sizes = [camera.segment(rgb_frame(PICTURE))["mask"].shape for camera in (front, left)]
        assert sizes == [(16, 16), (HEIGHT, WIDTH)]
        assert "is not image, network" in graph.set_parameter(node.full_name, "front.mask_size", "huge")
    finally:
        front.close()
        left.close()


@pytest.mark.parametrize("name", ["front.model", "rear.mask_size"])
def test_parameters_of_no_camera_are_warned_of(tmp_path: Path, cube_model: Path, name: str) -> None:
    arguments = ["-p", f"model:={cube_model}", "-r", "__ns:=/none", "-p", 'cameras:=["front"]', "-p", f"{name}:=image"]
    process = NodeProcess(tmp_path, arguments)
    try:
        end = time.monotonic() + 30
        while "waiting for images" not in process.output:
            assert time.monotonic() < end and process.running, process.output
            time.sleep(0.05)
        assert f"parameter {name} (the command line): there is none of that name" in process.output
    finally:
        process.stop()
