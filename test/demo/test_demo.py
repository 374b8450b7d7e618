"""`npm run demo` after its set-up: what it shows, what it leaves alone in its folder, and how Ctrl-C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "test" / "ros"))

from networks import cube_network  # noqa: E402

assert "AMENT_PREFIX_PATH" in os.environ, "no ROS 2 is sourced: use `npm test`, or source scripts/env.sh first"

FASTDDS = "FASTRTPS" if os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy") else "FASTDDS"

WIDTH, HEIGHT = 64, 48

# Promised are two seconds, on a machine that has them to spare.
END_WITHIN = 2.0


class Demo:
    """The demo and its processes, in a session of their own as under a terminal."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self._log = folder / "log"
        environment = {
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            f"{FASTDDS}_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "fastdds.xml"),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["node", ROOT / "demo" / "dist" / "main.js", *map(str, arguments)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment | os.environ,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def tree(self) -> list[int]:
        """The processes of its session that live."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == self._process.pid and state != "Z":
                found.append(int(stat.parent.name))
        return found

    def wait(self, seconds: float = 120) -> int:
        """The exit code as a shell has it."""
        code = self._process.wait(seconds)
        return code if code >= 0 else 128 - code

    def wait_until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert self.running, f"it ended before {what}:\n{self.output}"
            assert time.monotonic() < end, f"waited for {what}:\n{self.output}"
            time.sleep(0.01)

    def signal(self, everyone: bool) -> None:
        """As a terminal does for Ctrl-C, or to the demo alone."""
        (os.killpg if everyone else os.kill)(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        for process in self.tree:
            os.kill(process, signal.SIGKILL)
        self._process.wait()


Starter = Callable[..., Demo]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    demos: list[Demo] = []

    def start(*arguments: object) -> Demo:
        folder = tmp_path / f"demo{len(demos)}"
        folder.mkdir()
        demos.append(Demo(folder, *arguments))
        return demos[-1]

    yield start
    for demo in demos:
        demo.kill()


@pytest.fixture(scope="module")
def cube(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cube_network(tmp_path_factory.mktemp("models") / "cube", WIDTH, HEIGHT)


def grey_pictures(folder: Path, count: int) -> Path:
    """Each of another grey."""
    folder.mkdir()
    for i in range(count):
        Image.new("RGB", (WIDTH, HEIGHT), (10 + 9 * i,) * 3).save(folder / f"{i:02}.png")
    return folder


def colours(path: Path) -> set[tuple[int, ...]]:
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    return set(map(tuple, np.unique(pixels, axis=0).tolist()))


def test_every_picture_of_a_folder_of_24_is_shown(start: Starter, cube: Path, tmp_path: Path) -> None:
    """However fast they would come: the pictures of a folder are no drive, none is superseded."""
    images = grey_pictures(tmp_path / "images", 24)
    out = tmp_path / "out"
    demo = start("--images", images, "--model", cube, "--out", out, "--rate", "200")
    assert demo.wait() == 0, demo.output
    shown = [colours(path) for path in sorted(out.glob("overlay_*.png"))]
    assert len(shown) == 24, demo.output
    assert all(len(overlay) == 1 for overlay in shown), "one grey, one class: one colour"
    assert len(set.union(*shown)) == 24
    assert set.union(*shown) <= colours(out / "contact_sheet.png")


@pytest.mark.parametrize("bag", ["street.mcap", "street_jpeg.mcap", "street_sqlite"])
def test_the_pictures_of_a_bag(start: Starter, cube: Path, tmp_path: Path, bag: str) -> None:
    make = ["node", ROOT / "demo/dist/main.js", "sample-bag", "--out", tmp_path / "bags", "--frames", "4"]
    subprocess.run([*map(str, make), "--size", f"{WIDTH}x{HEIGHT}"], check=True, capture_output=True, timeout=60)
    out = tmp_path / "out"
    demo = start("--bag", tmp_path / "bags" / bag, "--model", cube, "--out", out, "--rate", "50")
    assert demo.wait() == 0, demo.output
    assert len(list(out.glob("overlay_*.png"))) == 4, demo.output
    assert f"camera  {tmp_path}/bags/{bag}" in demo.output


def test_out_keeps_files_that_are_not_the_demos(start: Starter, cube: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "thesis").mkdir(parents=True)
    strangers = [out / "notes.txt", out / "thesis" / "overlay_000.png", out / "overlay_mine.png"]
    for path in strangers:
        path.write_text("mine")
    for count in (3, 2):
        images = grey_pictures(tmp_path / f"images{count}", count)
        demo = start("--images", images, "--model", cube, "--out", out)
        assert demo.wait() == 0, demo.output
        assert [path.read_text() for path in strangers] == ["mine"] * 3
        overlays = {path.name for path in out.glob("overlay_0*.png")}
        assert overlays == {f"overlay_{i:03}.png" for i in range(count)}, "none is left of an earlier demo"


@pytest.mark.parametrize("name", ["summary.json", "overlay_007.png"])
def test_a_file_of_another_in_the_way_is_refused_in_words(
    start: Starter, cube: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    demo = start("--model", cube, "--out", out)
    assert demo.wait(20) == 1, demo.output
    assert demo.output.count("\n") == 1 and name in demo.output and "--out" in demo.output
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == "mine"


def test_out_that_is_a_file_is_refused_in_words(start: Starter, cube: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    demo = start("--model", cube, "--out", out)
    assert demo.wait(20) == 1, demo.output
    assert demo.output.count("\n") == 1 and str(out) in demo.output and "--out" in demo.output
    assert out.read_text() == "mine"


def at_once(demo: Demo) -> None:
    demo.wait_until(lambda: bool(demo.tree), "its process")


def waiting_for_the_node(demo: Demo) -> None:
    demo.wait_until(lambda: len(demo.tree) == 2, "the node's process")


def frames_on_their_way(demo: Demo) -> None:
    demo.wait_until(lambda: len(demo.tree) == 3, "the camera's process")
    time.sleep(2)
    assert len(demo.tree) == 3, demo.output


def last_masks(demo: Demo) -> None:
    frames_on_their_way(demo)
    demo.wait_until(lambda: len(demo.tree) == 2, "the camera's end")


def report(demo: Demo) -> None:
    last_masks(demo)
    demo.wait_until(lambda: len(demo.tree) == 1, "the node's end")


@pytest.mark.parametrize("everyone", [True, False], ids=["terminal", "demo_alone"])
@pytest.mark.parametrize("moment", [at_once, waiting_for_the_node, frames_on_their_way, last_masks, report])
def test_ctrl_c_ends_all_of_it(
    start: Starter,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    moment: Callable[[Demo], None],
    everyone: bool,
) -> None:
    """With pictures so large that the report takes its time."""
    demo = start("--size", "1280x960", "--frames", "50", "--rate", "10", "--out", tmp_path / "out")
    moment(demo)
    before = time.monotonic()
    demo.signal(everyone)
    code = demo.wait()
    seconds = time.monotonic() - before
    record_property("seconds", round(seconds, 2))
    assert code == 130, demo.output
    assert demo.tree == []
    assert seconds < END_WITHIN


def test_ctrl_c_ends_a_live_demo_which_writes_nothing(start: Starter, cube: Path, tmp_path: Path) -> None:
    images = grey_pictures(tmp_path / "images", 2)
    demo = start("--live", "--images", images, "--rate", "20", "--model", cube, "--out", tmp_path / "out")
    frames_on_their_way(demo)
    before = time.monotonic()
    demo.signal(everyone=True)
    assert demo.wait() == 130, demo.output
    assert time.monotonic() - before < END_WITHIN
    assert demo.tree == []
    assert not (tmp_path / "out").exists()
