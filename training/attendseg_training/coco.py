"""python -m attendseg_training.coco ANNOTATIONS.json PICTURES -o DATA: COCO polygons and masks as label pictures.

DATA is what `fit` takes: image/, label/ and classes.yaml. CVAT, Label Studio, VIA, LabelMe and most others export COCO.
"""

import argparse
import colorsys
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import yaml
from PIL import Image
from pycocotools import mask as masks
from tqdm import tqdm

from .data import IGNORED
from .prepare import Faults


def read_annotations(path: Path) -> dict:
    """A COCO file as it is. Raises ValueError where it is none."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read ({error}); give a COCO file, as instances_default.json") from error
    lists = ("images", "annotations", "categories")
    if missing := [name for name in lists if not isinstance(values, dict) or not isinstance(values.get(name), list)]:
        raise ValueError(f"{path}: has no list of {missing[0]}, so it is no COCO file of instances; export it as COCO")
    if not values["categories"]:
        raise ValueError(f"{path}: names no categories; label something, and export it again")
    return values


def class_names(categories: list[dict], rest: str | None) -> list[str]:
    """Names of the classes in the order of their ids; `rest`, what no annotation covers, comes first if it is new."""
    names = [str(category["name"]) for category in sorted(categories, key=lambda category: category["id"])]
    return names if rest is None or rest in names else [rest, *names]


def colour(number: int) -> list[int]:
    """Hues that are far from those before: steps of the golden ratio."""
    return [round(255 * v) for v in colorsys.hsv_to_rgb(number * 0.618034 % 1, 0.65, 0.55 + 0.2 * (number % 3))]


def covered(annotation: dict, height: int, width: int) -> np.ndarray:
    """HxW bool: where an annotation's polygons or mask are. Raises ValueError where it has neither."""
    shape = annotation.get("segmentation")
    if isinstance(shape, list) and shape:
        return masks.decode(masks.merge(masks.frPyObjects(shape, height, width))) > 0
    if isinstance(shape, dict):
        packed = masks.frPyObjects(shape, height, width) if isinstance(shape["counts"], list) else shape
        return masks.decode(packed) > 0
    raise ValueError(f"annotation {annotation.get('id')} has a box only; label its outline")


def label_picture(annotations: list[dict], ids: dict[int, int], size: tuple[int, int], rest: int) -> np.ndarray:
    """height x width `size` uint8 class ids. Smaller annotations lie on larger ones, as COCO knows no order."""
    label = np.full(size, rest, np.uint8)
    if unknown := [each for each in annotations if each["category_id"] not in ids]:
        raise ValueError(
            f"annotation {unknown[0].get('id')} is of category {unknown[0]['category_id']}, which has no name"
        )
    parts = [(covered(annotation, *size), ids[annotation["category_id"]]) for annotation in annotations]
    for part, number in sorted(parts, key=lambda each: -int(each[0].sum())):
        label[part] = number
    return label


def place_of(folder: Path, name: str) -> Path | None:
    """Where in the folder a picture is: at its path, or by its last part, as exports name folders of other machines."""
    path = Path(name)
    inside = not path.is_absolute() and ".." not in path.parts
    places = [path, Path(path.name)] if inside else [Path(path.name)]
    return next((place for place in places if (folder / place).is_file()), None)


def convert(annotations: Path, pictures: Path, out: Path, rest: str | None) -> list[str]:
    """Writes image/, label/ and classes.yaml; the names of the classes. Raises Faults with all that is wrong."""
    values = read_annotations(annotations)
    if out.exists():
        raise ValueError(f"{out}: is there already; give a new folder, or take it away")
    names = class_names(values["categories"], rest)
    ids = {category["id"]: names.index(str(category["name"])) for category in values["categories"]}
    unlabelled = IGNORED if rest is None else names.index(rest)
    of: dict[int, list[dict]] = {}
    for annotation in values["annotations"]:
        of.setdefault(annotation["image_id"], []).append(annotation)
    faults: list[str] = []
    for kind in ("image", "label"):
        (out / kind).mkdir(parents=True)
    for entry in tqdm(values["images"], unit="picture", leave=False):
        name = str(entry["file_name"])
        place = place_of(pictures, name)
        if place is None:
            faults.append(f"{pictures / name}: no such picture; give the folder that `file_name` counts from")
            continue
        try:
            size = (int(entry["height"]), int(entry["width"]))
            label = label_picture(of.get(entry["id"], []), ids, size, unlabelled)
        except (ValueError, TypeError, KeyError) as error:
            faults.append(f"{annotations}: {name}: {error}")
            continue
        for kind in ("image", "label"):
            (out / kind / place).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(pictures / place, out / "image" / place)
        except OSError:  # Another disk, or one without links.
            shutil.copy2(pictures / place, out / "image" / place)
        Image.fromarray(label).save((out / "label" / place).with_suffix(".png"))
    if faults:
        shutil.rmtree(out)
        raise Faults(faults)
    classes = {name: colour(i) for i, name in enumerate(names)}
    text = yaml.safe_dump({"classes": classes}, sort_keys=False, default_flow_style=None, allow_unicode=True)
    (out / "classes.yaml").write_text(text, encoding="utf-8")
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("--rest", metavar="CLASS", help="of what nobody labelled (default: neither trained nor scored)")
    arguments = parser.parse_args()
    try:
        names = convert(arguments.annotations, arguments.pictures, arguments.out, arguments.rest)
    except ValueError as error:
        sys.exit(str(error))
    print(f"{arguments.out}: {', '.join(names)}; look at its classes.yaml, then: python -m attendseg_training.fit")


if __name__ == "__main__":
    main()
