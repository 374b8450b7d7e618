"""The camera's process, and the picture that it sends."""

import multiprocessing
import subprocess
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import PIL.Image
import rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from settings import ROOT, Flow


def street(width: int, height: int, folder: Path) -> Path:
    """A picture of the synthetic street, JPEG: coders and masks of noise take far longer."""
    jpeg = folder / f"{width}x{height}.jpg"
    if not jpeg.exists():
        out = folder / f"{width}x{height}"
        command = ["node", str(ROOT / "street/export.mjs"), "--out", str(out), "--seeds", "3", "--frames", "1"]
        subprocess.run([*command, "--size", f"{width}x{height}"], check=True, capture_output=True)
        (picture,) = (out / "image").iterdir()
        PIL.Image.open(picture).convert("RGB").save(jpeg, quality=90)
    return jpeg


class CameraProcess:
    """Sends pictures for warming up, waits, and sends those that are measured; stamped just before each goes out."""

    def __init__(self, flow: Flow, picture: Path) -> None:
        # Not a fork: it would inherit threads of the middleware from the round before.
        spawn = multiprocessing.get_context("spawn")
        self.begin, self.warm, self.measure, self._enough = (spawn.Event() for _ in range(4))
        events = (self.begin, self.warm, self.measure, self._enough)
        self._process = spawn.Process(target=send, args=(flow, picture, *events))
        self._process.start()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def stop(self) -> None:
        for event in (self._enough, self.begin, self.measure):
            event.set()
        self._process.join(5)
        self._process.kill()


def message_of(flow: Flow, picture: Path) -> Image | CompressedImage:
    if flow.jpeg:
        message = CompressedImage(format="rgb8; jpeg compressed bgr8", data=picture.read_bytes())
    else:
        message = Image(width=flow.width, height=flow.height, encoding="rgb8", step=flow.width * 3)
        message.data = np.asarray(PIL.Image.open(picture).convert("RGB")).tobytes()
    message.header.frame_id = "camera"
    return message


def send(flow: Flow, picture: Path, begin: Event, warm: Event, measure: Event, enough: Event) -> None:
    rclpy.init()
    node = rclpy.create_node("bench_camera")
    message = message_of(flow, picture)
    suffix = "/compressed" if flow.jpeg else ""
    publishers = [node.create_publisher(type(message), name + suffix, qos_profile_sensor_data) for name in flow.images]

    def stream(seconds: float) -> None:
        """Cameras by turns: real ones are not in step."""
        due = time.monotonic()
        for _ in range(round(flow.rate * seconds)):
            for publisher in publishers:
                if enough.is_set():
                    return
                time.sleep(max(0.0, due - time.monotonic()))
                due += 1 / flow.rate / len(publishers)
                message.header.stamp = node.get_clock().now().to_msg()
                publisher.publish(message)

    begin.wait()
    stream(flow.warm_up)
    warm.set()
    measure.wait()
    stream(flow.seconds)
    # For what is under way.
    time.sleep(0 if enough.is_set() else 1)
    rclpy.shutdown()
