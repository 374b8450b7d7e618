"""python -m attendseg_training.quantise CONFIG -w WEIGHTS -o FILE: learns int8 ranges and a temperature.

Trains on with int8 rounding only where the ranges alone lose accuracy.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import fx, nn
from torch.nn import functional
from tqdm import tqdm

from .batches import Batches
from .config import Config, read_config
from .data import IGNORED, Sample, class_weights, load
from .loss import loss_of
from .network import AttendSeg, enlarge, normalise
from .quantised import observe, quantised
from .train import save, validate
from .weights import check_classes, read_state, read_weights

RANGE_BATCHES = 64
TOLERANCE = 0.3
"""mIoU on val that ranges alone may lose, in points."""


@dataclass(frozen=True)
class Quantised:
    """The int8 form of a network, and what its logits are divided by before the confidence."""

    graph: fx.GraphModule
    temperature: float


def learn_ranges(graph: fx.GraphModule, batches: Batches) -> None:
    observe(graph, True)
    with torch.no_grad():
        for _ in tqdm(range(RANGE_BATCHES), desc="ranges", unit="batch"):
            graph(normalise(batches.take().pictures))
    observe(graph, False)


def train_on(graph: fx.GraphModule, batches: Batches, config: Config, steps: int, rate: float) -> None:
    """Trains with int8 rounding, the rate falling to nothing."""
    weights = torch.from_numpy(class_weights(batches.sources[config.class_weights_from][1], config.shape.classes))
    optimiser = torch.optim.AdamW(graph.parameters(), rate, weight_decay=0)
    for step in tqdm(range(steps), desc="int8", unit="step"):
        for group in optimiser.param_groups:
            group["lr"] = rate * (1 - step / steps)
        batch = batches.take()
        loss = loss_of((graph(normalise(batch.pictures)),), batch, weights, 0)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def fit_temperature(network: nn.Module, samples: list[Sample]) -> float:
    """The divisor of the logits that makes the truth likeliest (Guo et al., arXiv 1706.04599), at every other pixel."""
    logits, truth = [], []
    with torch.no_grad():
        for sample in tqdm(samples, desc="temperature", unit="picture"):
            picture = torch.from_numpy(sample.picture).permute(2, 0, 1)[None]
            every = enlarge(network(normalise(picture)), sample.label.shape)[0, :, 1::2, 1::2].flatten(1).T
            label = torch.from_numpy(sample.label[1::2, 1::2].copy()).flatten().long()
            logits.append(every[label != IGNORED])
            truth.append(label[label != IGNORED])
    logits, truth = torch.cat(logits), torch.cat(truth)
    inverse = torch.ones(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([inverse], max_iter=30, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        entropy = functional.cross_entropy(logits * inverse, truth)
        entropy.backward()
        return entropy

    optimiser.step(loss)
    return 1 / inverse.item()


def quantise(network: AttendSeg, config: Config, steps: int = 300, rate: float = 1e-4) -> Quantised:
    """Ranges from 64 batches of the training sources; `steps` with rounding only where ranges lose over 0.3 mIoU."""
    torch.manual_seed(config.seed)
    batches = Batches(config, 0)
    val = load(config.val)
    calibration = load(config.calibration) if config.calibration else val

    def score(form: nn.Module) -> float:
        return validate(form, val, config.shape.classes).mean_iou()

    before = score(network)
    graph = quantised(network)
    learn_ranges(graph, batches)
    after = score(graph)
    print(f"val mIoU {before:.2f} in float, {after:.2f} in int8 by ranges only")
    if before - after > TOLERANCE and steps:
        train_on(graph, batches, config, steps, rate)
        print(f"val mIoU {score(graph):.2f} in int8 after {steps} steps more")
    temperature = fit_temperature(graph, calibration)
    print(f"temperature {temperature:.3f}")
    return Quantised(graph, temperature)


def read_quantised(path: Path, config: Config) -> Quantised:
    """What `quantise` wrote; float weights are quantised on the way. Raises ValueError as read_weights does."""
    if path.is_dir() or "graph" not in (state := read_state(path)):
        return quantise(read_weights(path, config), config)
    check_classes(path, state["classes"], config)
    graph = quantised(AttendSeg(config.shape))
    try:
        graph.load_state_dict(state["graph"])
    except RuntimeError as error:
        raise ValueError(f"{path}: not of the network that {config.name} describes ({error})") from error
    return Quantised(graph, state["temperature"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-w", "--weights", required=True, type=Path, help="float state dict, or folder of a run")
    parser.add_argument("-o", "--out", required=True, type=Path, help="file to write")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides")
    parser.add_argument("--steps", type=int, default=300, help="with rounding, if ranges alone lose; 0: never")
    parser.add_argument("--rate", type=float, default=1e-4)
    arguments = parser.parse_args()
    try:
        config = read_config(arguments.config, arguments.set)
        network = read_weights(arguments.weights, config)
    except ValueError as error:
        sys.exit(str(error))
    result = quantise(network, config, arguments.steps, arguments.rate)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save(
        {
            "graph": result.graph.state_dict(),
            "temperature": result.temperature,
            "classes": list(config.classes),
        },
        arguments.out,
    )


if __name__ == "__main__":
    main()
