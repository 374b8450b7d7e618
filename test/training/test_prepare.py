"""What a user's folder may look like, and that each fault is named with its file before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from attendseg_training.class_file import read_class_file
from attendseg_training.prepare import Faults, Pair, find_class_file, prepare, split
from orchard import CLASSES, scene, write_orchard
from PIL import Image

SIZE = (72, 96)


@pytest.fixture
def orchard(tmp_path: Path) -> Path:
    return write_orchard(tmp_path / "orchard")


def prepared(data: Path, **options: object):
    return prepare(data, data.parent / "out", read_class_file(find_class_file(data)), SIZE, **options)


def labels_of(out: Path, part: str = "train") -> list[np.ndarray]:
    return [np.array(Image.open(path)) for path in sorted((out / part / "label").glob("*.png"))]


def damage_size(data: Path) -> str:
    Image.fromarray(np.zeros((10, 20), np.uint8)).save(data / "label" / "row1_0008.png")
    return r"label/row1_0008\.png: 20x10, its picture is 96x72"


def damage_id(data: Path) -> str:
    label = scene(8)[1]
    label[0, 0] = 7
    Image.fromarray(label).save(data / "label" / "row1_0008.png")
    return r"label/row1_0008\.png: id 7: no class of .*classes\.yaml"


def damage_class(data: Path) -> str:
    with (data / "classes.yaml").open("a") as file:
        file.write("  owl: [1, 2, 3]\n")
    return r"classes\.yaml: owl occurs in no label"


def damage_label(data: Path) -> str:
    (data / "label" / "row1_0008.png").unlink()
    return r"image/row1_0008\.png: no label .*label/row1_0008\.png"


def damage_picture(data: Path) -> str:
    (data / "image" / "row1_0008.png").write_bytes(b"\x89PNG no more")
    return r"image/row1_0008\.png"


def damage_mode(data: Path) -> str:
    Image.fromarray(np.zeros((72, 96, 3), np.uint8)).save(data / "label" / "row1_0008.png")
    return r"label/row1_0008\.png: a RGB picture.*`labels: colours`"


@pytest.mark.parametrize(
    "damage",
    [damage_size, damage_id, damage_class, damage_label, damage_picture, damage_mode],
    ids=lambda f: f.__name__,
)
def test_each_fault_is_named_with_its_file(orchard: Path, damage: Callable[[Path], str]) -> None:
    named = damage(orchard)
    with pytest.raises(Faults, match=named):
        prepared(orchard)
    assert not (orchard.parent / "out").exists()


def test_all_faults_come_at_once(orchard: Path) -> None:
    named = [damage_label(orchard)]
    Image.fromarray(np.zeros((10, 20), np.uint8)).save(orchard / "label" / "row2_0012.png")
    with pytest.raises(Faults) as caught:
        prepared(orchard)
    assert len(str(caught.value).splitlines()) == len(named) + 1


def test_a_group_pattern_keeps_recordings_together(orchard: Path) -> None:
    found = prepared(orchard, group=r"^(row\d+)_", share=0.25)
    of = {part: {pair.name.split("_")[0] for pair in pairs} for part, pairs in vars(found).items() if part != "warning"}
    assert of["train"] and of["val"] and not of["train"] & of["val"]
    assert found.warning == ""
    with pytest.raises(ValueError, match="does not match this name"):
        prepared(orchard, group="^camera")
    with pytest.raises(ValueError, match="finds one recording only"):
        prepared(orchard, group="^row")


def test_without_a_group_it_warns_and_takes_the_last(orchard: Path) -> None:
    found = prepared(orchard)
    assert "no --group pattern" in found.warning and "flatter" in found.warning
    assert [pair.name for pair in found.val] == [f"row3_{i:04d}" for i in range(19, 24)]


def test_the_split_does_not_hang_on_the_order_of_files() -> None:
    pairs = [Pair(f"{drive}_{i}", Path(), Path()) for drive in "abcdefgh" for i in range(5)]
    first, second = split(pairs, 0.2, "^(.)"), split(pairs[::-1], 0.2, "^(.)")
    assert {pair.name for pair in first.val} == {pair.name for pair in second.val}
    assert 5 <= len(first.val) <= 12


@pytest.mark.parametrize("form", ["ids", "own ids", "palette", "colours", "labelmap"])
def test_labels_of_all_forms_come_out_as_class_ids(orchard: Path, form: str) -> None:
    expected = [scene(i)[1] for i in range(19)]
    colours = np.array(list(CLASSES.values()), np.uint8)
    lines = [f"  {name}: {colour}" for name, colour in CLASSES.items()]
    for path in (orchard / "label").glob("*.png"):
        ids = np.array(Image.open(path))
        if form == "own ids":
            Image.fromarray(np.array([4, 9, 200], np.uint8)[ids]).save(path)
        elif form == "palette":
            picture = Image.fromarray(ids, "P")
            picture.putpalette(colours.tobytes())
            picture.save(path)
        elif form in ("colours", "labelmap"):
            Image.fromarray(colours[ids]).save(path)
    if form == "own ids":
        ids = (4, 9, 200)
        lines = [f"  {name}: {{id: {i}, color: {c}}}" for i, (name, c) in zip(ids, CLASSES.items(), strict=True)]
    text = "classes:\n" + "\n".join(lines) + "\n" + ("labels: colours\n" if form == "colours" else "")
    (orchard / "classes.yaml").write_text(text)
    if form == "labelmap":
        (orchard / "classes.yaml").unlink()
        rows = [f"{name}:{','.join(map(str, colour))}::" for name, colour in CLASSES.items()]
        (orchard / "labelmap.txt").write_text("# label:color_rgb:parts:actions\n" + "\n".join(rows) + "\n")
        (orchard / "image").rename(orchard / "JPEGImages")
        (orchard / "label").rename(orchard / "SegmentationClass")
    prepared(orchard)
    assert all(np.array_equal(a, b) for a, b in zip(labels_of(orchard.parent / "out"), expected, strict=True))


def test_ignored_values_neither_train_nor_score(orchard: Path) -> None:
    label = scene(3)[1]
    label[:5] = 255
    Image.fromarray(label).save(orchard / "label" / "row0_0003.png")
    prepared(orchard)
    assert (labels_of(orchard.parent / "out")[3][:5] == 255).all()


def test_large_pictures_are_fitted_into_the_input(tmp_path: Path) -> None:
    data = write_orchard(tmp_path / "orchard", width=400, height=200)
    prepared(data)
    out = tmp_path / "out" / "train"
    with Image.open(out / "image" / "row0_0000.png") as picture, Image.open(out / "label" / "row0_0000.png") as label:
        assert picture.size == label.size == (96, 48)


def test_what_is_prepared_is_kept_until_a_file_changes(orchard: Path) -> None:
    prepared(orchard)
    file = orchard.parent / "out" / "train" / "label" / "row0_0000.png"
    before = file.stat().st_mtime_ns
    prepared(orchard)
    assert file.stat().st_mtime_ns == before
    Image.fromarray(scene(77)[1]).save(orchard / "label" / "row0_0000.png")
    prepared(orchard)
    assert np.array_equal(np.array(Image.open(file)), scene(77)[1])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "has no `classes`"),
        ("classes: {a: [0, 0, 0], b: red}", "b: 'red' is no colour"),
        ("classes: {a: [0, 0, 0]}\nlabel: ids", "unknown keys label"),
        ("classes: {a: [0, 0, 0]}\nlabels: names", "labels is 'names'"),
        ("classes: {a: [0, 0, 0], b: {id: 0, color: [1, 1, 1]}}", "b: id 0 .* another class has it"),
        ("classes: {a: [0, 0, 0], b: [0, 0, 0]}\nlabels: colours", "a and b have the same colour"),
        ("classes: [", "not YAML"),
    ],
)
def test_a_class_file_that_is_wrong_is_refused_by_its_entry(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "classes.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=named):
        read_class_file(file)


def test_a_folder_of_another_layout_says_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "classes.yaml").write_text("classes: {a: [0, 0, 0]}")
    with pytest.raises(ValueError, match="image/ with label/"):
        prepared(tmp_path)
    (tmp_path / "classes.yaml").unlink()
    with pytest.raises(ValueError, match=r"has no classes\.yaml"):
        find_class_file(tmp_path)
