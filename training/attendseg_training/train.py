"""python -m attendseg_training.train CONFIG -o RUN: trains, and resumes where an earlier call stopped."""

import argparse
import copy
import csv
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from .batches import Batch, Batches
from .config import Config, read_config
from .data import Sample, class_weights, load
from .loss import loss_of
from .network import AttendSeg, count_macs, count_parameters, enlarge, normalise
from .scoring import Confusion
from .slim import slim_from
from .weights import check_classes, start_from


def rate_at(step: int, config: Config) -> float:
    """Warm-up, plateau, then a linear fall: a pure function of the step, so that a run can be resumed or cut."""
    return config.rate * min(1.0, (step + 1) / config.warm_up, max(0.0, (config.steps - step) / config.decay))


def validate(network: nn.Module, samples: list[Sample], classes: int, device: str | torch.device = "cpu") -> Confusion:
    """Scores a network that takes normalised pictures and gives logits at a quarter of their size."""
    confusion = Confusion(classes)
    network.eval()
    with torch.no_grad():
        for sample in samples:
            picture = torch.from_numpy(sample.picture).permute(2, 0, 1)[None].to(device)
            logits = enlarge(network(normalise(picture)), sample.label.shape)
            confusion.add(sample.label, logits.argmax(1)[0].cpu().numpy())
    return confusion


def step_seconds(network: nn.Module, batch: Batch, weights: Tensor, config: Config, bf16: bool) -> float:
    """Seconds of a training step without the optimiser's: the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        with torch.autocast(batch.pictures.device.type, torch.bfloat16, enabled=bf16):
            loss = loss_of(network(inputs_of(batch)), batch, weights, config.aux)
        loss.backward()
        best = min(best, time.perf_counter() - started)
    network.zero_grad(set_to_none=True)
    return best


def wants_bf16(network: nn.Module, batch: Batch, weights: Tensor, config: Config) -> bool:
    """Is bfloat16 faster here? CPUs that lack it emulate it, ten times slower; some that have it gain nothing."""
    if batch.pictures.device.type == "cuda":
        return True
    cpu = Path("/proc/cpuinfo")
    flags = cpu.read_text() if cpu.exists() else ""
    if "avx512_bf16" not in flags and "amx_bf16" not in flags:
        return False
    # Batch norms learn from every picture they see.
    trial = copy.deepcopy(network).train()
    single, half = (step_seconds(trial, batch, weights, config, bf16) for bf16 in (False, True))
    print(f"a step takes {single:.2f} s in float32, {half:.2f} s in bfloat16")
    return half < single


def ema_update(average: nn.Module, network: nn.Module, factor: float) -> None:
    with torch.no_grad():
        for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if old.dtype.is_floating_point:
                old.lerp_(new, 1 - factor)
            else:
                old.copy_(new)


def inputs_of(batch: Batch) -> Tensor:
    return normalise(batch.pictures).contiguous(memory_format=torch.channels_last)


def save(state: dict, path: Path) -> None:
    """Whole or not at all: a killed run leaves the earlier checkpoint."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came; what was reached is in the checkpoint."""


