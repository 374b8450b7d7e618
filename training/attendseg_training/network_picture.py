"""A network as a picture: its parts in their order, how wide each is and what it costs."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import Patch
from torch import Tensor, nn

from .network import AttendSeg, Block, Shape, macs_of, watch

STAGED = ("quarter", "eighth", "sixteenth")
"""Parts that are shown block by block."""
ORDER = ("stem", *STAGED, "refine_eighth", "refine_quarter", "smooth", "head")
COLOURS = {2: "#7b6fd0", 4: "#2a9d8f", 8: "#e9a23b", 16: "#d1495b"}
"""By what the picture's height is divided by; others are grey."""


@dataclass
class Part:
    name: str
    condensers: int
    channels: int = 0
    """of what comes out"""
    divisor: int = 1
    macs: int = 0


def is_part(name: str) -> bool:
    first, _, rest = name.partition(".")
    return rest.isdigit() if first in STAGED else name in ORDER


def place_of(name: str) -> tuple[int, int]:
    """Where a part stands: parts in the order of the network, blocks by their numbers."""
    first, _, number = name.partition(".")
    return ORDER.index(first), int(number or 0)


def parts_of(network: AttendSeg, size: tuple[int, int]) -> list[Part]:
    """Of a picture of height x width `size`, from the stem to the head; without the auxiliary heads."""

    def measure(part: Part, _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        part.channels, part.divisor = output.shape[1], round(size[0] / output.shape[2])

    def count(part: Part, conv: nn.Conv2d, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        part.macs += macs_of(conv, output)

    parts, watched = [], []
    for name, module in network.named_modules():
        if is_part(name):
            inner = list(module.modules())
            part = Part(name, sum(isinstance(each, Block) and each.condenser is not None for each in inner))
            parts.append(part)
            watched.append((module, partial(measure, part)))
            watched += [(each, partial(count, part)) for each in inner if isinstance(each, nn.Conv2d)]
    watch(network, size, watched)
    return parts


def draw_network(shape: Shape, size: tuple[int, int], path: Path) -> None:
    """Bars of channels above and of MACs below, a part each; the published network's outlined behind them."""
    own, published = (parts_of(AttendSeg(each), size) for each in (shape, Shape(classes=shape.classes)))
    names = [part.name for part in published]
    names += [part.name for part in own if part.name not in names]
    order = {name: place for place, name in enumerate(sorted(names, key=place_of))}
    figure, (above, below) = plt.subplots(2, 1, figsize=(11, 5.5), layout="constrained", sharex=True)
    for axis, value in ((above, lambda part: part.channels), (below, lambda part: part.macs / 1e6)):
        axis.bar(
            [order[p.name] for p in published], [value(p) for p in published], color="none", edgecolor="#999", ls="--"
        )
        axis.bar(
            [order[p.name] for p in own], [value(p) for p in own], width=0.6,
            color=[COLOURS.get(p.divisor, "#777") for p in own],
        )  # fmt: skip
    for part in own:
        if part.condensers:
            above.annotate("c" * part.condensers, (order[part.name], part.channels), ha="center", va="bottom")
    above.set_ylabel("channels")
    below.set_ylabel("million MACs")
    below.set_xticks(list(order.values()), list(order), rotation=60, ha="right")
    legend = [Patch(color=colour, label=f"1/{divisor} of the picture") for divisor, colour in COLOURS.items()]
    legend.append(Patch(facecolor="none", edgecolor="#999", ls="--", label="the published network"))
    above.legend(handles=legend, ncols=5, fontsize=8, loc="upper left", title="c: a condenser", title_fontsize=8)
    above.set_ylim(top=1.45 * max(part.channels for part in (*own, *published)))
    figure.savefig(path, dpi=110)
    plt.close(figure)
