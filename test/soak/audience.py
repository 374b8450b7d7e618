"""Who listens to the node during a soak: subscribers that come and go, and what /diagnostics says."""

from __future__ import annotations

import functools
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from raw_data import Recorder
from ros_graph import RVIZ, Graph
from sensor_msgs.msg import CompressedImage, Image

STEP = 3.0
"""Seconds until other outputs are subscribed to."""
STEPS: tuple[tuple[str, ...], ...] = (
    ("mask",),
    ("mask", "overlay"),
    ("mask", "confidence"),
    ("mask", "color_mask", "overlay"),
    ("mask", "mask/compressed"),
    ("confidence",),
    (),
    ("mask", "overlay", "mask/compressed"),
    ("mask",),
    ("mask", "color_mask", "confidence"),
)
"""Again and again, so that every part of a soak has the same load; once in it nobody listens to a camera."""
CYCLE = STEP * len(STEPS)
DROPPED = "dropped: "


class Audience(Graph):
    """Subscribes to outputs of cameras by turns, each camera at another step; writes down what comes."""

    def __init__(self, names: list[str], recorder: Recorder) -> None:
        self._recorder = recorder
        self._subscriptions: dict[str, dict[str, Any]] = {name: {} for name in names}
        self._latencies: list[float] = []
        self._step = 0
        self.masks = 0
        super().__init__()

    def turn(self) -> None:
        """The next step: who is not wanted any more leaves, others come."""
        for number, (camera, listening) in enumerate(self._subscriptions.items()):
            wanted = STEPS[(self._step + number * len(STEPS) // 2) % len(STEPS)]
            for output in [output for output in listening if output not in wanted]:
                self.node.destroy_subscription(listening.pop(output))
                self._recorder.write("event", event="unsubscribe", camera=camera, output=output)
            for output in [output for output in wanted if output not in listening]:
                listening[output] = self._subscribe(camera, output)
                self._recorder.write("event", event="subscribe", camera=camera, output=output)
        self._step += 1

    def write_latencies(self) -> None:
        if self._latencies:
            self._recorder.write("latencies", ms=[round(value, 1) for value in self._latencies])
            self._latencies.clear()

    def _subscribe(self, camera: str, output: str) -> Any:
        kind = CompressedImage if output.endswith("compressed") else Image
        taken = functools.partial(self._take, output == "mask")
        return self.node.create_subscription(kind, f"/{camera}/segmentation/{output}", taken, RVIZ)

    def _take(self, is_mask: bool, message: Image | CompressedImage) -> None:
        if is_mask:
            stamp = message.header.stamp
            self._latencies.append(1000 * (time.time() - stamp.sec - stamp.nanosec / 1e9))
            self.masks += 1

    def _note(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            camera = status.name.rsplit(": /", 1)[-1].removesuffix("/image")
            if camera not in self._subscriptions or "frames received" not in values:
                continue
            drops = {key: int(value) for key, value in values.items() if key.startswith(DROPPED)}
            lost = values["lost in transport"]
            self._recorder.write(
                "report",
                camera=camera,
                received=int(values["frames received"]),
                masks=int(values["masks"]),
                # Those that are 0 are left out: the lines are many.
                dropped={key.removeprefix(DROPPED): count for key, count in drops.items() if count},
                lost=int(lost) if lost.isdigit() else None,
                model=values["model"],
            )
