"""Simulated time on /clock."""

from __future__ import annotations

from rclpy.clock import Clock, ClockType
from ros_graph import Graph, Stamp
from rosgraph_msgs.msg import Clock as ClockMessage

PERIOD = 0.02


class SimulatedClock:
    """Goes on whenever the graph spins, unless it stands."""

    def __init__(self, graph: Graph, seconds: float) -> None:
        self._graph = graph
        self._nanoseconds = round(seconds * 1e9)
        self._stands = False
        self._publisher = graph.node.create_publisher(ClockMessage, "/clock", 10)
        self._timer = graph.node.create_timer(PERIOD, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    @property
    def now(self) -> float:
        return self._nanoseconds / 1e9

    def stamp(self) -> Stamp:
        return divmod(self._nanoseconds, 10**9)

    def jump(self, seconds: float, stands: bool = False) -> None:
        self._nanoseconds = max(0, round(seconds * 1e9))
        self._stands = stands
        self._tell()

    def _tick(self) -> None:
        if not self._stands:
            self._nanoseconds += round(PERIOD * 1e9)
        self._tell()

    def _tell(self) -> None:
        message = ClockMessage()
        message.clock.sec, message.clock.nanosec = self.stamp()
        self._publisher.publish(message)

    def close(self) -> None:
        self._graph.node.destroy_timer(self._timer)
        self._graph.node.destroy_publisher(self._publisher)
