"""Folders of pictures and label pictures, held in memory as uint8."""

import glob
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
    pictures whose name starts with one of `leave_out`, a list, are not read (leave one drive out);
    `map`, if given, has the network's class id for each id of this folder.
    """

    path: str
    share: float = 1.0
    void: int = 11
    leave_out: Sequence[str] = ()
    map: Sequence[int] = ()

    def __post_init__(self) -> None:
        if isinstance(self.leave_out, str):
            raise ValueError(f"{self.path}: leave_out is {self.leave_out!r}; it must be a list: [{self.leave_out}]")


@dataclass(frozen=True)
class SoftSource:
    """A folder that `teach` wrote: image/NAME.(jpg|png) and soft/NAME.npz. `share` as of Source."""

    path: str
    share: float = 1.0


@dataclass(frozen=True)
class Sample:
    name: str
    picture: np.ndarray
    """HxWx3 uint8 RGB"""
    label: np.ndarray
    """HxW uint8 class ids, IGNORED where there is none"""
    soft: np.ndarray | None = None
    """CxH/4xW/4 uint8, 255 times a teacher's probability of each class"""


def load(source: Source, limit: int | None = None) -> list[Sample]:
    """All samples of a source, by name. Raises FileNotFoundError where there are none."""
    root = Path(source.path)
    labels = sorted((root / "label").glob("*.png"))[:limit]
    labels = [path for path in labels if not path.name.startswith(tuple(source.leave_out))]
    if not labels:
        raise FileNotFoundError(f"{root}/label has no *.png: give a folder with image/ and label/")
    new_ids = np.arange(256, dtype=np.uint8)
    if source.map:
        new_ids[:] = IGNORED
        new_ids[: len(source.map)] = source.map
    new_ids[source.void] = IGNORED
    samples = []
    for path in tqdm(labels, desc=str(root), unit="picture", leave=False):
        samples.append(Sample(path.stem, picture_of(root, path), new_ids[np.array(Image.open(path))]))
    return samples


def load_soft(source: SoftSource, classes: list[str]) -> list[Sample]:
    """All samples of a folder with soft labels. Raises FileNotFoundError, and ValueError on other classes."""
    root = Path(source.path)
    samples = []
    for path in tqdm(sorted((root / "soft").glob("*.npz")), desc=str(root), unit="picture", leave=False):
        with np.load(path) as file:
            soft, taught = file["soft"], file["classes"].tolist()
        if taught != classes:
            raise ValueError(
                f"{path}: is of the classes {', '.join(taught)}, the network has {', '.join(classes)}; name these in "
                "`teach`'s map, in this order"
            )
        picture = picture_of(root, path)
        samples.append(Sample(path.stem, picture, np.full(picture.shape[:2], IGNORED, np.uint8), soft))
    if not samples:
        raise FileNotFoundError(f"{root}/soft has no *.npz: give a folder that `teach` wrote")
    return samples


def picture_of(root: Path, label: Path) -> np.ndarray:
    """The picture to which a label belongs. Raises FileNotFoundError."""
    path = next((root / "image").glob(glob.escape(label.stem) + ".*"), None)
    if path is None:
        raise FileNotFoundError(f"{label}: no picture of that name in {root}/image")
    return np.array(Image.open(path).convert("RGB"))


def draw(sources: list[tuple[Source | SoftSource, list[Sample]]], rng: np.random.Generator) -> Iterator[Sample]:
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
