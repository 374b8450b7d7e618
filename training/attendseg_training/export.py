"""python -m attendseg_training.export CONFIG -r RUN -o models/NAME: the ONNX files and their manifest."""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from torch import fx

from .condenser import Condense, Expand
from .config import Config, read_config
from .network import MEAN, SCALE, AttendSeg
from .onnx_writer import OnnxWriter, Range, Value, tensor
from .quantised import QuantConv, QuantGate, QuantMean, QuantSum, quantised

PICTURE = Range(127 * SCALE, signed=True)


def write_units(writer: OnnxWriter, graph: fx.GraphModule, picture: Value, size: tuple[int, int]) -> Value:
    """Writes the network's units; gives the logits."""
    shapes = {}

    class Shapes(fx.Interpreter):
        def run_node(self, node):
            result = super().run_node(node)
            shapes[node] = tuple(result.shape)
            return result

    with torch.no_grad():
        Shapes(graph).run(torch.zeros(1, 3, *size))
    values: dict[fx.Node, Value] = {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            values[node] = picture
        elif node.op == "output":
            return values[node.args[0]]
        else:
            unit = graph.get_submodule(node.target)
            first, *rest = [values[argument] for argument in node.args]
            channels, shape = shapes[node][1], shapes[node][2:]
            match unit:
                case QuantConv():
                    values[node] = writer.conv(first, unit)
                case QuantSum():
                    values[node] = writer.sum(first, rest[0], unit)
                case QuantGate():
                    values[node] = writer.gate(first, rest[0], unit, channels, shape)
                case QuantMean():
                    values[node] = writer.mean(first, unit)
                case Condense():
                    values[node] = writer.condense(first)
                case Expand():
                    values[node] = writer.expand(first, channels, shape)
                case _:
                    raise TypeError(f"no ONNX form of {type(unit).__name__}")
    raise ValueError("the graph has no output")


def write_input(writer: OnnxWriter, name: str) -> Value:
    """uint8 HxWx3 -> the normalised picture, 1x3xHxW. For u8 the camera's bytes are the int8 form already."""
    planes = writer.node("Transpose", [name], perm=[2, 0, 1])
    planes = writer.node("Unsqueeze", [planes, writer.constant(np.array([0], np.int64))])
    if writer.form == "u8":
        scale, zero = (writer.constant(np.asarray(value)) for value in writer.step(PICTURE))
        return Value(writer.node("DequantizeLinear", [planes, scale, zero]), PICTURE)
    floats = writer.node("Cast", [planes], to=onnx.TensorProto.FLOAT)
    floats = writer.node("Sub", [floats, writer.constant(np.float32(MEAN))])
    return writer.rounded(writer.node("Mul", [floats, writer.constant(np.float32(SCALE))]), PICTURE)


def write_output(writer: OnnxWriter, logits: Value, classes: int, size: tuple[int, int], temperature: float) -> None:
    """Logits at a quarter -> class ids and confidence, both uint8 HxW.

    The confidence is the softmax of the winner at half the picture's size, enlarged: at full size it would take
    as long as a fifth of the network.
    """
    height, width = size

    def enlarge(name: str, channels: int, rows: int, columns: int) -> str:
        sizes = writer.constant(np.array([1, channels, rows, columns], np.int64))
        return writer.node(
            "Resize", [name, "", "", sizes], mode="linear", coordinate_transformation_mode="half_pixel"
        )

    full = enlarge(logits.name, classes, height, width)
    ids = writer.node("ArgMax", [full], axis=1, keepdims=0)
    ids = writer.node("Squeeze", [ids, writer.constant(np.array([0], np.int64))])
    writer.nodes.append(onnx.helper.make_node("Cast", [ids], ["labels"], "labels", to=onnx.TensorProto.UINT8))

    half = enlarge(logits.name, classes, height // 2, width // 2)
    cooled = writer.node("Mul", [half, writer.constant(np.float32(1 / temperature))])
    shares = writer.node("Softmax", [writer.node("Transpose", [cooled], perm=[0, 2, 3, 1])], axis=-1)
    top = writer.node("ReduceMax", [shares, writer.constant(np.array([3], np.int64))], keepdims=0)
    top = writer.node("Unsqueeze", [top, writer.constant(np.array([0], np.int64))])
    top = enlarge(top, 1, height, width)
    steps = writer.node("Mul", [top, writer.constant(np.float32(255))])
    steps = writer.node("Add", [steps, writer.constant(np.float32(0.5))])
    steps = writer.node("Clip", [steps, writer.constant(np.float32(0)), writer.constant(np.float32(255))])
    steps = writer.node("Squeeze", [steps, writer.constant(np.array([0, 1], np.int64))])
    writer.nodes.append(
        onnx.helper.make_node("Cast", [steps], ["confidence"], "confidence", to=onnx.TensorProto.UINT8)
    )


def export(graph: fx.GraphModule, form: str, classes: int, size: tuple[int, int], name: str, temperature: float):
    writer = OnnxWriter(form)
    logits = write_units(writer, graph, write_input(writer, "image"), size)
    write_output(writer, logits, classes, size, temperature)
    height, width = size
    model = writer.model(
        [tensor("image", "uint8", [height, width, 3])],
        [tensor("labels", "uint8", [height, width]), tensor("confidence", "uint8", [height, width])],
        name,
        {"form": form},
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def load_quantised(config: Config, run: Path) -> fx.GraphModule:
    graph = quantised(AttendSeg(config.shape))
    state = torch.load(run / "quantised.pt", map_location="cpu", weights_only=True)
    graph.load_state_dict(state["graph"])
    return graph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-r", "--run", required=True, type=Path, help="folder with quantised.pt")
    parser.add_argument("-o", "--out", required=True, type=Path, help="folder for the model")
    parser.add_argument("--fp32", type=Path, help="also write the float form to this file, for comparison")
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    graph = load_quantised(config, arguments.run)
    arguments.out.mkdir(parents=True, exist_ok=True)
    files = {}
    for key, form, suffix in (("cpu", "u8", "cpu_u8"), ("tensorrt", "s8", "trt_s8")):
        file = arguments.out / f"{config.name}_{suffix}.onnx"
        model = export(graph, form, config.shape.classes, config.size, config.name, config.temperature)
        file.write_bytes(model.SerializeToString())
        files[key] = {"path": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    if arguments.fp32:
        model = export(graph, "fp32", config.shape.classes, config.size, config.name, config.temperature)
        arguments.fp32.write_bytes(model.SerializeToString())
    height, width = config.size
    manifest = {
        "name": config.name,
        "description": config.description,
        "training_data": config.training_data,
        "licence": config.licence,
        "input": {"layout": "hwc_uint8", "name": "image", "width": width, "height": height},
        "output": {"kind": "labels", "labels": "labels", "confidence": "confidence"},
        "files": files,
        "classes": [{"name": name, "color": color} for name, color in config.classes.items()],
    }
    text = yaml.safe_dump(manifest, sort_keys=False, default_flow_style=None, width=110)
    (arguments.out / "manifest.yaml").write_text(text)


if __name__ == "__main__":
    main()
