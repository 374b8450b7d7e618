"""`attendseg engine build` with a stand-in trtexec: what it makes, and what it says when it cannot."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from bench import AGX, jetson
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from bench import Bench


def test_builds_an_entry_and_finds_it_again(bench: Bench) -> None:
    built = bench.json("build")
    assert built["new"] is True
    facts = built["facts"]
    assert facts["ground"]["tensorrt"] == "10.3.0.30"
    assert facts["ground"]["l4t"] == "36.4.3"
    assert facts["device"] == {"name": "Orin", "sms": 8, "computeCapability": "8.7"}
    assert facts["powerMode"] == "pmode:0000"
    name = built["id"]
    files = [f"{name}.{ending}" for ending in ("engine", "json", "layers.json", "log", "onnx")]
    folder = bench.cache / name
    assert sorted(path.name for path in folder.iterdir()) == files
    for path in (bench.cache, folder):
        assert path.stat().st_mode & 0o777 == 0o700
    for kind in ("engine", "wrapper"):
        content = Path(built[kind]).read_bytes()
        assert facts[kind] == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    ((cwd, arguments),) = map(json.loads, bench.calls.read_text().splitlines())
    assert Path(cwd).parent == bench.cache
    assert {"--int8", "--fp16", "--skipInference", "--memPoolSize=workspace:1024"} <= set(arguments)
    assert "PASSED" in Path(built["log"]).read_text()

    again = bench.json("build")
    assert (again["new"], again["id"], bench.builds()) == (False, name, 1)
    forced = bench.json("build", "--force")
    assert (forced["new"], forced["id"], bench.builds()) == (True, name, 2)
    assert len(bench.entries()) == 1


def test_a_newer_tensorrt_10_only_warns(bench: Bench) -> None:
    bench.trtexec(code=101602)
    jetson(bench.folder / "agx", AGX, "10.16.2")
    bench.root = bench.folder / "agx"
    assert bench.json("build")["facts"]["trtexec"] == "10.16.2"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"code": 110000}, ["has no --int8 any more", "install TensorRT 10 and pin it"]),
        ({"code": 8601}, ["is of TensorRT 8.6.1", "install JetPack 6"]),
        ({"code": 101602}, ["is of TensorRT 10.16.2, but libnvinfer is 10.3.0.30"]),
        ({"mode": "garbage"}, ["does not tell a TensorRT version", "is it trtexec?"]),
    ],
)
def test_refuses_a_trtexec_that_cannot_be_right(bench: Bench, settings: dict, words: list[str]) -> None:
    bench.trtexec(**settings)
    line = bench.error("build")
    for word in words:
        assert word in line
    assert "\x1b" not in line
    assert bench.builds() == 0
    assert not bench.entries()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("failure", ["Could not find any implementation for node conv0", "Building engine failed"]),
        ("killed", ["ended by SIGKILL", "smaller --workspace"]),
        ("nothing", ["wrote no engine"]),
        ("no device", ["does not tell SMs"]),
        ("false pass", ["cannot load", "incompatible plan"]),
    ],
)
def test_a_failure_names_cause_log_and_remedy(bench: Bench, mode: str, words: list[str]) -> None:
    bench.trtexec(mode=mode)
    line = bench.error("build")
    log = bench.cache / "failed.log"
    for word in [*words, str(log)]:
        assert word in line
    assert "\x1b" not in line
    assert "Start parsing" in log.read_text()
    assert bench.names() == ["failed.log"]


def test_gives_up_after_the_timeout(bench: Bench) -> None:
    bench.trtexec(seconds=30)
    assert "was not done after 1 s" in bench.error("build", "--timeout", 1)
    assert bench.names() == ["failed.log"]


def building(bench: Bench, *arguments: object) -> subprocess.Popen[str]:
    """A builder whose trtexec is at work."""
    before = bench.builds()
    command = bench.command("build", *arguments)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 20
    while bench.builds() == before:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_trtexec_and_leaves_nothing(bench: Bench, number: signal.Signals) -> None:
    bench.trtexec(seconds=30)
    process = building(bench)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "interrupted" in errors
    assert bench.names() == ["failed.log"]


def test_a_killed_builder_leaves_no_entry_and_its_lock_is_taken_over(bench: Bench) -> None:
    bench.trtexec(seconds=30)
    process = building(bench)
    process.kill()
    process.communicate(timeout=20)
    assert "building.lock" in bench.names()
    assert bench.json("list")["engines"] == []
    bench.trtexec(seconds=0)
    assert bench.json("build")["new"] is True
    assert [name for name in bench.names() if not name.startswith("timing-")] == bench.entries()


def test_two_builders_build_once(bench: Bench) -> None:
    bench.trtexec(seconds=8)
    first = building(bench, "--json")
    line = bench.error("build", "--no-wait")
    assert f"process {first.pid} builds" in line
    second = bench.run("build", "--json")
    assert second.returncode == 0, second.stderr
    assert f"process {first.pid} builds" in second.stderr
    told, _ = first.communicate(timeout=40)
    assert [json.loads(said)["new"] for said in (told, second.stdout)] == [True, False]
    assert bench.builds() == 1


def test_a_lock_of_another_container_counts_while_it_is_touched(bench: Bench) -> None:
    bench.cache.mkdir(mode=0o700)
    lock = bench.cache / "building.lock"
    lock.write_text(json.dumps({"pid": 1, "started": "1", "place": "elsewhere"}))
    assert "process 1 builds" in bench.error("build", "--no-wait")
    past = time.time() - 300
    os.utime(lock, (past, past))
    assert bench.json("build", "--no-wait")["new"] is True


def test_refuses_before_it_starts(bench: Bench, tmp_path: Path) -> None:
    assert "a build needs 1000000000" in bench.error("build", "--room", 10**9)
    (bench.root / "etc/nv_tegra_release").unlink()
    assert "L4T" in bench.error("build")
    jetson(bench.root)
    (bench.root / "proc/device-tree/compatible").unlink()
    assert "/run/attendseg/compatible" in bench.error("build")
    jetson(bench.root)
    bench.cache = tmp_path / "file" / "cache"
    (tmp_path / "file").touch()
    assert "cannot be made (ENOTDIR)" in bench.error("build")
    assert bench.builds() == 0


def test_refuses_folders_that_others_may_write(bench: Bench) -> None:
    bench.json("build")
    bench.cache.chmod(0o770)
    for command in ("build", "list", "verify"):
        assert "others may write it (mode 770)" in bench.error(command)
    bench.cache.chmod(0o700)
    # A group of the user's own number, as Ubuntu makes it, is no other; root's has members.
    for mode in (0o777, 0o770) if os.geteuid() == 0 else (0o777,):
        bench.folder.chmod(mode)
        line = bench.error("build")
        assert f"others may write {bench.folder} (mode {mode:o}), and so replace it; chmod go-w {bench.folder}" in line
    bench.folder.chmod(0o1777)
    bench.json("build")
    bench.folder.chmod(0o700)
    engine = Path(bench.json("build")["engine"])
    engine.chmod(0o664)
    assert f"{engine}: others may write it (mode 664); chmod go-w {engine} if you trust" in bench.error("build")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_refuses_what_belongs_to_others(bench: Bench) -> None:
    built = bench.json("build")
    os.chown(built["engine"], 4321, 4321)
    assert "belongs to user 4321" in bench.error("build")
    os.chown(built["engine"], 0, 0)
    os.chown(bench.cache, 4321, 4321)
    assert "belongs to user 4321" in bench.error("build")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_refuses_a_read_only_folder(bench: Bench) -> None:
    bench.cache.mkdir(mode=0o500)
    assert "cannot be written (EACCES)" in bench.error("build")


@pytest.mark.parametrize("location", ["timing.cache", "./weights.bin", "engine", "model.onnx"])
def test_weights_by_names_of_the_build(bench: Bench, location: str) -> None:
    """A model's own files, whatever their names, touch nothing of the build."""
    folder = bench.folder / "model"
    folder.mkdir()
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 16, 16]) for name in ("x", "y")]
    weights = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "w")
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "g", value[:1], value[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = {"save_as_external_data": True, "size_threshold": 0}
    onnx.save_model(model, folder / "network.onnx", location=location, **options)
    manifest = {
        "name": "m",
        "input": {"layout": "nchw_float32", "width": 16, "height": 16},
        "output": {"kind": "logits"},
        "files": {"tensorrt": {"path": "network.onnx"}},
        "classes": [{"name": name, "color": "none"} for name in "abc"],
    }
    (folder / "manifest.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    if location == "model.onnx":
        # It would take the place of the network that was hashed.
        assert "cannot be written (EEXIST)" in bench.error("build", "--model", folder)
        return
    built = bench.json("build", "--model", folder)
    assert Path(built["engine"]).read_bytes().startswith(b"engine")
    assert [path.read_bytes() for path in bench.cache.glob("timing-*.cache")] == [b"timings"]
