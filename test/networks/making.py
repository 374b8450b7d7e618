"""Tiny networks of any make with a manifest, and the network behind its manifest run on one picture."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

WIDTH, HEIGHT = 32, 24
RUNNER = Path(__file__).with_name("run_network.mjs")
TYPES = {name: getattr(onnx.TensorProto, name) for name in onnx.TensorProto.DataType.keys()}  # noqa: SIM118

Values = tuple[str, str, list[Any]]
"""Name, type (as in onnx.TensorProto) and shape of an input or output."""


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def make_model(
    nodes: list[onnx.NodeProto],
    inputs: list[Values],
    outputs: list[Values],
    constants: dict[str, NDArray[Any]] | None = None,
    ir_version: int = 8,
) -> onnx.ModelProto:
    def declare(values: list[Values]) -> list[onnx.ValueInfoProto]:
        return [helper.make_tensor_value_info(name, TYPES[kind], shape) for name, kind, shape in values]

    initializers = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "test", declare(inputs), declare(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=ir_version)


def manifest_of(folder: Path, network_input: dict[str, Any], output: dict[str, Any], classes: int) -> dict[str, Any]:
    """`before_argmax` of the output is the file's."""
    output = dict(output)
    before = output.pop("before_argmax", None)
    return {
        "name": folder.name,
        "input": {"width": WIDTH, "height": HEIGHT, **network_input},
        "output": output,
        "files": {"cpu": {"path": "network.onnx", **({"before_argmax": before} if before else {})}},
        "classes": [{"name": f"class {i}", "color": [i, i, i]} for i in range(classes)],
    }


def write_model(
    folder: Path, model: onnx.ModelProto, network_input: dict[str, Any], output: dict[str, Any], classes: int
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "network.onnx")
    text = json.dumps(manifest_of(folder, network_input, output, classes))
    (folder / "manifest.yaml").write_text(text, encoding="utf-8")
    return folder


def picture_of(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)


@dataclass
class Result:
    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8]
    error: str
    """One line, if the model cannot be used."""


def run(model: Path, picture: NDArray[np.uint8] | None = None) -> Result:
    picture = picture_of() if picture is None else picture
    with TemporaryDirectory() as folder:
        out, raw = Path(folder, "out"), Path(folder, "picture")
        raw.write_bytes(picture.tobytes())
        done = subprocess.run(
            ["node", RUNNER, model, raw, out], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.stderr == ""
        if done.returncode != 0:
            (line,) = done.stdout.splitlines()
            return Result(np.zeros(0, np.uint8), np.zeros(0, np.uint8), line)
        answer = out.read_bytes()
    labels, confidence = np.frombuffer(answer, np.uint8).reshape(2, *picture.shape[:2])
    return Result(labels, confidence, "")
