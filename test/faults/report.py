"""The table of a result, its findings, and what it belongs to. Nothing here needs ROS."""

from __future__ import annotations

import statistics
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from record import DISK, Record
from verdict import ENDS_WITHIN, RULES, findings, records_of

ROOT = Path(__file__).resolve().parents[2]


def describe() -> dict[str, str]:
    """Commit, day and processor."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else "unknown"

    changed = " with changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "commit": git("rev-parse", "--short", "HEAD") + changed,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "cpu": f"{models[0] if models else 'unknown'}, {len(models)} threads",
    }


def table(result: dict[str, Any]) -> str:
    """As Markdown, with a line for each finding below."""
    found = findings(result)
    rows = [["scenario", "faults", "median", "slowest", "allowed", "findings"]]
    for scenario in result["planned"]:
        records = [record for record in records_of(result) if record.scenario == scenario]
        amount = str(sum(finding.scenario == scenario for finding in found))
        rows.append([f"`{scenario}`", *figures(scenario, records, result["planned"][scenario]), amount])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines.insert(1, ["-" * width for width in widths])
    text = [f"| {' | '.join(line)} |" for line in lines]
    text += [f"{finding.scenario} {finding.number}: {finding.what}" for finding in found]
    return "\n".join(text)


def figures(scenario: str, records: list[Record], planned: int) -> list[str]:
    """How many faults, and seconds afterwards: the median, the slowest, and the bound."""
    faults = [record for record in records if record.number < planned or record.kind == DISK]
    seconds = [record.seconds for record in faults if record.seconds is not None]
    if not seconds:
        return [str(len(faults)), "", "", ""]
    allowed = ENDS_WITHIN if scenario.startswith("signal_") else RULES[scenario].within
    waits = " and its waits" if scenario == "back_off" else ""
    values = [f"{value:.2f} s" for value in (statistics.median(seconds), max(seconds))]
    return [str(len(faults)), *values, f"{allowed:g} s{waits}"]
