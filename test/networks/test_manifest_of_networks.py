"""What networks take and answer, in every form that a manifest can say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import HEIGHT, WIDTH, make_model, node, picture_of, run, write_model
from numpy.typing import NDArray

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SHAPES: dict[str, list[Any]] = {
    "hwc": [HEIGHT, WIDTH, 3],
    "nhwc": [1, HEIGHT, WIDTH, 3],
    "nchw": [1, 3, HEIGHT, WIDTH],
}


def strongest(layout: str, channels_last: bool = False, **changes: Any) -> tuple[Any, ...]:
    """Logits that are the network's own three input channels."""
    form, kind = layout.split("_")
    shape = SHAPES[form]
    nodes = [node("Cast", "x", "floats", to=1)]
    out = shape if form == "nchw" else [1, HEIGHT, WIDTH, 3]
    nodes.append(
        node("Unsqueeze", "floats axes", "batched") if form == "hwc" else node("Identity", "floats", "batched")
    )
    if form != "nchw" and not channels_last:
        nodes.append(node("Transpose", "batched", "y", perm=[0, 3, 1, 2]))
        out = SHAPES["nchw"]
    elif form == "nchw" and channels_last:
        nodes.append(node("Transpose", "batched", "y", perm=[0, 2, 3, 1]))
        out = SHAPES["nhwc"]
    else:
        nodes.append(node("Identity", "batched", "y"))
    model = make_model(
        nodes,
        [("x", {"uint8": "UINT8", "float32": "FLOAT"}[kind], shape)],
        [("y", "FLOAT", out)],
        {"axes": np.int64([0])},
    )
    return model, {"layout": layout, **changes}, {"kind": "logits"}, 3


def softmax(values: NDArray[Any]) -> NDArray[Any]:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("layout", ["hwc_uint8", "nhwc_uint8", "nchw_uint8", "nchw_float32", "nhwc_float32"])
@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_layouts_and_channels(layout: str, channels: str, channels_last: bool, tmp_path: Path) -> None:
    result = run(write_model(tmp_path / "m", *strongest(layout, channels_last, channels=channels)))
    picture = picture_of()
    if channels == "bgr":
        picture = picture[..., ::-1]
    assert result.error == ""
    assert np.array_equal(result.labels, picture.argmax(axis=-1))


@pytest.mark.parametrize("layout", ["nchw_float32", "nhwc_float32"])
@pytest.mark.parametrize("scale", [1, 255])
def test_normalisation(layout: str, scale: int, tmp_path: Path) -> None:
    # Mean and deviation are those of the network's channels, so of blue first.
    mean, std = [value * scale for value in MEAN], [value * scale for value in STD]
    wanted = {"channels": "bgr", "range": scale, "mean": mean, "std": std}
    result = run(write_model(tmp_path / "m", *strongest(layout, **wanted)))
    values = (picture_of()[..., ::-1] / 255 - MEAN) / STD
    assert result.error == ""
    assert np.array_equal(result.labels, values.argmax(axis=-1))
    assert np.abs(result.confidence - 255 * softmax(values).max(axis=-1)).max() < 0.51


@pytest.mark.parametrize(
    "shape",
    [[1, HEIGHT, WIDTH, 1], [1, 1, HEIGHT, WIDTH], [1, HEIGHT, WIDTH], [HEIGHT, WIDTH], [HEIGHT, WIDTH, 1]],
)
def test_shapes_of_labels(shape: list[int], tmp_path: Path) -> None:
    nodes = [node("ArgMax", "x", "ids", axis=1, keepdims=0), node("Reshape", "ids shape", "y")]
    model = make_model(nodes, [("x", "FLOAT", SHAPES["nchw"])], [("y", "INT64", shape)], {"shape": np.int64(shape)})
    for output in ({"kind": "labels"}, {"kind": "labels", "layout": "nhwc"}):
        result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, output, 3))
        assert result.error == ""
        assert np.array_equal(result.labels, picture_of().argmax(axis=-1))


