"""Navigation stacks as consumers: Nav2's semantic_segmentation_layer, nvblox, and several cameras on one network."""

from __future__ import annotations

import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from conftest import HEIGHT, ROOT, WIDTH, Running
from consumers import NANOSECONDS, Nav2Layer, Nvblox
from networks import cube_labels
from pictures import noise, pixels, rgb_frame
from rclpy.context import Context
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Camera, Graph, Stamp, stamp_of
from sensor_msgs.msg import CameraInfo, Image
from test_outputs import camera_info, softmax_network

LAYER = "semantic_segmentation_layer"
PROFILES = ROOT / "config" / "profiles"
PICTURE = noise(WIDTH, HEIGHT, seed=5)

# --- Nav2


def class_costs(model: Path) -> dict[str, int]:
    """The layer's parameters for the model, as nav2.launch.py writes them: a cost of its own for each class."""
    names = runpy.run_path(str(ROOT / "launch" / "costmap_yaml.py"))["model_classes"](str(model))
    return {name: 10 * (place + 1) for place, name in enumerate(names)}


def certain(threshold: float) -> np.ndarray:
    """Where softmax_network is at least that certain of its answer to PICTURE."""
    powers = np.exp(PICTURE / 255 * 4)
    return np.round(255 * powers.max(axis=-1) / powers.sum(axis=-1)) >= threshold * 255


