"""Tests through the ROS graph: the built node is one process, rclpy in this one publishes to it and listens to it."""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

assert "AMENT_PREFIX_PATH" in os.environ, "no ROS 2 is sourced: use `npm test`, or source scripts/env.sh first"
assert (ROOT / "dist" / "main.js").exists(), "the program is not built: use `npm test`, or npm run build first"
# Before rclpy: what it and the nodes inherit. The profile is what launch gives them; large images get lost without.
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_LOG_DIR", str(Path(tempfile.gettempdir()) / "attendseg-test-log"))
FASTDDS = "FASTRTPS" if os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy") else "FASTDDS"
os.environ[f"{FASTDDS}_DEFAULT_PROFILES_FILE"] = str(ROOT / "config" / "fastdds.xml")

from managed import Manage, Managed  # noqa: E402
from networks import cube_network  # noqa: E402
from node_process import NodeProcess  # noqa: E402
from ros_graph import Camera, Graph  # noqa: E402

# The cube network's input.
WIDTH, HEIGHT = 64, 48


@dataclass(frozen=True)
class Running:
    """A node that listens, in a namespace of its own."""

    process: NodeProcess
    namespace: str
    name: str
    image: str

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}"


Starter = Callable[..., Running]


@pytest.fixture(scope="session")
def graph() -> Iterator[Graph]:
    graph = Graph()
    yield graph
    graph.close()


numbers = itertools.count(1)


def starter(graph: Graph, folder: Path, processes: list[NodeProcess]) -> Starter:
    def start(
        model: Path | None = None,
        *,
        arguments: tuple[str, ...] = (),
        namespace: str | None = None,
        name: str = "attendseg",
        image: str | None = None,
    ) -> Running:
        """Starts a node and waits until it is discovered. Without a model it has the shipped one."""
        number = next(numbers)
        namespace = f"/test{number}" if namespace is None else namespace
        image = image or f"{namespace}/image"
        place = folder / f"node{number}"
        place.mkdir()
        words = list(arguments)
        if namespace:
            words += ["-r", f"__ns:={namespace}"]
        if name != "attendseg":
            words += ["-r", f"__node:={name}"]
        if image != f"{namespace}/image":
            words += ["-r", f"image:={image}"]
        if model:
            words += ["-p", f"model:={model}"]
        process = NodeProcess(place, words)
        processes.append(process)
        others = graph.node.count_subscribers(image)
        graph.wait(
            lambda: graph.node.count_subscribers(image) > others or not process.running, f"a node on {image}", 120
        )
        assert process.running, f"the node ended:\n{process.output}"
        return Running(process, namespace, name, image)

    return start


@pytest.fixture
def start(graph: Graph, tmp_path: Path) -> Iterator[Starter]:
    """Starts nodes that end with the test."""
    processes: list[NodeProcess] = []
    yield starter(graph, tmp_path, processes)
    for process in processes:
        process.stop()


@pytest.fixture(scope="session")
def start_shared(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts nodes that serve many tests: a start takes seconds."""
    processes: list[NodeProcess] = []
    yield starter(graph, tmp_path_factory.mktemp("shared"), processes)
    for process in processes:
        process.stop()


@pytest.fixture(scope="session")
def cube_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cube_network(tmp_path_factory.mktemp("models") / "cube", WIDTH, HEIGHT)


@pytest.fixture(scope="session")
def cube(start_shared: Starter, cube_model: Path) -> Running:
    """A node with the cube network of 64x48."""
    return start_shared(cube_model)


@pytest.fixture(scope="session")
def shipped(start_shared: Starter) -> Running:
    """A node with the shipped model."""
    return start_shared()


@pytest.fixture
def look(graph: Graph) -> Iterator[Callable[..., Camera]]:
    """Connects a camera and subscribers to a running node until the test ends."""
    cameras: list[Camera] = []

    def look(node: Running, *kinds: str, connect: bool = True, **options: object) -> Camera:
        camera = Camera(graph, node.image, node.namespace, kinds, **options)
        cameras.append(camera)
        return camera.connect() if connect else camera

    yield look
    for camera in cameras:
        camera.close()


@pytest.fixture
def manage(graph: Graph, tmp_path: Path, cube_model: Path) -> Iterator[Manage]:
    nodes: list[Managed] = []

    def manage(model: Path = cube_model, *arguments: str) -> Managed:
        number = len(nodes)
        namespace = f"/managed{os.getpid()}_{time.monotonic_ns() % 10**9}"
        folder = tmp_path / f"managed{number}"
        folder.mkdir()
        words = ["-r", f"__ns:={namespace}", "-p", f"model:={model}", "-p", "autostart:=false", *arguments]
        process = NodeProcess(folder, words)
        managed = Managed(graph, Running(process, namespace, "attendseg", f"{namespace}/image"))
        nodes.append(managed)
        return managed

    yield manage
    for managed in nodes:
        managed.close()
        managed.node.process.stop()
