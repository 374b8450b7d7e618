"""What is written is read by libraries of others: the sample bags, and a file of BagWriter's."""

from __future__ import annotations

import hashlib
import io
import json
import math
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest
from mcap.reader import make_reader
from PIL import Image
from rosbags.highlevel import AnyReader
from rosbags.interfaces import Connection, QosDurability, QosHistory, QosReliability

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "dist" / "main.js"
WIDTH, HEIGHT, FRAMES, SEED = 64, 48, 5, 7
START, PERIOD = 1_700_000_000 * 10**9, 10**8
RAW = {
    "/camera/image": "sensor_msgs/msg/Image",
    "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "/truth/segmentation/mask": "sensor_msgs/msg/Image",
}
JPEG = {"/camera/image/compressed": "sensor_msgs/msg/CompressedImage"} | dict(list(RAW.items())[1:])
BAGS = {"street.mcap": RAW, "street_zstd.mcap": RAW, "street_jpeg.mcap": JPEG, "street_sqlite": RAW}

STREET = """
const { Street } = await import(process.argv[1]);
const [seed, width, height, frames] = process.argv.slice(2).map(Number);
const { createHash } = await import('node:crypto');
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');
const street = new Street({ seed, width, height, fps: 10 });
const frame = (i) => {
  const { picture, labels } = street.frame(i);
  return [sha(picture), sha(labels)];
};
console.log(JSON.stringify({ focal: street.plan.focal, frames: Array.from({ length: frames }, (_, i) => frame(i)) }));
"""

WRITE = """
const [recording, path, compression, messages] = process.argv.slice(1);
const { BagWriter } = await import(`${recording}/bagWriter.js`);
const { labelInfoCdr } = await import(`${recording}/infoMessages.js`);
const { ImageCdr } = await import(`${recording}/imageCdr.js`);
const qos = { reliability: 'reliable', durability: 'volatile', history: 'keep_last', depth: 1 };
const writer = await BagWriter.create(path, { compression });
await writer.metadata('attendseg', new Map([['model', 'a model']]));
const latched = { ...qos, durability: 'transient_local' };
const labels = await writer.topic('/segmentation/label_info', 'vision_msgs/msg/LabelInfo', { qos: latched });
const sensor = { ...qos, reliability: 'best_effort', depth: 5 };
const masks = await writer.topic('/segmentation/mask', 'sensor_msgs/msg/Image', { qos: sensor });
const header = { stamp: { sec: 1, nanosec: 2 }, frame_id: 'kamera/ü' };
const class_map = [{ class_id: 0, class_name: 'sky' }, { class_id: 300, class_name: 'Straße' }];
await labels.write(5n, labelInfoCdr({ header, class_map, threshold: 0.25 }));
const cdr = new ImageCdr('kamera/ü', 'mono8', 1000, 500, 1000);
const message = Buffer.alloc(cdr.headroom + 500_000);
for (let i = 0; i < Number(messages); i++) {
  message.fill(i % 256, cdr.headroom);
  cdr.write(message, { sec: i, nanosec: i });
  await masks.write(BigInt(10 + i), message);
  if (i === 20) console.log('half of it');
}
await writer.close();
"""


def script(text: str, *arguments: object) -> list[str]:
    return ["node", "--input-type=module", "-e", text, *map(str, arguments)]


def write_command(path: Path, compression: str, messages: int) -> list[str]:
    return script(WRITE, ROOT / "dist" / "recording", path, compression, messages)


