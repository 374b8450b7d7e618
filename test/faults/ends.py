"""SIGTERM and SIGINT at any moment: while the node starts, between lifecycle states, and while a model is swapped."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from managed import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE
from networks import cube_network
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from record import Record
from ros_graph import Graph
from stage import PICTURE, RATE, Stage, end_of
from stream import Stream
from subject import Subject

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Each is asked for while the one before may still be under way; some are refused.
ACTIONS = (CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP)
# Seconds between two wishes, at most.
HASTE = 0.2
# Seconds of a start, and of wishes before the signal, at most.
START, WISHES = 2.0, 2.0
PATIENCE = 60.0


def signal_at_start(stage: Stage, times: int) -> Iterator[Record]:
    """From the first moment at which the program runs; Node alone would end by the signal."""
    for number in range(times):
        subject = Subject(stage.graph, stage.folder)
        try:
            catches = subject.folder / "catches"
            stage.graph.wait(lambda catches=catches: catches.exists(), "the program", PATIENCE)
            moment = stage.moment(START)
            yield ended("signal_at_start", number, subject, "while it starts", moment)
        finally:
            subject.close()


def signal_in_transition(stage: Stage, times: int) -> Iterator[Record]:
    for number in range(times):
        yield from wishing(stage, "signal_in_transition", number, "-p", "autostart:=false")


def signal_in_swap(stage: Stage, times: int) -> Iterator[Record]:
    for number in range(times):
        yield from wishing(stage, "signal_in_swap", number)


def wishing(stage: Stage, scenario: str, number: int, *arguments: str) -> Iterator[Record]:
    """A node that is asked for ever more, a camera that sends, and a signal in the midst of it."""
    subject = Subject(stage.graph, stage.folder, *arguments)
    stream = Stream(stage.graph, subject.image, PICTURE, RATE)
    wishes: Wishes | None = None
    try:
        wishes = Transitions(stage, subject) if scenario == "signal_in_transition" else Swaps(stage, subject)
        end = time.monotonic() + (moment := round(stage.random.uniform(0, WISHES), 3))
        while time.monotonic() < end:
            wishes.ask()
            stage.graph.spin(min(stage.random.uniform(0, HASTE), max(0.0, end - time.monotonic())))
        yield ended(scenario, number, subject, f"after {wishes.count} {wishes.what}", moment)
    finally:
        if wishes is not None:
            wishes.close()
        stream.close()
        subject.close()


def ended(scenario: str, number: int, subject: Subject, when: str, moment: float) -> Record:
    how = SIGNALS[number % 2]
    return end_of(scenario, number, subject, how, f"{how.name} {when}", moment)


class Wishes:
    """Asks a node for something, and does not wait for the answer."""

    what: str

    def __init__(self, graph: Graph, kind: type, service: str) -> None:
        self.count = 0
        self._graph = graph
        self._client = graph.node.create_client(kind, service)
        graph.wait(self._client.service_is_ready, service, PATIENCE)

    def ask(self) -> None:
        self.count += 1
        self._client.call_async(self._next())

    def _next(self) -> object:
        raise NotImplementedError

    def close(self) -> None:
        self._graph.node.destroy_client(self._client)


class Transitions(Wishes):
    what = "transitions"

    def __init__(self, stage: Stage, subject: Subject) -> None:
        super().__init__(stage.graph, ChangeState, f"{subject.name}/change_state")
        self._choose: Callable[[], str] = lambda: stage.random.choice(ACTIONS)

    def _next(self) -> object:
        # Up at first, or most would be refused.
        label = ACTIONS[self.count - 1] if self.count <= 2 else self._choose()
        return ChangeState.Request(transition=Transition(label=label))


class Swaps(Wishes):
    what = "swaps"

    def __init__(self, stage: Stage, subject: Subject) -> None:
        super().__init__(stage.graph, SetParameters, f"{subject.name}/set_parameters")
        models = [cube_of(stage.folder), Path(), stage.folder / "nowhere"]
        self._choose: Callable[[], Path] = lambda: stage.random.choice(models)

    def _next(self) -> object:
        # The empty one is the shipped model.
        model = self._choose()
        value = "" if model == Path() else str(model)
        return SetParameters.Request(parameters=[Parameter("model", value=value).to_parameter_msg()])


def cube_of(folder: Path) -> Path:
    place = folder / "cube"
    return place if place.exists() else cube_network(place, 64, 48)
