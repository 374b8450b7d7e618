"""Parameters from files and while the node runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels
from node_process import NodeProcess
from pictures import noise, quadrants, rgb_frame
from rcl_interfaces.msg import Parameter
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.parameter import Parameter as RclpyParameter
from rclpy.parameter import parameter_value_to_python
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
        ("threads:=many", '"many" is a string, not an integer; allowed: 0 to 256'),
        ("threads:=2.0", "2.0 is a double, not an integer; allowed: 0 to 256"),
        ("model:=007", "7 is an integer, not a string; put it in quotes; allowed: a path"),
        ("provider:=no", "false is a boolean, not a string; put it in quotes; allowed: auto"),
        ("run_timeout:=[1.5]", "[1.5] is a double list, not a double; allowed: 0.1 to 3600"),
        ("use_sim_time:=1", "1 is an integer, not a boolean; allowed: true, false"),
        ("fit:=", "Couldn't parse parameter override rule"),
    ],
)
def test_start_with_a_bad_value(tmp_path: Path, argument: str, reason: str) -> None:
    process = NodeProcess(tmp_path, ["-r", "__ns:=/bad_value", "-p", argument])
    try:
        code = process.wait(120)
    finally:
        process.stop()
    *_, line = process.output.splitlines()
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
    ("provider", "cpu", 'provider takes effect when the node is configured: it stays "'),
    (
        "provider",
        "cpu",
        'provider takes effect when the node is configured: it stays "auto"; clean it up first, or restart the node '
        'with "cpu" (allowed: auto, ',
    ),
    ("autostart", False, "autostart takes effect only at start: it stays true; restart the node with false"),
    ("threads", 1, "threads takes effect only at start: it stays 0; restart the node with 1 (allowed: 0 to 256)"),
    ("threads", 1.0, "threads: 1.0 is a double, not an integer; allowed: 0 to 256"),
    ("threads", -1, "threads: -1 is not between 0 and 256"),
    ("mask_size", "15x16", 'mask_size: "15x16" is not image, network or WIDTHxHEIGHT of 16 to 8192 pixels'),
    ("mask_size", "large", 'mask_size: "large" is not image, network'),
    (
        "mask_size",
        3,
        "mask_size: 3 is an integer, not a string; put it in quotes; allowed: image, network, WIDTHxHEIGHT",
    ),
    (
        "mask_size",
        ["image"],
        'mask_size: ["image"] is a string list, not a string; allowed: image, network, WIDTHxHEIGHT',
    ),
    ("bit_depth", 17, "bit_depth: 17 is not between 8 and 16"),
    ("bit_depth", True, "bit_depth: true is a boolean, not an integer; allowed: 8 to 16"),
    ("overlay_opacity", 1.01, "overlay_opacity: 1.01 is not between 0 and 1"),
    ("overlay_opacity", -1.0, "overlay_opacity: -1 is not between 0 and 1"),
    ("overlay_opacity", 2, "overlay_opacity: 2 is not between 0 and 1"),
    ("overlay_opacity", float("nan"), "overlay_opacity: NaN is not between 0 and 1"),
    ("overlay_opacity", "half", 'overlay_opacity: "half" is a string, not a double; allowed: 0 to 1'),
    ("overlay_opacity", [0.5], "overlay_opacity: [0.5] is a double list, not a double; allowed: 0 to 1"),
    ("overlay_opacity", None, "overlay_opacity: it cannot be deleted; allowed: 0 to 1"),
    ("fit", "crop", 'fit: "crop" is not one of letterbox, stretch'),
    ("opacity", 0.5, "opacity: there is no parameter of that name; there are "),
    ("use_sim_time", 1, "use_sim_time: 1 is an integer, not a boolean; allowed: true, false"),
]


def test_refused_with_a_reason(
    cube: Running, look: Callable[..., Camera], change: Callable[[str, object], str]
) -> None:
    camera = look(cube, "mask", "overlay")
    for name, value, expected in REFUSED:
        reason = change(name, value)
        assert reason, f"{name}: {value!r} was accepted"
        assert expected in reason, f"{name}: {value!r}: {reason}"
    # Nothing of it took effect, and the node lives.
    outputs = camera.segment(FRAME)
    assert np.array_equal(outputs["mask"], cube_labels(PICTURE))
    assert outputs["overlay"].shape == PICTURE.shape


def call(graph: Graph, node: Running, kind: Any, service: str, **fields: Any) -> Any:
    """The answer of one of the node's parameter services."""
    client = graph.node.create_client(kind, f"{node.full_name}/{service}")
    try:
        graph.wait(client.service_is_ready, service)
        future = client.call_async(kind.Request(**fields))
        graph.wait(future.done, f"the answer of {service}")
        return future.result()
    finally:
        graph.node.destroy_client(client)


