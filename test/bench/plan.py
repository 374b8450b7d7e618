"""What `npm run bench` measures, and what is expected of it. Nothing here needs ROS."""

from dataclasses import dataclass, replace
from typing import Literal

from settings import KINDS, Flow

P50, P95, RUN, OUTSIDE = "p50 [ms]", "p95 [ms]", "session run p50 [ms]", "CPU per output outside the run [ms]"


@dataclass(frozen=True)
class Goal:
    """A bound of a measure, or of its ratio to another candidate's."""

    metric: str
    bound: float
    against: Literal["peer", "session"] | None = None
    at_least: bool = False


@dataclass(frozen=True)
class Row:
    """One comparison: `session` and `start` have no flow's figures, `throughput` is beside session runs."""

    section: str
    name: str
    kind: Literal["session", "flow", "throughput", "collections", "start"]
    flow: Flow
    goals: tuple[Goal, ...] = ()
    has_peer: bool = False
    is_once: bool = False
    """Long enough for one round to do."""


def rows(quick: bool) -> list[Row]:
    # V8 compiles what runs often in the first seconds, and robots run for hours.
    seconds, warm_up = (3, 3) if quick else (6, 20)
    small = Flow(640, 480, 15, seconds, warm_up=warm_up)
    middle = Flow(1280, 720, 10, seconds, ("mask", "overlay"), warm_up=warm_up)
    large = Flow(1920, 1080, 10, seconds, ("overlay",), warm_up=warm_up)
    return [
        Row("session", "session runs, back to back", "session", small, (Goal(P50, 1.03, "peer"),), True),
        Row(
            "mask",
            "640x480 mask, 15 Hz",
            "flow",
            small,
            (Goal(P50, 1.0, "peer"), Goal(OUTSIDE, 0.75, "peer")),
            True,
        ),
        Row("720p", "1280x720 mask and overlay, 10 Hz", "flow", middle, (), True),
        Row(
            "1080p",
            "1920x1080 overlay, 10 Hz",
            "flow",
            large,
            (Goal(P50, 0.85, "peer"), Goal(P95, 0.85, "peer"), Goal(OUTSIDE, 0.6, "peer")),
            True,
        ),
        Row(
            "jpeg",
            "1920x1080 JPEG to overlay, 10 Hz",
            "flow",
            replace(large, jpeg=True),
            (Goal(P50, 0.9, "peer"),),
            True,
        ),
        Row(
            "throughput",
            "640x480 masks, fed at 100 Hz",
            "throughput",
            replace(small, rate=100),
            (Goal("per second", 0.95, "session", at_least=True),),
        ),
        Row(
            "gc",
            "full collections, 1920x1080 overlay, 30 Hz",
            "collections",
            replace(large, rate=30, seconds=15 if quick else 60, warm_up=warm_up),
            (Goal("mark-compacts", 0),),
            is_once=True,
        ),
        Row(
            "start",
            "process start to first mask, 640x480",
            "start",
            replace(small, rate=30, seconds=30, warm_up=0.5),
            (Goal("first output [s]", 1.5),),
            True,
        ),
        *(
            Row("outputs", f"640x480 {name}, 10 Hz", "flow", replace(small, rate=10, outputs=kinds))
            for name, kinds in (*((kind, (kind,)) for kind in KINDS), ("with all outputs", KINDS))
        ),
        *(
            Row("cameras", f"{count} x 640x480 mask, 5 Hz each", "flow", replace(small, rate=5, cameras=count))
            for count in (1, 2, 4)
        ),
    ]


def sections() -> list[str]:
    return list(dict.fromkeys(row.section for row in rows(quick=False)))
