"""docs/install.md: its shell commands, run one after the other in a clean folder as somebody who reads it would.

What cannot be run here is marked in the page, in a comment before the block: `<!-- not run: START OF LINE: reason -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")

MARK = re.compile(r"<!-- not run: (?P<start>.+?): (?P<reason>.+?) -->")
BLOCK = re.compile(r"(?P<marks>(?:<!-- .*? -->\n)*)\n?```bash\n(?P<lines>.*?)```", re.DOTALL)

ROS2 = """#!/bin/bash
# As much of ros2 as the page needs: wheels have none.
case "$1 $2" in
  'pkg prefix') for prefix in ${AMENT_PREFIX_PATH//:/ }; do
      [[ ! -e $prefix/share/$4/package.xml ]] || { echo "$prefix/share/$4"; exit; }
    done ;;
  run\\ *) for prefix in ${AMENT_PREFIX_PATH//:/ }; do
      [[ ! -x $prefix/lib/$2/$3 ]] || exec "$prefix/lib/$2/$3" "${@:4}"
    done ;;
esac
exit 1
"""


def commands() -> Iterator[tuple[str, str]]:
    """All lines of the page's shell blocks, with the reason for those that are not run."""
    for block in BLOCK.finditer(PAGE):
        marks = {mark["start"]: mark["reason"] for mark in MARK.finditer(block["marks"])}
        for line in block["lines"].splitlines():
            yield line, next((reason for start, reason in marks.items() if line.startswith(start)), "")


NOT_RUN = [(line, reason) for line, reason in commands() if reason]


@pytest.mark.parametrize(("line", "reason"), NOT_RUN)
def test_not_run(line: str, reason: str) -> None:
    pytest.skip(reason)


def test_every_mark_is_of_a_line() -> None:
    used = [reason for _, reason in NOT_RUN]
    assert PAGE.count("```bash") == len(BLOCK.findall(PAGE))
    assert all(mark["reason"] in used for mark in MARK.finditer(PAGE))
    assert PAGE.count("<!-- ") == len(MARK.findall(PAGE))


def is_the_node(line: str) -> bool:
    return line.startswith("ros2 run") and "--help" not in line


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="attendseg_page_"))
    (folder / "bin").mkdir()
    (folder / "bin" / "ros2").write_text(ROS2)
    (folder / "bin" / "ros2").chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def shell(home: Path, script: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"}
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE"):
        environment.pop(name, None)
    # A group of its own, to be ended with all that it started.
    process = subprocess.Popen(
        ["bash", "-ec", script],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output = process.communicate(timeout=timeout)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(script, process.returncode, output)


@pytest.mark.skipif(shutil.which("colcon") is None, reason="no colcon: source scripts/env.sh first")
@pytest.mark.skipif("AMENT_PREFIX_PATH" not in os.environ, reason="no ROS 2 is sourced: source scripts/env.sh first")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this checkout cannot be cloned: it has no .git")
def test_the_commands_do_what_the_page_says(home: Path) -> None:
    """In one shell, each line as it stands but for the repository's address, which the page cannot know."""
    script = []
    for line, reason in commands():
        if reason:
            continue
        if line.startswith("git clone"):
            assert "<this repository>" in line
            line = line.replace("<this repository>", f"--quiet '{ROOT}'")
            # The clone's own packages would be these, after some minutes and over a network.
            packages = [f"ln -s '{ROOT / name}' src/attendseg/{name}" for name in ("node_modules", ".ros")]
            script += [line, *packages]
        elif is_the_node(line):
            # It is stopped as by Ctrl-C, and then ends with 0.
            script += [f"timeout --preserve-status --signal=INT 5 {line}"]
        else:
            script += [line]
        if line.startswith("export FAST"):
            name = line.split()[1].split("=")[0]
            script += [f'test -f "${name}" && echo "{name} names a file"']
    done = shell(home, "\n".join(script))
    assert done.returncode == 0, done.stdout
    assert "Usage: attendseg" in done.stdout
    assert "0 frames received" in done.stdout, "what the node says when it is stopped"
    assert done.stdout.count("names a file") == 2
    assert (home / "robot_ws/install/attendseg_node/share/attendseg_node/dist/main.js").exists()


def test_node_add_ons_for_ubuntu_are_those_of_the_page() -> None:
    named = re.search(r"ROS 2 (.*?), on x86-64 or arm64", PAGE)
    assert named is not None
    for distribution in re.split(r", | or ", named[1]):
        for machine in ("x64", "arm64"):
            folder = ROOT / "node_modules" / "rclnodejs" / "prebuilds" / f"linux-{machine}"
            assert list(folder.glob(f"{distribution.lower()}-*-rclnodejs.node")), (distribution, machine)


@pytest.mark.skipif(shutil.which("colcon") is None, reason="no colcon: source scripts/env.sh first")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this checkout cannot be cloned: it has no .git")
def test_without_fitting_packages_the_build_fetches_its_own_in_its_own_folder(home: Path) -> None:
    """With a stand-in for npm that tells where it was called, and fails."""
    (home / "bin" / "npm").write_text('#!/bin/sh\necho "npm $1 in $PWD"\nexit 1\n')
    (home / "bin" / "npm").chmod(0o755)
    clone = home / "bare_ws" / "src" / "attendseg"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    build = "colcon build --packages-select attendseg_node --event-handlers console_direct+"
    try:
        done = shell(home, f"cd bare_ws && {build}")
    finally:
        (home / "bin" / "npm").unlink()
    assert f"npm ci in {home}/bare_ws/build/attendseg_node/npm" in done.stdout
    assert done.returncode != 0
    assert not (clone / "node_modules").exists()
