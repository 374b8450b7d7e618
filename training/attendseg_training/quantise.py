"""python -m attendseg_training.quantise CONFIG -r RUN: learns ranges, then trains on with int8 rounding."""

import argparse
from pathlib import Path

import torch
from torch.nn import functional
from tqdm import tqdm

from .config import Config, read_config
from .data import IGNORED, class_weights, load
from .network import AttendSeg, enlarge, normalise
from .quantised import observe, quantised
from .train import Batches, save, validate


def quantise(config: Config, run: Path, steps: int, rate: float) -> None:
    torch.manual_seed(config.seed)
    network = AttendSeg(config.shape)
    state = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(state["average"])
    graph = quantised(network)
    batches = Batches(config, state["step"])
    weights = torch.from_numpy(class_weights(batches.sources[config.class_weights_from][1], config.shape.classes))
    val = load(config.val)
    observe(graph, True)
    with torch.no_grad():
        for _ in tqdm(range(16), desc="ranges", unit="batch"):
            graph(normalise(batches.take()[0]))
    observe(graph, False)
    print(f"int8, ranges only: val mIoU {validate(graph, val, config.shape.classes).mean_iou():.2f}")
    optimiser = torch.optim.AdamW(graph.parameters(), rate, weight_decay=0)
    for step in tqdm(range(steps), desc="int8", unit="step"):
        for group in optimiser.param_groups:
            group["lr"] = rate * (1 - step / steps)
        pictures, labels = batches.take()
        logits = enlarge(graph(normalise(pictures)), (labels.shape[1] // 2, labels.shape[2] // 2))
        loss = functional.cross_entropy(logits, labels[:, 1::2, 1::2].long(), weights, ignore_index=IGNORED)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    if steps:
        print(f"int8, {steps} steps on: val mIoU {validate(graph, val, config.shape.classes).mean_iou():.2f}")
    save({"graph": graph.state_dict(), "step": state["step"], "int8_steps": steps}, run / "quantised.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-r", "--run", required=True, type=Path, help="folder with checkpoint.pt")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=1e-4)
    arguments = parser.parse_args()
    quantise(read_config(arguments.config, arguments.set), arguments.run, arguments.steps, arguments.rate)


if __name__ == "__main__":
    main()
