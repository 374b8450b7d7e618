"""A narrower network from a wide one: of each tensor the channels that matter most, of the depth what both have."""

from pathlib import Path

import torch
from torch import Tensor

from .config import Config
from .network import AttendSeg
from .weights import check_classes, published_file, read_published

IMAGE, CLASSES = "image", "classes"
"""Ends of the network: all of their channels are kept, in their order."""

STREAMS = {
    "quarter": "quarter",
    "eighth": "eighth",
    "sixteenth": "sixteenth",
    "refine_eighth": "coarse",
    "refine_quarter": "fine",
}
"""Which channels the blocks of a part add to."""

ENDS = {
    "stem": (IMAGE, "stem"),
    "quarter.0": ("stem", "quarter"),
    "eighth.0.0": ("quarter", "eighth.0"),
    "eighth.0.1": ("eighth.0", "eighth.0"),
    "eighth.0.2": ("eighth.0", "eighth"),
    "sixteenth.0.0": ("eighth", "sixteenth.0"),
    "sixteenth.0.1": ("sixteenth.0", "sixteenth.0"),
    "sixteenth.0.2": ("sixteenth.0", "sixteenth"),
    "context": ("sixteenth", "sixteenth"),
    "refine_eighth.coarse": ("sixteenth", "coarse"),
    "refine_eighth.fine": ("eighth", "coarse"),
    "refine_quarter.coarse": ("coarse", "fine"),
    "refine_quarter.fine": ("quarter", "fine"),
    "smooth": ("fine", "fine"),
    "head": ("fine", CLASSES),
    "aux_eighth": ("coarse", CLASSES),
    "aux_sixteenth": ("sixteenth", CLASSES),
}
"""Which channels a convolution reads and which it makes; all that add to each other have one name."""


def ends_of(state: dict[str, Tensor]) -> dict[str, tuple[str, str]]:
    """ENDS, and those within the blocks that a network's tensors tell of."""
    ends = dict(ENDS)
    for block in (name.removesuffix(".widen.conv.weight") for name in state if name.endswith(".widen.conv.weight")):
        stream, inside = STREAMS[block.split(".")[0]], f"{block}.inside"
        ends |= {
            f"{block}.widen": (stream, inside),
            f"{block}.spread": (inside, inside),
            f"{block}.narrow": (inside, stream),
            f"{block}.condenser.down": (stream, f"{block}.down"),
            f"{block}.condenser.embed": (f"{block}.down", f"{block}.down"),
            f"{block}.condenser.mix": (f"{block}.down", f"{block}.mix"),
            f"{block}.condenser.up": (f"{block}.mix", stream),
        }
    return ends


def weight_of(state: dict[str, Tensor], conv: str) -> Tensor | None:
    """Of a convolution with or without a batch norm: outputs x inputs x rows x columns."""
    return state.get(f"{conv}.conv.weight", state.get(f"{conv}.weight"))


def is_depthwise(weight: Tensor) -> bool:
    return weight.shape[1] == 1


def strength(state: dict[str, Tensor], ends: dict[str, tuple[str, str]], stream: str) -> Tensor:
    """For each channel of a stream: how much is written to it, times how much is made of it."""
    weights = {conv: weight for conv in ends if (weight := weight_of(state, conv)) is not None}
    mixing = [conv for conv, weight in weights.items() if not is_depthwise(weight)]
    norms = [f"{conv}.norm" for conv in mixing if ends[conv][1] == stream]
    written = sum(state[f"{norm}.weight"] ** 2 + state[f"{norm}.bias"] ** 2 for norm in norms)
    return written * sum(weights[conv].square().sum((0, 2, 3)) for conv in mixing if ends[conv][0] == stream)


def kept_channels(
    wide: dict[str, Tensor], narrow: dict[str, Tensor], ends: dict[str, tuple[str, str]]
) -> dict[str, Tensor]:
    """By stream, the wide network's channels that the narrow one begins with, in their order."""
    kept = {IMAGE: torch.arange(3)}
    for conv, (_, target) in ends.items():
        own, other = weight_of(narrow, conv), weight_of(wide, conv)
        if own is None or other is None or target in kept:
            continue
        if target == CLASSES or len(own) >= len(other):
            kept[target] = torch.arange(len(other))
        else:
            kept[target] = strength(wide, ends, target).topk(len(own)).indices.sort().values
    return kept


def slim(wide: dict[str, Tensor], narrow: dict[str, Tensor]) -> dict[str, Tensor]:
    """
    The narrow network's tensors with the wide one's values where both have them; the rest stay as they are. A narrow
    network may be wider in places: there the wide one's channels come first.
    """
    ends = ends_of(narrow)
    kept = kept_channels(wide, narrow, ends)
    found = {name: tensor.clone() for name, tensor in narrow.items()}
    for conv, (source, target) in ends.items():
        own, other = weight_of(found, conv), weight_of(wide, conv)
        if own is None or other is None:
            continue
        rows = kept[target]
        columns = torch.arange(1) if is_depthwise(own) else kept[source]
        own[: len(rows), : len(columns)] = other[rows][:, columns]
        norm = (f"{conv}.norm.{part}" for part in ("weight", "bias", "running_mean", "running_var"))
        for name in (f"{conv}.bias", *norm):
            if name in found:
                found[name][: len(rows)] = wide[name][rows]
    return found


def slim_from(path: Path, network: AttendSeg, config: Config) -> str:
    """Lets a network begin as a published one of the same classes, slimmed; says so in a line. Raises ValueError."""
    path = published_file(path)
    wide, names = read_published(path)
    check_classes(path, names, config)
    own = network.state_dict()
    for conv in ENDS:
        weight, other = weight_of(own, conv), weight_of(wide, conv)
        if weight is None or other is None or other.shape[2:] != weight.shape[2:]:
            raise ValueError(f"{path}: lacks {conv} of this network's kind; give a model or a run of this project")
    network.load_state_dict(slim(wide, own))
    return f"starts from the strongest channels of {path}"
