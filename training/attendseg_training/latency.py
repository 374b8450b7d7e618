"""How long an int8 network takes: measured here beside a reference, or predicted for a board from its blocks."""

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .condenser import Condense, ConvUnit, Expand, Gate, GlobalMean, Sum
from .export import export_logits
from .network import AttendSeg, Shape, watch
from .onnx_writer import OnnxWriter, QLinearWriter
from .quantise import Quantised
from .quantised import observe, quantised

ROUNDS = 30
"""Runs of each of the two networks, by turns."""


def onnx_file(network: AttendSeg, size: tuple[int, int], writer: OnnxWriter | None = None) -> bytes:
    """The CPU's int8 ONNX file, or another writer's, of a network as it is, its ranges those of one noisy picture.

    Good for its time, not for its masks. As the node runs it: to the logits, without the 3 KB behind them.
    """
    graph = quantised(network.eval())
    observe(graph, True)
    with torch.no_grad():
        graph(torch.randn(1, 3, *(length // 4 * 4 for length in size)))
    observe(graph, False)
    return export_logits(
        Quantised(graph, 1.0), writer or QLinearWriter(), network.shape.classes, size
    ).SerializeToString()


class Runs:
    """A file in ONNX Runtime, for its time."""

    def __init__(self, file: bytes, size: tuple[int, int], threads: int):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self.picture = {"image": np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)}

    def milliseconds(self) -> float:
        started = time.perf_counter()
        self.session.run(None, self.picture)
        return 1000 * (time.perf_counter() - started)


class Stopwatch:
    """Milliseconds of networks by turns with a reference, the published shape: a busy machine's noise cancels."""

    def __init__(self, size: tuple[int, int], threads: int, reference_ms: float | None = None):
        self.size, self.threads = size, threads
        torch.manual_seed(0)
        self.reference = Runs(onnx_file(AttendSeg(Shape()), size), size, threads)
        self.reference_ms = reference_ms or float(np.median([self.reference.milliseconds() for _ in range(ROUNDS)]))
        """What the reference is said to take: later ratios are told in it"""

    def measure(self, file: bytes) -> float:
        """The median ratio to the reference's run beside it, in the reference's milliseconds."""
        runs = Runs(file, self.size, self.threads)
        runs.milliseconds()
        ratios = [runs.milliseconds() / self.reference.milliseconds() for _ in range(ROUNDS)]
        return float(np.median(ratios)) * self.reference_ms


KINDS = (
    "dense", "pointwise", "pointwise_read", "pointwise_written", "depthwise", "depthwise_rest",
    "sum", "gate", "condense", "expand", "mean", "units",
)  # fmt: skip
"""What time goes to: thousands of multiply-accumulates of convolutions, and of values of the rest; units as such."""

LANES = 16
"""Channels that int8 kernels take at once. Of a depthwise convolution, those beyond a multiple are taken one by one."""


def conv_costs(conv: nn.Conv2d, pixels: int) -> dict[str, float]:
    """Of a convolution with so many output pixels."""
    inputs, outputs = conv.in_channels, conv.out_channels
    if conv.groups > 1:
        rest = outputs % LANES
        return {"depthwise": pixels * (outputs - rest), "depthwise_rest": pixels * rest}
    # Outputs that fill no register whole take as long as those that do.
    padded = -(-outputs // LANES) * LANES
    if conv.kernel_size != (1, 1):
        return {"dense": pixels * conv.weight[0].numel() * padded}
    return {
        "pointwise": pixels * inputs * padded,
        "pointwise_read": pixels * inputs,
        "pointwise_written": pixels * outputs,
    }


def unit_costs(unit: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> dict[str, float]:
    """Of one part of the network, in single MACs and values."""
    conv = unit.conv if isinstance(unit, ConvUnit) else unit
    if isinstance(conv, nn.Conv2d):
        return conv_costs(conv, output.shape[2] * output.shape[3])
    if isinstance(unit, Condense | GlobalMean):
        return {"condense" if isinstance(unit, Condense) else "mean": inputs[0].numel()}
    return {{Sum: "sum", Gate: "gate", Expand: "expand"}[type(unit)]: output.numel()}


def costs_of(network: AttendSeg, size: tuple[int, int]) -> np.ndarray:
    """How much of each of KINDS one picture of height x width `size` needs."""
    totals = dict.fromkeys(KINDS, 0.0)

    def add(unit: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        totals["units"] += 1
        for kind, amount in unit_costs(unit, inputs, output).items():
            totals[kind] += amount / 1000

    units = (ConvUnit, Sum, Gate, Condense, Expand, GlobalMean)
    watch(network, size, [(m, add) for m in network.modules() if isinstance(m, units) or m is network.head])
    return np.array([totals[kind] for kind in KINDS])


@dataclass(frozen=True)
class LatencyTable:
    """Milliseconds for one of each of KINDS on a board, and of a network with none of them: `rest`."""

    board: str
    size: tuple[int, int]
    threads: int
    each: np.ndarray
    rest: float
    errors: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """Of networks that were measured there and that it was not fitted to: how far it is off, as a share of the time"""

    def predict(self, network: AttendSeg) -> float:
        return float(costs_of(network, self.size) @ self.each + self.rest)

    def trust(self) -> str:
        """How good it is, in words."""
        if not len(self.errors):
            return "how far it is off was not measured"
        middle, most = 100 * np.median(self.errors), 100 * self.errors.max()
        return f"off by {middle:.1f} % in the median, {most:.1f} % at most, of {len(self.errors)} other networks there"


def fit_table(board: str, size: tuple[int, int], threads: int, costs: np.ndarray, times: np.ndarray) -> LatencyTable:
    """The table that explains measured times best, by the relative error, none of its entries negative."""
    matrix = np.hstack([costs, np.ones((len(costs), 1))]) / times[:, None]
    scale = np.maximum(matrix.max(0), 1e-12)
    solution = nonnegative(matrix / scale, np.ones(len(times))) / scale
    return LatencyTable(board, size, threads, solution[:-1], float(solution[-1]))


def nonnegative(matrix: np.ndarray, target: np.ndarray, rounds: int = 20_000) -> np.ndarray:
    """Least squares with no negative entry, by coordinate descent; columns of about one size."""
    gram, right = matrix.T @ matrix, matrix.T @ target
    solution = np.zeros(matrix.shape[1])
    for _ in range(rounds):
        before = solution.copy()
        for i in range(len(solution)):
            if gram[i, i] > 0:
                solution[i] = max(0.0, solution[i] + (right[i] - gram[i] @ solution) / gram[i, i])
        if np.abs(solution - before).max() < 1e-10:
            break
    return solution


def read_board(path: Path, blocks: Path) -> LatencyTable:
    """What `attendseg bench --blocks` wrote on a board, for the files that `blocks` wrote. Raises ValueError."""
    try:
        measured = json.loads(path.read_text())
        index = json.loads((blocks / "blocks.json").read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: not readable together with {blocks}/blocks.json ({error})") from error
    times = {entry["file"]: entry["milliseconds"] for entry in measured["blocks"]}
    missing = [entry["file"] for entry in index["blocks"] if entry["file"] not in times]
    if missing:
        raise ValueError(f"{path}: lacks {missing[0]}; measure all of {blocks} on the board again")
    costs = np.array([entry["costs"] for entry in index["blocks"]])
    taken = np.array([times[entry["file"]] for entry in index["blocks"]])
    other = np.array([entry.get("check", False) for entry in index["blocks"]])
    table = fit_table(measured["board"], tuple(index["size"]), measured["threads"], costs[~other], taken[~other])
    predicted = costs[other] @ table.each + table.rest
    return replace(table, errors=np.abs(predicted - taken[other]) / taken[other])
