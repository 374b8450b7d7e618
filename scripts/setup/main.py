"""The set-up: which steps there are, and what each does. Started by scripts/setup.sh, which has checked the system and
entered the ROS environment; how steps are run is in steps.py."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import wheels
from steps import Log, Step, StepError, digest, hold_lock, run_steps

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".ros"
HERE = Path(__file__).resolve().parent
OVERLAYS = ROOT / "scripts" / "overlays"
RCLNODEJS = ROOT / "node_modules" / "rclnodejs"

# The message packages that the node and its tests use.
MESSAGES = ("sensor_msgs", "std_msgs", "diagnostic_msgs", "lifecycle_msgs", "std_srvs", "vision_msgs", "bond")
# Those that the wheels lack, with a message of each. Stand-ins are built where they are missing.
STAND_INS = {"vision_msgs": "LabelInfo", "bond": "Status"}

ONLINE = "see the lines above; if they speak of a connection, check the network (behind a proxy: set HTTPS_PROXY)."


class Setup:
    """The steps for one kind of ROS: from wheels, or sourced by the user."""

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self.distro = env["ROS_DISTRO"]
        self.from_wheels = env["ATTENDSEG_ROS"] == "wheels"
        self.purpose = env.get("ATTENDSEG_FOR", "test")
        self.ros = Path(env["ATTENDSEG_ROS_DIR"])  # a virtual environment
        self.overlay = Path(f"{self.ros}-overlay")
        prefixes = [Path(p) for p in env.get("AMENT_PREFIX_PATH", "").split(":") if p]
        self.sourced_prefixes = [] if self.from_wheels else [p for p in prefixes if p != self.overlay]

    def steps(self) -> list[Step]:
        if self.purpose == "training":
            return [self.training()]
        steps = [self.npm_packages()]
        if self.from_wheels:
            steps += [self.ros_from_wheels(), self.wheels_mended()]
        elif self.purpose == "test":
            steps += [self.test_tools()]
        if packages := [package for package in STAND_INS if self.from_wheels or not self.sourced_has(package)]:
            steps += [self.stand_ins(packages)]
        return [*steps, self.rclnodejs(), self.program()]

    # --- npm

    def npm_packages(self) -> Step:
        def run(log: Log) -> None:
            # Without the packages' own scripts: rclnodejs is built in its own step, the others need none.
            log.run(
                ["npm", "ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"],
                env={"ONNXRUNTIME_NODE_INSTALL": "skip", "npm_config_update_notifier": "false"},
            )
            log.run(["node", "-e", "require('sharp'); require('onnxruntime-node')"])

        return Step("npm", "npm packages", run, packages_missing, ONLINE, inputs=None)

    # --- ROS

    def ros_from_wheels(self) -> Step:
        requirements = HERE / f"ros-{self.distro}.txt"

        def run(log: Log) -> None:
            self.make_venv(log, requirements)
            self.in_ros(log, [self.ros / "bin" / "python", "-c", "import rclpy, sensor_msgs.msg"])

        return Step(
            f"ros-{self.distro}",
            f"ROS 2 {self.distro.capitalize()} from wheels",
            run,
            lambda: _absent(self.ros / "bin" / "python", self.ros / "lib" / "librcl.so", self.ros / "bin" / "pytest"),
            ONLINE + " The wheels take 450 MB.",
            lambda: self.python_inputs() | {"requirements": digest(requirements)},
        )

    def wheels_mended(self) -> Step:
        return Step(
            f"mend-{self.distro}",
            "ROS 2 wheels mended for Node and CMake",
            lambda log: wheels.mend(self.ros, log),
            lambda: _absent(self.ros / "bin" / "ros2"),
            f"remove {_shown(self.ros)}, in case the wheels were changed by hand.",
            lambda: (
                self.python_inputs() | {"mends": digest(HERE / "wheels.py"), "ros": self.stamp(f"ros-{self.distro}")}
            ),
        )

    def test_tools(self) -> Step:
        requirements = HERE / "tools.txt"
        return Step(
            f"tools-{self.distro}-sourced",
            "test tools (pytest, ruff)",
            # Sees the system's packages: the sourced ROS's Python needs the system's numpy and yaml.
            lambda log: self.make_venv(log, requirements, "--system-site-packages"),
            lambda: _absent(self.ros / "bin" / "python", self.ros / "bin" / "pytest", self.ros / "bin" / "ruff"),
            ONLINE,
            lambda: self.python_inputs() | {"requirements": digest(requirements)},
        )

    def stand_ins(self, packages: list[str]) -> Step:
        # With wheels Python and CMake are the virtual environment's; a sourced ROS has the system's.
        python = self.ros / "bin" / "python" if self.from_wheels else Path(os.environ["ATTENDSEG_BASE_PYTHON"])
        names = " and ".join(packages)

        def run(log: Log) -> None:
            shutil.rmtree(self.overlay, ignore_errors=True)
            if not self.from_wheels and not any(
                _has_package(p, "rosidl_default_generators") for p in self.sourced_prefixes
            ):
                raise StepError(f"The sourced ROS 2 has neither {names} nor rosidl_default_generators to build it with")
            options = ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", f"-DPython3_EXECUTABLE={python}"]
            options.append(f"-DCMAKE_INSTALL_PREFIX={self.overlay}")
            for package in packages:
                build = STATE / "build" / f"{self.overlay.name}-{package}"
                shutil.rmtree(build, ignore_errors=True)
                self.in_ros(log, ["cmake", "-S", OVERLAYS / package, "-B", build, *options])
                self.in_ros(log, ["cmake", "--build", build, "--parallel", str(os.cpu_count() or 1)])
                self.in_ros(log, ["cmake", "--install", build])
                message = STAND_INS[package]
                self.in_ros(log, [python, "-c", f"from {package}.msg import {message}; {message}().header"])
                shutil.rmtree(build)

        return Step(
            self.overlay.name,
            names,
            run,
            lambda: _absent(
                *(self.overlay / "share" / package / "package.xml" for package in packages),
                *(self.overlay / "lib" / f"lib{package}__rosidl_typesupport_c.so" for package in packages),
            ),
            ONLINE
            if self.from_wheels
            else "install the real ones: sudo apt-get install "
            + " ".join(f"ros-{self.distro}-{package.replace('_', '-')}" for package in packages)
            + ", and source ROS 2 again.",
            lambda: (
                self.python_inputs()
                | {
                    "sources": digest(*(OVERLAYS / package for package in packages)),
                    "ros": self.stamp(f"mend-{self.distro}") if self.from_wheels else self.sourced_prefixes,
                }
            ),
        )

    # --- rclnodejs and the program

    def rclnodejs(self) -> Step:
        addon = RCLNODEJS / "build" / "Release" / "rclnodejs.node"
        generated = RCLNODEJS / "generated"
        types = RCLNODEJS / "types" / "interfaces.d.ts"

        def run(log: Log) -> None:
            shutil.rmtree(RCLNODEJS / "build", ignore_errors=True)
            shutil.rmtree(generated, ignore_errors=True)
            types.unlink(missing_ok=True)
            self.drop_unusable_prebuild(log)
            headers = node_headers()
            log.say(f"Node's headers: {headers or 'none found here, node-gyp downloads them'}")
            # rclnodejs asks for 16 compilers at once, which small boards have no memory for; this outranks it.
            env = {"npm_config_jobs": str(os.cpu_count() or 1)}
            if headers and "npm_config_nodedir" not in os.environ:
                env["npm_config_nodedir"] = str(headers)
            self.in_ros(log, ["npm", "rebuild", "rclnodejs", "--no-ignore-scripts", "--foreground-scripts"], env)
            # Exit code 0 says little: its generators swallow their errors. The check publishes every type in use.
            types_used = [f"{package}/msg/{name}" for package, name in PROBED_MESSAGES.items()]
            self.in_ros(log, ["node", HERE / "check_rclnodejs.mjs", *types_used])

        def missing() -> str | None:
            return _absent(addon, types, *(generated / package for package in MESSAGES))

        def inputs() -> dict[str, object]:
            version = json.loads((RCLNODEJS / "package.json").read_text(encoding="utf-8"))["version"]
            if self.from_wheels:
                ros: object = [self.stamp(f"mend-{self.distro}"), self.stamp(self.overlay.name)]
            else:
                names = ("rcl", *MESSAGES)
                ros = [p for p in self.sourced_prefixes if any(_has_package(p, name) for name in names)]
                ros = [ros, self.stamp(self.overlay.name)]
            return {"rclnodejs": version, "distro": self.distro, "node": _node_abi(), "ros": ros}

        return Step(
            "rclnodejs",
            f"rclnodejs for ROS 2 {self.distro.capitalize()}",
            run,
            missing,
            "if node-gyp could not get Node's headers, use a Node.js that brings them (nvm and the NodeSource packages "
            "do; Debian's own: apt-get install libnode-dev). If it was killed, memory ran out: add swap.",
            inputs,
        )

    def drop_unusable_prebuild(self, log: Log) -> None:
        """rclnodejs ships add-ons built for Ubuntu's ROS packages and chooses one by names alone; one that does not
        load against this ROS makes way for a compiled one."""
        codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "") if sys.platform == "linux" else ""
        arch = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        prebuild = RCLNODEJS / "prebuilds" / f"linux-{arch}" / f"{self.distro}-{codename}-{arch}-node-rclnodejs.node"
        if not prebuild.exists():
            return
        try:
            self.in_ros(log, ["node", "-e", "require(process.argv[1])", prebuild])
        except StepError:
            log.say(f"{prebuild.name} does not load against this ROS: removed, it is compiled instead")
            prebuild.unlink()

    def program(self) -> Step:
        return Step(
            "program",
            "program and tests compiled",
            lambda log: log.run(["node", "scripts/build.mjs"]),
            # Decided by the compiler itself, which is quick when nothing changed.
            _once("compiled output"),
            "correct the errors above.",
            inputs=None,
        )

    # --- training

    def training(self) -> Step:
        """As training/README.md says, so that the tests show that it is right."""
        venv, project = ROOT / "training" / ".venv", ROOT / "training" / "pyproject.toml"

        def run(log: Log) -> None:
            _new_venv(log, venv)
            _pip(log, venv, "--editable", f"{project.parent}[test]")
            log.run([venv / "bin" / "python", "-c", "import torch, onnxruntime, attendseg_training"])

        return Step(
            "training",
            "torch for training",
            run,
            lambda: _absent(venv / "bin" / "python", venv / "bin" / "pytest"),
            ONLINE + " It takes 6 GB.",
            lambda: {"project": digest(project), "folder": venv},
        )

    # --- helpers

    def make_venv(self, log: Log, requirements: Path, *options: str) -> None:
        _new_venv(log, self.ros, *options)
        _pip(log, self.ros, "--no-deps", "--requirement", requirements)

    def in_ros(self, log: Log, command: list[str | Path], env: Mapping[str, str] | None = None) -> None:
        """Through env.sh anew: what earlier steps have installed since belongs to the environment."""
        entered = ["bash", "-c", 'source "$0" && exec "$@"', ROOT / "scripts" / "env.sh", *command]
        log.run(entered, env, name=str(command[0]))

    def sourced_has(self, package: str) -> bool:
        return any(_has_package(prefix, package) for prefix in self.sourced_prefixes)

    def python_inputs(self) -> dict[str, object]:
        """A virtual environment holds absolute paths: a moved checkout needs a new one. So does a system whose Python
        became another version; but a Python found first today, and not when it was made, leaves it alone."""
        python = self.ros / "bin" / "python"
        return {"folder": self.ros, "python": (python if python.exists() else Path(sys.executable)).resolve()}

    def stamp(self, name: str) -> str:
        path = STATE / "stamps" / name
        return digest(path) if path.exists() else ""


# One message of each package: that they can be published shows that generated code and type support are in place.
PROBED_MESSAGES = {
    "sensor_msgs": "Image",
    "std_msgs": "Header",
    "diagnostic_msgs": "DiagnosticArray",
    "lifecycle_msgs": "TransitionEvent",
    **STAND_INS,
}


def packages_missing() -> str | None:
    """What node_modules lacks of the lockfile. npm writes its own record of node_modules when it has finished."""
    try:
        wanted = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        present = json.loads((ROOT / "node_modules" / ".package-lock.json").read_text(encoding="utf-8"))["packages"]
    except (OSError, ValueError, KeyError):
        return "node_modules"
    for path, package in wanted.items():
        if path == "" or package.get("optional") or package.get("devOptional"):
            continue
        if present.get(path, {}).get("version") != package.get("version") or not (ROOT / path).is_dir():
            return path
    return None


def node_headers() -> Path | None:
    """A prefix with the headers of the Node.js in use, so that node-gyp need not download them."""
    node = shutil.which("node")
    if node is None:
        return None
    major = subprocess.run(
        [node, "-p", "process.versions.node.split('.')[0]"], capture_output=True, text=True, check=True
    ).stdout.strip()
    for prefix in (Path(node).resolve().parents[1], Path(node).parents[1], Path("/usr"), Path("/usr/local")):
        version = prefix / "include" / "node" / "node_version.h"
        if version.is_file() and re.search(rf"NODE_MAJOR_VERSION {major}\b", version.read_text(errors="replace")):
            return prefix
    return None


def _new_venv(log: Log, folder: Path, *options: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    log.run([sys.executable, "-m", "venv", *options, folder])


def _pip(log: Log, venv: Path, *what: str | Path) -> None:
    # The user's own pip settings must not lead out of the virtual environment.
    env = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1", "PYTHONPATH": ""}
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--no-input", "--progress-bar=off", "--no-compile"]
    log.run([*pip, *what], env)


def _node_abi() -> str:
    script = "process.versions.modules + ' ' + process.arch"
    return subprocess.run(["node", "-p", script], capture_output=True, text=True, check=True).stdout.strip()


def _has_package(prefix: Path, name: str) -> bool:
    return (prefix / "share" / name / "package.xml").exists()


def _absent(*paths: Path) -> str | None:
    return next((_shown(path) for path in paths if not path.exists()), None)


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _once(what: str):
    """A check for a step that is always run: nothing is there before, all is there after."""
    calls = 0

    def missing() -> str | None:
        nonlocal calls
        calls += 1
        return what if calls == 1 else None

    return missing


def main() -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    if not os.access(ROOT, os.W_OK) or (STATE.exists() and not os.access(STATE, os.W_OK)):
        print(
            f"attendseg: {ROOT} or its folder .ros is not yours to write in. Use a checkout of your own.",
            file=sys.stderr,
        )
        return 1
    lock = hold_lock(STATE / "setup.lock")
    try:
        done = run_steps(Setup().steps(), ROOT, STATE, inherited_fds=(lock,))
    except KeyboardInterrupt:
        print("Run the same command again to go on from here.")
        return 130
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
