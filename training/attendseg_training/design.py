"""python -m attendseg_training.design BUDGET.yaml -o search/: looks for the best network within a budget.

Each trial is a network that Optuna chose: what breaks a limit is refused before it is trained, the rest train for a
short while under one seed and schedule. Several calls on one folder share the work. Ctrl-C, and the same command goes
on.
"""

import argparse
import os
import signal
import socket
import sys
import time
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import optuna
import torch
from optuna.trial import TrialState

from .budget import SAMPLERS, Budget, read_budget
from .config import Config, read_config
from .design_report import write_report
from .latency import LatencyTable, Stopwatch, onnx_file, read_board
from .network import AttendSeg, Shape, count_macs, count_parameters
from .search_space import HAND_MADE, suggest
from .train import Interrupted, run_command, train

VALIDATIONS = 4
"""Of a trial's training, by which poor ones are cut."""


class Meter:
    """What a network costs: on this machine by the watch, or on another board by its table."""

    def __init__(self, budget: Budget, size: tuple[int, int], study: optuna.Study):
        self.size = size
        self.table: LatencyTable | None = None
        self.watch: Stopwatch | None = None
        if budget.latency is not None and budget.blocks is not None:
            self.table = read_board(budget.latency, budget.blocks)
            self.reference_ms = self.table.predict(AttendSeg(Shape()))
            print(f"times are predicted for {self.table.board}: {self.table.trust()}")
        else:
            # All calls on one study tell times in the same reference's.
            self.watch = Stopwatch(size, budget.threads, study.user_attrs.get("reference_ms"))
            self.reference_ms = self.watch.reference_ms
            study.set_user_attr("reference_ms", self.reference_ms)

    def cheap(self, network: AttendSeg) -> dict[str, float]:
        """What needs no file."""
        return {"parameters": count_parameters(network), "macs": count_macs(network, *self.size)}

    def costs(self, network: AttendSeg) -> dict[str, float]:
        file = onnx_file(network, self.size)
        taken = self.table.predict(network) if self.watch is None else self.watch.measure(file)
        return {
            **self.cheap(network),
            "bytes": len(file),
            "milliseconds": taken,
            "time_share": taken / self.reference_ms,
        }


