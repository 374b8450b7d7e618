"""Golden pixels of every encoding. At opacity 0 the overlay is the camera's picture as the node reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels
from pictures import Bytes, Frame, frame, noise
from ros_graph import Camera, Graph


@pytest.fixture(scope="module")
def camera(graph: Graph, cube: Running) -> Iterator[Camera]:
    assert graph.set_parameter(cube.full_name, "overlay_opacity", 0.0) == ""
    camera = Camera(graph, cube.image, cube.namespace, ("mask", "overlay")).connect()
    yield camera
    camera.close()
    assert graph.set_parameter(cube.full_name, "overlay_opacity", 0.5) == ""


@dataclass(frozen=True)
class Golden:
    """A tile of a picture: its bytes, row by row and plane by plane, and the pixels that they mean."""

    encoding: str
    planes: tuple[tuple[str, ...], ...]
    rgb: tuple[tuple[tuple[int, int, int], ...], ...]
    big_endian: bool = False
    tolerance: int = 0

    def __str__(self) -> str:
        return f"{self.encoding}{'_big_endian' if self.big_endian else ''}"

    def frame(self, padding: int = 0) -> Frame:
        across, down = WIDTH // len(self.rgb[0]), HEIGHT // len(self.rgb)
        planes = [np.tile(np.array([list(bytes.fromhex(r)) for r in p], np.uint8), (down, across)) for p in self.planes]
        return frame(self.encoding, WIDTH, *planes, big_endian=self.big_endian, padding=padding)

    def picture(self) -> Bytes:
        return np.tile(np.array(self.rgb, np.uint8), (HEIGHT // len(self.rgb), WIDTH // len(self.rgb[0]), 1))


# Two by two different pixels.
COLOURS = (((10, 130, 250), (255, 0, 1)), ((0, 255, 128), (77, 127, 200)))
GREYS = (((0, 0, 0), (255, 255, 255)), ((127, 127, 127), (128, 128, 128)))


def packed(encoding: str, *rows: str, rgb: tuple = COLOURS, big_endian: bool = False) -> Golden:
    return Golden(encoding, (rows,), rgb, big_endian)


# Of 16 bits the high byte counts; the low bytes here would show in any pixel that took them.
PACKED = [
    packed("rgb8", "0a82fa ff0001", "00ff80 4d7fc8"),
    packed("bgr8", "fa820a 0100ff", "80ff00 c87f4d"),
    packed("rgba8", "0a82fa13 ff000117", "00ff8019 4d7fc81b"),
    packed("bgra8", "fa820a13 0100ff17", "80ff0019 c87f4d1b"),
    packed("8UC3", "fa820a 0100ff", "80ff00 c87f4d"),
    packed("8UC4", "fa820a13 0100ff17", "80ff0019 c87f4d1b"),
    packed("mono8", "00 ff", "7f 80", rgb=GREYS),
    packed("8UC1", "00 ff", "7f 80", rgb=GREYS),
    packed("rgb16", "110a 2282 33fa 44ff 5500 6601", "7700 22ff 3380 444d 557f 66c8"),
    packed("rgb16", "0a11 8222 fa33 ff44 0055 0166", "0077 ff22 8033 4d44 7f55 c866", big_endian=True),
    packed("bgr16", "11fa 2282 330a 4401 5500 66ff", "7780 22ff 3300 44c8 557f 664d"),
    packed("bgr16", "fa11 8222 0a33 0144 0055 ff66", "8077 ff22 0033 c844 7f55 4d66", big_endian=True),
    packed("rgba16", "110a 2282 33fa 4499 55ff 6600 7701 8899", "1100 22ff 3380 4499 554d 667f 77c8 8899"),
    packed(
        "rgba16", "0a11 8222 fa33 9944 ff55 0066 0177 9988", "0011 ff22 8033 9944 4d55 7f66 c877 9988", big_endian=True
    ),
    packed("bgra16", "11fa 2282 330a 4499 5501 6600 77ff 8899", "1180 22ff 3300 4499 55c8 667f 774d 8899"),
    packed(
        "bgra16", "fa11 8222 0a33 9944 0155 0066 ff77 9988", "8011 ff22 0033 9944 c855 7f66 4d77 9988", big_endian=True
    ),
    packed("mono16", "1100 22ff", "337f 4480", rgb=GREYS),
    packed("mono16", "0011 ff22", "7f33 8044", rgb=GREYS, big_endian=True),
]

# BT.601 with limited range: red is (81, 90, 240), green (145, 54, 34), blue (41, 240, 110), black 16 and white 235.
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)
PAIRS = ((RED, RED, WHITE, BLACK), (GREEN, GREEN, BLUE, BLUE))
BLOCKS = ((RED, RED, WHITE, BLACK), (RED, RED, BLACK, WHITE))
POINTS = ((RED, GREEN, WHITE, BLACK), (BLUE, RED, GREEN, BLUE))


def yuv(encoding: str, rgb: tuple, *planes: tuple[str, ...]) -> Golden:
    return Golden(encoding, planes, rgb, tolerance=2)


UYVY = ("5a51f051 80eb8010", "36912291 f0296e29")
YUYV = ("515a51f0 eb801080", "91369122 29f0296e")
YUV = [
    yuv("uyvy", PAIRS, UYVY),
    yuv("yuv422", PAIRS, UYVY),
    yuv("yuyv", PAIRS, YUYV),
    yuv("yuv422_yuy2", PAIRS, YUYV),
    yuv("nv12", BLOCKS, ("5151 eb10", "5151 10eb"), ("5af0 8080",)),
    yuv("nv21", BLOCKS, ("5151 eb10", "5151 10eb"), ("f05a 8080",)),
    yuv("i420", BLOCKS, ("5151 eb10", "5151 10eb"), ("5a80",), ("f080",)),
    yuv("yv12", BLOCKS, ("5151 eb10", "5151 10eb"), ("f080",), ("5a80",)),
    yuv("nv24", POINTS, ("5191eb10", "29519129"), ("5af0 3622 8080 8080", "f06e 5af0 3622 f06e")),
]


@pytest.mark.parametrize("golden", PACKED + YUV, ids=str)
def test_golden_pixels(camera: Camera, golden: Golden) -> None:
    outputs = camera.segment(golden.frame())
    difference = np.abs(outputs["overlay"].astype(int) - golden.picture())
    assert difference.max() <= golden.tolerance
    assert np.array_equal(outputs["mask"], cube_labels(golden.picture()))


PADDED = [g for g in PACKED + YUV if str(g) in {"rgb8", "bgra8", "mono8", "rgb16", "mono16", "yuyv", "nv12", "nv24"}]


@pytest.mark.parametrize("padding", [2, 192])
@pytest.mark.parametrize("golden", PADDED, ids=str)
def test_rows_may_be_padded(camera: Camera, golden: Golden, padding: int) -> None:
    outputs = camera.segment(golden.frame(padding))
    assert np.abs(outputs["overlay"].astype(int) - golden.picture()).max() <= golden.tolerance
    assert np.array_equal(outputs["mask"], cube_labels(golden.picture()))


def test_padding_behind_the_last_row_may_be_missing(camera: Camera) -> None:
    golden = PACKED[0]
    whole = golden.frame(padding=5)
    outputs = camera.segment(Frame(whole.encoding, whole.width, whole.height, whole.step, whole.data[:-5]))
    assert np.array_equal(outputs["overlay"], golden.picture())


@pytest.mark.parametrize(("bits", "big_endian"), [(8, False), (16, False), (16, True)])
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer(camera: Camera, pattern: str, bits: int, big_endian: bool) -> None:
    """Two flat colours: exact but for the pixels that see the other."""
    left, right = (200, 100, 50), (20, 210, 140)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2] = left
    picture[:, WIDTH // 2 :] = right
    mosaic = np.empty((HEIGHT, WIDTH), np.uint8)
    for place, channel in enumerate(pattern):
        y, x = divmod(place, 2)
        mosaic[y::2, x::2] = picture[y::2, x::2, "rgb".index(channel)]
    rows = mosaic
    if bits == 16:
        low = np.full_like(mosaic, 0x5A)
        rows = np.stack([mosaic, low] if big_endian else [low, mosaic], axis=-1).reshape(HEIGHT, -1)
    outputs = camera.segment(frame(f"bayer_{pattern}{bits}", WIDTH, rows, big_endian=big_endian))
    away = np.abs(np.arange(WIDTH) + 0.5 - WIDTH // 2) > 1
    assert np.array_equal(outputs["overlay"][:, away], picture[:, away])
    assert np.array_equal(outputs["mask"][:, away], cube_labels(picture)[:, away])


def wide(rows: Bytes, big_endian: bool) -> Bytes:
    """Bytes as the high ones of 16-bit samples."""
    low = noise(rows.shape[1], rows.shape[0], seed=2)[..., 0]
    return np.stack([rows, low] if big_endian else [low, rows], axis=-1).reshape(rows.shape[0], -1)


ORDERS = {"rgb": [0, 1, 2], "bgr": [2, 1, 0], "rgba": [0, 1, 2, 3], "bgra": [2, 1, 0, 3]}


def same_picture(picture: Bytes) -> Iterator[Frame]:
    """The picture in every encoding that can hold it."""
    height, width, _ = picture.shape
    alpha = noise(width, height, seed=3)[..., :1]
    full = np.concatenate([picture, alpha], axis=-1)
    for name, order in ORDERS.items():
        rows = full[..., order].reshape(height, -1)
        yield frame(f"{name}8", width, rows)
        yield frame(f"{name}16", width, wide(rows, False))
        yield frame(f"{name}16", width, wide(rows, True), big_endian=True)
    yield frame("8UC3", width, picture[..., ::-1].reshape(height, -1))
    yield frame("8UC4", width, full[..., ORDERS["bgra"]].reshape(height, -1))


# No multiple of anything that kernels like to work in.
@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (77, 53)])
def test_one_picture_in_many_encodings(camera: Camera, size: tuple[int, int]) -> None:
    picture = noise(*size)
    masks = []
    for image in same_picture(picture):
        outputs = camera.segment(image)
        assert np.array_equal(outputs["overlay"], picture), image.encoding
        masks.append(outputs["mask"])
    assert all(np.array_equal(mask, masks[0]) for mask in masks)
    if size == (WIDTH, HEIGHT):
        assert np.array_equal(masks[0], cube_labels(picture))


def test_shipped_model_sees_the_same_in_all_encodings(shipped: Running, look: Callable[..., Camera]) -> None:
    rows = np.linspace(0, 255, 120).astype(np.uint8)[:, None, None]
    picture = (noise(160, 120) // 4 + rows // 2).astype(np.uint8)
    camera = look(shipped, "mask")
    wanted = {"rgb8", "bgr8", "rgba8", "bgra16"}
    masks = [camera.segment(image)["mask"] for image in same_picture(picture) if image.encoding in wanted]
    assert len(masks) == 5
    assert masks[0].max() < 11
    assert all(np.array_equal(mask, masks[0]) for mask in masks)


def test_sixteen_bits_of_which_twelve_are_filled(
    start: Callable[..., Running], look: Callable[..., Camera], graph: Graph, cube_model: Path
) -> None:
    """All but black at first, which is said once with the parameter that mends it."""
    node = start(cube_model, arguments=("-p", "overlay_opacity:=0.0"))
    camera = look(node, "mask", "overlay")
    values = (np.arange(WIDTH * HEIGHT, dtype=np.uint16) * 7 % 4096).reshape(HEIGHT, WIDTH)
    dark = frame("mono16", WIDTH, np.frombuffer(values.tobytes(), np.uint8).reshape(HEIGHT, -1))
    for _ in range(60):
        assert camera.segment(dark)["overlay"].max() == 15
    (warning,) = [line for line in node.process.output.splitlines() if "[WARN]" in line]
    assert f"{node.image}: 50 frames in a row are all but black" in warning
    assert "set the parameter bit_depth" in warning
    assert graph.set_parameter(node.full_name, "bit_depth", 12) == ""
    outputs = camera.segment(dark)
    assert np.array_equal(outputs["overlay"], np.repeat((values >> 4).astype(np.uint8)[..., None], 3, axis=-1))
    assert np.array_equal(outputs["mask"], cube_labels(outputs["overlay"]))
