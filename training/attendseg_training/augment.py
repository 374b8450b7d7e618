"""Random crops and light: what a camera might have seen instead."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

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
    return Sample(sample.name, np.array(picture)[:, flip].copy(), np.array(label)[:, flip].copy())


def light(pictures: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """Brightness, contrast, saturation, colour cast, gamma, shadow, blur and noise on Nx3xHxW in 0..255."""
    n, _, height, width = pictures.shape

    def spread(amount: float, channels: int = 1) -> Tensor:
        """Factors around one, even on a log scale."""
        return torch.exp((torch.rand(n, channels, 1, 1, generator=generator) * 2 - 1) * amount * strength)

    x = pictures / 255
    x = x.clamp_min(1e-4) ** spread(0.35)
    x = x * spread(0.35) * spread(0.1, 3)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + (x - mean) * spread(0.35)
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * spread(0.5)
    # Soft light and shadow: a coarse random field, enlarged.
    field = torch.rand(n, 1, 3, 4, generator=generator) * 2 - 1
    field = functional.interpolate(field, size=(height, width), mode="bilinear")
    x = x * torch.exp(0.35 * strength * field)
    blurred = functional.avg_pool2d(functional.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.lerp(x, blurred, torch.rand(n, 1, 1, 1, generator=generator).sub(0.4).clamp(0, 1))
    sigma = torch.rand(n, 1, 1, 1, generator=generator) ** 2 * 0.05 * strength
    x = x + torch.randn(x.shape, generator=generator) * sigma
    return x.clamp(0, 1) * 255
