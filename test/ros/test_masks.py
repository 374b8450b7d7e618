"""Masks: every pixel where it belongs, and the header of the picture that they were made from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, ROOT, WIDTH, Running
from networks import cube_labels
from numpy.typing import NDArray
from pictures import Bytes, noise, quadrants, rgb_frame
from ros_graph import NAV2, RVIZ, Camera, Graph, stamp_of


@pytest.fixture(scope="module")
def camera(graph: Graph, cube: Running) -> Iterator[Camera]:
    camera = Camera(graph, cube.image, cube.namespace, ("mask", "color_mask")).connect()
    yield camera
    camera.close()


@pytest.fixture
def parameters(graph: Graph, cube: Running) -> Iterator[Callable[[str, object], None]]:
    """Sets parameters of the cube node until the test ends."""

    def set_one(name: str, value: object) -> None:
        assert graph.set_parameter(cube.full_name, name, value) == ""

    yield set_one
    set_one("fit", "letterbox")
    set_one("mask_size", "image")


# --- where pixels lie


def resize_matrix(source: int, target: int) -> NDArray[np.float64]:
    """Target x source: the area average where that is fewer pixels, else linear between the pixels' centres."""
    matrix = np.zeros((target, source))
    for i in range(target):
        if target <= source:
            edges = np.clip(np.arange(source + 1), i * source / target, (i + 1) * source / target)
            matrix[i] = np.diff(edges) * target / source
        else:
            centre = min(max((i + 0.5) * source / target - 0.5, 0), source - 1)
            first = min(int(centre), source - 2)
            matrix[i, first : first + 2] = first + 1 - centre, centre - first
    return matrix


