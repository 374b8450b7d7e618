"""A node whose masks flow, for faults to be injected into it; and what is recorded of each."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pictures import Frame, quadrants, rgb_frame
from record import END, FAULT, Record
from ros_graph import Graph
from stream import Masks, Stream
from subject import Subject

# Pictures a second: what a busy machine of two cores segments with ease.
RATE = 15.0
# Seconds in which masks ought to come even if all is bad: more is said to be never.
PATIENCE = 20.0
# Of random waiting before a fault, at most.
LONGEST_MOMENT = 0.5
# Of random waiting for the last pictures to be counted.
SETTLING = 0.7


class Camera(Protocol):
    """Sends numbered pictures; `sent` is none where nobody knows how many."""

    sent: int | None

    def __init__(self, graph: Graph, topic: str, frame: Frame, rate: float) -> None: ...
    def pause(self) -> None: ...
    def go_on(self) -> None: ...
    def close(self) -> None: ...


PICTURE = rgb_frame(quadrants(640, 480, 200, 300))
COUNTED = ("frames received", "masks", "lost in transport")


@dataclass
class Stage:
    """What all scenarios have in common."""

    graph: Graph
    folder: Path
    random: random.Random

    def moment(self, longest: float = LONGEST_MOMENT) -> float:
        """Spins for a random while, and says how long."""
        moment = round(self.random.uniform(0, longest), 3)
        self.graph.spin(moment)
        return moment

    @contextmanager
    def flow(self, scenario: str, *arguments: str, camera: type[Camera] = Stream) -> Iterator[Flow]:
        """A node with these ROS arguments whose masks flow; all ends with the context."""
        with ExitStack() as ends:
            subject = Subject(self.graph, self.folder, *arguments)
            ends.callback(subject.close)
            masks = Masks(self.graph, subject.namespace)
            ends.callback(masks.close)
            stream = camera(self.graph, subject.image, PICTURE, RATE)
            ends.callback(stream.close)
            flow = Flow(scenario, subject, stream, masks)
            flow.begin()
            yield flow


class Flow:
    """Pictures in, masks out; the counters of both sides."""

    def __init__(self, scenario: str, subject: Subject, stream: Camera, masks: Masks) -> None:
        self.scenario = scenario
        self.graph = subject.graph
        self.subject = subject
        self.stream = stream
        self.masks = masks
        self.before: dict[str, int] = {}

    def begin(self) -> None:
        """Waits for the first mask, and for counters from which to count."""
        assert self.masks.after(0, 60) is not None, f"no masks:\n{self.subject.output}"
        self.before = self.counters(settled=True)

    def counters(self, settled: bool = False) -> dict[str, int]:
        """Of the next report. Settled: the camera stops until nothing is under way. None if no report comes."""
        if settled:
            self.stream.pause()
            self.graph.spin(SETTLING)

        def is_good(values: dict[str, str], _: object) -> bool:
            return COUNTED[0] in values and (not settled or under_way(values) == 0)

        try:
            values, _ = self.graph.report(self.subject.name, is_good, "counters")
        except AssertionError:
            return {}
        finally:
            if settled:
                self.stream.go_on()
        keys = [key for key in values if key in COUNTED or key.startswith("dropped: ")]
        counts = {key: int(values[key]) for key in keys if values[key].isdigit()}
        sent = {} if self.stream.sent is None else {"sent": self.stream.sent}
        return counts | sent | {"seen": self.masks.seen}

    def fault(self, number: int, moment: float, injected: str, start: float, last: int, **more: object) -> Record:
        """
        The record of a fault at `start`, when the first mask has come of a picture after number `last`, or none.
        @param more fields of the record
        """
        settled = bool(more.get("settled"))
        came = self.masks.after(last, PATIENCE, more.pop("size", None))
        return Record(
            self.scenario,
            number,
            FAULT,
            injected,
            moment=moment,
            seconds=None if came is None else round(came - start, 3),
            before=self.before,
            after=self.counters(settled),
            processes=self.subject.orphans(),
            **more,
        )

    def new_lines(self, since: int) -> str:
        """Of the node's output, what came after so many characters."""
        return self.subject.output[since:]

    def end(self, number: int) -> Record:
        """Ends the node as launch does, and records what is left."""
        return end_of(self.scenario, number, self.subject, signal.SIGTERM, "SIGTERM at the end", 0.0)


def end_of(scenario: str, number: int, subject: Subject, how: signal.Signals, injected: str, moment: float) -> Record:
    code, seconds = subject.stop(how)
    return Record(
        scenario,
        number,
        END,
        injected,
        moment=moment,
        seconds=None if code is None else round(seconds, 3),
        processes=subject.orphans(),
        shared_memory=subject.shared_memory(),
        exit_code=code,
        log=stray_line(subject.output),
    )


def stray_line(output: str) -> str | None:
    """What is none of ROS's log, as a crash writes it; none is good."""
    levels = ("[INFO]", "[WARN]", "[ERROR]")
    return next((line for line in output.splitlines() if not any(level in line for level in levels)), None)


def under_way(values: dict[str, str]) -> int:
    ended = sum(int(value) for key, value in values.items() if key == "masks" or key.startswith("dropped: "))
    return int(values["frames received"]) - ended


Scenario = Callable[[Stage, int], Iterator[Record]]
