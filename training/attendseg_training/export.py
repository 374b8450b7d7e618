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

    Bilinear enlargement by four is a fixed convolution with sixteen outputs, one for each place within the four
    by four pixels. The winner is found before the places are put side by side, so only bytes are moved; Resize
    and ArgMax on whole pictures take a fifth of the network's time. The confidence is the winner's softmax at
    every other pixel, enlarged.
    """
    height, width = size
    rows, columns = height // 4, width // 4
    if (rows * 4, columns * 4) != size:
        raise ValueError(f"{height}x{width}: height and width must be multiples of four")

    def whole(*values: int) -> str:
        return writer.constant(np.array(values, np.int64))

    steps = np.array([[0.375, 0.625, 0], [0.125, 0.875, 0], [0, 0.875, 0.125], [0, 0.625, 0.375]], np.float32)
    kernels = np.einsum("ai,bj->abij", steps, steps).reshape(16, 1, 3, 3)
    edged = writer.node("Pad", [logits.name, whole(0, 0, 1, 1, 0, 0, 1, 1)], mode="edge")
    places = writer.node("Conv", [edged, writer.constant(np.tile(kernels, (classes, 1, 1, 1)))], group=classes)
    places = writer.node("Reshape", [places, whole(classes, 16, rows, columns)])

    ids = writer.node("Cast", [writer.node("ArgMax", [places], axis=0, keepdims=0)], to=onnx.TensorProto.UINT8)
    ids = writer.node("Reshape", [ids, whole(4, 4, rows, columns)])
    ids = writer.node("Transpose", [ids], perm=[2, 0, 3, 1])
    writer.nodes.append(onnx.helper.make_node("Reshape", [ids, whole(height, width)], ["labels"], "labels"))

    some = writer.node("Gather", [places, whole(5, 7, 13, 15)], axis=1)
    some = writer.node("Mul", [some, writer.constant(np.float32(1 / temperature))])
    below = writer.node("Sub", [some, writer.node("ReduceMax", [some, whole(0)], keepdims=1)])
    sums = writer.node("ReduceSum", [writer.node("Exp", [below]), whole(0)], keepdims=0)
    top = writer.node("Reshape", [writer.node("Reciprocal", [sums]), whole(2, 2, rows, columns)])
    top = writer.node(
        "Reshape", [writer.node("Transpose", [top], perm=[2, 0, 3, 1]), whole(1, 1, 2 * rows, 2 * columns)]
    )
    top = writer.node(
        "Resize", [top, "", "", whole(1, 1, height, width)], mode="linear",
        coordinate_transformation_mode="half_pixel",
    )  # fmt: skip
    # Casting truncates, and is undefined beyond a byte.
    top = writer.node(
        "Add", [writer.node("Mul", [top, writer.constant(np.float32(255))]), writer.constant(np.float32(0.5))]
    )
    top = writer.node("Clip", [top, writer.constant(np.float32(0)), writer.constant(np.float32(255))])
    top = writer.node("Cast", [top], to=onnx.TensorProto.UINT8)
    writer.nodes.append(onnx.helper.make_node("Reshape", [top, whole(height, width)], ["confidence"], "confidence"))


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