def ids_of_scores() -> Any:
    """Class ids of the input's three channels, by a graph that fails if it is run to its end."""
    nodes = [
        node("Mul", "x four", "scores"),
        node("ArgMax", "scores", "ids", axis=1),
        node("Reshape", "ids wrong", "y"),
    ]
    constants = {"four": np.float32(4), "wrong": np.int64([1, 7])}
    return make_model(nodes, [("x", "FLOAT", ["batch", 3, HEIGHT, WIDTH])], [("y", "INT64", [1, 7])], constants)


@pytest.mark.parametrize("temperature", [0.5, 3])
def test_logits_before_argmax(temperature: float, tmp_path: Path) -> None:
    output = {"kind": "labels", "before_argmax": {"logits": "scores", "temperature": temperature}}
    result = run(write_model(tmp_path / "m", ids_of_scores(), {"layout": "nchw_float32"}, output, 3))
    values = picture_of() / 255
    assert result.error == ""
    assert np.array_equal(result.labels, values.argmax(axis=-1))
    assert np.abs(result.confidence - 255 * softmax(4 * values / temperature).max(axis=-1)).max() < 1.1


def test_logits_before_argmax_by_a_wrong_name(tmp_path: Path) -> None:
    output = {"kind": "labels", "before_argmax": {"logits": "score"}}
    result = run(write_model(tmp_path / "m", ids_of_scores(), {"layout": "nchw_float32"}, output, 3))
    assert 'network.onnx: has no tensor "score"; correct files.cpu.before_argmax in ' in result.error


def test_before_argmax_is_for_labels(tmp_path: Path) -> None:
    output = {"kind": "logits", "before_argmax": {"logits": "scores"}}
    result = run(write_model(tmp_path / "m", ids_of_scores(), {"layout": "nchw_float32"}, output, 3))
    assert "files.cpu.before_argmax: is for output.kind labels" in result.error


def red(tail: list[Any], shape: list[int] | None = None) -> Any:
    """One channel: red, 0 to 1, and what `tail` makes of it."""
    return make_model(
        [node("Slice", "x zero one axis", "red"), *tail],
        [("x", "FLOAT", ["batch", 3, "rows", "columns"])],
        [("y", "FLOAT", shape or [1, 1, HEIGHT, WIDTH])],
        {"zero": np.int64([0]), "one": np.int64([1]), "axis": np.int64([1]), "half": np.float32([0.5])},
    )


@pytest.mark.parametrize("last", [False, True])
def test_one_channel_of_probabilities(last: bool, tmp_path: Path) -> None:
    perm, shape = ([0, 2, 3, 1], [1, HEIGHT, WIDTH, 1]) if last else ([0, 1, 2, 3], [1, 1, HEIGHT, WIDTH])
    model = red([node("Transpose", "red", "y", perm=perm)], shape)
    output = {"kind": "sigmoid", "threshold": 0.25}
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, output, 2))
    value = picture_of()[..., 0] / 255
    assert result.error == ""
    assert np.array_equal(result.labels, value >= 0.25)
    assert np.abs(result.confidence - 255 * np.where(value >= 0.25, value, 1 - value)).max() < 0.51


def test_one_channel_of_logits(tmp_path: Path) -> None:
    model = red([node("Sub", "red half", "y")])
    output = {"kind": "sigmoid", "values": "logits"}
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, output, 2))
    value = 1 / (1 + np.exp(0.5 - picture_of()[..., 0] / 255))
    assert result.error == ""
    assert np.array_equal(result.labels, value >= 0.5)
    assert np.abs(result.confidence - 255 * np.maximum(value, 1 - value)).max() < 0.51
    refused = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "sigmoid"}, 2))
    assert "-0.5, which is no probability; add output.values: logits" in refused.error


@pytest.mark.parametrize("kind", ["logits", "labels"])
def test_one_channel_of_floats_is_no_other_kind(kind: str, tmp_path: Path) -> None:
    model = red([node("Sigmoid", "red", "y")])
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": kind}, 2))
    assert f"float32 1x1x{HEIGHT}x{WIDTH}" in result.error
    assert "set output.kind: sigmoid" in result.error


