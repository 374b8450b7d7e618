"""python -m attendseg_training.prepare DATA -o RUN/data: a user's pictures and labels, checked, split and scaled.

Every fault is named with its file before anything is trained.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .class_file import ClassFile, read_class_file
from .data import IGNORED

LAYOUTS = (("image", "label"), ("images", "labels"), ("JPEGImages", "SegmentationClass"),
           ("JPEGImages", "SegmentationClassPNG"))  # fmt: skip
"""Folders of pictures and of labels: ours, a common one, and those of Pascal VOC and its converters."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
CLASS_FILES = ("classes.yaml", "labelmap.txt")
SHOWN = 20
"""Faults that are printed; the rest are counted."""


@dataclass(frozen=True)
class Pair:
    name: str
    """path inside its folder, without the ending"""
    picture: Path
    label: Path


@dataclass(frozen=True)
class Split:
    train: list[Pair]
    val: list[Pair]
    warning: str = ""


def find_class_file(data: Path) -> Path:
    """Raises ValueError where there is none."""
    for folder in (data, data / "train"):
        for name in CLASS_FILES:
            if (folder / name).exists():
                return folder / name
    raise ValueError(f"{data}: has no classes.yaml (nor CVAT's labelmap.txt); write one, or give --classes FILE")


def find_pairs(root: Path) -> tuple[list[Pair], list[str]]:
    """Pictures and their labels, by name, and what has no partner. Raises ValueError where the layout is unknown."""
    for pictures, labels in LAYOUTS:
        if (root / pictures).is_dir() and (root / labels).is_dir():
            break
    else:
        known = ", ".join(f"{a}/ with {b}/" for a, b in LAYOUTS)
        raise ValueError(f"{root}: no pictures with labels found; known are {known}, also inside train/ and val/")
    by_name = {
        str(path.relative_to(root / labels).with_suffix("")): path for path in sorted((root / labels).rglob("*.png"))
    }
    pairs, faults = [], []
    for path in sorted((root / pictures).rglob("*")):
        if path.suffix.lower() not in PICTURES:
            continue
        name = str(path.relative_to(root / pictures).with_suffix(""))
        label = by_name.pop(name, None)
        if label is None:
            faults.append(f"{path}: no label {root / labels / name}.png; label it, or take the picture away")
        else:
            pairs.append(Pair(name, path, label))
    faults += [f"{path}: no picture of that name in {root / pictures}" for path in by_name.values()]
    return pairs, faults


def group_of(name: str, pattern: re.Pattern[str]) -> str:
    """What the pattern's first group, or all of it, matches in a name. Raises ValueError where it does not match."""
    match = pattern.search(name)
    if match is None:
        raise ValueError(f"{name}: --group {pattern.pattern!r} does not match this name; it is to match every one")
    return match.group(1) if pattern.groups else match.group()


def split(pairs: list[Pair], share: float, group: str | None) -> Split:
    """A part for val: whole recordings where `group` tells them, by their names' hash; else the last by name.

    Neighbours of a video all but repeat each other: a val set among them flatters by ten points.
    """
    if group is None:
        cut = min(len(pairs) - 1, max(1, round(len(pairs) * (1 - share))))
        return Split(
            pairs[:cut],
            pairs[cut:],
            f"no --group pattern tells recordings apart: the last {len(pairs) - cut} pictures by name are val. If they "
            "are neighbours of those before, scores flatter, by ten points and more",
        )
    pattern = re.compile(group)
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(group_of(pair.name, pattern), []).append(pair)
    if len(groups) < 2:
        raise ValueError(f"--group {group!r} finds one recording only, {next(iter(groups))!r}; two are the least")
    order = sorted(groups, key=lambda name: hashlib.sha256(name.encode()).digest())
    chosen: set[str] = set()
    count = 0
    for name in order[:-1]:
        if count >= share * len(pairs):
            break
        # A recording that is most of the pictures is better trained on.
        if not chosen or count + len(groups[name]) <= 1.5 * share * len(pairs):
            chosen.add(name)
            count += len(groups[name])
    return Split(
        [pair for name in groups if name not in chosen for pair in groups[name]],
        [pair for name in groups if name in chosen for pair in groups[name]],
    )


def check_pair(pair: Pair, classes: ClassFile) -> tuple[np.ndarray | None, list[str]]:
    """The label as class ids, and what is wrong with the two files."""
    try:
        label, unknown = classes.decode(pair.label)
        with Image.open(pair.picture) as picture:
            size = picture.size
            picture.load()
    except (OSError, ValueError) as error:
        text = str(error)
        named = text if str(pair.label) in text or str(pair.picture) in text else f"{pair.picture}: {text}"
        return None, [named]
    faults = []
    if size != (label.shape[1], label.shape[0]):
        high, wide = label.shape
        faults.append(f"{pair.label}: {wide}x{high}, its picture is {size[0]}x{size[1]}; export it in that size")
    if unknown:
        faults.append(
            f"{pair.label}: {', '.join(unknown[:5])}: no class of {classes.path}; add it there, or to `ignore`"
        )
    return label, faults


