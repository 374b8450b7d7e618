"""An hour of what a robot does: python test/soak/soak.py [--minutes 60] [--rate 30] [--cameras 2] [--swap-minutes 10]
        [--small] [--out FOLDER]        and: python test/soak/soak.py --judge FOLDER

Cameras of 640x480 send at their rate, subscribers of all outputs come and go every few seconds, and the model is
exchanged for another while it runs. Raw data go to FOLDER/soak.jsonl, a picture to FOLDER/soak.svg; the verdict is
printed. --judge makes both again from the raw data alone; it measures nothing and needs no ROS. Exit codes: 0, 1 if
something is missed or was not measured, 2 if it cannot be run. Run it in the environment of scripts/env.sh; in the
background: nice python test/soak/soak.py &
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import math
import multiprocessing
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "test" / "bench"), str(ROOT / "test" / "ros")]

from curves import plot  # noqa: E402
from probe import memory, probe  # noqa: E402
from raw_data import RawDataError, Recorder, read  # noqa: E402
from settings import Flow  # noqa: E402
from verdict import exit_code, findings, table, warm_up  # noqa: E402

if TYPE_CHECKING:
    from audience import Audience
    from camera import CameraProcess
    from node_process import NodeProcess

SHIPPED = ROOT / "models" / "attendseg_camvid"
WIDTH, HEIGHT = 640, 480
SMALL = 64, 48
"""Input of the small network: a run takes a fraction of a millisecond."""
SAMPLE = 2.0
"""Seconds between two samples."""
WARM_UP_EXCHANGE, SETTLES = 15.0, 60.0
"""
Seconds between two exchanges of the model in the warm-up, and behind the last of them. With the first fifteen or so
malloc's stores of each thread fill, and V8's machine code: once, however many come later.
"""
COLLECT = Path(__file__).with_name("collect.mjs")
COLLECTED = 15
"""With every so manieth sample comes what is resident without garbage: once in a cycle of outputs."""
PROGRESS = 60.0
TAIL = 2.5
"""Seconds after the last picture, for the last reports."""
NODE = "/attendseg"


def give_up(message: str) -> NoReturn:
    print(f"soak: {message}", file=sys.stderr)
    sys.exit(2)


def judge(folder: Path) -> int:
    """Prints the verdict and draws the picture, from the raw data alone. @returns the exit code"""
    try:
        data = read(folder)
    except RawDataError as error:
        give_up(str(error))
    found = findings(data)
    print(table(data, found))
    (folder / "soak.svg").write_text(plot(data))
    return exit_code(found)


def use_own_graph() -> None:
    """Neither other machines nor other nodes of this one, and the shipped transport, for all that is started here."""
    is_humble = os.environ.get("ROS_DISTRO") == "humble"
    os.environ.setdefault(
        *(("ROS_LOCALHOST_ONLY", "1") if is_humble else ("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST"))
    )
    if "ROS_DOMAIN_ID" not in os.environ:
        command = [sys.executable, str(ROOT / "scripts" / "free_domain.py")]
        os.environ["ROS_DOMAIN_ID"] = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    from measure import use_shipped_transport

    use_shipped_transport()


def models(folder: Path, small: bool) -> list[tuple[Path, str]]:
    """Two that do the same, and their names: what is measured does not depend on which one runs."""
    from networks import cube_network

    if small:
        return [(cube_network(folder / name, *SMALL), name) for name in ("first", "second")]
    copy = folder / "second"
    shutil.copytree(SHIPPED, copy)
    manifest = copy / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8")
    name = next(line for line in text.splitlines() if line.startswith("name:"))
    manifest.write_text(text.replace(name, "name: second", 1), encoding="utf-8")
    return [(SHIPPED, name.removeprefix("name:").strip()), (copy, "second")]


def exchange_times(seconds: float, swap: float) -> list[float]:
    """When the model is exchanged: every `swap` seconds, and more often in the warm-up, if at all."""
    # The last one is to run for some time, too.
    regular = [swap * number for number in range(1, math.ceil(seconds / swap - 0.1))]
    count = math.floor((warm_up(seconds) - SETTLES) / WARM_UP_EXCHANGE)
    hasty = [WARM_UP_EXCHANGE * number for number in range(1, count + 1)]
    return sorted({*hasty, *regular}) if regular and swap > WARM_UP_EXCHANGE else regular


class Soak:
    """One course of it, with what was started for it."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        recorder: Recorder,
        audience: Audience,
        camera: CameraProcess,
        node: NodeProcess,
        exchanged: list[tuple[Path, str]],
    ) -> None:
        self._seconds: float = arguments.minutes * 60
        self._exchanges = exchange_times(self._seconds, arguments.swap_minutes * 60)
        self._recorder, self._audience, self._camera, self._node = recorder, audience, camera, node
        self._models = exchanged
        self._samples = 0
        # What collect.mjs writes, in the node's working folder.
        self._collected: Path = arguments.out / "collected.json"
        self._topics = flow_of(arguments).images
        self._helpers = {child.pid for child in multiprocessing.active_children() if child.pid is not None}

    def run(self) -> None:
        """@throws AssertionError, RuntimeError that say what does not come or has ended"""
        audience = self._audience
        # The node and the camera's publishers are to be found, and find each other: from then on nothing is lost.
        audience.wait(lambda: self._is_heard() or not self._node.running, "a node that listens to the cameras", 120)
        audience.turn()
        audience.wait(lambda: self._is_sent_to() or not self._camera.is_alive, "the cameras")
        audience.spin(2)
        self._check()
        self._recorder.begin()
        self._camera.begin.set()
        self._camera.measure.set()
        self._stream()
        # For the last reports.
        audience.spin(TAIL)
        self._check()
        self._sample()
        code, took = self._node.stop()
        lines = self._node.output.splitlines()
        errors = [line for line in lines if "[ERROR]" in line or line.startswith("attendseg: ")]
        self._recorder.write("end", code=code, took=round(took, 2), errors=errors[:20])

    def _is_heard(self) -> bool:
        return all(self._audience.node.count_subscribers(topic) > 0 for topic in self._topics)

    def _is_sent_to(self) -> bool:
        return all(self._audience.node.count_publishers(topic) > 0 for topic in self._topics)

    def _stream(self) -> None:
        """Until the cameras have sent all."""
        from audience import STEP

        turn, sample, progress, swaps = STEP, 0.0, PROGRESS, 0
        while self._camera.is_alive:
            now = self._recorder.seconds
            if now >= sample:
                self._check()
                self._sample()
                sample += SAMPLE
            if now >= turn:
                self._audience.turn()
                turn += STEP
            if swaps < len(self._exchanges) and now >= self._exchanges[swaps]:
                swaps += 1
                self._exchange(*self._models[swaps % 2])
            if now >= progress:
                self._tell(now)
                progress += PROGRESS
            self._audience.spin(max(0.01, min(sample, turn) - self._recorder.seconds))
        if self._recorder.seconds < 0.99 * self._seconds:
            raise RuntimeError("the camera's process ended; what it says is above")

    def _check(self) -> None:
        if not self._node.running:
            last = (self._node.errors.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"the node ended: {last}")

    def _sample(self) -> None:
        try:
            values = probe(self._node.pid, self._helpers)
        except (OSError, KeyError):
            # It has just ended: what is left of it in /proc has no memory.
            self._check()
            raise
        self._samples += 1
        if self._samples % COLLECTED == 0:
            with contextlib.suppress(OSError):
                values["collected"] = json.loads(self._collected.read_text())
                self._collected.unlink()
        self._recorder.write("sample", **values)
        self._audience.write_latencies()
        if (self._samples + 1) % COLLECTED == 0:
            self._node.send(signal.SIGUSR2)

    def _exchange(self, path: Path, name: str) -> None:
        # Written before the answer: the first report of the new model may come sooner.
        self._recorder.write("event", event="swap", model=name)
        if refused := self._audience.set_parameter(NODE, "model", str(path)):
            self._recorder.write("event", event="refused", model=name, why=refused)

    def _tell(self, now: float) -> None:
        left = max(0, round((self._seconds - now) / 60))
        resident = memory(self._node.pid)["rss"] * 1.024e-3
        done = f"{now / 60:.0f} of {self._seconds / 60:g} minutes, {left} left"
        print(f"{done}: {resident:.0f} MB resident, {self._audience.masks / now:.1f} masks a second", file=sys.stderr)


