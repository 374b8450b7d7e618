"""Large images flow: what comes is whole, and every frame is accounted for. How fast is for the bench."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from conftest import Running
from pictures import pixels, quadrants, rgb_frame
from ros_graph import NAV2, Camera, Graph, stamp_of
from test_behaviour import counts, settled

WIDTH, HEIGHT = 1920, 1080


def test_1080p(shipped: Running, graph: Graph, look: Callable[..., Camera]) -> None:
    """Three seconds at 10 Hz, with the Fast DDS profile that launch sets (conftest does) on both ends."""
    camera = look(shipped, "mask", qos=NAV2)
    picture = quadrants(WIDTH, HEIGHT, 700, 400)
    frame = rgb_frame(picture)
    camera.segment(frame)
    before, _ = graph.report(shipped.full_name, lambda values, _: settled(values), "all frames done")
    camera.received["mask"].clear()
    stamps = []
    for _ in range(30):
        stamps.append(camera.send(frame))
        graph.spin(0.1)

    def accounted(values: dict[str, str], _: object) -> bool:
        change = counts(values)["frames received"] - counts(before)["frames received"]
        return settled(values) and change > 0

    graph.spin(1)
    values, _ = graph.report(shipped.full_name, accounted, "all frames done")
    change = {name: value - counts(before)[name] for name, value in counts(values).items()}
    masks = camera.received["mask"]
    got = [stamp_of(message) for message in masks]
    print(f"30 sent; {change}; {len(got)} masks here")
    assert 3 <= len(got) <= change["masks"]
    assert got == sorted(set(got))
    assert set(got) <= set(stamps)
    assert change["frames received"] + change["lost"] <= 30
    assert change["dropped: undecodable"] == change["dropped: failed"] == change["dropped: standby"] == 0
    first = pixels(masks[0])
    assert first.shape == (HEIGHT, WIDTH)
    assert first.max() < 11
    # The same picture gives the same mask.
    assert all(np.array_equal(pixels(mask), first) for mask in masks)
