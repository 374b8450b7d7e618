"""Intersection over union from a confusion matrix."""

import numpy as np


class Confusion:
    """Counts pixels by true class (rows) and predicted class (columns)."""

    def __init__(self, classes: int):
        self.classes = classes
        self.matrix = np.zeros((classes, classes), np.int64)

    def add(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        """Both HxW class ids; pixels whose truth is no class are left out."""
        known = truth < self.classes
        pairs = truth[known].astype(np.int64) * self.classes + predicted[known]
        self.matrix += np.bincount(pairs, minlength=self.classes**2).reshape(self.classes, self.classes)

    def iou(self) -> np.ndarray:
        """Per class in percent; NaN for a class that neither occurs nor was predicted."""
        hit = np.diag(self.matrix)
        union = self.matrix.sum(0) + self.matrix.sum(1) - hit
        with np.errstate(invalid="ignore"):
            return 100 * hit / np.where(union, union, np.nan)

    def mean_iou(self) -> float:
        """Mean over the classes that occur in the truth, in percent."""
        return float(np.nanmean(np.where(self.matrix.sum(1) > 0, self.iou(), np.nan)))

    def accuracy(self) -> float:
        """Share of pixels that are right, in percent."""
        return float(100 * np.diag(self.matrix).sum() / self.matrix.sum())