def sample_command(folder: Path, frames: int = FRAMES) -> list[str]:
    options = {"out": folder, "frames": frames, "size": f"{WIDTH}x{HEIGHT}", "seed": SEED}
    return ["node", str(DEMO), "sample-bag", *[str(x) for name, value in options.items() for x in (f"--{name}", value)]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "bags"
    done = subprocess.run(sample_command(folder), capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [str(folder / name) for name in BAGS]
    return folder


@pytest.fixture(scope="module")
def street() -> dict:
    command = script(STREET, ROOT / "street" / "dist" / "street.js", SEED, WIDTH, HEIGHT, FRAMES)
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


@pytest.fixture(scope="module", params=["none", "zstd"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(request.param) / "out.mcap"
    subprocess.run(write_command(path, request.param, 30), check=True, stdout=subprocess.DEVNULL, timeout=60)
    return path


def read(path: Path) -> tuple[dict[str, Connection], list[tuple[str, int, object]]]:
    """Topics, and messages in the order of recording."""
    with AnyReader([path]) as reader:
        connections = {connection.topic: connection for connection in reader.connections}
        messages = [(c.topic, time, reader.deserialize(data, c.msgtype)) for c, time, data in reader.messages()]
    return connections, messages


def qos_of(connection: Connection) -> tuple:
    (qos,) = connection.ext.offered_qos_profiles
    infinite = (9_223_372_036, 854_775_807)
    for duration in (qos.deadline, qos.lifespan, qos.liveliness_lease_duration):
        assert (duration.sec, duration.nsec) == infinite
    assert not qos.avoid_ros_namespace_conventions
    return qos.reliability, qos.durability, qos.history, qos.depth


def sha(data: np.ndarray) -> str:
    return hashlib.sha256(data.tobytes()).hexdigest()


def check_image(image: object, encoding: str, channels: int, digest: str) -> None:
    assert (image.width, image.height, image.encoding, image.step) == (WIDTH, HEIGHT, encoding, WIDTH * channels)
    assert image.is_bigendian == 0
    assert sha(image.data) == digest


@pytest.mark.parametrize("name", BAGS)
def test_the_sample_bags_have_the_street(samples: Path, street: dict, name: str) -> None:
    connections, messages = read(samples / name)
    assert {topic: connection.msgtype for topic, connection in connections.items()} == BAGS[name]
    assert {connection.msgcount for connection in connections.values()} == {FRAMES}
    reliable = (QosReliability.RELIABLE, QosDurability.VOLATILE, QosHistory.KEEP_LAST, 1)
    assert {qos_of(connection) for connection in connections.values()} == {reliable}
    times = [START + i * PERIOD for i in range(FRAMES)]
    assert sorted((time, topic) for topic, time, _ in messages) == sorted(
        (t, topic) for t in times for topic in BAGS[name]
    )
    assert [time for _, time, _ in messages] == sorted(time for _, time, _ in messages)
    for topic, time, message in messages:
        stamp = message.header.stamp
        assert (stamp.sec * 10**9 + stamp.nanosec, message.header.frame_id) == (time, "camera")
        picture, labels = street["frames"][times.index(time)]
        if topic == "/camera/image":
            check_image(message, "rgb8", 3, picture)
        elif topic == "/truth/segmentation/mask":
            check_image(message, "mono8", 1, labels)
            assert message.data.max() < 11
        elif topic == "/camera/camera_info":
            focal = street["focal"] * max(WIDTH, 1.2 * HEIGHT)
            k = [focal, 0, WIDTH / 2 - 0.5, 0, focal, HEIGHT / 2 - 0.5, 0, 0, 1]
            assert (message.width, message.height, message.distortion_model) == (WIDTH, HEIGHT, "plumb_bob")
            assert np.allclose(message.k, k, rtol=1e-12)
            assert np.allclose(message.p.reshape(3, 4)[:, :3].ravel(), k, rtol=1e-12)
            assert list(message.d) == [0] * 5
            assert list(message.r) == [1, 0, 0, 0, 1, 0, 0, 0, 1]
            assert message.roi.width == message.binning_x == 0


def test_the_jpegs_show_the_same_pictures(samples: Path) -> None:
    pictures = [m for topic, _, m in read(samples / "street.mcap")[1] if topic == "/camera/image"]
    jpegs = [m for topic, _, m in read(samples / "street_jpeg.mcap")[1] if topic == "/camera/image/compressed"]
    assert len(pictures) == len(jpegs) == FRAMES
    for picture, jpeg in zip(pictures, jpegs, strict=True):
        assert jpeg.format == "rgb8; jpeg compressed bgr8"
        file = Image.open(io.BytesIO(jpeg.data.tobytes()))
        assert file.format == "JPEG"
        error = np.asarray(file, float) - picture.data.reshape(HEIGHT, WIDTH, 3)
        # It is 4.6, and 12.7 with red and blue exchanged.
        assert math.sqrt((error**2).mean()) < 8


def compressions(path: Path) -> set[str]:
    with path.open("rb") as file:
        return {chunk.compression for chunk in make_reader(file).get_summary().chunk_indexes}


@pytest.mark.parametrize(
    ("name", "compression"), [("street.mcap", ""), ("street_zstd.mcap", "zstd"), ("street_jpeg.mcap", "")]
)
def test_the_sample_bags_are_packed_as_their_names_say(samples: Path, name: str, compression: str) -> None:
    assert compressions(samples / name) == {compression}


def test_the_same_bytes_each_time(samples: Path, tmp_path: Path) -> None:
    subprocess.run(sample_command(tmp_path), check=True, stdout=subprocess.DEVNULL, timeout=60)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) == len(BAGS) + 1
    for file in files:
        assert (tmp_path / file).read_bytes() == (samples / file).read_bytes(), file


def test_sqlite_has_the_tables_of_rosbag2(samples: Path) -> None:
    with sqlite3.connect(samples / "street_sqlite" / "street_sqlite_0.db3") as database:
        rows = database.execute
        assert rows("SELECT * FROM schema").fetchall() == [(4, "jazzy")]
        assert rows("SELECT metadata_version FROM metadata").fetchall() == [(9,)]
        types = [row[0] for row in rows("SELECT topic_type FROM message_definitions ORDER BY id")]
        assert types == list(dict.fromkeys(RAW.values()))
        assert rows("SELECT COUNT(*) FROM messages").fetchone() == (FRAMES * len(RAW),)
        assert rows("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_written_file_has_summary_schemas_and_metadata(written: Path) -> None:
    with written.open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        header = reader.get_header()
        assert header.profile == "ros2"
        assert header.library.startswith("attendseg_node ")
        summary = reader.get_summary()
        statistics = summary.statistics
        assert (statistics.message_count, statistics.message_start_time, statistics.message_end_time) == (31, 5, 39)
        packed = "" if "none" in str(written.parent) else "zstd"
        assert compressions(written) == {packed}
        assert len(summary.chunk_indexes) == statistics.chunk_count > 3
        assert {(s.name, s.encoding) for s in summary.schemas.values()} == {
            ("vision_msgs/msg/LabelInfo", "ros2msg"),
            ("sensor_msgs/msg/Image", "ros2msg"),
        }
        assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}
        for channel in summary.channels.values():
            # Humble's rosbag2 reads numbers only.
            assert "\n  durability: " in channel.metadata["offered_qos_profiles"]
            assert channel.metadata["offered_qos_profiles"].startswith("- history: 1\n")
        (metadata,) = reader.iter_metadata()
        assert (metadata.name, metadata.metadata) == ("attendseg", {"model": "a model"})
        # In the file's order, as a reader without the index sees it, all checksums looked at.
        times = [message.log_time for _, _, message in reader.iter_messages(log_time_order=False)]
        assert times == [5, *range(10, 40)]


def test_a_written_file_has_its_messages_and_qos(written: Path) -> None:
    connections, messages = read(written)
    latched = (QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL, QosHistory.KEEP_LAST, 1)
    sensor = (QosReliability.BEST_EFFORT, QosDurability.VOLATILE, QosHistory.KEEP_LAST, 5)
    assert qos_of(connections["/segmentation/label_info"]) == latched
    assert qos_of(connections["/segmentation/mask"]) == sensor
    (_, _, info), *masks = messages
    assert [(c.class_id, c.class_name) for c in info.class_map] == [(0, "sky"), (300, "Straße")]
    assert (info.threshold, info.header.frame_id, info.header.stamp.nanosec) == (0.25, "kamera/ü", 2)
    assert len(masks) == 30
    for i, (topic, time, mask) in enumerate(masks):
        assert (topic, time, mask.header.stamp.sec, mask.width, mask.step) == (
            "/segmentation/mask",
            10 + i,
            i,
            1000,
            1000,
        )
        assert len(mask.data) == 500_000
        assert (mask.data == i).all()


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A program that would run for long, and is ended whatever becomes of the test."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def named(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_killed_writer_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "out.mcap"
    with started(write_command(path, "none", 10**6)) as program:
        assert program.stdout.readline() == "half of it\n"
        program.send_signal(signal.SIGKILL)
        assert program.wait(timeout=20) == -signal.SIGKILL
    (unfinished,) = tmp_path.iterdir()
    assert unfinished.name == f".out.mcap.{program.pid}.part"
    assert unfinished.stat().st_size > 1_000_000
    subprocess.run(write_command(path, "none", 1), check=True, timeout=60)
    assert named(tmp_path) == ["out.mcap"]


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_sample_bags_cut_short(how: signal.Signals, code: int, tmp_path: Path) -> None:
    with started(sample_command(tmp_path, 100_000)) as program:
        begun = monotonic()
        while not any(path.stat().st_size > 2_000_000 for path in tmp_path.glob(".street.mcap.*.part")):
            assert program.poll() is None
            assert monotonic() - begun < 60
            sleep(0.01)
        program.send_signal(how)
        assert program.wait(timeout=20) == code
    assert named(tmp_path) == []
    if how == signal.SIGTERM:
        assert list(tmp_path.iterdir()) == []


def test_sample_bags_replace_nothing(tmp_path: Path) -> None:
    (tmp_path / "street_jpeg.mcap").write_text("mine")
    done = subprocess.run(sample_command(tmp_path), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == (
        f"demo: {tmp_path}/street_jpeg.mcap is there already; move it, or give another folder to --out\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["street_jpeg.mcap"]
