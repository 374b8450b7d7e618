"""One command from a folder to a model: its masks are right, and it goes on where it was stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from attendseg_training.config import read_config
from attendseg_training.network import AttendSeg
from attendseg_training.scoring import Confusion, Runner
from attendseg_training.weights import HEADS, publish_weights, start_from
from orchard import CLASSES, scene, write_orchard

TINY = (
    "shape={stem: 8, widths: [8, 12, 16], depths: [1, 1, 1], dilations: [1], decoder: [8, 12], decoder_depths: [1, 1]}"
)
STEPS = 300


def command(data: Path, *words: str) -> list[str]:
    folder = data.parent
    options = ["--size", "96x72", "--steps", str(STEPS), "--group", r"^(row\d)", "--run", str(folder / "run")]
    sets = [word for value in (TINY, "rate=0.01", "compile=false") for word in ("-s", value)]
    out = ["-o", str(folder / "models" / "orchard")]
    return [sys.executable, "-m", "attendseg_training.fit", str(data), *out, *options, *sets, "--threads", "1", *words]


def environment() -> dict[str, str]:
    training = Path(__file__).resolve().parents[2] / "training"
    return {**os.environ, "PYTHONPATH": str(training), "PYTHONUNBUFFERED": "1"}


def fit(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(data, *words), env=environment(), capture_output=True, text=True, timeout=300)


def mean_iou(file: Path) -> float:
    runner, confusion = Runner(file, 1), Confusion(len(CLASSES))
    for seed in range(1000, 1012):
        picture, label = scene(seed)
        confusion.add(label, runner(picture)[0])
    return confusion.mean_iou()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """An orchard that was fitted, interrupted once on the way; and what was printed."""
    data = write_orchard(tmp_path_factory.mktemp("fit") / "orchard")
    log = data.parent / "run" / "log.csv"
    process = subprocess.Popen(
        command(data), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        end = time.monotonic() + 240
        while not (log.exists() and len(log.read_text().splitlines()) > 1):
            assert process.poll() is None and time.monotonic() < end, process.communicate()[0]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 130, printed
    assert "the same command goes on there" in printed
    assert "Traceback" not in printed
    second = fit(data)
    assert second.returncode == 0, second.stderr
    return data, second.stdout


def test_it_goes_on_where_it_was_stopped(fitted: tuple[Path, str]) -> None:
    data, printed = fitted
    first = int(printed.split("; step ")[1].split(" ")[0])
    assert STEPS // 5 <= first < STEPS
    steps = [int(line.split(",")[0]) for line in (data.parent / "run" / "log.csv").read_text().splitlines()[1:]]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS


def test_the_model_is_right_on_pictures_that_it_never_saw(fitted: tuple[Path, str]) -> None:
    data, printed = fitted
    out = data.parent / "models" / "orchard"
    manifest = yaml.safe_load((out / "manifest.yaml").read_text())
    assert manifest["classes"] == [{"name": name, "color": color} for name, color in CLASSES.items()]
    assert mean_iou(out / "orchard_cpu_u8.onnx") > 75
    assert mean_iou(out / "orchard_trt_s8.onnx") > 75
    assert "mean IoU" in printed
    assert printed.splitlines()[-1].endswith(f"ros2 launch attendseg_node attendseg.launch.py model:={out}")
    for name in ("frames.png", "confusion.png"):
        assert (data.parent / "run" / name).stat().st_size > 1000


def test_a_finished_one_is_not_trained_again(fitted: tuple[Path, str]) -> None:
    data, _ = fitted
    before = (data.parent / "run" / "checkpoint.pt").stat().st_mtime_ns
    again = fit(data)
    assert again.returncode == 0, again.stderr
    assert f"step {STEPS} of {STEPS}" in again.stdout
    assert (data.parent / "run" / "checkpoint.pt").stat().st_mtime_ns == before


def test_another_training_is_not_mixed_with_it(fitted: tuple[Path, str]) -> None:
    data, _ = fitted
    other = fit(data, "-s", "rate=0.02")
    assert other.returncode == 1
    assert "holds a training with other classes, shape, schedule or start" in other.stderr
    assert "Traceback" not in other.stderr


def test_faults_end_it_before_the_first_step(tmp_path: Path) -> None:
    data = write_orchard(tmp_path / "orchard")
    (data / "label" / "row0_0001.png").unlink()
    ended = fit(data)
    assert ended.returncode == 1
    assert "row0_0001.png: no label" in ended.stderr
    assert not (tmp_path / "run" / "checkpoint.pt").exists()


def test_heads_are_matched_by_name(fitted: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = fitted
    weights = data.parent / "models" / "orchard"
    config = read_config(
        data.parent / "run" / "config.yaml", ["classes={fruit: [1, 1, 1], owl: [2, 2, 2], grass: [3, 3, 3]}"]
    )
    torch.manual_seed(5)
    network = AttendSeg(config.shape)
    fresh = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    said = start_from(weights, network, config)
    assert said.endswith("classes taken over: fruit, grass; learnt anew: owl")
    trained = torch.load(weights / "weights.pt", weights_only=True)["average"]
    for head in HEADS:
        rows = network.state_dict()[f"{head}.weight"]
        assert torch.equal(rows[0], trained[f"{head}.weight"][2].float())
        assert torch.equal(rows[1], fresh[f"{head}.weight"][1])
        assert torch.equal(rows[2], trained[f"{head}.weight"][0].float())
    assert torch.equal(network.state_dict()["stem.conv.weight"], trained["stem.conv.weight"].float())

    publish_weights(
        AttendSeg(read_config(data.parent / "run" / "config.yaml", ["shape={stem: 4}"]).shape),
        config,
        tmp_path / "weights.pt",
    )
    with pytest.raises(ValueError, match=r"weights\.pt: stem\.conv\.weight is 4x3x3x3"):
        start_from(tmp_path, network, config)
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match="does not name its classes"):
        start_from(tmp_path, network, config)


def test_from_published_weights_a_few_steps_are_enough(fitted: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = fitted
    few = ["--from", str(data.parent / "models" / "orchard"), "--steps", "10", "--run", str(tmp_path / "run")]
    ended = fit(data, *few, "-o", str(tmp_path / "few"), "-s", "rate=0.001")
    assert ended.returncode == 0, ended.stderr
    assert "classes taken over: grass, trunk, fruit; learnt anew: none" in ended.stdout
    assert mean_iou(tmp_path / "few" / "few_cpu_u8.onnx") > 70
    assert np.isfinite(mean_iou(tmp_path / "few" / "few_trt_s8.onnx"))
