"""scripts/build.mjs on a small program: a build that was cut in the middle is not taken for a finished one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ros2_ws/src/attendseg_node"

pytestmark = pytest.mark.skipif(not (ROOT / "node_modules/typescript").exists(), reason="no packages: npm ci first")

CUT_WRITE = Path(__file__).with_name("cut_write.mjs")

SOURCES = {
    "main.ts": "import { other } from './other.js';\nexport const name = `first 1 ${other}`;\n",
    "other.ts": "export const other = 1;\n",
    "vision/assembly/kernels.ts": "export function one(): i32 { return 1; }\n",
    "vision/assembly/tsconfig.json": '{ "extends": "assemblyscript/std/assembly.json" }\n',
}


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path in ("scripts/build.mjs", "tsconfig.base.json", f"{PACKAGE}/tsconfig.json"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
        (folder / "package.json").write_text('{ "type": "module" }')
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        self.write(SOURCES)

    def write(self, sources: dict[str, str]) -> None:
        for name, text in sources.items():
            path = self.folder / PACKAGE / "src" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def dist(self) -> dict[str, bytes]:
        """What was built, without the compiler's own record."""
        dist = self.folder / "dist"
        return {
            str(path.relative_to(dist)): path.read_bytes()
            for path in dist.rglob("*")
            if path.is_file() and path.suffix != ".tsbuildinfo"
        }

    def times(self) -> dict[str, int]:
        dist = self.folder / "dist"
        return {str(path.relative_to(dist)): path.stat().st_mtime_ns for path in dist.rglob("*") if path.is_file()}

    def build(self, cut: str | None = None) -> int:
        """`cut`: a part of a file's path, in the middle of whose writing the compiler is killed."""
        hook = {} if cut is None else {"CUT": cut, "NODE_OPTIONS": f"--import {CUT_WRITE}"}
        command = ["node", "scripts/build.mjs", "--product"]
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | hook, check=False, capture_output=True, timeout=120
        ).returncode


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    made = Checkout(tmp_path_factory.mktemp("whole"))
    assert made.build() == 0
    return made.dist()


@pytest.mark.parametrize("cut", ["dist/vision/kernels.wasm", "dist/main.js"])
def test_a_first_build_that_was_cut_is_done_anew(checkout: Checkout, whole: dict[str, bytes], cut: str) -> None:
    assert checkout.build(cut) != 0
    assert checkout.build() == 0
    assert checkout.dist() == whole


@pytest.mark.parametrize("cut", ["dist/main.js", "dist/tsconfig.tsbuildinfo"])
def test_so_is_a_later_one_whose_sources_went_back(checkout: Checkout, whole: dict[str, bytes], cut: str) -> None:
    """The compiler's own record is of the build before: it sees the sources that it knows."""
    assert checkout.build() == 0
    changed = {name: text.replace("1", "2") for name, text in SOURCES.items()}
    checkout.write(changed)
    assert checkout.build(cut) != 0
    checkout.write(SOURCES)
    assert checkout.build() == 0
    assert checkout.dist() == whole


def test_nothing_is_built_twice(checkout: Checkout) -> None:
    assert checkout.build() == 0
    before = checkout.times()
    assert checkout.build() == 0
    assert checkout.times() == before


def test_errors_in_the_sources_are_no_cut(checkout: Checkout) -> None:
    """What was built stays, so that the next build is quick."""
    assert checkout.build() == 0
    before = checkout.times()["vision/kernels.wasm"]
    checkout.write({"main.ts": "export const name: string = 5;\n"})
    assert checkout.build() != 0
    assert checkout.build() != 0
    assert checkout.times()["vision/kernels.wasm"] == before
