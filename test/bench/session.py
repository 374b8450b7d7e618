"""Session runs of a blank picture, one after the other, as session.mjs; prints JSON, times in milliseconds.

python test/bench/session.py MODEL.onnx THREADS SECONDS
"""

import json
import sys
import time

import numpy as np
from peer_session import open_session
from settings import percentile


def main() -> None:
    model, threads, seconds = sys.argv[1:]
    session = open_session(model, int(threads))
    (first,) = session.get_inputs()
    feed = {first.name: np.zeros(first.shape, np.uint8)}
    for _ in range(10):
        session.run(None, feed)
    times = []
    used = time.process_time()
    started = now = time.perf_counter()
    while now - started < float(seconds):
        session.run(None, feed)
        then, now = now, time.perf_counter()
        times.append(1000 * (now - then))
    used = time.process_time() - used
    times.sort()
    result = {
        "runs": len(times),
        "p50 [ms]": percentile(times, 0.5),
        "p95 [ms]": percentile(times, 0.95),
        "per second": len(times) / (now - started),
        "CPU per output [ms]": 1000 * used / len(times),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
