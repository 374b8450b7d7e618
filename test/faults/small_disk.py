"""Runs a command twice in a mount namespace of its own: on a disk that takes nothing (more), and when it does again.

python small_disk.py KIBIBYTES|read-only FOLDER COMMAND...    prints, as JSON, how it ended and what is there
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

READ_ONLY = "read-only"
ROOM = "64m"


def mount(folder: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True)


def finished(folder: Path) -> list[str]:
    """Files with their final names, also in folders: those that are unfinished begin with a point."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not any(part.startswith(".") for part in path.parts))


def attempt(command: list[str], before: Callable[[], None] | None = None) -> dict[str, object]:
    """@param before: called in the new process"""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, preexec_fn=before)
    return {"code": done.returncode, "errors": done.stderr.splitlines()}


def main() -> None:
    size, folder, command = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    if size == READ_ONLY:
        mount(folder)
        mount(folder, "remount", "ro")
    else:
        mount(folder, f"size={size}k")
    first = attempt(command)
    first["files"] = finished(folder)
    mount(folder, "remount", "rw", f"size={ROOM}")
    print(json.dumps({"first": first, "again": attempt(command)}))


if __name__ == "__main__":
    main()
