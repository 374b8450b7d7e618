"""Files of models: weights beside them, and what is left of a file after a bad copy."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from making import HEIGHT, WIDTH, make_model, manifest_of, node, picture_of, run, write_model

SHAPE = [1, 3, HEIGHT, WIDTH]
INPUT, OUTPUT = {"layout": "nchw_float32"}, {"kind": "logits"}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1234\n"


def network(ir_version: int = 8) -> onnx.ModelProto:
    """Blue wins twice as often."""
    weights = {"factors": np.float32([1, 1, 2]).reshape(1, 3, 1, 1)}
    return make_model(
        [node("Mul", "x factors", "y")], [("x", "FLOAT", SHAPE)], [("y", "FLOAT", SHAPE)], weights, ir_version
    )


def expected() -> np.ndarray:
    return (picture_of() * [1, 1, 2]).argmax(axis=-1)


def plain(folder: Path) -> Path:
    return write_model(folder, network(), INPUT, OUTPUT, 3)


def outside(folder: Path, location: str = "weights.bin", constant: bool = False) -> Path:
    """The weights in a file of their own; of a Constant node instead of an initializer."""
    model = network()
    if constant:
        value = onnx.TensorProto()
        value.CopyFrom(model.graph.initializer.pop())
        model.graph.node.insert(0, node("Constant", "", "factors", value=value))
    folder.mkdir(parents=True)
    (folder / location).parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(
        model, folder / "network.onnx", save_as_external_data=True, location=location, size_threshold=0,
        convert_attribute=constant,
    )  # fmt: skip
    change(folder)
    return folder


def change(folder: Path, **cpu: Any) -> None:
    manifest = manifest_of(folder, INPUT, OUTPUT, 3)
    manifest["files"]["cpu"].update(cpu)
    (folder / "manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("location", ["weights.bin", "sub/weights of a network"])
def test_weights_in_a_file_of_their_own(location: str, constant: bool, tmp_path: Path) -> None:
    folder = outside(tmp_path / "m", location, constant)
    assert (folder / location).stat().st_size > 0
    result = run(folder)
    assert result.error == ""
    assert np.array_equal(result.labels, expected())


def test_hash_of_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    folder = outside(tmp_path / "m")
    weights = folder / "weights.bin"
    data = {"path": "weights.bin", "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}
    change(folder, data=[data])
    assert run(folder).error == ""
    weights.write_bytes(weights.read_bytes()[::-1])
    result = run(folder)
    assert f"model file {folder}/network.onnx: its weights are in {weights}, which: sha256 is" in result.error
    change(folder, data=[{"path": "other.bin"}])
    assert f"does not use {folder}/other.bin" in run(folder).error


def no_weights(weights: Path) -> None:
    weights.unlink()


def empty_weights(weights: Path) -> None:
    weights.write_bytes(b"")


def pointer_to_weights(weights: Path) -> None:
    weights.write_text(LFS, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (no_weights, "cannot be read (ENOENT); copy it there, or save the model as one file"),
        (empty_weights, "is empty; copy it again"),
        (pointer_to_weights, "is a Git LFS pointer, not the file itself; run git lfs pull"),
    ],
)
def test_weights_that_are_not_there(spoil: Callable[[Path], None], cause: str, tmp_path: Path) -> None:
    folder = outside(tmp_path / "m")
    spoil(folder / "weights.bin")
    wanted = f"model file {folder}/network.onnx: its weights are in {folder}/weights.bin, which {cause}"
    assert run(folder).error == wanted


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/hostname"])
def test_weights_outside_the_folder(location: str, tmp_path: Path) -> None:
    folder = outside(tmp_path / "m")
    model = onnx.load(folder / "network.onnx", load_external_data=False)
    model.graph.initializer[0].external_data[0].value = location
    (folder / "network.onnx").write_bytes(model.SerializeToString())
    result = run(folder)
    assert f"network.onnx: its weights are in {location}, outside its folder; save both into one folder" in result.error


@pytest.mark.parametrize("path", ["../m/network.onnx", "/m/network.onnx", "sub/../../m/network.onnx"])
def test_manifests_name_no_file_outside_their_folder(path: str, tmp_path: Path) -> None:
    folder = plain(tmp_path / "m")
    change(folder, path=path)
    assert "files.cpu.path" in run(folder).error
    assert "leads out of the model's folder" in run(folder).error
    change(folder, data=[{"path": path}])
    assert "leads out of the model's folder" in run(folder).error


@pytest.mark.parametrize("name", ["network.onnx", "weights.bin"])
def test_links_stay_in_the_folder(name: str, tmp_path: Path) -> None:
    folder = outside(tmp_path / "m")
    file = folder / name
    elsewhere = file.rename(tmp_path / name)
    file.symlink_to(elsewhere)
    error = run(folder).error
    assert f"is really {elsewhere}, outside the model's folder" in error
    assert error.startswith(f"model file {folder}/network.onnx")
    (folder / "sub").mkdir()
    elsewhere.rename(folder / "sub" / name)
    file.unlink()
    file.symlink_to(f"sub/{name}")
    assert run(folder).error == ""


def test_a_model_may_be_installed_as_links(tmp_path: Path) -> None:
    """colcon build --symlink-install links each file."""
    folder = outside(tmp_path / "source")
    installed = tmp_path / "installed"
    installed.mkdir()
    for file in folder.iterdir():
        (installed / file.name).symlink_to(file)
    assert run(installed).error == ""


@pytest.mark.parametrize("name", ["", "manifest.yaml", "network.onnx", "sub", "sub/weights.bin"])
def test_nothing_that_anybody_may_write_is_run(name: str, tmp_path: Path) -> None:
    folder = outside(tmp_path / "m", "sub/weights.bin")
    place = folder / name
    mode = place.stat().st_mode & 0o777
    place.chmod(mode | 0o002)
    error = run(folder).error
    assert f"anybody may write {place} (mode {mode | 0o002:o}); chmod o-w {place}" in error
    place.chmod(mode)
    assert run(folder).error == ""


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = plain(tmp_path / "m")
    (folder / "network.onnx").unlink()
    os.mkfifo(folder / "network.onnx")
    assert run(folder).error == f"model file {folder}/network.onnx is no file; copy the model's file there"
    (folder / "manifest.yaml").unlink()
    os.mkfifo(folder / "manifest.yaml")
    assert f"model {folder}/manifest.yaml: is no manifest" in run(folder).error
    assert "model /dev/zero: is no manifest" in run(Path("/dev/zero")).error


def test_manifests_have_an_end(tmp_path: Path) -> None:
    folder = plain(tmp_path / "m")
    with (folder / "manifest.yaml").open("a", encoding="utf-8") as manifest:
        manifest.write("\n#" + "x" * 2**20)
    assert f"model {folder}/manifest.yaml: is no manifest (no file of at most 1048576 bytes)" in run(folder).error


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def pointer(file: Path) -> None:
    file.write_text(LFS, encoding="utf-8")


def folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


def web_page(file: Path) -> None:
    file.write_text("<!DOCTYPE html><html><body>Sign in</body></html>", encoding="utf-8")


def too_new(file: Path) -> None:
    file.write_bytes(network(ir_version=99).SerializeToString())


def unknown_operator(file: Path) -> None:
    model = network()
    model.graph.node[0].op_type = "Multiply"
    file.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (cut, "bytes or more are missing at its end; copy or export it again"),
        (empty, "is empty; copy it again"),
        (pointer, "is a Git LFS pointer, not the file itself; run git lfs pull"),
        (folder_instead, "is a folder; name the file in it"),
        (web_page, "it is no ONNX file; copy or export it again"),
        (too_new, "it has IR version 99, and versions up to 13 are known"),
        (unknown_operator, "Multiply"),
    ],
)
def test_files_that_are_no_model(spoil: Callable[[Path], None], cause: str, tmp_path: Path) -> None:
    folder = plain(tmp_path / "m")
    spoil(folder / "network.onnx")
    result = run(folder)
    assert result.error.startswith(f"model file {folder}/network.onnx")
    assert cause in result.error


@pytest.mark.parametrize("name", ["with spaces", "#1", "modèle", "~", "~mine", "100% [new]?"])
def test_names_of_folders(name: str, tmp_path: Path) -> None:
    folder = outside(tmp_path / name, f"{name}.bin")
    assert run(folder).error == ""


def test_home_folder_as_shells_leave_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain(tmp_path / "m")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(Path("~/m")).error == ""
    assert f"model {tmp_path}/nowhere: cannot be read" in run(Path("~/nowhere")).error


@pytest.mark.parametrize("name", [None, "x", "z"])
def test_second_input(name: str | None, tmp_path: Path) -> None:
    inputs = [("x", "FLOAT", SHAPE), ("z", "FLOAT", [1, "n"])]
    model = make_model([node("Add", "x z", "y")], inputs, [("y", "FLOAT", SHAPE)])
    network_input = INPUT if name is None else {**INPUT, "name": name}
    result = run(write_model(tmp_path / "m", model, network_input, OUTPUT, 3))
    other = f"x (float32 1x3x{HEIGHT}x{WIDTH})" if name == "z" else "z (float32 1xn)"
    assert f"its network takes {other} beside" in result.error
    assert "make" in result.error


def test_input_with_a_default_needs_no_feeding(tmp_path: Path) -> None:
    inputs = [("x", "FLOAT", SHAPE), ("z", "FLOAT", [1])]
    model = make_model([node("Add", "x z", "y")], inputs, [("y", "FLOAT", SHAPE)], {"z": np.float32([1])})
    assert run(write_model(tmp_path / "m", model, INPUT, OUTPUT, 3)).error == ""


def test_what_onnxruntime_says_is_shown_whole(tmp_path: Path) -> None:
    # A height that its own Reshape does not stand.
    model = make_model(
        [node("Reshape", "x shape", "y")],
        [("x", "FLOAT", ["n", 3, "h", "w"])],
        [("y", "FLOAT", [1, 3, 7, 7])],
        {"shape": np.int64([1, 3, 7, 7])},
    )
    result = run(write_model(tmp_path / "m", model, INPUT, OUTPUT, 3))
    assert "a run at 32x24 fails" in result.error
    assert f"{{1,3,{HEIGHT},{WIDTH}}}" in result.error
    assert "{1,3,7,7}" in result.error
