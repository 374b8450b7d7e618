"""`attendseg segment` as a process, the bags that it is given, and what it writes, read by libraries of others."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import numpy as np
from making_bags import STORE
from mcap.reader import make_reader
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_types_from_msg

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "main.js"
DEMO = ROOT / "demo" / "dist" / "main.js"
WIDTH, HEIGHT, FRAMES, SEED = 320, 240, 12, 5
START, PERIOD = 1_700_000_000 * 10**9, 10**8
LEFT_OUT = "attendseg: /truth/segmentation/mask is left out: it is an output of segmentation, not a picture"

STORE.register(
    get_types_from_msg("uint16 class_id\nstring class_name", "vision_msgs/msg/VisionClass")
    | get_types_from_msg(
        "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold", "vision_msgs/msg/LabelInfo"
    )
)
RosImage = STORE.types["sensor_msgs/msg/Image"]


def segment(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(MAIN), "segment", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment
    )


def summary(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The last line; notes stand before."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    return done.stderr.splitlines()[-1]


def read(path: Path) -> dict[str, list[tuple[int, object]]]:
    """By topic: times and messages."""
    result: dict[str, list[tuple[int, object]]] = {}
    with AnyReader([path], default_typestore=STORE) as reader:
        for connection, at, data in reader.messages():
            message = STORE.deserialize_cdr(data, connection.msgtype)
            result.setdefault(connection.topic, []).append((at, message))
    return result


def pixels(message: RosImage) -> NDArray[np.uint8]:
    channels = {"mono8": 1, "rgb8": 3}[message.encoding]
    assert message.step == message.width * channels
    return message.data.reshape(message.height, message.width, *([3] if channels == 3 else []))


def table(path: Path) -> list[dict[str, str]]:
    """The hashes that the file tells."""
    with path.open("rb") as file:
        (attachment,) = make_reader(file).iter_attachments()
    assert (attachment.name, attachment.media_type) == ("frames.csv", "text/csv")
    return list(csv.DictReader(io.StringIO(attachment.data.decode())))


def cdr(message: RosImage) -> bytes:
    return bytes(STORE.serialize_cdr(message, "sensor_msgs/msg/Image"))


IMAGE = "sensor_msgs/msg/Image"


def image(encoding: str, i: int, width: int = 64, height: int = 48, value: int = 100) -> RosImage:
    channels = {"rgb8": 3, "mono8": 1, "16UC1": 2, "foo8": 1}[encoding]
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](sec=i, nanosec=0)
    data = np.full(width * height * channels, value, np.uint8)
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")
    return RosImage(header, height, width, encoding, 0, width * channels, data)


Messages = list[tuple[str, str, bytes]]
