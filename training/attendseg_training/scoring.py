"""Scores of ONNX files: confusion of classes, calibration, time."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .data import Sample

BINS = 15
"""Steps of confidence in the calibration error and its diagram."""


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


@dataclass
class Score:
    """Of one file over one folder of pictures."""

    path: Path
    confusion: Confusion
    bins: np.ndarray = field(default_factory=lambda: np.zeros((BINS, 3)))
    """By confidence: pixels, sum of confidence, hits"""
    milliseconds: list[float] = field(default_factory=list)
    """Of each run"""
    accuracies: list[float] = field(default_factory=list)
    """Of each picture, in percent; NaN where nothing is labelled"""

    def add(self, truth: np.ndarray, labels: np.ndarray, confidence: np.ndarray) -> None:
        self.confusion.add(truth, labels)
        known = truth < self.confusion.classes
        hits = labels[known] == truth[known]
        self.accuracies.append(100 * float(hits.mean()) if hits.size else float("nan"))
        sure = confidence[known] / 255
        step = np.minimum((sure * BINS).astype(int), BINS - 1)
        for column, weights in enumerate((None, sure, hits)):
            self.bins[:, column] += np.bincount(step, weights, minlength=BINS)

    def calibration_error(self) -> float:
        """Expected calibration error in percent."""
        return float(100 * np.abs(self.bins[:, 1] - self.bins[:, 2]).sum() / self.bins[:, 0].sum())


class Runner:
    """An ONNX file in ONNX Runtime: HxWx3 uint8 pictures of any size to class ids and confidence of that size."""

    def __init__(self, path: Path, threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0]
        self.milliseconds = 0.0
        """Of the last run, resizing left out"""

    def __call__(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.input.shape[:2]
        rows, columns = picture.shape[:2]
        if (rows, columns) != (height, width):
            picture = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
        started = time.perf_counter()
        outputs = self.session.run(["labels", "confidence"], {self.input.name: picture})
        self.milliseconds = 1000 * (time.perf_counter() - started)
        if (rows, columns) != (height, width):
            return tuple(
                np.asarray(Image.fromarray(output).resize((columns, rows), Image.Resampling.NEAREST))
                for output in outputs
            )
        return tuple(outputs)


def score_files(paths: list[Path], samples: list[Sample], classes: int, threads: int) -> list[Score]:
    """All files on the same pictures, in turn, so that their times can be compared."""
    runners = [Runner(path, threads) for path in paths]
    scores = [Score(path, Confusion(classes)) for path in paths]
    for sample in samples:
        for runner, score in zip(runners, scores, strict=True):
            score.add(sample.label, *runner(sample.picture))
            score.milliseconds.append(runner.milliseconds)
    return scores
