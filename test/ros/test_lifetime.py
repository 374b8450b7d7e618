"""Starting and ending: signals, names, namespaces, remapping, several nodes at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import HEIGHT, WIDTH, Running
from networks import cube_labels
from node_process import ROOT, NodeProcess
from pictures import noise, rgb_frame
from ros_graph import Camera, Graph

PICTURE = noise(WIDTH, HEIGHT)
FRAME = rgb_frame(PICTURE)

# Promised is a second, on a machine that has one to spare.
END_WITHIN = 2.0


@pytest.mark.parametrize("flowing", [False, True], ids=["idle", "flowing"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signals_end_it(
    start: Callable[..., Running],
    look: Callable[..., Camera],
    graph: Graph,
    cube_model: Path,
    record_property: Callable[[str, object], None],
    how: signal.Signals,
    flowing: bool,
) -> None:
    # The shipped network, so that a frame is under way when the signal comes.
    node = start(None if flowing else cube_model)
    stopped = threading.Event()
    if flowing:
        camera = look(node, "mask")
        frame = rgb_frame(noise(480, 360))

        def flow() -> None:
            while not stopped.wait(0.02):
                camera.send(frame)

        thread = threading.Thread(target=flow)
        thread.start()
    try:
        if flowing:
            graph.spin(0.5)
        code, seconds = node.process.stop(how)
    finally:
        stopped.set()
        if flowing:
            thread.join()
    record_property("seconds", round(seconds, 2))
    print(f"ended {seconds:.2f} s after {how.name}")
    assert code == 0, node.process.output
    assert "frames received" in node.process.output.splitlines()[-1]
    assert seconds < END_WITHIN


# A semaphore as boost makes one for a named mutex, taken; then it waits to be killed.
TAKE = """
import ctypes, os, sys, time
sem_open = ctypes.CDLL(None).sem_open
sem_open.restype = ctypes.c_void_p
if sem_open(sys.argv[1].encode(), os.O_CREAT, 0o600, 0):
    print("taken", flush=True)
    time.sleep(60)
