"""What the programs say to misspelt, missing and impossible arguments: one line, and nothing is started."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from program import DEMO, HEIGHT, MAIN, WIDTH, attendseg, error_of, node_program, strongest_channel

PROGRAMS = {"attendseg": MAIN, "demo": DEMO}

EVALUATE = ["attendseg", "evaluate", "--images", "x", "--labels", "x"]


def refusal(program: str, *arguments: str) -> str:
    return error_of(node_program(PROGRAMS[program], *arguments))


@pytest.mark.parametrize(
    ("command", "nearest"),
    [
        ("attendseg evalute", "evaluate"),
        ("attendseg evalute --images x --labels x", "evaluate"),
        ("attendseg nod --ros-args -r image:=/x", "node"),
        ("attendseg model inspekt x.onnx", "inspect"),
        ("attendseg --hlep", "--help"),
        ("attendseg evaluate --imges x", "--images"),
        ("attendseg evaluate --imges=x --labels x", "--images"),
        ("attendseg model inspect x.onnx --sise 64x64", "--size"),
        ("demo camra", "camera"),
        ("demo --frmes 3", "--frames"),
        ("demo demo --frmes=3", "--frames"),
        ("demo camera --tpic x", "--topic"),
    ],
)
def test_misspelt_names_get_the_nearest(command: str, nearest: str) -> None:
    line = refusal(*command.split())
    assert line.startswith(f"{command.split()[0]}: unknown ")
    assert line.endswith(f"(Did you mean {nearest}?)")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("attendseg evaluate --labels x", "--images <dir>"),
        ("attendseg evaluate --images x", "--labels <dir>"),
        ("attendseg evaluate --labels x --images", "--images <dir>"),
        ("attendseg evaluate --images --labels x", "--images <dir>"),
        ("attendseg evaluate --images= --labels x", "--images <dir>"),
        ("attendseg evaluate --images x --labels x --model -o", "--model <path>"),
        ("attendseg model inspect", "'file'"),
        ("attendseg model inspect x.onnx -o", "--output <path>"),
        ("attendseg model inspect x.onnx -o --size 64x64", "--output <path>"),
        ("demo --images --live", "--images <dir>"),
        ("demo --out=", "--out <dir>"),
        ("demo camera --topic --print", "--topic <name>"),
    ],
)
def test_a_missing_value_is_named(command: str, name: str) -> None:
    line = refusal(*command.split())
    assert name in line
    assert "missing" in line


NUMBERS = [
    (EVALUATE, "--threads", "257"),
    (["demo"], "--frames", "0"),
    (["demo"], "--rate", "0"),
    (["demo"], "--seed", "4294967296"),
    (["demo", "camera"], "--rate", "1001"),
    (["demo", "camera"], "--count", "0"),
    (["demo", "camera"], "--seed", "1.5"),
]


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [(command, option, value) for command, option, own in NUMBERS for value in (own, "-1", "many")],
)
def test_impossible_numbers_are_refused_by_name(command: list[str], option: str, value: str) -> None:
    line = refusal(*command, option, value)
    assert f"option '{option} <" in line
    assert f"argument '{value}' is invalid. Give a" in line


@pytest.mark.parametrize("command", [["attendseg", "model", "inspect", "x.onnx"], ["demo"], ["demo", "camera"]])
def test_impossible_sizes_are_refused_by_name(command: list[str]) -> None:
    assert "argument '8x8' is invalid. Give it as 640x480, each 16 to 8192." in refusal(*command, "--size", "8x8")


@pytest.mark.parametrize(("option", "choices"), [("--file", "cpu or tensorrt"), ("--fit", "letterbox or stretch")])
def test_choices_are_told(option: str, choices: str) -> None:
    line = refusal(*EVALUATE, option, "other")
    assert f"option '{option} <" in line
    assert f"Choose {choices}." in line


@pytest.mark.parametrize(
    "command",
    [
        "attendseg",
        "attendseg node",
        "attendseg evaluate",
        "attendseg segment",
        "attendseg compare",
        "attendseg play",
        "attendseg engine",
        "attendseg engine build",
        "attendseg bench",
        "attendseg doctor",
        "attendseg model",
        "attendseg model inspect",
        "demo",
        "demo demo",
        "demo camera",
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    program, *words = command.split()
    told = node_program(PROGRAMS[program], *words, "--help")
    assert told.returncode == 0
    assert told.stdout.startswith(f"Usage: {command}")
    assert told.stdout.count("\nExample:\n") == 1
    example = told.stdout.split("\nExample:\n")[1].strip().splitlines()[0]
    assert example.startswith(("attendseg ", "npm run demo -- ", "node demo/dist/main.js "))
    assert '{"' not in told.stdout, "a value is told as it is in the program"
    # It is a call of the program that the help is of, with options that exist.
    for word in example.split(" --ros-args")[0].split():
        assert not word.startswith("--") or word == "--" or word in told.stdout.split("\nExample:")[0]


@pytest.mark.parametrize("form", ["-o {}", "-o={}", "-o{}", "--output {}", "--output={}"])
def test_all_usual_forms_of_an_option_mean_the_same(form: str, tmp_path: Path) -> None:
    network = strongest_channel(tmp_path / "model") / "network.onnx"
    done = attendseg("model", "inspect", *form.format(tmp_path).split(), network)
    assert done.returncode == 0, done.stderr
    assert "path: model/network.onnx" in (tmp_path / "manifest.yaml").read_text(encoding="utf-8")


def test_after_two_dashes_nothing_is_an_option() -> None:
    assert "-o=x.onnx cannot be read (ENOENT)" in refusal("attendseg", "model", "inspect", "--", "-o=x.onnx")
    assert "too many arguments for 'evaluate'" in refusal(*EVALUATE, "--", "--json")


@pytest.mark.parametrize("word", ["segment", "doctor"])
def test_a_reader_that_has_seen_enough_is_no_error(word: str) -> None:
    program = subprocess.Popen(
        ["node", str(PROGRAMS["attendseg"]), word, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    program.stdout.close()
    assert program.wait(30) == 0
    assert program.stderr is not None
    assert program.stderr.read() == ""
    program.stderr.close()


def test_bench(tmp_path: Path) -> None:
    """Its figures are there, and the report has what the doctor finds and what the network makes of a known picture."""
    model = strongest_channel(tmp_path / "model")
    done = attendseg("bench", "--model", model, "--frames", 10, "--sizes", "64x48,96x48", "--report")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(row["size"], row["output"]) for row in report["rows"]] == [
        (size, output) for size in ("64x48", "96x48") for output in ("mask", "overlay")
    ]
    for row in report["rows"]:
        assert 0 < row["run_p50"] <= row["run_p95"]
        assert row["run_p50"] < row["latency_p50"] <= row["latency_p95"]
        assert row["throughput"] > 0
    assert sum(report["probe"]["pixels"].values()) == WIDTH * HEIGHT
    assert {"group", "name", "level", "value"} <= set(report["doctor"][0])
    table = attendseg("bench", "--model", model, "--frames", 10, "--sizes", "64x48").stdout
    assert "64x48 mask" in table
    assert "resident memory" in table
    words = ("bench", "--model", model, "--against", "attendseg_camvid", "--frames", 15, "--sizes", "64x48")
    table = attendseg(*words).stdout
    assert re.findall(r"^(\S+) on cpu", table, re.MULTILINE) == ["model", "attendseg_camvid"]
    assert table.count("64x48 overlay") == 2
    assert re.search(r"^model takes 0\.\d\d to 0\.\d\d of attendseg_camvid's run, ", table, re.MULTILINE)
    both = json.loads(attendseg(*words, "--json").stdout)
    assert (both["model"], both["against"]["model"]) == ("model", "attendseg_camvid")
    assert [len(each["rows"]) for each in (both, both["against"])] == [2, 2]
