"""A camera's flow through the node: python test/bench/flow.py [--size 1920x1080] [--rate 30] [--seconds 10]
        [--outputs mask,overlay] [--jpeg] [--each] [--against CHECKOUT] [--peer] [--rounds 5]

Camera, node and a subscriber of the outputs are three processes with the shipped Fast DDS profile. Prints frames sent,
received, segmented and lost, latency from stamp to the last of the outputs, and the node's CPU time. --each: a line for
each kind of output by itself. --against: rounds of this checkout and another (built) one by turns, with the medians of
both. --peer: the same with peer.py, a plain Python node, whose packages are fetched into .ros/bench.
--jpeg: the camera sends JPEG files. Run it in the environment of scripts/env.sh. All of it, judged: npm run bench.
"""

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path

from camera import street
from candidates import fetch_packages, node_of, peer
from judge import median
from measure import Round, measure, use_shipped_transport
from settings import KINDS, ROOT, Flow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--outputs", default="mask", help="such as mask,overlay")
    parser.add_argument("--each", action="store_true", help="each kind of output by itself")
    parser.add_argument("--against", type=Path, help="another checkout, built")
    parser.add_argument("--flags", action="append", default=[], help="by turns with these flags of Node.js, too")
    parser.add_argument("--peer", action="store_true", help="by turns with peer.py")
    parser.add_argument("--jpeg", action="store_true", help="the camera sends JPEG files")
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    use_shipped_transport()
    width, height = map(int, arguments.size.split("x"))
    outputs = tuple(arguments.outputs.split(","))
    flow = Flow(width, height, arguments.rate, arguments.seconds, outputs, arguments.jpeg)
    with tempfile.TemporaryDirectory() as folder:
        picture = street(width, height, Path(folder))
        ours = node_of(ROOT, flow)
        if arguments.each:
            for kind in KINDS:
                single = dataclasses.replace(flow, outputs=(kind,))
                results = [measure(ours, single, picture) for _ in range(arguments.rounds)]
                print(kind, json.dumps(median(results)))
            return
        candidates = [ours]
        if arguments.against:
            candidates.append(node_of(arguments.against.resolve(), flow))
        candidates.extend(node_of(ROOT, flow, flags) for flags in arguments.flags)
        if arguments.peer:
            fetch_packages()
            candidates.append(peer(Path(folder)))
        rounds: dict[str, list[Round]] = {candidate.name: [] for candidate in candidates}
        for _ in range(arguments.rounds):
            for candidate in candidates:
                rounds[candidate.name].append(measure(candidate, flow, picture))
        for name, results in rounds.items():
            print(name, json.dumps(median(results), indent=2))


if __name__ == "__main__":
    main()
