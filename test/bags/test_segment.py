"""`attendseg segment`: what comes out is read by libraries of others, is the same each time, and is right."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from making_bags import STORE
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from numpy.typing import NDArray
from PIL import Image
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability
from rosbags.typesys import get_types_from_msg

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "main.js"
DEMO = ROOT / "demo" / "dist" / "main.js"
GOLDEN = Path(__file__).parent / "golden"
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


def image(encoding: str, i: int, width: int = 64, height: int = 48, value: int = 100) -> RosImage:
    channels = {"rgb8": 3, "mono8": 1, "16UC1": 2, "foo8": 1}[encoding]
    types = STORE.types
    stamp = types["builtin_interfaces/msg/Time"](sec=i, nanosec=0)
    data = np.full(width * height * channels, value, np.uint8)
    header = types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera")
    return RosImage(header, height, width, encoding, 0, width * channels, data)


Messages = list[tuple[str, str, bytes]]


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


def cdr(message: RosImage) -> bytes:
    return bytes(STORE.serialize_cdr(message, "sensor_msgs/msg/Image"))


IMAGE = "sensor_msgs/msg/Image"


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


# --- pictures and films


def test_pictures(samples: Path, masks: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i, (_, message) in enumerate(read(samples / "street.mcap")["/camera/image"][:3]):
        Image.fromarray(pixels(message)).save(pictures / f"{i}.png")
    (pictures / "notes.txt").write_text("of the drive")
    out = tmp_path / "out"
    done = segment(pictures, "-o", out, "--outputs", "mask,overlay", "--json")
    assert summary(done)["segmented"] == 3
    assert "1 other entries" in done.stderr
    of_bag = [pixels(message) for _, message in read(masks)["/camera/segmentation/mask"]]
    for i in range(3):
        assert np.array_equal(np.asarray(Image.open(out / "mask" / f"{i}.png")), of_bag[i])
        assert Image.open(out / "overlay" / f"{i}.png").mode == "RGB"
    labels = json.loads((out / "labels.json").read_text())
    assert labels[0] == {"id": 0, "name": "sky", "color": [70, 130, 180]}
    assert len((out / "frames.csv").read_text().splitlines()) == 4
    one = tmp_path / "one"
    assert summary(segment(pictures / "1.png", "-o", one, "--json"))["segmented"] == 1
    assert (one / "mask/1.png").read_bytes() == (out / "mask/1.png").read_bytes()


def test_a_picture_that_is_none(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (64, 48)).save(pictures / "a.png")
    (pictures / "b.png").write_bytes(b"no picture")
    done = segment(pictures, "-o", tmp_path / "out")
    assert refusal(done).startswith(f"attendseg: picture {pictures}/b.png: ")
    assert "1 frames" in done.stdout
    assert "1 problems" in done.stdout
    assert (tmp_path / "out/mask/a.png").exists()


def test_animated_webp(samples: Path, tmp_path: Path) -> None:
    out = tmp_path / "film.webp"
    summary(segment(samples / "street_jpeg.mcap", "-o", out, "--json"))
    with Image.open(out) as film:
        assert (film.n_frames, film.size) == (FRAMES, (WIDTH, HEIGHT))
        film.load()
        assert film.info["duration"] == 100


FFMPEG = """#!{python}
import pathlib, sys
out = pathlib.Path(sys.argv[-1])
out.write_bytes(sys.stdin.buffer.read())
out.with_name("arguments").write_text(" ".join(sys.argv[1:]))
sys.exit({code})
"""


@pytest.fixture
def ffmpeg(tmp_path: Path) -> Iterator[Callable[[int], str]]:
    """A stand-in that keeps what it gets; the PATH that has it."""

    def make(code: int) -> str:
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir(exist_ok=True)
        program.write_text(FFMPEG.format(python=shutil.which("python3"), code=code))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return f"{program.parent}:{os.environ['PATH']}"

    return make


def test_mp4(samples: Path, tmp_path: Path, ffmpeg: Callable[[int], str]) -> None:
    out = tmp_path / "film.mp4"
    summary(segment(samples / "street.mcap", "-o", out, "--json", PATH=ffmpeg(0)))
    assert out.stat().st_size == FRAMES * WIDTH * HEIGHT * 3
    arguments = (tmp_path / "arguments").read_text()
    assert f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r 10.000" in arguments


def test_mp4_that_fails(samples: Path, tmp_path: Path, ffmpeg: Callable[[int], str]) -> None:
    out = tmp_path / "film.mp4"
    done = segment(samples / "street.mcap", "-o", out, PATH=ffmpeg(3))
    assert refusal(done).startswith(f"attendseg: {out}: ffmpeg ended with code 3")
    assert not list(tmp_path.glob("*.mp4"))
    path = ":".join(part for part in os.environ["PATH"].split(":") if not (Path(part) / "ffmpeg").exists())
    done = segment(samples / "street.mcap", "-o", out, PATH=path)
    assert refusal(done).endswith("install the package ffmpeg, or make a .webp")


# --- runs that were cut off


@pytest.mark.parametrize("name", ["out.mcap", "out"])
def test_a_killed_run_is_taken_up(samples: Path, tmp_path: Path, name: str) -> None:
    """What comes out is what one run would have given, and the frames that were there are not segmented again."""
    options = ("--outputs", "mask,overlay,image,label_info", "--compression", "none")
    whole = tmp_path / "whole" / name
    whole.parent.mkdir()
    summary(segment(samples / "street.mcap", "-o", whole, *options, "--json"))
    out = tmp_path / name
    command = ["node", str(MAIN), "segment", str(samples / "street.mcap"), "-o", str(out), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        left = list(tmp_path.glob(f".{name}.*.part"))
        size = sum(file.stat().st_size for part in left for file in (part, *part.rglob("*")) if file.is_file())
        # As much as two frames and their chunk.
        if size > 2_300_000 or (left and len(list(left[0].rglob("mask/*.png"))) > 3):
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    if name == "out":
        with (left[0] / "frames.csv").open("a") as table:
            table.write("/half a row, as a full disk ta")
    done = segment(samples / "street.mcap", "-o", out, *options, "--json")
    result = summary(done)
    assert result["segmented"] + result["resumed"] == FRAMES
    assert result["resumed"] > 0
    assert f"goes on with an earlier run: {result['resumed']} frames are there" in done.stderr
    assert not list(tmp_path.glob(".*.part"))
    if name == "out":
        files = sorted(file.relative_to(whole) for file in whole.rglob("*") if file.is_file())
        assert files == sorted(file.relative_to(out) for file in out.rglob("*") if file.is_file())
        assert all((whole / file).read_bytes() == (out / file).read_bytes() for file in files)
    else:
        assert whole.read_bytes() == out.read_bytes()


def test_other_options_do_not_go_on_with_it(samples: Path, tmp_path: Path) -> None:
    part = tmp_path / ".out.mcap.0123456789ab.1.part"
    part.write_bytes(b"of another run")
    summary(segment(samples / "street.mcap", "-o", tmp_path / "out.mcap", "--every", 6, "--json"))
    assert part.read_bytes() == b"of another run"


def test_what_is_there_is_not_replaced(samples: Path, tmp_path: Path) -> None:
    for name in ("out.mcap", "out.webp", "out.mp4"):
        (tmp_path / name).write_text("precious")
        assert "move it away" in refusal(segment(samples / "street.mcap", "-o", tmp_path / name))
        assert (tmp_path / name).read_text() == "precious"
    (tmp_path / "out").mkdir()
    (tmp_path / "out/precious").touch()
    assert "move it away" in refusal(segment(samples / "street.mcap", "-o", tmp_path / "out"))
    assert refusal(segment(samples / "street.mcap", "-o", tmp_path / "no/out.mcap")).endswith("make it first")
    assert "are not written; give OUT.mcap" in refusal(segment(samples / "street.mcap", "-o", tmp_path / "out.bag"))


# --- bad input


def test_a_bag_that_breaks_off(samples: Path, tmp_path: Path) -> None:
    """What can be read is segmented and counted; the problem names file and byte."""
    cut = tmp_path / "cut.mcap"
    whole = (samples / "street.mcap").read_bytes()
    cut.write_bytes(whole[: len(whole) * 9 // 10])
    done = segment(cut, "-o", tmp_path / "out.mcap", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert 3 < result["segmented"] < FRAMES
    assert result["problems"] > 0
    assert any(str(cut) in line and "byte" in line for line in done.stderr.splitlines()), done.stderr
    assert len(read(tmp_path / "out.mcap")["/camera/segmentation/mask"]) == result["segmented"]


@pytest.mark.parametrize("content", [b"", b"no bag", bytes(1000)])
def test_what_is_no_bag(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mcap").write_bytes(content)
    line = refusal(segment(tmp_path / "x.mcap", "-o", tmp_path / "out.mcap"))
    assert line.startswith("attendseg: bag ")
    assert "x.mcap" in line
    assert [file.name for file in tmp_path.iterdir()] == ["x.mcap"]


def test_a_bag_of_which_nothing_is_left(samples: Path, tmp_path: Path) -> None:
    """The error says why there are no pictures."""
    (tmp_path / "cut.mcap").write_bytes((samples / "street.mcap").read_bytes()[:100_000])
    line = refusal(segment(tmp_path / "cut.mcap", "-o", tmp_path / "out.mcap"))
    assert "no pictures" in line
    assert "byte" in line


def test_messages_that_are_none(bag: Callable[[Messages], Path], tmp_path: Path) -> None:
    """Wrong CDR, encodings that change, stamps that go back are told with their place, and the others are segmented."""
    good = cdr(image("rgb8", 5))
    path = bag(
        [
            ("/camera/image", IMAGE, good),
            ("/camera/image", IMAGE, good[:40]),
            ("/camera/image", IMAGE, cdr(image("mono8", 7))),
            ("/camera/image", IMAGE, cdr(image("foo8", 8))),
            ("/camera/image", IMAGE, b"\0\1\0\0"),
            ("/camera/image", IMAGE, cdr(image("rgb8", 6))),
            ("/words", "std_msgs/msg/String", b"\0\1\0\0\1\0\0\0\0"),
        ]
    )
    done = segment(path, "-o", tmp_path / "out.mcap", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert (result["segmented"], result["problems"]) == (3, 4)
    lines = done.stderr.splitlines()
    assert len(lines) == 4, lines
    assert all(str(path) in line and "byte" in line and "/camera/image" in line for line in lines), lines
    assert any("its stamp is 2.000 s before" in line for line in lines)
    assert any('encoding "foo8" is not supported' in line for line in lines)
    assert [at for at, _ in read(tmp_path / "out.mcap")["/camera/segmentation/mask"]] == [10**9, 3 * 10**9, 6 * 10**9]


def test_a_bag_without_pictures(bag: Callable[[Messages], Path], tmp_path: Path) -> None:
    path = bag([("/words", "std_msgs/msg/String", b"\0\1\0\0\1\0\0\0\0")])
    line = refusal(segment(path, "-o", tmp_path / "out.mcap"))
    assert line.endswith(
        "no pictures (sensor_msgs Image or CompressedImage) in it; it has /words (std_msgs/msg/String)"
    )


# --- with other commands


def compare(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["node", str(MAIN), "compare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_compared_with_itself_and_with_the_labels(samples: Path, masks: Path) -> None:
    done = compare(masks, masks, "--min-agreement", 100, "--min-iou", 100)
    assert done.returncode == 0, done.stderr
    done = compare(samples / "street.mcap", masks, "--min-agreement", 85, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pairs"] == FRAMES


def test_two_models_on_a_bag(samples: Path, tmp_path: Path) -> None:
    """The shipped network in its two files: int8 for the CPU, and int8 for TensorRT, run by the CPU, too."""
    shipped = ROOT / "models" / "attendseg_camvid"
    other = tmp_path / "other"
    shutil.copytree(shipped, other)
    manifest = other / "manifest.yaml"
    cpu, tensorrt = (line.split("{", 1)[1] for line in manifest.read_text().splitlines() if "path: attendseg" in line)
    manifest.write_text(manifest.read_text().replace(cpu, tensorrt))
    done = compare("--models", shipped, other, samples / "street.mcap", "--report", tmp_path / "report", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["pairs"] == FRAMES
    assert 97 < result["pixel_agreement"] < 100
    assert (tmp_path / "report/report.html").exists()
    assert len(list((tmp_path / "report").glob("frame_*_image.jpg"))) == min(8, FRAMES)
    done = compare("--models", shipped, samples / "street.mcap")
    assert done.stderr == "attendseg: give two models and one bag or folder of pictures; see compare --help\n"
