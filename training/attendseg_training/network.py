"""AttendSeg: an encoder to a sixteenth of the picture, a global context, and a decoder to a quarter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from .condenser import Condenser, ConvUnit, Expand, GlobalMean, Sum, depthwise

MEAN, SCALE = 128, 1 / 64
"""The network sees (pixel - MEAN) * SCALE; one mean for all channels keeps the int8 input exact."""


@dataclass(frozen=True)
class Shape:
    """Widths and depths: what a configuration file may change."""

    classes: int = 11
    stem: int = 24
    widths: tuple[int, int, int] = (48, 96, 160)
    depths: tuple[int, int, int] = (2, 4, 5)
    dilations: tuple[int, ...] = (1, 2, 4, 8, 1)
    decoder: tuple[int, int] = (64, 96)
    decoder_depths: tuple[int, int] = (2, 1)
    expand: tuple[float, ...] = (2, 2, 2, 2, 2)
    """how much wider than its stage a block is inside; of the stages in STAGES"""
    condense: tuple[int, ...] = (2, 2, 2, 2, 2)
    """channels of a stage to one of its condensers' embedding; 0: no condensers"""
    attention: Literal["gate", "sum"] = "gate"
    """whether a condenser gates its values, as AttendSeg does, or is only added to them (for comparison)"""


STAGES = ("quarter", "eighth", "sixteenth", "refine_eighth", "refine_quarter")
"""Parts of the network that are made of blocks."""


class Block(nn.Module):
    """Widen, convolve each channel, narrow, gate by a condenser; added to the input."""

    def __init__(self, channels: int, shape: Shape, stage: str, dilation: int = 1):
        super().__init__()
        place = STAGES.index(stage)
        hidden, condense = round(shape.expand[place] * channels), shape.condense[place]
        self.widen = ConvUnit(channels, hidden)
        self.spread = depthwise(hidden, dilation=dilation)
        self.narrow = ConvUnit(hidden, channels, relu=False)
        gates = shape.attention == "gate"
        self.condenser = Condenser(channels, max(1, channels // condense), gates) if condense else None
        self.sum = Sum()

    def forward(self, x: Tensor) -> Tensor:
        values = self.narrow(self.spread(self.widen(x)))
        return self.sum(x, values if self.condenser is None else self.condenser(values))


class Shrink(nn.Sequential):
    """Halves height and width: widen, convolve each channel at stride 2, narrow."""

    def __init__(self, inputs: int, outputs: int, hidden: int):
        super().__init__(ConvUnit(inputs, hidden), depthwise(hidden, stride=2), ConvUnit(hidden, outputs, relu=False))


class Refine(nn.Module):
    """Brings the coarse features to the size of the fine ones and adds both."""

    def __init__(self, coarse: int, fine: int, outputs: int, depth: int, shape: Shape, stage: str):
        super().__init__()
        self.coarse = ConvUnit(coarse, outputs, relu=False)
        self.fine = ConvUnit(fine, outputs, relu=False)
        self.expand = Expand()
        self.sum = Sum()
        self.blocks = nn.Sequential(*[Block(outputs, shape, stage) for _ in range(depth)])

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        fine = self.fine(fine)
        return self.blocks(self.sum(self.expand(self.coarse(coarse), fine), fine))


class AttendSeg(nn.Module):
    """NCHW float pictures, normalised -> logits at a quarter of the size.

    In training mode the logits of two auxiliary heads (1/8 and 1/16) come with them.
    """

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        quarter, eighth, sixteenth = shape.widths
        fine, coarse = shape.decoder
        self.stem = ConvUnit(3, shape.stem, 3, 2)
        self.quarter = nn.Sequential(
            ConvUnit(shape.stem, quarter, 3, 2),
            *[Block(quarter, shape, "quarter") for _ in range(shape.depths[0])],
        )
        self.eighth = nn.Sequential(
            Shrink(quarter, eighth, 3 * quarter),
            *[Block(eighth, shape, "eighth") for _ in range(shape.depths[1])],
        )
        self.sixteenth = nn.Sequential(
            Shrink(eighth, sixteenth, 2 * eighth),
            *[Block(sixteenth, shape, "sixteenth", d) for d in shape.dilations[: shape.depths[2]]],
        )
        self.mean = GlobalMean()
        self.context = ConvUnit(sixteenth, sixteenth)
        self.sum = Sum()
        self.refine_eighth = Refine(sixteenth, eighth, coarse, shape.decoder_depths[1], shape, "refine_eighth")
        self.refine_quarter = Refine(coarse, quarter, fine, shape.decoder_depths[0], shape, "refine_quarter")
        self.smooth = depthwise(fine)
        self.head = nn.Conv2d(fine, shape.classes, 1)
        self.aux_eighth = nn.Conv2d(coarse, shape.classes, 1)
        self.aux_sixteenth = nn.Conv2d(sixteenth, shape.classes, 1)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        quarter = self.quarter(self.stem(x))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        sixteenth = self.sum(sixteenth, self.context(self.mean(sixteenth)))
        coarse = self.refine_eighth(sixteenth, eighth)
        logits = self.head(self.smooth(self.refine_quarter(coarse, quarter)))
        if self.training:
            return logits, self.aux_eighth(coarse), self.aux_sixteenth(sixteenth)
        return logits


def normalise(pictures: Tensor) -> Tensor:
    """Nx3xHxW uint8 or float in 0..255 -> the network's input."""
    return (pictures.float() - MEAN) * SCALE


def enlarge(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Logits at a quarter of the picture -> logits for each pixel (bilinear, half-pixel centres)."""
    return functional.interpolate(logits, size=size, mode="bilinear", align_corners=False)


def count_parameters(network: AttendSeg) -> int:
    """Parameters that the exported network has: auxiliary heads left out, batch norms folded (one bias each)."""
    total = 0
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d) and not name.startswith("aux_"):
            total += module.weight.numel() + module.out_channels
    return total


Watcher = Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]
"""Is told a module, its inputs and its output."""


def watch(network: AttendSeg, size: tuple[int, int], watched: Iterable[tuple[nn.Module, Watcher]]) -> None:
    """Runs one picture of height x width `size`; each watcher is told of its module's part in that."""
    hooks = [module.register_forward_hook(watcher) for module, watcher in watched]
    was_training = network.training
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, *size))
    network.train(was_training)
    for hook in hooks:
        hook.remove()


def macs_of(conv: nn.Conv2d, output: Tensor) -> int:
    """Multiply-accumulates of a convolution that made `output` of one picture."""
    return conv.weight.numel() * output.shape[2] * output.shape[3]


def count_macs(network: AttendSeg, height: int, width: int) -> int:
    """Multiply-accumulates of all convolutions for one picture of this size."""
    total = 0

    def add(conv: nn.Conv2d, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += macs_of(conv, output)

    watch(network, (height, width), [(m, add) for m in network.modules() if isinstance(m, nn.Conv2d)])
    return total
