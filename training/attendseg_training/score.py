"""python -m attendseg_training.score DATA MODEL...: accuracy, calibration, size and cost of ONNX files."""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .data import Sample, Source, load

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


def costs(path: Path) -> tuple[int, int, int]:
    """Convolutions, their weights and biases, and their multiply-accumulates for one picture, from an ONNX file.

    The fixed one that only enlarges the logits learned nothing and is left out.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    shapes = {t.name: list(t.dims) for t in model.graph.initializer}
    for value in model.graph.value_info:
        shapes[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    sources = {output: node for node in model.graph.node for output in node.output}

    def shape(name: str) -> list[int]:
        """A weight's, which may stand behind a DequantizeLinear."""
        return shapes.get(name) or shapes[sources[name].input[0]]

    count = parameters = macs = 0
    for node in model.graph.node:
        if node.op_type not in ("Conv", "QLinearConv") or node.name == "enlarge":
            continue
        weight = shape(node.input[3 if node.op_type == "QLinearConv" else 1])
        count += 1
        parameters += int(np.prod(weight)) + weight[0]
        macs += int(np.prod(weight)) * int(np.prod(shapes[node.output[0]][2:]))
    return count, parameters, macs


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


def table(scores: list[Score], names: list[str]) -> str:
    """Markdown: a column for each file."""
    rows = [["", *(score.path.stem for score in scores)]]
    rows += [[name, *(f"{score.confusion.iou()[i]:.2f}" for score in scores)] for i, name in enumerate(names)]
    rows.append(["**mean IoU**", *(f"**{score.confusion.mean_iou():.2f}**" for score in scores)])
    rows.append(["pixel accuracy", *(f"{score.confusion.accuracy():.2f}" for score in scores)])
    rows.append(["expected calibration error", *(f"{score.calibration_error():.2f}" for score in scores)])
    rows.append(["milliseconds a run, median", *(f"{np.median(score.milliseconds):.1f}" for score in scores)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def main() -> None:
    import yaml

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder with image/ and label/")
    parser.add_argument(
        "models", nargs="+", type=Path, metavar="MODEL",
        help="folder with manifest.yaml, whose files are all scored, or an ONNX file; the first is a folder",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, help="of each run (default: 1)")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write plots of the first")
    parser.add_argument("--frames", type=Path, metavar="FILE", help="write a picture of its best and worst frames")
    arguments = parser.parse_args()
    paths: list[Path] = []
    classes: list[dict] = []
    for model in arguments.models:
        if model.is_dir():
            manifest = yaml.safe_load((model / "manifest.yaml").read_text())
            classes = classes or manifest["classes"]
            paths += [model / entry["path"] for entry in manifest["files"].values()]
        elif paths:
            paths.append(model)
        else:
            parser.error(f"{model}: the first MODEL is a folder with a manifest.yaml, which names the classes")
    for path in paths:
        count, parameters, macs = costs(path)
        print(
            f"{path.name}: {path.stat().st_size:,} bytes, {count} convolutions, {parameters:,} parameters, "
            f"{macs / 1e9:.2f} GMACs at its input size"
        )
    samples = load(Source(arguments.data))
    scores = score_files(paths, samples, len(classes), arguments.threads)
    print(f"\n{len(samples)} pictures, {arguments.threads} thread(s)\n")
    print(table(scores, [entry["name"] for entry in classes]))
    if arguments.plots or arguments.frames:
        from . import plots

        if arguments.plots:
            arguments.plots.mkdir(parents=True, exist_ok=True)
            plots.confusion(scores[0], [entry["name"] for entry in classes], arguments.plots / "confusion.png")
            plots.reliability(scores[0], arguments.plots / "reliability.png")
        if arguments.frames:
            plots.frames(scores[0], samples, Runner(paths[0], arguments.threads), classes, arguments.frames)


if __name__ == "__main__":
    main()
