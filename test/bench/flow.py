"""How much of a camera's flow gets through: python test/bench/flow.py [--size 1920x1080] [--rate 30] [--seconds 10]

Camera, node and a subscriber of the masks are three processes with the shipped Fast DDS profile. Prints frames sent,
received, segmented and lost, latency from stamp to mask, and the node's CPU time by thread. Run it in the
environment of scripts/env.sh.
"""

import argparse
import json
import multiprocessing
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import QoSProfile, QoSReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image

ROOT = Path(__file__).resolve().parents[2]


def camera(size: tuple[int, int], rate: float, count: int, start: multiprocessing.Event) -> None:
    """Publishes noise at a steady rate, stamped just before each goes out."""
    rclpy.init()
    node = rclpy.create_node("bench_camera")
    publisher = node.create_publisher(Image, "/camera/image_raw", qos_profile_sensor_data)
    width, height = size
    message = Image(width=width, height=height, encoding="rgb8", step=width * 3)
    message.header.frame_id = "camera"
    message.data = np.random.default_rng(1).integers(0, 255, width * height * 3, np.uint8).tobytes()
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    count = round(arguments.rate * arguments.seconds)
    profile = str(ROOT / "config/fastdds.xml")
    name = "FASTRTPS" if os.environ.get("ROS_DISTRO") in ("humble", "iron", "jazzy") else "FASTDDS"
    os.environ.setdefault(f"{name}_DEFAULT_PROFILES_FILE", profile)

    start = multiprocessing.Event()
    source = multiprocessing.Process(target=camera, args=((width, height), arguments.rate, count, start))
    source.start()
    command = ["node", str(ROOT / "dist/main.js"), "node", "--ros-args", "-r", "image:=/camera/image_raw"]
    process = subprocess.Popen(command)
    rclpy.init()
    node = rclpy.create_node("bench_subscriber")
    latencies: list[float] = []
    report: dict[str, str] = {}

    def on_mask(message: Image) -> None:
        stamp = message.header.stamp
        latencies.append(time.time() * 1000 - stamp.sec * 1000 - stamp.nanosec / 1e6)

    def on_report(message: DiagnosticArray) -> None:
        report.update({value.key: value.value for value in message.status[0].values})

    reliable = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
    node.create_subscription(Image, "/segmentation/mask", on_mask, reliable)
    node.create_subscription(DiagnosticArray, "/diagnostics", on_report, 10)
    while "frames received" not in report or node.count_subscribers("/camera/image_raw") == 0:
        rclpy.spin_once(node, timeout_sec=0.1)
    time.sleep(1)
    before = cpu_seconds(process.pid)
    start.set()
    while source.is_alive():
        rclpy.spin_once(node, timeout_sec=0.1)
    after = cpu_seconds(process.pid)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.1)
    process.send_signal(signal.SIGINT)
    process.wait(5)
    latencies.sort()
    seconds = count / arguments.rate
    print(
        json.dumps(
            {
                "sent": count,
                "received": int(report["frames received"]),
                "lost in transport": report["lost in transport"],
                "superseded": int(report["dropped: superseded"]),
                "masks": len(latencies),
                "masks per second": round(len(latencies) / seconds, 2),
                "stamp to mask p50 [ms]": round(latencies[len(latencies) // 2], 1) if latencies else None,
                "session run p50 [ms]": float(report["run p50 [ms]"]),
                "main thread CPU [% of a core]": round(100 * (after["main"] - before["main"]) / seconds, 1),
                "all threads CPU [% of a core]": round(100 * (after["all"] - before["all"]) / seconds, 1),
                "resident memory [MiB]": int(report["resident memory [MiB]"]),
            },
            indent=2,
        )
    )
    rclpy.shutdown()


if __name__ == "__main__":
    main()
