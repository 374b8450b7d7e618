"""The programs `attendseg` and `demo`, started as a user does, and a tiny network for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist" / "main.js"
DEMO = ROOT / "demo" / "dist" / "main.js"
sys.path.append(str(ROOT / "test" / "networks"))

from making import HEIGHT, WIDTH, make_model, node, write_model  # noqa: E402

RED, GREEN, BLUE = (220, 30, 20), (20, 220, 30), (30, 20, 220)
"""What the network calls 0, 1 and 2."""

COLOURS = [[10, 20, 30], [200, 100, 0], [128, 64, 128]]
"""Of these classes, in the manifest."""


def node_program(*command: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", *map(str, command)], capture_output=True, text=True, check=False, timeout=timeout)


def attendseg(*arguments: object) -> subprocess.CompletedProcess[str]:
    return node_program(MAIN, *arguments)


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refused command prints."""
    assert done.returncode not in (0, None), done.stdout
    (line,) = done.stderr.splitlines()
    return line


def strongest_channel(folder: Path) -> Path:
    """A network whose class is the strongest of red, green and blue."""
    shape = [1, 3, HEIGHT, WIDTH]
    network = make_model([node("Identity", "x", "y")], [("x", "FLOAT", shape)], [("y", "FLOAT", shape)])
    write_model(folder, network, {"layout": "nchw_float32"}, {"kind": "logits"}, len(COLOURS))
    manifest = folder / "manifest.yaml"
    text = manifest.read_text(encoding="utf-8")
    for i, colour in enumerate(COLOURS):
        text = text.replace(f'"color": [{i}, {i}, {i}]', f'"color": {colour}')
    manifest.write_text(text, encoding="utf-8")
    return folder


def thirds() -> Image.Image:
    """Three upright stripes, red, green and blue: class 0, 1 and 2."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), RED)
    picture.paste(GREEN, (8, 0, 20, HEIGHT))
    picture.paste(BLUE, (20, 0, WIDTH, HEIGHT))
    return picture
