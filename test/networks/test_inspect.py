"""`attendseg model inspect`: networks of different make, and the manifests drafted for them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from making import HEIGHT, WIDTH, make_model, node, picture_of, run
from numpy.typing import NDArray

MAIN = Path(__file__).parents[2] / "dist/main.js"
NCHW, NHWC, HWC = [1, 3, HEIGHT, WIDTH], [1, HEIGHT, WIDTH, 3], [HEIGHT, WIDTH, 3]
Made = tuple[onnx.ModelProto, Callable[[NDArray[np.uint8]], NDArray[np.bool_ | np.int64]]]


def strongest(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    return picture.argmax(axis=-1)


def nchw_logits() -> Made:
    return make_model([node("Identity", "x", "y")], [("x", "FLOAT", NCHW)], [("y", "FLOAT", NCHW)]), strongest


def nhwc_logits() -> Made:
    return make_model([node("Identity", "x", "y")], [("x", "FLOAT", NHWC)], [("y", "FLOAT", NHWC)]), strongest


def hwc_labels() -> Made:
    """With confidence beside, and before its labels what labels no pixels."""
    nodes = [
        node("Cast", "x", "floats", to=onnx.TensorProto.FLOAT),
        node("ReduceMean", "floats", "mean", keepdims=0),
        node("ArgMax", "floats", "strongest", axis=2, keepdims=0),
        node("Cast", "strongest", "labels", to=onnx.TensorProto.UINT8),
        node("ReduceMax", "x", "confidence", axes=[2], keepdims=0),
    ]
    outputs = [
        ("mean", "FLOAT", []),
        ("labels", "UINT8", [HEIGHT, WIDTH]),
        ("confidence", "UINT8", [HEIGHT, WIDTH]),
    ]
    return make_model(nodes, [("x", "UINT8", HWC)], outputs), strongest


def halves() -> Made:
    return make_model([node("Identity", "x", "y")], [("x", "FLOAT16", NCHW)], [("y", "FLOAT16", NCHW)]), strongest


def one_channel(*tail: onnx.NodeProto) -> onnx.ModelProto:
    constants = {"weights": np.float32([4, 0, 0]).reshape(1, 3, 1, 1), "bias": np.float32([-2])}
    nodes = [node("Conv", "x weights bias", "score"), *tail]
    return make_model(nodes, [("x", "FLOAT", NCHW)], [("y", "FLOAT", [1, 1, HEIGHT, WIDTH])], constants)


def reddish(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return picture[..., 0] > 127


def sigmoid() -> Made:
    return one_channel(node("Sigmoid", "score", "y")), reddish


def sigmoid_left_out() -> Made:
    return one_channel(node("Identity", "score", "y")), reddish


def free_dimensions() -> Made:
    shape = ["batch", 3, "height", "width"]
    return make_model([node("Identity", "x", "y")], [("x", "FLOAT", shape)], [("y", "FLOAT", shape)]), strongest


def inspect(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["node", MAIN, "model", "inspect", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("make", "guesses"),
    [
        (nchw_logits, ["layout: nchw_float32", "kind: logits", "layout: nchw"]),
        (nhwc_logits, ["layout: nhwc_float32", "kind: logits", "layout: nhwc"]),
        (hwc_labels, ["layout: hwc_uint8", "kind: labels", "labels: labels", "confidence: confidence"]),
        (halves, ["layout: nchw_float32", "kind: logits"]),
        (sigmoid, ["kind: sigmoid", "values: probabilities"]),
        (sigmoid_left_out, ["kind: sigmoid", "values: logits"]),
        (free_dimensions, ["layout: nchw_float32", f"width: {2 * WIDTH}", f"height: {2 * HEIGHT}"]),
    ],
)
def test_drafts_run_as_they_are(make: Callable[[], Made], guesses: list[str], tmp_path: Path) -> None:
    model, expected = make()
    model.producer_name = "tests"
    (tmp_path / "my networks").mkdir()
    onnx.save(model, tmp_path / "my networks/network.onnx")
    manifest = tmp_path / "manifest.yaml"
    size = f"{2 * WIDTH}x{2 * HEIGHT}"
    done = inspect(tmp_path / "my networks/network.onnx", "-o", tmp_path, "--size", size)
    assert done.stderr == ""
    assert done.returncode == 0
    for fact in ("inputs    x ", "opset     17\n", "IR        8\n", "producer  tests\n"):
        assert fact in done.stdout
    text = manifest.read_text(encoding="utf-8")
    for guess in guesses:
        assert f"  {guess}\n" in text
    # Class names are all that is edited.
    manifest.write_text(text.replace("class_", "renamed "), encoding="utf-8")
    picture = picture_of(2 * WIDTH, 2 * HEIGHT) if make is free_dimensions else picture_of()
    result = run(manifest, picture)
    assert result.error == ""
    assert np.array_equal(result.labels, expected(picture))


def test_a_draft_elsewhere_says_what_to_copy(tmp_path: Path) -> None:
    onnx.save(nchw_logits()[0], tmp_path / "network.onnx")
    folder = tmp_path / "models"
    folder.mkdir()
    done = inspect(tmp_path / "network.onnx", "-o", folder)
    assert f"copy      it to {folder}: a model's files lie beside its manifest\n" in done.stdout
    text = (folder / "manifest.yaml").read_text(encoding="utf-8")
    assert "path: network.onnx\n" in text


def test_without_a_path_the_draft_is_shown(tmp_path: Path) -> None:
    onnx.save(nchw_logits()[0], tmp_path / "network.onnx")
    done = inspect(tmp_path / "network.onnx")
    assert done.returncode == 0
    assert f"inputs    x float32 1x3x{HEIGHT}x{WIDTH}\n" in done.stdout
    assert "\n  layout: nchw_float32\n" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["network.onnx"]


def test_weights_in_a_file_of_their_own_are_listed(tmp_path: Path) -> None:
    onnx.save_model(
        one_channel(node("Identity", "score", "y")), tmp_path / "network.onnx", save_as_external_data=True,
        location="weights.bin", size_threshold=0,
    )  # fmt: skip
    assert inspect(tmp_path / "network.onnx", "-o", tmp_path).returncode == 0
    assert "path: weights.bin" in (tmp_path / "manifest.yaml").read_text(encoding="utf-8")
    assert run(tmp_path).error == ""


def test_what_is_there_is_not_drafted_over(tmp_path: Path) -> None:
    onnx.save(nchw_logits()[0], tmp_path / "network.onnx")
    (tmp_path / "manifest.yaml").write_text("mine", encoding="utf-8")
    done = inspect(tmp_path / "network.onnx", "-o", tmp_path)
    assert done.returncode == 1
    assert "manifest.yaml: cannot be written (file already exists); move it away, or give another name" in done.stderr
    assert (tmp_path / "manifest.yaml").read_text(encoding="utf-8") == "mine"


def gray() -> onnx.ModelProto:
    shape = [1, 1, HEIGHT, WIDTH]
    return make_model([node("Identity", "x", "y")], [("x", "FLOAT", shape)], [("y", "FLOAT", shape)])


def classifier() -> onnx.ModelProto:
    return make_model(
        [node("ReduceMean", "x", "y", axes=[2, 3])], [("x", "FLOAT", NCHW)], [("y", "FLOAT", [1, 3, 1, 1])]
    )


@pytest.mark.parametrize(
    ("make", "cause"), [(gray, "is no picture of three channels"), (classifier, "labels no pixels; export it")]
)
def test_other_networks_are_refused(make: Callable[[], onnx.ModelProto], cause: str, tmp_path: Path) -> None:
    onnx.save(make(), tmp_path / "network.onnx")
    done = inspect(tmp_path / "network.onnx")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert f"model file {tmp_path}/network.onnx" in line
    assert cause in line
