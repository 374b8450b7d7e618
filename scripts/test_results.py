"""Makes a folder for the reports of one test run, and prints its path: python3 scripts/test_results.py PARENT

Runs are named by time and process, so that two at once have their own. Of older runs the last few are kept, and all
that are still written to.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from pathlib import Path

KEPT = 5
"""Runs, with the new one."""

RUN = re.compile(r"\d{8}-\d{6}-\d+")
"""Other names are not ours to remove."""

RECENT = 2 * 3600
"""Seconds since the last report, in which a run may still be going on: more than a suite may take."""


def make_run(parent: Path, now: float | None = None) -> Path:
    now = time.time() if now is None else now
    run = parent / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{os.getpid()}"
    run.mkdir(parents=True)
    runs = sorted(path for path in parent.iterdir() if path.is_dir() and RUN.fullmatch(path.name))
    for old in runs[:-KEPT]:
        if old != run and now - old.stat().st_mtime > RECENT:
            # Another run may be removing it as well.
            shutil.rmtree(old, ignore_errors=True)
    return run


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 scripts/test_results.py PARENT")
    print(make_run(Path(sys.argv[1])))
