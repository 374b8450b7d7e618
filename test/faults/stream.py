"""A camera that goes on sending, and who listens to its masks and notes when they come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from pictures import Frame
from rclpy.clock import Clock, ClockType
from rclpy.qos import QoSProfile
from rclpy.timer import Timer
from ros_graph import Graph, Stamp
from sensor_msgs.msg import Image

# Room for all that comes while this process is busy: masks are counted.
DEPTH = 200


class Masks:
    """The masks of a node. A picture's frame_id, which outputs carry, is its number."""

    def __init__(self, graph: Graph, outputs: str) -> None:
        self.graph = graph
        self.seen = 0
        self._arrived: deque[tuple[int, tuple[int, int], float]] = deque(maxlen=DEPTH)
        topic = f"{outputs}/segmentation/mask"
        self._subscription = graph.node.create_subscription(Image, topic, self._note, QoSProfile(depth=DEPTH))

    def _note(self, message: Image) -> None:
        self.seen += 1
        self._arrived.append((int(message.header.frame_id), (message.width, message.height), time.monotonic()))

    def after(self, number: int, patience: float, size: tuple[int, int] | None = None) -> float | None:
        """When the first mask came (time.monotonic()) of a picture after that number, of this size; none in time."""

        def first() -> float | None:
            fitting = (when for n, shape, when in self._arrived if n > number and size in (None, shape))
            return next(fitting, None)

        try:
            self.graph.wait(lambda: first() is not None, "a mask", patience)
        except AssertionError:
            return None
        return first()

    def close(self) -> None:
        self.graph.node.destroy_subscription(self._subscription)


class Stream:
    """Sends the picture `frame` at a rate whenever the graph spins."""

    def __init__(self, graph: Graph, topic: str, frame: Frame, rate: float) -> None:
        self.graph = graph
        self.frame = frame
        self.sent = 0
        # By the clock that its node has.
        self.stamp: Callable[[], Stamp] = lambda: graph.node.get_clock().now().seconds_nanoseconds()
        self._publisher = graph.node.create_publisher(Image, topic, 10)
        self._timer = self._timer_of(rate)

    def change(self, frame: Frame, rate: float) -> None:
        """Sends another picture from now on, and how many a second."""
        self.graph.node.destroy_timer(self._timer)
        self.frame = frame
        self._timer = self._timer_of(rate)

    def _timer_of(self, rate: float) -> Timer:
        # Not by ROS's clock, which may stand still.
        return self.graph.node.create_timer(1 / rate, self.send, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def send(self) -> None:
        self.sent += 1
        self._publisher.publish(self.frame.message(*self.stamp(), str(self.sent)))

    def pause(self) -> None:
        self._timer.cancel()

    def go_on(self) -> None:
        self._timer.reset()

    def close(self) -> None:
        self.graph.node.destroy_timer(self._timer)
        self.graph.node.destroy_publisher(self._publisher)
