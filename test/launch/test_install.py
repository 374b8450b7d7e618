"""colcon build as on a robot, and what it installs, started from a place where nothing can be written."""

import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / "ros2_ws"
PACKAGE = WORKSPACE / "src" / "attendseg_node"
ROOMS = {"vision", "inference", "recording", "node", "commands"}
"""The product; street and demo stay in the checkout."""

pytestmark = [
    pytest.mark.skipif(shutil.which("colcon") is None, reason="no colcon: source scripts/env.sh first"),
    pytest.mark.skipif(
        "AMENT_PREFIX_PATH" not in os.environ, reason="no ROS 2 is sourced: source scripts/env.sh first"
    ),
]


def colcon(verb, *options, log, cwd=WORKSPACE, check=True):
    done = subprocess.run(
        ["colcon", "--log-base", str(log), verb, *map(str, options)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert not check or done.returncode == 0, done.stdout
    return done


@pytest.fixture(scope="module")
def scratch():
    folder = Path(tempfile.mkdtemp(prefix="attendseg_install_"))
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def build(scratch, name, cwd, *options):
    base = scratch / name
    bases = ("--build-base", base / "build", "--install-base", base / "install")
    output = ("--event-handlers", "console_direct+")
    colcon("build", "--packages-select", "attendseg_node", *output, *bases, *options, log=base / "log", cwd=cwd)
    return base / "install" if "--merge-install" in options else base / "install" / "attendseg_node"


@pytest.fixture(scope="module")
def prefix(scratch):
    """The install space of the image's build step, `colcon build` in ros2_ws; read-only."""
    before = snapshot(ROOT / "launch", PACKAGE / "src")
    done = subprocess.run(
        ["bash", ROOT / "docker" / "jetson" / "build_node.sh", ROOT, scratch / "plain"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    prefix = scratch / "plain" / "install" / "attendseg_node"
    assert snapshot(ROOT / "launch", PACKAGE / "src") == before, "the build wrote into the checkout"
    subprocess.run(["chmod", "-R", "a-w,a+rX", prefix], check=True)
    return prefix


@pytest.fixture(scope="module")
def linked_prefix(scratch):
    """The install space of `colcon build --symlink-install --merge-install` in another workspace, with a link to the
    package."""
    workspace = scratch / "workspace"
    (workspace / "src").mkdir(parents=True)
    (workspace / "src" / "attendseg_node").symlink_to(PACKAGE)
    return build(scratch, "linked", workspace, "--symlink-install", "--merge-install")


def snapshot(*folders):
    return {
        path: (path.lstat().st_mtime_ns, path.lstat().st_size, stat.S_IMODE(path.lstat().st_mode))
        for folder in folders
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


def read_only(command):
    """Modes do not stop root, unless it gives up the right to pass over them."""
    if os.geteuid() != 0:
        return command
    if shutil.which("setpriv") is None:
        pytest.skip("root may write into any install space, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown", *command]


def sourced(prefix, *command):
    return ["sh", "-c", '. "$0/share/attendseg_node/local_setup.sh" && exec "$@"', str(prefix), *map(str, command)]


def without_home():
    """Logs go to ROS_LOG_DIR; nothing else is to be written anywhere."""
    return {"ROS_LOG_DIR": tempfile.gettempdir(), **os.environ, "HOME": "/nonexistent"}


def start(prefix, *arguments, **options):
    executable = prefix / "lib" / "attendseg_node" / "attendseg"
    return subprocess.Popen(
        read_only(sourced(prefix, executable, *arguments)),
        cwd="/",
        env=without_home(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def output_of(process, timeout=60):
    try:
        return process.communicate(timeout=timeout)[0]
    finally:
        process.kill()


def test_colcon_takes_the_package_for_what_it_is(scratch):
    listed = colcon("list", log=scratch / "log").stdout.split()
    assert listed == ["attendseg_node", "src/attendseg_node", "(ros.ament_cmake)"]


def test_the_install_space_holds_what_runs_and_no_more(prefix):
    share = prefix / "share" / "attendseg_node"
    for path in (
        "package.xml",
        "package.json",
        "dist/main.js",
        "dist/vision/kernels.wasm",
        "launch/attendseg.launch.py",
        "launch/nav2.launch.py",
        "launch/nvblox.launch.py",
        "launch/replay.launch.py",
        "launch/costmap_yaml.py",
        "config/fastdds.xml",
        "config/profiles/nav2.yaml",
        "config/attendseg.rviz",
        "models",
        "node_modules/COLCON_IGNORE",
        "node_modules/AMENT_IGNORE",
        "node_modules/rclnodejs/build/Release/rclnodejs.node",
        "node_modules/rclnodejs/generated/sensor_msgs",
        "node_modules/rclnodejs/generated/vision_msgs",
    ):
        assert (share / path).exists(), path
    modules = share / "node_modules"
    for name in ("typescript", "jest", "node-gyp", "@foxglove/rosmsg", "rclnodejs/prebuilds", "rclnodejs/src"):
        assert not (modules / name).exists(), f"{name} is not needed to run"
    assert {path.name for path in (share / "dist").iterdir() if path.is_dir()} == ROOMS
    platforms = {path.name for path in (modules / "onnxruntime-node" / "bin").glob("*/*/*")}
    assert len(platforms) == 1, f"onnxruntime for other machines: {platforms}"
    assert not [path for path in modules.rglob("*") if path.is_symlink()]
    size = sum(path.stat().st_size for path in share.rglob("*") if path.is_file())
    assert size < 130e6, f"{size / 1e6:.0f} MB"


def test_launch_and_ros2_run_find_it(prefix):
    assert (prefix / "share" / "ament_index" / "resource_index" / "packages" / "attendseg_node").exists()
    assert os.access(prefix / "lib" / "attendseg_node" / "attendseg", os.X_OK)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_it_starts_where_nothing_can_be_written(prefix, option):
    before = snapshot(prefix)
    process = start(prefix, option)
    output = output_of(process)
    assert process.returncode == 0, output
    assert re.search(r"attendseg|\d+\.\d+\.\d+", output)
    assert snapshot(prefix) == before


def test_rclnodejs_works_there(prefix):
    """Also that nothing is generated or compiled at the start: that would need to write."""
    before = snapshot(prefix)
    script = """
        import { createRequire } from 'node:module';
        const share = createRequire(process.argv[1]);
        const rclnodejs = share('rclnodejs');
        await rclnodejs.init();
        const node = rclnodejs.createNode('attendseg_install_test');
        const type = 'vision_msgs/msg/LabelInfo';
        node.createPublisher(type, 'attendseg_install_test').publish(rclnodejs.createMessageObject(type));
        rclnodejs.shutdown();
        console.log('published');
    """
    main = prefix / "share" / "attendseg_node" / "package.json"
    command = read_only(sourced(prefix, "node", "--input-type=module", "-e", script, main))
    done = subprocess.run(command, cwd="/", env=without_home(), capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["published"], done.stderr
    assert snapshot(prefix) == before


def test_the_node_stops_on_a_signal_to_the_script(prefix):
    process = start(prefix, "node", "--ros-args", "--log-level", "info")
    started = process.stdout.readline()
    time.sleep(1)
    assert process.poll() is None, f"it ended by itself: {started}{process.communicate()[0]}"
    process.send_signal(signal.SIGTERM)
    output = started + output_of(process, timeout=10)
    assert process.returncode == 0, output


def test_a_build_that_was_cut_is_done_anew(scratch, prefix):
    """In the build folder of colcon: half a program, the mark of the build that wrote it, and half a record."""
    folder = scratch / "plain" / "build" / "attendseg_node"
    program, record = folder / "work" / "dist" / "cli.js", folder / "work" / "rclnodejs.json"
    whole = program.read_bytes()
    for path in (program, record):
        path.write_bytes(path.read_bytes()[:40])
    (program.parent / ".building.4194305").touch()
    subprocess.run(["node", ROOT / "scripts" / "install-space.mjs", folder], check=True, stdout=subprocess.DEVNULL)
    assert (folder / "share" / "dist" / "cli.js").read_bytes() == whole


def test_an_old_node_is_refused_with_the_remedy_in_one_line(prefix, tmp_path):
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.19.1\n")
    (tmp_path / "node").chmod(0o755)
    script = prefix / "lib" / "attendseg_node" / "attendseg"
    environment = {**os.environ, "ATTENDSEG_NODE": str(tmp_path / "node")}
    done = subprocess.run([script, "--version"], env=environment, capture_output=True, text=True)
    assert done.returncode == 127
    assert done.stderr.count("\n") == 1 and "20.20.2" in done.stderr


def test_a_short_path_does_not_hide_the_node_it_was_built_with(prefix, tmp_path):
    (tmp_path / "node").write_text("#!/bin/sh\necho v18.19.1\n")
    (tmp_path / "node").chmod(0o755)
    script = prefix / "lib" / "attendseg_node" / "attendseg"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([script, "--version"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_linked_package_builds_in_another_workspace(linked_prefix):
    share = linked_prefix / "share" / "attendseg_node"
    assert (share / "launch" / "attendseg.launch.py").resolve() == ROOT / "launch" / "attendseg.launch.py", (
        "edits show at once"
    )
    assert not (share / "dist" / "main.js").is_symlink(), "Node would look for packages beside the link's target"
    process = start(linked_prefix, "--version")
    output = output_of(process)
    assert process.returncode == 0, output


def test_a_copied_package_says_what_to_do(scratch):
    workspace = scratch / "copy"
    shutil.copytree(PACKAGE, workspace / "src" / "attendseg_node", ignore=shutil.ignore_patterns("src"))
    done = colcon("build", "--event-handlers", "console_direct+", log=workspace / "log", cwd=workspace, check=False)
    assert done.returncode != 0
    assert "clone the whole repository" in " ".join(done.stdout.split())


@pytest.mark.skipif(importlib.util.find_spec("ros2launch") is None, reason="ROS from wheels has no ros2 launch")
def test_the_real_launch_shows_the_arguments(prefix):
    command = sourced(prefix, "ros2", "launch", "attendseg_node", "attendseg.launch.py", "--show-args")
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert "'image'" in shown.stdout and "'params_file'" in shown.stdout