def test_output_of_another_kind(tmp_path: Path) -> None:
    ids = make_model(
        [node("ArgMax", "x", "y", axis=1)], [("x", "FLOAT", SHAPES["nchw"])], [("y", "INT64", [1, 1, HEIGHT, WIDTH])]
    )
    folder = tmp_path / "m"
    for kind in ("logits", "sigmoid"):
        result = run(write_model(folder, ids, {"layout": "nchw_float32"}, {"kind": kind}, 2))
        assert f"int64 1x1x{HEIGHT}x{WIDTH}" in result.error
        assert "set output.kind: labels" in result.error
    model, network_input, _, classes = strongest("nchw_float32")
    result = run(write_model(folder, model, network_input, {"kind": "labels"}, classes))
    assert "set output.kind: logits" in result.error
    result = run(write_model(folder, model, network_input, {"kind": "logits", "layout": "nhwc"}, classes))
    assert f"needs floats 1xHxWx{classes}; correct output.layout" in result.error


def test_layout_of_logits_decides_where_both_fit(tmp_path: Path) -> None:
    # Three classes, and 3 x HEIGHT x 3: channels may be first or last.
    nodes = [node("Resize", "x  scales", "small", mode="nearest"), node("Identity", "small", "y")]
    nodes[0].input[:] = ["x", "", "", "sizes"]
    model = make_model(
        nodes,
        [("x", "FLOAT", SHAPES["nchw"])],
        [("y", "FLOAT", [1, 3, HEIGHT, 3])],
        {"sizes": np.int64([1, 3, HEIGHT, 3])},
    )
    results = [
        run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "logits", **layout}, 3)).labels
        for layout in ({}, {"layout": "nchw"}, {"layout": "nhwc"})
    ]
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


@pytest.mark.parametrize("shape", [["n", 3, "h", "w"], [1, 3, HEIGHT, "w"], [None, None, None, None]])
def test_free_dimensions_are_the_manifests(shape: list[Any], tmp_path: Path) -> None:
    model = make_model([node("Identity", "x", "y")], [("x", "FLOAT", shape)], [("y", "FLOAT", shape)])
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "logits"}, 3))
    assert result.error == ""
    assert np.array_equal(result.labels, picture_of().argmax(axis=-1))


@pytest.mark.parametrize(
    ("shape", "kind", "remedy"),
    [
        ([1, 3, 48, 64], "FLOAT", "set input.width: 64 and input.height: 48"),
        (["n", 3, 48, "w"], "FLOAT", f"set input.width: {WIDTH} and input.height: 48"),
        ([1, HEIGHT, WIDTH, 3], "FLOAT", "set input.layout: nhwc_float32"),
        ([1, 3, HEIGHT, WIDTH], "UINT8", "set input.layout: nchw_uint8"),
        ([HEIGHT, WIDTH, 3], "UINT8", "set input.layout: hwc_uint8"),
        ([4, 3, HEIGHT, WIDTH], "FLOAT", "export it with such an input"),
        ([1, 1, HEIGHT, WIDTH], "FLOAT", "export it with such an input"),
        ([1, 3, HEIGHT, WIDTH], "DOUBLE", "export it with such an input"),
    ],
)
def test_input_that_contradicts_the_manifest(shape: list[Any], kind: str, remedy: str, tmp_path: Path) -> None:
    model = make_model([node("Identity", "x", "y")], [("x", kind, shape)], [("y", kind, shape)])
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "logits"}, 3))
    spelled = "x".join(str(size) for size in shape)
    assert spelled in result.error
    assert f"feeds 1x3x{HEIGHT}x{WIDTH}" in result.error
    assert result.error.endswith(remedy)


def test_input_of_another_name(tmp_path: Path) -> None:
    model, network_input, output, classes = strongest("nchw_float32", name="pixels")
    result = run(write_model(tmp_path / "m", model, network_input, output, classes))
    assert "has no input pixels; set input.name to one of x" in result.error
