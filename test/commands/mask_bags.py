"""Bags of masks as `attendseg segment` and `ros2 bag record` write them, made by the packages `mcap` and `rosbags`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from mcap.writer import CompressionType, Writer
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer as Rosbag2Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

STORE = get_typestore(Stores.ROS2_JAZZY)
STORE.register(get_types_from_msg("uint16 class_id\nstring class_name", "vision_msgs/msg/VisionClass"))
STORE.register(
    get_types_from_msg(
        "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold", "vision_msgs/msg/LabelInfo"
    )
)
IMAGE, LABEL_INFO = "sensor_msgs/msg/Image", "vision_msgs/msg/LabelInfo"

START = 1_700_000_000
MASK, CONFIDENCE, LABELS = (f"/front/segmentation/{name}" for name in ("mask", "confidence", "label_info"))
SHAPE = (24, 32)


@dataclass(frozen=True)
class Message:
    topic: str
    time: int
    kind: str = field(repr=False)
    data: bytes = field(repr=False)


def header(nanoseconds: int) -> object:
    stamp = STORE.types["builtin_interfaces/msg/Time"](*divmod(nanoseconds, 10**9))
    return STORE.types["std_msgs/msg/Header"](stamp, "camera")


def stamp(i: int) -> int:
    return START * 10**9 + i * 100_000_000 + 7


def stamp_text(i: int) -> str:
    seconds, nanoseconds = divmod(stamp(i), 10**9)
    return f"{seconds}.{nanoseconds:09}"


def image(i: int, pixels: NDArray[np.uint8], topic: str = MASK, encoding: str = "mono8", padding: int = 0) -> Message:
    """Recorded 5 ms after its stamp; `padding` is so many bytes behind each row."""
    rows = pixels.reshape(len(pixels), -1)
    data = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    message = STORE.types[IMAGE](
        header(stamp(i)), *pixels.shape[:2], encoding, 0, data.shape[1], np.ascontiguousarray(data).ravel()
    )
    return Message(topic, stamp(i) + 5_000_000, IMAGE, bytes(STORE.serialize_cdr(message, IMAGE)))


def label_info(names: dict[int, str], topic: str = LABELS) -> Message:
    classes = [STORE.types["vision_msgs/msg/VisionClass"](number, name) for number, name in names.items()]
    message = STORE.types[LABEL_INFO](header(stamp(0)), classes, 0.0)
    return Message(topic, stamp(0), LABEL_INFO, bytes(STORE.serialize_cdr(message, LABEL_INFO)))


def write_mcap(path: Path, messages: Iterable[Message]) -> Path:
    with path.open("wb") as file:
        writer = Writer(file, chunk_size=2048, compression=CompressionType.ZSTD)
        writer.start(profile="ros2", library="test")
        channels: dict[str, int] = {}
        for message in messages:
            if message.topic not in channels:
                definition = STORE.generate_msgdef(message.kind, ros_version=2)[0].encode()
                schema = writer.register_schema(message.kind, "ros2msg", definition)
                channels[message.topic] = writer.register_channel(message.topic, "cdr", schema)
            writer.add_message(channels[message.topic], message.time, message.data, message.time)
        writer.finish()
    return path


def write_sqlite(path: Path, messages: Iterable[Message]) -> Path:
    with Rosbag2Writer(path, version=9, storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {}
        for message in messages:
            if message.topic not in connections:
                connections[message.topic] = writer.add_connection(message.topic, message.kind, typestore=STORE)
            writer.write(connections[message.topic], message.time, message.data)
    return path


def ids(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    """A mask of the classes 0, 1 and 2 without any order, which packs badly: chunks are short."""
    return np.random.default_rng(seed).integers(0, 3, shape, np.uint8)


def masks(count: int = 12, topic: str = MASK) -> list[Message]:
    return [image(i, ids(i), topic) for i in range(count)]
