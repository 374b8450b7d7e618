"""Folders of pictures and label pictures, held in memory as uint8."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

IGNORED = 255
"""Label of pixels that neither train nor score."""


@dataclass(frozen=True)
class Source:
    """A folder with image/NAME.(jpg|png) and label/NAME.png (one channel, class ids).

    `share` is the part of all training samples that comes from here; `void` is the label to ignore;
    pictures whose name starts with one of `leave_out`, a list, are not read (leave one drive out).
    """

    path: str
    share: float = 1.0
    void: int = 11
    leave_out: Sequence[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.leave_out, str):
            raise ValueError(f"{self.path}: leave_out is {self.leave_out!r}; it must be a list: [{self.leave_out}]")


@dataclass(frozen=True)
class Sample:
    name: str
    picture: np.ndarray
    """HxWx3 uint8 RGB"""
    label: np.ndarray
    """HxW uint8 class ids, IGNORED where there is none"""


def load(source: Source, limit: int | None = None) -> list[Sample]:
    """All samples of a source, by name. Raises FileNotFoundError where there are none."""
    root = Path(source.path)
    labels = sorted((root / "label").glob("*.png"))[:limit]
    labels = [path for path in labels if not path.name.startswith(tuple(source.leave_out))]
    if not labels:
        raise FileNotFoundError(f"{root}/label has no *.png: give a folder with image/ and label/")
    samples = []
    for path in tqdm(labels, desc=str(root), unit="picture", leave=False):
        picture = next((root / "image").glob(path.stem + ".*"))
        label = np.array(Image.open(path))
        label[label == source.void] = IGNORED
        samples.append(Sample(path.stem, np.array(Image.open(picture).convert("RGB")), label))
    return samples


def draw(sources: list[tuple[Source, list[Sample]]], rng: np.random.Generator) -> Iterator[Sample]:
    """Endless samples: a source by its share, then its samples in a new random order each round."""
    shares = np.array([source.share for source, _ in sources])
    shares = shares / shares.sum()
    orders: list[list[int]] = [[] for _ in sources]
    while True:
        i = int(rng.choice(len(sources), p=shares))
        samples = sources[i][1]
        if not orders[i]:
            orders[i] = list(rng.permutation(len(samples)))
        yield samples[orders[i].pop()]


def class_weights(samples: list[Sample], classes: int) -> np.ndarray:
    """1 / ln(1.10 + share of the class), as ENet weighs its loss (arXiv 1606.02147)."""
    counts = sum(np.bincount(s.label.ravel(), minlength=256)[:classes] for s in samples)
    return (1 / np.log(1.10 + counts / counts.sum())).astype(np.float32)
