"""What a search found: report.html and its pictures, and the configuration that trains the chosen network fully."""

import html
import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import optuna
import yaml
from optuna.trial import FrozenTrial, TrialState

from .budget import Budget
from .config import Config
from .network_picture import draw_network
from .search_space import CHOICES, shape_of

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:left}"
    "img{max-width:100%}pre{background:#f4f4f4;padding:.8em;overflow:auto}"
)


def trained(study: optuna.Study, reference_ms: float | None = None) -> list[FrozenTrial]:
    """Networks within the budget that were trained to the end.

    `reference_ms`: what the published network is said to take. Each search measured it by itself, on a machine that was
    more or less busy.
    """
    trials = study.get_trials(states=(TrialState.COMPLETE,))
    if reference_ms is not None:
        for trial in trials:
            trial.user_attrs["milliseconds"] = trial.user_attrs["time_share"] * reference_ms
    return trials


def front(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Those that no other beats in both mean IoU and milliseconds, the quickest first."""
    found: list[FrozenTrial] = []
    for trial in sorted(trials, key=lambda t: (t.user_attrs["milliseconds"], -t.user_attrs["mean_iou"])):
        if not found or trial.user_attrs["mean_iou"] > found[-1].user_attrs["mean_iou"]:
            found.append(trial)
    return found


def best_so_far(trials: list[FrozenTrial]) -> list[float]:
    """After each trial that counts, in the order in which they were begun."""
    best, curve = float("nan"), []
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            best = np.fmax(best, trial.user_attrs["mean_iou"])
        curve.append(float(best))
    return curve


def counted(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))


def plot_front(studies: dict[str, optuna.Study], reference_ms: float | None, path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharey=True)
    for name, study in studies.items():
        trials = trained(study, reference_ms)
        for axis, key, unit in ((left, "milliseconds", 1), (right, "bytes", 1000)):
            points = axis.scatter(
                [t.user_attrs[key] / unit for t in trials], [t.user_attrs["mean_iou"] for t in trials], s=18, label=name
            )
            if key == "milliseconds":
                edge = front(trials)
                axis.step(
                    [t.user_attrs[key] for t in edge], [t.user_attrs["mean_iou"] for t in edge], where="post",
                    color=points.get_facecolor()[0], alpha=0.6,
                )  # fmt: skip
    left.set_xlabel("milliseconds a picture, int8")
    right.set_xlabel("kilobytes of the file")
    left.set_ylabel("mean IoU after the short training [%]")
    left.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def plot_progress(studies: dict[str, optuna.Study], path: Path) -> None:
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, study in studies.items():
        curve = best_so_far(counted(study))
        axis.step(range(1, len(curve) + 1), curve, where="post", label=name)
    axis.set_xlabel("trials, refused and cut ones included")
    axis.set_ylabel("best mean IoU so far [%]")
    axis.legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def importances(study: optuna.Study) -> dict[str, float]:
    """How much each choice explains of the mean IoU; empty where too few networks were trained."""
    if len(trained(study)) < 8:
        return {}
    return optuna.importance.get_param_importances(
        study,
        evaluator=optuna.importance.PedAnovaImportanceEvaluator(),
        # It tells what low values come of.
        target=lambda trial: -trial.user_attrs["mean_iou"],
    )


def reasons(study: optuna.Study) -> dict[str, int]:
    """Why networks were refused, cut or failed, and how many."""
    counts: dict[str, int] = {}
    for trial in study.get_trials(states=(TrialState.PRUNED, TrialState.FAIL)):
        first = str(trial.user_attrs.get("refused", "cut")).split(" ")[0].rstrip(":,;")
        counts[first] = counts.get(first, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def write_config(trial: FrozenTrial, config: Config, base: Path, out: Path) -> None:
    """A configuration that trains the chosen network fully."""
    shape = vars(shape_of(trial.params, config.shape.classes))
    values = {
        "base": os.path.relpath(base.resolve(), out.resolve().parent),
        "shape": {name: list(value) if isinstance(value, tuple) else value for name, value in shape.items()},
    }
    out.write_text(yaml.safe_dump(values, sort_keys=False, default_flow_style=None))


def table(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = ["<table><tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in body]
    return "\n".join([*lines, "</table>"])


def numbers(trial: FrozenTrial) -> list[str]:
    values = trial.user_attrs
    return [
        f"{values['mean_iou']:.2f}", f"{values['milliseconds']:.2f}", f"{values['parameters']:,}",
        f"{values['macs'] / 1e9:.3f}", f"{values['bytes'] / 1000:,.0f}",
    ]  # fmt: skip


def write_report(
    study: optuna.Study, budget: Budget, config: Config, folder: Path, others: tuple[Path, ...] = ()
) -> str:
    """Writes report.html with its pictures, and chosen.yaml; a line for the terminal.

    `others`: folders of searches with other samplers on the same budget, to compare with.
    """
    studies = {budget.sampler: study}
    for other in others:
        loaded = optuna.load_study(study_name="design", storage=f"sqlite:///{(other / 'study.db').resolve()}")
        studies[other.name] = loaded
    trials = trained(study)
    if not trials:
        return f"no network within {budget.path} was trained: {reasons(study)}; allow more, or more trials"
    best = max(trials, key=lambda trial: trial.user_attrs["mean_iou"])
    write_config(best, config, budget.config, folder / "chosen.yaml")
    reference_ms = study.user_attrs.get("reference_ms")
    plot_front(studies, reference_ms, folder / "front.png")
    plot_progress(studies, folder / "progress.png")
    draw_network(shape_of(best.params, config.shape.classes), tuple(config.size), folder / "network.png")
    command = f"python -m attendseg_training.train {folder / 'chosen.yaml'} -o runs/{folder.name}_chosen"
    heads = ["mean IoU [%]", "milliseconds", "parameters", "GMACs", "kilobytes"]
    compared = [["search", "trials", *heads]]
    for name, each in studies.items():
        if found := trained(each, reference_ms):
            top = max(found, key=lambda trial: trial.user_attrs["mean_iou"])
            compared.append([name, str(len(counted(each))), *numbers(top)])
    parts = [
        f"<!doctype html><meta charset=utf-8><title>Search {html.escape(folder.name)}</title><style>{STYLE}</style>",
        f"<h1>Search for a network: {html.escape(folder.name)}</h1>",
        f"<p>{len(counted(study))} trials, {len(trials)} of them trained to {budget.steps} steps. Mean IoU is that of "
        "the short training, good for comparing only.</p>",
        "<h2>Accuracy against latency and size</h2><img src=front.png>",
        "<h2>The best of each search</h2>",
        table(compared),
        "<img src=progress.png>",
        "<h2>The chosen network</h2>",
        table([["", *heads], [f"trial {best.number}", *numbers(best)]]),
        "<img src=network.png>",
        table([["choice", "value"], *([c.name, str(best.params[c.name])] for c in CHOICES)]),
        "<p>It is trained fully by</p>",
        f"<pre>{html.escape(command)}</pre>",
        "<h2>On the front</h2>",
        table([["", *heads], *([f"trial {t.number}", *numbers(t)] for t in front(trials))]),
    ]
    if weights := importances(study):
        rows = [["choice", "share"], *([name, f"{100 * share:.0f} %"] for name, share in list(weights.items())[:10])]
        parts += ["<h2>What matters</h2>", table(rows)]
    if why := reasons(study):
        parts += [
            "<h2>What was refused, cut or failed</h2>",
            table([["by", "trials"], *([n, str(c)] for n, c in why.items())]),
        ]
    (folder / "report.html").write_text("\n".join(parts) + "\n")
    figures = ", ".join(f"{value} {head}" for value, head in zip(numbers(best), heads, strict=True))
    return f"best: trial {best.number}, {figures}\nreport: {folder / 'report.html'}\ntrain it fully: {command}"