def placed(width: int, height: int, fit: str) -> tuple[int, int]:
    """The size that a picture has in the network's input."""
    if fit == "stretch":
        return WIDTH, HEIGHT
    scale = min(WIDTH / width, HEIGHT / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def expected_mask(picture: Bytes, fit: str, width: int, height: int) -> Bytes:
    """Resized as the network sees it, its answer, and for each pixel of the mask the label under its centre."""
    columns, rows = placed(picture.shape[1], picture.shape[0], fit)
    seen = np.einsum("ij,jkc->ikc", resize_matrix(picture.shape[0], rows), picture.astype(float), optimize=True)
    seen = np.einsum("ij,kjc->kic", resize_matrix(picture.shape[1], columns), seen, optimize=True)
    assert np.abs(seen - 127.5).min() > 1, "a bad picture for this test: rounding decides"
    labels = cube_labels(seen)
    across = ((np.arange(width) + 0.5) * columns / width).astype(int)
    down = ((np.arange(height) + 0.5) * rows / height).astype(int)
    return labels[np.ix_(down, across)]


SIZES = [
    (WIDTH, HEIGHT),
    (2 * WIDTH, 2 * HEIGHT),
    (16, 16),
    (50, 20),
    (333, 217),
    (97, 401),
    (1280, 32),
    (1920, 1080),
    (4096, 2160),
    (8192, 16),
    (16, 8192),
]


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_masks_fit_the_picture(camera: Camera, parameters: Callable[[str, object], None], fit: str) -> None:
    parameters("fit", fit)
    for width, height in SIZES:
        picture = quadrants(width, height, width * 3 // 8, height * 3 // 4)
        outputs = camera.segment(rgb_frame(picture))
        assert outputs["mask"].shape == (height, width)
        expected = expected_mask(picture, fit, width, height)
        assert np.array_equal(outputs["mask"], expected), f"{width}x{height}"


def test_every_border_position(camera: Camera) -> None:
    """Where the picture has the network's size, masks are exact to the pixel, wherever the colours meet."""
    for across, down in [(1, 1), (2, 3), (31, 24), (32, 23), (WIDTH - 1, HEIGHT - 1)]:
        picture = quadrants(WIDTH, HEIGHT, across, down)
        assert np.array_equal(camera.segment(rgb_frame(picture))["mask"], cube_labels(picture))
    picture = noise(WIDTH, HEIGHT)
    assert np.array_equal(camera.segment(rgb_frame(picture))["mask"], cube_labels(picture))


@pytest.mark.parametrize(
    ("mask_size", "size"), [("network", (WIDTH, HEIGHT)), ("100x77", (100, 77)), ("640x16", (640, 16))]
)
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_mask_sizes(
    camera: Camera,
    parameters: Callable[[str, object], None],
    fit: str,
    mask_size: str,
    size: tuple[int, int],
) -> None:
    width, height = size
    parameters("fit", fit)
    parameters("mask_size", mask_size)
    picture = quadrants(320, 100, 100, 30)
    outputs = camera.segment(rgb_frame(picture))
    assert np.array_equal(outputs["mask"], expected_mask(picture, fit, width, height))
    assert outputs["color_mask"].shape == (height, width, 3)


def test_color_mask_has_the_colours_of_the_classes(camera: Camera) -> None:
    outputs = camera.segment(rgb_frame(noise(WIDTH, HEIGHT)))
    palette = np.array([[i * 20, 255 - i * 20, 7] for i in range(8)], np.uint8)
    assert np.array_equal(outputs["color_mask"], palette[outputs["mask"]])


def test_overlay_blends(graph: Graph, cube: Running, look: Callable[..., Camera]) -> None:
    camera = look(cube, "mask", "overlay", "color_mask")
    picture = noise(100, 75)
    outputs = camera.segment(rgb_frame(picture))
    blend = (picture.astype(float) + outputs["color_mask"]) / 2
    assert np.abs(outputs["overlay"] - blend).max() <= 2


# --- headers

STAMPS = [(0, 0), (0, 1), (1, 999_999_999), (1_700_000_000, 123_456_789), (2**31 - 1, 999_999_999), (-1, 5)]


@pytest.mark.parametrize("stamp", STAMPS, ids=str)
def test_stamps_to_the_nanosecond(camera: Camera, stamp: tuple[int, int]) -> None:
    for messages in camera.received.values():
        messages.clear()
    outputs = camera.receive(camera.send(rgb_frame(noise(WIDTH, HEIGHT)), stamp))
    assert [stamp_of(message) for message in outputs.values()] == [stamp, stamp]


FRAME_IDS = ["", "a", "camera_optical_frame", "kamera/übersicht/相机", "x" * 1000]


@pytest.mark.parametrize("frame_id", FRAME_IDS, ids=["empty", "one", "usual", "unicode", "long"])
def test_frame_ids(camera: Camera, frame_id: str) -> None:
    picture = noise(WIDTH, HEIGHT)
    outputs = camera.receive(camera.send(rgb_frame(picture), frame_id=frame_id))
    assert [message.header.frame_id for message in outputs.values()] == [frame_id, frame_id]
    # The pixels lie behind the name, so one of another length must not move them.
    assert bytes(outputs["mask"].data) == cube_labels(picture).tobytes()


def test_encodings_and_steps(camera: Camera) -> None:
    outputs = camera.receive(camera.send(rgb_frame(noise(101, 33))))
    described = {k: (m.encoding, m.width, m.height, m.step, len(m.data)) for k, m in outputs.items()}
    assert described == {
        "mask": ("mono8", 101, 33, 101, 101 * 33),
        "color_mask": ("rgb8", 101, 33, 303, 303 * 33),
    }


@pytest.mark.parametrize("qos", [NAV2, RVIZ], ids=["nav2", "rviz"])
def test_consumers_qos(cube: Running, look: Callable[..., Camera], qos: object) -> None:
    """Best effort as Nav2 has it, reliable as rviz has it: both receive."""
    camera = look(cube, "mask", "overlay", qos=qos)
    picture = noise(WIDTH, HEIGHT)
    assert np.array_equal(camera.segment(rgb_frame(picture))["mask"], cube_labels(picture))


# --- the shipped model

RUN_RAW = """
import { readFileSync, writeFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
const [model, picture, labels, height, width] = process.argv.slice(1);
const session = await InferenceSession.create(model);
const input = new Tensor('uint8', new Uint8Array(readFileSync(picture)), [Number(height), Number(width), 3]);
writeFileSync(labels, (await session.run({ image: input })).labels.data);
"""


def test_shipped_model_answers_as_its_onnx_file(shipped: Running, look: Callable[..., Camera], tmp_path: Path) -> None:
    """At the network's own size the mask is what onnxruntime alone makes of the same bytes, but where classes all but
    tie: the node itself enlarges the logits, and rounds in another order."""
    width, height = 480, 360
    ramp = np.linspace(0, 190, height).astype(np.uint8)[:, None, None]
    picture = (quadrants(width, height, 200, 150) // 4 + noise(width, height) // 64 + ramp // 2).astype(np.uint8)
    (tmp_path / "picture").write_bytes(picture.tobytes())
    model = ROOT / "models" / "attendseg_camvid" / "attendseg_camvid_cpu_u8.onnx"
    arguments = [model, tmp_path / "picture", tmp_path / "labels", height, width]
    command = ["node", "--input-type=module", "-e", RUN_RAW, *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    labels = np.fromfile(tmp_path / "labels", np.uint8).reshape(height, width)
    assert len(np.unique(labels)) > 1
    mask = look(shipped, "mask").segment(rgb_frame(picture))["mask"]
    assert np.mean(mask == labels) > 0.9998


def test_shipped_manifest_and_masks_agree(shipped: Running, look: Callable[..., Camera]) -> None:
    text = (ROOT / "models" / "attendseg_camvid" / "manifest.yaml").read_text(encoding="utf-8")
    classes = text.split("classes:")[1].count("name:")
    colours = {tuple(json.loads(line.split("color:")[1])) for line in text.splitlines() if "color:" in line}
    outputs = look(shipped, "mask", "color_mask").segment(rgb_frame(quadrants(333, 217, 100, 60)))
    assert outputs["mask"].max() < classes
    assert {tuple(map(int, c)) for c in np.unique(outputs["color_mask"].reshape(-1, 3), axis=0)} <= colours
