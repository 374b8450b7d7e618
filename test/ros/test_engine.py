"""The node on a board with TensorRT, which a stand-in plays: its engine is built, waited for, checked, and used."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import ROOT, Running
from diagnostic_msgs.msg import DiagnosticStatus
from node_process import NodeProcess
from pictures import noise, rgb_frame
from ros_graph import Camera, Graph

sys.path.append(str(ROOT / "test" / "engine"))

from bench import Bench

SHIPPED = ROOT / "models" / "attendseg_camvid"
S8 = SHIPPED / "attendseg_camvid_trt_s8.onnx"
FRAME = rgb_frame(noise(96, 72))
OK, WARN, ERROR = b"\0", b"\1", b"\2"

Start = Callable[..., Running]
Look = Callable[..., Camera]


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """What processes that start from now on take for their machine."""
    bench = Bench(tmp_path)
    trtexec = bench.trtexec()
    monkeypatch.setenv("ATTENDSEG_MACHINE", str(bench.root))
    monkeypatch.setenv("ATTENDSEG_ENGINE_CACHE", str(bench.cache))
    monkeypatch.setenv("PATH", str(trtexec.parent), prepend=":")
    monkeypatch.setenv("NODE_OPTIONS", f"--import={ROOT / 'test' / 'ros' / 'stand_in_tensorrt.mjs'}")
    monkeypatch.setenv("STAND_IN_NETWORK", str(S8))
    return bench


def runs_on(provider: str) -> Callable[[object, DiagnosticStatus], bool]:
    return lambda _, status: status.hardware_id == provider


def test_built_while_the_cpu_serves(board: Bench, start: Start, look: Look, graph: Graph) -> None:
    board.trtexec(seconds=6)
    node = start()
    camera = look(node, "mask")
    on_cpu = camera.segment(FRAME)["mask"]
    values, status = graph.report(node.full_name, lambda _, status: "building" in status.message, "building")
    assert status.level == WARN
    assert values["provider"] == "cpu"
    assert values["engine"].startswith("building engine for ")
    assert "timing kernels" in values["engine"] or "reading" in values["engine"] or "starting" in values["engine"]
    sent = 0
    end = time.monotonic() + 40
    while "runs on tensorrt" not in node.process.output:
        assert time.monotonic() < end, node.process.output
        camera.segment(FRAME)
        sent += 1
        graph.spin(0.05)
    assert sent > 5
    assert "runs on tensorrt (with an engine of the cache)" in node.process.output
    values, status = graph.report(node.full_name, runs_on("tensorrt"), "tensorrt")
    assert (status.level, status.message) == (OK, "segmenting")
    assert values["engine"].endswith(".onnx")
    # The same network, with other rounding.
    assert np.mean(camera.segment(FRAME)["mask"] == on_cpu) > 0.9
    assert values["dropped: failed"] == "0"
    assert node.process.stop()[0] == 0

    # The next start has it at once.
    again = start()
    assert "runs on tensorrt" in again.process.output
    assert "building" not in again.process.output
    look(again, "mask").segment(FRAME)
    assert board.builds() == 1


def test_waited_for(board: Bench, start: Start, look: Look, graph: Graph) -> None:
    board.trtexec(seconds=3)
    node = start(arguments=("-p", "serve_while_building:=false"))
    log = node.process.output
    assert log.index("building engine") < log.index("the engine is built") < log.index("runs on tensorrt")
    assert "runs on cpu" not in log
    look(node, "mask").segment(FRAME)


def test_told_while_nothing_runs(board: Bench, graph: Graph, tmp_path: Path) -> None:
    """And a signal ends the build: nothing of it is left."""
    board.trtexec(seconds=60)
    folder = tmp_path / "node"
    folder.mkdir()
    process = NodeProcess(folder, ["-r", "__ns:=/waits", "-p", "serve_while_building:=false"])
    try:
        _, status = graph.report("/waits/attendseg", lambda _, status: "building" in status.message, "building")
        assert status.level == ERROR
        assert "unconfigured" in status.message
        assert "building engine for " in status.message
    finally:
        code, seconds = process.stop(signal.SIGTERM)
    assert code == 0, process.output
    assert seconds < 5
    assert board.entries() == []
    assert [line for line in process.output.splitlines() if "[ERROR]" in line] == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("engine:=require",),
            "engine is required: there is no engine of this model for this board; run attendseg engine",
        ),
        (
            ("engine:=off", "provider:=tensorrt"),
            "provider tensorrt: there is no engine of this model for this board, and",
        ),
    ],
)
def test_refused_without_an_engine(board: Bench, tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    words = [word for argument in arguments for word in ("-p", argument)]
    process = NodeProcess(folder, ["-r", "__ns:=/refused", *words])
    assert process.wait(30) == 1
    assert why in process.output
    assert board.builds() == 0


def test_off_and_cpu_build_nothing(board: Bench, start: Start) -> None:
    off = start(arguments=("-p", "engine:=off"))
    assert "runs on cpu" in off.process.output
    assert "the parameter engine is off" in off.process.output
    cpu = start(arguments=("-p", "provider:=cpu"))
    assert "runs on cpu with" in cpu.process.output
    assert board.builds() == 0


def test_a_build_that_fails(board: Bench, start: Start, look: Look, graph: Graph) -> None:
    board.trtexec(mode="failure")
    node = start()
    graph.wait(lambda: "no engine was built" in node.process.output, "the failure", 30)
    camera = look(node, "mask")
    camera.segment(FRAME)
    values, status = graph.report(node.full_name, lambda _, status: "no engine was built" in status.message, "why")
    assert status.level == WARN
    assert values["provider"] == "cpu"
    assert values["engine"].startswith("no engine was built: ")


def test_an_engine_that_is_wrong(
    board: Bench, start: Start, look: Look, graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its classes are not the CPU's: it is not used, and by name the node does not start with it."""
    wrong = tmp_path / "wrong.onnx"
    model = onnx.load(S8)
    (labels,) = [node for node in model.graph.node if "labels" in node.output]
    inner = "labels_before"
    labels.output[list(labels.output).index("labels")] = inner
    zero = onnx.helper.make_tensor("nothing", onnx.TensorProto.UINT8, [], [0])
    model.graph.initializer.append(zero)
    model.graph.node.append(onnx.helper.make_node("Mul", [inner, "nothing"], ["labels"]))
    onnx.save(model, wrong)
    monkeypatch.setenv("STAND_IN_NETWORK", str(wrong))
    node = start()
    graph.wait(lambda: "agree on" in node.process.output, "the check", 40)
    assert "% of the pixels that the CPU is sure of, less than 99 %" in node.process.output
    look(node, "mask").segment(FRAME)
    graph.report(node.full_name, runs_on("cpu"), "the CPU")
    assert node.process.stop()[0] == 0

    folder = tmp_path / "node"
    folder.mkdir()
    process = NodeProcess(folder, ["-r", "__ns:=/wrong", "-p", "provider:=tensorrt"])
    assert process.wait(40) == 1
    assert "agree on" in process.output


def test_an_engine_that_was_changed(board: Bench, start: Start, graph: Graph) -> None:
    first = start()
    graph.wait(lambda: "runs on tensorrt" in first.process.output, "the engine", 40)
    assert first.process.stop()[0] == 0
    (entry,) = board.entries()
    (engine,) = (board.cache / entry).glob("*.engine")
    engine.write_bytes(engine.read_bytes() + b"more")
    node = start()
    assert "runs on cpu" in node.process.output
    assert "is not what was built" in node.process.output
    shutil.rmtree(board.cache)
