"""python -m attendseg_training.score MODEL DATA: mIoU, sizes and costs of a model's ONNX files."""

import argparse
from pathlib import Path

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


def costs(path: Path) -> tuple[int, int, int]:
    """Convolutions, their weights and biases, and their multiply-accumulates for one picture, from an ONNX file.

    The fixed one behind a Pad only enlarges the logits; it learned nothing and is left out.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    shapes = {t.name: list(t.dims) for t in model.graph.initializer}
    for value in model.graph.value_info:
        shapes[value.name] = [d.dim_value for d in value.type.tensor_type.shape.dim]
    sources = {output: node for node in model.graph.node for output in node.output}

    def shape(name: str) -> list[int]:
        node = sources.get(name)
        return shapes[node.input[0]] if node and node.op_type == "DequantizeLinear" else shapes[name]

    convolutions = [
        node
        for node in model.graph.node
        if node.op_type == "Conv" and not (node.input[0] in sources and sources[node.input[0]].op_type == "Pad")
    ]
    parameters = sum(int(np.prod(shape(name))) for node in convolutions for name in node.input[1:])
    macs = sum(int(np.prod(shape(node.input[1]))) * int(np.prod(shapes[node.output[0]][2:])) for node in convolutions)
    return len(convolutions), parameters, macs


def score_file(path: Path, data: str, classes: int) -> tuple[Confusion, float]:
    """Confusion over a folder of pictures and labels, and the expected calibration error in percent."""
    import onnxruntime

    from .data import Source, load

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    confusion = Confusion(classes)
    # By confidence, in fifteen steps: pixels, sum of confidence, hits.
    bins = np.zeros((15, 3))
    for sample in load(Source(data, void=11)):
        labels, confidence = session.run(None, {session.get_inputs()[0].name: sample.picture})
        confusion.add(sample.label, labels)
        known = sample.label < classes
        sure = confidence[known] / 255
        step = np.minimum((sure * 15).astype(int), 14)
        for column, weights in enumerate((None, sure, labels[known] == sample.label[known])):
            bins[:, column] += np.bincount(step, weights, minlength=15)
    error = 100 * np.abs(bins[:, 1] - bins[:, 2]).sum() / bins[:, 0].sum()
    return confusion, float(error)


def main() -> None:
    import yaml

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder with manifest.yaml")
    parser.add_argument("data", help="folder with image/ and label/")
    parser.add_argument("--fp32", type=Path, help="also score this ONNX file")
    arguments = parser.parse_args()
    manifest = yaml.safe_load((arguments.model / "manifest.yaml").read_text())
    names = [entry["name"] for entry in manifest["classes"]]
    files = [arguments.model / entry["path"] for entry in manifest["files"].values()]
    files += [arguments.fp32] if arguments.fp32 else []
    columns = []
    for path in files:
        convolutions, parameters, macs = costs(path)
        print(
            f"{path.name}: {path.stat().st_size:,} bytes, {convolutions} convolutions, {parameters:,} parameters, "
            f"{macs / 1e9:.2f} GMACs at its input size"
        )
        columns.append(score_file(path, arguments.data, len(names)))
    print(f"\n| {'':16} | " + " | ".join(path.stem[-8:] for path in files) + " |")
    print("| --- |" + " --- |" * len(files))
    for i, name in enumerate(names):
        print(f"| {name:16} | " + " | ".join(f"{confusion.iou()[i]:8.2f}" for confusion, _ in columns) + " |")
    for name, value in (
        ("mean IoU", lambda c, _: c.mean_iou()),
        ("pixel accuracy", lambda c, _: c.accuracy()),
        ("calibration error", lambda _, e: e),
    ):
        print(f"| {name:16} | " + " | ".join(f"{value(c, e):8.2f}" for c, e in columns) + " |")


if __name__ == "__main__":
    main()
