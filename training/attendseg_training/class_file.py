"""classes.yaml beside a user's pictures: which classes there are, and how label pictures tell them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from PIL import Image

from .data import IGNORED

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class ClassFile:
    """The classes in the network's order, and what stands for them in label pictures."""

    path: Path
    colours: dict[str, Colour]
    """of each class, in order: its colour in masks for people, and in label pictures that are coloured"""
    ids: dict[int, int] = field(default_factory=dict)
    """grey value or palette index in label pictures -> the network's class id"""
    labels: Literal["ids", "colours"] = "ids"
    ignore: tuple[int | Colour, ...] = (IGNORED,)
    """values that neither train nor score"""

    def decode(self, path: Path) -> tuple[np.ndarray, list[str]]:
        """A label picture as HxW uint8 class ids, and the values in it that are no class, in words."""
        with Image.open(path) as picture:
            if self.labels == "colours":
                return self._by_colour(np.array(picture.convert("RGB")))
            if picture.mode not in ("L", "P", "1", "I", "I;16", "I;16B"):
                raise ValueError(
                    f"{path}: a {picture.mode} picture, where {self.path.name} says that labels are ids; "
                    "write `labels: colours` there, or export label pictures of one channel"
                )
            return self._by_id(np.array(picture).astype(np.int64))

    def _by_id(self, values: np.ndarray) -> tuple[np.ndarray, list[str]]:
        label = np.full(values.shape, IGNORED, np.uint8)
        unknown = []
        for value in np.unique(values).tolist():
            if value in self.ids:
                label[values == value] = self.ids[value]
            elif value not in self.ignore:
                unknown.append(f"id {value}")
        return label, unknown

    def _by_colour(self, pixels: np.ndarray) -> tuple[np.ndarray, list[str]]:
        packed = pixels.astype(np.int64) @ np.array([65536, 256, 1])
        label = np.full(packed.shape, IGNORED, np.uint8)
        ids = {_pack(colour): i for i, colour in enumerate(self.colours.values())}
        ignored = {_pack(colour) for colour in self.ignore if not isinstance(colour, int)}
        unknown = []
        for value in np.unique(packed).tolist():
            if value in ids:
                label[packed == value] = ids[value]
            elif value not in ignored:
                unknown.append(f"colour [{value >> 16}, {value >> 8 & 255}, {value & 255}]")
        return label, unknown


def _pack(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _colour(path: Path, name: str, value: object) -> Colour:
    if isinstance(value, list) and len(value) == 3 and all(type(v) is int and 0 <= v <= 255 for v in value):
        return value[0], value[1], value[2]
    raise ValueError(f"{path}: {name}: {value!r} is no colour; write [red, green, blue], each 0 to 255")


def read_class_file(path: Path) -> ClassFile:
    """Reads classes.yaml, or a labelmap.txt as CVAT exports it. Raises ValueError that names the entry.

    ```yaml
    classes:                    # in the network's order
      grass: [60, 160, 60]                # id 0 in label pictures
      trunk: { id: 7, color: [120, 80, 40] }
    labels: ids                 # or colours
    ignore: [255]               # ids, or colours
    ```
    """
    if not path.exists():
        raise ValueError(f"{path}: no such file; it names the classes (see docs/training.md)")
    if path.suffix == ".txt":
        return _read_label_map(path)
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML ({str(error).splitlines()[0]})") from error
    if not isinstance(values, dict) or not isinstance(values.get("classes"), dict) or not values["classes"]:
        raise ValueError(f"{path}: has no `classes`; list them as `name: [red, green, blue]`")
    if unknown := set(values) - {"classes", "labels", "ignore"}:
        raise ValueError(f"{path}: unknown keys {', '.join(sorted(map(str, unknown)))}")
    if (labels := values.get("labels", "ids")) not in ("ids", "colours"):
        raise ValueError(f"{path}: labels is {labels!r}; it is `ids` or `colours`")
    colours: dict[str, Colour] = {}
    ids: dict[int, int] = {}
    for place, (name, entry) in enumerate(values["classes"].items()):
        own_id = entry.get("id", place) if isinstance(entry, dict) else place
        if type(own_id) is not int or own_id in ids:
            raise ValueError(f"{path}: {name}: id {own_id!r} is no whole number, or another class has it")
        ids[own_id] = place
        colours[str(name)] = _colour(path, str(name), entry.get("color") if isinstance(entry, dict) else entry)
    _check_distinct(path, colours, labels)
    ignore = values.get("ignore", [IGNORED] if labels == "ids" else [])
    if not isinstance(ignore, list):
        raise ValueError(f"{path}: ignore is {ignore!r}; it is a list of ids, or of colours")
    ignored = tuple(v if type(v) is int else _colour(path, "ignore", v) for v in ignore)
    return ClassFile(path, colours, ids, labels, ignored)


def _check_distinct(path: Path, colours: dict[str, Colour], labels: str) -> None:
    if len(colours) > 254:
        raise ValueError(f"{path}: {len(colours)} classes; at most 254 can be told apart in a mask")
    seen: dict[Colour, str] = {}
    for name, colour in colours.items():
        if colour in seen and labels == "colours":
            raise ValueError(f"{path}: {seen[colour]} and {name} have the same colour {list(colour)}")
        seen[colour] = name


def _read_label_map(path: Path) -> ClassFile:
    """Lines of `name:red,green,blue:parts:actions`, as CVAT's "Segmentation mask" export has them."""
    colours: dict[str, Colour] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        parts = rest.split(":")[0].split(",")
        if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
            raise ValueError(f"{path}: line {number}, {line!r}, is not `name:red,green,blue::`")
        colours[name] = _colour(path, name, [int(part) for part in parts])
    if not colours:
        raise ValueError(f"{path}: names no class; each line is `name:red,green,blue::`")
    _check_distinct(path, colours, "colours")
    return ClassFile(path, colours, {}, "colours", ())
