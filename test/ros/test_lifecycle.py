"""The managed node, steered as Nav2's lifecycle manager and `ros2 lifecycle` do it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bond.msg import Status
from conftest import HEIGHT, WIDTH
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions
from managed import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, GRAPH, SHUTDOWN, Manage, Managed
from networks import cube_labels, endless_network
from node_process import NodeProcess
from pictures import noise, rgb_frame
from ros_graph import Camera, Graph
from std_srvs.srv import SetBool

PICTURE = noise(WIDTH, HEIGHT)
FRAME = rgb_frame(PICTURE)

ACTIONS = (CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, SHUTDOWN)


def test_life(manage: Manage, look: Callable[..., Camera], graph: Graph) -> None:
    managed = manage()
    node = managed.node
    events: list[TransitionEvent] = []
    topic = f"{node.full_name}/transition_event"
    subscription = graph.node.create_subscription(TransitionEvent, topic, events.append, 20)
    assert managed.state == "unconfigured"
    graph.wait(lambda: graph.node.count_publishers(topic) == 1, "transition_event")
    mask = f"{node.namespace}/segmentation/mask"
    assert managed.report("unconfigured")["lifecycle state"] == "unconfigured"
    assert graph.node.count_publishers(mask) == 0

    assert managed.change(CONFIGURE)
    assert managed.state == "inactive"
    graph.wait(lambda: graph.node.count_publishers(mask) == 1, "the mask's publisher")
    assert graph.node.count_subscribers(node.image) == 0
    managed.report("inactive")

    assert managed.change(ACTIVATE)
    camera = look(node, "mask")
    assert np.array_equal(camera.segment(FRAME)["mask"], cube_labels(PICTURE))
    assert managed.report("segmenting")["lifecycle state"] == "active"

    assert managed.change(DEACTIVATE)
    graph.wait(lambda: graph.node.count_subscribers(node.image) == 0, "the end of the subscription")
    camera.received["mask"].clear()
    for _ in range(5):
        camera.send(FRAME)
        graph.spin(0.05)
    assert camera.received["mask"] == []
    managed.report("inactive")

    assert managed.change(ACTIVATE)
    camera.connect()
    assert managed.change(DEACTIVATE)
    assert managed.change(CLEANUP)
    graph.wait(lambda: graph.node.count_publishers(mask) == 0, "the end of the mask's publisher")
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    camera.connect()
    assert managed.change(SHUTDOWN)
    assert managed.state == "finalized"
    managed.report("finalized")
    steps = [(event.start_state.label, event.transition.label, event.goal_state.label) for event in events]
    first = [("unconfigured", CONFIGURE, "configuring"), ("configuring", "transition_success", "inactive")]
    assert steps[:2] == first
    assert all(before[2] == after[0] for before, after in itertools.pairwise(steps))
    assert [step[1] for step in steps[::2]] == [
        CONFIGURE, ACTIVATE, DEACTIVATE, ACTIVATE, DEACTIVATE, CLEANUP, CONFIGURE, ACTIVATE, SHUTDOWN
    ]  # fmt: skip
    assert all(event.timestamp > 10**18 for event in events)
    graph.node.destroy_subscription(subscription)
    code, seconds = node.process.stop()
    assert code == 0, node.process.output
    assert seconds < 2


WAYS = [((), "unconfigured"), ((CONFIGURE,), "inactive"), ((ACTIVATE,), "active"), ((SHUTDOWN,), "finalized")]


def test_what_a_state_does_not_allow_is_refused_and_told(manage: Manage) -> None:
    managed = manage()
    for way, state in WAYS:
        for label in way:
            assert managed.change(label)
        for action in (*ACTIONS, "transition_success", "nothing"):
            if (state, action) not in GRAPH:
                assert not managed.change(action), (state, action)
        allowed = {transition.transition.id for transition in available(managed)}
        for number in range(100):
            assert number in allowed or not managed.change(number=number), (state, number)
        assert managed.state == state
        assert {(t.start_state.label, t.transition.label) for t in available(managed)} == {
            key for key in GRAPH if key[0] == state
        }
    assert "cleanup failed: it is unconfigured, which does not allow that" in managed.node.process.output
    assert managed.node.process.running


def available(managed: Managed) -> Any:
    return managed.call(GetAvailableTransitions, "get_available_transitions").available_transitions


def test_the_graph_as_lifecycle_msgs_has_it(manage: Manage) -> None:
    managed = manage()
    states = managed.call(GetAvailableStates, "get_available_states").available_states
    assert {state.label: state.id for state in states} == {
        name.removeprefix("TRANSITION_STATE_").removeprefix("PRIMARY_STATE_").lower(): getattr(State, name)
        for name in dir(State)
        if name.startswith(("TRANSITION_STATE_", "PRIMARY_STATE_"))
    }
    graph = managed.call(GetAvailableTransitions, "get_transition_graph").available_transitions
    ids = {(t.start_state.label, t.transition.label): t.transition.id for t in graph}
    assert len(graph) == 25
    assert ids["active", SHUTDOWN] == Transition.TRANSITION_ACTIVE_SHUTDOWN
    assert ids["configuring", "transition_failure"] == Transition.TRANSITION_ON_CONFIGURE_FAILURE
    assert ids["errorprocessing", "transition_success"] == Transition.TRANSITION_ON_ERROR_SUCCESS
    # By id, as Nav2 asks.
    assert managed.change(number=Transition.TRANSITION_CONFIGURE)
    assert managed.change(number=Transition.TRANSITION_ACTIVATE)
    assert managed.change(number=Transition.TRANSITION_DEACTIVATE)
    assert managed.change(number=Transition.TRANSITION_CLEANUP)
    assert managed.change(number=Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)


def test_a_bad_model_then_a_good_one(
    manage: Manage, look: Callable[..., Camera], cube_model: Path, tmp_path: Path
) -> None:
    managed = manage(tmp_path / "nowhere")
    node = managed.node
    set_parameter = managed.graph.set_parameter
    for _ in range(2):
        assert not managed.change(CONFIGURE)
        assert managed.state == "unconfigured"
    assert "configure failed: " in node.process.output
    assert str(tmp_path / "nowhere") in node.process.output
    # Also where the file is no network, which the session's thread finds out.
    broken = tmp_path / "broken"
    broken.mkdir()
    manifest = json.loads((cube_model / "manifest.yaml").read_text(encoding="utf-8"))
    (broken / manifest["files"]["cpu"]["path"]).write_bytes(b"no network")
    del manifest["files"]["cpu"]["sha256"]
    (broken / "manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    assert set_parameter(node.full_name, "model", str(broken)) == ""
    assert not managed.change(CONFIGURE)
    assert set_parameter(node.full_name, "model", str(cube_model)) == ""
    assert set_parameter(node.full_name, "provider", "cpu") == ""
    assert managed.change(CONFIGURE)
    assert "cannot be read" in set_parameter(node.full_name, "model", "elsewhere")
    assert managed.change(ACTIVATE)
    assert np.array_equal(look(node, "mask").segment(FRAME)["mask"], cube_labels(PICTURE))
    assert node.process.running


def test_configure_answers_in_time_whatever_happens(manage: Manage, cube_model: Path, tmp_path: Path) -> None:
    """The first run is part of opening a network, and here it takes hours. Meanwhile the state can be asked for."""
    managed = manage(endless_network(tmp_path / "never", 0))
    node = managed.node
    assert managed.state == "unconfigured"
    change = managed.graph.node.create_client(ChangeState, f"{node.full_name}/change_state")
    managed.graph.wait(change.service_is_ready, "change_state")
    start = time.monotonic()
    first = change.call_async(ChangeState.Request(transition=Transition(label=CONFIGURE)))
    managed.graph.spin(0.5)
    assert managed.state == "configuring"
    second = change.call_async(ChangeState.Request(transition=Transition(label=CONFIGURE)))
    managed.graph.wait(second.done, "the second answer", 1)
    managed.graph.wait(first.done, "the first answer", 5)
    assert time.monotonic() - start < 5
    managed.graph.node.destroy_client(change)
    assert (first.result().success, second.result().success) == (False, False)
    assert "configure failed: the network is not open after 4.5 s; it goes on being opened" in node.process.output
    # Another one is not held up by it. They must not pile up, though.
    assert managed.graph.set_parameter(node.full_name, "model", str(cube_model)) == ""
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    assert managed.change(DEACTIVATE)
    assert managed.change(CLEANUP)
    never = endless_network(tmp_path / "never again", 0)
    assert managed.graph.set_parameter(node.full_name, "model", str(never)) == ""
    assert not managed.change(CONFIGURE)
    assert managed.graph.set_parameter(node.full_name, "model", str(cube_model)) == ""
    assert not managed.change(CONFIGURE)
    assert "2 networks that were given up still run" in node.process.output
    code, seconds = node.process.stop()
    assert code == 0, node.process.output
    assert seconds < 2


def test_deactivate_does_not_wait_for_a_long_run(
    manage: Manage, look: Callable[..., Camera], graph: Graph, tmp_path: Path
) -> None:
    managed = manage(endless_network(tmp_path / "endless", 255))
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    camera = look(managed.node, "mask")
    camera.send(rgb_frame(np.full((32, 32, 3), 255, np.uint8)))
    graph.spin(0.5)
    start = time.monotonic()
    assert managed.change(DEACTIVATE)
    assert time.monotonic() - start < 1.5
    counts = [line for line in managed.node.process.output.splitlines() if "frames received" in line]
    assert counts[-1].endswith("1 stopped")
    start = time.monotonic()
    assert managed.change(CLEANUP)
    assert time.monotonic() - start < 4.5
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    camera.connect()


def test_autostart_that_fails_ends_the_process(tmp_path: Path) -> None:
    process = NodeProcess(tmp_path, ["-p", f"model:={tmp_path / 'nowhere'}", "-r", "__ns:=/autostart"])
    try:
        assert process.wait(20) == 1
    finally:
        process.stop()
    lines = [line for line in process.output.splitlines() if "[INFO]" not in line]
    assert len(lines) == 1
    assert lines[0].startswith("attendseg: ")
    assert str(tmp_path / "nowhere") in lines[0]


@pytest.mark.parametrize("way", [(), (CONFIGURE,), (SHUTDOWN,)], ids=["unconfigured", "inactive", "finalized"])
def test_a_signal_ends_it_in_any_state(manage: Manage, way: tuple[str, ...]) -> None:
    managed = manage()
    assert managed.state == "unconfigured"
    for label in way:
        assert managed.change(label)
    code, seconds = managed.node.process.stop(signal.SIGINT)
    assert code == 0, managed.node.process.output
    assert seconds < 2


def test_bond(manage: Manage, graph: Graph) -> None:
    managed = manage()
    heard: list[Status] = []
    subscription = graph.node.create_subscription(Status, "/bond", heard.append, 100)

    def own() -> list[Status]:
        return [status for status in heard if status.id == "attendseg"]

    try:
        assert managed.change(CONFIGURE)
        graph.spin(0.5)
        assert own() == []
        instances = set()
        for _ in range(2):
            heard.clear()
            assert managed.change(ACTIVATE)
            # Discovery takes a moment; then ten a second.
            graph.wait(own, "a heartbeat")
            heard.clear()
            graph.spin(2)
            beats = own()
            assert 15 <= len(beats) <= 22
            assert all(beat.active for beat in beats)
            assert {(round(b.heartbeat_period, 3), b.heartbeat_timeout) for b in beats} == {(0.1, 4.0)}
            (instance,) = {beat.instance_id for beat in beats}
            instances.add(instance)
            assert managed.change(DEACTIVATE)
            graph.wait(lambda: not own()[-1].active, "the break")
            heard.clear()
            graph.spin(0.5)
            assert own() == []
        assert len(instances) == 2
    finally:
        graph.node.destroy_subscription(subscription)


# A manager without a processor for 0.2 s as the node ends may learn the end first, and drop the break: it has its time
# limit for that. So may this process on a busy machine, but not with three nodes.
ENDS = 3


def test_a_node_that_ends_breaks_its_bond(manage: Manage, graph: Graph) -> None:
    def breaks() -> bool:
        managed = manage()
        heard: list[Status] = []
        subscription = graph.node.create_subscription(Status, "/bond", heard.append, 100)
        try:
            assert managed.change(CONFIGURE)
            assert managed.change(ACTIVATE)
            graph.wait(lambda: heard, "a heartbeat")
            managed.node.process.stop()
            graph.spin(1)
            return not heard[-1].active
        finally:
            graph.node.destroy_subscription(subscription)

    assert any(breaks() for _ in range(ENDS))


def test_no_bond_where_the_period_is_0(manage: Manage, cube_model: Path, graph: Graph) -> None:
    managed = manage(cube_model, "-p", "bond_heartbeat_period:=0.0")
    others = graph.node.count_publishers("/bond")
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    graph.spin(0.5)
    assert graph.node.count_publishers("/bond") <= others
    assert "bond" not in managed.node.process.output


def test_without_the_package_bond_it_warns_and_works(graph: Graph, cube_model: Path, tmp_path: Path) -> None:
    folders = os.environ["LD_LIBRARY_PATH"].split(":")
    for i, folder in enumerate(folders):
        if folder and any(Path(folder).glob("libbond__*")):
            # The same without bond.
            hidden = tmp_path / f"lib{i}"
            hidden.mkdir()
            for library in Path(folder).iterdir():
                if not library.name.startswith("libbond"):
                    (hidden / library.name).symlink_to(library)
            folders[i] = str(hidden)
    words = ["-r", "__ns:=/no_bond", "-p", f"model:={cube_model}"]
    process = NodeProcess(tmp_path, words, LD_LIBRARY_PATH=":".join(folders))
    try:
        graph.wait(lambda: "waiting for images" in process.output or not process.running, "the start", 20)
        warnings = [line for line in process.output.splitlines() if "[INFO]" not in line]
        assert len(warnings) == 1, process.output
        assert "install the package bond" in warnings[0]
        assert process.stop()[0] == 0
    finally:
        process.stop()


def test_set_enabled(manage: Manage, look: Callable[..., Camera], graph: Graph) -> None:
    managed = manage()
    assert managed.change(CONFIGURE)
    assert managed.change(ACTIVATE)
    camera = look(managed.node, "mask")
    assert managed.report("segmenting")["enabled"] == "true"
    answer = managed.call(SetBool, "set_enabled", data=False)
    assert (answer.success, answer.message) == (True, "disabled: frames are dropped")
    graph.spin(0.3)
    camera.received["mask"].clear()
    before = managed.report("disabled by set_enabled")
    for _ in range(5):
        camera.send(FRAME)
        graph.spin(0.1)
    after = managed.report("disabled by set_enabled")
    assert camera.received["mask"] == []
    assert after["enabled"] == "false"
    assert int(after["dropped: disabled"]) - int(before["dropped: disabled"]) == 5
    assert after["masks"] == before["masks"]
    # It is remembered.
    assert managed.change(DEACTIVATE)
    assert managed.change(ACTIVATE)
    managed.report("disabled")
    assert managed.call(SetBool, "set_enabled", data=True).success
    camera.connect()
