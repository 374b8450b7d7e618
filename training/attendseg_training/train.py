"""python -m attendseg_training.train CONFIG -o RUN: trains, and resumes where an earlier call stopped."""

import argparse
import copy
import csv
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from .augment import crop, light
from .config import Config, read_config
from .data import IGNORED, Sample, class_weights, draw, load
from .network import AttendSeg, count_macs, count_parameters, enlarge, normalise
from .scoring import Confusion


def rate_at(step: int, config: Config) -> float:
    """Warm-up, plateau, then a linear fall: a pure function of the step, so that a run can be resumed or cut."""
    return config.rate * min(1.0, (step + 1) / config.warm_up, max(0.0, (config.steps - step) / config.decay))


class Batches:
    """Prepares the next batch in a thread while the network trains; without torch, which would fight for the cores."""

    def __init__(self, config: Config, start: int):
        self.config = config
        self.sources = [(source, load(source)) for source in config.train]
        self.rng = np.random.default_rng((config.seed, start))
        self.samples = draw(self.sources, self.rng)
        self.pool = ThreadPoolExecutor(1)
        self.next = self.pool.submit(self.prepare)

    def prepare(self) -> tuple[Tensor, Tensor]:
        crops = [
            crop(next(self.samples), self.config.crop, self.config.scales, self.rng) for _ in range(self.config.batch)
        ]
        pictures = np.stack([light(c.picture, self.rng, self.config.light) for c in crops])
        return torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.from_numpy(np.stack([c.label for c in crops]))

    def take(self) -> tuple[Tensor, Tensor]:
        """Nx3xHxW uint8 and NxHxW uint8."""
        batch = self.next.result()
        self.next = self.pool.submit(self.prepare)
        return batch


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


def loss_of(outputs: tuple[Tensor, ...], labels: Tensor, weights: Tensor, aux: float) -> Tensor:
    """Weighted cross entropy of the head at half size and, by the factor `aux`, of the auxiliary heads as they are.

    At full size the loss would take longer than the network.
    """

    def entropy(logits: Tensor) -> Tensor:
        step = labels.shape[1] // logits.shape[2]
        truth = labels[:, step // 2 :: step, step // 2 :: step].long()
        return functional.cross_entropy(logits, truth, weights, ignore_index=IGNORED)

    head, *rest = (logits.float() for logits in outputs)
    height, width = labels.shape[1:]
    return entropy(enlarge(head, (height // 2, width // 2))) + aux * sum(entropy(logits) for logits in rest)


def step_seconds(
    network: nn.Module, pictures: Tensor, labels: Tensor, weights: Tensor, config: Config, bf16: bool
) -> float:
    """Seconds of a training step without the optimiser's: the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        with torch.autocast(pictures.device.type, torch.bfloat16, enabled=bf16):
            inputs = normalise(pictures).contiguous(memory_format=torch.channels_last)
            loss = loss_of(network(inputs), labels, weights, config.aux)
        loss.backward()
        best = min(best, time.perf_counter() - started)
    network.zero_grad(set_to_none=True)
    return best


def wants_bf16(network: nn.Module, pictures: Tensor, labels: Tensor, weights: Tensor, config: Config) -> bool:
    """Is bfloat16 faster here? CPUs that lack it emulate it, ten times slower; some that have it gain nothing."""
    if pictures.device.type == "cuda":
        return True
    flags = Path("/proc/cpuinfo").read_text()
    if "avx512_bf16" not in flags and "amx_bf16" not in flags:
        return False
    # Batch norms learn from every picture they see.
    trial = copy.deepcopy(network).train()
    single, half = (step_seconds(trial, pictures, labels, weights, config, bf16) for bf16 in (False, True))
    print(f"a step takes {single:.2f} s in float32, {half:.2f} s in bfloat16")
    return half < single


def ema_update(average: nn.Module, network: nn.Module, factor: float) -> None:
    with torch.no_grad():
        for old, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if old.dtype.is_floating_point:
                old.lerp_(new, 1 - factor)
            else:
                old.copy_(new)


def save(state: dict, path: Path) -> None:
    """Whole or not at all: a killed run leaves the earlier checkpoint."""
    torch.save(state, path.with_suffix(".tmp"))
    path.with_suffix(".tmp").replace(path)


def train(config: Config, run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = AttendSeg(config.shape).to(device, memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    for parameter in average.parameters():
        parameter.requires_grad_(False)
    optimiser = torch.optim.AdamW(network.parameters(), config.rate, weight_decay=config.weight_decay)
    step = 0
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    print(
        f"{config.name}: {count_parameters(network):,} parameters, "
        f"{count_macs(network, 512, 512) / 1e9:.2f} GMACs at 512x512; step {step} of {config.steps} on {device}"
    )
    batches = Batches(config, step)
    weights = torch.from_numpy(class_weights(batches.sources[config.class_weights_from][1], config.shape.classes)).to(
        device
    )
    val = load(config.val)
    log = (run / "log.csv").open("a", newline="")
    rows = csv.writer(log)
    if log.tell() == 0:
        rows.writerow(["step", "seconds", "rate", "loss", "val_mean_iou", "val_accuracy", "skipped"])
    forward = torch.compile(network) if config.compile else network
    bf16 = wants_bf16(network, *(t.to(device) for t in batches.take()), weights, config)
    losses: list[float] = []
    skipped = 0
    started = time.monotonic()
    with tqdm(total=config.steps, initial=step, unit="step", mininterval=5) as bar:
        while step < config.steps:
            for group in optimiser.param_groups:
                group["lr"] = rate_at(step, config)
            pictures, labels = (t.to(device, non_blocking=True) for t in batches.take())
            network.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                outputs = forward(normalise(pictures).contiguous(memory_format=torch.channels_last))
                loss = loss_of(outputs, labels, weights, config.aux)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            step += 1
            bar.update()
            if torch.isfinite(loss) and torch.isfinite(norm):
                optimiser.step()
                ema_update(average, network, min(config.ema, (1 + step) / (10 + step)))
                losses.append(loss.item())
            else:
                # bfloat16 overflows now and then. One such step would spoil all weights.
                skipped += 1
            if step % config.validate_every == 0 or step == config.steps:
                confusion = validate(average, val, config.shape.classes, device)
                seconds = time.monotonic() - started
                mean_loss = np.mean(losses) if losses else float("nan")
                rows.writerow([
                    step, f"{seconds:.0f}", f"{rate_at(step, config):.2e}", f"{mean_loss:.4f}",
                    f"{confusion.mean_iou():.2f}", f"{confusion.accuracy():.2f}", skipped,
                ])  # fmt: skip
                log.flush()
                bar.set_postfix(loss=f"{mean_loss:.3f}", val=f"{confusion.mean_iou():.1f}", skipped=skipped)
                losses.clear()
                save(
                    {
                        "network": network.state_dict(),
                        "average": average.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "step": step,
                        "classes": list(config.classes),
                    },
                    checkpoint,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config")
    parser.add_argument("-o", "--run", required=True, type=Path, help="folder for checkpoint.pt and log.csv")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="overrides")
    parser.add_argument("--threads", type=int, help="default: all cores")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    train(read_config(arguments.config, arguments.set), arguments.run)


if __name__ == "__main__":
    main()
