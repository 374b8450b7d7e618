"""Runs the steps of the set-up: skips what is done, shows progress, and redoes what was interrupted.

A step is done when its stamp holds the fingerprint of its present inputs and its check finds nothing missing. The stamp
is removed before the step starts and written after it was verified, so a step that was stopped at any point, even by
kill -9 or a power cut, is redone from a clean state.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOG_LINES_SHOWN = 20
ERROR_WORDS = re.compile(r"\b(error|fatal|cannot|failed)\b", re.IGNORECASE)


class StepError(Exception):
    """A step failed; the message says what is wrong."""


class Log:
    """The log file of one step; commands run through it."""

    def __init__(self, path: Path, cwd: Path, inherited_fds: Sequence[int] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._cwd = cwd
        self._fds = tuple(inherited_fds)
        self._file = path.open("w", encoding="utf-8", errors="replace")

    def say(self, text: str) -> None:
        self._file.write(text + "\n")
        self._file.flush()

    def run(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None, name: str = "") -> None:
        """Runs a command with its output in the log; raises StepError, with this name, unless it succeeds."""
        words = [str(word) for word in command]
        self.say("$ " + " ".join(words))
        # Children keep the set-up's lock: if the set-up is killed, the next one waits until they too have ended.
        status = subprocess.run(
            words,
            cwd=self._cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            pass_fds=self._fds,
            check=False,
        ).returncode
        if status != 0:
            how = f"exit code {status}" if status > 0 else f"signal {-status}"
            raise StepError(f"{Path(name or words[0]).name} ended with {how}")

    def excerpt(self) -> list[str]:
        """The end, and where the errors start when that lies before: tools like npm print pages after the cause."""
        self._file.flush()
        lines = [line for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        first = next((i for i, line in enumerate(lines) if ERROR_WORDS.search(line)), len(lines))
        half = LOG_LINES_SHOWN // 2
        if first >= len(lines) - LOG_LINES_SHOWN:
            return lines[-LOG_LINES_SHOWN:]
        return [*lines[first : first + half], "…", *lines[-half:]]

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Step:
    name: str  # of its stamp and its log
    title: str  # for people
    run: Callable[[Log], None]  # starts from a clean state, verifies its result
    missing: Callable[[], str | None]  # quick: what is not there although the stamp says so; None when all is well
    remedy: str  # what to do when it fails
    # What the result depends on. None: no stamp, missing() alone decides.
    inputs: Callable[[], Mapping[str, object]] | None


class Progress:
    """One line a step: `[3/7] ROS 2 jazzy from wheels … 18 s`. On a terminal the seconds tick."""

    def __init__(self, total: int, out: IO[str]) -> None:
        self._total = total
        self._out = out
        self._live = out.isatty()
        self._head = ""
        self._start = 0.0
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None

    def begin(self, index: int, title: str) -> None:
        self._head = f"[{index}/{self._total}] {title} … "
        self._start = time.monotonic()
        self._out.write(self._head)
        self._out.flush()
        if self._live:
            self._stop = threading.Event()
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()

    def end(self, result: str | None = None) -> None:
        """Without a result: the seconds it took."""
        if self._ticker:
            self._stop.set()
            self._ticker.join()
            self._ticker = None
            self._out.write("\r\x1b[K" + self._head)
        self._out.write((result or self.elapsed()) + "\n")
        self._out.flush()

    def elapsed(self) -> str:
        seconds = time.monotonic() - self._start
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"

    def _tick(self) -> None:
        while not self._stop.wait(1):
            self._out.write(f"\r\x1b[K{self._head}{time.monotonic() - self._start:.0f} s")
            self._out.flush()


class Stamps:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write(self, name: str, fingerprint: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(fingerprint)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


def fingerprint(inputs: Mapping[str, object]) -> str:
    """Readable, so that `cat` on a stamp tells what the step was done for."""
    return json.dumps(inputs, indent=1, sort_keys=True, default=str)


def digest(*paths: Path) -> str:
    """Names and contents of files; folders with all that is in them."""
    total = hashlib.sha256()
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            total.update(f"{file.relative_to(path.parent)}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def run_steps(
    steps: Sequence[Step], root: Path, state: Path, out: IO[str] = sys.stdout, inherited_fds: Sequence[int] = ()
) -> bool:
    """Runs what is not done yet; False when a step failed. `state` is the git-ignored folder for stamps and logs."""
    stamps = Stamps(state / "stamps")
    progress = Progress(len(steps), out)
    for index, step in enumerate(steps, start=1):
        progress.begin(index, step.title)
        wanted = fingerprint(step.inputs()) if step.inputs else None
        stamped = wanted is None or stamps.read(step.name) == wanted
        if stamped and step.missing() is None:
            progress.end("ready")
            continue
        stamps.remove(step.name)
        log = Log(state / "logs" / f"{step.name}.log", root, inherited_fds)
        try:
            step.run(log)
            absent = step.missing()
            if absent:
                raise StepError(f"it ended without an error, but there is no {absent}")
            if wanted is not None:
                stamps.write(step.name, wanted)
        except (StepError, OSError) as error:
            progress.end(f"failed after {progress.elapsed()}")
            out.write(f"\n{error}. From {_relative(log.path, root)}:\n")
            out.writelines(f"  | {line}\n" for line in log.excerpt())
            out.write(f"\nWhat to do: {step.remedy}\nThen run the same command again: it goes on from here.\n")
            out.flush()
            return False
        except KeyboardInterrupt:
            progress.end("interrupted")
            raise
        finally:
            log.close()
        progress.end()
    return True


def hold_lock(path: Path, out: IO[str] = sys.stdout) -> int:
    """Waits for the lock that keeps two set-ups apart, and returns it; it ends with the process and its children."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        out.write("Another set-up is at work in this folder: waiting for it …\n")
        out.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _relative(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
