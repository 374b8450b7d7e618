"""What a soak measured: JSON lines, one written after the other and never changed. Nothing here needs ROS."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "soak.jsonl"

Line = dict[str, Any]


class RawDataError(Exception):
    """There is none, or it cannot be read; in one line."""


@dataclass
class RawData:
    """Lines by kind, in the order of time; `t` in each: seconds since the cameras began."""

    about: Line
    """Machine, command, what was planned."""
    samples: list[Line] = field(default_factory=list)
    """Memory, threads, open files and processor time."""
    reports: list[Line] = field(default_factory=list)
    """Counters of a camera, as /diagnostics says them."""
    latencies: list[Line] = field(default_factory=list)
    """Milliseconds from stamp to arrival, of the masks since the line before."""
    events: list[Line] = field(default_factory=list)
    """Subscribing, unsubscribing, exchanging the model."""
    end: Line | None = None
    """How the node ended; none if the soak was broken off."""

    @property
    def seconds(self) -> float:
        return self.samples[-1]["t"] if self.samples else 0.0


class Recorder:
    """Writes raw data, each line at once. @throws RawDataError if the folder has some already, or cannot be written"""

    def __init__(self, folder: Path, about: Line) -> None:
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = path.open("x", encoding="utf-8", buffering=1)
        except FileExistsError:
            raise RawDataError(f"{path} is there already: give another folder (--out)") from None
        except OSError as error:
            raise RawDataError(f"{path} cannot be written: {error}; give another folder (--out)") from None
        self._began: float | None = None
        self._write({"kind": "about", **about})

    def begin(self) -> None:
        """The cameras begin now."""
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since they began; 0 before."""
        return 0.0 if self._began is None else time.monotonic() - self._began

    def write(self, kind: str, **values: Any) -> None:
        self._write({"kind": kind, "t": round(self.seconds, 2), **values})

    def close(self) -> None:
        self._file.close()

    def _write(self, line: Line) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")


def read(folder: Path) -> RawData:
    """@throws RawDataError that names file and line"""
    path = folder / FILE
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise RawDataError(f"{path} cannot be read: {error}; give the folder of a soak") from None
    # One that was killed while it wrote leaves half a line behind; that it was broken off shows all the same.
    parsed = [parse(path, number, line) for number, line in enumerate(lines[:-1], 1)]
    if not parsed or parsed[0].get("kind") != "about":
        raise RawDataError(f"{path}, line 1: does not say what was measured; give the folder of a soak")
    data = RawData(parsed[0])
    places = {"sample": data.samples, "report": data.reports, "latencies": data.latencies, "event": data.events}
    for number, line in enumerate(parsed[1:], 2):
        kind = line.get("kind")
        if kind == "end":
            data.end = line
        elif kind in places:
            places[kind].append(line)
        else:
            raise RawDataError(f"{path}, line {number}: {kind} is no kind of line; was the file changed?")
    return data


def parse(path: Path, number: int, line: str) -> Line:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise RawDataError(f"{path}, line {number}: no JSON ({error}); was the file changed?") from None
    if not isinstance(value, dict):
        raise RawDataError(f"{path}, line {number}: no table; was the file changed?")
    return value
