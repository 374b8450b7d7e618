"""Outputs and the engine cache on disks that are full or read-only: one line says so, and nothing is left half-written.

The disk is a small tmpfs where a mount namespace may be made. Elsewhere files may grow no larger than a few KiB, which
is what a full disk looks like to a program, and /sys, which takes no file of anybody, is the read-only folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench import Bench
from networks import cube_network
from PIL import Image
from record import DISK, Record
from small_disk import READ_ONLY, attempt, finished
from stage import Stage
from subject import ROOT

MAIN = ROOT / "dist" / "main.js"
SMALL_DISK = Path(__file__).with_name("small_disk.py")
# KiB: less than the outputs of twelve pictures of noise, more than the first of them.
SMALL = 48
# Where nobody may make a file, root included.
NO_FILES = Path("/sys/kernel")
PICTURES = 12
WIDTH, HEIGHT = 160, 120


@dataclass(frozen=True)
class Case:
    name: str
    # The command that writes into this folder, and the path that it is to name.
    command: Callable[[Path], list[str]]
    path: Callable[[Path], Path]


def disk(stage: Stage, _: int) -> Iterator[Record]:
    """All cases once, whatever the times."""
    folder = stage.folder / "disk"
    folder.mkdir()
    for number, (case, how) in enumerate((case, how) for case in cases(folder) for how in (str(SMALL), READ_ONLY)):
        place = folder / f"place{number}"
        place.mkdir()
        run = on_small_disk if (prefix := namespace(case)) else on_limits
        done = run(prefix, how, place, case)
        errors = [line for line in done["first"]["errors"] if line.startswith("attendseg: ")]
        yield Record(
            "disk",
            number,
            DISK,
            f"{case.name}, {'full' if how != READ_ONLY else how}",
            exit_code=done["first"]["code"],
            exit_code_again=done["again"]["code"],
            files=done["first"]["files"],
            path=str(case.path(done["place"])),
            log=errors[-1] if errors else None,
        )


def cases(folder: Path) -> list[Case]:
    pictures = folder / "pictures"
    pictures.mkdir()
    noise = np.random.default_rng(1)
    for i in range(PICTURES):
        Image.fromarray(noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)).save(pictures / f"{i:02}.png")
    model = cube_network(folder / "cube", WIDTH, HEIGHT)

    def segment(out: str, *options: str) -> Case:
        def command(place: Path) -> list[str]:
            words = ["segment", pictures, "-o", place / out, "--model", model, *options]
            return ["node", str(MAIN), *map(str, words)]

        return Case(f"segment to {out}", command, lambda place: place / out)

    bench = Bench(folder)
    bench.trtexec()

    def build(place: Path) -> list[str]:
        bench.cache = place / "cache"
        return bench.command("build", "--room", 0)

    return [
        segment("masks.mcap", "--compression", "none"),
        segment("masks", "--outputs", "mask,overlay"),
        segment("film.webp"),
        Case("engine build", build, lambda place: place / "cache"),
    ]


def namespace(case: Case) -> list[str]:
    """What gives a command a mount namespace of its own; nothing if that is not allowed."""
    # The cache's folders are to be root's or the user's, which they are not in a user namespace.
    users = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    if users and case.name == "engine build":
        return []
    prefix = ["unshare", *users, "--mount"]
    try:
        tried = subprocess.run([*prefix, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    except FileNotFoundError:
        return []
    return prefix if tried.returncode == 0 else []


def on_small_disk(prefix: list[str], how: str, place: Path, case: Case) -> dict:
    command = [*prefix, sys.executable, str(SMALL_DISK), how, str(place), *case.command(place)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return json.loads(done.stdout) | {"place": place}


def on_limits(_: list[str], how: str, place: Path, case: Case) -> dict:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * SMALL // PICTURES, resource.RLIM_INFINITY))

    first_place = NO_FILES if how == READ_ONLY else place
    first = attempt(case.command(first_place), limit if how != READ_ONLY else None)
    first["files"] = finished(place)
    return {"first": first, "again": attempt(case.command(place)), "place": first_place}