"""


def test_mutexes_of_dead_processes_are_freed(start: Callable[..., Running], cube_model: Path) -> None:
    """Fast DDS would wait two seconds for each that it needs. The numbers of these ports it does not use itself."""
    names = [f"fastrtps_port{900_000_000 + 10 * os.getpid() + number}_mutex" for number in range(2)]
    dead, held = (Path("/dev/shm", f"sem.{name}") for name in names)
    owners = []
    try:
        for name in names:
            owners.append(subprocess.Popen([sys.executable, "-c", TAKE, f"/{name}"], stdout=subprocess.PIPE))
            assert owners[-1].stdout.readline() == b"taken\n"
        owners[0].kill()
        owners[0].wait()
        assert dead.exists()
        start(cube_model)
        assert not dead.exists()
        assert held.exists()
    finally:
        for owner in owners:
            owner.kill()
            owner.communicate()
        for path in (dead, held):
            path.unlink(missing_ok=True)


def test_a_node_that_nobody_can_reach_ends(graph: Graph, cube_model: Path, tmp_path: Path) -> None:
    """Its port in shared memory is replaced by another file, as Fast DDS does it now and then after a crash."""
    # Alone in a domain: others that had the port open would be lost for the next node that takes it.
    free = subprocess.run([sys.executable, ROOT / "scripts" / "free_domain.py"], capture_output=True, text=True)
    node = NodeProcess(tmp_path, ["-p", f"model:={cube_model}"], ROS_DOMAIN_ID=free.stdout.strip())
    try:
        graph.wait(lambda: "waiting for images" in node.output or not node.running, "the start")
        ports = [memory for memory in node.shared_memory() if "_port" in memory.name]
        if not ports:
            pytest.skip("this middleware has no ports in shared memory")
        ports[0].unlink()
        assert node.wait(20) == 1
    finally:
        node.stop()
    last = node.errors.splitlines()[-1]
    assert last.startswith(f"attendseg: {ports[0]}: another process has replaced this port"), node.output
    assert last.endswith("start it again, as launch does")


def test_two_nodes_side_by_side(
    start: Callable[..., Running], look: Callable[..., Camera], cube: Running, cube_model: Path
) -> None:
    """One camera, two nodes: each publishes in its own namespace, with its own parameters."""
    second = start(cube_model, name="second", image=cube.image, arguments=("-p", "mask_size:=32x24"))
    cameras = [look(cube, "mask"), look(second, "mask")]
    stamp = cameras[0].send(FRAME)
    masks = [camera.receive(stamp)["mask"] for camera in cameras]
    assert [(m.width, m.height) for m in masks] == [(WIDTH, HEIGHT), (32, 24)]
    assert bytes(masks[0].data) == cube_labels(PICTURE).tobytes()


def test_namespace_name_and_remapping(
    start: Callable[..., Running], look: Callable[..., Camera], graph: Graph, cube_model: Path
) -> None:
    arguments = ("-r", "segmentation/mask:=/elsewhere/mask")
    node = start(cube_model, namespace="/robot/front", name="eyes", image="/cam/image_raw", arguments=arguments)
    # Names travel apart from topics, a little later.
    graph.wait(lambda: ("eyes", "/robot/front") in graph.node.get_node_names_and_namespaces(), "the node's name")
    topics = dict(graph.node.get_topic_names_and_types())
    assert {"/cam/image_raw", "/elsewhere/mask", "/robot/front/segmentation/overlay"} <= set(topics)
    assert "/robot/front/segmentation/mask" not in topics
    overlay = look(node, "overlay").segment(FRAME)["overlay"]
    assert overlay.shape == (HEIGHT, WIDTH, 3)
    _, status = graph.report(node.full_name, lambda values, _: values["masks"] != "0", "masks")
    assert status.name == "robot/front/eyes: /cam/image_raw"


def test_no_namespace(start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path) -> None:
    node = start(cube_model, namespace="", name="bare", image="/bare_camera/image_raw")
    assert np.array_equal(look(node, "mask").segment(FRAME)["mask"], cube_labels(PICTURE))


# Runs before the program: writes a file when the program begins to catch SIGTERM. Node itself, which has not begun to
# run the program until then, ends by the signal.
CATCHES = """data:text/javascript,
import { writeFileSync } from 'node:fs';
process.on('newListener', (name) => { if (name === 'SIGTERM') writeFileSync(process.env.CATCHES_SIGNALS, ''); });
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_at_any_moment_of_the_start_ends_it_in_silence(tmp_path: Path, how: signal.Signals) -> None:
    """Sixty moments 2 ms apart, from the first at which the program runs, and later ones; every other comes twice."""
    moments = [0.002 * i for i in range(60)] + [0.15 + 0.05 * i for i in range(10)]
    for i, moment in enumerate(moments):
        catches = tmp_path / f"catches_{i}"
        options = "--import=" + urllib.parse.quote(CATCHES, safe=":/,;")
        process = NodeProcess(tmp_path, ["-r", "__ns:=/early"], NODE_OPTIONS=options, CATCHES_SIGNALS=str(catches))
        deadline = time.monotonic() + 20
        while not catches.exists():
            assert time.monotonic() < deadline and process.running, f"it never catches signals: {process.output}"
        time.sleep(moment)
        if i % 2:
            process.send(how)
        code, _ = process.stop(how)
        log = [line for line in process.output.splitlines() if "[INFO]" not in line]
        assert (code, log) == (0, []), f"after {moment:.3f} s: {process.output}"


@pytest.mark.parametrize(
    "remap",
    ["segmentation/mask:=no//name", "segmentation/mask:=/diagnostics"],
    ids=["a name that is none", "a topic of another type"],
)
def test_a_start_that_fails_half_way_ends(tmp_path: Path, cube_model: Path, remap: str) -> None:
    """The model is loaded by then, and its threads must not keep the process alive."""
    process = NodeProcess(tmp_path, ["-p", f"model:={cube_model}", "-r", "__ns:=/half", "-r", remap])
    try:
        code = process.wait(20)
    finally:
        process.stop()
    assert code == 1, process.output
    assert [line for line in process.errors.splitlines() if line.startswith("attendseg: ")], process.output
