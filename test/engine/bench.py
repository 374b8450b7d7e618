"""A recorded Jetson, a stand-in trtexec, and `attendseg engine` with both."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "main.js"
STAND_IN = Path(__file__).with_name("stand_in_trtexec.py")
NANO = ["nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234"]
AGX = ["nvidia,p3737-0000+p3701-0005", "nvidia,p3701-0005", "nvidia,tegra234"]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def jetson(
    root: Path, board: list[str] = NANO, tensorrt: str = "10.3.0", serial: str = "1421", mode: str = "0000"
) -> Path:
    """What a Jetson with JetPack 6.2 has in these places."""
    write(root / "proc/device-tree/compatible", "".join(f"{name}\0" for name in board))
    write(root / "proc/device-tree/serial-number", f"{serial}\0")
    write(root / "etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n")
    write(root / "var/lib/nvpmodel/status", f"pmode:{mode}")
    write(root / "usr/lib/aarch64-linux-gnu/libnvinfer.so.10", "")
    write(root / f"usr/lib/aarch64-linux-gnu/libnvinfer.so.{tensorrt}", "")
    write(
        root / "var/lib/dpkg/status",
        f"Package: libc6\nStatus: install ok installed\nVersion: 2.35\n\n"
        f"Package: libnvinfer10\nStatus: install ok installed\nVersion: {tensorrt}.30-1+cuda12.5\n\n",
    )
    return root


@dataclass
class Bench:
    folder: Path
    cache: Path = field(init=False)
    root: Path = field(init=False)
    calls: Path = field(init=False)
    settings: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.cache = self.folder / "cache"
        self.calls = self.folder / "calls"
        self.root = jetson(self.folder / "nano")
        self.settings = {"code": 100300, "mode": "", "sms": 8, "seconds": 0, "calls": str(self.calls)}

    def trtexec(self, **settings: Any) -> Path:
        self.settings |= settings
        path = self.folder / "bin" / "trtexec"
        command = shlex.join([sys.executable, str(STAND_IN), json.dumps(self.settings)])
        write(path, f'#!/bin/sh\nexec {command} "$@"\n')
        path.chmod(0o755)
        return path

    def command(self, *arguments: object) -> list[str]:
        extra: list[object] = ["--cache", self.cache, "--root", self.root]
        if arguments[0] == "build":
            extra += ["--trtexec", self.folder / "bin" / "trtexec"]
        return ["node", str(MAIN), "engine", *map(str, [*arguments, *extra])]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=60, cwd=self.folder
        )

    def json(self, *arguments: object) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def error(self, *arguments: object) -> str:
        """The one line of a refused command, after its progress."""
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout
        *progress, line = done.stderr.splitlines()
        assert all(not told.startswith("attendseg") for told in progress), done.stderr
        return line

    def names(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir())

    def entries(self) -> list[str]:
        return [path.name for path in self.cache.iterdir() if path.is_dir()]

    def builds(self) -> int:
        return len(self.calls.read_text(encoding="utf-8").splitlines()) if self.calls.exists() else 0
