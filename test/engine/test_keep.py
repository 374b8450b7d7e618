"""`attendseg engine list`, `verify` and `clean`, and which engine a machine takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from bench import AGX, jetson

if TYPE_CHECKING:
    from bench import Bench


def test_list_says_what_is_usable_here(bench: Bench) -> None:
    assert "no engines in" in bench.run("list").stdout
    name = bench.json("build")["id"]
    heading, row = bench.run("list").stdout.splitlines()
    assert heading.startswith("engine")
    assert name in row and "(8 SMs)" in row and row.endswith("  yes")
    for board, tensorrt, why in ((AGX, "10.3.0", "for nvidia,p3768"), (None, "10.7.0", "for TensorRT 10.3.0.30")):
        root = bench.folder / tensorrt
        bench.root = jetson(root, board, tensorrt) if board else jetson(root, tensorrt=tensorrt)
        assert why in bench.run("list").stdout
    bench.root = bench.folder / "nowhere"
    assert "this machine is not known" in bench.run("list").stdout


def test_power_mode_and_a_moved_card_are_warned_of(bench: Bench) -> None:
    bench.json("build")
    jetson(bench.root, mode="0002", serial="99")
    again = bench.json("build")
    assert again["new"] is False
    power, moved = again["warnings"]
    assert "pmode:0000" in power and "pmode:0002" in power
    assert "another board of the same name, with 8 SMs" in moved
    # The module did differ: its own engine takes the other's place.
    bench.trtexec(sms=16)
    forced = bench.json("build", "--force")
    assert forced["facts"]["device"]["sms"] == 16
    assert bench.entries() == [forced["id"]]


def test_verify_tells_layers_and_damage(bench: Bench) -> None:
    assert "has no engine" in bench.error("verify")
    built = bench.json("build")
    done = bench.run("verify", built["id"])
    assert done.returncode == 0
    assert "2 of 3 convolutions in int8" in done.stdout
    assert "not in int8: head (Channel major FP16" in done.stdout
    assert "has no engine other" in bench.error("verify", "other")

    engine, wrapper = Path(built["engine"]), Path(built["wrapper"])
    for path in (engine, wrapper):
        content = path.read_bytes()
        path.write_bytes(content[:-1] + b"?")
        done = bench.run("verify")
        assert (done.returncode, str(path) in done.stdout) == (1, True)
        assert "is not what was built" in bench.error("build")
        path.write_bytes(content)
    facts = Path(bench.cache / built["id"] / f"{built['id']}.json")
    changed = json.loads(facts.read_text())
    changed["device"]["sms"] = 4
    facts.write_text(json.dumps(changed))
    done = bench.run("verify", "--json")
    assert done.returncode == 1
    assert "does not describe an engine" in json.loads(done.stdout)["damaged"][0]["problem"]


def test_clean_removes_what_was_asked(bench: Bench) -> None:
    name = bench.json("build")["id"]
    assert "--all or --unusable" in bench.error("clean")
    (bench.cache / "damaged").mkdir()
    assert bench.json("clean", "--unusable") == {"removed": ["damaged"]}
    bench.root = bench.folder / "nowhere"
    assert "TensorRT" in bench.error("clean", "--unusable"), "an unknown machine must not remove what it cannot judge"
    bench.root = jetson(bench.folder / "agx", AGX)
    assert bench.json("clean", "--unusable") == {"removed": [name]}
    assert not bench.entries()
