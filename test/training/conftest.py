"""Tests of the training code. They need torch, in training/.venv: `bash scripts/test.sh training` fetches it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))
os.environ.setdefault("MPLBACKEND", "Agg")
# Threads that wait for each other at every layer crawl where other tests run beside them.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class WithoutTorch(pytest.File):
    """Stands for a file of tests whose imports would fail."""

    class Skipped(pytest.Item):
        def runtest(self) -> None:
            pytest.skip("torch is not installed here: `bash scripts/test.sh training` fetches it, 6 GB")

    def collect(self) -> Iterator[pytest.Item]:
        yield self.Skipped.from_parent(self, name=self.path.stem)


if importlib.util.find_spec("torch") is None:

    def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Collector:
        return WithoutTorch.from_parent(parent, path=module_path)
