"""python -m attendseg_training.export CONFIG -w WEIGHTS -o models/NAME: the ONNX files and their manifest."""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from torch import fx

from .condenser import Condense, Expand
from .config import Config, read_config
from .onnx_writer import FloatWriter, OnnxWriter, QdqWriter, QLinearWriter, Value, tensor
from .quantise import Quantised, read_quantised
from .quantised import QuantConv, QuantGate, QuantMean, QuantSum
from .weights import publish_weights, read_weights

LOGITS = "logits"
"""The tensor in the CPU's file that class ids and confidence are made of: the node ends the graph there."""

FORMS = {"cpu": ("cpu_u8", QLinearWriter), "tensorrt": ("trt_s8", QdqWriter)}
"""By the manifest's key: end of the file's name, and what writes it."""


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
            channels, wanted = shapes[node][1], shapes[node][2:]
            match unit:
                case QuantConv():
                    values[node] = writer.conv(first, unit, node.target)
                case QuantSum():
                    values[node] = writer.sum(first, rest[0], unit.output)
                case QuantGate():
                    values[node] = writer.gate(first, rest[0], unit, shapes[node.args[1]][2:], channels, wanted)
                case QuantMean():
                    values[node] = writer.mean(first, unit.output)
                case Condense():
                    values[node] = writer.condense(first)
                case Expand():
                    values[node] = writer.expand(first, shapes[node.args[0]][2:], channels, wanted)
                case _:
                    raise TypeError(f"no ONNX form of {type(unit).__name__}")
    raise ValueError("the graph has no output")


def write_output(writer: OnnxWriter, logits: str, classes: int, size: tuple[int, int], temperature: float) -> None:
    """Float logits at a quarter -> class ids and confidence, both uint8 HxW.

    Bilinear enlargement by four is a fixed convolution with sixteen outputs, one for each place within the four
    by four pixels. The winner is found before the places are put side by side, so only bytes are moved; Resize
    and ArgMax on whole pictures take a fifth of the network's time. The confidence is the winner's softmax at
    every other pixel, enlarged.
    """
    height, width = size
    rows, columns = height // 4, width // 4

    def whole(*values: int) -> str:
        return writer.constant(np.array(values, np.int64))

    steps = np.array([[0.375, 0.625, 0], [0.125, 0.875, 0], [0, 0.875, 0.125], [0, 0.625, 0.375]], np.float32)
    kernels = np.einsum("ai,bj->abij", steps, steps).reshape(16, 1, 3, 3)
    edged = writer.node("Pad", [logits, whole(0, 0, 1, 1, 0, 0, 1, 1)], mode="edge")
    places = writer.node("Conv", [edged, writer.repeated(kernels, classes)], name="enlarge", group=classes)
    places = writer.node("Reshape", [places, whole(classes, 16, rows, columns)])

    ids = writer.node("Cast", [writer.node("ArgMax", [places], axis=0, keepdims=0)], to=onnx.TensorProto.UINT8)
    ids = writer.node("Reshape", [ids, whole(4, 4, rows, columns)])
    ids = writer.node("Transpose", [ids], perm=[2, 0, 3, 1])
    writer.node("Reshape", [ids, whole(height, width)], "labels")

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
    writer.node("Reshape", [top, whole(height, width)], "confidence")


def export(network: Quantised, writer: OnnxWriter, classes: int, size: tuple[int, int], name: str) -> onnx.ModelProto:
    """The whole graph, for pictures of height x width `size`, which must be multiples of four."""
    logits = write_units(writer, network.graph, writer.picture("image"), size)
    write_output(writer, writer.floats(logits, LOGITS), classes, size, network.temperature)
    height, width = size
    model = writer.model(
        [tensor("image", "uint8", [height, width, 3])],
        [tensor("labels", "uint8", [height, width]), tensor("confidence", "uint8", [height, width])],
        name,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def export_logits(network: Quantised, writer: OnnxWriter, classes: int, size: tuple[int, int]) -> onnx.ModelProto:
    """The part of `export`'s graph that the node runs: it ends the CPU's file at the float logits, 1xCxH/4xW/4."""
    height, width = size
    logits = writer.floats(write_units(writer, network.graph, writer.picture("image"), size), LOGITS)
    return writer.model(
        [tensor("image", "uint8", [height, width, 3])],
        [tensor(logits, "float", [1, classes, height // 4, width // 4])],
        "logits",
    )


def size_of(text: str) -> tuple[int, int]:
    """WIDTHxHEIGHT -> height and width."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()) or min(int(width), int(height)) < 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, as 640x480, of at least 64x64")
    if int(width) % 4 or int(height) % 4:
        raise argparse.ArgumentTypeError(f"{text}: width and height must be multiples of four")
    return int(height), int(width)


def write_model(config: Config, network: Quantised, size: tuple[int, int], out: Path) -> None:
    """Files for each kind of provider, and the manifest, in the folder `out`."""
    height, width = size
    name = config.name if size == config.size else f"{config.name}_{width}x{height}"
    out.mkdir(parents=True, exist_ok=True)
    files = {}
    for key, (suffix, writer) in FORMS.items():
        file = out / f"{name}_{suffix}.onnx"
        file.write_bytes(export(network, writer(), config.shape.classes, size, name).SerializeToString())
        files[key] = {"path": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        print(f"{file}: {file.stat().st_size:,} bytes")
    files["cpu"]["before_argmax"] = {
        "logits": LOGITS, "layout": "nchw", "temperature": round(network.temperature, 4),
    }  # fmt: skip
    manifest = {
        "name": name,
        "description": f"{config.description}, {width}x{height}",
        "training_data": config.training_data,
        "licence": config.licence,
        "input": {"layout": "hwc_uint8", "name": "image", "width": width, "height": height},
        "output": {"kind": "labels", "labels": "labels", "confidence": "confidence"},
        "files": files,
        "classes": [{"name": name, "color": color} for name, color in config.classes.items()],
    }
    text = yaml.safe_dump(manifest, sort_keys=False, default_flow_style=None, width=110)
    (out / "manifest.yaml").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument(
        "-w", "--weights", required=True, type=Path,
        help="what `quantise` wrote; a float state dict or the folder of a run is quantised first, by ranges",
    )  # fmt: skip
    parser.add_argument("-o", "--out", required=True, type=Path, help="folder for the model")
    parser.add_argument("--size", type=size_of, metavar="WxH", help="of the input, instead of the configuration's")
    parser.add_argument("--fp32", type=Path, help="also write the float form to this file, for comparison")
    parser.add_argument("--float-weights", type=Path, metavar="WEIGHTS", help="also write these as weights.pt")
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config)
        network = read_quantised(arguments.weights, config)
        floats = arguments.float_weights and read_weights(arguments.float_weights, config)
    except ValueError as error:
        sys.exit(str(error))
    size = arguments.size or config.size
    write_model(config, network, size, arguments.out)
    if floats:
        publish_weights(floats, config, arguments.out / "weights.pt")
    if arguments.fp32:
        model = export(network, FloatWriter(), config.shape.classes, size, config.name)
        arguments.fp32.parent.mkdir(parents=True, exist_ok=True)
        arguments.fp32.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
