"""The bags that `attendseg segment` is given, and what it makes of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mcap.writer import CompressionType, Writer
from segmenting import DEMO, FRAMES, HEIGHT, LEFT_OUT, SEED, WIDTH, Messages, segment, summary


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("street") / "bags"
    command = ["node", DEMO, "sample-bag", "--out", folder, "--frames", FRAMES, "--size", f"{WIDTH}x{HEIGHT}"]
    subprocess.run([*map(str, command), "--seed", str(SEED)], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="session")
def masks(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("masks") / "masks.mcap"
    outputs = "mask,confidence,color_mask,overlay,mask_png,groups,label_info,camera_info,image"
    rules = ("--ros-args", "-p", 'groups:=["people: pedestrian, bicyclist"]')
    done = segment(samples / "street.mcap", "-o", out, "--outputs", outputs, "--json", *rules)
    assert summary(done)["segmented"] == FRAMES
    assert done.stderr.splitlines() == [LEFT_OUT]
    return out


@pytest.fixture
def bag(tmp_path: Path) -> Callable[[Messages], Path]:
    def write(messages: Messages) -> Path:
        """Topic, type and CDR of each, a second apart."""
        path = tmp_path / "given.mcap"
        with path.open("wb") as file:
            writer = Writer(file, compression=CompressionType.NONE, chunk_size=1)
            writer.start("ros2")
            channels: dict[str, int] = {}
            for i, (topic, kind, data) in enumerate(messages):
                if topic not in channels:
                    schema = writer.register_schema(kind, "ros2msg", b"")
                    channels[topic] = writer.register_channel(topic, "cdr", schema)
                writer.add_message(channels[topic], (i + 1) * 10**9, data, (i + 1) * 10**9)
            writer.finish()
        return path

    return write
