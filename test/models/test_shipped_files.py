"""The files of the shipped network: small, int8 in every convolution, and nothing lost by being small."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "attendseg_camvid"
U8 = MODEL / "attendseg_camvid_cpu_u8.onnx"
S8 = MODEL / "attendseg_camvid_trt_s8.onnx"
HEIGHT, WIDTH = 360, 480
CONVOLUTIONS = 113
"""Without the fixed one, in float, that enlarges the logits."""
PICTURES = 10


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Raw RGB of the synthetic street."""
    folder = tmp_path_factory.mktemp("street")
    size = f"{WIDTH}x{HEIGHT}"
    command = ["node", ROOT / "street" / "export.mjs", "--out", folder, "--seeds", f"1-{PICTURES}", "--frames", "1"]
    subprocess.run([*map(str, command), "--size", size], check=True, capture_output=True, timeout=240)
    raws = []
    for file in sorted((folder / "image").iterdir()):
        raws.append(file.with_suffix(".raw"))
        raws[-1].write_bytes(np.asarray(Image.open(file).convert("RGB")).tobytes())
    assert len(raws) == PICTURES
    return raws


def run(model: Path, optimised: Path, pictures: list[Path]) -> list[str]:
    """A hash of the outputs for each picture, from the ONNX Runtime that the node uses."""
    command = ["node", Path(__file__).with_name("run_network.mjs"), model, optimised, HEIGHT, WIDTH, *pictures]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initialisers, and what the graph unpacks from them."""
    graph = model.graph
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if not all(name in found for name in node.input):
            break
        nodes.append(node)
        found.update(dict.fromkeys(node.output))
    outputs = [helper.make_empty_tensor_value_info(name) for node in nodes for name in node.output]
    front = helper.make_graph(nodes, "front", [], outputs, graph.initializer)
    values = ReferenceEvaluator(helper.make_model(front, opset_imports=model.opset_import)).run(None, {})
    found.update(zip((output.name for output in outputs), values, strict=True))
    return found


def spelt_out(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same numbers as Q and DQ around float operations, as exporters usually write them."""
    known = constants(model)
    unpacked = {output for node in model.graph.node for output in node.output if output in known}
    steps: dict[str, list[str]] = {}
    nodes, extra = [], {}

    def emit(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def give(name: str, value: np.ndarray) -> str:
        extra[name] = numpy_helper.from_array(value, name)
        return name

    for node in model.graph.node:
        if any(output in unpacked for output in node.output):
            continue
        name = node.output[0]
        if node.op_type == "QLinearConv":
            x, scale, zero, w, w_scales, _, y_scale, y_zero, bias = node.input
            scales = known[w_scales]
            steps[x], steps[name] = [scale, zero], [y_scale, y_zero]
            weights = [w, give(f"{name}_ws", scales), give(f"{name}_wz", np.zeros(len(scales), np.int8))]
            biases = [
                give(f"{name}_b", known[bias]),
                give(f"{name}_bs", scales * known[scale]),
                give(f"{name}_bz", np.zeros(len(scales), np.int32)),
            ]
            inputs = [
                emit("DequantizeLinear", [x, scale, zero], f"{name}_x"),
                emit("DequantizeLinear", weights, f"{name}_w", axis=0),
                emit("DequantizeLinear", biases, f"{name}_bf", axis=0),
            ]
            nodes.append(helper.make_node("Conv", inputs, [f"{name}_y"]))
            nodes[-1].attribute.extend(node.attribute)
            emit("QuantizeLinear", [f"{name}_y", y_scale, y_zero], name)
        elif node.op_type == "MaxPool":
            step = steps[name] = steps[node.input[0]]
            first = emit("DequantizeLinear", [node.input[0], *step], f"{name}_x")
            nodes.append(helper.make_node(node.op_type, [first, *node.input[1:]], [f"{name}_y"]))
            nodes[-1].attribute.extend(node.attribute)
            emit("QuantizeLinear", [f"{name}_y", *step], name)
        else:
            if node.op_type in ("Transpose", "Gather") and node.input[0] in steps:
                steps[name] = steps[node.input[0]]
            if node.op_type == "QuantizeLinear":
                steps[name] = list(node.input[1:])
            nodes.append(node)
    initialisers = [tensor for tensor in model.graph.initializer if tensor.name not in extra]
    assert not any(name in unpacked for node in nodes for name in node.input)
    graph = helper.make_graph(
        nodes, "spelt_out", model.graph.input, model.graph.output, [*initialisers, *extra.values()]
    )
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def test_the_file_is_small() -> None:
    assert U8.stat().st_size <= 1_250_000


def test_small_changes_no_output(pictures: list[Path], tmp_path: Path) -> None:
    large = tmp_path / "spelt_out.onnx"
    onnx.save(spelt_out(onnx.load(U8)), large)
    assert large.stat().st_size > 1.15 * U8.stat().st_size
    ours = run(U8, tmp_path / "a.onnx", pictures)
    assert len(set(ours)) == PICTURES
    assert ours == run(large, tmp_path / "b.onnx", pictures)


def test_the_node_finds_the_labels_of_the_graph(pictures: list[Path]) -> None:
    """It ends the graph before its ArgMax. Where classes all but tie, rounding decides."""
    command = ["node", str(Path(__file__).with_name("labels.mjs")), str(MODEL), *map(str, pictures)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    result = json.loads(done.stdout)
    assert result["nodes"] == {"whole": True, "cut": False}
    assert result["equal"] >= 0.9999
    assert result["confidence"] < 3


def test_every_convolution_runs_in_int8(pictures: list[Path], tmp_path: Path) -> None:
    run(U8, tmp_path / "optimised.onnx", pictures[:1])
    optimised = onnx.load(tmp_path / "optimised.onnx").graph.node
    kinds = Counter(node.op_type for node in optimised)
    assert kinds["QLinearConv"] == CONVOLUTIONS
    assert [node.name for node in optimised if "Conv" in node.op_type and node.op_type != "QLinearConv"] == ["enlarge"]
    assert not kinds["QuantizeLinear"]


def test_tensorrt_finds_int8_around_every_convolution() -> None:
    """It takes a convolution to int8 where both inputs come from a DQ and the output, or its ReLU, goes to a Q."""
    model = onnx.load(S8)
    initialisers = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    source = {output: node for node in model.graph.node for output in node.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    convolutions = [node for node in model.graph.node if node.op_type == "Conv" and node.name != "enlarge"]
    assert len(convolutions) == CONVOLUTIONS
    for node in convolutions:
        x, w = (source[name] for name in node.input[:2])
        assert (x.op_type, w.op_type) == ("DequantizeLinear", "DequantizeLinear"), node.name
        assert source[x.input[0]].op_type == "QuantizeLinear", node.name
        assert initialisers[w.input[0]].dtype == np.int8, node.name
        assert initialisers[w.input[1]].shape == initialisers[w.input[0]].shape[:1], node.name
        assert initialisers[node.input[2]].dtype == np.float32, node.name
        (after,) = readers[node.output[0]]
        if after.op_type == "Relu":
            (after,) = readers[after.output[0]]
        assert after.op_type == "QuantizeLinear", node.name
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            zero = initialisers[node.input[2]]
            assert zero.dtype == np.int8, node.name
            assert not zero.any(), node.name


def test_both_files_pass_the_probe_that_engines_must_pass() -> None:
    """The picture is one that the network is sure of, and a network that is wrong in 2 % of it is refused."""
    command = ["node", str(Path(__file__).parent / "probe.mjs"), str(ROOT / "models" / "attendseg_camvid")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    first, refusal = done.stdout.splitlines()
    result = json.loads(first)
    assert result["agreement"] >= 0.999
    assert result["confident"] > 0.5
    assert "agree on 98.0 % of the pixels that the CPU is sure of, less than 99 %" in refusal
    assert "attendseg engine build --force" in refusal
