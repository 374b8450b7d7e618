"""Cameras that die, that change, and clocks that jump: the node goes on with whatever comes next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from clock import SimulatedClock
from pictures import Frame, frame
from record import Record
from remains import held
from ros_graph import Graph
from stage import Stage
from subject import ROOT, left_after_a_while

CAMERA = Path(__file__).with_name("camera_process.py")
# More pictures than one life of a camera has.
NUMBERS = 1_000_000
# Seconds until a camera's process has found its subscriber.
CAMERA_STARTS = 30.0

# Bytes of a pixel.
ENCODINGS = {"rgb8": 3, "bgr8": 3, "mono8": 1, "rgba8": 4, "bgra8": 4, "mono16": 2, "yuv422_yuy2": 2}
SIZES = ((64, 48), (320, 240), (640, 480), (1280, 720), (34, 17), (480, 640))
RATES = (5.0, 10.0, 15.0, 30.0)

CLOCK_STARTS = 1_000_000.0


class MortalCamera:
    """A camera that is killed and started again. Nobody knows how many pictures it has sent."""

    sent = None

    def __init__(self, graph: Graph, topic: str, _: Frame, rate: float) -> None:
        self.graph = graph
        self._command = [sys.executable, str(CAMERA), topic, str(rate)]
        # It finds the pictures, and the environment of the tests is inherited.
        self._environment = os.environ | {"PYTHONPATH": f"{ROOT / 'test' / 'ros'}:{os.environ.get('PYTHONPATH', '')}"}
        self._lives = 0
        self.go_on()

    def go_on(self) -> None:
        """Starts it."""
        self.last = self._lives * NUMBERS
        self._lives += 1
        command = [*self._command, str(self.last)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self._environment)

    def sends(self) -> None:
        """Waits until it sends pictures to a subscriber."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "sending\n", "the camera's process ended"

    def pause(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it."""
        self.process.send_signal(how)
        code = self.process.wait(CAMERA_STARTS)
        assert code in (0, -signal.SIGKILL), f"the camera ended with code {code}"

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def camera_killed(stage: Stage, times: int) -> Iterator[Record]:
    """The camera's participant is killed, or ends as it should, by turns; another one sends."""
    with stage.flow("camera_killed", camera=MortalCamera) as flow:
        camera = flow.stream
        assert isinstance(camera, MortalCamera)
        camera.sends()
        for number in range(times):
            moment = stage.moment()
            # What only the camera had open, the next node that starts removes.
            memory = held(camera.process.pid) & held(flow.subject.process.pid)
            how = (signal.SIGKILL, signal.SIGTERM)[number % 2]
            camera.pause(how)
            stage.moment(3)
            camera.go_on()
            camera.sends()
            start = time.monotonic()
            record = flow.fault(number, moment, f"{how.name} to the camera", start, camera.last)
            if number == times - 1:
                record.after = flow.counters(settled=True)
                record.settled = True
            record.shared_memory = left_after_a_while(stage.graph, memory)
            yield record
        yield flow.end(times)


def changing_stream(stage: Stage, times: int) -> Iterator[Record]:
    """Another size, encoding and rate; now and then an encoding between them that is none."""
    noise = np.random.default_rng(stage.random.randrange(2**32))

    def picture(encoding: str, width: int, height: int) -> Frame:
        return frame(encoding, width, noise.integers(0, 256, (height, width * ENCODINGS[encoding]), np.uint8))

    with stage.flow("changing_stream") as flow:
        for number in range(times):
            moment = stage.moment()
            encoding, size = stage.random.choice(list(ENCODINGS)), stage.random.choice(SIZES)
            rate = stage.random.choice(RATES)
            injected = f"{encoding} {size[0]}x{size[1]} at {rate:g} Hz"
            if number % 4 == 3:
                injected = f"an encoding that is none, and {injected}"
                flow.stream.change(Frame("none8", 64, 48, 64, bytes(64 * 48)), rate)
                stage.moment()
            start = time.monotonic()
            sent = flow.stream.sent
            flow.stream.change(picture(encoding, *size), rate)
            yield flow.fault(number, moment, injected, start, sent, size=size, settled=number == times - 1)
        yield flow.end(times)


def clock(stage: Stage, times: int) -> Iterator[Record]:
    """ROS's clock jumps while pictures older than two seconds are dropped."""
    simulated = SimulatedClock(stage.graph, CLOCK_STARTS)
    arguments = ("-p", "use_sim_time:=true", "-p", "max_age:=2.0")
    try:
        with stage.flow("clock", *arguments) as flow:
            flow.stream.stamp = simulated.stamp
            # The first pictures had another clock.
            stage.graph.spin(0.5)
            flow.before = flow.counters(settled=True)
            for number in range(times):
                moment = stage.moment()
                jumps = {
                    "back by 100 s": simulated.now - 100,
                    "to zero": 0.0,
                    "to zero, and it stands still": 0.0,
                    "forward by 1000 s": simulated.now + 1000,
                    "back by 1 ms": simulated.now - 0.001,
                }
                injected = list(jumps)[number % len(jumps)]
                start = time.monotonic()
                simulated.jump(jumps[injected], stands=injected.endswith("stands still"))
                sent = flow.stream.sent
                yield flow.fault(number, moment, injected, start, sent, settled=number == times - 1)
            yield flow.end(times)
    finally:
        simulated.close()
