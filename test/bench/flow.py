"""A camera's flow through the node: python test/bench/flow.py [--size 1920x1080] [--rate 30] [--seconds 10]
        [--outputs mask,overlay] [--jpeg] [--each] [--against CHECKOUT] [--peer] [--rounds 5]

Camera, node and a subscriber of the outputs are three processes with the shipped Fast DDS profile. Prints frames sent,
received, segmented and lost, latency from stamp to the last of the outputs, and the node's CPU time. --each: a line for
each kind of output by itself. --against: rounds of this checkout and another (built) one by turns, with the medians of
both. --peer: the same with peer.py, a plain Python node; its packages come by
    pip install --target .ros/bench --no-deps onnxruntime==1.30.0 opencv-python-headless
--jpeg: the camera sends JPEG files. Run it in the environment of scripts/env.sh.
"""

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import PIL.Image
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, QoSReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("mask", "confidence", "color_mask", "overlay", "mask/compressed")


def street(size: tuple[int, int], folder: Path) -> Path:
    """A picture of the synthetic street, JPEG: noise would take a decoder far longer than pictures do."""
    command = ["node", str(ROOT / "street/export.mjs"), "--out", str(folder), "--seeds", "3", "--frames", "1"]
    subprocess.run([*command, "--size", f"{size[0]}x{size[1]}"], check=True, capture_output=True)
    (png,) = (folder / "image").iterdir()
    jpeg = folder / "street.jpg"
    PIL.Image.open(png).convert("RGB").save(jpeg, quality=90)
    return jpeg


def camera(size: tuple[int, int], rate: float, count: int, jpeg: str, start: multiprocessing.Event) -> None:
    """Publishes noise, or a JPEG file, at a steady rate, stamped just before each goes out."""
    rclpy.init()
    node = rclpy.create_node("bench_camera")
    width, height = size
    if jpeg:
        publisher = node.create_publisher(CompressedImage, "/camera/image_raw/compressed", qos_profile_sensor_data)
        message = CompressedImage(format="rgb8; jpeg compressed bgr8", data=Path(jpeg).read_bytes())
    else:
        publisher = node.create_publisher(Image, "/camera/image_raw", qos_profile_sensor_data)
        message = Image(width=width, height=height, encoding="rgb8", step=width * 3)
        message.data = np.random.default_rng(1).integers(0, 255, width * height * 3, np.uint8).tobytes()
    message.header.frame_id = "camera"
    start.wait()
    due = time.monotonic()
    for _ in range(count):
        time.sleep(max(0.0, due - time.monotonic()))
        due += 1 / rate
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
    time.sleep(1)
    rclpy.shutdown()


def cpu_seconds(pid: int) -> dict[str, float]:
    """User and system time of the main thread and of all threads."""
    ticks = os.sysconf("SC_CLK_TCK")

    def seconds(stat: Path) -> float:
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    return {"main": seconds(Path(f"/proc/{pid}/task/{pid}/stat")), "all": seconds(Path(f"/proc/{pid}/stat"))}


def thread_milliseconds(pid: int) -> dict[str, float]:
    """Time that each thread was on a processor, to the microsecond; by name and number."""
    result = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        result[f"{name} {int(task.name) - pid}"] = int((task / "schedstat").read_text().split()[0]) / 1e6
    return result


Command = tuple[str, list[str], dict[str, str]]
"""A candidate: its name, its command, and its environment."""


def node_of(root: Path, jpeg: bool, flags: str = "") -> Command:
    transport = ["-p", "image_transport:=compressed"] if jpeg else []
    main = str(root / "dist/main.js")
    node = ["node", *flags.split(), main, "node", "--ros-args", "-r", "image:=/camera/image_raw", *transport]
    return f"{root.name} {flags}".strip(), node, {}


