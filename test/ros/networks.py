"""Tiny networks whose answers are known, with manifests as users write them for their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Old enough for any onnxruntime in use.
OPSET = 17
IR_VERSION = 8


def save(path: Path, nodes: Sequence[onnx.NodeProto], inputs: Any, outputs: Any, **constants: NDArray[Any]) -> None:
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "test", [inputs], [outputs], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_manifest(
    folder: Path, model: Path, classes: int, network_input: dict[str, Any], output: dict[str, Any], **changes: Any
) -> dict[str, Any]:
    """Writes manifest.yaml (JSON is YAML), with `changes` to its top level."""
    manifest = {
        "name": folder.name,
        "input": network_input,
        "output": output,
        "files": {"cpu": {"path": model.name, "sha256": hashlib.sha256(model.read_bytes()).hexdigest()}},
        "classes": [{"name": f"class {i}", "color": [i * 20, 255 - i * 20, 7]} for i in range(classes)],
        **changes,
    }
    (folder / "manifest.yaml").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def cube_network(folder: Path, width: int, height: int) -> Path:
    """The corner of the colour cube that is nearest: a class for each, 1 if red + 2 if green + 4 if blue. uint8 in."""
    folder.mkdir(parents=True)
    model = folder / "cube.onnx"
    save(
        model,
        [
            helper.make_node("Cast", ["picture"], ["values"], to=TensorProto.FLOAT),
            helper.make_node("Greater", ["values", "middle"], ["bright"]),
            helper.make_node("Cast", ["bright"], ["bits"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["bits", "places"], ["sums"]),
            helper.make_node("Cast", ["sums"], ["corners"], to=TensorProto.UINT8),
        ],
        helper.make_tensor_value_info("picture", TensorProto.UINT8, [height, width, 3]),
        helper.make_tensor_value_info("corners", TensorProto.UINT8, [height, width]),
        middle=np.float32([127.5]),
        places=np.float32([1, 2, 4]),
    )
    write_manifest(
        folder,
        model,
        classes=8,
        network_input={"layout": "hwc_uint8", "width": width, "height": height},
        output={"kind": "labels"},
    )
    return folder


def cube_labels(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """What cube_network answers."""
    return ((picture > 127.5) @ np.array([1, 2, 4])).astype(np.uint8)


def endless_network(folder: Path, endless: int) -> Path:
    """Labels are 1 where red is bright; where the first pixel's red is `endless`, a run takes hours. uint8 32x32 in."""
    folder.mkdir(parents=True)
    model = folder / "endless.onnx"
    side = 64
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "ones"], ["next_state"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [side, side]),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next_state", TensorProto.FLOAT, [side, side]),
        ],
    )
    save(
        model,
        [
            helper.make_node("Gather", ["picture", "zero"], ["row"], axis=0),
            helper.make_node("Gather", ["row", "zero"], ["pixel"], axis=0),
            helper.make_node("Gather", ["pixel", "zero"], ["first"], axis=0),
            helper.make_node("Equal", ["first", "endless"], ["is_endless"]),
            helper.make_node("Where", ["is_endless", "hours", "no_turns"], ["turns"]),
            helper.make_node("Loop", ["turns", "yes", "start"], ["end"], body=body),
            # Zero, but no optimiser knows.
            helper.make_node("ReduceMax", ["end"], ["nothing"], keepdims=0),
            helper.make_node("Cast", ["nothing"], ["zeros"], to=TensorProto.UINT8),
            helper.make_node("Gather", ["picture", "zero"], ["red"], axis=2),
            helper.make_node("Div", ["red", "half"], ["bright"]),
            helper.make_node("Add", ["bright", "zeros"], ["labels"]),
        ],
        helper.make_tensor_value_info("picture", TensorProto.UINT8, [32, 32, 3]),
        helper.make_tensor_value_info("labels", TensorProto.UINT8, [32, 32]),
        zero=np.array(0, np.int64),
        endless=np.array(endless, np.uint8),
        hours=np.array(10**9, np.int64),
        no_turns=np.array(0, np.int64),
        yes=np.array(True),
        start=np.zeros((side, side), np.float32),
        ones=np.ones((side, side), np.float32),
        half=np.array(128, np.uint8),
    )
    write_manifest(
        folder,
        model,
        classes=2,
        network_input={"layout": "hwc_uint8", "width": 32, "height": 32},
        output={"kind": "labels"},
    )
    return folder
