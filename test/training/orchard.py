"""A made-up orchard: three classes that a network of a few hundred steps tells apart by colour and shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = {"grass": [60, 160, 60], "trunk": [120, 80, 40], "fruit": [220, 40, 40]}


def scene(seed: int, width: int = 96, height: int = 72) -> tuple[np.ndarray, np.ndarray]:
    """HxWx3 uint8 RGB and HxW class ids: grass, two trunks, three fruits."""
    rng = np.random.default_rng(seed)
    label = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(label)
    for _ in range(2):
        left, wide = int(rng.integers(0, width - 20)), int(rng.integers(10, 20))
        draw.rectangle((left, int(rng.integers(0, height // 3)), left + wide, height), fill=1)
    for _ in range(3):
        x, y, r = int(rng.integers(12, width - 12)), int(rng.integers(12, height - 12)), int(rng.integers(8, 12))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=2)
    ids = np.array(label)
    colours = np.array(list(CLASSES.values()), np.float32)
    picture = colours[ids] * rng.uniform(0.7, 1.2) + rng.normal(0, 12, (*ids.shape, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), ids


def write_orchard(folder: Path, pictures: int = 24, recordings: int = 4, **size: int) -> Path:
    """A folder as a user would have it, with classes.yaml; names tell the recording: row2_0007."""
    for kind in ("image", "label"):
        (folder / kind).mkdir(parents=True)
    for i in range(pictures):
        name = f"row{i * recordings // pictures}_{i:04d}.png"
        picture, label = scene(i, **size)
        Image.fromarray(picture).save(folder / "image" / name)
        Image.fromarray(label).save(folder / "label" / name)
    lines = [f"  {name}: {colour}" for name, colour in CLASSES.items()]
    (folder / "classes.yaml").write_text("classes:\n" + "\n".join(lines) + "\n")
    return folder