def peer(folder: Path) -> Command:
    """The same file, as many threads as the node takes."""
    model = ROOT / "models/attendseg_camvid"
    classes = yaml.safe_load((model / "manifest.yaml").read_text())["classes"]
    colours = folder / "colours.json"
    colours.write_text(json.dumps([entry["color"] for entry in classes]))
    threads = max(1, len(os.sched_getaffinity(0)) - 1)
    program = str(Path(__file__).parent / "peer.py")
    command = [sys.executable, program, str(model / "attendseg_camvid_cpu_u8.onnx"), str(colours), str(threads)]
    return "peer", command, {"PYTHONPATH": f"{ROOT / '.ros/bench'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def measure(candidate: Command, arguments: argparse.Namespace, outputs: list[str]) -> dict[str, float | int | str]:
    """One round: a node in a process of its own."""
    width, height = map(int, arguments.size.split("x"))
    count = round(arguments.rate * arguments.seconds)
    # Not a fork: it would inherit threads of the middleware from the round before.
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Event()
    source = spawn.Process(target=camera, args=((width, height), arguments.rate, count, arguments.jpeg, start))
    source.start()
    _, command, environment = candidate
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | environment)
    topic = "/camera/image_raw/compressed" if arguments.jpeg else "/camera/image_raw"
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node("bench_subscriber", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    arrived: dict[tuple[int, int], int] = {}
    latencies: list[float] = []
    report: dict[str, str] = {}

    def on_output(message: Image | CompressedImage) -> None:
        stamp = message.header.stamp
        key = (stamp.sec, stamp.nanosec)
        arrived[key] = arrived.get(key, 0) + 1
        if arrived[key] == len(outputs):
            latencies.append(time.time() * 1000 - stamp.sec * 1000 - stamp.nanosec / 1e6)

    def on_report(message: DiagnosticArray) -> None:
        report.update({value.key: value.value for value in message.status[0].values})

    reliable = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
    for output in outputs:
        kind = CompressedImage if output.endswith("compressed") else Image
        node.create_subscription(kind, f"/segmentation/{output}", on_output, reliable)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_report, 10)
    while "frames received" not in report or node.count_subscribers(topic) == 0:
        executor.spin_once(timeout_sec=0.1)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    before, threads = cpu_seconds(process.pid), thread_milliseconds(process.pid)
    start.set()
    while source.is_alive():
        executor.spin_once(timeout_sec=0.1)
    after, threads_after = cpu_seconds(process.pid), thread_milliseconds(process.pid)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    process.send_signal(signal.SIGINT)
    process.wait(5)
    node.destroy_node()
    context.shutdown()
    latencies.sort()
    masks = len(latencies)

    def percentile(share: float) -> float:
        return round(latencies[min(masks - 1, int(share * masks))], 2) if masks else float("nan")

    run = float(report["run p50 [ms]"])
    used = 1000 * (after["all"] - before["all"]) / max(1, masks)
    return {
        "sent": count,
        "received": int(report["frames received"]),
        "lost in transport": report["lost in transport"],
        "superseded": int(report["dropped: superseded"]),
        "outputs": masks,
        "outputs per second": round(masks / arguments.seconds, 2),
        "p50 [ms]": percentile(0.5),
        "p95 [ms]": percentile(0.95),
        "session run p50 [ms]": run,
        "CPU per output [ms]": round(used, 2),
        "CPU per output outside the run [ms]": round(used - run, 2),
        "by thread [ms]": {
            name: round((total - threads.get(name, 0)) / max(1, masks), 2)
            for name, total in sorted(threads_after.items(), key=lambda item: threads.get(item[0], 0) - item[1])
            if total - threads.get(name, 0) > 0.05 * masks
        },
        "main thread CPU [% of a core]": round(100 * (after["main"] - before["main"]) / arguments.seconds, 1),
        "resident memory [MiB]": int(report["resident memory [MiB]"]),
    }


def median(rounds: list[dict[str, float | int | str]]) -> dict[str, float | int | str]:
    return {
        key: statistics.median(float(each[key]) for each in rounds) if isinstance(value, int | float) else value
        for key, value in rounds[0].items()
    }


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
    name = "FASTRTPS" if os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy") else "FASTDDS"
    os.environ.setdefault(f"{name}_DEFAULT_PROFILES_FILE", str(ROOT / "config/fastdds.xml"))
    outputs = arguments.outputs.split(",")
    with tempfile.TemporaryDirectory() as folder:
        is_jpeg = arguments.jpeg
        if is_jpeg:
            width, height = map(int, arguments.size.split("x"))
            arguments.jpeg = str(street((width, height), Path(folder)))
        else:
            arguments.jpeg = ""
        ours = node_of(ROOT, is_jpeg)
        if arguments.each:
            for kind in KINDS:
                print(kind, json.dumps(median([measure(ours, arguments, [kind]) for _ in range(arguments.rounds)])))
            return
        candidates = [ours]
        if arguments.against:
            candidates.append(node_of(arguments.against.resolve(), is_jpeg))
        candidates.extend(node_of(ROOT, is_jpeg, flags) for flags in arguments.flags)
        if arguments.peer:
            candidates.append(peer(Path(folder)))
        rounds: dict[str, list[dict[str, float | int | str]]] = {name: [] for name, *_ in candidates}
        for _ in range(arguments.rounds):
            for candidate in candidates:
                rounds[candidate[0]].append(measure(candidate, arguments, outputs))
        for name, results in rounds.items():
            print(name, json.dumps(median(results), indent=2))


if __name__ == "__main__":
    main()
