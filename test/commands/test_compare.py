"""`attendseg compare` on bags and folders of masks: its figures, exit codes, and errors that name what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from mask_bags import (
    CONFIDENCE,
    LABELS,
    MASK,
    SHAPE,
    Message,
    ids,
    image,
    label_info,
    masks,
    stamp_text,
    write_mcap,
    write_sqlite,
)
from PIL import Image
from program import attendseg, error_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

    from numpy.typing import NDArray

PIXELS = SHAPE[0] * SHAPE[1]
COUNT = 12


def compare(*arguments: object, code: int = 0) -> dict[str, Any]:
    done = attendseg("compare", *arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def failed(*arguments: object) -> list[str]:
    """What a failed comparison says on the error output."""
    done = attendseg("compare", *arguments)
    assert done.returncode == 1, done.stdout
    assert done.stderr
    lines = done.stderr.splitlines()
    assert all(line.startswith("attendseg: ") for line in lines)
    return [line.removeprefix("attendseg: ") for line in lines]


def changed(i: int, pixels: int) -> NDArray[np.uint8]:
    """The mask `i` with so many other pixels."""
    mask = ids(i).ravel()
    mask[:pixels] = (mask[:pixels] + 1) % 3
    return mask.reshape(SHAPE)


def png_folder(folder: Path, pictures: Sequence[NDArray[np.uint8]], below: str = "") -> Path:
    (folder / below).mkdir(parents=True, exist_ok=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / below / f"drive_{i:03}.png")
    return folder


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_mcap(tmp_path / "a.mcap", masks(COUNT))


def test_equal_bags_whatever_their_format(bag: Path, tmp_path: Path) -> None:
    padded = [image(i, ids(i), padding=5) for i in range(COUNT)]
    for other in bag, write_sqlite(tmp_path / "sqlite", masks(COUNT)), write_mcap(tmp_path / "p.mcap", padded):
        result = compare(bag, other, "--min-agreement", 100, "--min-frame-agreement", 100, "--min-iou", 100)
        assert (result["passed"], result["pairs"], result["pixel_agreement"]) == (True, COUNT, 100)
        assert [(c["id"], c["iou"]) for c in result["classes"]] == [(0, 100), (1, 100), (2, 100)]
        assert (result["problems"], result["worst_frames"], result["confidence"]) == ([], [], None)


def test_one_pixel(bag: Path, tmp_path: Path) -> None:
    other = [image(i, changed(i, int(i == 7))) for i in range(COUNT)]
    result = compare(bag, write_mcap(tmp_path / "b.mcap", other))
    assert result["pixel_agreement"] == pytest.approx(100 - 100 / (COUNT * PIXELS))
    assert result["worst_frame"] == {"topic": MASK, "name": stamp_text(7), "agreement": 100 * (PIXELS - 1) / PIXELS}
    assert [frame["name"] for frame in result["worst_frames"]] == [stamp_text(7)]
    assert "99.9891" in attendseg("compare", bag, tmp_path / "b.mcap").stdout


def test_limits(bag: Path, tmp_path: Path) -> None:
    """1 % of the pixels of all frames, and 12 % of the worst one."""
    off = round(PIXELS * 0.12)
    other = write_mcap(tmp_path / "b.mcap", [image(i, changed(i, off if i == 3 else 0)) for i in range(COUNT)])
    assert compare(bag, other, "--min-agreement", 99, "--min-frame-agreement", 88, "--min-iou", 97)["failed"] == []
    agreement, frame, iou = failed(bag, other, "--min-agreement", 99.5, "--min-frame-agreement", 95, "--min-iou", 99.9)
    assert agreement == "failed: pixel agreement is 99.0017 %, below --min-agreement 99.5 by 0.4983"
    assert frame.startswith(f"failed: agreement of the worst frame, {MASK} {stamp_text(3)}, is 88.02")
    assert iou.startswith("failed: mean IoU is 98.0")
    result = compare(bag, other, "--min-agreement", 99.5, code=1)
    assert (result["passed"], result["failed"]) == (False, [agreement.removeprefix("failed: ")])


def test_missing_masks_are_named_and_may_be_allowed(bag: Path, tmp_path: Path) -> None:
    other = [message for i, message in enumerate(masks(COUNT + 1)) if i not in (2, 5)]
    b = write_mcap(tmp_path / "b.mcap", other)
    (line,) = failed(bag, b)
    assert line == (
        "failed: 3 masks without a partner, --allow-missing 0: "
        f"2 in A only ({MASK} {stamp_text(2)}, {MASK} {stamp_text(5)}), 1 in B only ({MASK} {stamp_text(COUNT)})"
    )
    assert len(failed(bag, b, "--allow-missing", 2)) == 1
    result = compare(bag, b, "--allow-missing", 3)
    assert (result["pairs"], result["only_in_a"]["count"], result["only_in_b"]["count"]) == (COUNT - 2, 2, 1)


def test_many_missing_masks_are_counted_and_the_first_named(tmp_path: Path) -> None:
    a, b = (write_mcap(tmp_path / f"{n}.mcap", masks(n)) for n in (20, 3))
    (line,) = failed(a, b)
    assert line.count(MASK) == 5
    assert "17 in A only" in line
    assert ", ...)" in line


def test_nothing_in_common(bag: Path, tmp_path: Path) -> None:
    later = write_mcap(tmp_path / "b.mcap", [image(i, ids(i)) for i in range(50, 53)])
    missing, nothing = failed(bag, later, "--allow-missing", 0)
    assert "12 in A only" in missing
    assert "3 in B only" in missing
    assert nothing == "failed: no mask of A was compared with one of B; give recordings of the same pictures"
    assert compare(bag, later, "--allow-missing", 100, code=1)["pixel_agreement"] is None


def test_masks_of_other_sizes_and_kinds_are_named_and_the_others_compared(bag: Path, tmp_path: Path) -> None:
    other = masks(COUNT)
    other[4] = image(4, ids(4, (24, 33)))
    other[6] = image(6, np.zeros((*SHAPE, 3), np.uint8), encoding="rgb8")
    b = write_mcap(tmp_path / "b.mcap", other)
    lines = failed(bag, b, "--allow-missing", 1)
    assert lines[0] == f"{MASK} {stamp_text(4)}: 32x24 in A, but 33x24 in B; compare masks of one size"
    assert lines[1].startswith(f"{b}, byte ")
    assert f"{MASK}: is rgb8, not mono8 as masks are; name the topics of masks by --topics" in lines[1]
    assert lines[2:] == ["failed: 2 frames could not be compared"]
    result = compare(bag, b, "--allow-missing", 1, code=1)
    assert (result["pairs"], result["not_comparable"]["count"], result["pixel_agreement"]) == (COUNT - 2, 2, 100)


def two_cameras(left: int, right: int) -> list[Message]:
    """Both cameras at the same moments; so many of their pixels differ from ids()."""
    cameras = ("/left/segmentation/mask", left), ("/right/segmentation/mask", right)
    return [image(i, changed(i, pixels), topic) for i in range(COUNT) for topic, pixels in cameras]


def test_several_topics(tmp_path: Path) -> None:
    a = write_mcap(tmp_path / "a.mcap", two_cameras(0, 0))
    b = write_mcap(tmp_path / "b.mcap", two_cameras(0, 192))
    result = compare(a, b)
    assert (result["pairs"], result["pixel_agreement"]) == (2 * COUNT, 87.5)
    assert result["worst_frame"]["topic"] == "/right/segmentation/mask"
    left = compare(a, b, "--topics", "/left/segmentation/mask")
    assert (left["pairs"], left["pixel_agreement"]) == (COUNT, 100)
    only_left = write_mcap(tmp_path / "c.mcap", two_cameras(0, 0)[::2])
    assert f"{COUNT} in A only" in failed(a, only_left)[0]


def test_only_topics_are_paired_whatever_they_are_called(bag: Path, tmp_path: Path) -> None:
    b = write_sqlite(tmp_path / "b", masks(COUNT, "/labels"))
    assert compare(bag, b)["pairs"] == COUNT
    (line,) = failed(bag, b, "--topics", "/masks")
    assert line == f"/masks: no topic of pictures in {bag} or {b}; {bag} has {MASK}; {b} has /labels"


def test_bags_without_masks(bag: Path, tmp_path: Path) -> None:
    b = write_mcap(tmp_path / "b.mcap", [label_info({0: "road"})])
    assert failed(bag, b) == [
        f"{b}: which topic has masks? None is called .../mask; name it by --topics; "
        f"{b} has no sensor_msgs/msg/Image at all"
    ]


def test_confidence_and_unlabelled_pixels(tmp_path: Path) -> None:
    def recording(confidence: int, unlabelled: int) -> list[Message]:
        messages = []
        for i in range(COUNT):
            mask = np.zeros(SHAPE, np.uint8)
            mask[:unlabelled] = 255
            # Recorded in any order.
            pair = [image(i, mask), image(i, np.full(SHAPE, confidence, np.uint8), CONFIDENCE)]
            messages += pair[:: 1 if i % 2 else -1]
        return messages

    a = write_mcap(tmp_path / "a.mcap", recording(200, 3))
    b = write_mcap(tmp_path / "b.mcap", recording(190, 1))
    result = compare(a, b)
    assert result["confidence"] == {
        "pairs": COUNT,
        "without_partner": 0,
        "mean_shift": -10,
        "mean_absolute_shift": 10,
    }
    assert (result["became_unlabelled"], result["ceased_to_be_unlabelled"]) == (0, 2 * SHAPE[1] * COUNT)
    assert compare(b, a)["became_unlabelled"] == 2 * SHAPE[1] * COUNT


def test_classes_are_called_as_the_recording_calls_them(tmp_path: Path) -> None:
    named = {0: "Straße", 2: "tree"}
    a = write_mcap(tmp_path / "a.mcap", [label_info(named), *masks(COUNT)])
    plain = write_mcap(tmp_path / "plain.mcap", masks(COUNT))
    for pair in (a, plain), (plain, a), (a, a):
        assert [c["name"] for c in compare(*pair)["classes"]] == ["Straße", "class 1", "tree"]
    other = write_mcap(tmp_path / "b.mcap", [label_info({0: "Straße", 2: "car"}), *masks(COUNT)])
    note = 'id 2 is "tree" in A and "car" in B; ids are compared, not names'
    done = attendseg("compare", a, other)
    assert (done.returncode, done.stderr) == (0, f"attendseg: note: {note}\n")
    shipped = [c["name"] for c in compare(plain, plain)["classes"]]
    assert "class 0" not in shipped


def test_folders_of_masks(tmp_path: Path) -> None:
    pictures = [ids(i) for i in range(4)]
    a = png_folder(tmp_path / "a", pictures, "mask")
    png_folder(a, [np.full(SHAPE, 9, np.uint8)] * 4, "confidence")
    assert compare(a, a)["confidence"]["pairs"] == 4
    plain = png_folder(tmp_path / "b", [*pictures[:3], changed(3, 96)])
    result = compare(a, plain)
    assert (result["pairs"], result["confidence"]) == (4, None)
    assert result["worst_frame"] == {"name": "drive_003.png", "agreement": 87.5}
    (plain / "drive_001.png").unlink()
    assert failed(a, plain) == [
        "failed: 1 mask without a partner, --allow-missing 0: 1 in A only (drive_001.png), 0 in B only"
    ]


def test_pictures_that_are_no_masks(tmp_path: Path) -> None:
    a = png_folder(tmp_path / "a", [ids(i) for i in range(5)])
    b = png_folder(tmp_path / "b", [ids(0), ids(1, (24, 40))])
    Image.fromarray(np.zeros((*SHAPE, 3), np.uint8)).save(b / "drive_002.png")
    (b / "drive_003.png").write_bytes((a / "drive_003.png").read_bytes()[:-40])
    Image.fromarray(np.zeros(SHAPE, np.uint16)).save(b / "drive_004.png")
    lines = failed(a, b)
    remedy = "masks are grey PNG files of 8 bits, which hold class ids"
    assert lines == [
        "drive_001.png: 32x24 in A, but 40x24 in B; compare masks of one size",
        f"{b}/drive_002.png: is in colours; {remedy}",
        f"{b}/drive_003.png: is cut short",
        f"{b}/drive_004.png: has 16 bits a pixel; {remedy}",
        "failed: 4 frames could not be compared",
    ]


def test_a_cut_bag_is_compared_as_far_as_it_goes_and_told(bag: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(bag.read_bytes()[: bag.stat().st_size * 3 // 5])
    problem, *others = failed(bag, cut, "--allow-missing", COUNT)
    assert problem.startswith(f"{cut}, byte ")
    assert others == ["failed: 1 part of the recordings could not be read; record or copy them again"]
    result = compare(bag, cut, "--allow-missing", COUNT, code=1)
    assert 3 < result["pairs"] < COUNT
    assert result["pixel_agreement"] == 100
    assert result["problems"] == [problem]
    cut.write_bytes(bag.read_bytes()[:300])
    (line,) = failed(bag, cut)
    assert line.startswith(f"{cut}, byte ")
    assert line.endswith(f"{cut} has no sensor_msgs/msg/Image at all")


def test_damaged_messages_are_named(bag: Path, tmp_path: Path) -> None:
    other = [label_info({0: "road"}), *masks(COUNT)]
    other[0], other[3] = (Message(m.topic, m.time, m.kind, m.data[:-5]) for m in (other[0], other[3]))
    b = write_mcap(tmp_path / "b.mcap", other)
    names, mask, *others = failed(bag, b, "--allow-missing", 1)
    assert names.startswith(f"{b}, byte ")
    assert names.endswith("its names are left out")
    assert mask.startswith(f"{b}, byte ")
    assert f"{MASK}: sensor_msgs/msg/Image: data at byte " in mask
    assert len(others) == 2


def test_what_is_no_recording(bag: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no bag")
    folder = png_folder(tmp_path / "folder", [ids(0)])
    (tmp_path / "empty").mkdir()
    for arguments, parts in (
        ((bag, text), (f"bag {text}: cannot be opened", "begins like no MCAP", "give a file or folder")),
        ((tmp_path / "none", bag), (f"bag {tmp_path}/none: cannot be opened", "ENOENT")),
        ((bag, folder), (f"{folder} is a folder of files, but {bag} is none; give two bags",)),
        ((folder, tmp_path / "empty"), (f"{tmp_path}/empty: no PNG files there, nor a bag",)),
        ((folder, folder, "--topics", "/mask"), (f"{folder} has no topics", "leave out --topics")),
        ((bag, bag, "--model", text), (str(text),)),
        ((bag, bag, "--min-agreement", "101"), ("Give a number from 0 to 100.",)),
        ((bag,), ("give two recordings of masks; see compare --help",)),
    ):
        line = error_of(attendseg("compare", *arguments))
        assert line.startswith("attendseg: ")
        for part in parts:
            assert part in line


def reported(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    assert f"report  {folder}/report.html" in done.stdout, done.stderr
    return (folder / "report.html").read_text(encoding="utf-8")


def test_report(tmp_path: Path) -> None:
    """Its pictures show the camera's own frame, both masks, and what differs in red."""
    green, blue = (np.broadcast_to(np.array(c, np.uint8), (*SHAPE, 3)) for c in ((0, 200, 0), (0, 0, 200)))
    messages = [
        message
        for i in range(COUNT)
        for message in (
            image(i, blue, "/back/image", "rgb8"),
            image(i, ids(i)),
            image(i, green, "/front/image", "rgb8"),
            image(i, blue, "/left/image", "rgb8"),
        )
    ]
    a = write_mcap(tmp_path / "a.mcap", [label_info({0: "<road>"}, LABELS), *messages])
    b = write_mcap(tmp_path / "b.mcap", [image(i, changed(i, 10 * (i % 4))) for i in range(COUNT)])
    folder = tmp_path / "out" / "report"
    done = attendseg("compare", a, b, "--report", folder, "--worst", 2)
    assert done.returncode == 0
    page = reported(done, folder)
    assert "&lt;road&gt;" in page
    assert "<road>" not in page
    assert "http" not in page
    assert [page.index(f"{MASK} {stamp_text(i)}: 96.09") for i in (3, 7)]
    parts = "image.jpg", "a.png", "b.png", "difference.png"
    expected = {f"frame_{i:02}_{part}" for i in (1, 2) for part in parts}
    assert {path.name for path in folder.iterdir()} == {"report.html", *expected}
    assert all(f'src="{name}"' in page for name in expected)
    shown = {part: np.asarray(Image.open(folder / f"frame_01_{part}")).astype(int) for part in parts}
    assert abs(shown["image.jpg"] - green).max() < 20
    red = (shown["difference.png"] == (255, 0, 0)).all(axis=2)
    assert np.array_equal(red, ids(3) != changed(3, 30))
    assert np.array_equal((shown["a.png"] != shown["b.png"]).any(axis=2), red)
    line = error_of(attendseg("compare", a, b, "--report", folder))
    assert line == f"attendseg: {folder}/report.html is there already; move it, or give another folder to --report"


def test_report_of_folders_with_pictures_from_elsewhere(tmp_path: Path) -> None:
    a = png_folder(tmp_path / "a", [ids(0), ids(1)])
    b = png_folder(tmp_path / "b", [ids(0), changed(1, 5)])
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (320, 240), (0, 200, 0)).save(pictures / "drive_001.jpg")
    assert "to --images" in reported(attendseg("compare", a, b, "--report", tmp_path / "1"), tmp_path / "1")
    done = attendseg("compare", a, b, "--report", tmp_path / "2", "--images", pictures)
    assert "to --images" not in reported(done, tmp_path / "2")
    assert Image.open(tmp_path / "2" / "frame_01_image.jpg").size == (SHAPE[1], SHAPE[0])
    assert "No frame differs." in reported(attendseg("compare", a, a, "--report", tmp_path / "3"), tmp_path / "3")
