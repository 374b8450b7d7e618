"""The published weights: what they score where their pictures are, and that they can be started from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from attendseg_training.config import read_config
from attendseg_training.data import Source, load
from attendseg_training.network import AttendSeg, count_parameters
from attendseg_training.scoring import score_files
from attendseg_training.weights import read_weights, start_from

ROOT = Path(__file__).resolve().parents[2]
LUMS = ROOT.parent / "shared" / "data" / "lums"
CAMVID = ROOT.parent / "shared" / "data" / "camvid"
CONFIGS = {
    "attendseg_camvid": "street11.yaml",
    "attendseg_camvid_small": "camvid_small.yaml",
    "attendseg_campus": "campus.yaml",
}
LEAST = {"road": 90, "sidewalk": 60, "obstacle": 50}
LEAST_SMALL = {"road": 93, "building": 85, "car": 80, "pedestrian": 50}


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_to_start_from_are_those_of_the_model(name: str) -> None:
    config = read_config(ROOT / "training" / "configs" / CONFIGS[name])
    network = AttendSeg(config.shape)
    model = ROOT / "models" / name
    assert start_from(model, network, config).endswith(f"{', '.join(config.classes)}; learnt anew: none")
    assert list(config.classes) == [
        entry["name"] for entry in yaml.safe_load((model / "manifest.yaml").read_text())["classes"]
    ]
    assert count_parameters(network) < 1_190_000
    read_weights(model / "weights.pt", config)


@pytest.mark.skipif(not LUMS.exists(), reason="../shared/data/lums is not there")
def test_the_campus_network_knows_its_campus() -> None:
    assert_scores("attendseg_campus", LUMS, 255, LEAST)


@pytest.mark.skipif(not CAMVID.exists(), reason="../shared/data/camvid is not there")
def test_the_small_network_knows_streets() -> None:
    assert_scores("attendseg_camvid_small", CAMVID, 11, LEAST_SMALL)


def assert_scores(name: str, data: Path, void: int, least: dict[str, float]) -> None:
    """Every file of a model has these IoU at least, on every third picture of val."""
    model = ROOT / "models" / name
    manifest = yaml.safe_load((model / "manifest.yaml").read_text())
    samples = load(Source(str(data / "val"), void=void))[::3]
    files = [model / entry["path"] for entry in manifest["files"].values()]
    for score in score_files(files, samples, len(manifest["classes"]), threads=1):
        names = [entry["name"] for entry in manifest["classes"]]
        found = dict(zip(names, score.confusion.iou().tolist(), strict=True))
        assert all(found[name] > bound for name, bound in least.items()), (score.path.name, found)