def flow_of(arguments: argparse.Namespace) -> Flow:
    seconds = arguments.minutes * 60
    return Flow(WIDTH, HEIGHT, arguments.rate, seconds, cameras=arguments.cameras, warm_up=0)


def course(arguments: argparse.Namespace, recorder: Recorder, folder: Path, opened: contextlib.ExitStack) -> None:
    """Starts what takes part, and lets it run. @throws AssertionError, RuntimeError that say what went wrong"""
    from audience import Audience
    from camera import CameraProcess, street
    from node_process import NodeProcess

    flow, exchanged = flow_of(arguments), models(folder, arguments.small)
    names = [f"camera{number + 1}" for number in range(arguments.cameras)]
    camera = CameraProcess(flow, street(WIDTH, HEIGHT, folder))
    opened.callback(camera.stop)
    audience = Audience(names, recorder)
    opened.callback(audience.close)
    words = ["-p", f"cameras:=[{', '.join(names)}]", "-p", f"model:={exchanged[0][0]}"]
    # Its log lies beside the raw data.
    node = NodeProcess(arguments.out, words, NODE_OPTIONS=f"--import={COLLECT.as_uri()}")
    opened.callback(node.stop)
    Soak(arguments, recorder, audience, camera, node, exchanged).run()


def about(arguments: argparse.Namespace) -> dict[str, Any]:
    from audience import CYCLE
    from machine import describe

    return {
        "version": 1,
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "command": shlex.join(["python", "test/soak/soak.py", *sys.argv[1:]]),
        "machine": describe(),
        "nice": os.nice(0),
        "minutes": arguments.minutes,
        "rate": arguments.rate,
        "cameras": arguments.cameras,
        "swap minutes": arguments.swap_minutes,
        "network": "small" if arguments.small else "shipped",
        "size": f"{WIDTH}x{HEIGHT}",
        "cycle": CYCLE,
        "sent": round(arguments.rate * arguments.minutes * 60),  # by each camera
    }


