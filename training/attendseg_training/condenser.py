"""Layers of AttendSeg. Each is a unit that quantises as a whole, so the network knows nothing of int8."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvUnit(nn.Module):
    """Convolution, batch norm and, unless `relu` is off, ReLU. Padding keeps the size at stride 1."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        relu: bool = True,
    ):
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.relu(x, inplace=True) if self.relu else x


def depthwise(channels: int, stride: int = 1, dilation: int = 1) -> ConvUnit:
    """3x3 convolution of each channel by itself."""
    return ConvUnit(channels, channels, 3, stride, dilation, groups=channels)


class Condense(nn.MaxPool2d):
    """Halves height and width (rounding up) around the same centres as a 3x3 convolution of stride 2."""

    def __init__(self):
        super().__init__(3, 2, 1)


class Sum(nn.Module):
    """Sum of two tensors; either may be 1x1 in height and width."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Gate(nn.Module):
    """Values times the sigmoid of their attention; the attention is expanded (nearest) to the values' size.

    The learned scale S of the published condenser is left to the batch norm that follows every gate's
    convolution: the two are the same degree of freedom.
    """

    def forward(self, values: Tensor, attention: Tensor) -> Tensor:
        return values * functional.interpolate(torch.sigmoid(attention), size=values.shape[2:])


class Expand(nn.Module):
    """Nearest-neighbour enlargement to the size of `like`: pixel i comes from floor(i * in / out)."""

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        return functional.interpolate(x, size=like.shape[2:])


class GlobalMean(nn.Module):
    """Mean over height and width: NxCxHxW -> NxCx1x1."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=True)


class Condenser(nn.Module):
    """Visual attention condenser: condense, mix down, embed, mix up, then gate the values at full size.

    Self-attention at a quarter of the pixels and a fraction of the channels, after the attention
    condensers of Wong et al. (arXiv 2104.14623). Without `gates` the attention is added instead, for comparison.
    """

    def __init__(self, channels: int, embedding: int, gates: bool = True):
        super().__init__()
        self.condense = Condense()
        self.down = ConvUnit(channels, embedding)
        self.embed = depthwise(embedding)
        self.mix = ConvUnit(embedding, embedding)
        self.up = ConvUnit(embedding, channels, relu=False)
        self.gate = Gate() if gates else None
        self.expand, self.sum = (None, None) if gates else (Expand(), Sum())

    def forward(self, values: Tensor) -> Tensor:
        attention = self.up(self.mix(self.embed(self.down(self.condense(values)))))
        if self.gate is not None:
            return self.gate(values, attention)
        return self.sum(values, self.expand(attention, values))
