"""Bags written by independent packages, and what our readers make of them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcap.writer import CompressionType, IndexType, Writer
from rosbags.typesys import Stores, get_typestore

if TYPE_CHECKING:
    from collections.abc import Sequence

STORE = get_typestore(Stores.ROS2_JAZZY)
START = 1_700_000_000_000_000_123
"""Too large for a JavaScript number to hold to the nanosecond."""

QOS = "- history: 1\n  depth: 1\n  reliability: 1\n  durability: 1"
TYPES = {"/camera/image": "sensor_msgs/msg/Image", "/words": "std_msgs/msg/String"}


@dataclass(frozen=True)
class Written:
    topic: str
    time: int
    data: bytes

    @property
    def seen(self) -> tuple[str, str, str]:
        return self.topic, str(self.time), hashlib.sha256(self.data).hexdigest()


def cdr(i: int, size: int) -> bytes:
    """Plain CDR, little endian; what follows need not be a message for a reader of bags."""
    noise = hashlib.shake_128(str(i).encode()).digest(size // 2)
    return b"\0\1\0\0" + noise + bytes(size - size // 2)


def messages(count: int = 60, size: int = 700) -> list[Written]:
    topics = list(TYPES)
    return [Written(topics[i % 3 == 2], START + i * 1_000_003, cdr(i, size + i)) for i in range(count)]


def write_mcap(
    path: Path,
    written: Sequence[Written],
    compression: CompressionType = CompressionType.NONE,
    *,
    chunked: bool = True,
    summary: bool = True,
    data_crc: bool = True,
    chunk_size: int = 4096,
) -> Path:
    with path.open("wb") as file:
        writer = Writer(
            file,
            chunk_size=chunk_size,
            compression=compression,
            use_chunking=chunked,
            index_types=IndexType.ALL if summary else IndexType.NONE,
            repeat_channels=summary,
            repeat_schemas=summary,
            use_statistics=summary,
            use_summary_offsets=summary,
            enable_data_crcs=data_crc,
        )
        writer.start(profile="ros2", library="test")
        channels = {}
        for topic, kind in TYPES.items():
            schema = writer.register_schema(kind, "ros2msg", STORE.generate_msgdef(kind, ros_version=2)[0].encode())
            channels[topic] = writer.register_channel(topic, "cdr", schema, {"offered_qos_profiles": QOS})
        for message in written:
            writer.add_message(channels[message.topic], message.time, message.data, message.time)
        writer.finish()
    return path


def read(*bags: Path | dict[str, object]) -> list[dict]:
    """What openBag and Bag.messages say of each."""
    done = start(*[bag if isinstance(bag, dict) else {"path": str(bag)} for bag in bags])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start(*asked: dict[str, object]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", str(Path(__file__).with_name("read_bags.mjs"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def seen(answer: dict) -> list[tuple[str, str, str]]:
    assert "error" not in answer, answer
    return [(message["topic"], message["time"], message["sha256"]) for message in answer["messages"]]
