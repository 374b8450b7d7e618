"""A search within a budget: limits hold, a killed one goes on, times of other boards are told from their table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pytest
import sqlalchemy.exc
import torch
import yaml
from attendseg_training.blocks import MIDDLE, SMALL, variants
from attendseg_training.budget import Budget, read_budget
from attendseg_training.design import time_left
from attendseg_training.latency import KINDS, LANES, conv_costs, costs_of, fit_table, nonnegative, onnx_file, read_board
from attendseg_training.network import AttendSeg, Block, Shape, count_macs, count_parameters
from attendseg_training.network_picture import draw_network, parts_of
from attendseg_training.search_space import CHOICES, HAND_MADE, shape_of, whole_lanes
from optuna.trial import TrialState
from orchard import CLASSES, write_orchard
from torch import nn

TRAINING = Path(__file__).resolve().parents[2] / "training"


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ({"parameters": 100, "macs": 10, "bytes": 5, "milliseconds": 1}, None),
        ({"parameters": 101}, "parameters 101 > 100"),
        ({"macs": 2e9}, "macs 2e+09 > 1e+09"),
        ({"bytes": 1001}, "bytes 1,001 > 1,000"),
        ({"milliseconds": 4.5}, "milliseconds 4.5 > 4"),
        ({"milliseconds": 3, "time_share": 0.51}, "time_share 0.51 > 0.5"),
    ],
)
def test_what_breaks_a_limit_is_named(costs: dict[str, float], said: str | None) -> None:
    budget = Budget(Path(), Path(), milliseconds=4, time_share=0.5, parameters=100, macs=1e9, bytes=1000)
    assert budget.excess(costs) == said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("parameters: 5", "has no `config`"),
        ("config: a.yaml", "sets no limit"),
        ("config: a.yaml\nparameters: -5", "parameters: -5 is not a number above 0"),
        ("config: a.yaml\nmacs: many", "macs: 'many' is no number"),
        ("config: a.yaml\nmacs: 2e9\nsampler: luck", "sampler is 'luck'"),
        ("config: a.yaml\nmacs: 2e9\nlatency: b.json", "`latency` and `blocks` go together"),
        ("config: a.yaml\nspeed: 3", "unknown keys speed"),
    ],
)
def test_a_budget_that_is_wrong_is_refused_by_its_entry(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "budget.yaml"
    file.write_text(text)
    with pytest.raises(ValueError, match=named):
        read_budget(file)


def test_powers_of_ten_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "budget.yaml"
    file.write_text("config: a.yaml\nmacs: 2e9\n")
    assert read_budget(file).macs == 2e9
    assert read_budget(file).config == tmp_path / "a.yaml"


def test_the_published_network_is_in_the_space() -> None:
    assert shape_of(HAND_MADE[0], 11) == Shape()
    for values in HAND_MADE:
        assert all(values[choice.name] in choice.values for choice in CHOICES)


def test_networks_without_condensers_or_blocks_have_an_onnx_file() -> None:
    bare = {**SMALL, **{c.name: 0 for c in CHOICES if c.name.startswith("condense")}}
    for values in (SMALL, bare, MIDDLE):
        network = AttendSeg(shape_of(values, 3))
        assert len(onnx_file(network, (64, 64))) > count_parameters(network)


def test_a_condenser_that_is_added_has_an_onnx_file() -> None:
    assert (
        len(onnx_file(AttendSeg(Shape(stem=4, widths=(4, 6, 8), depths=(1, 1, 1), attention="sum")), (64, 64))) > 1000
    )


def test_a_dead_unit_has_an_onnx_file() -> None:
    network = AttendSeg(Shape(stem=4, widths=(4, 6, 8), depths=(1, 1, 1)))
    first = next(unit for unit in network.modules() if isinstance(unit, nn.BatchNorm2d))
    with torch.no_grad():
        first.bias.fill_(-100)
    assert len(onnx_file(network, (64, 64))) > 1000


def test_a_table_finds_what_each_kind_takes() -> None:
    rng = np.random.default_rng(1)
    costs = rng.uniform(1, 100, (40, len(KINDS)))
    each, rest = rng.uniform(0.01, 0.1, len(KINDS)), 0.7
    each[3] = 0
    times = (costs @ each + rest) * rng.normal(1, 0.01, 40)
    table = fit_table("board", (64, 64), 1, costs, times)
    assert np.allclose(costs @ table.each + table.rest, costs @ each + rest, rtol=0.03)
    assert (table.each >= 0).all() and table.rest >= 0


def test_a_board_tells_how_far_predictions_are_off(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    costs = rng.uniform(1, 100, (40, len(KINDS)))
    times = costs @ rng.uniform(0.01, 0.1, len(KINDS)) + 0.7
    # What the table is not fitted to takes a quarter longer there.
    times[30:] *= 1.25
    files = [f"{number:03d}.onnx" for number in range(40)]
    blocks = [
        {"file": f, "costs": list(c), "check": i >= 30} for i, (f, c) in enumerate(zip(files, costs, strict=True))
    ]
    (tmp_path / "blocks.json").write_text(json.dumps({"size": [64, 64], "blocks": blocks}))
    measured = [{"file": f, "milliseconds": t} for f, t in zip(files, times, strict=True)]
    board = tmp_path / "board.json"
    board.write_text(json.dumps({"board": "A board", "threads": 1, "blocks": measured}))
    table = read_board(board, tmp_path)
    assert table.errors == pytest.approx(np.full(10, 0.2), abs=0.01)
    assert table.trust().endswith(" % at most, of 10 other networks there")
    board.write_text(json.dumps({"board": "A board", "threads": 1, "blocks": measured[:-1]}))
    with pytest.raises(ValueError, match=r"lacks 039\.onnx"):
        read_board(board, tmp_path)


def test_no_entry_is_negative() -> None:
    matrix = np.array([[1.0, 1.0], [1.0, 0.0]])
    assert nonnegative(matrix, np.array([1.0, 2.0])) == pytest.approx([1.5, 0])


def test_costs_grow_with_each_part() -> None:
    small = costs_of(AttendSeg(shape_of(SMALL, 3)), (64, 96))
    for name in ("depth_eighth", "width_sixteenth", "expand_eighth"):
        larger = {**SMALL, name: next(c for c in CHOICES if c.name == name).values[-1]}
        assert (costs_of(AttendSeg(shape_of(larger, 3)), (64, 96)) >= small).all()
    assert len({tuple(sorted(values.items())) for values in variants()}) == len(variants())


def test_channels_that_fill_no_register_are_costs_of_their_own() -> None:
    conv = nn.Conv2d(60, 60, 3, padding=1, groups=60)
    assert conv_costs(conv, 10) == {"depthwise": 480, "depthwise_rest": 120}
    assert conv_costs(nn.Conv2d(32, 20, 1), 10)["pointwise"] == 10 * 32 * 32


def test_blocks_of_a_search_fill_registers() -> None:
    for choice in CHOICES:
        for value in choice.values:
            shape = shape_of({**MIDDLE, choice.name: value}, 3)
            blocks = [unit.spread.conv.out_channels for unit in AttendSeg(shape).modules() if isinstance(unit, Block)]
            assert not [width for width in blocks if width % LANES]
    assert whole_lanes(40, 1.5) == 64 / 40
    assert whole_lanes(16, 0.25) == 1


def test_a_picture_of_a_network_tells_of_all_its_parts(tmp_path: Path) -> None:
    shape = shape_of({**MIDDLE, "depth_eighth": 5, "condense_sixteenth": 0, "condense_eighth": 2}, 3)
    parts = {part.name: part for part in parts_of(AttendSeg(shape), (64, 96))}
    assert [parts[name].divisor for name in ("stem", "quarter.0", "refine_eighth", "refine_quarter")] == [2, 4, 8, 4]
    assert (parts["eighth.5"].channels, parts["eighth.5"].divisor, parts["eighth.5"].condensers) == (80, 8, 1)
    assert (parts["sixteenth.1"].divisor, parts["sixteenth.1"].condensers) == (16, 0)
    # All but the global context's.
    assert sum(part.macs for part in parts.values()) == pytest.approx(count_macs(AttendSeg(shape), 64, 96), rel=0.01)
    draw_network(shape, (64, 96), tmp_path / "network.png")
    assert (tmp_path / "network.png").stat().st_size > 10_000


@pytest.fixture
def search(tmp_path: Path) -> Path:
    """A budget for a search of minutes on a small orchard."""
    data = write_orchard(tmp_path / "orchard")
    config = {
        "name": "orchard",
        "train": [{"path": str(data), "void": 255}],
        "val": {"path": str(data), "void": 255},
        "shape": {"classes": 3},
        "classes": CLASSES,
        "size": [72, 96],
        "crop": [64, 64],
        "batch": 2,
        "compile": False,
    }
    (tmp_path / "orchard.yaml").write_text(yaml.safe_dump(config))
    budget = {"config": "orchard.yaml", "parameters": 900_000, "trials": 6, "steps": 8, "sampler": "random"}
    (tmp_path / "budget.yaml").write_text(yaml.safe_dump(budget))
    return tmp_path


def call(folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "attendseg_training.design",
        str(folder / "budget.yaml"),
        "-o",
        str(folder / "search"),
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TRAINING), "PYTHONUNBUFFERED": "1"}


def trials_of(folder: Path) -> list[optuna.trial.FrozenTrial]:
    storage = f"sqlite:///{folder / 'search' / 'study.db'}"
    return optuna.load_study(study_name="design", storage=storage).get_trials()


def stopped_in_a_trial(process: subprocess.Popen[str], folder: Path) -> optuna.trial.FrozenTrial:
    """Halts a search in the middle of its third trial or a later one, whose network is chosen."""
    assert process.stdout is not None
    # Before that it makes the study, in which nobody else should look.
    printed = next(line for line in process.stdout if line.startswith("trial 2,"))
    end = time.monotonic() + 200
    while True:
        assert process.poll() is None and time.monotonic() < end, f"no trial was caught under way after {printed}"
        time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
        try:
            trials = trials_of(folder)
        except sqlalchemy.exc.OperationalError:
            trials = []  # Halted while it writes.
        if len(trials) > 2 and trials[-1].state == TrialState.RUNNING and len(trials[-1].params) == len(CHOICES):
            return trials[-1]
        process.send_signal(signal.SIGCONT)


def test_a_search_that_was_killed_goes_on(search: Path) -> None:
    process = subprocess.Popen(
        call(search), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        cut = stopped_in_a_trial(process, search)
    finally:
        process.kill()
        process.communicate()

    ended = subprocess.run(call(search), env=environment(), capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    trials = trials_of(search)
    assert trials[cut.number].state == TrialState.FAIL
    again = [trial for trial in trials[cut.number + 1 :] if trial.params == cut.params]
    assert len(again) == 1 and again[0].state != TrialState.FAIL
    counted = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert len(counted) == 6
    for trial in counted:
        if trial.user_attrs.get("refused", "").startswith("parameters"):
            assert "mean_iou" not in trial.user_attrs and "milliseconds" not in trial.user_attrs
            assert not (search / "search" / f"trial_{trial.number:04d}").exists(), "it is refused before it is trained"
        elif trial.state == TrialState.COMPLETE:
            assert trial.user_attrs["parameters"] <= 900_000 and trial.user_attrs["milliseconds"] > 0

    best = max((t for t in trials if t.state == TrialState.COMPLETE), key=lambda t: t.user_attrs["mean_iou"])
    assert f"best: trial {best.number}, {best.user_attrs['mean_iou']:.2f} mean IoU" in ended.stdout
    report = (search / "search" / "report.html").read_text()
    assert f"<td>trial {best.number}</td><td>{best.user_attrs['mean_iou']:.2f}</td>" in report
    assert (search / "search" / "front.png").stat().st_size > 1000
    chosen = yaml.safe_load((search / "search" / "chosen.yaml").read_text())
    assert chosen["shape"]["widths"][0] == best.params["width_quarter"]

    command = [*call(search), "--sampler", "hand"]
    other = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=120)
    assert other.returncode == 1
    assert "was begun with sampler random, now it is hand" in other.stderr

    (search / "budget.yaml").write_text((search / "budget.yaml").read_text().replace("900000", "800000"))
    other = subprocess.run(call(search), env=environment(), capture_output=True, text=True, timeout=120)
    assert other.returncode == 1
    assert "was begun with parameters 900000, now it is 800000" in other.stderr


def test_ctrl_c_says_how_to_go_on(search: Path) -> None:
    process = subprocess.Popen(
        call(search), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("trial 0,"):
                break
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    finally:
        process.kill()
    assert process.returncode == 130, rest
    assert "the same command goes on" in rest and "Traceback" not in rest


def test_the_time_that_is_left_is_told_from_what_is_done() -> None:
    assert time_left(seconds=0.1, done=0, trials=60) == ""
    assert time_left(seconds=600, done=20, trials=40) == ", about 20 min left"
    assert time_left(seconds=5, done=5, trials=1) == ", about 1 min left"


def test_an_onnx_file_of_the_search_is_that_of_its_shape() -> None:
    torch.manual_seed(1)
    small, large = (len(onnx_file(AttendSeg(shape_of(values, 11)), (64, 64))) for values in (SMALL, HAND_MADE[0]))
    assert small * 4 < large