def read(graph: Graph, node: Running, *names: str) -> list[object]:
    values = call(graph, node, GetParameters, "get_parameters", names=names).values
    return [parameter_value_to_python(value) for value in values]


def test_an_integer_is_taken_for_a_double(
    graph: Graph, cube: Running, start: Callable[..., Running], tmp_path: Path, change: Callable[[str, object], str]
) -> None:
    assert change("overlay_opacity", 1) == ""
    (value,) = read(graph, cube, "overlay_opacity")
    assert (value, type(value)) == (1.0, float)
    file = tmp_path / "integers.yaml"
    file.write_text("/**:\n  ros__parameters:\n    run_timeout: 7\n", encoding="utf-8")
    node = start(arguments=("--params-file", str(file), "-p", "stale_after:=3"))
    values = read(graph, node, "run_timeout", "stale_after")
    assert (values, [type(value) for value in values]) == ([7.0, 3.0], [float, float])


def test_what_was_dumped_can_be_loaded(graph: Graph, cube: Running) -> None:
    """As `ros2 param dump` and `ros2 param load` do it: every parameter, one by one."""
    names = call(graph, cube, ListParameters, "list_parameters").result.names
    assert {"model", "threads", "fit", "use_sim_time"} <= set(names)
    values = call(graph, cube, GetParameters, "get_parameters", names=names).values
    dumped = [Parameter(name=name, value=value) for name, value in zip(names, values, strict=True)]
    results = call(graph, cube, SetParameters, "set_parameters", parameters=dumped).results
    assert [(name, result.reason) for name, result in zip(names, results, strict=True) if not result.successful] == []
    result = call(graph, cube, SetParametersAtomically, "set_parameters_atomically", parameters=dumped).result
    assert (result.successful, result.reason) == (True, "")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (RclpyParameter("fit", value="crop"), 'fit: "crop" is not one of'),
        (RclpyParameter("threads", value=3), "threads takes effect only at start"),
        (RclpyParameter("nothing", value=3), "nothing: there is no parameter of that name"),
    ],
    ids=["value", "start", "unknown"],
)
def test_atomically_all_or_nothing(
    graph: Graph, cube: Running, change: Callable[[str, object], str], wrong: RclpyParameter, reason: str
) -> None:
    right = [RclpyParameter("mask_size", value="network"), RclpyParameter("overlay_opacity", value=0.25)]
    for mixture in ([*right, wrong], [wrong, *right]):
        messages = [parameter.to_parameter_msg() for parameter in mixture]
        result = call(graph, cube, SetParametersAtomically, "set_parameters_atomically", parameters=messages).result
        assert not result.successful
        assert reason in result.reason
        assert read(graph, cube, "mask_size", "overlay_opacity") == ["image", 0.5]
    messages = [parameter.to_parameter_msg() for parameter in right]
    assert call(
        graph, cube, SetParametersAtomically, "set_parameters_atomically", parameters=messages
    ).result.successful
    assert read(graph, cube, "mask_size", "overlay_opacity") == ["network", 0.25]
    assert change("mask_size", "image") == ""


def test_described(graph: Graph, cube: Running) -> None:
    names = ["overlay_opacity", "threads", "fit", "model"]
    opacity, threads, fit, model = call(graph, cube, DescribeParameters, "describe_parameters", names=names).descriptors
    assert [opacity.type, threads.type, fit.type, model.type] == [3, 2, 4, 4]
    assert [(bounds.from_value, bounds.to_value) for bounds in opacity.floating_point_range] == [(0.0, 1.0)]
    assert [(bounds.from_value, bounds.to_value) for bounds in threads.integer_range] == [(0, 256)]
    assert [opacity.read_only, threads.read_only, fit.read_only, model.read_only] == [False, True, False, False]
    assert opacity.additional_constraints == "0 to 1; may be changed while the node runs"
    assert threads.additional_constraints == "0 to 256; read at start"
    assert model.additional_constraints == "a path or name; may be changed while the node runs"
    assert fit.additional_constraints == "letterbox, stretch; may be changed while the node runs"
    assert all(len(descriptor.description) > 10 for descriptor in (opacity, threads, fit, model))


def test_lists_for_other_nodes_are_no_matter(start: Callable[..., Running], tmp_path: Path) -> None:
    """A file for many nodes holds what this one does not have."""
    file = tmp_path / "shared.yaml"
    lines = ["  ros__parameters:", "    ids: [1, 2]", "    scales: [0.5]", "    names: [a]", "    flags: [yes]"]
    file.write_text("\n".join(["/**:", *lines, ""]), encoding="utf-8")
    output = start(arguments=("--params-file", str(file))).process.output
    for name in ("ids", "scales", "names", "flags"):
        assert f"parameter {name} ({file}): there is none of that name; it is not used" in output
