"""`attendseg play`: a bag into a running node, and the node's answers into a file."""

from __future__ import annotations

import csv
import io
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, ROOT, WIDTH, Running
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from mcap.reader import make_reader
from mcap.writer import Writer
from networks import cube_labels
from node_process import MAIN
from numpy.typing import NDArray
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from ros_graph import Graph
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from vision_msgs.msg import LabelInfo

FRAMES = 12
IMAGE = "/camera/image"
MASK = "/camera/segmentation/mask"
LABELS = "/camera/segmentation/label_info"


@dataclass(frozen=True)
class Content:
    """Messages by topic and time of recording, and the attached table of what has no mask."""

    messages: dict[str, dict[int, bytes]]
    channels: dict[str, dict[str, str]]
    dropped: list[dict[str, str]]

    def images(self, topic: str) -> dict[int, Image]:
        return {time: deserialize_message(data, Image) for time, data in self.messages[topic].items()}


def read(path: Path) -> Content:
    messages: dict[str, dict[int, bytes]] = {}
    channels: dict[str, dict[str, str]] = {}
    dropped: list[dict[str, str]] = []
    with path.open("rb") as file:
        reader = make_reader(file)
        for _, channel, message in reader.iter_messages():
            times = messages.setdefault(channel.topic, {})
            assert message.log_time not in times, "each output of each picture once"
            times[message.log_time] = message.data
            channels[channel.topic] = channel.metadata
        for attachment in reader.iter_attachments():
            if attachment.name == "dropped.csv":
                dropped = list(csv.DictReader(io.StringIO(attachment.data.decode())))
    return Content(messages, channels, dropped)