def absolute(text: str) -> Path:
    return Path(text).resolve()


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=positive, default=60, help="how long (default: 60)")
    parser.add_argument("--rate", type=positive, default=30, help="pictures a second of each camera (default: 30)")
    parser.add_argument("--cameras", type=int, default=2, choices=range(1, 9), help="(default: 2)")
    parser.add_argument("--swap-minutes", type=positive, default=10, help="between two exchanges (default: 10)")
    parser.add_argument("--small", action="store_true", help="a network that takes no time, instead of the shipped one")
    parser.add_argument("--out", type=absolute, default=ROOT / "out" / "soak", help="a new folder (default: out/soak)")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help="judge these raw data, and measure nothing")
    return parser.parse_args()


def end_in_order(*_: object) -> NoReturn:
    """As Ctrl-C does: what was started is stopped."""
    raise KeyboardInterrupt


def main() -> int:
    arguments = parse()
    if arguments.judge:
        return judge(arguments.judge)
    if "AMENT_PREFIX_PATH" not in os.environ:
        give_up("no ROS 2 is sourced: source scripts/env.sh first")
    if not (ROOT / "dist" / "main.js").exists():
        give_up("dist/main.js is missing: npm run build first")
    use_own_graph()
    signal.signal(signal.SIGTERM, end_in_order)
    try:
        recorder = Recorder(arguments.out, about(arguments))
    except RawDataError as error:
        give_up(str(error))
    with tempfile.TemporaryDirectory(prefix="attendseg-soak-") as folder, contextlib.closing(recorder):
        try:
            with contextlib.ExitStack() as opened:
                course(arguments, recorder, Path(folder), opened)
        except (AssertionError, RuntimeError, OSError) as error:
            print(f"soak: {error}", file=sys.stderr)
        except KeyboardInterrupt:
            print("soak: broken off", file=sys.stderr)
    return judge(arguments.out)


if __name__ == "__main__":
    sys.exit(main())
