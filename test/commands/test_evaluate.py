"""`attendseg evaluate` on label pictures of all makes: the very ids, or an error that names the file."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from program import COLOURS, HEIGHT, WIDTH, attendseg, error_of, strongest_channel, thirds

PIXELS = WIDTH * HEIGHT


def stripes() -> NDArray[np.uint8]:
    """The labels of thirds()."""
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[:, 8:20] = 1
    ids[:, 20:] = 2
    return ids


def png(ids: NDArray[Any], bits: int, colour_type: int = 0, chunks: bytes = b"") -> bytes:
    """One sample a pixel, packed to any number of bits."""
    high_first = ((ids[..., None].astype(int) >> np.arange(bits)[::-1]) & 1).astype(np.uint8)
    rows = np.packbits(high_first.reshape(len(ids), -1), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", ids.shape[1], ids.shape[0], bits, colour_type, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@dataclass
class Folders:
    images: Path
    labels: Path
    model: Path

    def arguments(self) -> list[object]:
        return ["evaluate", "--images", self.images, "--labels", self.labels, "--model", self.model, "--threads", "1"]

    def score(self) -> dict[str, Any]:
        done = attendseg(*self.arguments(), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refusal(self) -> str:
        return error_of(attendseg(*self.arguments()))


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "images", tmp_path / "labels", strongest_channel(tmp_path / "model"))
    made.images.mkdir()
    made.labels.mkdir()
    thirds().save(made.images / "a.png")
    return made


def expect_all_right(score: dict[str, Any], left_out: int = 0) -> None:
    assert (score["pictures"], score["mean_iou"], score["left_out"]) == (1, 100, left_out)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_grey_values_are_the_ids(folders: Folders, bits: int) -> None:
    (folders.labels / "a.png").write_bytes(png(stripes(), bits))
    expect_all_right(folders.score())


def test_one_bit_is_enough_for_two_classes(folders: Folders) -> None:
    (folders.labels / "a.png").write_bytes(png(np.minimum(stripes(), 1), 1))
    iou = folders.score()["iou"]
    assert iou["class 0"] == 100
    assert iou["class 1"] == pytest.approx(100 * 12 / 24)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_palette_indices_are_the_ids_whatever_their_colours(folders: Folders, bits: int) -> None:
    palette = chunk(b"PLTE", bytes([0, 0, 0, 128, 0, 0, 0, 128, 0, 77, 7, 7]))
    (folders.labels / "a.png").write_bytes(png(stripes(), bits, 3, palette))
    expect_all_right(folders.score())


def test_a_palette_of_the_classes_colours_in_another_order_is_refused(folders: Folders) -> None:
    """As from a program that saves space; in the classes' order colours and indices say the same."""
    in_order, turned = (np.array(order, np.uint8).tobytes() for order in (COLOURS, COLOURS[::-1]))
    (folders.labels / "a.png").write_bytes(png(stripes(), 8, 3, chunk(b"PLTE", in_order)))
    expect_all_right(folders.score())
    (folders.labels / "a.png").write_bytes(png(stripes(), 8, 3, chunk(b"PLTE", turned)))
    assert f"label {folders.labels / 'a.png'}: index 0 has the colour of another class" in folders.refusal()


@pytest.mark.parametrize("chunks", [chunk(b"tRNS", b"\0\1"), chunk(b"gAMA", struct.pack(">I", 100000))])
def test_nothing_beside_the_pixels_changes_the_ids(folders: Folders, chunks: bytes) -> None:
    (folders.labels / "a.png").write_bytes(png(stripes(), 8, 0, chunks))
    expect_all_right(folders.score())


def test_ids_of_16_bits_above_255_are_no_class(folders: Folders) -> None:
    ids = stripes().astype(np.uint16)
    ids[:2] = 256  # its low byte is the id of a class, its high byte that of another
    ids[2:4] = 0x0202
    (folders.labels / "a.png").write_bytes(png(ids, 16))
    expect_all_right(folders.score(), left_out=4 * WIDTH)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_are_those_of_the_manifest(folders: Folders, mode: str) -> None:
    colours = np.array(COLOURS, np.uint8)[stripes()]
    colours[:3] = 0  # black is the usual colour of no class
    Image.fromarray(colours).convert(mode).save(folders.labels / "a.png")
    expect_all_right(folders.score(), left_out=3 * WIDTH)


def test_another_colour_is_refused(folders: Folders) -> None:
    colours = np.array(COLOURS, np.uint8)[stripes()]
    colours[5, 7] = 1, 1, 1
    Image.fromarray(colours).save(folders.labels / "a.png")
    line = folders.refusal()
    assert f"label {folders.labels / 'a.png'}: the colour 1, 1, 1 at 7, 5 is no class's" in line


