"""`npm run bench`: the node beside a plain Python node and beside raw session runs, judged against goals.

Comparisons by turns, each round in fresh processes; medians of the rounds. Prints a table and writes bench.json (all
rounds) and bench.svg. Exit codes: 0, 1 if a goal is missed or was not measured, 2 if the machine is not quiet or
something is missing. `--judge bench.json` prints the table of a file again, and needs no ROS.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from judge import exit_code, medians, verdicts
from plan import Row, rows, sections
from plot import plot
from quiet import look
from report import table
from settings import ROOT

Measuring = Callable[[], dict[str, Any]]


def candidates_of(row: Row, folder: Path, seconds: float) -> dict[str, Measuring]:
    """What is measured by turns; the first is ours."""
    # Here, as judging needs no ROS.
    from camera import street
    from candidates import ended_model, node_of, peer, session
    from measure import first_output, measure, run_session

    if row.kind == "session":
        model = ended_model(folder)
        node, python = session("node", "ours", seconds, model), session("python", "peer", seconds, model)
        return {"ours": lambda: run_session(node), "peer": lambda: run_session(python)}
    picture = street(row.flow.width, row.flow.height, folder)
    ours = node_of(ROOT, row.flow, "--trace-gc" if row.kind == "collections" else "", "ours")
    take = first_output if row.kind == "start" else measure
    result: dict[str, Measuring] = {"ours": lambda: take(ours, row.flow, picture)}
    if row.has_peer:
        python = peer(folder)
        result["peer"] = lambda: take(python, row.flow, picture)
    if row.kind == "throughput":
        alone = session("node", "session", seconds, ended_model(folder))
        result["session"] = lambda: run_session(alone)
    return result


def run(row: Row, rounds: int, folder: Path, seconds: float) -> dict[str, Any]:
    """All rounds of a row. What fails ends the row, and is said in it."""
    result: dict[str, Any] = {"section": row.section, "name": row.name, "flow": asdict(row.flow)}
    result |= {"goals": [asdict(goal) for goal in row.goals], "rounds": {}, "error": None}
    count = 1 if row.is_once else rounds
    try:
        candidates = candidates_of(row, folder, seconds)
        result["rounds"] = {name: [] for name in candidates}
        for number in range(count):
            for name, measuring in candidates.items():
                print(f"{row.name}: round {number + 1} of {count}, {name}", file=sys.stderr)
                result["rounds"][name].append(measuring())
    except (RuntimeError, OSError) as error:
        result["error"] = str(error)
        print(f"{row.name}: {error}", file=sys.stderr)
    return result


def save(result: dict[str, Any], out: Path) -> None:
    """With what is made of it. After each row, so that a run that was broken off is not lost."""
    summary = {
        "medians": {row["name"]: medians(row) for row in result["rows"]},
        "verdicts": [asdict(each) for each in verdicts(result)],
        "exit code": exit_code(result),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(result | summary, indent=1) + "\n")
    (out / "bench.svg").write_text(plot(result))


def give_up(message: str) -> NoReturn:
    print(f"bench: {message}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="npm run bench --", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, help="of each comparison (default: 5, quick 2)")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and seconds")
    parser.add_argument("--only", help=f"sections with commas between: {','.join(sections())}")
    parser.add_argument("--anyway", action="store_true", help="measure although the machine is not quiet")
    parser.add_argument("--out", type=Path, default=ROOT / ".ros/bench-results", help="folder of bench.json, bench.svg")
    parser.add_argument("--judge", type=Path, metavar="BENCH.json", help="judge these figures, and measure nothing")
    arguments = parser.parse_args()
    if arguments.judge:
        try:
            result = json.loads(arguments.judge.read_text())
        except (OSError, ValueError) as error:
            give_up(f"{arguments.judge} cannot be read: {error}; give the bench.json of a run")
        print(table(result))
        sys.exit(exit_code(result))
    only = arguments.only.split(",") if arguments.only else sections()
    if unknown := [name for name in only if name not in sections()]:
        parser.error(f"--only: {', '.join(unknown)}: no such section; there are {', '.join(sections())}")
    if arguments.rounds is not None and arguments.rounds < 1:
        parser.error("--rounds: at least 1")
    rounds = arguments.rounds or (2 if arguments.quick else 5)
    plan = [row for row in rows(arguments.quick) if row.section in only]

    from candidates import fetch_packages
    from machine import describe
    from measure import use_shipped_transport

    if not (ROOT / "dist/main.js").exists():
        give_up("dist/main.js is missing: npm run build first")
    if any(row.has_peer for row in plan):
        try:
            fetch_packages()
        except RuntimeError as error:
            give_up(str(error))
    noise = look()
    if noise and not arguments.anyway:
        give_up(f"the machine is not quiet: {'; '.join(noise)}. End that, or measure with --anyway")
    if noise:
        print(f"bench: warning: the machine is not quiet: {'; '.join(noise)}", file=sys.stderr)
    use_shipped_transport()
    result: dict[str, Any] = {"version": 1, "machine": describe(), "quiet": not noise, "noise": noise}
    result |= {"quick": arguments.quick, "round count": rounds, "planned": len(plan), "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        for row in plan:
            result["rows"].append(run(row, rounds, Path(folder), 2 if arguments.quick else 5))
            save(result, arguments.out)
    print(table(result))
    print(f"{arguments.out / 'bench.json'} has all rounds, {arguments.out / 'bench.svg'} the picture")
    sys.exit(exit_code(result))


if __name__ == "__main__":
    main()
