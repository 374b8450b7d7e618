"""Builds ONNX graphs in which every convolution runs in int8: three forms of one network.

`QLinearWriter` is for the CPU provider of ONNX Runtime: activations are uint8 (after a ReLU zero point 0, else 128),
and the convolutions are written as that provider runs them. `QdqWriter` is for TensorRT: int8 with zero point 0, floats
between pairs of Q and DQ, float biases. `FloatWriter` leaves all rounding out, for comparison.
"""

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from .network import MEAN, SCALE
from .quantised import BIAS_UNIT, SCALE_UNIT, QuantConv, Quantiser

OPSET = 19
DIGITS = "abcdefghijklmnopqrstuvwxyz"


def short_name(number: int) -> str:
    """a, b, ... z, ba, bb, ...: names are a tenth of a graph's bytes."""
    head, last = divmod(number, len(DIGITS))
    return (short_name(head) if head else "") + DIGITS[last]


@dataclass(frozen=True)
class Range:
    """Of an activation: 0 to limit, or -limit to limit if signed."""

    limit: float
    signed: bool

    @staticmethod
    def of(quantiser: Quantiser) -> "Range":
        return Range(float(quantiser.limit), quantiser.signed)


PICTURE = Range(127 * SCALE, signed=True)
"""(pixel - MEAN) * SCALE has steps of SCALE, so the picture's int8 form is exact."""


@dataclass(frozen=True)
class Value:
    """An activation in the graph: uint8 in QLinearWriter, float in the others; and its range."""

    name: str
    range: Range


class OnnxWriter:
    """What all forms share. A form adds `picture`, `rounded`, `floats`, `moved`, `repeated` and `conv`."""

    def __init__(self) -> None:
        self.nodes = []
        self.initialisers = {}
        self.names = 0

    def name(self) -> str:
        self.names += 1
        return short_name(self.names - 1)

    def node(self, kind: str, inputs: list[str], output: str | None = None, name: str = "", **attributes) -> str:
        """Appends a node and gives the name of its only output."""
        output = output or self.name()
        self.nodes.append(helper.make_node(kind, inputs, [output], name, **attributes))
        return output

    def constant(self, value: np.ndarray) -> str:
        """An initialiser; equal ones are shared."""
        value = np.asarray(value)
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.initialisers:
            self.initialisers[key] = numpy_helper.from_array(value, self.name())
        return self.initialisers[key].name

    def convolve(self, kind: str, inputs: list[str], unit: QuantConv, name: str) -> str:
        """A node with a unit's strides, padding, dilation and groups; ONNX's defaults are left out."""
        pads, ones = [*unit.padding, *unit.padding], [1, 1]
        attributes = {"strides": (unit.stride, ones), "pads": (pads, [0] * 4), "dilations": (unit.dilation, ones)}
        given = {key: list(value) for key, (value, default) in attributes.items() if list(value) != default}
        if unit.groups > 1:
            given["group"] = unit.groups
        return self.node(kind, inputs, name=name, **given)

    def sum(self, a: Value, b: Value, output: Quantiser) -> Value:
        return self.rounded(self.node("Add", [self.floats(a), self.floats(b)]), Range.of(output))

    def mean(self, x: Value, output: Quantiser) -> Value:
        return self.rounded(self.node("GlobalAveragePool", [self.floats(x)]), Range.of(output))

    def condense(self, x: Value) -> Value:
        return self.moved("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])

    def expand(self, x: Value, size: tuple[int, int], channels: int, wanted: tuple[int, int]) -> Value:
        """Each value to all places of `wanted` (height, width) that lie in its own."""
        sizes = self.constant(np.array([1, channels, *wanted], np.int64))
        return self.moved(
            "Resize", [x, "", "", sizes], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip

    def gate(
        self, values: Value, attention: Value, unit, size: tuple[int, int], channels: int, wanted: tuple[int, int]
    ) -> Value:
        attention = self.rounded(self.node("Sigmoid", [self.floats(attention)]), Range.of(unit.attention))
        attention = self.expand(attention, size, channels, wanted)
        return self.rounded(self.node("Mul", [self.floats(values), self.floats(attention)]), Range.of(unit.output))

    def planes(self, name: str) -> str:
        """uint8 HxWx3 -> uint8 1x3xHxW."""
        planes = self.node("Transpose", [name], perm=[2, 0, 1])
        return self.node("Unsqueeze", [planes, self.constant(np.array([0], np.int64))])

    def model(self, inputs: list, outputs: list, name: str) -> ModelProto:
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.initialisers.values()))
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="attendseg_training", ir_version=9
        )


class FloatWriter(OnnxWriter):
    """Floats throughout: what the int8 forms are compared with."""

    def picture(self, name: str) -> Value:
        floats = self.node("Cast", [self.planes(name)], to=TensorProto.FLOAT)
        floats = self.node("Sub", [floats, self.constant(np.float32(MEAN))])
        return self.rounded(self.node("Mul", [floats, self.constant(np.float32(SCALE))]), PICTURE)

    def rounded(self, name: str, range_: Range) -> Value:
        return Value(name, range_)

    def floats(self, value: Value, output: str | None = None) -> str:
        return value.name

    def moved(self, kind: str, inputs: list, **attributes) -> Value:
        """A node that takes values from one place to another, and so keeps their steps."""
        x, *rest = inputs
        return self.rounded(self.node(kind, [x.name, *rest], **attributes), x.range)

    def repeated(self, value: np.ndarray, times: int) -> str:
        """A constant, repeated along its first axis. TensorRT wants a convolution's kernels written out."""
        return self.constant(np.concatenate([value] * times))

    def weights(self, unit: QuantConv) -> str:
        return self.constant(unit.weight.detach().numpy())

    def conv(self, x: Value, unit: QuantConv, name: str) -> Value:
        inputs = [x.name, self.weights(unit), self.constant(unit.bias.detach().numpy())]
        y = self.convolve("Conv", inputs, unit, name)
        return self.rounded(self.node("Relu", [y]) if unit.relu else y, Range.of(unit.output))


