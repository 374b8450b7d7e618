"""`attendseg doctor` on this machine, through the built program."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest
from program import MAIN, ROOT, attendseg, error_of, node_program, strongest_channel

NODE = shutil.which("node")
LEVELS = {"ok", "info", "warning", "error"}
Report = dict[str, dict[str, str]]


def doctor(*arguments: object, env: dict[str, str] | None = None) -> tuple[int, Report]:
    """The exit code, and the findings by name."""
    command = [str(NODE), str(MAIN), "doctor", "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=env)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    findings = report["findings"]
    assert {finding["level"] for finding in findings} <= LEVELS
    for level in ("error", "warning"):
        assert report[level + "s"] == sum(finding["level"] == level for finding in findings)
    assert not any("this check failed" in finding["value"] for finding in findings)
    return done.returncode, {finding["name"]: finding for finding in findings}


def sourced(**more: str) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("FASTRTPS_", "FASTDDS_"))}
    return env | more


def profile_variable() -> str:
    return (
        "FASTRTPS_DEFAULT_PROFILES_FILE"
        if os.environ["ROS_DISTRO"] in ("humble", "jazzy")
        else ("FASTDDS_DEFAULT_PROFILES_FILE")
    )


def test_this_machine_can_run_the_node() -> None:
    code, found = doctor(env=sourced(**{profile_variable(): str(ROOT / "config" / "fastdds.xml")}))
    assert code == 0, [finding for finding in found.values() if finding["level"] == "error"]
    for name in ("Node.js", "onnxruntime", "providers", "manifest", "cpu file", "rclnodejs", "packages", "profile"):
        assert found[name]["level"] == "ok", found[name]


def test_people_get_lines_with_their_level_and_a_sum() -> None:
    done = attendseg("doctor")
    first, *rest = done.stdout.splitlines()
    assert first == "Board"
    assert "\x1b" not in done.stdout
    assert rest[-1] == f"{done.stdout.count('  error    ')} errors, " + rest[-1].split(", ")[1]
    assert all(len(line) <= 100 or " " not in line.strip() for line in rest)


def test_a_terminal_gets_colours() -> None:
    main, end = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    subprocess.run([str(NODE), str(MAIN), "doctor"], stdout=end, check=False, timeout=60, env=env)
    os.close(end)
    text = b""
    while True:
        try:
            text += os.read(main, 65536)
        except OSError:
            break
    os.close(main)
    assert b"\x1b[32mok     \x1b[39m" in text


def test_without_any_environment_it_is_a_plain_machine() -> None:
    code, found = doctor(env={})
    assert code == 0
    assert found["distribution"]["level"] in ("info", "warning")
    assert found["cache"]["level"] == "info"


def test_a_home_that_cannot_be_written() -> None:
    code, found = doctor(env={"HOME": "/proc/1/nothing"})
    assert code == 0
    assert "/proc/1/nothing/.cache/attendseg_node/engines" in found["cache"]["value"]


def test_a_profile_that_is_missing_is_an_error(tmp_path: Path) -> None:
    code, found = doctor(env=sourced(**{profile_variable(): str(tmp_path / "none.xml")}))
    assert code == 1
    assert found["profile"]["value"] == f"{profile_variable()}: {tmp_path}/none.xml is not there"
    assert str(ROOT / "config" / "fastdds.xml") in found["profile"]["remedy"]


def test_a_model_whose_file_has_changed_is_an_error(tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(ROOT / "models" / "attendseg_camvid", model)
    (file,) = model.glob("*_cpu_u8.onnx")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    code, found = doctor("--model", model)
    assert code == 1
    assert "sha256 is" in found["cpu file"]["value"]
    assert found["tensorrt file"]["level"] == "ok"
    code, found = doctor("--model", tmp_path / "none")
    assert code == 1
    assert found["manifest"]["level"] == "error"
    code, found = doctor("--model", strongest_channel(tmp_path / "own"))
    assert found["cpu file"]["level"] == "warning"
    assert "add files.cpu.sha256: " in found["cpu file"]["remedy"]


def test_large_pictures_need_more_shared_memory() -> None:
    env = sourced(**{profile_variable(): str(ROOT / "config" / "fastdds.xml")})
    _, found = doctor("--image", "4096x3000", env=env)
    assert found["profile"]["level"] == "warning"


def test_it_says_why_onnxruntime_cannot_be_loaded(tmp_path: Path) -> None:
    """As where a library is missing that a build of one's own needs: the other commands do not start."""
    for name in ("dist", "models", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "package.json", tmp_path)
    modules = tmp_path / "node_modules"
    modules.mkdir()
    for module in (ROOT / "node_modules").iterdir():
        if module.name != "onnxruntime-node":
            (modules / module.name).symlink_to(module)
    ignored = shutil.ignore_patterns("libonnxruntime.so*", "darwin", "win32")
    shutil.copytree(ROOT / "node_modules" / "onnxruntime-node", modules / "onnxruntime-node", ignore=ignored)
    main = tmp_path / "dist" / "main.js"
    line = error_of(node_program(main, "model", "inspect", "x.onnx"))
    assert line.startswith("attendseg: cannot start: libonnxruntime.so.1: cannot open shared object file")
    assert line.endswith("; attendseg doctor says more")
    told = node_program(main, "doctor", "--json")
    assert told.returncode == 1
    found = {finding["name"]: finding["value"] for finding in json.loads(told.stdout)["findings"]}
    assert found["onnxruntime"].endswith("has no libonnxruntime.so")
    assert found["providers"].startswith("onnxruntime-node cannot be loaded: libonnxruntime.so.1: cannot open")


@pytest.mark.skipif(os.getuid() != 0, reason="gives a file to another user")
def test_shared_memory_of_another_user_is_named() -> None:
    file = Path(f"/dev/shm/fastrtps_doctor_{os.getpid()}")
    file.touch()
    os.chown(file, 65534, 65534)
    try:
        _, found = doctor()
        assert found["owners"]["level"] == "warning"
        assert "topics are seen, and no data comes" in found["owners"]["value"]
    finally:
        file.unlink()
