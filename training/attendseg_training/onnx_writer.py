"""Builds ONNX graphs in which every convolution runs in int8.

Two forms of one network. `u8`, for the CPU provider of ONNX Runtime: activations are uint8 (after a ReLU zero
point 0, else 128) and biases int32. `s8`, for TensorRT: activations are int8 with zero point 0 and biases float.
`fp32` leaves all rounding out, for comparison.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 19
FORMS = ("u8", "s8", "fp32")


@dataclass(frozen=True)
class Range:
    """Of an activation: 0 to limit, or -limit to limit if signed."""

    limit: float
    signed: bool


@dataclass(frozen=True)
class Value:
    """A float tensor in the graph, with the range that it was rounded to."""

    name: str
    range: Range


class OnnxWriter:
    def __init__(self, form: str):
        self.form = form
        self.nodes = []
        self.initialisers = {}

    def node(self, kind: str, inputs: list[str], **attributes) -> str:
        """Appends a node and gives the name of its only output."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        """An initialiser; equal ones are shared."""
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.initialisers:
            name = f"constant_{len(self.initialisers)}"
            self.initialisers[key] = numpy_helper.from_array(value, name)
        return self.initialisers[key].name

    def step(self, range_: Range) -> tuple[np.ndarray, np.ndarray]:
        """Scale and zero point of an activation in this form."""
        if self.form == "u8" and not range_.signed:
            return np.float32(range_.limit / 255), np.uint8(0)
        return np.float32(range_.limit / 127), np.uint8(128) if self.form == "u8" else np.int8(0)

    def rounded(self, name: str, range_: Range) -> Value:
        """A pair of Q and DQ behind the float tensor `name`."""
        if self.form == "fp32":
            return Value(name, range_)
        scale, zero = (self.constant(np.asarray(value)) for value in self.step(range_))
        q = self.node("QuantizeLinear", [name, scale, zero])
        return Value(self.node("DequantizeLinear", [q, scale, zero]), range_)

    def conv(self, x: Value, unit) -> Value:
        """A QuantConv. In u8 the quantisation itself clips at zero, so it needs no ReLU."""
        weight, scales = unit.weight.detach().numpy(), unit.weight_scales().numpy()
        bias = unit.bias.detach().numpy()
        if self.form == "fp32":
            inputs = [x.name, self.constant(weight), self.constant(bias)]
        else:
            whole = np.clip(np.rint(weight / scales[:, None, None, None]), -63, 63).astype(np.int8)
            weights = [self.constant(whole), self.constant(scales), self.constant(np.zeros(len(scales), np.int8))]
            inputs = [x.name, self.node("DequantizeLinear", weights, axis=0)]
            if self.form == "u8":
                bias_scales = (scales * self.step(x.range)[0]).astype(np.float32)
                # Channels that are all but dead have tiny scales; their bias must still fit in 32 bits.
                whole = np.clip(np.rint(bias / bias_scales.astype(np.float64)), -(2**31), 2**31 - 1).astype(np.int32)
                biases = [
                    self.constant(whole),
                    self.constant(bias_scales),
                    self.constant(np.zeros(len(scales), np.int32)),
                ]
                inputs.append(self.node("DequantizeLinear", biases, axis=0))
            else:
                inputs.append(self.constant(bias))
        y = self.node(
            "Conv", inputs, kernel_shape=list(weight.shape[2:]), strides=list(unit.stride),
            pads=[*unit.padding, *unit.padding], dilations=list(unit.dilation), group=unit.groups,
        )  # fmt: skip
        if unit.relu and self.form != "u8":
            y = self.node("Relu", [y])
        return self.rounded(y, range_of(unit.output))

    def sum(self, a: Value, b: Value, unit) -> Value:
        return self.rounded(self.node("Add", [a.name, b.name]), range_of(unit.output))

    def mean(self, x: Value, unit) -> Value:
        return self.rounded(self.node("GlobalAveragePool", [x.name]), range_of(unit.output))

    def condense(self, x: Value) -> Value:
        pooled = self.node("MaxPool", [x.name], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        return self.rounded(pooled, x.range)

    def expand(self, x: Value, channels: int, size: tuple[int, int]) -> Value:
        sizes = self.constant(np.array([1, channels, *size], np.int64))
        enlarged = self.node(
            "Resize", [x.name, "", "", sizes], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        return self.rounded(enlarged, x.range)

    def gate(self, values: Value, attention: Value, unit, channels: int, size: tuple[int, int]) -> Value:
        attention = self.rounded(self.node("Sigmoid", [attention.name]), range_of(unit.attention))
        attention = self.expand(attention, channels, size)
        return self.rounded(self.node("Mul", [values.name, attention.name]), range_of(unit.output))

    def model(self, inputs: list, outputs: list, name: str, metadata: dict[str, str]):
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.initialisers.values()))
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="attendseg_training", ir_version=9
        )
        helper.set_model_props(model, metadata)
        return model


def range_of(quantiser) -> Range:
    return Range(float(quantiser.limit), quantiser.signed)


def tensor(name: str, kind: str, shape: list[int]):
    types = {"uint8": TensorProto.UINT8, "float": TensorProto.FLOAT}
    return helper.make_tensor_value_info(name, types[kind], shape)
