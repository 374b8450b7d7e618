"""nav2.launch.py and nvblox.launch.py, and the costmap's parameters that the first one gives."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "config" / "profiles"
MODELS = sorted((ROOT / "models").glob("*/manifest.yaml"))


def module():
    spec = importlib.util.spec_from_file_location("costmap_yaml", ROOT / "launch" / "costmap_yaml.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def layer(text):
    parameters = yaml.safe_load(text)["local_costmap"]["local_costmap"]["ros__parameters"]
    assert parameters["plugins"] == ["semantic_segmentation_layer", "inflation_layer"]
    return parameters["semantic_segmentation_layer"]


def types_of(source):
    """Class -> class type, as the layer reads it: a class type that is not listed does not count."""
    return {name: kind for kind in source["class_types"] for name in source[kind]["classes"]}


# --- the costmap's parameters


@pytest.mark.parametrize("manifest", MODELS, ids=lambda path: path.parent.name)
def test_every_class_of_the_model_is_in_one_class_type(manifest):
    names = [entry["name"] for entry in yaml.safe_load(manifest.read_text(encoding="utf-8"))["classes"]]
    costmap = module()
    for model in (manifest, manifest.parent):
        assert costmap.model_classes(str(model)) == names
    source = layer(costmap.costmap_yaml(names))["camera"]
    assert sorted(name for kind in source["class_types"] for name in source[kind]["classes"]) == sorted(names)
    assert all(source[kind]["classes"] for kind in source["class_types"]), "an empty type is an error of the layer"
    assert source["class_types"], "none makes the layer exit"


def test_the_shipped_model_is_the_default_and_sensibly_classed():
    costmap = module()
    source = layer(costmap.costmap_yaml(costmap.model_classes()))["camera"]
    types = types_of(source)
    assert {name for name, kind in types.items() if kind == "traversable"} == {"road", "pavement"}
    assert {types[name] for name in ("pedestrian", "bicyclist", "car", "building", "fence", "pole")} == {"danger"}
    costs = [source[kind]["max_cost"] for kind in ("traversable", "intermediate", "danger")]
    assert costs == sorted(costs) and costs[0] > 0, "unlabelled pixels have 0 and must lose"
    assert costs[-1] == 254, "lethal"


def test_names_that_nobody_knows_are_danger():
    source = layer(module().costmap_yaml(["Forklift", "Floor", "low-vegetation", "off", "7"]))["camera"]
    kinds = {"Forklift": "danger", "Floor": "traversable", "low-vegetation": "intermediate"}
    assert types_of(source) == {**kinds, "off": "danger", "7": "danger"}, "names stay strings"


def test_names_are_those_that_come_out_of_the_node():
    classes = ["road", "car", "pedestrian", "bicyclist", "sky"]
    remap = ["pedestrian: person", "bicyclist:person", ""]
    assert module().published_classes(classes, remap, ["sky", ""]) == ["road", "car", "person"]


def test_cameras_are_sources_with_absolute_topics():
    text = module().costmap_yaml(["road"], ["front", "left"], "robot", "/{camera}/points")
    found = layer(text)
    assert found["observation_sources"] == "front left"
    for name in ("front", "left"):
        topics = {key: value for key, value in found[name].items() if key.endswith("_topic")}
        assert topics == {
            "segmentation_topic": f"/robot/{name}/segmentation/mask",
            "confidence_topic": f"/robot/{name}/segmentation/confidence",
            "labels_topic": f"/robot/{name}/segmentation/label_info",
            "pointcloud_topic": f"/{name}/points",
        }
    assert "&" not in text and "*" not in text, "rcl reads no aliases"
    assert layer(module().costmap_yaml(["road"]))["camera"]["segmentation_topic"] == "/segmentation/mask"


def test_a_manifest_that_cannot_be_read_is_named(tmp_path):
    for content in (None, "name: nothing", "classes: [", "[]"):
        if content is not None:
            (tmp_path / "manifest.yaml").write_text(content)
        with pytest.raises(RuntimeError, match=re.escape(f"{tmp_path}")):
            module().model_classes(str(tmp_path / "manifest.yaml"))


def test_the_last_value_in_parameter_files_counts(tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("/**: {ros__parameters: {model: /a, remap: ['car: thing']}}")
    second.write_text("/robot: {attendseg: {ros__parameters: {model: /b}}}")
    assert module().last_value([first, second], "model") == "/b"
    assert module().last_value([first, second], "remap") == ["car: thing"]
    assert module().last_value([first], "ignore") is None


# --- nav2.launch.py


def test_nav2_starts_the_node_with_its_profile_and_shows_the_parameters(launch):
    started = launch("nav2.launch.py", image="/cam/image_raw", namespace="robot", cloud="/cloud")
    assert started.attendseg.parameters[1] == str(PROFILES / "nav2.yaml")
    assert started.attendseg.remappings == {"image": "/cam/image_raw"}
    (shown,) = started.lines
    source = layer(shown)["camera"]
    assert source["segmentation_topic"] == "/robot/segmentation/mask"
    assert source["pointcloud_topic"] == "/cloud"
    assert set(types_of(source)) == set(module().model_classes())


def test_nav2_writes_the_parameters_but_keeps_a_file_of_the_user(launch, tmp_path):
    path = tmp_path / "costmap.yaml"
    (line,) = launch("nav2.launch.py", costmap_yaml=str(path), cameras="front left").lines
    assert line == f"{path}: written for 11 classes; include it in Nav2's parameters"
    assert layer(path.read_text())["observation_sources"] == "front left"
    mine = path.read_text().replace("road, ", "").replace("fence, ", "")
    path.write_text(mine)
    (line,) = launch("nav2.launch.py", costmap_yaml=str(path)).lines
    assert line == f"{path}: stays as it is, but lacks road, fence: add them, or remove the file for a new one"
    assert path.read_text() == mine
    with pytest.raises(RuntimeError, match=r"costmap_yaml: .*/none/costmap.yaml cannot be used"):
        launch("nav2.launch.py", costmap_yaml=str(tmp_path / "none" / "costmap.yaml"))


def test_nav2_follows_model_classes_and_cameras_of_the_users_file(launch, tmp_path):
    (tmp_path / "manifest.yaml").write_text("classes: [{name: floor}, {name: person}, {name: child}, {name: wall}]")
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"/**: {{ros__parameters: {{model: {tmp_path}, remap: ['child: person'], ignore: [wall], cameras: [rear]}}}}"
    )
    (shown,) = launch("nav2.launch.py", params_file=str(file)).lines
    assert types_of(layer(shown)["rear"]) == {"floor": "traversable", "person": "danger"}


# --- nvblox.launch.py


def test_nvblox_gets_a_group_and_its_camera_info_under_its_own_names(launch):
    node = launch("nvblox.launch.py", image="/cam/image_raw", namespace="robot").attendseg
    assert node.parameters[1] == str(PROFILES / "nvblox.yaml")
    assert node.remappings == {
        "image": "/cam/image_raw",
        "segmentation/groups/people": "camera_0/mask/image",
        "segmentation/groups/people/camera_info": "camera_0/mask/camera_info",
    }


def test_nvblox_counts_cameras(launch):
    remappings = launch("nvblox.launch.py", cameras="front left", group="dynamic").attendseg.remappings
    assert remappings["front/segmentation/groups/dynamic"] == "camera_0/mask/image"
    assert remappings["left/segmentation/groups/dynamic"] == "camera_1/mask/image"
    assert remappings["left/segmentation/groups/dynamic/camera_info"] == "camera_1/mask/camera_info"


def test_the_profile_has_the_group_that_nvblox_gets_by_default(launch):
    groups = yaml.safe_load((PROFILES / "nvblox.yaml").read_text(encoding="utf-8"))["/**"]["ros__parameters"]["groups"]
    assert launch("nvblox.launch.py").declared["group"].default_value in [entry.split(":")[0] for entry in groups]


@pytest.mark.parametrize("file", ["nav2.launch.py", "nvblox.launch.py"])
def test_the_arguments_say_what_they_are_for(launch, file):
    declared = launch(file).declared
    assert {"image", "cameras", "params_file"} <= set(declared), "those of attendseg.launch.py as well"
    for name, argument in declared.items():
        assert argument.description.endswith("."), name
        assert argument.default_value is not None, name
