"""Parameters from files and while the node runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels
from node_process import NodeProcess
from pictures import noise, quadrants, rgb_frame
from ros_graph import Camera, Graph

PICTURE = noise(WIDTH, HEIGHT)
FRAME = rgb_frame(PICTURE)

# --- files


def parameter_file(path: Path, **sizes: str) -> str:
    """A file that sets mask_size under each key."""
    text = "".join(f'"{key}":\n  ros__parameters:\n    mask_size: {size}\n' for key, size in sizes.items())
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("key", "namespace"), [("/files/reader", "/files"), ("/**", "/files"), ("reader", "")], ids=["full", "any", "bare"]
)
def test_file(
    start: Callable[..., Running],
    look: Callable[..., Camera],
    cube_model: Path,
    tmp_path: Path,
    key: str,
    namespace: str,
) -> None:
    file = parameter_file(tmp_path / "parameters.yaml", **{key: "40x30", "/other/reader": "99x99"})
    image = "/files/camera/image_raw"
    node = start(cube_model, namespace=namespace, name="reader", image=image, arguments=("--params-file", file))
    assert look(node, "mask").segment(FRAME)["mask"].shape == (30, 40)
    (warning,) = [line for line in node.process.output.splitlines() if "does not match" in line]
    assert f'{file}: "/other/reader"' in warning


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("fit:=crop", '"crop" is not one of letterbox, stretch'),
        ("mask_size:=8x8", '"8x8" is not image, network or WIDTHxHEIGHT'),
        ("overlay_opacity:=1.5", "1.5 is not between 0 and 1"),
        ("threads:=many", '"many" is not a integer'),
    ],
)
def test_start_with_a_bad_value(tmp_path: Path, argument: str, reason: str) -> None:
    process = NodeProcess(tmp_path, ["-r", "__ns:=/bad_value", "-p", argument])
    try:
        code = process.wait(120)
    finally:
        process.stop()
    (line,) = process.output.splitlines()
    assert reason in line
    assert argument.split(":=")[0] in line
    assert code == 1


# --- live


@pytest.fixture
def change(graph: Graph, cube: Running) -> Iterator[Callable[[str, object], str]]:
    """Sets a parameter of the cube node until the test ends; the reason, if it was refused."""

    def change(name: str, value: object) -> str:
        return graph.set_parameter(cube.full_name, name, value)

    yield change
    for name, value in {"mask_size": "image", "overlay_opacity": 0.5, "fit": "letterbox"}.items():
        assert change(name, value) == ""


def test_changes_take_effect_at_the_next_frame(
    cube: Running, look: Callable[..., Camera], change: Callable[[str, object], str]
) -> None:
    camera = look(cube, "mask", "overlay", "color_mask")
    for mask_size, shape in [("32x24", (24, 32)), ("network", (HEIGHT, WIDTH)), ("200x16", (16, 200))]:
        assert change("mask_size", mask_size) == ""
        outputs = camera.segment(rgb_frame(noise(100, 80)))
        assert {output.shape[:2] for output in outputs.values()} == {shape}
    assert change("mask_size", "image") == ""

    assert change("overlay_opacity", 0.0) == ""
    assert np.array_equal(camera.segment(FRAME)["overlay"], PICTURE)
    assert change("overlay_opacity", 1.0) == ""
    outputs = camera.segment(FRAME)
    assert np.array_equal(outputs["overlay"], outputs["color_mask"])

    # Where the colours meet, half-way down: with bars that is on a border of the network's pixels, stretched it is not.
    picture = quadrants(4 * WIDTH, HEIGHT, WIDTH, HEIGHT // 2)
    masks = []
    for fit in ("letterbox", "stretch"):
        assert change("fit", fit) == ""
        masks.append(camera.segment(rgb_frame(noise(4 * WIDTH, HEIGHT)))["mask"])
        assert camera.segment(rgb_frame(picture))["mask"][0, 0] == cube_labels(picture)[0, 0]
    # Bars leave a quarter of the network's rows to the picture; stretched, it has them all.
    rows = [len(np.unique(mask, axis=0)) for mask in masks]
    assert rows[0] <= HEIGHT // 4 < rows[1]


REFUSED = [
    ("model", "/elsewhere", "model takes effect only at start"),
    ("provider", "cpu", "provider takes effect only at start"),
    ("threads", 1, "threads takes effect only at start"),
    ("mask_size", "15x16", '"15x16" is not image, network or WIDTHxHEIGHT of 16 to 8192 pixels'),
    ("mask_size", "large", '"large" is not image, network'),
    ("mask_size", 3, ""),
    ("overlay_opacity", 1.01, "overlay_opacity"),
    ("overlay_opacity", -1.0, "overlay_opacity"),
    ("overlay_opacity", "half", ""),
    ("fit", "crop", '"crop" is not one of letterbox, stretch'),
]


def test_refused_with_a_reason(
    cube: Running, look: Callable[..., Camera], change: Callable[[str, object], str]
) -> None:
    camera = look(cube, "mask", "overlay")
    for name, value, expected in REFUSED:
        reason = change(name, value)
        assert reason, f"{name}: {value!r} was accepted"
        assert expected in reason, (name, value)
    # Nothing of it took effect, and the node lives.
    outputs = camera.segment(FRAME)
    assert np.array_equal(outputs["mask"], cube_labels(PICTURE))
    assert outputs["overlay"].shape == PICTURE.shape
