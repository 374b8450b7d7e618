"""`attendseg model check`: which convolutions run in int8, and what is wrong with the others, by name."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from making import HEIGHT, WIDTH, make_model, node
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "models" / "attendseg_camvid"


def check(file: Path | str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["node", ROOT / "dist/main.js", "model", "check", file, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


# How many convolutions do more than enlarge, and what they come to.
SIZES = {
    "attendseg_camvid": (113, "1,172,395 parameters, 2.02 GMACs"),
    "attendseg_camvid_small": (58, "455,147 parameters, 0.80 GMACs"),
    "attendseg_campus": (113, "1,172,005 parameters, 2.68 GMACs"),
}


@pytest.mark.parametrize("file", sorted((ROOT / "models").glob("*/*.onnx")), ids=lambda file: file.stem)
def test_shipped_files_pass(file: Path) -> None:
    done = check(file)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    convolutions, size = SIZES[file.parent.name]
    assert re.search(rf"^convolutions  {convolutions}, and 1 that only enlarges; {size}", done.stdout, re.MULTILINE), (
        done.stdout
    )
    provider = "cpu" if "cpu" in file.name else "tensorrt"
    assert re.search(rf"^{provider} +{convolutions} of {convolutions} in int8", done.stdout, re.MULTILINE), done.stdout
    assert done.stdout.endswith("all of it runs in int8\n")


def test_a_model_is_checked_with_all_its_files() -> None:
    for model in ("attendseg_camvid", SHIPPED, SHIPPED / "manifest.yaml"):
        done = check(model)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        files = re.findall(r"^file .*(cpu_u8|trt_s8)\.onnx", done.stdout, re.MULTILINE)
        assert (files, done.stdout.count("all of it runs in int8\n")) == (["cpu_u8", "trt_s8"], 2)
    done = check("attendseg_camvid", "--provider", "tensorrt")
    assert re.findall(r"^file .*(cpu_u8|trt_s8)\.onnx", done.stdout, re.MULTILINE) == ["trt_s8"]
    assert "no_such_model" in check("no_such_model").stderr


def test_a_model_fails_by_one_of_its_files(tmp_path: Path) -> None:
    """What is meant for the CPU is the file that runs in floats there."""
    for name in ("attendseg_camvid_cpu_u8.onnx", "attendseg_camvid_trt_s8.onnx"):
        (tmp_path / name).symlink_to(SHIPPED / name)
    manifest = (SHIPPED / "manifest.yaml").read_text(encoding="utf-8")
    swapped = manifest.replace("cpu: {path: attendseg_camvid_cpu_u8.onnx", "cpu: {path: attendseg_camvid_trt_s8.onnx")
    (tmp_path / "manifest.yaml").write_text(swapped, encoding="utf-8")
    done = check(tmp_path)
    assert done.returncode == 1
    assert re.findall(r"^(?:not )?all of it", done.stdout, re.MULTILINE) == ["not all of it", "all of it"]


def test_the_file_for_tensorrt_runs_in_floats_on_the_cpu() -> None:
    """A ReLU between a convolution and signed activations is not fused there."""
    done = check(SHIPPED / "attendseg_camvid_trt_s8.onnx", "--provider", "cpu")
    assert done.returncode == 1
    assert re.search(r"^fault  stem .*CPU provider runs it in floats", done.stdout, re.MULTILINE), done.stdout


def test_the_file_for_the_cpu_is_nothing_for_tensorrt() -> None:
    done = check(SHIPPED / "attendseg_camvid_cpu_u8.onnx", "--provider", "tensorrt")
    assert done.returncode == 1
    assert "TensorRT knows no QLinearConv; export it with QuantizeLinear and DequantizeLinear" in done.stdout


@dataclass(frozen=True)
class Layer:
    """A convolution 3x3 of a network that is otherwise as TensorRT wants it."""

    float_island: bool = False
    zero_point: int = 0
    kind: type[np.signedinteger[Any]] | type[np.unsignedinteger[Any]] = np.int8
    per_channel: bool = True
    weight_zero: int = 0
    output: bool = True


GOOD = Layer()


def chain(*layers: Layer, halved_sum: bool = False) -> onnx.ModelProto:
    """Convolutions conv_0, conv_1, … with Q and DQ around each."""
    rng = np.random.default_rng(1)
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[Any]] = {}

    def rounded(name: str, layer: Layer) -> str:
        constants[f"{name}_scale"] = np.float32(0.05)
        constants[f"{name}_zero"] = np.array(layer.zero_point, layer.kind)
        around = f"{name}_scale {name}_zero"
        nodes.append(node("QuantizeLinear", f"{name} {around}", f"{name}_q", name=f"{name}_quantise"))
        nodes.append(node("DequantizeLinear", f"{name}_q {around}", f"{name}_dq", name=f"{name}_dequantise"))
        return f"{name}_dq"

    last = "x"
    for i, layer in enumerate(layers):
        weight = f"weight_{i}"
        before = last if layer.float_island else rounded(last, layer)
        if layer.float_island:
            constants[weight] = rng.standard_normal((3, 3, 3, 3)).astype(np.float32)
        else:
            constants[f"{weight}_q"] = rng.integers(-60, 60, (3, 3, 3, 3), np.int8)
            channels = 3 if layer.per_channel else 1
            constants[f"{weight}_scale"] = np.full(channels, 0.01, np.float32)
            constants[f"{weight}_zero"] = np.full(channels, layer.weight_zero, np.int8)
            if not layer.per_channel:
                constants[f"{weight}_scale"], constants[f"{weight}_zero"] = np.float32(0.01), np.int8(layer.weight_zero)
            axis = {"axis": 0} if layer.per_channel else {}
            nodes.append(node("DequantizeLinear", f"{weight}_q {weight}_scale {weight}_zero", weight, **axis))
        nodes.append(node("Conv", f"{before} {weight}", f"y{i}", name=f"conv_{i}", pads=[1, 1, 1, 1]))
        nodes.append(node("Relu", f"y{i}", f"relu{i}"))
        last = f"relu{i}"
    if layers[-1].output:
        last = rounded(last, layers[-1])
    if halved_sum:
        nodes.append(node("Add", f"{last} x", "sum", name="skip"))
        last = "sum"
    nodes.append(node("Identity", last, "y"))
    shape = [1, 3, HEIGHT, WIDTH]
    return make_model(nodes, [("x", "FLOAT", shape)], [("y", "FLOAT", shape)], constants)


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    onnx.save(model, folder / "network.onnx")
    return folder / "network.onnx"


def test_a_network_as_it_should_be_passes(tmp_path: Path) -> None:
    done = check(saved(tmp_path, chain(GOOD, GOOD)), "--all")
    assert done.returncode == 0, done.stdout
    assert "convolutions  2; 168 parameters" in done.stdout
    assert "int8   conv_1 (3x3x3x3, 0.1 MMACs)" in done.stdout


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (chain(GOOD, Layer(float_island=True), GOOD), "conv_1 .*input is not quantised.*its weights are not quantised"),
        (chain(GOOD, Layer(zero_point=3)), "conv_1 .*asymmetric activations: DequantizeLinear relu0_dequantise has a"),
        (chain(Layer(per_channel=False), GOOD), "conv_0 .*weights have 1 scale for 3 channels; quantise them per"),
        (chain(GOOD, Layer(weight_zero=2)), "conv_1 .*its weights are asymmetric"),
        (chain(GOOD, Layer(kind=np.uint8)), "conv_1 .*is not of int8, which TensorRT demands"),
        (chain(GOOD, Layer(output=False)), "conv_1 .*what it gives is not quantised"),
        (chain(GOOD, halved_sum=True), "skip: one side is quantised and the other is not"),
    ],
    ids=["float island", "asymmetric", "per tensor", "weights asymmetric", "uint8", "float output", "sum"],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, model: onnx.ModelProto, named: str) -> None:
    done = check(saved(tmp_path, model))
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(f"^fault  {named}", done.stdout, re.MULTILINE), done.stdout
    assert done.stdout.endswith("not all of it runs in int8\n")


def test_activations_for_the_cpu_may_be_unsigned(tmp_path: Path) -> None:
    done = check(saved(tmp_path, chain(GOOD, Layer(kind=np.uint8))), "--provider", "cpu")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("content", "named"),
    [(None, "cannot be read (ENOENT)"), (b"", "is no ONNX file"), (b"\x08\x01\x12", "is no ONNX file")],
    ids=["none", "empty", "cut"],
)
def test_what_is_no_network_is_refused_in_a_line(tmp_path: Path, content: bytes | None, named: str) -> None:
    file = tmp_path / "network.onnx"
    if content is not None:
        file.write_bytes(content)
    done = check(file)
    assert done.returncode not in (0, 1) or done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line


def test_a_network_without_convolutions_is_refused(tmp_path: Path) -> None:
    shape = [1, 3, HEIGHT, WIDTH]
    model = make_model([node("Identity", "x", "y")], [("x", "FLOAT", shape)], [("y", "FLOAT", shape)])
    (line,) = check(saved(tmp_path, model)).stderr.splitlines()
    assert "has no convolutions" in line
