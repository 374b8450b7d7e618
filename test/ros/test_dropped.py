"""segmentation/dropped: which pictures gave no mask, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from conftest import Running
from diagnostic_msgs.msg import DiagnosticStatus
from pictures import noise, quadrants, rgb_frame
from ros_graph import Camera, Graph, Stamp, stamp_of

GOOD = rgb_frame(quadrants(64, 48, 20, 20))


class Drops:
    """What a node says on segmentation/dropped."""

    def __init__(self, graph: Graph, node: Running) -> None:
        self.graph = graph
        self.received: list[DiagnosticStatus] = []
        self._topic = f"{node.namespace}/segmentation/dropped"
        self._subscription = graph.node.create_subscription(DiagnosticStatus, self._topic, self.received.append, 100)

    def of(self, stamp: Stamp) -> list[DiagnosticStatus]:
        value = f"{stamp[0]}.{stamp[1]:09d}"
        return [
            drop for drop in self.received if [(pair.key, pair.value) for pair in drop.values] == [("stamp", value)]
        ]

    def close(self) -> None:
        self.graph.node.destroy_subscription(self._subscription)


@pytest.fixture
def drops(graph: Graph) -> Iterator[Callable[[Running], Drops]]:
    opened: list[Drops] = []

    def listen(node: Running) -> Drops:
        opened.append(Drops(graph, node))
        return opened[-1]

    yield listen
    for each in opened:
        each.close()


def test_each_dropped_picture_is_told_with_its_reason(
    graph: Graph, start: Callable[..., Running], cube_model: object, look: Callable[..., Camera], drops: Callable
) -> None:
    node = start(cube_model)
    told = drops(node)
    camera = look(node, connect=False)
    camera.discover()

    def standby() -> bool:
        stamp = camera.send(GOOD)
        graph.spin(0.2)
        return bool(told.of(stamp))

    graph.wait(standby, "a first drop")
    assert {drop.message for drop in told.received} == {"standby"}, "listening to drops alone wakes nothing"

    camera.subscribe("mask")
    camera.connect()
    stamp = camera.send(GOOD, frame_id="left")
    camera.receive(stamp)
    stamp_short = camera.send(replace(GOOD, data=GOOD.data[:100]), frame_id="left")
    graph.wait(lambda: bool(told.of(stamp_short)), "the drop of a short picture")
    (drop,) = told.of(stamp_short)
    assert (drop.level, drop.name, drop.message, drop.hardware_id) == (
        DiagnosticStatus.WARN,
        node.image,
        "undecodable",
        "left",
    )
    assert not told.of(stamp), "it gave a mask"


def test_every_picture_has_a_mask_or_a_reason(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], drops: Callable
) -> None:
    # The middleware keeps all twelve, so that they can come faster than any network runs.
    qos = "qos_overrides./all/image.subscription"
    node = start(namespace="/all", arguments=("-p", f"{qos}.reliability:=reliable", "-p", f"{qos}.depth:=12"))
    told = drops(node)
    camera = look(node, "mask", depth=12)
    probe = rgb_frame(noise(480, 360))
    stamps = [camera.send(probe) for _ in range(12)]
    got = camera.received["mask"]
    camera.receive(stamps[-1])
    graph.wait(
        lambda: all(told.of(stamp) or stamp in map(stamp_of, got) for stamp in stamps), "the end of every picture"
    )
    dropped = [stamp for stamp in stamps if told.of(stamp)]
    assert dropped, "twelve are too many for that time"
    assert {drop.message for stamp in dropped for drop in told.of(stamp)} == {"superseded"}
    assert all(len(told.of(stamp)) == 1 for stamp in dropped)
    assert not set(dropped) & set(map(stamp_of, got))
