"""Networks of other types than float32 and uint8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import HEIGHT, TYPES, WIDTH, make_model, node, picture_of, run, write_model

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.mark.parametrize("layout", ["nchw_float32", "nhwc_float32"])
def test_half_precision_from_end_to_end(layout: str, tmp_path: Path) -> None:
    shape: list[Any] = ["n", 3, "h", "w"] if layout.startswith("nchw") else ["n", "h", "w", 3]
    model = make_model([node("Identity", "x", "y")], [("x", "FLOAT16", shape)], [("y", "FLOAT16", shape)])
    network_input = {"layout": layout, "mean": MEAN, "std": STD}
    result = run(write_model(tmp_path / "m", model, network_input, {"kind": "logits"}, 3))
    # Halves of the network's input, as numpy rounds them; of equals the first wins.
    values = ((picture_of() / 255 - MEAN) / STD).astype(np.float32).astype(np.float16)
    powers = np.exp(values.astype(float))
    assert result.error == ""
    assert np.array_equal(result.labels, values.argmax(axis=-1))
    assert np.abs(result.confidence - 255 * powers.max(axis=-1) / powers.sum(axis=-1)).max() < 0.51


def test_half_precision_of_one_channel(tmp_path: Path) -> None:
    model = make_model(
        [node("ReduceMean", "x", "y", axes=[1])],
        [("x", "FLOAT16", [1, 3, HEIGHT, WIDTH])],
        [("y", "FLOAT16", [1, 1, HEIGHT, WIDTH])],
    )
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "sigmoid"}, 2))
    means = picture_of().mean(axis=-1) / 255
    sure = np.abs(means - 0.5) > 0.01
    assert result.error == ""
    assert np.array_equal(result.labels[sure], (means >= 0.5)[sure])


@pytest.mark.parametrize(
    ("kind", "third"),
    [
        *[(kind, 200) for kind in ("UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")],
        *[(kind, 255) for kind in ("UINT8", "FLOAT16", "FLOAT")],
        *[(kind, -1) for kind in ("INT8", "INT16", "INT32", "INT64", "FLOAT16", "FLOAT", "DOUBLE")],
        *[(kind, value) for kind in ("FLOAT16", "FLOAT", "DOUBLE") for value in (1.5, np.nan, np.inf)],
    ],
)
@pytest.mark.parametrize("shrink", [1, 2])
def test_class_ids(kind: str, third: float, shrink: int, tmp_path: Path) -> None:
    """The strongest channel is class 1, class 0, or none."""
    dtype = {"FLOAT": np.float32, "FLOAT16": np.float16, "DOUBLE": np.float64}.get(kind) or np.dtype(kind.lower())
    shape = [1, HEIGHT // shrink, WIDTH // shrink]
    model = make_model(
        [
            node("AveragePool", "x", "small", kernel_shape=[shrink, shrink], strides=[shrink, shrink]),
            node("ArgMax", "small", "strongest", axis=1, keepdims=0),
            node("Gather", "names strongest", "y"),
        ],
        [("x", "FLOAT", [1, 3, HEIGHT, WIDTH])],
        [("y", kind, shape)],
        {"names": np.array([1, 0, third], dtype)},
    )
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "labels"}, 2))
    small = picture_of().reshape(HEIGHT // shrink, shrink, WIDTH // shrink, shrink, 3).mean(axis=(1, 3))
    expected = np.array([1, 0, 255])[small.argmax(axis=-1)].repeat(shrink, axis=0).repeat(shrink, axis=1)
    assert result.error == ""
    assert np.array_equal(result.labels, expected)
    assert np.array_equal(result.confidence, np.where(expected == 255, 0, 255))


def test_booleans_are_two_classes(tmp_path: Path) -> None:
    model = make_model(
        [node("ReduceMean", "x", "mean", axes=[1], keepdims=0), node("Greater", "mean half", "y")],
        [("x", "FLOAT", [1, 3, HEIGHT, WIDTH])],
        [("y", "BOOL", [1, HEIGHT, WIDTH])],
        {"half": np.float32([0.5])},
    )
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "labels"}, 2))
    assert result.error == ""
    assert np.array_equal(result.labels, picture_of().mean(axis=-1) > 127.5)


def test_types_that_are_no_ids_are_named(tmp_path: Path) -> None:
    model = make_model(
        [node("ArgMax", "x", "ids", axis=1), node("Cast", "ids", "y", to=TYPES["STRING"])],
        [("x", "FLOAT", [1, 3, HEIGHT, WIDTH])],
        [("y", "STRING", [1, 1, HEIGHT, WIDTH])],
    )
    result = run(write_model(tmp_path / "m", model, {"layout": "nchw_float32"}, {"kind": "labels"}, 3))
    assert f"output is string 1x1x{HEIGHT}x{WIDTH}" in result.error
