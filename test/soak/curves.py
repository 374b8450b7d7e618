"""The picture of a soak, as SVG: memory, threads, pictures and latency over time. Needs no ROS."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from plot import text
from raw_data import Line, RawData
from verdict import cameras, share, warm_up

WIDTH, LEFT, RIGHT = 900, 60, 150
HEIGHT, GAP = 120, 46
COLOURS = ("#2f6fb3", "#b3261e", "#2e7d32", "#8a6d1f", "#6a3d9a")
PARTS = 150
"""Of the time, at most: a curve has a point for each."""

Curve = list[tuple[float, float]]
"""Seconds and value."""


@dataclass(frozen=True)
class Panel:
    title: str
    curves: dict[str, Curve]


def thinned(points: Iterable[tuple[float, list[float]]], step: float, of: Callable[[list[float]], float]) -> Curve:
    """One point for all values of a part."""
    parts: dict[int, list[float]] = {}
    for t, values in points:
        parts.setdefault(int(t // step), []).extend(values)
    return [((number + 0.5) * step, of(values)) for number, values in sorted(parts.items()) if values]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def rate(reports: list[Line], step: float, count: Callable[[Line], int]) -> Curve:
    """A second, of a counter."""
    totals = thinned(((line["t"], [count(line)]) for line in reports), step, max)
    return [(b[0], (b[1] - a[1]) / (b[0] - a[0])) for a, b in itertools.pairwise(totals)]


def panels(data: RawData) -> list[Panel]:
    step = max(data.about["cycle"] / 3, data.seconds / PARTS)

    def sampled(value: Callable[[Line], float]) -> Curve:
        return thinned(((sample["t"], [value(sample)]) for sample in data.samples), step, mean)

    def megabytes(*keys: str) -> Curve:
        return sampled(lambda sample: 1.024e-3 * (sample[keys[0]] - sum(sample[key] for key in keys[1:])))

    collected = [
        (line["t"], [1.024e-3 * line["collected"]["anonymous"]]) for line in data.samples if "collected" in line
    ]
    slow = [(line["t"], line["ms"]) for line in data.latencies]
    rates: dict[str, Curve] = {}
    for name, reports in cameras(data):
        rates[f"{name}: received"] = rate(reports, step, lambda line: line["received"])
        rates[f"{name}: masks"] = rate(reports, step, lambda line: line["masks"])
    return [
        Panel(
            "resident memory, MB",
            {
                "all": megabytes("rss"),
                "anonymous": megabytes("anonymous"),
                "files": megabytes("rss", "anonymous", "shmem"),
                "shared": megabytes("shmem"),
                "anonymous, collected": thinned(collected, step, mean),
            },
        ),
        Panel("handles", {"threads": sampled(lambda s: s["threads"]), "open files": sampled(lambda s: s["files"])}),
        Panel("pictures a second", rates),
        Panel(
            "from stamp to mask, ms",
            {"p50": thinned(slow, step, lambda v: share(v, 0.5)), "p99": thinned(slow, step, lambda v: share(v, 0.99))},
        ),
    ]


def round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= value)


def draw(panel: Panel, top: float, seconds: float) -> list[str]:
    width = WIDTH - LEFT - RIGHT
    highest = round_up(max((value for curve in panel.curves.values() for _, value in curve), default=1.0))
    bottom = top + HEIGHT
    parts = [text(14, top - 8, panel.title, style='font-weight="bold"')]
    for number in range(5):
        y = bottom - HEIGHT * number / 4
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 6, y + 4, f"{highest * number / 4:g}", "end"))
    for number, (name, curve) in enumerate(panel.curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [f"{LEFT + width * t / seconds:.1f} {bottom - HEIGHT * value / highest:.1f}" for t, value in curve]
        if places:
            parts.append(f'<path d="M{"L".join(places)}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(text(WIDTH - RIGHT + 8, top + 12 + 16 * number, name, style=f'fill="{colour}"'))
    return parts


def plot(data: RawData) -> str:
    about, machine = data.about, data.about["machine"]
    seconds = max(data.seconds, 1.0)
    title = f"attendseg_node {machine['commit']}: soak of {seconds / 60:.0f} of {about['minutes']:g} minutes"
    what = f"{about['cameras']} cameras, {about['size']} at {about['rate']:g} Hz, {about['network']} network"
    parts = [
        text(14, 26, title, style='font-size="15" font-weight="bold"'),
        text(14, 44, f"{machine['cpu']}, {machine['cores']} cores, nice {about['nice']}; {what}"),
        text(14, 60, "grey: warm-up, not judged; dashed: another model"),
    ]
    drawn = panels(data)
    top, height = 96.0, len(drawn) * (HEIGHT + GAP)
    scale = (WIDTH - LEFT - RIGHT) / seconds
    end = top + height - GAP
    parts.append(
        f'<rect x="{LEFT}" y="{top}" width="{warm_up(seconds) * scale:.1f}" height="{end - top}" fill="#f0f0f0"/>'
    )
    for event in data.events:
        if event["event"] == "swap":
            parts.append(
                f'<path d="M{LEFT + event["t"] * scale:.1f} {top}V{end}" stroke="#999" stroke-dasharray="3 3"/>'
            )
    for number, panel in enumerate(drawn):
        parts += draw(panel, top + number * (HEIGHT + GAP), seconds)
    for number in range(7):
        minutes = seconds / 60 * number / 6
        parts.append(text(LEFT + minutes * 60 * scale, end + 18, f"{minutes:.3g} min", "middle"))
    size = f'width="{WIDTH}" height="{end + 30:.0f}" viewBox="0 0 {WIDTH} {end + 30:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([f'{head} font-family="sans-serif" font-size="12">', background, *parts, "</svg>", ""])
