"""`attendseg segment` where a run was cut off, where input is bad, and with other commands."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from segmenting import (
    FRAMES,
    IMAGE,
    MAIN,
    ROOT,
    Messages,
    cdr,
    image,
    read,
    refusal,
    segment,
    summary,
)


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
