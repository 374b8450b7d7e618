"""python -m attendseg_training.blocks -o blocks/: small networks whose times tell a board's speed, part by part.

`attendseg bench --blocks blocks/ -o board.json` measures them on the board, and `design` predicts with that; with
--board board.json this tells how far the predictions are off.
"""

import argparse
import json
import random
from pathlib import Path

import torch
from tqdm import tqdm

from .export import size_of
from .latency import costs_of, onnx_file, read_board
from .network import AttendSeg
from .search_space import CHOICES, shape_of
from .train import run_command

CLASSES = 11
MIDDLE = {choice.name: choice.values[len(choice.values) // 2] for choice in CHOICES}
SMALL = {choice.name: choice.values[0] for choice in CHOICES}


def variants() -> list[dict[str, int | float | str]]:
    """A small and a middling network, and each with one choice changed."""
    found: list[dict[str, int | float | str]] = []
    for base in (SMALL, MIDDLE):
        for choice in CHOICES:
            for value in choice.values:
                if (changed := {**base, choice.name: value}) not in found:
                    found.append(changed)
    return found


CHECKS = 20
"""Networks at random that the table is not fitted to: what is predicted of them shows what predictions are worth."""
MIXED = 40
"""Others at random that it is fitted to: parts change together there, as they do in a search."""


def at_random(count: int, seed: int) -> list[dict[str, int | float | str]]:
    chance = random.Random(seed)
    return [{choice.name: chance.choice(choice.values) for choice in CHOICES} for _ in range(count)]


def write_blocks(out: Path, size: tuple[int, int]) -> int:
    """Files and blocks.json in a folder; how many there are."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    entries = []
    fitted = [*variants(), *at_random(MIXED, 2)]
    for number, values in enumerate(tqdm([*fitted, *at_random(CHECKS, 1)], unit="file")):
        network = AttendSeg(shape_of(values, CLASSES))
        file = f"{number:03d}.onnx"
        (out / file).write_bytes(onnx_file(network, size))
        entries.append({"file": file, "costs": costs_of(network, size).tolist(), "check": number >= len(fitted)})
    (out / "blocks.json").write_text(json.dumps({"size": size, "blocks": entries}, indent=1))
    return len(entries)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("--size", type=size_of, default=(360, 480), metavar="WxH", help="of the input")
    parser.add_argument("--board", type=Path, metavar="JSON", help="writes nothing; how good its predictions are")
    arguments = parser.parse_args()
    if arguments.board:
        run_command(lambda: print(read_board(arguments.board, arguments.out).trust()))
        return
    number = write_blocks(arguments.out, arguments.size)
    print(f"{number} files in {arguments.out}; on the board: attendseg bench --blocks {arguments.out} -o board.json")


if __name__ == "__main__":
    main()
