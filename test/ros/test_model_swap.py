"""Another model while the node runs: swapped between two frames, and a bad one leaves the old one running."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Running
from networks import cube_labels, cube_network, endless_network, save
from onnx import TensorProto, helper
from pictures import noise, rgb_frame
from ros_graph import Camera, Graph

PICTURE = noise(64, 48, seed=11)
FRAME = rgb_frame(PICTURE)
LABELS = cube_labels(PICTURE)
FEW_ARENAS = 10
"""Those of the threads that Node.js starts with."""


def inverse_network(folder: Path) -> Path:
    """As the cube network, with ids the other way round and other names."""
    cube_network(folder, 64, 48)
    model = folder / "cube.onnx"
    save(
        model,
        [
            helper.make_node("Cast", ["picture"], ["values"], to=TensorProto.FLOAT),
            helper.make_node("Less", ["values", "middle"], ["dark"]),
            helper.make_node("Cast", ["dark"], ["bits"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["bits", "places"], ["sums"]),
            helper.make_node("Cast", ["sums"], ["corners"], to=TensorProto.UINT8),
        ],
        helper.make_tensor_value_info("picture", TensorProto.UINT8, [48, 64, 3]),
        helper.make_tensor_value_info("corners", TensorProto.UINT8, [48, 64]),
        middle=np.float32([127.5]),
        places=np.float32([1, 2, 4]),
    )
    path = folder / "manifest.yaml"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"]["cpu"]["sha256"] = hashlib.sha256(model.read_bytes()).hexdigest()
    manifest["classes"] = [{"name": f"corner {i}", "color": [i, 255 - i, 7]} for i in range(8)]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def inverse_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return inverse_network(tmp_path_factory.mktemp("models") / "inverse")


def masks_until(camera: Camera, labels: np.ndarray, node: Running) -> list[np.ndarray]:
    """The masks of one frame after the other, to the first that is this."""
    end = time.monotonic() + 20
    masks = [camera.segment(FRAME)["mask"]]
    while not np.array_equal(masks[-1], labels):
        assert time.monotonic() < end, node.process.output
        masks.append(camera.segment(FRAME)["mask"])
    return masks


def test_swapped_under_load_without_a_lost_frame(
    graph: Graph,
    start: Callable[..., Running],
    look: Callable[..., Camera],
    cube_model: Path,
    inverse_model: Path,
) -> None:
    """Every mask is wholly of one model or of the other, and none is missing."""
    node = start(cube_model)
    camera = look(node, "mask")
    before, _ = graph.report(node.full_name, lambda *_: True, "anything")
    seen: list[np.ndarray] = []
    for model, labels in ((inverse_model, 7 - LABELS), (cube_model, LABELS), (inverse_model, 7 - LABELS)):
        seen += [camera.segment(FRAME)["mask"] for _ in range(5)]
        assert graph.set_parameter(node.full_name, "model", str(model)) == ""
        seen += masks_until(camera, labels, node)
    seen += [camera.segment(FRAME)["mask"] for _ in range(5)]
    assert all(np.array_equal(mask, LABELS) or np.array_equal(mask, 7 - LABELS) for mask in seen)
    # Once it is there it stays: the old one never answers again.
    assert sum(not np.array_equal(a, b) for a, b in itertools.pairwise(seen)) == 3
    after, _ = graph.report(node.full_name, lambda values, _: values["model"] == "inverse", "the new model")
    for reason in ("failed", "stopped", "superseded", "undecodable"):
        assert after[f"dropped: {reason}"] == before[f"dropped: {reason}"]


def test_a_bad_model_leaves_the_old_one_running(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path, tmp_path: Path
) -> None:
    node = start(cube_model)
    camera = look(node, "mask")
    # What shows at once is refused with the reason.
    nowhere = str(tmp_path / "nowhere")
    assert "cannot be read (ENOENT)" in graph.set_parameter(node.full_name, "model", nowhere)
    # What only shows when it is opened is rolled back.
    broken = cube_network(tmp_path / "broken", 64, 48)
    path = broken / "manifest.yaml"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["input"]["width"] = 128
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert graph.set_parameter(node.full_name, "model", str(broken)) == ""
    graph.wait(lambda: f"model {broken} is not taken" in node.process.output, "the reason", 20)
    assert np.array_equal(camera.segment(FRAME)["mask"], LABELS)
    assert graph.set_parameter(node.full_name, "model", str(cube_model)) == ""
    assert np.array_equal(camera.segment(FRAME)["mask"], LABELS)
    assert node.process.running


def test_the_newest_wish_wins_and_the_end_does_not_wait(
    graph: Graph,
    start: Callable[..., Running],
    look: Callable[..., Camera],
    cube_model: Path,
    inverse_model: Path,
    tmp_path: Path,
) -> None:
    """A model that is opened for hours is given up for another."""
    node = start(cube_model)
    camera = look(node, "mask")
    never = endless_network(tmp_path / "never", 0)
    assert graph.set_parameter(node.full_name, "model", str(never)) == ""
    assert np.array_equal(camera.segment(FRAME)["mask"], LABELS)
    assert graph.set_parameter(node.full_name, "model", str(inverse_model)) == ""
    masks_until(camera, 7 - LABELS, node)
    code, _ = node.process.stop()
    assert code == 0


def test_one_that_fails_late_does_not_take_the_next_one_along(
    graph: Graph,
    start: Callable[..., Running],
    look: Callable[..., Camera],
    cube_model: Path,
    inverse_model: Path,
    tmp_path: Path,
) -> None:
    """Asked for at once, one after the other: the first cannot be opened, and the second is what runs."""
    node = start(cube_model)
    camera = look(node, "mask")
    broken = cube_network(tmp_path / "broken", 64, 48)
    path = broken / "manifest.yaml"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["input"]["width"] = 128
    path.write_text(json.dumps(manifest), encoding="utf-8")
    for i in range(5):
        for model in (inverse_model, broken, inverse_model):
            assert graph.set_parameter(node.full_name, "model", str(model)) == ""
        # Another parameter does not ask for the model a second time.
        assert graph.set_parameter(node.full_name, "overlay_opacity", 0.1 * i) == ""
        masks_until(camera, 7 - LABELS, node)
        assert graph.set_parameter(node.full_name, "model", str(cube_model)) == ""
        masks_until(camera, LABELS, node)


def test_threads_of_exchanged_models_take_no_memory_of_their_own(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path, inverse_model: Path
) -> None:
    """glibc would give each new thread a part of the memory, up to eight for each core."""
    node = start(cube_model)
    camera = look(node, "mask")
    masks_until(camera, LABELS, node)
    for _ in range(5):
        for model, labels in ((inverse_model, 7 - LABELS), (cube_model, LABELS)):
            assert graph.set_parameter(node.full_name, "model", str(model)) == ""
            masks_until(camera, labels, node)
    assert 0 < node.process.arenas <= FEW_ARENAS
