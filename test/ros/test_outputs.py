"""All outputs of a frame, and what the user makes of the classes."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels, save, write_manifest
from node_process import NodeProcess
from onnx import TensorProto, helper
from pictures import noise, rgb_frame
from PIL import Image as Picture
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_graph import Camera, Graph, stamp_of
from sensor_msgs.msg import CameraInfo, CompressedImage
from vision_msgs.msg import LabelInfo

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
PICTURE = noise(WIDTH, HEIGHT, seed=8)
LABELS = cube_labels(PICTURE)


def labels_of(graph: Graph, node: Running, holds: Callable[[LabelInfo], bool] = lambda _: True) -> LabelInfo:
    """The latched names as one who comes late gets them."""
    messages: list[LabelInfo] = []
    topic = f"{node.namespace}/segmentation/label_info"
    subscription = graph.node.create_subscription(LabelInfo, topic, messages.append, LATCHED)
    try:
        graph.wait(lambda: any(map(holds, messages)), f"labels on {topic}", 20)
    finally:
        graph.node.destroy_subscription(subscription)
    return next(filter(holds, messages))


def names(info: LabelInfo) -> dict[int, str]:
    return {entry.class_id: entry.class_name for entry in info.class_map}


# --- confidence


def softmax_network(folder: Path) -> Path:
    """Three classes whose logits are red, green and blue from 0 to 4."""
    folder.mkdir()
    model = folder / "softmax.onnx"
    save(
        model,
        [helper.make_node("Mul", ["pixels", "four"], ["scores"])],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        four=np.float32([4]),
    )
    network_input = {"layout": "nchw_float32", "width": WIDTH, "height": HEIGHT}
    write_manifest(folder, model, classes=3, network_input=network_input, output={"kind": "logits"})
    return folder


def test_confidence_and_threshold(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], tmp_path: Path
) -> None:
    node = start(softmax_network(tmp_path / "softmax"))
    camera = look(node, "mask", "confidence", "overlay")
    powers = np.exp(PICTURE / 255 * 4)
    expected = 255 * powers.max(axis=-1) / powers.sum(axis=-1)
    labels = PICTURE.argmax(axis=-1)
    outputs = camera.segment(rgb_frame(PICTURE))
    assert np.array_equal(outputs["mask"], labels)
    assert np.abs(outputs["confidence"] - expected).max() <= 0.51

    assert labels_of(graph, node).threshold == 0
    assert graph.set_parameter(node.full_name, "confidence_threshold", 0.6) == ""
    least = 0.6 * 255
    sure = np.round(expected) >= least
    assert 0.2 < sure.mean() < 0.8
    thresholded = camera.segment(rgb_frame(PICTURE))
    assert np.array_equal(thresholded["mask"], np.where(sure, labels, 255))
    assert not thresholded["confidence"][~sure].any()
    assert np.array_equal(thresholded["confidence"][sure], outputs["confidence"][sure])
    assert np.array_equal(thresholded["overlay"][~sure], PICTURE[~sure])
    info = labels_of(graph, node, lambda info: info.threshold > 0)
    assert info.threshold == pytest.approx(0.6)


# --- classes


def test_classes_are_ignored_remapped_and_grouped_by_name(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    groups = (
        '["bright: class 7, class 6", "any: class 0, class 1, class 2, class 3, class 4, class 5, class 6, class 7"]'
    )
    node = start(cube_model, arguments=("-p", f"groups:={groups}"))
    camera = look(node, "mask", "groups/bright", "groups/any", "color_mask", "overlay")
    outputs = camera.segment(rgb_frame(PICTURE))
    assert np.array_equal(outputs["mask"], LABELS)
    assert np.array_equal(outputs["groups/bright"], np.where(LABELS >= 6, 255, 0))
    assert (outputs["groups/any"] == 255).all()
    assert names(labels_of(graph, node)) == {i: f"class {i}" for i in range(8)}

    assert graph.set_parameter(node.full_name, "ignore", ["class 6"]) == ""
    assert graph.set_parameter(node.full_name, "remap", ["class 1: class 2", "class 3: wall", "class 4: wall"]) == ""
    refusal = graph.set_parameter(node.full_name, "ignore", ["class 6", "clas 5"])
    assert refusal == 'ignore: the model has no class "clas 5"; did you mean "class 5"?'
    changed = camera.segment(rgb_frame(PICTURE))
    lut = np.array([0, 2, 2, 8, 8, 5, 255, 7])
    assert np.array_equal(changed["mask"], lut[LABELS])
    assert np.array_equal(changed["groups/bright"], np.where(LABELS == 7, 255, 0))
    assert np.array_equal(changed["groups/any"] == 0, LABELS == 6)
    ignored = LABELS == 6
    assert not changed["color_mask"][ignored].any()
    assert np.array_equal(changed["overlay"][ignored], PICTURE[ignored])
    assert np.array_equal(changed["color_mask"][LABELS == 1][0], outputs["color_mask"][LABELS == 2][0])
    expected = {0: "class 0", 2: "class 2", 5: "class 5", 7: "class 7", 8: "wall"}
    assert names(labels_of(graph, node, lambda info: len(info.class_map) == 5)) == expected


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        ('ignore:=["class 9"]', 'the model has no class "class 9"; did you mean "class 0"?'),
        ('groups:=["people: persons"]', 'group people: the model has no class "persons"'),
        ('groups:=["my people: class 1"]', '"my people" cannot stand in a topic'),
        ('remap:=["class 1"]', '"class 1" is not of the form'),
        ('cameras:=["front", "front"]', '"front" stands there twice'),
    ],
)
def test_classes_that_cannot_be_are_refused_at_start(
    tmp_path: Path, cube_model: Path, parameter: str, reason: str
) -> None:
    process = NodeProcess(tmp_path, ["-p", f"model:={cube_model}", "-r", "__ns:=/refused", "-p", parameter])
    try:
        assert process.wait(30) == 1
    finally:
        process.stop()
    assert reason in process.errors


# --- the rest


def test_mask_as_png(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    node = start(cube_model)
    camera = look(node, "mask")
    messages: list[CompressedImage] = []
    topic = f"{node.namespace}/segmentation/mask/compressed"
    subscription = graph.node.create_subscription(CompressedImage, topic, messages.append, 10)
    try:
        for picture in (PICTURE, noise(81, 37), noise(640, 480)):
            stamp = camera.send(rgb_frame(picture))
            mask = camera.receive(stamp)["mask"]
            graph.wait(lambda stamp=stamp: any(stamp_of(m) == stamp for m in messages), "a PNG", 20)
            message = next(m for m in messages if stamp_of(m) == stamp)
            assert (message.format, message.header.frame_id) == ("mono8; png compressed ", "camera")
            with Picture.open(io.BytesIO(bytes(message.data))) as png:
                assert png.mode == "L"
                assert np.asarray(png).tobytes() == bytes(mask.data)
    finally:
        graph.node.destroy_subscription(subscription)


def camera_info(width: int, height: int, stamp: tuple[int, int]) -> CameraInfo:
    info = CameraInfo(width=width, height=height, distortion_model="plumb_bob", d=[0.1, 0.2, 0.0, 0.0, 0.0])
    info.header.frame_id = "camera"
    info.header.stamp.sec, info.header.stamp.nanosec = stamp
    info.k = [500.0, 0.0, (width - 1) / 2, 0.0, 500.0, (height - 1) / 2, 0.0, 0.0, 1.0]
    info.p = [500.0, 0.0, (width - 1) / 2, 0.0, 0.0, 500.0, (height - 1) / 2, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def test_camera_info_fits_the_mask(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    """With every mask, of the same stamp and size, also after mask_size changed; beside the remapped image topic."""
    arguments = ("-p", "mask_size:=32x24", "-p", 'groups:=["any: class 1"]')
    node = start(cube_model, image="/somewhere/else/image_raw", arguments=arguments)
    camera = look(node, "mask", "groups/any")
    publisher = graph.node.create_publisher(CameraInfo, "/somewhere/else/camera_info", 10)
    received: dict[str, list[Any]] = {"camera_info": [], "groups/any/camera_info": []}
    subscriptions = [
        graph.node.create_subscription(CameraInfo, f"{node.namespace}/segmentation/{name}", messages.append, 10)
        for name, messages in received.items()
    ]
    try:
        graph.wait(lambda: publisher.get_subscription_count() > 0, "a subscriber of camera_info", 20)
        for size in ("32x24", "image"):
            assert graph.set_parameter(node.full_name, "mask_size", size) == ""
            end = time.monotonic() + 20
            complete = False
            while not complete and time.monotonic() < end:
                stamp = graph.new_stamp()
                publisher.publish(camera_info(WIDTH, HEIGHT, stamp))
                graph.spin(0.05)
                camera.send(rgb_frame(PICTURE), stamp)
                mask = camera.receive(stamp)["mask"]
                graph.spin(0.1)
                complete = all(any(stamp_of(m) == stamp for m in messages) for messages in received.values())
            for messages in received.values():
                (info,) = [m for m in messages if stamp_of(m) == stamp]
                assert (info.width, info.height, info.header.frame_id) == (mask.width, mask.height, "camera")
                assert info.k[0] == pytest.approx(500 * mask.width / WIDTH)
                assert info.k[2] == pytest.approx((mask.width - 1) / 2)
                assert info.p[6] == pytest.approx((mask.height - 1) / 2)
                assert list(info.d) == [0.1, 0.2, 0.0, 0.0, 0.0]
    finally:
        for subscription in subscriptions:
            graph.node.destroy_subscription(subscription)
        graph.node.destroy_publisher(publisher)


def test_two_cameras_share_one_session(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    """Of different sizes and rates, each with its own topics and its own status."""
    arguments = ("-p", 'cameras:=["front", "left"]')
    node = start(cube_model, arguments=arguments, namespace="/pair", image="/pair/front/image")
    cameras = {}
    for name, (width, height) in {"front": (WIDTH, HEIGHT), "left": (96, 40)}.items():
        topic = f"{node.namespace}/{name}/image"
        camera = Camera(graph, topic, f"{node.namespace}/{name}", ("mask",)).connect()
        cameras[name] = (camera, noise(width, height))
    try:
        for _ in range(3):
            for camera, picture in cameras.values():
                mask = camera.segment(rgb_frame(picture))["mask"]
                assert mask.shape == picture.shape[:2]
        for name in cameras:
            _, status = graph.report(
                node.full_name, lambda _, status, name=name: status.name.endswith(f"/{name}/image"), f"that of {name}"
            )
            assert status.message == "segmenting"
    finally:
        for camera, _ in cameras.values():
            camera.close()