def write_pair(pair: Pair, label: np.ndarray, size: tuple[int, int], out: Path) -> None:
    """Both in the size in which the network sees them: fitted into height x width `size`, never enlarged."""
    name = pair.name.replace("/", "__")
    with Image.open(pair.picture) as file:
        picture = file.convert("RGB")
    scale = min(1.0, size[1] / picture.width, size[0] / picture.height)
    if scale < 1:
        wanted = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(wanted, Image.Resampling.BOX)
        label = np.array(Image.fromarray(label).resize(wanted, Image.Resampling.NEAREST))
    picture.save(out / "image" / f"{name}.png", compress_level=1)
    Image.fromarray(label).save(out / "label" / f"{name}.png")


def fingerprint(parts: dict[str, list[Pair]], classes: ClassFile, size: tuple[int, int]) -> str:
    files = sorted(path for pairs in parts.values() for pair in pairs for path in (pair.picture, pair.label))
    stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    names = {part: [pair.name for pair in pairs] for part, pairs in parts.items()}
    text = json.dumps([stats, names, repr(classes), size])
    return hashlib.sha256(text.encode()).hexdigest()


class Faults(ValueError):
    """All that is wrong with the data, a line each."""

    def __init__(self, lines: list[str]):
        more = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
        super().__init__("\n".join([*lines[:SHOWN], *more]))


def prepare(
    data: Path, out: Path, classes: ClassFile, size: tuple[int, int], share: float = 0.2, group: str | None = None
) -> Split:
    """Checks all files, and writes out/train and out/val with image/ and label/. What is there already is kept.

    Raises Faults with everything that is wrong, and ValueError.
    """
    faults: list[str] = []
    parts: dict[str, list[Pair]] = {}
    for part in ("train", "val"):
        if (data / part).is_dir():
            parts[part], lonely = find_pairs(data / part)
            faults += lonely
    if not parts:
        pairs, faults = find_pairs(data)
        if len(pairs) < 2 and not faults:
            raise ValueError(f"{data}: {len(pairs)} labelled pictures; at least one for training and one for val")
        found = split(pairs, share, group) if len(pairs) > 1 else Split(pairs, [])
    elif "train" in parts and "val" in parts:
        found = Split(parts["train"], parts["val"])
    else:
        raise ValueError(f"{data}: has {next(iter(parts))}/ only; give train/ and val/, or pictures without either")
    parts = {"train": found.train, "val": found.val}
    mark = out / "prepared"
    text = fingerprint(parts, classes, size)
    if not faults and mark.exists() and mark.read_text() == text:
        return found
    shutil.rmtree(out, ignore_errors=True)
    pixels = {part: np.zeros(256, np.int64) for part in parts}
    for part, pairs in parts.items():
        for kind in ("image", "label"):
            (out / part / kind).mkdir(parents=True)
        for pair in tqdm(pairs, desc=part, unit="picture", leave=False):
            label, wrong = check_pair(pair, classes)
            faults += wrong
            if label is not None and not wrong:
                pixels[part] += np.bincount(label.ravel(), minlength=256)
                write_pair(pair, label, size, out / part)
    if not faults:
        for i, name in enumerate(classes.colours):
            if pixels["train"][i] == 0:
                where = f"in val only ({pixels['val'][i]} pixels)" if pixels["val"][i] else "in no label"
                faults.append(f"{classes.path}: {name} occurs {where}; it cannot be learnt: label it, or take it out")
    if faults:
        shutil.rmtree(out, ignore_errors=True)
        raise Faults(faults)
    mark.write_text(text)
    return found


def describe(found: Split, out: Path, classes: ClassFile) -> str:
    """A line on the split, and one on each class's share of the labelled pixels."""
    counts: Counter[int] = Counter()
    for path in (out / "train" / "label").glob("*.png"):
        values, numbers = np.unique(np.array(Image.open(path)), return_counts=True)
        counts.update(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
    total = sum(number for value, number in counts.items() if value != IGNORED)
    shares = ", ".join(f"{name} {100 * counts[i] / total:.1f} %" for i, name in enumerate(classes.colours))
    return f"{len(found.train)} pictures to train, {len(found.val)} to judge by; {shares}"


def main() -> None:
    from .export import size_of

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("--classes", type=Path, help="default: classes.yaml in DATA")
    parser.add_argument("--size", type=size_of, default=(360, 480), metavar="WxH", help="of the network's input")
    parser.add_argument("--val", type=float, default=0.2, help="share of the pictures (default: 0.2)")
    parser.add_argument("--group", metavar="REGEX", help="what of a picture's name tells its recording")
    arguments = parser.parse_args()
    try:
        classes = read_class_file(arguments.classes or find_class_file(arguments.data))
        found = prepare(arguments.data, arguments.out, classes, arguments.size, arguments.val, arguments.group)
    except ValueError as error:
        sys.exit(str(error))
    if found.warning:
        print(f"warning: {found.warning}")
    print(describe(found, arguments.out, classes))


if __name__ == "__main__":
    main()
