"""Medians and verdicts from the raw figures of bench.json alone. Nothing here needs ROS."""

import statistics
from dataclasses import dataclass
from typing import Any

MET, MISSED, MISSING, NOT_JUDGED = "met", "MISSED", "MISSING", "not judged"


@dataclass(frozen=True)
class Verdict:
    """Of one goal. `value` is the measure, or its ratio where the goal is one; none where it was not measured."""

    row: str
    metric: str
    value: float | None
    goal: str
    state: str
    why: str = ""


def median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each number, also of those in tables; other values as in the first round."""
    result: dict[str, Any] = {}
    for key in dict.fromkeys(key for each in rounds for key in each):
        values = [each[key] for each in rounds if each.get(key) is not None]
        if not values:
            result[key] = None
        elif isinstance(values[0], dict):
            result[key] = median(values)
        elif isinstance(values[0], int | float):
            result[key] = round(statistics.median(values), 3)
        else:
            result[key] = values[0]
    return result


def medians(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: median(rounds) for name, rounds in row["rounds"].items()}


def goal_text(goal: dict[str, Any]) -> str:
    return f"{'>=' if goal['at_least'] else '<='} {goal['bound']:g}"


def verdict(row: dict[str, Any], goal: dict[str, Any], threads: int) -> Verdict:
    """What became of a goal. A figure that is missing is not met."""
    metric, against = goal["metric"], goal["against"]
    text = goal_text(goal)
    if "outside the run" in metric and threads > 1:
        # Its time is known, and not what each of its threads used of it.
        return Verdict(row["name"], metric, None, text, NOT_JUDGED, f"the session has {threads} threads")
    found = medians(row)
    value = found.get("ours", {}).get(metric)
    if value is None:
        return Verdict(row["name"], metric, None, text, MISSING, row.get("error") or "ours was not measured")
    if value < 0:
        why = "runs lasted longer than all processor time: others had the cores"
        return Verdict(row["name"], metric, None, text, MISSING, why)
    if against is not None:
        other = found.get(against, {}).get(metric)
        if other is None or other <= 0:
            why = row.get("error") or f"{against} was not measured"
            return Verdict(row["name"], metric, None, text, MISSING, why)
        value = value / other
    is_met = value >= goal["bound"] if goal["at_least"] else value <= goal["bound"]
    return Verdict(row["name"], metric, value, text, MET if is_met else MISSED)


def verdicts(result: dict[str, Any]) -> list[Verdict]:
    threads = result["machine"]["session threads"]
    return [verdict(row, goal, threads) for row in result["rows"] for goal in row["goals"]]


def exit_code(result: dict[str, Any]) -> int:
    """1 if a goal is missed, was not measured, or a comparison failed or is not there."""
    failed = len(result["rows"]) < result["planned"] or any(row.get("error") for row in result["rows"])
    return int(failed or any(each.state in (MISSED, MISSING) for each in verdicts(result)))
