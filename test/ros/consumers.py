"""What Nav2's semantic_segmentation_layer and nvblox do with the node's messages, as far as it can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pictures import Bytes
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_graph import Graph, Stamp, stamp_of
from sensor_msgs.msg import CameraInfo, Image
from vision_msgs.msg import LabelInfo

SENSOR_DATA = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT, durability=DurabilityPolicy.VOLATILE)
LATCHED = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.VOLATILE)

NANOSECONDS = 1_000_000_000


def nanoseconds(stamp: Stamp) -> int:
    return stamp[0] * NANOSECONDS + stamp[1]


class Synchronizer:
    """Hands over one message of each topic: of the same stamp, or of stamps that are at most `slop` ns apart."""

    def __init__(self, topics: int, call: Callable[..., None], slop: int) -> None:
        self._queues: list[dict[int, Any]] = [{} for _ in range(topics)]
        self._call = call
        self._slop = slop

    def take(self, topic: int) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            at = nanoseconds(stamp_of(message))
            self._queues[topic][at] = message
            nearest = [min(queue, key=lambda other: abs(other - at), default=None) for queue in self._queues]
            if any(other is None or abs(other - at) > self._slop for other in nearest):
                return
            self._call(*(queue.pop(key) for queue, key in zip(self._queues, nearest, strict=True)))

        return take


@dataclass
class Observation:
    """What the layer makes of a frame: a cost for each point of the cloud, -1 where it has none."""

    mask: Image
    confidence: Image
    costs: Bytes


@dataclass
class Nav2Layer:
    """The layer: knows classes by name, ids from label_info only, and looks points up at data[v * width + u]."""

    graph: Graph
    outputs: str
    costs: dict[str, int]
    """Of the class names in its parameters."""
    slop: int = 0
    """Nanoseconds by which the stamps of mask and confidence may differ."""
    label_infos: list[LabelInfo] = field(default_factory=list)
    critical: list[str] = field(default_factory=list)
    """Names in label_info that its parameters lack."""
    masks: list[Image] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cost_of_id: dict[int, int] = {}
        pairs = Synchronizer(2, self._observe, self.slop)
        node = self.graph.node
        take_mask = pairs.take(0)

        def mask(message: Image) -> None:
            self.masks.append(message)
            take_mask(message)

        self._subscriptions = [
            node.create_subscription(Image, f"{self.outputs}/mask", mask, SENSOR_DATA),
            node.create_subscription(Image, f"{self.outputs}/confidence", pairs.take(1), SENSOR_DATA),
            node.create_subscription(LabelInfo, f"{self.outputs}/label_info", self._learn, LATCHED),
        ]

    def close(self) -> None:
        for subscription in self._subscriptions:
            self.graph.node.destroy_subscription(subscription)

    def _learn(self, info: LabelInfo) -> None:
        self.label_infos.append(info)
        named = {entry.class_id: entry.class_name for entry in info.class_map}
        self.critical += [name for name in named.values() if name not in self.costs]
        self._cost_of_id = {key: self.costs[name] for key, name in named.items() if name in self.costs}

    def _observe(self, mask: Image, confidence: Image) -> None:
        assert self._cost_of_id, "a mask before label_info: the layer drops it"
        lut = np.array([self._cost_of_id.get(value, -1) for value in range(256)])
        v, u = np.mgrid[0 : mask.height, 0 : mask.width]
        at = v * mask.width + u
        costs = lut[np.frombuffer(mask.data, np.uint8)[at]]
        # With confidence 0 a pixel loses against every other in its tile.
        assert np.frombuffer(confidence.data, np.uint8)[at].shape == costs.shape
        self.observations.append(Observation(mask, confidence, costs))


class Nvblox:
    """Takes mask and camera_info of one stamp; nvblox ends where their sizes differ, which is noted here."""

    def __init__(self, graph: Graph, namespace: str, camera: int = 0) -> None:
        self._graph = graph
        self.pairs: list[tuple[Image, CameraInfo]] = []
        self.masks: list[Stamp] = []
        pairs = Synchronizer(2, lambda mask, info: self.pairs.append((mask, info)), 0)
        take_mask = pairs.take(0)

        def mask(message: Image) -> None:
            self.masks.append(stamp_of(message))
            take_mask(message)

        topic = f"{namespace}/camera_{camera}/mask"
        self._subscriptions = [
            graph.node.create_subscription(Image, f"{topic}/image", mask, RELIABLE),
            graph.node.create_subscription(CameraInfo, f"{topic}/camera_info", pairs.take(1), RELIABLE),
        ]

    def close(self) -> None:
        for subscription in self._subscriptions:
            self._graph.node.destroy_subscription(subscription)