class QdqWriter(FloatWriter):
    """int8 with zero point 0, as TensorRT wants it: Q and DQ behind each step, weights behind a DQ of their own."""

    def zero(self, *size: int) -> str:
        return self.constant(np.zeros(size, np.int8))

    def rounded(self, name: str, range_: Range) -> Value:
        step = [self.constant(np.float32(range_.limit / 127)), self.zero()]
        return Value(self.node("DequantizeLinear", [self.node("QuantizeLinear", [name, *step]), *step]), range_)

    def weights(self, unit: QuantConv) -> str:
        scales = unit.weight_scales().numpy()
        inputs = [self.constant(unit.whole_weights()), self.constant(scales), self.zero(len(scales))]
        return self.node("DequantizeLinear", inputs, axis=0)


class QLinearWriter(OnnxWriter):
    """uint8, as ONNX Runtime's CPU provider runs it, without the detour over floats that it would have to undo.

    The scales of all weights are one tensor of float16, and so are all biases: a third of what they take as float32
    and int32, and half as many names. The numbers are chosen so that nothing is lost (quantised.py). The runtime
    unpacks them once, when it loads the file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dequantised: dict[str, str] = {}
        self.scales: list[np.ndarray] = []
        self.biases: list[np.ndarray] = []
        self.parts: list[tuple[str, str]] = []

    def scale(self, range_: Range) -> np.float32:
        """Of one step. A range from 0 on uses all 256 steps."""
        return np.float32(range_.limit / (127 if range_.signed else 255))

    def step(self, range_: Range) -> list[str]:
        """Scale and zero point."""
        return [self.constant(self.scale(range_)), self.constant(np.uint8(128 if range_.signed else 0))]

    def picture(self, name: str) -> Value:
        """The camera's bytes are the int8 form already."""
        assert MEAN == 128
        return Value(self.planes(name), PICTURE)

    def rounded(self, name: str, range_: Range) -> Value:
        return Value(self.node("QuantizeLinear", [name, *self.step(range_)]), range_)

    def floats(self, value: Value, output: str | None = None) -> str:
        """`output`: what the floats are to be called."""
        if value.name not in self.dequantised:
            name = self.node("DequantizeLinear", [value.name, *self.step(value.range)], output)
            self.dequantised[value.name] = name
        return self.dequantised[value.name]

    def moved(self, kind: str, inputs: list, **attributes) -> Value:
        x, *rest = inputs
        return Value(self.node(kind, [x.name, *rest], **attributes), x.range)

    def expand(self, x: Value, size: tuple[int, int], channels: int, wanted: tuple[int, int]) -> Value:
        """Picks columns, then rows, with the channels last: as they lie in memory, so that whole runs of bytes are
        copied. The runtime's Resize takes six times as long, which was a fifth of the network's time."""
        name = self.node("Transpose", [x.name], perm=[0, 2, 3, 1])
        for axis in (2, 1):
            have, want = size[axis - 1], wanted[axis - 1]
            places = self.constant(np.arange(want, dtype=np.int64) * have // want)
            name = self.node("Gather", [name, places], axis=axis)
        return Value(self.node("Transpose", [name], perm=[0, 3, 1, 2]), x.range)

    def repeated(self, value: np.ndarray, times: int) -> str:
        whole = np.array([times] + [1] * (value.ndim - 1), np.int64)
        return self.node("Tile", [self.constant(value), self.constant(whole)])

    def conv(self, x: Value, unit: QuantConv, name: str) -> Value:
        """Quantising the output clips at zero, so that no ReLU is needed."""
        output = Range.of(unit.output)
        self.scales.append(unit.weight_scales().numpy())
        self.biases.append(unit.whole_bias(self.scale(x.range)))
        self.parts.append((self.name(), self.name()))
        scales, bias = self.parts[-1]
        weights = [self.constant(unit.whole_weights()), scales, self.constant(np.int8(0))]
        inputs = [x.name, *self.step(x.range), *weights, *self.step(output), bias]
        return Value(self.convolve("QLinearConv", inputs, unit, name), output)

    def unpack(self) -> None:
        """Puts in front what turns the two packed tensors into each convolution's scales and biases."""
        rest, self.nodes = self.nodes, []
        sizes = self.constant(np.array([len(part) for part in self.scales], np.int64))
        for i, (parts, unit) in enumerate(((self.scales, SCALE_UNIT), (self.biases, BIAS_UNIT))):
            numbers = np.concatenate(parts).astype(np.float32)
            packed = (numbers / np.float32(unit)).astype(np.float16)
            assert np.array_equal(packed.astype(np.float32) * np.float32(unit), numbers)
            unpacked = self.node("Cast", [self.constant(packed)], to=TensorProto.FLOAT)
            unpacked = self.node("Mul", [unpacked, self.constant(np.float32(unit))])
            if parts is self.biases:
                unpacked = self.node("Cast", [unpacked], to=TensorProto.INT32)
            self.nodes.append(helper.make_node("Split", [unpacked, sizes], [names[i] for names in self.parts], axis=0))
        self.nodes += rest

    def model(self, inputs: list, outputs: list, name: str) -> ModelProto:
        self.unpack()
        return super().model(inputs, outputs, name)


def tensor(name: str, kind: str, shape: list[int]):
    types = {"uint8": TensorProto.UINT8, "float": TensorProto.FLOAT}
    return helper.make_tensor_value_info(name, types[kind], shape)
