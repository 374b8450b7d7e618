"""python -m attendseg_training.ablate CONFIG -o runs/ablation: what the condensers give, at equal parameters and steps.

Trains three networks under one seed and schedule, and measures their files by turns. Ctrl-C, and the same command goes
on.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from .config import Config, read_config
from .data import load
from .latency import ROUNDS, Runs, onnx_file
from .network import STAGES, AttendSeg, Shape, count_macs, count_parameters
from .onnx_writer import FloatWriter
from .train import run_command, train, validate
from .weights import read_weights


def without_condensers(shape: Shape) -> Shape:
    """Blocks as much wider inside as makes the parameters equal."""
    wanted = count_parameters(AttendSeg(shape))
    low, high = 1.0, 8.0
    for _ in range(20):
        middle = (low + high) / 2
        bare = replace(shape, condense=(0,) * len(STAGES), expand=tuple(e / 2 * middle for e in shape.expand))
        low, high = (middle, high) if count_parameters(AttendSeg(bare)) < wanted else (low, middle)
    return bare


def variants(shape: Shape) -> dict[str, Shape]:
    return {
        "condensers that gate": shape,
        "condensers that are added: no attention": replace(shape, attention="sum"),
        "no condensers, wider blocks": without_condensers(shape),
    }


def times(files: list[bytes], size: tuple[int, int], threads: int) -> list[float]:
    """Median milliseconds of each, by turns."""
    runs = [Runs(file, size, threads) for file in files]
    taken = np.array([[each.milliseconds() for each in runs] for _ in range(ROUNDS + 3)])[3:]
    return np.median(taken, 0).tolist()


def ablate(config: Config, folder: Path) -> str:
    """The table, in Markdown. Raises Interrupted."""
    size = (config.size[0], config.size[1])
    rows, files = [], []
    for number, (name, shape) in enumerate(variants(config.shape).items()):
        own = replace(config, shape=shape)
        run = folder / f"{number}"
        train(own, run)
        network = read_weights(run, own)
        confusion = validate(network, load(config.val), shape.classes)
        scores = [f"{confusion.mean_iou():.2f}", f"{confusion.accuracy():.2f}"]
        rows.append([name, *scores, f"{count_parameters(network):,}", f"{count_macs(network, *size) / 1e9:.2f}"])
        files += [onnx_file(network, size), onnx_file(network, size, FloatWriter())]
    for threads in (1, 2):
        taken = times(files, size, threads)
        for row, whole, floats in zip(rows, taken[::2], taken[1::2], strict=True):
            row += [f"{whole:.1f}", f"{floats:.1f}"]
    head = [
        "",
        "mean IoU",
        "accuracy",
        "parameters",
        "GMACs",
        "int8, 1 thread [ms]",
        "float",
        "int8, 2 threads",
        "float",
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides")
    arguments = parser.parse_args()
    run_command(lambda: print(ablate(read_config(arguments.config, arguments.set), arguments.out)))


if __name__ == "__main__":
    main()
