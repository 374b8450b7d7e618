"""Whatever ends a program while it writes, no half-written file has the final name."""

from __future__ import annotations

import resource
import signal
import subprocess
from pathlib import Path

import pytest
from program import MAIN, ROOT, strongest_channel

LIMIT = 500
"""Bytes of a file after which the system ends the program, or its write, in the middle: all results are longer."""

WRITE_TO_DEMO_FOLDER = """
const { OutFolder } = await import(process.argv[1]);
const out = OutFolder.open(process.argv[2]);
await out.write('summary.json', 'x'.repeat(2000));
"""


def cut_short(*command: object) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))

    return subprocess.run(
        ["node", *map(str, command)], capture_output=True, text=True, check=False, timeout=60, preexec_fn=limit
    )


def finished(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def inspect(folder: Path) -> list[object]:
    network = strongest_channel(folder.parent / "model") / "network.onnx"
    return [MAIN, "model", "inspect", network, "-o", folder]


def demo(folder: Path) -> list[object]:
    return ["--input-type=module", "-e", WRITE_TO_DEMO_FOLDER, ROOT / "demo" / "dist" / "outFolder.js", folder]


def export(folder: Path) -> list[object]:
    return [ROOT / "street" / "export.mjs", "--out", folder, "--seeds", "4", "--frames", "1", "--size", "160x120"]


@pytest.mark.parametrize("program", [inspect, demo, export])
def test_a_result_has_its_name_only_when_it_is_whole(program, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    command = program(folder)
    done = cut_short(*command)
    assert done.returncode != 0, "the limit was too wide"
    assert finished(folder) == []
    # And it goes on from there as if nothing had been.
    again = subprocess.run(["node", *map(str, command)], capture_output=True, text=True, check=False, timeout=60)
    assert again.returncode == 0, again.stderr
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.name in finished(folder)]
    assert sizes and min(sizes) > LIMIT


def test_the_next_demo_clears_what_the_last_one_left_unfinished(tmp_path: Path) -> None:
    others = [".summary.json", ".notes.txt.7.part", "summary.json.part"]
    for name in (".summary.json.4711.part", *others):
        (tmp_path / name).touch()
    subprocess.run(["node", *map(str, demo(tmp_path))], check=True, timeout=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".attendseg_demo", "summary.json", *others])
