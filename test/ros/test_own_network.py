"""Networks that users bring: other sizes, names, classes, normalisation; and models that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Running
from networks import cube_network, save, write_manifest
from node_process import NodeProcess
from onnx import TensorProto, helper
from pictures import Bytes, noise, rgb_frame
from ros_graph import Camera, Graph

WIDTH, HEIGHT = 96, 64
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
# Five classes: each a direction in the space of normalised colours, and a preference.
WEIGHTS = np.float32([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, 0.5], [0.4, 0.4, 0.4]])
BIAS = np.float32([0, 0.125, -0.25, 0.5, 0])


def normalised(picture: Bytes) -> np.ndarray:
    return (picture / 255 - MEAN) / STD


def flat_blocks(width: int, height: int, side: int) -> Bytes:
    return noise(width // side, height // side, seed=5).repeat(side, axis=0).repeat(side, axis=1)


def scores(picture: Bytes) -> np.ndarray:
    """HxWx5; of pictures where no two classes are so close that float32 could decide."""
    result = normalised(picture) @ WEIGHTS.T.astype(float) + BIAS
    ordered = np.sort(result, axis=-1)
    assert (ordered[..., -1] - ordered[..., -2]).min() > 1e-4
    return result


def logits_network(folder: Path, **changes: object) -> Path:
    folder.mkdir()
    model = folder / "mine.onnx"
    save(
        model,
        [helper.make_node("Conv", ["pixels", "weights", "bias"], ["scores"])],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5, HEIGHT, WIDTH]),
        weights=WEIGHTS.reshape(5, 3, 1, 1),
        bias=BIAS,
    )
    options = {
        "classes": 5,
        "network_input": {
            "layout": "nchw_float32",
            "name": "pixels",
            "width": WIDTH,
            "height": HEIGHT,
            "mean": MEAN,
            "std": STD,
        },
        "output": {"kind": "logits", "logits": "scores"},
    }
    write_manifest(folder, model, **{**options, **changes})
    return folder


def ids_network(folder: Path) -> Path:
    """NHW int64: the strongest channel at half the size, and the third channel as 300, which is no class."""
    folder.mkdir()
    model = folder / "ids.onnx"
    save(
        model,
        [
            helper.make_node("AveragePool", ["x"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("ArgMax", ["small"], ["strongest"], axis=1, keepdims=0),
            helper.make_node("Gather", ["names", "strongest"], ["y"]),
        ],
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        helper.make_tensor_value_info("y", TensorProto.INT64, [1, HEIGHT // 2, WIDTH // 2]),
        names=np.int64([1, 0, 300]),
    )
    network_input = {"layout": "nchw_float32", "width": WIDTH, "height": HEIGHT}
    write_manifest(folder, model, classes=2, network_input=network_input, output={"kind": "labels"})
    return folder


def test_normalised_floats_to_logits(
    start: Callable[..., Running], look: Callable[..., Camera], tmp_path: Path
) -> None:
    camera = look(start(logits_network(tmp_path / "mine")), "mask", "color_mask")
    picture = noise(WIDTH, HEIGHT, seed=4)
    outputs = camera.segment(rgb_frame(picture))
    expected = scores(picture).argmax(axis=-1)
    assert len(np.unique(expected)) == 5
    assert np.array_equal(outputs["mask"], expected)
    palette = np.array([[i * 20, 255 - i * 20, 7] for i in range(5)], np.uint8)
    assert np.array_equal(outputs["color_mask"], palette[expected])
    # Another size and shape, with bars above and below; each block makes one pixel of the network.
    wide = flat_blocks(4 * WIDTH, 128, 4)
    expected = scores(wide).argmax(axis=-1)
    assert np.array_equal(camera.segment(rgb_frame(wide))["mask"], expected)


def test_small_ids_of_another_type(start: Callable[..., Running], look: Callable[..., Camera], tmp_path: Path) -> None:
    camera = look(start(ids_network(tmp_path / "ids")), "mask")
    picture = flat_blocks(WIDTH, HEIGHT, 2)
    expected = np.array([1, 0, 255])[picture.argmax(axis=-1)]
    assert {0, 1, 255} == set(np.unique(expected))
    assert np.array_equal(camera.segment(rgb_frame(picture))["mask"], expected)


def log_network(folder: Path) -> Path:
    """Two classes: the logarithm of normalised red, which is not a number for dark pixels, and 0."""
    folder.mkdir()
    model = folder / "log.onnx"
    save(
        model,
        [
            helper.make_node("Conv", ["pixels", "weights", "bias"], ["values"]),
            helper.make_node("Log", ["values"], ["scores"]),
        ],
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, HEIGHT, WIDTH]),
        weights=np.float32([[1, 0, 0], [0, 0, 0]]).reshape(2, 3, 1, 1),
        bias=np.float32([0, 1]),
    )
    network_input = {"layout": "nchw_float32", "width": WIDTH, "height": HEIGHT, "mean": [0.5] * 3, "std": [0.25] * 3}
    write_manifest(folder, model, classes=2, network_input=network_input, output={"kind": "logits"})
    return folder


def test_pixels_whose_logits_are_not_numbers_are_unlabelled(
    start: Callable[..., Running], look: Callable[..., Camera], graph: Graph, tmp_path: Path
) -> None:
    node = start(log_network(tmp_path / "log"))
    camera = look(node, "mask", "color_mask", "overlay")
    picture = noise(WIDTH, HEIGHT, seed=6)
    outputs = camera.segment(rgb_frame(picture))
    red = picture[..., 0]
    # Mid-grey is at 127.5, and class 0 wins from a deviation above it.
    expected = np.where(red < 128, 255, np.where(red > 191, 0, 1))
    assert {0, 1, 255} == set(np.unique(expected))
    assert np.array_equal(outputs["mask"], expected)
    assert not outputs["color_mask"][expected == 255].any()
    assert np.array_equal(outputs["overlay"][expected == 255], picture[expected == 255])
    # /diagnostics counts such frames, and only those.
    count = "frames with logits that are not finite"
    before, _ = graph.report(node.full_name, lambda *_: True, "anything")
    camera.segment(rgb_frame(np.maximum(picture, 140)))
    camera.segment(rgb_frame(picture))
    after, _ = graph.report(
        node.full_name, lambda values, _: int(values["masks"]) == int(before["masks"]) + 2, "two more"
    )
    assert int(after[count]) == int(before[count]) + 1


def test_classes_without_colour_are_not_tinted(
    start: Callable[..., Running], look: Callable[..., Camera], tmp_path: Path
) -> None:
    classes = [{"name": f"{i}", "color": "none" if i in (0, 3) else [250, i, 7]} for i in range(5)]
    folder = logits_network(tmp_path / "mine")
    path = folder / "manifest.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "classes": classes}), encoding="utf-8")
    camera = look(start(folder), "mask", "color_mask", "overlay")
    picture = noise(WIDTH, HEIGHT, seed=4)
    outputs = camera.segment(rgb_frame(picture))
    expected = scores(picture).argmax(axis=-1)
    plain = np.isin(expected, (0, 3))
    assert plain.any()
    assert np.array_equal(outputs["mask"], expected)
    assert not outputs["color_mask"][plain].any()
    assert np.array_equal(outputs["overlay"][plain], picture[plain])
    assert (outputs["color_mask"][~plain, 0] == 250).all()
    assert (outputs["overlay"][~plain] != picture[~plain]).any(axis=-1).all()


def no_manifest(folder: Path) -> str:
    folder.mkdir()
    return str(folder / "manifest.yaml")


def wrong_sha256(folder: Path) -> str:
    cube_network(folder, 64, 48)
    manifest = json.loads((folder / "manifest.yaml").read_text(encoding="utf-8"))
    manifest["files"]["cpu"]["sha256"] = "0" * 64
    (folder / "manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    return str(folder / "cube.onnx")


def missing_file(folder: Path) -> str:
    cube_network(folder, 64, 48)
    (folder / "cube.onnx").unlink()
    return str(folder / "cube.onnx")


def garbage(folder: Path) -> str:
    folder.mkdir()
    (folder / "garbage.onnx").write_bytes(noise(64, 48).tobytes())
    network_input = {"layout": "hwc_uint8", "width": 64, "height": 48}
    write_manifest(folder, folder / "garbage.onnx", 8, network_input, {"kind": "labels"})
    return str(folder)


def wrong_classes(folder: Path) -> str:
    logits_network(folder, classes=4)
    return str(folder / "manifest.yaml")


def wrong_size(folder: Path) -> str:
    logits_network(folder, network_input={"layout": "nchw_float32", "width": 32, "height": 32})
    return str(folder / "manifest.yaml")


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (no_manifest, "cannot be read"),
        (wrong_sha256, "sha256"),
        (missing_file, "cannot be read"),
        (garbage, "cannot load"),
        (wrong_classes, "1x5x64x96"),
        (wrong_size, "32x32"),
    ],
)
def test_models_that_cannot_be_used(make: Callable[[Path], str], cause: str, tmp_path: Path) -> None:
    named = make(tmp_path / "model")
    process = NodeProcess(tmp_path, ["-r", "__ns:=/broken", "-p", f"model:={tmp_path / 'model'}"])
    try:
        code = process.wait(120)
    finally:
        process.stop()
    (line,) = process.output.splitlines()
    assert named in line
    assert cause in line
    assert code == 1
