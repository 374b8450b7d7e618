"""The same job in plain Python, written as well as it allows: rclpy, onnxruntime, OpenCV; for flow.py --peer.

python test/bench/peer.py MODEL.onnx COLOURS.json THREADS
"""

import contextlib
import json
import resource
import sys
import time
from array import array
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

RELIABLE = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.RELIABLE)
BEST_EFFORT = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)


class Peer(Node):
    """Masks and overlays of the pictures, computed for those who subscribe."""

    def __init__(self, model: str, colours: list[list[int]], threads: int) -> None:
        super().__init__("peer")
        cv2.setNumThreads(1)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        (self._input,) = self._session.get_inputs()
        self._height, self._width = self._input.shape[:2]
        table = np.zeros((256, 1, 3), np.uint8)
        table[: len(colours), 0] = colours
        self._table = table
        self._received = 0
        self._runs: list[float] = []
        self._outputs = {
            name: self.create_publisher(Image, f"/segmentation/{name}", RELIABLE) for name in ("mask", "overlay")
        }
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_subscription(Image, "/camera/image_raw", self._raw, BEST_EFFORT)
        self.create_subscription(CompressedImage, "/camera/image_raw/compressed", self._compressed, BEST_EFFORT)
        self.create_timer(1, self._report)

    def _raw(self, message: Image) -> None:
        picture = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
        self._segment(picture, message.header)

    def _compressed(self, message: CompressedImage) -> None:
        picture = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        self._segment(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), message.header)

    def _segment(self, picture: np.ndarray, header: object) -> None:
        self._received += 1
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (self._width, self._height), interpolation=cv2.INTER_LINEAR)
        started = time.perf_counter()
        (labels,) = self._session.run(["labels"], {self._input.name: small})
        self._runs.append(1000 * (time.perf_counter() - started))
        wanted = {name: publisher.get_subscription_count() > 0 for name, publisher in self._outputs.items()}
        mask = None
        if wanted["mask"]:
            mask = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
            self._publish("mask", mask, header, "mono8", 1)
        if wanted["overlay"]:
            colours = cv2.LUT(cv2.merge([labels, labels, labels]), self._table)
            large = cv2.resize(colours, (width, height), interpolation=cv2.INTER_NEAREST)
            self._publish("overlay", cv2.addWeighted(picture, 0.5, large, 0.5, 0), header, "rgb8", 3)

    def _publish(self, name: str, pixels: np.ndarray, header: object, encoding: str, channels: int) -> None:
        height, width = pixels.shape[:2]
        message = Image(header=header, height=height, width=width, encoding=encoding, step=width * channels)
        data = array("B")
        data.frombytes(pixels.data)
        message.data = data
        self._outputs[name].publish(message)

    def _report(self) -> None:
        run = sorted(self._runs)[len(self._runs) // 2] if self._runs else float("nan")
        values = {
            "frames received": self._received,
            "run p50 [ms]": f"{run:.2f}",
            "lost in transport": "unknown",
            "dropped: superseded": 0,
            "resident memory [MiB]": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
        entries = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
        self._diagnostics.publish(DiagnosticArray(status=[DiagnosticStatus(name="peer", values=entries)]))


def main() -> None:
    model, colours, threads = sys.argv[1:]
    rclpy.init()
    peer = Peer(model, json.loads(Path(colours).read_text()), int(threads))
    with contextlib.suppress(KeyboardInterrupt):
        rclpy.spin(peer)


if __name__ == "__main__":
    main()
