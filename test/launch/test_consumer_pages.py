"""docs/nav2.md, nvblox.md, rviz.md and consumers.md: what they show is what there is."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
STACKS = ["nav2.md", "nvblox.md", "rviz.md"]


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("name", [*STACKS, "install.md", "replay.md"])
def test_the_launch_lines_work(launch, name):
    """Of an argument that is not declared, or a value that is not allowed, launch says so."""
    lines = [line for block in blocks(page(name), "bash") for line in block.splitlines()]
    started = [shlex.split(line)[3:] for line in lines if line.startswith("ros2 launch attendseg_node")]
    assert started
    for file, *arguments in started:
        given = dict(argument.split(":=") for argument in arguments)
        # It would be written here.
        given.pop("costmap_yaml", None)
        assert launch(file, **given).attendseg


@pytest.mark.parametrize("name", STACKS)
def test_the_yaml_is_yaml_and_the_sections_are_there(name):
    text = page(name)
    assert all(yaml.safe_load(block) for block in blocks(text, "yaml"))
    for section in ("## Topics", "## When nothing comes"):
        assert f"\n{section}\n" in text


def test_the_costmap_is_what_launch_writes(launch):
    (shown,) = launch("nav2.launch.py", cloud="/camera/depth/color/points").lines
    (printed,) = blocks(page("nav2.md"), "yaml")
    assert yaml.safe_load(printed) == yaml.safe_load(shown)


def test_the_topics_are_those_of_the_node():
    topics = set(re.findall(r"\| `(segmentation/[^`]+)`", page("topics.md")))
    for name in STACKS:
        shown = set(re.findall(r"[ `/](segmentation/[a-z_/]+)`", page(name)))
        assert shown <= topics, name


def test_every_test_that_is_named_exists():
    named = re.findall(r"`(test/[^`:]+)::(\w+)`", page("consumers.md"))
    rows = [line for line in page("consumers.md").splitlines() if line.startswith("| ")][2:]
    assert all("::" in row for row in rows) and len(named) >= len(rows) > 10
    for file, test in named:
        assert re.search(rf"^def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{test}"


def test_the_readme_leads_to_the_pages():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in [*STACKS, "consumers.md"]:
        assert f"(docs/{name})" in readme
