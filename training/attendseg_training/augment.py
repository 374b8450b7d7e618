"""Random crops and light: what a camera might have seen instead."""

import numpy as np
from PIL import Image, ImageFilter

from .data import IGNORED, Sample

GREY = 114


def crop(sample: Sample, size: tuple[int, int], scales: tuple[float, float], rng: np.random.Generator) -> Sample:
    """A window of height x width `size` of the picture at a random scale and place, perhaps mirrored.

    Where the window reaches over the edge: grey, and IGNORED in the label.
    """
    height, width = size
    scale = np.exp(rng.uniform(np.log(scales[0]), np.log(scales[1])))
    aspect = np.exp(rng.uniform(-0.1, 0.1))
    high, wide = height / scale, width / (scale * aspect)
    rows, columns = sample.label.shape
    top = rng.uniform(min(0, rows - high), max(0, rows - high))
    left = rng.uniform(min(0, columns - wide), max(0, columns - wide))
    window = (wide / width, 0, left, 0, high / height, top)
    picture = Image.fromarray(sample.picture).transform(
        (width, height), Image.Transform.AFFINE, window, Image.Resampling.BILINEAR, fillcolor=(GREY,) * 3
    )
    label = Image.fromarray(sample.label).transform(
        (width, height), Image.Transform.AFFINE, window, Image.Resampling.NEAREST, fillcolor=IGNORED
    )
    flip = slice(None, None, -1 if rng.random() < 0.5 else 1)
    soft = None
    if sample.soft is not None:
        down, across = sample.soft.shape[1] / rows, sample.soft.shape[2] / columns
        window = (4 * wide / width * across, 0, left * across, 0, 4 * high / height * down, top * down)
        parts = [
            Image.fromarray(part).transform(
                (width // 4, height // 4), Image.Transform.AFFINE, window, Image.Resampling.BILINEAR
            )
            for part in sample.soft
        ]
        soft = np.stack([np.array(part)[:, flip] for part in parts])
    return Sample(sample.name, np.array(picture)[:, flip].copy(), np.array(label)[:, flip].copy(), soft)


def light(picture: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Saturation, gamma, brightness, contrast, colour cast, blur, shadow and noise; HxWx3 uint8 in and out.

    Point operations are one table for each channel and run in Pillow: torch would need a third of a step.
    """

    def spread(amount: float, size: int | None = None) -> np.ndarray:
        """Factors around one, even on a log scale."""
        return np.exp(rng.uniform(-1, 1, size) * amount * strength)

    height, width, _ = picture.shape
    image = Image.fromarray(picture)
    keep = spread(0.5)
    red, green, blue = (1 - keep) * np.array([0.299, 0.587, 0.114])
    image = image.convert(
        "RGB",
        (red + keep, green, blue, 0, red, green + keep, blue, 0, red, green, blue + keep, 0),
    )
    curve = np.linspace(0, 1, 256) ** spread(0.35) * spread(0.35)
    curve = np.mean(curve) + (curve - np.mean(curve)) * spread(0.3)
    table = np.clip(np.outer(spread(0.1, 3), curve) * 255, 0, 255).astype(np.uint8)
    image = image.point(table.ravel().tolist())
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.BoxBlur(rng.uniform(0, 1.5)))
    # Soft light and shadow: a coarse random field, enlarged.
    field = Image.fromarray(np.exp(rng.uniform(-0.4, 0.4, (3, 4)) * strength).astype(np.float32))
    shade = np.asarray(field.resize((width, height), Image.Resampling.BILINEAR))
    noise = rng.standard_normal((height, width), np.float32) * (rng.random() ** 2 * 14 * strength)
    return np.clip(np.asarray(image) * shade[:, :, None] + noise[:, :, None], 0, 255).astype(np.uint8)