class Search:
    """The objective of a study."""

    def __init__(self, budget: Budget, config: Config, folder: Path, meter: Meter):
        self.budget, self.config, self.folder, self.meter = budget, config, folder, meter

    def refuse(self, trial: optuna.Trial, why: str) -> None:
        trial.set_user_attr("refused", why)
        raise optuna.TrialPruned(why)

    def __call__(self, trial: optuna.Trial) -> float | tuple[float, float]:
        shape = suggest(trial, self.config.shape.classes)
        torch.manual_seed(self.config.seed)
        network = AttendSeg(shape)
        if excess := self.budget.excess(self.meter.cheap(network)):
            self.refuse(trial, excess)
        costs = self.meter.costs(network)
        for name, value in costs.items():
            trial.set_user_attr(name, value)
        if excess := self.budget.excess(costs):
            self.refuse(trial, excess)
        best = self.train(trial, shape)
        if self.budget.accuracy is not None and best < self.budget.accuracy:
            trial.set_user_attr("mean_iou", best)
            self.refuse(trial, f"accuracy {best:.2f} < {self.budget.accuracy:g}")
        return (best, costs["milliseconds"]) if self.budget.sampler == "nsga2" else best

    def train(self, trial: optuna.Trial, shape: Shape) -> float:
        """Mean IoU on val after the short training; what an earlier call left of it goes on."""
        steps = self.budget.steps
        config = replace(
            self.config, shape=shape, steps=steps, decay=steps // 2, warm_up=max(1, steps // 10),
            validate_every=max(1, steps // VALIDATIONS), compile=False, ema=min(self.config.ema, 0.97), init="",
        )  # fmt: skip
        reached = 0.0

        def validated(step: int, mean_iou: float) -> None:
            nonlocal reached
            reached = mean_iou
            trial.set_user_attr("mean_iou", mean_iou)
            if self.budget.sampler != "nsga2":
                trial.report(mean_iou, step)
                if step < steps and trial.should_prune():
                    self.refuse(trial, f"poor: {mean_iou:.2f} after {step} steps")

        train(config, self.folder / f"trial_{trial.number:04d}", validated)
        return reached


def worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def is_gone(name: str) -> bool:
    """Whether a worker of this machine does not run any more."""
    host, _, pid = name.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def is_abandoned(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether nobody works on a trial any more. One without a worker's name may have been begun this very moment."""
    if "worker" in trial.user_attrs:
        return is_gone(trial.user_attrs["worker"])
    return trial.datetime_start is not None and (datetime.now() - trial.datetime_start).total_seconds() > 60


def revive(study: optuna.Study) -> None:
    """Networks of calls that were cut are tried again."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        if is_abandoned(trial):
            study.tell(trial.number, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)


def open_study(budget: Budget, folder: Path) -> optuna.Study:
    """The study in the folder, shared by all calls. Raises ValueError where it was begun with another budget."""
    sampler = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=None, multivariate=True, constant_liar=True),
        "nsga2": lambda: optuna.samplers.NSGAIISampler(population_size=10),
        "random": lambda: optuna.samplers.RandomSampler(),
        "hand": lambda: optuna.samplers.RandomSampler(),
    }[budget.sampler]()
    storage = f"sqlite:///{folder.resolve() / 'study.db'}"
    directions = ["maximize", "minimize"] if budget.sampler == "nsga2" else ["maximize"]
    study = optuna.create_study(
        storage=storage, study_name="design", load_if_exists=True, directions=directions, sampler=sampler,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=budget.steps // VALIDATIONS),
    )  # fmt: skip
    values = {k: str(v) for k, v in vars(budget).items() if k not in ("path", "trials")}
    begun = study.user_attrs.get("budget")
    if begun is not None and begun != values:
        other = next(name for name in values if begun.get(name) != values[name])
        raise ValueError(
            f"{folder}: was begun with {other} {begun.get(other)}, now it is {values[other]}; give another folder"
        )
    if begun is None and budget.sampler == "hand":
        for choices in HAND_MADE:
            study.enqueue_trial(choices)
    study.set_user_attr("budget", values)
    return study


def finished(study: optuna.Study) -> int:
    """Trials that count: trained to the end, or cut or refused for a reason."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def time_left(seconds: float, done: int, trials: int) -> str:
    """In words, from what this call has done so far; other calls on the same folder count as its help."""
    return f", about {max(1, round(seconds / done * trials / 60))} min left" if done else ""


def design(budget: Budget, folder: Path, others: tuple[Path, ...] = ()) -> None:
    """Raises ValueError, and Interrupted."""
    folder.mkdir(parents=True, exist_ok=True)
    config = read_config(budget.config)
    study = open_study(budget, folder)
    revive(study)
    search = Search(budget, config, folder, Meter(budget, tuple(config.size), study))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begun, before = time.monotonic(), finished(study)
    trials = min(budget.trials, len(HAND_MADE)) if budget.sampler == "hand" else budget.trials
    while (number := finished(study)) < trials:
        trial = study.ask()
        trial.set_user_attr("worker", worker())
        try:
            left = time_left(time.monotonic() - begun, number - before, trials - number)
            print(f"trial {trial.number}, {number} of {trials} are done{left}")
            study.tell(trial, search(trial))
        except optuna.TrialPruned as reason:
            print(f"trial {trial.number}: {reason}")
            study.tell(trial, state=TrialState.PRUNED)
        except (Interrupted, KeyboardInterrupt):
            trial.set_user_attr("refused", "stopped; tried again")
            study.tell(trial, state=TrialState.FAIL)
            study.enqueue_trial(trial.params)
            raise Interrupted(f"stopped with {number} of {trials} trials; the same command goes on") from None
        except Exception as error:  # A network that cannot be built or trained is a result too.
            trial.set_user_attr("refused", f"{type(error).__name__}: {error}")
            study.tell(trial, state=TrialState.FAIL)
            print(f"trial {trial.number} failed: {error}", file=sys.stderr)
            if len(study.get_trials(states=(TrialState.FAIL,))) > trials:
                raise ValueError(f"{folder}: most trials fail, the last by {error}") from error
    print(write_report(study, budget, config, folder, others))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("budget", type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path, help="folder of the search, shared by all its calls")
    parser.add_argument(
        "--against", action="append", default=[], type=Path, metavar="FOLDER", help="a search to compare with"
    )
    parser.add_argument("--sampler", choices=SAMPLERS, help="instead of the budget's, for a search to compare with")
    parser.add_argument("--threads", type=int, help="of training (default: all cores)")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # That its interface may change, but it is pinned; and that it tells what low values come of, which is made use of.
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    warnings.filterwarnings("ignore", message="PedAnovaImportanceEvaluator computes")

    def run() -> None:
        budget = read_budget(arguments.budget)
        if arguments.sampler:
            budget = replace(budget, sampler=arguments.sampler)
        design(budget, arguments.out, tuple(arguments.against))

    run_command(run)


if __name__ == "__main__":
    main()
