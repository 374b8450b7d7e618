"""The other side of the graph: a camera and the node's consumers, in rclpy."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from pictures import Bytes, Frame, pixels, rgb_frame
from pictures import quadrants as any_picture
from rcl_interfaces.srv import SetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image

# Seconds for anything that is bound to happen: far more than it takes, as test machines are busy.
PATIENCE = 60.0

# As Nav2's semantic segmentation layer subscribes, and as rviz does.
NAV2 = qos_profile_sensor_data
RVIZ = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.VOLATILE)

Stamp = tuple[int, int]


def stamp_of(message: Image) -> Stamp:
    return message.header.stamp.sec, message.header.stamp.nanosec


class Graph:
    """A node of ours, which only spins while a test waits."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node("graph_test", context=self._context, use_global_arguments=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._stamps = ((1_000_000 + i, i * 123_456_789 % 1_000_000_000) for i in itertools.count(1))
        self._reports: list[DiagnosticStatus] = []
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 50)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Spins until the condition holds; AssertionError when it does not in time."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
            self._executor.spin_once(timeout_sec=0.05)

    def spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def new_stamp(self) -> Stamp:
        return next(self._stamps)

    def _note(self, message: DiagnosticArray) -> None:
        self._reports.extend(message.status)

    def report(
        self, node: str, holds: Callable[[dict[str, str], DiagnosticStatus], bool], what: str
    ) -> tuple[dict[str, str], DiagnosticStatus]:
        """The first report from now on, of the node of this full name, for which `holds`."""
        self._reports.clear()
        found: list[tuple[dict[str, str], DiagnosticStatus]] = []

        def arrived() -> bool:
            # `holds` may spin, and more reports come meanwhile.
            reports, self._reports = self._reports, []
            for status in reports:
                values = {pair.key: pair.value for pair in status.values}
                if status.name.startswith(f"{node.strip('/')}: ") and holds(values, status):
                    found.append((values, status))
            return bool(found)

        self.wait(arrived, f"a report of {node} with {what}")
        return found[0]

    def set_parameter(self, node: str, name: str, value: Any) -> str:
        """Sets one; the reason why it was refused, empty when it was not."""
        client = self.node.create_client(SetParameters, f"{node}/set_parameters")
        try:
            self.wait(client.service_is_ready, f"{node}/set_parameters")
            request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
            future = client.call_async(request)
            self.wait(future.done, f"the answer of {node}/set_parameters")
        finally:
            self.node.destroy_client(client)
        (result,) = future.result().results
        assert result.successful == (result.reason == ""), result
        return result.reason


class Camera:
    """Publishes on one topic, and subscribes to outputs of the node that listens there."""

    def __init__(
        self,
        graph: Graph,
        topic: str,
        outputs: str,
        kinds: Sequence[str] = ("mask",),
        qos: QoSProfile = RVIZ,
        depth: int = 10,
    ) -> None:
        self.graph = graph
        self.topic = topic
        self._outputs = outputs.rstrip("/")
        self._publisher = graph.node.create_publisher(Image, topic, depth)
        self.received: dict[str, list[Image]] = {}
        self._subscriptions: dict[str, Any] = {}
        for kind in kinds:
            self.subscribe(kind, qos)

    def subscribe(self, kind: str, qos: QoSProfile = RVIZ) -> None:
        messages = self.received.setdefault(kind, [])
        topic = f"{self._outputs}/segmentation/{kind}"
        self._subscriptions[kind] = self.graph.node.create_subscription(Image, topic, messages.append, qos)

    def unsubscribe(self, kind: str) -> None:
        self.graph.node.destroy_subscription(self._subscriptions.pop(kind))
        del self.received[kind]

    def connect(self) -> Camera:
        """Publishes until every output has come once: from then on nothing is lost for want of discovery."""
        self.discover()
        probe = rgb_frame(any_picture(64, 48, 20, 20))
        end = time.monotonic() + PATIENCE
        while True:
            stamp = self.send(probe)
            try:
                self.graph.wait(lambda stamp=stamp: self._arrived(stamp), "the first outputs", 2)
            except AssertionError:
                assert time.monotonic() < end, f"no {set(self.received)} within {PATIENCE} s of frames on {self.topic}"
            else:
                return self

    def discover(self) -> None:
        """Waits until the node listens."""
        self.graph.wait(lambda: self._publisher.get_subscription_count() > 0, f"a subscriber of {self.topic}")

    def send(self, frame: Frame, stamp: Stamp | None = None, frame_id: str = "camera") -> Stamp:
        stamp = stamp or self.graph.new_stamp()
        self._publisher.publish(frame.message(*stamp, frame_id))
        return stamp

    def receive(self, stamp: Stamp) -> dict[str, Image]:
        """All outputs of the frame of this stamp."""
        self.graph.wait(lambda: self._arrived(stamp), f"{set(self.received)} of a frame on {self.topic}")
        return {
            kind: next(message for message in messages if stamp_of(message) == stamp)
            for kind, messages in self.received.items()
        }

    def segment(self, frame: Frame, stamp: Stamp | None = None, frame_id: str = "camera") -> dict[str, Bytes]:
        """Sends one frame; the pixels of its outputs."""
        for messages in self.received.values():
            messages.clear()
        outputs = self.receive(self.send(frame, stamp, frame_id))
        return {kind: pixels(message) for kind, message in outputs.items()}

    def close(self) -> None:
        for kind in list(self._subscriptions):
            self.unsubscribe(kind)
        self.graph.node.destroy_publisher(self._publisher)

    def _arrived(self, stamp: Stamp) -> bool:
        return all(any(stamp_of(m) == stamp for m in messages) for messages in self.received.values())
