"""The picture of `npm run bench`: bars of ours beside the Python node's or session runs, as SVG. Needs no ROS."""

from html import escape
from typing import Any

from judge import MISSED, MISSING, medians, verdicts
from plan import OUTSIDE, P50

COLOURS = {"ours": "#2f6fb3", "peer": "#b9bec6", "session": "#d9c58b"}
NAMES = {"ours": "this node", "peer": "plain Python node", "session": "session runs alone"}
PANELS = {
    P50: "from stamp to arrival, or of a session run: median, milliseconds",
    OUTSIDE: "processor time for an output, without the session run, milliseconds",
    "per second": "outputs, or session runs, a second",
    "first output [s]": "from process start to first mask, seconds",
}
FLOODED = ("throughput", "gc")
WIDTH, LEFT, RIGHT = 900, 270, 160
BAR, GAP, HEAD = 15, 12, 34

Bars = list[tuple[str, float]]
"""Candidate and value."""


def bars_of(result: dict[str, Any], metric: str) -> dict[str, Bars]:
    """By row: what was measured. Of a node that is fed more than it can take only what comes out a second."""
    rows: dict[str, Bars] = {}
    for row in result["rows"]:
        found = medians(row)
        bars = [(name, values[metric]) for name, values in found.items() if values.get(metric) is not None]
        is_flooded = row["section"] in FLOODED
        if bars and is_flooded == (metric == "per second") and (not is_flooded or len(bars) > 1):
            rows[row["name"]] = bars
    return rows


def text(x: float, y: float, content: str, anchor: str = "start", style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{escape(content)}</text>'


def panel(result: dict[str, Any], metric: str, top: float) -> tuple[list[str], float]:
    """The bars of one measure, and where they end."""
    rows = bars_of(result, metric)
    if not rows:
        return [], top
    judged = {each.row: each for each in verdicts(result) if each.metric == metric}
    goals = {row["name"]: goal for row in result["rows"] for goal in row["goals"] if goal["metric"] == metric}
    scale = (WIDTH - LEFT - RIGHT) / max(max(value for _, value in bars) for bars in rows.values() if bars)
    parts = [text(14, top + 20, PANELS[metric], style='font-weight="bold"')]
    y = top + HEAD
    for name, bars in rows.items():
        height = BAR * len(bars)
        parts.append(text(LEFT - 8, y + height / 2 + 4, name, "end"))
        for number, (candidate, value) in enumerate(bars):
            # A run may take less processor time than it lasts: such bars have no length.
            length = max(0.0, value * scale)
            place = f'x="{LEFT}" y="{y + number * BAR}" width="{length:.1f}" height="{BAR - 2}"'
            parts.append(f'<rect {place} fill="{COLOURS[candidate]}"/>')
            parts.append(text(LEFT + length + 5, y + number * BAR + 11, f"{value:.1f}"))
        if name in judged:
            parts += goal_mark(goals[name], dict(bars), y, scale)
            is_bad = judged[name].state in (MISSED, MISSING)
            ratio = "" if judged[name].value is None else f" {judged[name].value:.2f}"
            style = f'fill="{"#b3261e" if is_bad else "#2e7d32"}"'
            parts.append(text(WIDTH - 10, y + height / 2 + 4, f"{judged[name].state}{ratio}", "end", style))
        y += height + GAP
    return parts, y + 6


def goal_mark(goal: dict[str, Any], values: dict[str, float], y: float, scale: float) -> list[str]:
    """A line where our bar may end at most, or at least."""
    base = values.get(goal["against"]) if goal["against"] else 1.0
    if base is None:
        return []
    x = LEFT + goal["bound"] * base * scale
    return [f'<path d="M{x:.1f} {y - 4} V{y + BAR}" stroke="#111" stroke-width="1.5" stroke-dasharray="3 2"/>']


def legend(result: dict[str, Any]) -> list[str]:
    parts, x = [], 14.0
    for name in dict.fromkeys(name for row in result["rows"] for name in row["rounds"]):
        parts += [
            f'<rect x="{x}" y="59" width="12" height="12" fill="{COLOURS[name]}"/>',
            text(x + 17, 70, NAMES[name]),
        ]
        x += 40 + 7 * len(NAMES[name])
    return [*parts, text(x, 70, "dashed: the goal for this node")]


def plot(result: dict[str, Any]) -> str:
    machine = result["machine"]
    title = f"attendseg_node {machine['commit']}" + (
        "" if result["quiet"] else ": NOT QUIET, figures are not worth much"
    )
    about = f"{machine['cpu']}, {machine['cores']} cores; medians, rounds: {result['round count']}"
    parts = [text(14, 26, title, style='font-size="15" font-weight="bold"'), text(14, 44, about), *legend(result)]
    y = 84.0
    for metric in PANELS:
        more, y = panel(result, metric, y)
        parts += more
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}"'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([f'{head} font-family="sans-serif" font-size="12">', background, *parts, "</svg>", ""])
