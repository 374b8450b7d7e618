import json
import re
import sys
from pathlib import Path

import main as setup_main
import pytest
import wheels
from steps import Log

SETUP = Path(setup_main.__file__).parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup_main, "ROOT", tmp_path)
    lock = {
        "packages": {
            "": {},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/for-another-system": {"version": "1.0.0", "optional": True},
        }
    }
    installed = {"packages": {"node_modules/a": {"version": "1.0.0"}}}
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "node_modules/a").mkdir(parents=True)
    (tmp_path / "node_modules/.package-lock.json").write_text(json.dumps(installed))
    return tmp_path


def test_packages_as_locked_are_kept(checkout: Path) -> None:
    assert setup_main.packages_missing() is None


def test_an_interrupted_npm_ci_is_noticed(checkout: Path) -> None:
    (checkout / "node_modules/.package-lock.json").unlink()  # npm writes it last
    assert setup_main.packages_missing() == "node_modules"


def test_another_version_than_locked_is_noticed(checkout: Path) -> None:
    record = checkout / "node_modules/.package-lock.json"
    record.write_text(record.read_text().replace("1.0.0", "0.9.0"))
    assert setup_main.packages_missing() == "node_modules/a"


def test_a_removed_package_is_noticed(checkout: Path) -> None:
    (checkout / "node_modules/a").rmdir()
    assert setup_main.packages_missing() == "node_modules/a"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / "lib/python3.12/site-packages/numpy/_core/include").mkdir(parents=True)
    (tmp_path / "share/std_msgs/cmake").mkdir(parents=True)
    return tmp_path


def test_cmake_files_get_this_machines_include_folders(prefix: Path) -> None:
    file = prefix / "share/std_msgs/cmake/export.cmake"
    builder = "/opt/python/cp312-cp312"
    includes = f"{builder}/include/python3.12;{builder}/lib/python3.12/site-packages/numpy/_core/include"
    file.write_text(f'  INTERFACE_INCLUDE_DIRECTORIES "${{_IMPORT_PREFIX}}/include;{includes}"\n')
    wheels.point_cmake_here(prefix, Log(prefix / "log", prefix))
    mended = file.read_text()
    assert "/opt/python" not in mended
    assert '"${_IMPORT_PREFIX}/include;' in mended
    assert mended.rstrip().endswith(f';{prefix}/lib/python3.12/site-packages/numpy/_core/include"')
    wheels.point_cmake_here(prefix, Log(prefix / "log", prefix))
    assert file.read_text() == mended


def test_only_libraries_for_node_lose_their_python_parts(prefix: Path) -> None:
    patchelf = prefix / "bin/patchelf"
    patchelf.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --print-needed ]; then cat "$2"; exit; fi\n'
        'while [ "$1" != --output ]; do words="$words$1 "; shift; done\n'
        'echo "$words" > "$2"\n'
    )
    patchelf.chmod(0o755)
    (prefix / "lib/librcl.so").write_text("libc.so.6\nlibx__rosidl_generator_py.so\n")
    (prefix / "lib/librcutils.so").write_text("libc.so.6\n")
    (prefix / "lib/liby__rosidl_generator_py.so").write_text("libx__rosidl_generator_py.so\n")
    wheels.drop_python_libraries(prefix, Log(prefix / "log", prefix))
    assert (prefix / "lib/librcl.so").read_text() == "--remove-needed libx__rosidl_generator_py.so \n"
    assert (prefix / "lib/librcutils.so").read_text() == "libc.so.6\n"
    assert (prefix / "lib/liby__rosidl_generator_py.so").read_text() == "libx__rosidl_generator_py.so\n"
    assert not list((prefix / "lib").glob(".*.new"))


def test_a_real_ros2_command_is_not_replaced(prefix: Path) -> None:
    wheels.write_ros2_stub(prefix)
    stub = prefix / "bin/ros2"
    assert stub.stat().st_mode & 0o111
    stub.write_text("real")
    wheels.write_ros2_stub(prefix)
    assert stub.read_text() == "real"


@pytest.mark.parametrize("file", ["ros-jazzy.txt", "ros-kilted.txt", "tools.txt"])
def test_every_requirement_is_pinned_and_none_names_a_host(file: str) -> None:
    lines = [line for line in (SETUP / file).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9.-]+==[A-Za-z0-9.]+( ; .+)?", line), line


def test_test_tools_are_the_same_for_every_ros() -> None:
    tools, jazzy, kilted = (
        {line.split(" ; ")[0] for line in (SETUP / file).read_text().splitlines() if "==" in line}
        for file in ("tools.txt", "ros-jazzy.txt", "ros-kilted.txt")
    )
    assert tools <= jazzy
    assert tools <= kilted
