"""One round: a node in a process of its own, cameras in another, and a subscriber here."""

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from camera import CameraProcess
from candidates import Candidate
from diagnostic_msgs.msg import DiagnosticArray
from process_times import main_seconds, resident_mib, thread_milliseconds
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from settings import ROOT, Flow, percentile

Round = dict[str, Any]
"""What was measured, by name with unit."""

PATIENCE = 60
"""Seconds for a node to start."""
STAGES = ("receive", "prepare", "wait", "run", "finish", "publish")


def use_shipped_transport() -> None:
    """For this process and those it starts, unless the user has a profile."""
    name = "FASTRTPS" if os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy") else "FASTDDS"
    os.environ.setdefault(f"{name}_DEFAULT_PROFILES_FILE", str(ROOT / "config/fastdds.xml"))


class Running:
    """A candidate's process; what it prints goes into files."""

    def __init__(self, candidate: Candidate, folder: Path) -> None:
        self.name = candidate.name
        self._out, self._errors = folder / "stdout", folder / "stderr"
        self.started = time.monotonic()
        with self._out.open("wb") as out, self._errors.open("wb") as errors:
            environment = os.environ | candidate.environment
            self._process = subprocess.Popen(candidate.command, stdout=out, stderr=errors, env=environment)
        self.pid = self._process.pid

    def check(self) -> None:
        """@throws RuntimeError if it ended"""
        if self._process.poll() is not None:
            last = (self._errors.read_text(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(f"{self.name} ended with code {self._process.returncode}: {last}")

    def mark_compacts(self) -> int:
        """Full collections so far, of a node with --trace-gc."""
        return self._out.read_text(errors="replace").count("Mark-Compact")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Subscriber:
    """Takes all outputs, and what /diagnostics says."""

    def __init__(self, flow: Flow) -> None:
        self._context = rclpy.Context()
        self._context.init()
        self._node = rclpy.create_node("bench_subscriber", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._flow = flow
        self.reports: dict[str, dict[str, str]] = {}
        self.reset()
        reliable = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
        for output, topic in flow.results:
            kind = CompressedImage if output.endswith("compressed") else Image
            self._node.create_subscription(kind, topic, self._on_output, reliable)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_report, 10)

    def reset(self) -> None:
        self._arrived: dict[tuple[int, int], int] = {}
        self.latencies: list[float] = []
        """Milliseconds from stamp to the last of a picture's outputs."""
        self.times: list[float] = []
        """Seconds of a steady clock when those came."""

    def _on_output(self, message: Image | CompressedImage) -> None:
        now, steady = time.time(), time.monotonic()
        stamp = message.header.stamp
        key = (stamp.sec, stamp.nanosec)
        self._arrived[key] = self._arrived.get(key, 0) + 1
        if self._arrived[key] == len(self._flow.outputs):
            self.latencies.append(1000 * (now - stamp.sec - stamp.nanosec / 1e9))
            self.times.append(steady)

    def _on_report(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {value.key: value.value for value in status.values}
            if "frames received" in values:
                self.reports[status.name] = values

    def is_met(self) -> bool:
        """Whether the node reports each camera, and listens to it."""
        suffix = "/compressed" if self._flow.jpeg else ""
        heard = all(self._node.count_subscribers(image + suffix) > 0 for image in self._flow.images)
        return heard and len(self.reports) >= len(self._flow.images)

    def total(self, key: str) -> int | None:
        """Of all cameras; none where it is not known."""
        values = [report.get(key, "unknown") for report in self.reports.values()]
        return None if "unknown" in values else sum(int(value) for value in values)

    def spin(self, seconds: float) -> None:
        self.spin_while(lambda: True, seconds)

    def spin_while(self, is_going: Callable[[], bool], seconds: float = float("inf")) -> None:
        end = time.monotonic() + seconds
        while is_going() and time.monotonic() < end:
            self._executor.spin_once(timeout_sec=0.1)

    def close(self) -> None:
        self._node.destroy_node()
        self._context.shutdown()


def measure(candidate: Candidate, flow: Flow, picture: Path) -> Round:
    """Latency, losses and processor time of a flow. @throws RuntimeError if the node ends, or does not start"""
    camera = CameraProcess(flow, picture)
    subscriber = Subscriber(flow)
    with tempfile.TemporaryDirectory() as folder:
        process = Running(candidate, Path(folder))
        try:
            return observe(process, camera, subscriber, flow)
        finally:
            process.stop()
            camera.stop()
            subscriber.close()


def observe(process: Running, camera: CameraProcess, subscriber: Subscriber, flow: Flow) -> Round:
    def is_waiting() -> bool:
        process.check()
        if time.monotonic() - process.started > PATIENCE:
            raise RuntimeError(f"{process.name} does not report its cameras after {PATIENCE} s; is ROS_DOMAIN_ID free?")
        return not subscriber.is_met()

    subscriber.spin_while(is_waiting)
    # The camera's publishers are to be found by both.
    subscriber.spin(1)
    camera.begin.set()

    def is_warming() -> bool:
        if not camera.is_alive:
            raise RuntimeError("the camera's process ended; what it says is above")
        return not camera.warm.is_set()

    subscriber.spin_while(is_warming)
    # The last of its pictures, and a report after it.
    subscriber.spin(1.2)
    received, superseded = subscriber.total("frames received"), subscriber.total("dropped: superseded")
    subscriber.reset()
    compacts = process.mark_compacts()
    before, threads = main_seconds(process.pid), thread_milliseconds(process.pid)
    camera.measure.set()
    subscriber.spin_while(lambda: camera.is_alive)
    process.check()
    resident = resident_mib(process.pid)
    after, threads_after = main_seconds(process.pid), thread_milliseconds(process.pid)
    compacts = process.mark_compacts() - compacts
    subscriber.spin(1.5)
    masks = len(subscriber.latencies)
    latencies = sorted(subscriber.latencies)
    sent = round(flow.rate * flow.seconds) * len(flow.images)
    reports = list(subscriber.reports.values())

    def reported(key: str) -> float:
        return statistics.median(float(report[key]) for report in reports)

    run = reported("run p50 [ms]")
    spent = {name: (total - threads.get(name, 0)) / max(1, masks) for name, total in threads_after.items()}
    # The process's own clock ticks are 10 ms apart, which is too coarse for what is left beside the run.
    used = sum(spent.values())
    # From the first to the last: what is still under way at the end would flatter.
    span = subscriber.times[-1] - subscriber.times[0] if masks > 1 else 0
    return {
        "sent": sent,
        "received": (subscriber.total("frames received") or 0) - (received or 0),
        "lost in transport": subscriber.total("lost in transport"),
        "superseded": (subscriber.total("dropped: superseded") or 0) - (superseded or 0),
        "outputs": masks,
        "frames lost": sent - masks,
        "per second": round((masks - 1) / span, 3) if span > 0 else 0.0,
        "p50 [ms]": percentile(latencies, 0.5),
        "p95 [ms]": percentile(latencies, 0.95),
        "session run p50 [ms]": run,
        "stages p50 [ms]": {
            stage: reported(f"{stage} p50 [ms]") for stage in STAGES if f"{stage} p50 [ms]" in reports[0]
        },
        "CPU per output [ms]": round(used, 2),
        "CPU per output outside the run [ms]": round(used - run, 2),
        "by thread [ms]": {
            name: round(value, 2) for name, value in sorted(spent.items(), key=lambda item: -item[1]) if value > 0.05
        },
        "main thread CPU [% of a core]": round(100 * (after - before) / flow.seconds, 1),
        "resident memory [MiB]": resident,
        "mark-compacts": compacts,
    }


def first_output(candidate: Candidate, flow: Flow, picture: Path) -> Round:
    """Seconds from a process's start to its first output here, while cameras send. @throws RuntimeError if it ends"""
    camera = CameraProcess(flow, picture)
    subscriber = Subscriber(flow)
    camera.begin.set()
    camera.measure.set()
    subscriber.spin_while(lambda: not camera.warm.is_set() and camera.is_alive)
    with tempfile.TemporaryDirectory() as folder:
        process = Running(candidate, Path(folder))
        try:

            def is_waiting() -> bool:
                process.check()
                return not subscriber.times and camera.is_alive

            subscriber.spin_while(is_waiting)
            if not subscriber.times:
                raise RuntimeError(f"{process.name} published nothing in {flow.seconds:.0f} s")
            return {"first output [s]": round(subscriber.times[0] - process.started, 3)}
        finally:
            process.stop()
            camera.stop()
            subscriber.close()


def run_session(candidate: Candidate) -> Round:
    """What a program of session runs prints. @throws RuntimeError if it fails"""
    done = subprocess.run(candidate.command, capture_output=True, text=True, env=os.environ | candidate.environment)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{candidate.name}: session runs ended with code {done.returncode}: {last}")
    result: Round = json.loads(done.stdout)
    return result