@pytest.mark.parametrize("slop", [0, NANOSECONDS // 10], ids=["exact", "approximate"])
def test_nav2_layer_gets_a_cost_for_every_point(
    graph: Graph, start: Callable[..., Running], tmp_path: Path, slop: int
) -> None:
    model = softmax_network(tmp_path / "softmax")
    node = start(model, arguments=("--params-file", str(PROFILES / "nav2.yaml")))
    outputs = f"{node.namespace}/segmentation"
    costs = class_costs(model)
    layer = Nav2Layer(graph, outputs, costs, slop)
    camera = Camera(graph, node.image, node.namespace, ())
    late = None
    try:
        graph.wait(lambda: bool(layer.label_infos), "label_info before the first picture", 20)
        assert not layer.masks
        names = {entry.class_id: entry.class_name for entry in layer.label_infos[0].class_map}
        assert names == dict(enumerate(costs))
        assert 255 not in names
        assert layer.label_infos[0].threshold == pytest.approx(0.5), "that of the profile"

        camera.discover()
        frame = rgb_frame(PICTURE)
        sent: list[Stamp] = []

        def enough() -> bool:
            # 0.2 s apart by their stamps, so that the approximate match is of one picture too.
            sent.append((2_000_000 + len(sent) // 5, len(sent) % 5 * 200_000_000 + 7))
            camera.send(frame, sent[-1])
            graph.spin(0.05)
            return len(layer.observations) >= 10

        graph.wait(enough, "10 pairs of mask and confidence")
        expected = np.where(certain(0.5), np.array(list(costs.values()))[PICTURE.argmax(axis=-1)], -1)
        assert 0.1 < (expected < 0).mean() < 0.9
        for seen in layer.observations:
            stamp = stamp_of(seen.mask)
            assert stamp in sent and stamp_of(seen.confidence) == stamp
            assert (seen.mask.encoding, seen.confidence.encoding) == ("mono8", "mono8")
            assert np.array_equal(seen.costs, expected)
            assert np.array_equal(pixels(seen.confidence) == 0, pixels(seen.mask) == 255)
        assert layer.critical == []

        # One that comes late, as a costmap that is started anew.
        late = Nav2Layer(graph, outputs, costs, slop)
        graph.wait(lambda: bool(late.label_infos), "label_info for one who comes late", 20)
        assert late.label_infos[-1].class_map == layer.label_infos[-1].class_map
    finally:
        camera.close()
        layer.close()
        if late:
            late.close()


def test_nav2_layer_finds_pixels_of_any_cloud(
    graph: Graph, cube: Running, cube_model: Path, look: Callable[..., Camera]
) -> None:
    """Masks of odd sizes have no padding: point u, v of a cloud of the mask's size is at data[v * width + u]."""
    camera = look(cube, "mask")
    layer = Nav2Layer(graph, f"{cube.namespace}/segmentation", class_costs(cube_model))
    try:
        graph.wait(lambda: bool(layer.label_infos), "label_info", 20)
        for width, height in ((101, 33), (17, 90), (WIDTH, HEIGHT)):
            points = width * height
            picture = noise(width, height)
            stamp = camera.send(rgb_frame(picture))
            mask = camera.receive(stamp)["mask"]
            assert (mask.step, len(mask.data)) == (width, points)

            def observed(stamp: Stamp = stamp) -> bool:
                return any(stamp_of(seen.mask) == stamp for seen in layer.observations)

            graph.wait(observed, "the pair", 20)
            (seen,) = [seen for seen in layer.observations if stamp_of(seen.mask) == stamp]
            assert seen.costs.shape == (height, width)
            if (width, height) == (WIDTH, HEIGHT):
                assert np.array_equal(seen.costs, 10 * (cube_labels(picture).astype(int) + 1))
    finally:
        layer.close()


def test_nav2_layer_follows_classes_that_change_live(
    graph: Graph, start: Callable[..., Running], look: Callable[..., Camera], cube_model: Path
) -> None:
    """A class that gets a new name has that one's cost from the next mask on; a name that nobody knows is critical."""
    node = start(cube_model)
    costs = {**class_costs(cube_model), "wall": 254}
    # First: connecting sends pictures, whose masks may come before label_info does.
    camera = look(node, "mask")
    layer = Nav2Layer(graph, f"{node.namespace}/segmentation", costs)
    try:
        graph.wait(lambda: bool(layer.label_infos), "label_info", 20)
        assert graph.set_parameter(node.full_name, "remap", ["class 3: wall"]) == ""
        graph.wait(lambda: len(layer.label_infos) > 1, "the new label_info", 20)
        picture = noise(WIDTH, HEIGHT)
        stamp = camera.send(rgb_frame(picture))
        camera.receive(stamp)
        graph.wait(lambda: any(stamp_of(seen.mask) == stamp for seen in layer.observations), "the pair", 20)
        (seen,) = [seen for seen in layer.observations if stamp_of(seen.mask) == stamp]
        assert (seen.costs[cube_labels(picture) == 3] == 254).all()
        assert layer.critical == []
        assert graph.set_parameter(node.full_name, "remap", ["class 3: wall", "class 4: door"]) == ""
        graph.wait(lambda: layer.critical == ["door"], "the name that the layer does not know", 20)
    finally:
        layer.close()


def test_the_costmap_parameters_are_read_by_rcl(tmp_path: Path) -> None:
    """As nav2.launch.py writes them, also for names that YAML could take for something else."""
    names = ["road", "floor", "off", "7", "null", "1.5", "low vegetation: wet", "it's", "été", "#grass", *"abcdefgh"]
    file = tmp_path / "costmap.yaml"
    text = runpy.run_path(str(ROOT / "launch" / "costmap_yaml.py"))["costmap_yaml"](names, ["front", "left"])
    file.write_text(text, encoding="utf-8")
    context = Context()
    rclpy.init(context=context, args=["--ros-args", "--params-file", str(file)])
    try:
        node = rclpy.create_node(
            "local_costmap",
            namespace="local_costmap",
            context=context,
            automatically_declare_parameters_from_overrides=True,
        )
        values = {key: parameter.value for key, parameter in node.get_parameters_by_prefix(LAYER).items()}
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)
    assert values["observation_sources"] == "front left"
    for source in ("front", "left"):
        found = [name for kind in values[f"{source}.class_types"] for name in values[f"{source}.{kind}.classes"]]
        assert sorted(found) == sorted(names)
        assert values[f"{source}.danger.max_cost"] == 254
        assert values[f"{source}.use_cost_selection"] is True


# --- nvblox


def test_nvblox_never_gets_a_mixed_pair(
    graph: Graph, start: Callable[..., Running], tmp_path: Path, cube_model: Path
) -> None:
    """Under load, while mask_size and the camera's own size change: mask and camera_info are of one stamp and size."""
    arguments = ("-p", 'groups:=["people: class 1, class 6"]')
    for name in ("", "/camera_info"):
        target = f"camera_0/mask/{name.strip('/') or 'image'}"
        arguments += ("-r", f"segmentation/groups/people{name}:={target}")
    node = start(cube_model, arguments=arguments)
    nvblox = Nvblox(graph, node.namespace)
    images = graph.node.create_publisher(Image, node.image, qos_profile_sensor_data)
    infos = graph.node.create_publisher(CameraInfo, node.image.replace("image", "camera_info"), qos_profile_sensor_data)
    sources = [noise(WIDTH, HEIGHT), noise(640, 480)]
    frames = [rgb_frame(picture) for picture in sources]
    sent: dict[Stamp, int] = {}

    def send() -> None:
        """Several at once, so that some are in flight whenever a parameter changes."""
        for _ in range(3):
            stamp = graph.new_stamp()
            which = len(sent) // 7 % 2
            sent[stamp] = which
            infos.publish(camera_info(frames[which].width, frames[which].height, stamp))
            images.publish(frames[which].message(*stamp, "camera"))

    timer = graph.node.create_timer(0.01, send)
    try:
        graph.wait(lambda: bool(nvblox.pairs), "the first pair")
        first = len(nvblox.masks)
        for size in ("32x24", "network", "200x16", "image") * 3:
            assert graph.set_parameter(node.full_name, "mask_size", size) == ""
            before = len(nvblox.pairs)
            graph.wait(lambda before=before: len(nvblox.pairs) >= before + 3, f"3 pairs after mask_size:={size}")
        timer.cancel()
        graph.spin(0.5)
        sizes = Counter()
        for mask, info in nvblox.pairs:
            assert (info.width, info.height) == (mask.width, mask.height), "nvblox ends"
            assert info.header == mask.header
            assert (mask.encoding, mask.step) == ("mono8", mask.width)
            assert set(np.unique(pixels(mask))) <= {0, 255}
            sizes[mask.width, mask.height] += 1
        assert set(sizes) == {(32, 24), (WIDTH, HEIGHT), (200, 16), (640, 480)}
        # Once the camera's info is known, no mask comes without its own.
        paired = {stamp_of(mask) for mask, _ in nvblox.pairs}
        assert set(nvblox.masks[first:]) <= paired
        print(f"{len(sent)} sent, {len(nvblox.pairs)} pairs: {dict(sizes)}")
        ours = [(sent[stamp_of(mask)], mask) for mask, _ in nvblox.pairs if mask.width == WIDTH]
        exact = [pixels(mask) for which, mask in ours if which == 0]
        assert exact
        assert all(np.array_equal(mask > 0, np.isin(cube_labels(sources[0]), (1, 6))) for mask in exact)
    finally:
        graph.node.destroy_timer(timer)
        graph.node.destroy_publisher(images)
        graph.node.destroy_publisher(infos)
        nvblox.close()


# --- several cameras, and more pictures than the network can take


class Rig:
    """Two cameras that send by the masks that come, whichever they are of: so the network is the bottleneck always."""

    def __init__(self, graph: Graph, namespace: str) -> None:
        sizes = {"front": (640, 360), "left": (96, 40)}
        self.graph = graph
        self.sent: dict[str, list[Stamp]] = {name: [] for name in sizes}
        self.came: list[tuple[str, Stamp]] = []
        self._pictures = {name: rgb_frame(noise(*size)) for name, size in sizes.items()}
        self.cameras = {name: Camera(graph, f"{namespace}/{name}/image", f"{namespace}/{name}") for name in sizes}
        self._subscriptions = [
            graph.node.create_subscription(
                Image,
                f"{namespace}/{name}/segmentation/mask",
                lambda message, name=name: self.came.append((name, stamp_of(message))),
                10,
            )
            for name in sizes
        ]
        for camera in self.cameras.values():
            camera.connect()

    def send(self, name: str) -> None:
        self.sent[name].append(self.cameras[name].send(self._pictures[name]))

    def run(self, masks: int, per_mask: Callable[[int], dict[str, int]]) -> list[tuple[str, Stamp]]:
        """The masks that come while `per_mask` says how many pictures each camera sends after the n-th."""
        self.graph.spin(0.5)
        self.came.clear()
        for sent in self.sent.values():
            sent.clear()
        for name in self.cameras:
            self.send(name)
        for number in range(masks):
            self.graph.wait(lambda number=number: len(self.came) > number, "a mask")
            for name, count in per_mask(number).items():
                for _ in range(count):
                    self.send(name)
        return self.came[:masks]

    def close(self) -> None:
        for subscription in self._subscriptions:
            self.graph.node.destroy_subscription(subscription)
        for camera in self.cameras.values():
            camera.close()


@pytest.fixture
def rig(graph: Graph, start: Callable[..., Running]) -> Iterator[Rig]:
    """On the shipped network with one thread: a faster one would wait for the next pictures, not they for it."""
    arguments = ("-p", 'cameras:=["front", "left"]', "-p", "provider:=cpu", "-p", "threads:=1")
    node = start(arguments=arguments, namespace="/rig", image="/rig/front/image")
    rig = Rig(graph, node.namespace)
    yield rig
    rig.close()


def test_cameras_that_send_too_much_share_evenly(rig: Rig) -> None:
    """Four times as many and thirty times as large pictures get a camera no more turns."""
    came = rig.run(100, lambda _: {"front": 4, "left": 1})
    shares = Counter(name for name, _ in came)
    print(f"{ {name: len(sent) for name, sent in rig.sent.items()} } sent, masks {dict(shares)}")
    assert 45 <= shares["left"] <= 55
    # And in turns: nobody waits for long.
    runs = "".join(name[0] for name, _ in came)
    assert "ffff" not in runs and "llll" not in runs


def test_a_camera_that_sends_less_than_its_share_gets_all_of_it(rig: Rig) -> None:
    came = rig.run(100, lambda number: {"front": 4, "left": int(number % 5 == 0)})
    shares = Counter(name for name, _ in came)
    left = rig.sent["left"][:-2]
    print(f"{ {name: len(sent) for name, sent in rig.sent.items()} } sent, masks {dict(shares)}")
    missed = [stamp for stamp in left if ("left", stamp) not in rig.came]
    assert len(missed) <= 2, "lost in transport at most"
    assert shares["front"] >= 100 - len(rig.sent["left"]) - 2, "the rest is the other's"
