"""`attendseg segment` to and from pictures and films."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from segmenting import (
    FRAMES,
    HEIGHT,
    WIDTH,
    pixels,
    read,
    refusal,
    segment,
    summary,
)


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
