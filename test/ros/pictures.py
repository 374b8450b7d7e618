"""Pictures as numpy arrays and as sensor_msgs/Image."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Frame:
    """The content of an image message; its header is the test's."""

    encoding: str
    width: int
    height: int
    step: int
    data: bytes
    big_endian: bool = False

    def message(self, sec: int, nanosec: int, frame_id: str) -> Image:
        message = Image()
        message.header.stamp.sec = sec
        message.header.stamp.nanosec = nanosec
        message.header.frame_id = frame_id
        message.encoding = self.encoding
        message.width = self.width
        message.height = self.height
        message.step = self.step
        message.is_bigendian = int(self.big_endian)
        message.data = array("B", self.data)
        return message


def frame(encoding: str, width: int, *planes: Bytes, big_endian: bool = False, padding: int = 0) -> Frame:
    """A frame of planes of bytes, one row of the array a row of the picture; each row of the first gets `padding`."""
    row_bytes = planes[0].shape[1]
    step = row_bytes + padding
    rows = []
    for plane in planes:
        # A plane of twice as long rows, as nv24's chroma, lies in rows of twice the step.
        pitch = step * plane.shape[1] // row_bytes
        rows.append(np.pad(plane, ((0, 0), (0, pitch - plane.shape[1])), constant_values=0xA5).tobytes())
    return Frame(encoding, width, planes[0].shape[0], step, b"".join(rows), big_endian)


def rgb_frame(picture: Bytes) -> Frame:
    height, width, _ = picture.shape
    return frame("rgb8", width, picture.reshape(height, -1))


def pixels(message: Image) -> Bytes:
    """The pixels of one of the node's images: height x width of mono8, height x width x 3 of rgb8."""
    channels = {"mono8": 1, "rgb8": 3}[message.encoding]
    assert message.step == message.width * channels
    assert message.is_bigendian == 0
    data = np.frombuffer(message.data, np.uint8)
    return data.reshape((message.height, message.width) if channels == 1 else (message.height, message.width, 3))


def noise(width: int, height: int, seed: int = 1) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def quadrants(width: int, height: int, across: int, down: int) -> Bytes:
    """Four flat colours that meet at column `across` and row `down`.

    Each channel is dark or bright; these two mix so that rounding decides no pixel of the tests."""
    dark, bright = 10, 254
    picture = np.full((height, width, 3), dark, np.uint8)
    picture[:down, :across, 0] = bright
    picture[:down, across:, 1] = bright
    picture[down:, :across, 2] = bright
    picture[down:, across:, :2] = bright
    return picture
