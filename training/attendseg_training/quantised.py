"""The int8 form of the network: each unit with its quantisers, in one traced graph.

Two kinds of activation. `unsigned` follows a ReLU: 0 to `limit`. `signed` is everything else, the picture
included: -limit to limit. Weights have seven bits (-63 to 63) for each output channel: on CPUs without VNNI
pairs of unsigned x signed products are added in 16 bits, and 2 * 255 * 64 still fits.
"""

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from .condenser import Condense, ConvUnit, Expand, Gate, GlobalMean, Sum
from .network import AttendSeg

WEIGHT_MAX = 63
SCALE_UNIT, BIAS_UNIT = 2.0**-10, 2.0**15
"""Scales of weights and biases in int32 are multiples, by a float16, of these: what float16 spans then covers them."""
UNITS = (ConvUnit, Sum, Gate, Expand, Condense, GlobalMean, nn.Conv2d)


class Quantiser(nn.Module):
    """Rounds a tensor to int8 steps. While `observing` it learns its range and rounds nothing."""

    def __init__(self, signed: bool):
        super().__init__()
        self.signed = signed
        self.observing = False
        self.register_buffer("limit", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.observing:
            # The largest, averaged over batches. A percentile would clip what only few pixels have: it cost poles
            # three points of IoU.
            high = x.detach().abs().amax()
            self.limit.copy_(high if self.limit == 0 else torch.lerp(self.limit, high, 0.1))
            return x
        low = -128 if self.signed else 0
        return torch.fake_quantize_per_tensor_affine(x, self.scale, torch.zeros_like(self.limit).int(), low, 127)

    @property
    def scale(self) -> Tensor:
        """Of one step of int8."""
        return self.limit / 127


class QuantConv(nn.Module):
    """Convolution with its batch norm folded in, and the quantiser of its output."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d | None, relu: bool):
        super().__init__()
        weight, bias = conv.weight.detach(), conv.bias
        if norm is not None:
            factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weight = weight * factor[:, None, None, None]
            bias = norm.bias - norm.running_mean * factor
        self.weight = nn.Parameter(weight.detach().clone())
        self.bias = nn.Parameter(bias.detach().clone())
        self.stride, self.padding, self.dilation, self.groups = conv.stride, conv.padding, conv.dilation, conv.groups
        self.relu = relu
        self.output = Quantiser(signed=not relu)

    def weight_scales(self) -> Tensor:
        """One for each output channel, of eleven bits."""
        scales = self.weight.detach().abs().amax((1, 2, 3)) / WEIGHT_MAX
        # The smallest still has all its bits as a float16.
        return (scales / SCALE_UNIT).clamp_min(2.0**-14).half().float() * SCALE_UNIT

    def whole_weights(self) -> np.ndarray:
        """int8, OxIxHxW."""
        scales = self.weight_scales()[:, None, None, None]
        return (self.weight.detach() / scales).round().clamp(-WEIGHT_MAX, WEIGHT_MAX).numpy().astype(np.int8)

    def whole_bias(self, step: np.float32) -> np.ndarray:
        """int32 of eleven bits, for inputs with this step. A channel's bias and its error stay in proportion."""
        steps = (self.weight_scales().numpy() * step).astype(np.float64)
        # Channels that are all but dead have tiny scales; their bias must still fit in 32 bits.
        bias = np.rint(np.clip(self.bias.detach().numpy() / steps, -(2.0**30), 2.0**30))
        return ((bias / BIAS_UNIT).astype(np.float16).astype(np.float64) * BIAS_UNIT).astype(np.int32)

    def forward(self, x: Tensor) -> Tensor:
        zeros = torch.zeros(self.weight.shape[0], dtype=torch.int32, device=x.device)
        weight = torch.fake_quantize_per_channel_affine(
            self.weight, self.weight_scales(), zeros, 0, -WEIGHT_MAX, WEIGHT_MAX
        )
        x = functional.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return self.output(functional.relu(x) if self.relu else x)


class QuantSum(Sum):
    def __init__(self):
        super().__init__()
        self.output = Quantiser(signed=True)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.output(super().forward(a, b))


class QuantGate(nn.Module):
    """The gate with its sigmoid, which always has the range 0 to 1."""

    def __init__(self):
        super().__init__()
        self.attention = Quantiser(signed=False)
        self.attention.limit.fill_(1.0)
        self.output = Quantiser(signed=True)

    def forward(self, values: Tensor, attention: Tensor) -> Tensor:
        attention = self.attention(torch.sigmoid(attention)) if not self.output.observing else attention.sigmoid()
        return self.output(values * functional.interpolate(attention, size=values.shape[2:]))


class QuantMean(GlobalMean):
    def __init__(self):
        super().__init__()
        self.output = Quantiser(signed=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.output(super().forward(x))


class UnitTracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        return isinstance(module, UNITS)


def quantised(network: AttendSeg) -> fx.GraphModule:
    """A graph of quantised units with the network's weights: normalised pictures in, logits out."""
    network = network.eval()
    graph = fx.GraphModule(network, UnitTracer().trace(network))
    for node in graph.graph.nodes:
        if node.op != "call_module":
            continue
        unit = graph.get_submodule(node.target)
        replacement = {
            ConvUnit: lambda u: QuantConv(u.conv, u.norm, u.relu),
            nn.Conv2d: lambda u: QuantConv(u, None, False),
            Sum: lambda u: QuantSum(),
            Gate: lambda u: QuantGate(),
            GlobalMean: lambda u: QuantMean(),
        }.get(type(unit))
        if replacement is not None:
            graph.set_submodule(node.target, replacement(unit))
    return graph


def observe(graph: fx.GraphModule, on: bool) -> None:
    """Switches all quantisers between learning their ranges and rounding."""
    for name, module in graph.named_modules():
        if isinstance(module, Quantiser) and not name.endswith(".attention"):
            module.observing = on
            if not on and module.limit == 0:
                # A dead unit gave only zeros. Any range holds those; none would divide by zero.
                module.limit.fill_(1.0)
