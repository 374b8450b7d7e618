"""From a folder of labelled pictures to a running node: `fit` makes a network of three other classes, and its masks are
right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Running
from pictures import rgb_frame
from ros_graph import Camera, Graph

sys.path.append(str(ROOT / "test" / "training"))
from orchard import CLASSES, scene, write_orchard

PYTHON = ROOT / "training" / ".venv" / "bin" / "python"
TINY = (
    "shape={stem: 8, widths: [8, 12, 16], depths: [1, 1, 1], dilations: [1], decoder: [8, 12], decoder_depths: [1, 1]}"
)


@pytest.fixture(scope="module")
def orchard_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("CI"):
        # Waits if the training's own tests are fetching it.
        subprocess.run(["bash", ROOT / "scripts" / "setup.sh", "training"], check=True, timeout=1200)
    if not PYTHON.exists():
        pytest.skip("torch is not installed here: `bash scripts/test.sh training` fetches it, 6 GB")
    folder = tmp_path_factory.mktemp("fit")
    data = write_orchard(folder / "orchard")
    command = [
        PYTHON,
        "-m",
        "attendseg_training.fit",
        data,
        "-o",
        folder / "models" / "orchard",
        "--run",
        folder / "run",
    ]
    options = ["--size", "96x72", "--steps", "300", "--group", r"^(row\d)"]
    sets = [word for value in (TINY, "rate=0.01", "compile=false") for word in ("-s", value)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": str(ROOT / "training"), "MPLBACKEND": "Agg"}
    done = subprocess.run([*command, *options, *sets], env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    return folder / "models" / "orchard"


def test_a_folder_of_pictures_becomes_a_running_node(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], orchard_model: Path
) -> None:
    camera = look(start(orchard_model), "mask", "overlay")
    right = []
    for seed in range(1000, 1010):
        picture, label = scene(seed)
        outputs = camera.segment(rgb_frame(picture))
        assert outputs["mask"].shape == label.shape
        right.append(float(np.mean(outputs["mask"] == label)))
    assert min(right) > 0.8 and np.mean(right) > 0.9, right
    manifest = (orchard_model / "manifest.yaml").read_text(encoding="utf-8")
    for name, colour in CLASSES.items():
        assert json.dumps(colour) in manifest and name in manifest
