"""`attendseg segment`: what comes out is read by libraries of others, is the same each time, and is right."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making_bags import STORE
from PIL import Image
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability
from segmenting import (
    FRAMES,
    HEIGHT,
    IMAGE,
    PERIOD,
    START,
    WIDTH,
    Messages,
    cdr,
    image,
    pixels,
    read,
    refusal,
    segment,
    summary,
    table,
)

GOLDEN = Path(__file__).parent / "golden"


def test_topics_stamps_and_qos(masks: Path, samples: Path) -> None:
    got, given = read(masks), read(samples / "street.mcap")
    outputs = {
        f"/camera/segmentation/{name}"
        for name in (
            *("mask", "confidence", "color_mask", "overlay", "mask/compressed", "camera_info", "label_info"),
            *("groups/people", "groups/people/camera_info"),
        )
    }
    assert set(got) == outputs | {"/camera/image"}
    times = [START + i * PERIOD for i in range(FRAMES)]
    for topic in outputs - {"/camera/segmentation/label_info"}:
        assert [at for at, _ in got[topic]] == times
        for at, message in got[topic]:
            assert message.header.stamp.sec * 10**9 + message.header.stamp.nanosec == at
            assert message.header.frame_id == given["/camera/image"][0][1].header.frame_id
    for (_, one), (_, other) in zip(got["/camera/image"], given["/camera/image"], strict=True):
        assert np.array_equal(pixels(one), pixels(other))
    ((at, info),) = got["/camera/segmentation/label_info"]
    assert at == START
    assert [entry.class_id for entry in info.class_map] == list(range(11))
    assert info.class_map[0].class_name == "sky"
    assert 255 not in [entry.class_id for entry in info.class_map]
    with AnyReader([masks], default_typestore=STORE) as reader:
        durability = {c.topic: c.ext.offered_qos_profiles[0].durability for c in reader.connections}
    latched = durability.pop("/camera/segmentation/label_info")
    assert latched == QosDurability.TRANSIENT_LOCAL
    assert set(durability.values()) == {QosDurability.VOLATILE}


def test_outputs_of_a_frame_belong_together(masks: Path) -> None:
    got = {topic: [message for _, message in messages] for topic, messages in read(masks).items()}
    of = {name: got[f"/camera/segmentation/{name}"] for name in ("mask", "confidence", "color_mask", "mask/compressed")}
    people, info = got["/camera/segmentation/groups/people"], got["/camera/segmentation/label_info"][0]
    ids = [entry.class_id for entry in info.class_map if entry.class_name in ("pedestrian", "bicyclist")]
    for i, mask in enumerate(map(pixels, of["mask"])):
        assert mask.shape == (HEIGHT, WIDTH)
        file = Image.open(io.BytesIO(of["mask/compressed"][i].data.tobytes()))
        assert np.array_equal(np.asarray(file), mask)
        assert np.array_equal(pixels(people[i]) == 255, np.isin(mask, ids))
        colours = pixels(of["color_mask"][i])
        for value in np.unique(mask):
            assert len(np.unique(colours[mask == value], axis=0)) == 1
        assert pixels(of["confidence"][i])[mask != 255].min() > 0
        scaled = got["/camera/segmentation/camera_info"][i]
        assert (scaled.width, scaled.height) == (WIDTH, HEIGHT)


def test_each_frame_has_a_hash(masks: Path) -> None:
    rows = table(masks)
    got = read(masks)["/camera/segmentation/mask"]
    assert [row["sha256_of_mask"] for row in rows] == [hashlib.sha256(m.data.tobytes()).hexdigest() for _, m in got]
    assert [row["stamp"] for row in rows] == [f"{at // 10**9}.{at % 10**9:09d}" for at, _ in got]
    assert {row["stream"] for row in rows} == {"/camera/image"}


@pytest.mark.parametrize("bag", ["street_zstd.mcap", "street_sqlite"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_input_gives_the_same_file(samples: Path, tmp_path: Path, bag: str, threads: int) -> None:
    first, second = tmp_path / "first.mcap", tmp_path / "second.mcap"
    summary(segment(samples / "street.mcap", "-o", first, "--threads", 1, "--json"))
    summary(segment(samples / bag, "-o", second, "--threads", threads, "--json"))
    assert first.read_bytes() == second.read_bytes()


def test_golden_masks(samples: Path, tmp_path: Path) -> None:
    """As they were when the model was shipped, on any CPU; made by attendseg segment street.mcap -o OUT --every 4."""
    summary(segment(samples / "street.mcap", "-o", tmp_path / "masks", "--every", 4, "--json"))
    golden = sorted(GOLDEN.glob("*.png"))
    assert [file.name for file in golden] == [file.name for file in sorted((tmp_path / "masks/mask").iterdir())]
    assert len(golden) == FRAMES // 4
    for file in golden:
        got, wanted = np.asarray(Image.open(tmp_path / "masks/mask" / file.name)), np.asarray(Image.open(file))
        assert (got == wanted).mean() >= 0.995, file.name


def test_jpeg_gives_nearly_the_same(samples: Path, masks: Path, tmp_path: Path) -> None:
    out = tmp_path / "jpeg.mcap"
    summary(segment(samples / "street_jpeg.mcap", "-o", out, "--json"))
    raw, jpeg = (read(path)["/camera/segmentation/mask"] for path in (masks, out))
    equal = [np.mean(pixels(one) == pixels(other)) for (_, one), (_, other) in zip(raw, jpeg, strict=True)]
    assert np.mean(equal) > 0.95


# --- what is taken


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        (("--every", 5), [0, 5, 10]),
        (("--start", 0.95), [10, 11]),
        (("--end", 0.3), [0, 1, 2]),
        (("--start", 0.3, "--end", 0.8, "--every", 2), [3, 5, 7]),
    ],
)
def test_a_part(samples: Path, tmp_path: Path, options: tuple[object, ...], frames: list[int]) -> None:
    out = tmp_path / "out.mcap"
    assert summary(segment(samples / "street_sqlite", "-o", out, *options, "--json"))["segmented"] == len(frames)
    assert [at for at, _ in read(out)["/camera/segmentation/mask"]] == [START + i * PERIOD for i in frames]


def test_several_cameras(bag: Callable[[Messages], Path], tmp_path: Path) -> None:
    topics = ("/front/image_raw", "/left/a", "/left/b")
    path = bag([(topic, IMAGE, cdr(image("rgb8", i))) for i in range(2) for topic in topics])
    out = tmp_path / "out.mcap"
    assert summary(segment(path, "-o", out, "--outputs", "mask", "--json"))["segmented"] == 6
    assert set(read(out)) == {
        "/front/segmentation/mask",
        "/left/a/segmentation/mask",
        "/left/b/segmentation/mask",
    }
    folder = tmp_path / "folder"
    summary(segment(path, "-o", folder, "--topics", "/front/image_raw,/left/b", "--json"))
    assert {str(file.relative_to(folder)) for file in folder.rglob("*.png")} == {
        f"{stream}/mask/000000000{i}_000000000.png" for stream in ("front__image_raw", "left__b") for i in range(2)
    }


def test_depth_is_left_out_and_said(bag: Callable[[Messages], Path], tmp_path: Path) -> None:
    messages = [
        (topic, IMAGE, cdr(image(encoding, i)))
        for i in range(3)
        for topic, encoding in (("/depth", "16UC1"), ("/rgb/image", "rgb8"))
    ]
    path = bag(messages)
    done = segment(path, "-o", tmp_path / "out.mcap", "--json")
    assert summary(done)["segmented"] == 3
    assert done.stderr.splitlines() == ["attendseg: /depth is left out: it is depth, not a picture"]
    # Asked for by name it is wrong.
    done = segment(path, "-o", tmp_path / "depth.mcap", "--topics", "/depth")
    assert done.returncode == 1
    assert "/depth" in done.stderr
    assert '"16UC1" is a depth image' in done.stderr


def test_a_topic_that_is_not_there(samples: Path, tmp_path: Path) -> None:
    there = "it has /camera/image, /truth/segmentation/mask"
    done = segment(samples / "street.mcap", "-o", tmp_path / "out.mcap", "--topics", "/camera/imgae")
    assert refusal(done).endswith(f"street.mcap: topic /camera/imgae: there is no such topic; {there}")
    done = segment(samples / "street.mcap", "-o", tmp_path / "out.mcap", "--topics", "/camera/camera_info")
    assert "it is of type sensor_msgs/msg/CameraInfo" in refusal(done)
    assert list(tmp_path.iterdir()) == []


def test_parameters_of_the_node(samples: Path, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("/**:\n  ros__parameters: {mask_size: 160x120, confidence_threshold: 0.9, no_such: 1}\n")
    out = tmp_path / "out.mcap"
    done = segment(samples / "street.mcap", "-o", out, "--every", 6, "--json", "--ros-args", "--params-file", file)
    assert summary(done)["segmented"] == 2
    assert "no_such" in done.stderr
    got = read(out)
    masks = [pixels(message) for _, message in got["/camera/segmentation/mask"]]
    assert {mask.shape for mask in masks} == {(120, 160)}
    assert 0 < np.mean(masks[0] == 255) < 0.9
    assert got["/camera/segmentation/label_info"][0][1].threshold == pytest.approx(0.9)
    assert got["/camera/segmentation/camera_info"][0][1].width == 160
    done = segment(samples / "street.mcap", "-o", out, "--ros-args", "-p", "mask_size:=huge")
    assert refusal(done).startswith("attendseg: parameter mask_size (the command line): ")
