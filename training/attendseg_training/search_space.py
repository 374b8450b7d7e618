"""What a search may change of AttendSeg: depth, widths, condensers and strides of each part."""

from dataclasses import dataclass

import optuna

from .latency import LANES
from .network import STAGES, Shape

DILATIONS = {"spread": (1, 2, 4, 8, 1, 2), "near": (1, 1, 1, 1, 1, 1), "far": (1, 2, 4, 8, 4, 2)}
"""Of the blocks at a sixteenth, in order."""


@dataclass(frozen=True)
class Choice:
    """One number of the network, and what it may be."""

    name: str
    values: tuple[int | float | str, ...]


CHOICES = (
    Choice("stem", (12, 16, 24, 32)),
    Choice("width_quarter", (16, 24, 32, 40, 48, 64)),
    Choice("width_eighth", (32, 48, 64, 80, 96, 112)),
    Choice("width_sixteenth", (64, 96, 128, 160, 192)),
    Choice("depth_quarter", (0, 1, 2, 3)),
    Choice("depth_eighth", (1, 2, 3, 4, 5)),
    Choice("depth_sixteenth", (1, 2, 3, 4, 5, 6)),
    Choice("dilations", tuple(DILATIONS)),
    Choice("decoder_fine", (16, 32, 48, 64)),
    Choice("decoder_coarse", (32, 48, 64, 96)),
    Choice("decoder_depth_fine", (0, 1, 2)),
    Choice("decoder_depth_coarse", (0, 1, 2)),
    *(Choice(f"expand_{stage}", (1.5, 2, 3)) for stage in STAGES),
    *(Choice(f"condense_{stage}", (0, 2, 4)) for stage in STAGES),
)


def whole_lanes(channels: int, expand: float) -> float:
    """The ratio next to `expand` at which a block is a whole number of LANES wide: one more channel costs the most."""
    return max(1, round(expand * channels / LANES)) * LANES / channels


def shape_of(values: dict[str, int | float | str], classes: int) -> Shape:
    """The network that the choices describe."""
    depth = values["depth_sixteenth"]
    channels = {
        "refine_eighth": values["decoder_coarse"],
        "refine_quarter": values["decoder_fine"],
        **{stage: values[f"width_{stage}"] for stage in ("quarter", "eighth", "sixteenth")},
    }
    return Shape(
        classes=classes,
        stem=values["stem"],
        widths=(values["width_quarter"], values["width_eighth"], values["width_sixteenth"]),
        depths=(values["depth_quarter"], values["depth_eighth"], depth),
        dilations=DILATIONS[values["dilations"]][:depth],
        decoder=(values["decoder_fine"], values["decoder_coarse"]),
        decoder_depths=(values["decoder_depth_fine"], values["decoder_depth_coarse"]),
        expand=tuple(whole_lanes(channels[stage], values[f"expand_{stage}"]) for stage in STAGES),
        condense=tuple(values[f"condense_{stage}"] for stage in STAGES),
    )


def suggest(trial: optuna.Trial, classes: int) -> Shape:
    """A network that the study's sampler chose."""
    return shape_of({c.name: trial.suggest_categorical(c.name, c.values) for c in CHOICES}, classes)


def _hand_made(stem: int, widths: tuple[int, int, int], decoder: tuple[int, int]) -> dict[str, int | float | str]:
    """The published network's depths and condensers in other widths."""
    quarter, eighth, sixteenth = widths
    return {
        "stem": stem, "width_quarter": quarter, "width_eighth": eighth, "width_sixteenth": sixteenth,
        "depth_quarter": 2, "depth_eighth": 4, "depth_sixteenth": 5, "dilations": "spread",
        "decoder_fine": decoder[0], "decoder_coarse": decoder[1], "decoder_depth_fine": 2, "decoder_depth_coarse": 1,
        **{f"expand_{stage}": 2 for stage in STAGES}, **{f"condense_{stage}": 2 for stage in STAGES},
    }  # fmt: skip


HAND_MADE = (
    _hand_made(24, (48, 96, 160), (64, 96)),
    _hand_made(16, (40, 80, 128), (48, 64)),
    _hand_made(16, (32, 64, 96), (48, 64)),
    _hand_made(12, (24, 48, 64), (32, 48)),
    _hand_made(12, (16, 32, 64), (16, 32)),
)
"""The published network and narrower forms of it, as somebody would make them without a search."""
