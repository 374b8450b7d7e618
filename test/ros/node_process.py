"""The built program as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "main.js"
ARENA = 2**26


# Loaded by every thread: a worker throws when a file of its name appears.
DIES = """data:text/javascript,
import { existsSync, unlinkSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';
const file = process.env.KILL_WORKERS + (workerData && workerData.classes ? '/pixels' : '/session');
if (!isMainThread) setInterval(() => {
  if (existsSync(file)) { unlinkSync(file); throw new Error('no memory left'); }
}, 10).unref();
"""


def let_workers_die(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """In nodes that start from now on, a worker thread dies of a file called pixels or session in the folder."""
    monkeypatch.setenv("NODE_OPTIONS", "--import=" + urllib.parse.quote(DIES, safe=":/,;"))
    monkeypatch.setenv("KILL_WORKERS", str(folder))


class NodeProcess:
    """`attendseg node` with these ROS arguments (what follows --ros-args); its output goes to files."""

    def __init__(self, folder: Path, arguments: list[str], **environment: str) -> None:
        self._stdout = folder / "stdout"
        self._stderr = folder / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                ["node", MAIN, "node", "--ros-args", *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=os.environ | {"RCUTILS_COLORIZED_OUTPUT": "0"} | environment,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def shared_memory(self) -> list[Path]:
        """The segments and ports of Fast DDS that it has: it holds their locks."""
        links = [str(file.readlink()) for file in Path(f"/proc/{self.pid}/fd").iterdir() if file.is_symlink()]
        return [Path(lock[1]) for link in links if (lock := re.fullmatch(r"(/dev/shm/fast(?:rtps|dds)_\w+)_el", link))]

    @property
    def arenas(self) -> int:
        """Parts of glibc's memory that it has beside the main one, 64 MiB of addresses each, most of them unused."""
        count, begin = 0, 0
        for line in Path(f"/proc/{self.pid}/maps").read_text(encoding="utf-8").splitlines():
            addresses, access = line.split()[:2]
            first, last = (int(address, 16) for address in addresses.split("-"))
            if access == "rw-p":
                begin = first
            elif access == "---p" and begin % ARENA == 0 == last % ARENA and last - begin == ARENA:
                count += 1
        return count

    def send(self, how: signal.Signals) -> None:
        self._process.send_signal(how)

    @property
    def output(self) -> str:
        """All that it printed so far, the log included."""
        return self._stdout.read_text(encoding="utf-8") + self.errors

    @property
    def errors(self) -> str:
        return self._stderr.read_text(encoding="utf-8")

    def wait(self, seconds: float) -> int:
        return self._process.wait(seconds)

    def stop(self, how: signal.Signals = signal.SIGTERM, patience: float = 20) -> tuple[int, float]:
        """Sends the signal; the exit code, and the seconds until it ended. It is killed if it does not end."""
        start = time.monotonic()
        if self.running:
            self._process.send_signal(how)
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return code, time.monotonic() - start