def test_transparent_labels_and_other_files_are_refused(folders: Folders) -> None:
    label = folders.labels / "a.png"
    Image.fromarray(np.dstack([stripes(), stripes()])).save(label)  # grey with alpha
    assert f"label {label}: has transparent pixels" in folders.refusal()
    thirds().save(label, "JPEG")
    assert f"label {label}: is no PNG file" in folders.refusal()
    label.write_bytes(png(stripes(), 8)[:-30])
    assert f"label {label}: is cut short" in folders.refusal()
    label.write_bytes(b"")
    assert f"label {label}: is no PNG file" in folders.refusal()


def test_photos_are_turned_as_viewers_turn_them(folders: Folders) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: shown turned by 90 degrees clockwise
    thirds().transpose(Image.Transpose.ROTATE_90).save(folders.images / "a.png", exif=exif)
    Image.fromarray(stripes()).save(folders.labels / "a.png")
    expect_all_right(folders.score())


@pytest.mark.parametrize("name", ["a.png", "a_label.png", "a_labelIds.png", "a.PNG"])
def test_labels_are_found_by_their_usual_names(folders: Folders, name: str) -> None:
    (folders.images / "a.png").unlink()
    thirds().save(folders.images / "a.JPG", "JPEG", quality=100, subsampling=0)
    Image.fromarray(stripes()).save(folders.labels / name, "PNG")
    score = folders.score()
    assert (score["pictures"], score["passed_over"]) == (1, 0)
    assert score["pixel_accuracy"] > 90


def test_what_is_no_picture_is_passed_over_and_counted(folders: Folders) -> None:
    Image.fromarray(stripes()).save(folders.labels / "a.png")
    (folders.images / "below.png").mkdir()
    for name in (".DS_Store", "Thumbs.db", "._a.png", "notes.txt"):
        (folders.images / name).touch()
    score = folders.score()
    assert (score["pictures"], score["passed_over"]) == (1, 5)


def test_a_picture_without_a_label_is_named(folders: Folders) -> None:
    line = folders.refusal()
    assert f"{folders.images / 'a.png'}: no label for it in {folders.labels}" in line
    assert "a.png, a_label.png, a_labelIds.png" in line


def test_two_labels_for_one_picture_are_refused(folders: Folders) -> None:
    for name in ("a.png", "a_label.png"):
        Image.fromarray(stripes()).save(folders.labels / name)
    line = folders.refusal()
    assert f"more than one label for it, {folders.labels / 'a.png'} and {folders.labels / 'a_label.png'}" in line


def test_labels_of_another_size_are_scored_at_theirs_unless_the_proportions_differ(folders: Folders) -> None:
    label = folders.labels / "a.png"
    Image.fromarray(stripes()).resize((2 * WIDTH, 2 * HEIGHT), Image.Resampling.NEAREST).save(label)
    assert folders.score()["pixel_accuracy"] > 90
    Image.fromarray(stripes()[:-4]).save(label)
    line = folders.refusal()
    assert f"label {label}: 32x20, but its picture {folders.images / 'a.png'} is 32x24" in line


def test_folders_and_pictures_that_cannot_be_read_are_named(folders: Folders) -> None:
    Image.fromarray(stripes()).save(folders.labels / "a.png")
    picture = folders.images / "a.png"
    picture.write_bytes(b"no picture")
    assert f"picture {picture}: " in folders.refusal()
    folders.images = folders.images / "elsewhere"
    assert f"{folders.images}: no such folder" in folders.refusal()
    folders.images = picture
    assert f"{picture}: cannot be read as a folder (ENOTDIR)" in folders.refusal()


def test_confusion_matrix(folders: Folders, tmp_path: Path) -> None:
    """Of green, 7 columns are labelled as red; the rows are the labels."""
    ids = stripes()
    ids[:, 8:15] = 0
    Image.fromarray(ids).save(folders.labels / "a.png")
    rest = WIDTH - 20
    wanted = [[8, 7, 0, 0], [0, 5, 0, 0], [0, 0, rest, 0]]
    assert folders.score()["confusion"] == [[columns * HEIGHT for columns in row] for row in wanted]
    for name in ("matrix.png", "matrix.svg"):
        done = attendseg(*folders.arguments(), "--confusion", tmp_path / name)
        assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "matrix.png") as picture:
        assert min(picture.size) > 150
    svg = (tmp_path / "matrix.svg").read_text()
    assert ">46.7<" in svg
    assert ">53.3<" in svg
    done = attendseg(*folders.arguments(), "--confusion", tmp_path / "matrix.png")
    assert done.stderr.startswith(
        f"attendseg: {tmp_path}/matrix.png: cannot be written (file already exists); move it away, or give another name"
    )
    assert "Give OUT.png or OUT.svg" in error_of(attendseg(*folders.arguments(), "--confusion", "matrix.txt"))
