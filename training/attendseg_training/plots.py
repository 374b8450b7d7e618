"""Pictures of scores: confusion matrix, reliability diagram, best and worst frames."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from .data import Sample
from .scoring import Runner, Score

plt.switch_backend("Agg")


def confusion(score: Score, names: list[str], path: Path) -> None:
    """Each row is a true class; its cells say, in percent, what its pixels were taken for."""
    matrix = score.confusion.matrix
    shares = 100 * matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.5:
            axes.text(column, row, f"{share:.0f}", ha="center", va="center", color="white" if share > 55 else "black")
    figure.colorbar(image, label="percent of the true class", shrink=0.8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def reliability(score: Score, path: Path) -> None:
    """How often pixels of each confidence are right; and how many there are."""
    pixels, sure, hits = score.bins.T
    seen = pixels > 0
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(5, 5.5), layout="constrained", sharex=True, gridspec_kw={"height_ratios": [3, 1]}
    )
    upper.plot([0, 1], [0, 1], "--", color="grey", label="calibrated")
    upper.plot(sure[seen] / pixels[seen], hits[seen] / pixels[seen], "o-", label="this file")
    upper.set_ylabel("share of pixels that are right")
    upper.set_title(f"expected calibration error {score.calibration_error():.1f} %")
    upper.legend(loc="upper left")
    width = 1 / len(pixels)
    lower.bar((np.arange(len(pixels)) + 0.5) * width, 100 * pixels / pixels.sum(), width * 0.9)
    lower.set_yscale("log")
    lower.set_xlabel("confidence")
    lower.set_ylabel("% of pixels")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def frames(score: Score, samples: list[Sample], runner: Runner, classes: list[dict], path: Path) -> None:
    """Two best and two worst frames by pixel accuracy, from top to bottom: picture, truth, prediction."""
    order = [int(i) for i in np.argsort(score.accuracies) if not np.isnan(score.accuracies[i])]
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(classes)] = [entry["color"] for entry in classes]
    chosen = [*reversed(order[-2:]), *order[:2]]
    figure, axes = plt.subplots(len(chosen), 3, figsize=(10, 2.6 * len(chosen)), layout="constrained", squeeze=False)
    for row, i in zip(axes, chosen, strict=True):
        sample = samples[i]
        labels, _ = runner(sample.picture)
        for cell, pixels in zip(row, (sample.picture, colours[sample.label], colours[labels]), strict=True):
            cell.imshow(np.asarray(Image.fromarray(pixels)))
            cell.set_axis_off()
        row[0].set_title(f"{sample.name}: {score.accuracies[i]:.1f} % of pixels right", loc="left")
        row[1].set_title("truth")
        row[2].set_title("prediction")
    figure.savefig(path, dpi=80)
    plt.close(figure)
