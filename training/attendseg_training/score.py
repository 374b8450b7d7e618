"""python -m attendseg_training.score DATA MODEL...: accuracy, calibration, size and cost of ONNX files."""

import argparse
from pathlib import Path

import numpy as np

from .data import Source, load
from .scoring import Runner, Score, score_files


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
