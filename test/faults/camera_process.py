"""A camera in a process of its own, so that it can be killed:  python camera_process.py TOPIC RATE FIRST_NUMBER

It says `sending` when its first picture has gone out to a subscriber. SIGTERM ends it between two pictures: rclpy's own
handler takes the context from under one that is being sent.
"""

from __future__ import annotations

import signal
import sys
import threading

import rclpy
from pictures import quadrants, rgb_frame
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image


def main() -> None:
    topic, rate, number = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("camera_under_faults")
    publisher = node.create_publisher(Image, topic, 10)
    frame = rgb_frame(quadrants(640, 480, 200, 300))
    said = False
    while not ended.wait(1 / rate):
        number += 1
        publisher.publish(frame.message(*node.get_clock().now().seconds_nanoseconds(), str(number)))
        if not said and publisher.get_subscription_count() > 0:
            print("sending", flush=True)
            said = True
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