@dataclass
class Player:
    """`attendseg play` as a process; it never outlives the test."""

    graph: Graph
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def begin(self, *arguments: object) -> subprocess.Popen[str]:
        command = ["node", str(MAIN), "play", *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        self.processes.append(process)
        return process

    def end(self, process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
        # The graph goes on meanwhile.
        self.graph.wait(lambda: process.poll() is not None, "the player's end")
        out, errors = process.communicate(timeout=20)
        return subprocess.CompletedProcess(process.args, process.returncode, out, errors)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self.end(self.begin(*arguments))


@pytest.fixture
def play(graph: Graph) -> Iterator[Player]:
    player = Player(graph)
    yield player
    player.close()


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive at ten pictures a second."""
    folder = tmp_path_factory.mktemp("bags") / "sample"
    command = ["node", ROOT / "demo" / "dist" / "main.js", "sample-bag", "--out", folder, "--frames", str(FRAMES)]
    subprocess.run([*map(str, command), "--size", f"{WIDTH}x{HEIGHT}"], check=True, capture_output=True, timeout=60)
    return folder / "street.mcap"


def into(node: Running) -> tuple[str, ...]:
    """The bag's camera is the one that this node takes."""
    names = {IMAGE: node.image, "/camera/camera_info": f"{node.namespace}/camera_info"}
    return ("--ros-args", *(word for old, new in names.items() for word in ("-r", f"{old}:={new}")))


def pixels_of(image: Image) -> NDArray[np.uint8]:
    channels = image.step // image.width
    pixels = np.frombuffer(image.data, np.uint8).reshape(image.height, image.width, channels)
    return pixels if channels > 1 else pixels[..., 0]


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    (line,) = re.findall(rf"{IMAGE}: (.*)", done.stdout)
    return {name: int(count) for count, name in re.findall(r"(\d+) (sent|masks|dropped|without answer)", line)}


@pytest.fixture(scope="module")
def recorded(graph: Graph, cube: Running, bag: Path) -> Path:
    """Masks of the whole bag."""
    path = bag.parent / "recorded.mcap"
    player = Player(graph)
    try:
        done = player(bag, "--lossless", "--record", path, *into(cube))
    finally:
        player.close()
    assert done.returncode == 0, done.stderr
    assert summary(done) == {"sent": FRAMES, "masks": FRAMES, "dropped": 0, "without answer": 0}
    return path


def test_lossless_every_picture_has_the_mask_that_its_network_gives(
    play: Player, cube: Running, bag: Path, recorded: Path, tmp_path: Path
) -> None:
    content = read(recorded)
    pictures, masks = read(bag).images(IMAGE), content.images(MASK)
    assert list(masks) == list(pictures), "the times of the recording"
    for time, mask in masks.items():
        assert mask.header == pictures[time].header
        assert np.array_equal(pixels_of(mask), cube_labels(pixels_of(pictures[time])))
    assert content.dropped == []
    again = tmp_path / "again.mcap"
    outputs = "mask,label_info,camera_info,overlay"
    assert play(bag, "--lossless", "--record", again, "--outputs", outputs, *into(cube)).returncode == 0
    others = read(again).messages
    assert others[MASK] == content.messages[MASK], "two runs, the same bytes"
    assert len(others["/camera/segmentation/overlay"]) == FRAMES
    assert len(others["/camera/segmentation/camera_info"]) >= FRAMES - 1, "the first may come before the camera's own"


def test_live_and_offline_are_the_same(play: Player, shipped: Running, bag: Path, tmp_path: Path) -> None:
    """Of every frame that was not dropped; those that were are named with the reason."""
    offline, live = tmp_path / "offline.mcap", tmp_path / "live.mcap"
    command = ["node", MAIN, "segment", bag, "-o", offline, "--topics", IMAGE]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=60)
    done = play(bag, "--rate", "10", "--record", live, *into(shipped))
    assert done.returncode == 0, done.stderr
    counts = summary(done)
    content, expected = read(live), read(offline).messages[MASK]
    masks = content.messages[MASK]
    assert counts["sent"] == FRAMES == len(masks) + len(content.dropped) == counts["masks"] + counts["dropped"]
    assert masks and all(expected[time] == mask for time, mask in masks.items())
    stamps = {f"{time // 10**9}.{time % 10**9:09d}" for time in set(expected) - set(masks)}
    assert {row["stamp"] for row in content.dropped} == stamps
    assert {row["topic"] for row in content.dropped} == {IMAGE}
    reasons = Counter(row["reason"] for row in content.dropped)
    assert reasons["superseded"] > 0, "100 pictures a second are too many"
    assert set(reasons) <= {"superseded", "lost in transport"}
    assert f"({', '.join(f'{count} {reason}' for reason, count in reasons.items())})" in done.stdout


# --- what goes wrong on the way


class Unreliable:
    """A node of ours that takes pictures; what it answers to one that comes for the nth time, the test says."""

    def __init__(self, graph: Graph, namespace: str, answer: Callable[[int], str | None]) -> None:
        self.node = graph.node
        self.seen: Counter[int] = Counter()
        self.answer = answer
        self.masks = self.node.create_publisher(Image, f"{namespace}/segmentation/mask", 10)
        self.drops = self.node.create_publisher(DiagnosticStatus, f"{namespace}/segmentation/dropped", 100)
        self.images = self.node.create_subscription(Image, f"{namespace}/image", self.take, 10)

    def take(self, image: Image) -> None:
        stamp = image.header.stamp
        self.seen[stamp.nanosec] += 1
        answer = self.answer(self.seen[stamp.nanosec])
        if answer == "mask":
            self.masks.publish(Image(header=image.header))
        elif answer is not None:
            value = KeyValue(key="stamp", value=f"{stamp.sec}.{stamp.nanosec:09d}")
            self.drops.publish(DiagnosticStatus(message=answer, values=[value]))

    def close(self) -> None:
        self.node.destroy_subscription(self.images)
        self.node.destroy_publisher(self.masks)
        self.node.destroy_publisher(self.drops)


@pytest.fixture
def unreliable(graph: Graph, tmp_path: Path) -> Iterator[Callable[..., Unreliable]]:
    nodes: list[Unreliable] = []

    def create(namespace: str, answer: Callable[[int], str | None]) -> Unreliable:
        nodes.append(Unreliable(graph, namespace, answer))
        return nodes[-1]

    yield create
    for node in nodes:
        node.close()


def lossless(play: Player, bag: Path, namespace: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    remap = ("--ros-args", "-r", f"{IMAGE}:={namespace}/image")
    # Two pictures.
    return play(bag, "--topics", IMAGE, "--lossless", "--end", "0.15", *arguments, *remap)


def test_a_picture_that_was_lost_or_met_standby_is_sent_again(
    play: Player, bag: Path, unreliable: Callable[..., Unreliable]
) -> None:
    node = unreliable("/deaf", lambda time: {1: None, 2: "standby"}.get(time, "mask"))
    done = lossless(play, bag, "/deaf")
    assert done.returncode == 0, done.stderr
    assert summary(done) == {"sent": 2, "masks": 2, "dropped": 0, "without answer": 0}
    assert list(node.seen.values()) == [3, 3]


def test_a_picture_that_cannot_be_segmented_is_an_answer(
    play: Player, bag: Path, unreliable: Callable[..., Unreliable]
) -> None:
    unreliable("/blind", lambda _: "undecodable")
    done = lossless(play, bag, "/blind")
    assert done.returncode == 0, done.stderr
    assert "2 sent, 0 masks, 2 dropped (2 undecodable), 0 without answer" in done.stdout


def test_without_an_answer_the_exit_code_is_1(
    play: Player, bag: Path, unreliable: Callable[..., Unreliable], tmp_path: Path
) -> None:
    unreliable("/mute", lambda _: None)
    path = tmp_path / "mute.mcap"
    done = lossless(play, bag, "/mute", "--patience", "6", "--record", str(path))
    assert done.returncode == 1
    assert summary(done) == {"sent": 2, "masks": 0, "dropped": 0, "without answer": 2}
    assert [row["reason"] for row in read(path).dropped] == ["no answer"] * 2


# --- as ros2 bag play does it


def test_the_clock_moves_a_node_with_simulated_time(
    graph: Graph, play: Player, start: Callable[..., Running], cube_model: Path, bag: Path
) -> None:
    node = start(cube_model, arguments=("-p", "use_sim_time:=true"))
    times: list[int] = []
    reports: list[int] = []

    def clock(message: Clock) -> None:
        times.append(message.clock.sec * 10**9 + message.clock.nanosec)

    def report(message: DiagnosticArray) -> None:
        if message.status[0].name.startswith(node.full_name.strip("/")):
            reports.append(message.header.stamp.sec)

    sensor = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)
    subscriptions = [
        graph.node.create_subscription(Clock, "/clock", clock, sensor),
        graph.node.create_subscription(DiagnosticArray, "/diagnostics", report, 10),
    ]
    try:
        # Slowly: --wait is for whoever is found first, and the node may find the clock seconds later.
        process = play.begin(
            bag, "--clock", "--wait", "--rate", "0.2", "--start", "0.2", "--topics", IMAGE, *into(node)
        )
        first = min(read(bag).messages[IMAGE])
        graph.wait(lambda: first // 10**9 in reports, "a report of the bag's time")
        assert play.end(process).returncode == 0
    finally:
        for subscription in subscriptions:
            graph.node.destroy_subscription(subscription)
    assert times == sorted(times)
    assert first + 2 * 10**8 <= times[0]
    assert times[-1] >= first + 11 * 10**8
    assert set(read(bag).messages[IMAGE]) & set(times), "each picture's own time"


def test_latched_is_latched_again(graph: Graph, play: Player, recorded: Path) -> None:
    assert "durability: 1" in read(recorded).channels[LABELS]["offered_qos_profiles"]
    labels: list[LabelInfo] = []
    masks: list[Image] = []
    topics = {LABELS: "/again/label_info", MASK: "/again/mask"}
    remaps = [word for old, new in topics.items() for word in ("-r", f"{old}:={new}")]
    subscriptions = [graph.node.create_subscription(Image, topics[MASK], masks.append, 10)]
    process = play.begin(recorded, "--rate", "0.1", "--ros-args", *remaps)
    try:
        # Behind the only label_info.
        graph.wait(lambda: bool(masks), "a mask")
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        subscriptions.append(graph.node.create_subscription(LabelInfo, topics[LABELS], labels.append, latched))
        graph.wait(lambda: bool(labels), "what was published before")
    finally:
        for subscription in subscriptions:
            graph.node.destroy_subscription(subscription)
    assert len(labels[0].class_map) == 8
    process.send_signal(signal.SIGINT)
    assert play.end(process).returncode == 130


def test_the_loop_goes_on_until_it_is_ended(graph: Graph, play: Player, bag: Path) -> None:
    seen: Counter[int] = Counter()

    def count(message: Image) -> None:
        seen[message.header.stamp.nanosec] += 1

    subscription = graph.node.create_subscription(Image, "/loop/image", count, 100)
    process = play.begin(
        bag, "--loop", "--wait", "--rate", "10", "--topics", IMAGE, "--ros-args", "-r", f"{IMAGE}:=/loop/image"
    )
    graph.wait(lambda: max(seen.values(), default=0) > 1, "a second pass")
    process.send_signal(signal.SIGTERM)
    done = play.end(process)
    graph.node.destroy_subscription(subscription)
    assert done.returncode == 130, done.stderr


# --- refused


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1, done.stdout
    (line,) = done.stderr.splitlines()
    return line


def test_what_cannot_be_played_is_named(play: Player, bag: Path, tmp_path: Path) -> None:
    there, empty = tmp_path / "there.mcap", tmp_path / "empty.mcap"
    there.touch()
    with empty.open("wb") as file:
        writer = Writer(file)
        writer.start(profile="ros2")
        writer.finish()
    refused = {
        (tmp_path / "none.mcap",): r"none\.mcap: there is no such bag",
        (empty,): r"empty\.mcap: nothing in it that can be played .*; it has no topics",
        (bag, "--topics", "/front"): rf"topic /front: there is no such topic; it can play .*{IMAGE}",
        (bag, "--start", "50"): r"nothing was played",
        (bag, "--rate", "2", "--lossless"): "'--rate' does not go with --lossless",
        (bag, "--loop", "--record", "x.mcap"): "'--loop' does not go with --record",
        (bag, "--outputs", "label_info"): "one that every picture gives",
        (bag, "--topics", IMAGE, "--record", there): r"there\.mcap: cannot be written .*file already exists",
    }
    processes = {arguments: play.begin(*arguments) for arguments in refused}
    for arguments, reason in refused.items():
        assert re.search(reason, refusal(play.end(processes[arguments]))), arguments


def test_without_a_node_or_without_ros_it_says_so(play: Player, bag: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lonely = ("--ros-args", "-r", f"{IMAGE}:=/nobody/image")
    line = refusal(play(bag, "--lossless", "--topics", IMAGE, "--patience", "0.5", *lonely))
    assert line == (
        f"attendseg: no node segments {IMAGE} (waited 0.5 s); start one: attendseg node --ros-args -r image:={IMAGE}"
    )
    monkeypatch.delenv("AMENT_PREFIX_PATH")
    assert "no ROS 2 environment; source one first" in refusal(play(bag))
