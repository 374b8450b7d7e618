"""COCO files, as labelling tools export them, become folders that `fit` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attendseg_training.class_file import read_class_file
from attendseg_training.coco import convert
from attendseg_training.prepare import prepare
from orchard import CLASSES, scene
from PIL import Image
from pycocotools import mask as masks

WIDTH, HEIGHT = 96, 72
CATEGORIES = [{"id": 10 * i + 3, "name": name} for i, name in enumerate(CLASSES)]


def polygon(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top, right, top, right, bottom, left, bottom]]


def run_lengths(part: np.ndarray) -> dict[str, Any]:
    """As COCO writes crowds: counts as they are, or packed into a text."""
    packed = masks.encode(np.asfortranarray(part.astype(np.uint8)))
    return {"size": packed["size"], "counts": packed["counts"].decode()}


def write(
    folder: Path, annotations: list[dict[str, Any]], pictures: int = 2, more: dict[str, Any] | None = None
) -> tuple[Path, Path]:
    """The file, with `more` in its place, and the folder of pictures."""
    (folder / "pictures").mkdir()
    entries = []
    for i in range(pictures):
        Image.fromarray(scene(i)[0]).save(folder / "pictures" / f"row{i}.png")
        entries.append({"id": i, "file_name": f"row{i}.png", "width": WIDTH, "height": HEIGHT})
    path = folder / "instances.json"
    values = {"images": entries, "annotations": annotations, "categories": CATEGORIES} | (more or {})
    path.write_text(json.dumps(values), encoding="utf-8")
    return path, folder / "pictures"


def annotation(image: int, category: int, segmentation: Any) -> dict[str, Any]:
    return {"id": 100, "image_id": image, "category_id": CATEGORIES[category]["id"], "segmentation": segmentation}


def label(out: Path, name: str) -> np.ndarray:
    return np.array(Image.open(out / "label" / name))


def test_polygons_and_masks_become_labels(tmp_path: Path) -> None:
    wanted = scene(1)[1]
    shapes = [
        # The small one comes first in the file, and lies above all the same.
        annotation(0, 2, polygon(40, 30, 50, 40)),
        annotation(0, 0, polygon(0, 0, WIDTH, 60)),
        *(annotation(1, number, run_lengths(wanted == number)) for number in range(3)),
    ]
    file, pictures = write(tmp_path, shapes)
    assert convert(file, pictures, tmp_path / "out", None) == list(CLASSES)
    drawn = label(tmp_path / "out", "row0.png")
    assert drawn.shape == (HEIGHT, WIDTH)
    assert (drawn[35, 45], drawn[10, 10], drawn[70, 10]) == (2, 0, 255)
    assert np.count_nonzero(drawn == 2) == 100
    assert np.array_equal(label(tmp_path / "out", "row1.png"), wanted)


def test_the_rest_is_a_class_if_one_wants(tmp_path: Path) -> None:
    file, pictures = write(tmp_path, [annotation(0, 0, polygon(0, 0, WIDTH, 60))])
    assert convert(file, pictures, tmp_path / "out", "ground") == ["ground", *CLASSES]
    drawn = label(tmp_path / "out", "row0.png")
    assert (drawn[10, 10], drawn[70, 10]) == (1, 0)
    # Nobody labelled the second picture.
    assert np.unique(label(tmp_path / "out", "row1.png")).tolist() == [0]
    assert convert(file, pictures, tmp_path / "known", "trunk") == list(CLASSES)
    assert label(tmp_path / "known", "row0.png")[70, 10] == 1


def test_fit_takes_the_folder(tmp_path: Path) -> None:
    shapes = [annotation(i, n, run_lengths(scene(i)[1] == n)) for i in range(4) for n in range(3)]
    file, pictures = write(tmp_path, shapes, 4)
    out = tmp_path / "out"
    convert(file, pictures, out, None)
    classes = read_class_file(out / "classes.yaml")
    assert list(classes.colours) == list(CLASSES)
    assert len(set(classes.colours.values())) == len(CLASSES)
    found = prepare(out, tmp_path / "prepared", classes, (HEIGHT, WIDTH))
    assert (len(found.train), len(found.val)) == (3, 1)


@pytest.mark.parametrize("name", ["/data/upload/1/row1.png", "../../row1.png", "upload/row1.png"])
def test_pictures_in_folders_keep_them(tmp_path: Path, name: str) -> None:
    file, pictures = write(tmp_path, [])
    (pictures / "left").mkdir()
    (pictures / "row0.png").rename(pictures / "left" / "row0.png")
    values = json.loads(file.read_text(encoding="utf-8"))
    values["images"][0]["file_name"] = "left/row0.png"
    # As it was where it was labelled.
    values["images"][1]["file_name"] = name
    file.write_text(json.dumps(values), encoding="utf-8")
    convert(file, pictures, tmp_path / "out", "ground")
    for kind in ("image", "label"):
        assert (tmp_path / "out" / kind / "left" / "row0.png").exists()
        assert (tmp_path / "out" / kind / "row1.png").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"annotations": [annotation(0, 0, [])]}, "row0.png: annotation 100 has a box only; label its outline"),
        ({"images": [{"id": 0, "file_name": "none.png", "width": 1, "height": 1}]}, "none.png: no such picture"),
        ({"categories": []}, "names no categories"),
        ({"annotations": None}, "has no list of annotations"),
        (
            {"annotations": [{**annotation(0, 0, polygon(0, 0, 9, 9)), "category_id": 99}]},
            "row0.png: annotation 100 is of category 99",
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file, pictures = write(tmp_path, [], more=change)
    with pytest.raises(ValueError, match=said):
        convert(file, pictures, tmp_path / "out", None)
    assert not (tmp_path / "out").exists()
