"""Batches for training: crops of all sources, by their shares, prepared while the network trains."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .augment import crop, light
from .config import Config
from .data import draw, load, load_soft


@dataclass(frozen=True)
class Batch:
    pictures: Tensor
    """Nx3xHxW uint8 RGB"""
    labels: Tensor
    """NxHxW uint8 class ids, IGNORED where there is none"""
    soft: Tensor | None
    """NxCxH/4xW/4 uint8, 255 times a teacher's probability, all zero where it says nothing; None without a teacher"""

    def to(self, device: torch.device) -> "Batch":
        return Batch(
            self.pictures.to(device, non_blocking=True),
            self.labels.to(device, non_blocking=True),
            None if self.soft is None else self.soft.to(device, non_blocking=True),
        )


class Batches:
    """Prepares the next batch in a thread while the network trains; without torch, which would fight for the cores."""

    def __init__(self, config: Config, start: int):
        self.config = config
        self.sources = [(source, load(source)) for source in config.train]
        taught = [(source, load_soft(source, list(config.classes))) for source in config.soft]
        self.rng = np.random.default_rng((config.seed, start))
        self.samples = draw([*self.sources, *taught], self.rng)
        self.pool = ThreadPoolExecutor(1)
        self.next = self.pool.submit(self.prepare)

    def prepare(self) -> Batch:
        config = self.config
        crops = [crop(next(self.samples), config.crop, config.scales, self.rng) for _ in range(config.batch)]
        pictures = np.stack([light(c.picture, self.rng, config.light) for c in crops])
        soft = None
        if config.soft:
            nothing = np.zeros((config.shape.classes, *(length // 4 for length in config.crop)), np.uint8)
            soft = torch.from_numpy(np.stack([nothing if c.soft is None else c.soft for c in crops]))
        return Batch(
            torch.from_numpy(pictures).permute(0, 3, 1, 2),
            torch.from_numpy(np.stack([c.label for c in crops])),
            soft,
        )

    def take(self) -> Batch:
        batch = self.next.result()
        self.next = self.pool.submit(self.prepare)
        return batch
