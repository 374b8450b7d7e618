"""CamVid's frames through the graph score as they do through the session alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Running
from node_process import MAIN
from pictures import rgb_frame
from PIL import Image as Pillow
from ros_graph import Camera

VAL = ROOT.parent / "shared" / "data" / "camvid" / "val"
CLASSES = 11
# Every one would take minutes.
EVERY = 10


def mean_iou(confusion: np.ndarray) -> float:
    """In percent, over the classes that occur in the truth (the rows)."""
    hits = np.diag(confusion[:, :CLASSES])
    union = confusion.sum(axis=1) + confusion[:, :CLASSES].sum(axis=0) - hits
    return float(100 * np.mean((hits / np.maximum(union, 1))[confusion.sum(axis=1) > 0]))


@pytest.mark.skipif(not VAL.exists(), reason=f"CamVid is not at {VAL}")
def test_scores_as_the_session_alone(shipped: Running, look: Callable[..., Camera], tmp_path: Path) -> None:
    pictures = sorted((VAL / "image").glob("*.jpg"))[::EVERY]
    assert len(pictures) >= 10
    for kind in ("image", "label"):
        (tmp_path / kind).mkdir()
    camera = look(shipped, "mask")
    confusion = np.zeros((CLASSES, 256), np.int64)
    for picture in pictures:
        label = VAL / "label" / f"{picture.stem}.png"
        (tmp_path / "image" / picture.name).symlink_to(picture)
        (tmp_path / "label" / label.name).symlink_to(label)
        truth = np.asarray(Pillow.open(label))
        mask = camera.segment(rgb_frame(np.asarray(Pillow.open(picture).convert("RGB"))))["mask"]
        assert mask.shape == truth.shape
        assert mask.max() < CLASSES
        np.add.at(confusion, (truth[truth < CLASSES], mask[truth < CLASSES]), 1)
    through_the_graph = mean_iou(confusion)

    folders = ["--images", tmp_path / "image", "--labels", tmp_path / "label"]
    command = ["node", MAIN, "evaluate", *map(str, folders), "--json"]
    alone = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=240).stdout)
    print(f"mean IoU through the graph {through_the_graph:.2f}, through the session alone {alone['mean_iou']:.2f}")
    assert alone["pictures"] == len(pictures)
    assert through_the_graph > 50
    assert abs(through_the_graph - alone["mean_iou"]) < 0.5
