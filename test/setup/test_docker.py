"""The image for Jetsons, as far as it can be looked at without one: linters, what compose gets, its own steps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
JETSON = ROOT / "docker" / "jetson"
DOCKERFILE = (ROOT / "Dockerfile.jetson").read_text()


def linter(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"no {name} for this machine on PyPI")
    return found


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, env=os.environ | environment, cwd=ROOT
    )


def test_dockerfile() -> None:
    done = run(linter("hadolint"), ROOT / "Dockerfile.jetson")
    assert (done.returncode, done.stdout) == (0, "")


def test_scripts() -> None:
    done = run(linter("shellcheck"), "-x", *JETSON.glob("*.sh"), *(ROOT / "scripts").glob("*.sh"), ROOT / ".ci" / "run")
    assert (done.returncode, done.stdout) == (0, "")


def test_stages_and_what_they_copy() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    names = [name for _, name in stages]
    assert {"jetpack-6.2", "jetpack-7.2", "runtime", "engine-builder"} <= set(names)
    assert ("runtime", "engine-builder") in stages
    for files in re.findall(r"^COPY (docker/\S+(?: docker/\S+)*) /", DOCKERFILE, re.MULTILINE):
        assert all((ROOT / file).is_file() for file in files.split())
    for source in re.findall(r"--from=(\S+)", DOCKERFILE):
        assert source in names
    # Every image of others has a version.
    assert all(":" in base or base.startswith("jetpack-$") or base in names for base, _ in stages)


def test_no_step_loads_tensorrt() -> None:
    """It needs libraries that only the container's runtime brings."""
    steps = re.sub(r"^#.*$", "", DOCKERFILE, flags=re.MULTILINE)
    assert "trtexec" not in steps
    assert not re.search(r"^RUN .*\b(attendseg engine|ros2 launch)", steps, re.MULTILINE)


def compose(*files: Path, environment: dict[str, str]) -> dict:
    """The services, variables filled in as compose does."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        given = environment.get(name, "")
        assert given or operator != ":?", f"{name}: {rest}"
        return given or (rest or "")

    services: dict = {}
    for file in files:
        text = re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, file.read_text())
        for name, service in yaml.safe_load(text)["services"].items():
            services.setdefault(name, {}).update(service)
    for service in services.values():
        base = services.get(service.pop("extends", ""), {})
        for key, entry in base.items():
            service.setdefault(key, entry)
    return services


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A Jetson's files, and a copy of the scripts, which write beside themselves."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n")
    (tmp_path / "dev/nvgpu/igpu0").mkdir(parents=True)
    (tmp_path / "dev/dri").mkdir()
    for name in ("nvmap", "nvhost-gpu", "nvgpu/igpu0/ctrl", "dri/renderD128", "dri/card0"):
        (tmp_path / "dev" / name).touch()
    shutil.copytree(JETSON, tmp_path / "jetson")
    return tmp_path


def host(board: Path) -> subprocess.CompletedProcess[str]:
    return run(
        *("bash", board / "jetson/host.sh", "--root", board),
        HOME=str(board),
        ATTENDSEG_ALLOW_ROOT="1",
        ATTENDSEG_DATA=str(board / "data"),
    )


def test_what_compose_gets_of_a_board(board: Path) -> None:
    if os.getuid() == 0:
        os.chown(board / "dev/dri/renderD128", 0, 104)
        os.chown(board / "dev/nvmap", 0, 44)
    done = host(board)
    assert done.returncode == 0, done.stderr
    environment = dict(line.split("=", 1) for line in (board / "jetson/.env").read_text().splitlines())
    files = (board / "jetson/compose.yaml", board / "jetson/compose.override.yaml")
    services = compose(*files, environment=environment)
    for service in services.values():
        assert service["runtime"] == "nvidia"
        assert (service["network_mode"], service["ipc"]) == ("host", "host")
        assert service["user"] == f"{os.getuid()}:{os.getgid()}"
        assert service["read_only"] is True
        assert "/tmp" in service["tmpfs"]
        assert f"{board}/data:/data" in service["volumes"]
        assert "/etc/nv_tegra_release:/etc/nv_tegra_release:ro" in service["volumes"]
        groups = {str((board / "dev" / name).stat().st_gid) for name in ("nvmap", "nvgpu/igpu0/ctrl", "dri/renderD128")}
        assert set(service["group_add"]) == groups
        assert service["build"]["args"]["JETPACK"] == "6.2"
    assert services["attendseg"]["restart"] == "unless-stopped"
    assert services["engine"]["build"]["target"] == "engine-builder"
    assert (board / "data").is_dir()


def test_jetpack_7(board: Path) -> None:
    (board / "etc/nv_tegra_release").write_text("# R39 (release), REVISION: 2.0, GCID: 1, BOARD: generic\n")
    assert host(board).returncode == 0
    assert "JETPACK=7.2" in (board / "jetson/.env").read_text()


def test_what_is_no_jetson(board: Path) -> None:
    (board / "etc/nv_tegra_release").write_text("# R35 (release), REVISION: 4.1\n")
    assert "no image fits it" in host(board).stderr
    shutil.rmtree(board / "dev")
    (board / "etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.3\n")
    assert "no GPU devices" in host(board).stderr
    (board / "etc/nv_tegra_release").unlink()
    done = host(board)
    assert (done.returncode, "this is no Jetson" in done.stderr) == (1, True)
    assert not (board / "jetson/.env").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root is sent away")
def test_not_as_root(board: Path) -> None:
    assert "without sudo" in run("bash", board / "jetson/host.sh", "--root", board, ATTENDSEG_ALLOW_ROOT="").stderr


def test_another_onnx_runtime(tmp_path: Path) -> None:
    modules, folder = tmp_path / "node_modules", tmp_path / "packages"
    for part in ("common", "node"):
        (modules / f"onnxruntime-{part}").mkdir(parents=True)
        (modules / f"onnxruntime-{part}" / "of_npm").touch()
    folder.mkdir()
    replace = ("bash", JETSON / "replace_onnxruntime.sh", modules, folder)
    done = run(*replace)
    assert "should hold one onnxruntime-common-*.tgz" in done.stderr
    assert (modules / "onnxruntime-common/of_npm").exists()
    for part in ("common", "node"):
        content = tmp_path / "package"
        content.mkdir(exist_ok=True)
        (content / "package.json").write_text(f'{{"name": "onnxruntime-{part}", "version": "1.26.0"}}')
        with tarfile.open(folder / f"onnxruntime-{part}-1.26.0.tgz", "w:gz") as archive:
            archive.add(content, "package")
    assert run(*replace).returncode == 0
    for part in ("common", "node"):
        (file,) = (modules / f"onnxruntime-{part}").iterdir()
        assert f"onnxruntime-{part}" in file.read_text()
