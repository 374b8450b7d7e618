"""env.sh and check_system.sh, run on invented machines: a PATH of stubs, a ROS of empty files."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


CHECK_SYSTEM = "export ATTENDSEG_FOR=test; source scripts/env.sh; source scripts/setup/check_system.sh"


class Machine:
    """A checkout with only scripts/, and a PATH with only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        shutil.copytree(SCRIPTS, self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.folder = folder
        self.env: dict[str, str] = {}
        for name in ("bash", "dirname", "basename", "readlink", "getconf", "sort", "tail"):
            self.forward(name, shutil.which(name) or f"/usr/bin/{name}")

    def forward(self, name: str, program: str) -> None:
        """As a stub and not as a link: writing to the name can never reach the system's own program."""
        self.stub(name, f'exec "{program}" "$@"')

    def stub(self, name: str, script: str = "exit 0") -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def complete(self) -> None:
        self.stub("node", "echo v22.1.0")
        self.stub("npm")
        self.stub("make")
        self.stub("g++", "echo 12")
        self.stub("python3", "echo complete")
        self.stub("uname", '[ "$1" = -m ] && echo x86_64 || echo Linux')

    def ros(self, name: str, *packages: str) -> str:
        for package in packages:
            share = self.folder / name / "share" / package
            share.mkdir(parents=True)
            (share / "package.xml").touch()
        return str(self.folder / name)

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash") or "bash", "-euc", script],
            cwd=self.root,
            env={"PATH": str(self.bin), "HOME": str(self.folder), **self.env},
            capture_output=True,
            text=True,
            check=False,
        )

    def after_env(self, *names: str, times: int = 1) -> list[str]:
        show = "; ".join(f'printf "%s\\n" "${{{name}:-}}"' for name in names)
        result = self.bash("source scripts/env.sh; " * times + show)
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    def check_system(self) -> subprocess.CompletedProcess[str]:
        return self.bash(
            "export ATTENDSEG_FOR=test; source scripts/env.sh; source scripts/setup/check_system.sh; echo fine"
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# --- env.sh


def test_without_ros_the_environment_is_jazzy_from_wheels(machine: Machine) -> None:
    prefix = machine.root / ".ros/jazzy"
    (prefix / "lib/python3.12/site-packages/ros_rcl.libs").mkdir(parents=True)
    kind, distro, ament, libraries, path = machine.after_env(
        "ATTENDSEG_ROS", "ROS_DISTRO", "AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "PATH"
    )
    assert (kind, distro, ament) == ("wheels", "jazzy", str(prefix))
    assert libraries == f"{prefix}/lib:{prefix}/lib/python3.12/site-packages/ros_rcl.libs"
    assert path == f"{prefix}/bin:{machine.bin}"


def test_the_overlay_comes_first(machine: Machine) -> None:
    overlay = machine.root / ".ros/jazzy-overlay"
    (overlay / "lib/python3.12/site-packages").mkdir(parents=True)
    ament, python = machine.after_env("AMENT_PREFIX_PATH", "PYTHONPATH")
    assert ament == f"{overlay}:{machine.root}/.ros/jazzy"
    assert python == f"{overlay}/lib/python3.12/site-packages"


def test_sourcing_twice_and_changing_the_distro_leave_nothing_behind(machine: Machine) -> None:
    (machine.root / ".ros/jazzy-overlay").mkdir(parents=True)
    names = ("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "PATH")
    assert machine.after_env(*names) == machine.after_env(*names, times=2)
    result = machine.bash("source scripts/env.sh; ROS_DISTRO=kilted; source scripts/env.sh; export -p")
    assert "/.ros/kilted" in result.stdout
    assert "/.ros/jazzy" not in result.stdout


def test_a_sourced_ros_stays_as_it_is(machine: Machine) -> None:
    prefix = machine.ros("humble", "rcl", "vision_msgs", "bond")
    machine.env = {"AMENT_PREFIX_PATH": f"/workspace:{prefix}", "ROS_DISTRO": "humble", "PYTHONPATH": "/ros/python"}
    (machine.root / ".ros/humble-sourced-overlay").mkdir(parents=True)
    assert machine.after_env("ATTENDSEG_ROS", "AMENT_PREFIX_PATH", "PYTHONPATH", "PATH", "RMW_IMPLEMENTATION") == [
        "sourced",
        f"/workspace:{prefix}",
        "/ros/python",
        str(machine.bin),
        "",
    ]


@pytest.mark.parametrize("package", ["vision_msgs", "bond"])
def test_a_sourced_ros_without_a_message_package_gets_the_overlay(machine: Machine, package: str) -> None:
    prefix = machine.ros("humble", "rcl", *({"vision_msgs", "bond"} - {package}))
    overlay = machine.root / ".ros/humble-sourced-overlay"
    overlay.mkdir(parents=True)
    machine.env = {"AMENT_PREFIX_PATH": prefix, "ROS_DISTRO": "humble"}
    assert machine.after_env("AMENT_PREFIX_PATH") == [f"{overlay}:{prefix}"]


@pytest.mark.parametrize(("distro", "words"), [("humble", "source /opt/ros/humble"), ("foxy", "jazzy (the default)")])
def test_a_distro_without_wheels_is_refused(machine: Machine, distro: str, words: str) -> None:
    machine.env = {"ROS_DISTRO": distro}
    result = machine.bash("source scripts/env.sh; echo not reached")
    assert result.returncode != 0
    assert words in result.stderr
    assert "not reached" not in result.stdout


def test_an_unsupported_sourced_ros_is_refused(machine: Machine) -> None:
    machine.env = {"AMENT_PREFIX_PATH": machine.ros("iron", "rcl"), "ROS_DISTRO": "iron"}
    result = machine.bash("source scripts/env.sh")
    assert result.returncode != 0
    assert "'iron'" in result.stderr


# --- check_system.sh


def test_a_complete_machine_passes(machine: Machine) -> None:
    machine.complete()
    result = machine.check_system()
    assert (result.returncode, result.stdout, result.stderr) == (0, "fine\n", "")


def test_everything_missing_is_named_at_once(machine: Machine) -> None:
    machine.complete()
    for name in ("node", "npm", "make", "g++", "python3"):
        (machine.bin / name).unlink()
    result = machine.check_system()
    assert result.returncode == 1
    for words in ("Node.js 20.20.2", "Python 3.10 to 3.14", "C++17"):
        assert words in result.stderr
    packages = next(line for line in result.stderr.splitlines() if "apt-get install" in line)
    for package in ("python3", "python3-venv", "python3-dev", "make", "g++"):
        assert package in packages.split()


def test_an_old_node_is_named_with_its_version(machine: Machine) -> None:
    machine.complete()
    machine.stub("node", "echo v18.19.0")
    result = machine.check_system()
    assert result.returncode == 1
    assert "18.19.0" in result.stderr
    assert "apt-get" not in result.stderr, "the distribution's own node would be too old again"


@pytest.mark.parametrize("version", ["20.20.1", "20.3.9", "18.20.0", "9.99.9", "20.20.2", "22.0.0", "100.0.0"])
def test_the_version_of_node_is_compared_as_numbers(machine: Machine, version: str) -> None:
    machine.complete()
    machine.stub("node", f"echo v{version}")
    assert machine.check_system().returncode == (0 if version in ("20.20.2", "22.0.0", "100.0.0") else 1)


@pytest.mark.parametrize(("lacks", "package"), [("venv", "-venv"), ("dev", "-dev")])
def test_what_a_python_lacks_is_named(machine: Machine, lacks: str, package: str) -> None:
    machine.complete()
    machine.stub("python3", f"echo {lacks}")
    result = machine.check_system()
    assert result.returncode == 1
    assert package in result.stderr


def test_a_python_of_another_version_is_passed_over(machine: Machine) -> None:
    machine.complete()
    machine.stub("python3", "exit 0")  # no answer: not 3.10 to 3.14
    machine.stub("python3.11", "echo complete")
    result = machine.bash(f"{CHECK_SYSTEM}; echo $ATTENDSEG_BASE_PYTHON")
    assert result.stdout.strip() == str(machine.bin / "python3.11")


def test_the_running_python_is_judged_by_the_real_probe(machine: Machine) -> None:
    machine.complete()
    machine.forward("python3", os.path.realpath(sys.executable))
    result = machine.check_system()
    assert "Python 3.10 to 3.14" not in result.stderr


def test_arm_without_ros_is_told_how_to_install_it(machine: Machine) -> None:
    machine.complete()
    machine.stub("uname", '[ "$1" = -m ] && echo aarch64 || echo Linux')
    result = machine.check_system()
    assert result.returncode == 1
    assert "ros-jazzy-ros-base" in result.stderr
    machine.env = {"AMENT_PREFIX_PATH": machine.ros("jazzy", "rcl", "vision_msgs", "bond"), "ROS_DISTRO": "jazzy"}
    assert machine.check_system().returncode == 0


# --- demo.sh


def profiles_of_the_demo(machine: Machine) -> list[str]:
    (machine.root / "scripts/setup.sh").write_text("exit 0\n")
    machine.stub("node", 'echo "${FASTRTPS_DEFAULT_PROFILES_FILE-none} ${FASTDDS_DEFAULT_PROFILES_FILE-none}"')
    result = machine.bash("bash scripts/demo.sh")
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize(("distro", "place"), [("humble", 0), ("jazzy", 0), ("kilted", 1), ("lyrical", 1)])
def test_the_demo_sets_the_one_profile_variable_that_is_read(machine: Machine, distro: str, place: int) -> None:
    machine.env = {"AMENT_PREFIX_PATH": machine.ros(distro, "rcl", "vision_msgs", "bond"), "ROS_DISTRO": distro}
    profiles = profiles_of_the_demo(machine)
    assert profiles[place] == f"{machine.root}/config/fastdds.xml"
    assert profiles[1 - place] == "none"


def test_the_demo_leaves_a_profile_of_the_user_alone(machine: Machine) -> None:
    machine.env = {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml"}
    assert profiles_of_the_demo(machine) == ["/mine.xml", "none"]
