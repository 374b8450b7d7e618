"""The table that `npm run bench` prints. Nothing here needs ROS."""

from typing import Any

from judge import MET, MISSED, MISSING, Verdict, exit_code, medians, verdicts
from plan import OUTSIDE, P50, P95, RUN

SHOWN = (
    RUN,
    P50,
    P95,
    "per second",
    "first output [s]",
    "CPU per output [ms]",
    OUTSIDE,
    "frames lost",
    "resident memory [MiB]",
    "mark-compacts",
)
ONLY_WITH_GOAL = ("per second", "mark-compacts")
WIDTHS = (42, 10, 10, 8, 9)


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def line(*cells: str) -> str:
    first, *others = (cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=False))
    return "".join([first.strip().ljust(WIDTHS[0]), *others, *(f"  {cell}" for cell in cells[len(WIDTHS) :])]).rstrip()


def lines_of(row: dict[str, Any], judged: list[Verdict]) -> list[str]:
    found = medians(row)
    ours = found.get("ours", {})
    beside = next((name for name in found if name != "ours"), None)
    title = row["name"] + (", beside session runs" if beside == "session" else "")
    lines = [title]
    if row.get("error"):
        lines.append(f"  failed: {row['error']}")
    by_metric = {each.metric: each for each in judged if each.row == row["name"]}
    for metric in SHOWN:
        about = by_metric.get(metric)
        if about is None and (metric not in ours or metric in ONLY_WITH_GOAL):
            continue
        # A run of the session is held against a flow in one respect only.
        is_alike = beside is not None and (beside != "session" or about is not None)
        value, other = ours.get(metric), found[beside].get(metric) if is_alike else None
        ratio = f"{value / other:.3f}" if value is not None and other else ""
        result = f"{about.state}{f': {about.why}' if about.why else ''}" if about else ""
        cells = ("  " + metric, number(value), number(other) if is_alike else "", ratio, about.goal if about else "")
        lines.append("  " + line(*cells, result))
    return lines


def table(result: dict[str, Any]) -> str:
    """All rows: medians of ours and of what is beside it, their ratio, the goal and what became of it."""
    judged = verdicts(result)
    lines = [f"{key}: {value}" for key, value in result["machine"].items()]
    lines += [f"rounds: {result['round count']}{', quick' if result['quick'] else ''}"]
    if not result["quiet"]:
        lines.append(f"NOT QUIET, figures are not worth much: {'; '.join(result['noise'])}")
    lines += ["", "  " + line("", "this node", "beside", "ratio", "goal")]
    for row in result["rows"]:
        lines += lines_of(row, judged)
    bad = [f"{each.row}: {each.metric}" for each in judged if each.state in (MISSED, MISSING)]
    met = f"{sum(each.state == MET for each in judged)} of {len(judged)} goals are met"
    lines += ["", met + (f"; missed: {', '.join(bad)}" if bad else "")]
    if len(result["rows"]) < result["planned"]:
        lines.append(f"broken off after {len(result['rows'])} of {result['planned']} comparisons")
    elif exit_code(result) and not bad:
        lines.append("a comparison failed")
    return "\n".join(lines)