def run_command(act: Callable[[], None]) -> None:
    """Ends the process as a command does: what is wrong in one line, and after Ctrl-C how to go on."""
    try:
        act()
    except (ValueError, FileNotFoundError) as error:
        sys.exit(str(error))
    except (Interrupted, KeyboardInterrupt) as error:
        print(str(error) or "stopped; the same command goes on")
        sys.exit(130)


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came, to be asked between two steps: in the middle of one the weights are half new."""
    came: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _frame: came.append(number)) for number in signals]
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


class Log:
    """log.csv of a run: a row for each validation."""

    def __init__(self, run: Path):
        self.file = (run / "log.csv").open("a", newline="")
        self.rows = csv.writer(self.file)
        if self.file.tell() == 0:
            self.write("step", "seconds", "rate", "loss", "val_mean_iou", "val_accuracy", "skipped")

    def write(self, *row: object) -> None:
        self.rows.writerow(row)
        self.file.flush()


@dataclass
class Learner:
    """All that a checkpoint holds."""

    network: AttendSeg
    average: AttendSeg
    optimiser: torch.optim.Optimizer
    step: int = 0

    @staticmethod
    def start(config: Config, checkpoint: Path, device: torch.device) -> "Learner":
        """From the checkpoint if there is one, else from `config.init` or `config.slim`, else at random.

        Raises ValueError.
        """
        network = AttendSeg(config.shape)
        if config.init and not checkpoint.exists():
            print(start_from(Path(config.init), network, config))
        if config.slim and not checkpoint.exists():
            print(slim_from(Path(config.slim), network, config))
        network = network.to(device, memory_format=torch.channels_last)
        average = copy.deepcopy(network)
        for parameter in average.parameters():
            parameter.requires_grad_(False)
        optimiser = torch.optim.AdamW(network.parameters(), config.rate, weight_decay=config.weight_decay)
        learner = Learner(network, average, optimiser)
        if checkpoint.exists():
            state = torch.load(checkpoint, map_location=device, weights_only=True)
            check_classes(checkpoint, state["classes"], config)
            network.load_state_dict(state["network"])
            average.load_state_dict(state["average"])
            optimiser.load_state_dict(state["optimiser"])
            learner.step = state["step"]
        return learner

    def save(self, config: Config, checkpoint: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "classes": list(config.classes),
        }
        save(state, checkpoint)


def train(config: Config, run: Path, validated: Callable[[int, float], None] = lambda step, mean_iou: None) -> None:
    """Trains to the last step, and tells of each validation: the step and the mean IoU in percent.

    Raises Interrupted, after the checkpoint was written, and ValueError on bad weights.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    checkpoint = run / "checkpoint.pt"
    learner = Learner.start(config, checkpoint, device)
    network, average, optimiser = learner.network, learner.average, learner.optimiser
    print(
        f"{config.name}: {count_parameters(network):,} parameters, "
        f"{count_macs(network, 512, 512) / 1e9:.2f} GMACs at 512x512; step {learner.step} of {config.steps} on {device}"
    )
    if learner.step >= config.steps:
        return
    batches = Batches(config, learner.step)
    weights = torch.from_numpy(class_weights(batches.sources[config.class_weights_from][1], config.shape.classes)).to(
        device
    )
    val = load(config.val)
    log = Log(run)
    forward = torch.compile(network) if config.compile else network
    bf16 = wants_bf16(network, batches.take().to(device), weights, config)
    losses: list[float] = []
    skipped = 0
    started = time.monotonic()
    with (
        tqdm(total=config.steps, initial=learner.step, unit="step", mininterval=5) as bar,
        interrupts() as interrupted,
    ):
        while learner.step < config.steps:
            for group in optimiser.param_groups:
                group["lr"] = rate_at(learner.step, config)
            batch = batches.take().to(device)
            network.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                loss = loss_of(forward(inputs_of(batch)), batch, weights, config.aux)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            learner.step += 1
            bar.update()
            if torch.isfinite(loss) and torch.isfinite(norm):
                optimiser.step()
                ema_update(average, network, min(config.ema, (1 + learner.step) / (10 + learner.step)))
                losses.append(loss.item())
            else:
                # bfloat16 overflows now and then. One such step would spoil all weights.
                skipped += 1
            if interrupted():
                learner.save(config, checkpoint)
                raise Interrupted(f"stopped at step {learner.step} of {config.steps}; the same command goes on there")
            if learner.step % config.validate_every == 0 or learner.step == config.steps:
                confusion = validate(average, val, config.shape.classes, device)
                mean_loss = np.mean(losses) if losses else float("nan")
                log.write(
                    learner.step, f"{time.monotonic() - started:.0f}", f"{rate_at(learner.step, config):.2e}",
                    f"{mean_loss:.4f}", f"{confusion.mean_iou():.2f}", f"{confusion.accuracy():.2f}", skipped,
                )  # fmt: skip
                bar.set_postfix(loss=f"{mean_loss:.3f}", val=f"{confusion.mean_iou():.1f}", skipped=skipped)
                losses.clear()
                learner.save(config, checkpoint)
                validated(learner.step, confusion.mean_iou())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-o", "--run", required=True, type=Path, help="folder for checkpoint.pt and log.csv")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides")
    parser.add_argument("--threads", type=int, help="default: all cores")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run_command(lambda: train(read_config(arguments.config, arguments.set), arguments.run))


if __name__ == "__main__":
    main()
