"""QoS of topics by parameters, as the graph shows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Running
from diagnostic_msgs.msg import DiagnosticArray
from node_process import NodeProcess
from rcl_interfaces.srv import DescribeParameters, GetParameters
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_graph import Graph
from test_parameters import call

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
LASTING, VOLATILE = DurabilityPolicy.TRANSIENT_LOCAL, DurabilityPolicy.VOLATILE

FILE = """
/**:
  ros__parameters:
    qos_overrides:
      /qos/camera/image_raw:
        subscription: {reliability: reliable, durability: transient_local, depth: 2}
      /qos/segmentation/mask:
        publisher: {reliability: best_effort, history: keep_all}
      /qos/diagnostics:
        publisher: {durability: transient_local, depth: 3}
      /qos/image:
        subscription: {deadline: 5}
"""


def test_overridden_by_a_file(graph: Graph, start: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "qos.yaml"
    file.write_text(FILE, encoding="utf-8")
    arguments = ("--params-file", str(file), "-r", "/diagnostics:=/qos/diagnostics")
    node = start(namespace="/qos", image="/qos/camera/image_raw", arguments=arguments)

    (image,) = graph.node.get_subscriptions_info_by_topic("/qos/camera/image_raw")
    assert (image.qos_profile.reliability, image.qos_profile.durability) == (RELIABLE, LASTING)
    for output, reliability in (("mask", BEST_EFFORT), ("overlay", RELIABLE)):
        (info,) = graph.node.get_publishers_info_by_topic(f"/qos/segmentation/{output}")
        assert (info.qos_profile.reliability, info.qos_profile.durability) == (reliability, VOLATILE)

    # The graph does not show depths: a late subscriber gets as many old messages.
    time.sleep(4)
    arrivals: list[float] = []
    qos = QoSProfile(depth=10, durability=LASTING)
    late = graph.node.create_subscription(
        DiagnosticArray, "/qos/diagnostics", lambda _: arrivals.append(time.monotonic()), qos
    )
    graph.wait(lambda: len(arrivals) > 0, "old reports")
    graph.spin(0.5)
    graph.node.destroy_subscription(late)
    assert len([arrival for arrival in arrivals if arrival < arrivals[0] + 0.3]) >= 3

    prefix = "qos_overrides./qos/camera/image_raw.subscription"
    names = [f"{prefix}.{policy}" for policy in ("reliability", "durability", "history", "depth")]
    values = call(graph, node, GetParameters, "get_parameters", names=names).values
    assert [parameter_value_to_python(value) for value in values] == ["reliable", "transient_local", "keep_last", 2]
    descriptors = call(graph, node, DescribeParameters, "describe_parameters", names=names).descriptors
    assert all(descriptor.read_only for descriptor in descriptors)
    reason = graph.set_parameter(node.full_name, names[3], 4)
    assert reason == f"{names[3]} takes effect only at start: it stays 2; restart the node with 4 (allowed: 1 to 1000)"
    (warning,) = [line for line in node.process.output.splitlines() if "/qos/image.subscription" in line]
    assert "this node has no such subscription; it has /qos/camera/image_raw.subscription, " in warning


IMAGE = "qos_overrides./bad_qos/image.subscription"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (f"{IMAGE}.reliability", "maybe", '"maybe" is not allowed; allowed: reliable, best_effort, system_default'),
        (f"{IMAGE}.durability", "1", "1 is not allowed; allowed: volatile, transient_local, system_default"),
        (f"{IMAGE}.history", "keep", '"keep" is not allowed; allowed: keep_last, keep_all, system_default'),
        (f"{IMAGE}.depth", "0", "0 is not allowed; allowed: an integer from 1 to 1000"),
        (f"{IMAGE}.depth", "2.0", "2.0 is not allowed; allowed: an integer from 1 to 1000"),
        (f"{IMAGE}.deadline", "5", "deadline is not supported; supported are reliability, durability, history, depth"),
        (f"{IMAGE}.speed", "5", "speed is no policy; supported are reliability, durability, history, depth"),
        ("qos_overrides./bad_qos/image.depth", "5", "it is qos_overrides.<full topic>.<publisher or subscription>."),
    ],
)  # fmt: skip
def test_refused_by_name(tmp_path: Path, name: str, value: str, reason: str) -> None:
    process = NodeProcess(tmp_path, ["-r", "__ns:=/bad_qos", "-p", f"{name}:={value}"])
    try:
        code = process.wait(20)
    finally:
        process.stop()
    assert f"attendseg: parameter {name} (the command line): {reason}" in process.output
    assert code == 1
