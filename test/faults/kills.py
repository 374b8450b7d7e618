"""Deaths of the whole process: it is started again after the delay that the launch file says."""

from __future__ import annotations

import functools
import signal
import time
from collections.abc import Callable, Iterator

from record import Record
from stage import Flow, Stage

# Of so many deaths one comes again while the node starts.
TWICE = 5
# Seconds of a start, about.
START = 1.5

Death = Callable[[Flow], None]


def abort_in_a_run(flow: Flow) -> None:
    flow.subject.inject("session", "abort")


def send(how: signal.Signals) -> Death:
    return lambda flow: flow.subject.process.send(how)


def killed(scenario: str, die: Death, stage: Stage, times: int) -> Iterator[Record]:
    again = scenario != "native_abort"
    with stage.flow(scenario) as flow:
        subject = flow.subject
        for number in range(times):
            moment = stage.moment(2 * START / 3)
            subject.remember_shared_memory()
            injected = scenario
            start = time.monotonic()
            die(flow)
            code = subject.died()
            if again and number % TWICE == TWICE - 1:
                subject.respawn()
                second = stage.moment(START)
                subject.remember_shared_memory()
                injected = f"{scenario}, and again {second:.1f} s after the next start"
                start = time.monotonic()
                die(flow)
                code = subject.died()
            sent = flow.stream.sent
            subject.respawn()
            lives = subject.lives
            # It may find that nobody can reach it, and end.
            with subject.kept_alive():
                record = flow.fault(number, moment, injected, start, sent, exit_code=code)
                # Which takes seconds, too.
                record.shared_memory = subject.shared_memory()
            if subject.lives > lives:
                record.injected += f", after which it ended by itself {subject.lives - lives} times"
            yield record
            # The next life counts anew.
            flow.before = record.after
        yield flow.end(times)


native_abort = functools.partial(killed, "native_abort", abort_in_a_run)
sigkill = functools.partial(killed, "sigkill", send(signal.SIGKILL))
sigabrt = functools.partial(killed, "sigabrt", send(signal.SIGABRT))
