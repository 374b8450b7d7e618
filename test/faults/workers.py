"""Runs that fail and threads that die: the process goes on, and the network starts again in it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from record import Record
from stage import Flow, Stage
from verdict import LOST_AT_ONCE, STARTS_AGAIN

THREADS = ("session", "pixels")


def failing_run(stage: Stage, times: int) -> Iterator[Record]:
    """One to three runs in a row are rejected, as onnxruntime does when memory is short."""
    with stage.flow("failing_run") as flow:
        for number in range(times):
            moment = stage.moment()
            count = stage.random.randint(1, 3)
            start = time.monotonic()
            flow.subject.inject("session", f"reject {count}")
            last = number == times - 1
            sent = flow.stream.sent
            record = flow.fault(number, moment, f"{count} runs fail", start, sent, settled=last, fails=(count, count))
            # A cause that comes again is summed up after ten seconds.
            record.log = line_with("injected: the run failed", flow.subject.output)
            yield record
        yield flow.end(times)


def throwing_worker(stage: Stage, times: int) -> Iterator[Record]:
    """A thread throws, the session's and the one for pixels by turns."""
    with stage.flow("throwing_worker") as flow:
        for number in range(times):
            thread = THREADS[number % 2]
            yield thrown(stage, flow, number, thread, 1, number == times - 1)
        yield flow.end(times)


def back_off(stage: Stage, times: int) -> Iterator[Record]:
    """A thread throws as soon as it starts, two to four times in a row: each start is later than the one before."""
    with stage.flow("back_off") as flow:
        for number in range(times):
            thread = stage.random.choice(THREADS)
            yield thrown(stage, flow, number, thread, stage.random.randint(2, 4), number == times - 1)
        yield flow.end(times)


def thrown(stage: Stage, flow: Flow, number: int, thread: str, count: int, last: bool) -> Record:
    moment = stage.moment()
    said = len(flow.subject.output)
    start = time.monotonic()
    flow.subject.inject(thread, f"throw {count}")
    injected = f"{thread} throws {count} times" if count > 1 else f"{thread} throws"
    sent = flow.stream.sent
    # A thread that has not begun to serve has no frames.
    record = flow.fault(number, moment, injected, start, sent, settled=last, fails=(0, LOST_AT_ONCE))
    new = flow.subject.output[said:]
    record.log = line_with(STARTS_AGAIN, new)
    record.waits = [float(wait or 0) for wait in re.findall(r"the network starts again (?:now|in ([\d.]+) s)", new)]
    return record


def line_with(pattern: str, output: str) -> str | None:
    return next((line for line in output.splitlines() if re.search(pattern, line)), None)
