"""Soft labels: what a teacher's map may say, and that a student gains by them on the synthetic street."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml
from attendseg_training.config import Config, read_config
from attendseg_training.data import SoftSource, Source, load, load_soft
from attendseg_training.teach import Teacher, read_map, teach
from attendseg_training.train import train, validate
from attendseg_training.weights import read_weights
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "models" / "attendseg_camvid"
NAMES = [entry["name"] for entry in yaml.safe_load((PUBLISHED / "manifest.yaml").read_text())["classes"]]
INNER = "input: hwc_uint8\noutput: logits\n"


def write_map(folder: Path, text: str) -> Path:
    file = folder / "map.yaml"
    file.write_text(text)
    return file


def own_map(folder: Path) -> Path:
    classes = ", ".join(f"{name}: [{i}]" for i, name in enumerate(NAMES))
    return write_map(folder, f"classes: {{{classes}}}\n{INNER}")


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One labelled street, sixty without labels, and sixteen to judge by, all 160x120."""
    root = tmp_path_factory.mktemp("streets")
    for name, seeds in (("few", "2000-2000"), ("many", "2100-2159"), ("judge", "2200-2215")):
        words = ["--out", root / name, "--seeds", seeds, "--frames", "1", "--size", "480x360"]
        subprocess.run(["node", ROOT / "street" / "export.mjs", *words], check=True, capture_output=True)
        for path in [*(root / name / "image").iterdir(), *(root / name / "label").iterdir()]:
            how = Image.Resampling.BOX if path.parent.name == "image" else Image.Resampling.NEAREST
            Image.open(path).resize((160, 120), how).save(path)
    return root


@pytest.fixture(scope="module")
def taught(streets: Path) -> Path:
    """The many streets with soft labels of the published network, at its own size."""
    teacher = Teacher(PUBLISHED / "attendseg_camvid_cpu_u8.onnx", read_map(own_map(streets)))
    assert teach(teacher, streets / "many" / "image", streets / "soft", [1.0], mirrored=True) == 60
    return streets / "soft"


def test_soft_labels_are_probabilities_at_a_quarter(taught: Path, streets: Path) -> None:
    samples = load_soft(SoftSource(str(taught)), NAMES)
    truth = {sample.name: sample.label for sample in load(Source(str(streets / "many"), void=255))}
    right = []
    for sample in samples:
        assert sample.soft is not None and sample.soft.shape == (11, 30, 40)
        assert abs(sample.soft.astype(int).sum(0) - 255).max() <= 11
        right.append(np.mean(sample.soft.argmax(0) == truth[sample.name][2::4, 2::4]))
    assert np.mean(right) > 0.7


def test_what_was_taught_is_kept(taught: Path, streets: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (taught / "soft").iterdir()}
    teacher = Teacher(PUBLISHED / "attendseg_camvid_cpu_u8.onnx", read_map(own_map(streets)))
    teach(teacher, streets / "many" / "image", taught, [1.0], mirrored=True)
    assert {path: path.stat().st_mtime_ns for path in (taught / "soft").iterdir()} == before


def test_soft_labels_of_other_classes_are_refused(taught: Path) -> None:
    with pytest.raises(ValueError, match="the network has one, two"):
        load_soft(SoftSource(str(taught)), ["one", "two"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("input: nchw", "has no `classes`"),
        ("classes: {road: 0}", "road: 0 is no list"),
        ("classes: {road: [0]}\nkind: labels", "kind is 'labels'"),
        ("classes: {road: [0]}\ninput: nhwc", "input is 'nhwc'"),
        ("classes: {road: [0]}\nsize: 3", "unknown keys size"),
    ],
)
def test_a_map_that_is_wrong_is_refused_by_its_entry(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_map(write_map(tmp_path, text))


def test_a_teacher_that_does_not_fit_its_map_is_refused(tmp_path: Path) -> None:
    file = PUBLISHED / "attendseg_camvid_cpu_u8.onnx"
    with pytest.raises(ValueError, match="has no tensor 'softmax'"):
        Teacher(file, read_map(write_map(tmp_path, "classes: {road: [0]}\noutput: softmax")))
    picture = np.zeros((360, 480, 3), np.uint8)
    with pytest.raises(ValueError, match="has 11 classes, and no 19"):
        Teacher(file, read_map(write_map(tmp_path, "classes: {road: [19]}\n" + INNER))).soft(picture, [1.0], False)
    with pytest.raises(ValueError, match="labels: 360x480; a teacher's output is 1xCxhxw"):
        Teacher(file, read_map(write_map(tmp_path, "classes: {road: [0]}\ninput: hwc_uint8"))).soft(
            picture, [1.0], False
        )
    (tmp_path / "none.onnx").write_text("no")
    with pytest.raises(ValueError, match=r"none\.onnx: not an ONNX file"):
        Teacher(tmp_path / "none.onnx", read_map(own_map(tmp_path)))


def student(streets: Path, soft: list[dict[str, object]]) -> Config:
    file = streets / "student.yaml"
    shape = {"stem": 8, "widths": [16, 24, 32], "depths": [1, 1, 1], "decoder": [16, 24], "decoder_depths": [1, 1]}
    values = {
        "name": "student",
        "train": [{"path": str(streets / "few"), "void": 255}],
        "soft": soft,
        "val": {"path": str(streets / "judge"), "void": 255},
        "classes": {name: [i, i, i] for i, name in enumerate(NAMES)},
        "shape": {**shape, "dilations": [1]},
        **{"crop": [96, 128], "batch": 4, "steps": 200, "decay": 100, "warm_up": 20, "rate": 0.005, "ema": 0.95},
        **{"validate_every": 200, "compile": False},
    }
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    return read_config(file)


def test_a_student_gains_by_soft_labels(streets: Path, taught: Path) -> None:
    scores = {}
    for name, soft in (("alone", []), ("taught", [{"path": str(taught), "share": 3.0}])):
        config = student(streets, soft)
        train(config, streets / name)
        network = read_weights(streets / name, config)
        scores[name] = validate(network, load(config.val), 11).mean_iou()
    print(scores)
    assert scores["taught"] > scores["alone"] + 1, scores
