"""attendseg.launch.py, loaded with stand-ins that record what it asks for: launch is not among the wheels."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
CONFIG = ROOT / "config"
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """Also where a real ROS is sourced: the stand-ins come first, and are gone afterwards."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    for name in PROFILE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    real = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("launch", "launch_ros")}
    for name in real:
        del sys.modules[name]
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in ("launch", "launch_ros")]:
        del sys.modules[name]
    sys.modules.update(real)


def load():
    spec = importlib.util.spec_from_file_location("attendseg_launch", ROOT / "launch" / "attendseg.launch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description().entities


def declared():
    return {entity.name: entity for entity in load() if hasattr(entity, "default_value")}


def launch(**arguments):
    """What is started with these arguments, as (attendseg, others)."""
    entities = load()
    given = {}
    for argument in (entity for entity in entities if hasattr(entity, "default_value")):
        given[argument.name] = arguments.pop(argument.name, argument.default_value)
        assert argument.choices is None or given[argument.name] in argument.choices
    assert not arguments, f"not declared: {arguments}"
    context = SimpleNamespace(launch_configurations=given)
    nodes = [node for entity in entities if hasattr(entity, "function") for node in entity.function(context)]
    attendseg = [node for node in nodes if node.package == "attendseg_node"]
    assert len(attendseg) == 1
    return attendseg[0], [node for node in nodes if node.package != "attendseg_node"]


def test_the_arguments_are_those_of_the_documentation():
    arguments = declared()
    assert list(arguments) == [
        "image",
        "namespace",
        "model",
        "provider",
        "params_file",
        "rviz",
        "use_sim_time",
        "log_level",
    ]
    documentation = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    for name, argument in arguments.items():
        assert argument.description and argument.description.endswith("."), f"--show-args says nothing of {name}"
        assert argument.choices is None or argument.default_value in argument.choices
        assert f"\n| `{name}` " in documentation


def test_by_default_one_node_starts_with_the_default_parameters():
    node, others = launch()
    assert others == []
    assert node.executable == "attendseg"
    assert (node.name, node.namespace) == ("attendseg", "")
    assert node.parameters == [str(CONFIG / "attendseg.yaml")]
    assert node.remappings == {"image": "camera/image_raw"}, "a relative name, so that the namespace completes it"
    assert node.ros_arguments == ["--log-level", "info"]


def test_arguments_reach_the_node():
    node, _ = launch(
        image="/cam/image",
        namespace="front",
        model="/models/a",
        provider="tensorrt",
        log_level="debug",
        use_sim_time="true",
    )
    assert node.remappings == {"image": "/cam/image"}
    assert node.namespace == "front"
    assert node.ros_arguments == ["--log-level", "debug"]
    assert node.parameters[1] == {"model": "/models/a", "provider": "tensorrt", "use_sim_time": True}


def test_arguments_override_the_parameter_file_only_when_given():
    assert launch(params_file="/my.yaml")[0].parameters == ["/my.yaml"]
    assert launch(params_file="/my.yaml", use_sim_time="false")[0].parameters == ["/my.yaml", {"use_sim_time": False}]
    assert launch(params_file="")[0].parameters == []


def test_the_node_comes_back_after_a_crash_and_stops_in_time():
    node, _ = launch()
    assert node.respawn is True
    assert node.respawn_delay == 1.0
    assert float(node.sigterm_timeout) + float(node.sigkill_timeout) <= 5


@pytest.mark.parametrize(
    ("distribution", "variable"),
    [("humble", PROFILE_VARIABLES[1]), ("jazzy", PROFILE_VARIABLES[1]), ("kilted", PROFILE_VARIABLES[0])],
)
def test_large_images_get_the_shared_memory_profile(monkeypatch, distribution, variable):
    """By the one variable that the distribution reads: the other makes Kilted warn at every start."""
    monkeypatch.setenv("ROS_DISTRO", distribution)
    for node in [launch(rviz="true")[0], *launch(rviz="true")[1]]:
        assert node.additional_env == {variable: str(CONFIG / "fastdds.xml")}


@pytest.mark.parametrize("value", ["true", "True", "false", "False"])
def test_booleans_as_yaml_and_as_python_write_them(value):
    node, others = launch(rviz=value, use_sim_time=value, params_file="")
    meant = value.lower() == "true"
    assert node.parameters == [{"use_sim_time": meant}]
    assert len(others) == meant


@pytest.mark.parametrize("name", PROFILE_VARIABLES)
def test_a_profile_of_the_user_stays(monkeypatch, name):
    monkeypatch.setenv(name, "/mine.xml")
    assert launch()[0].additional_env == {}


def test_an_empty_profile_variable_is_none(monkeypatch):
    monkeypatch.setenv(PROFILE_VARIABLES[0], "")
    assert len(launch()[0].additional_env) == 1


def rviz_topics():
    configuration = yaml.safe_load((CONFIG / "attendseg.rviz").read_text(encoding="utf-8"))
    displays = configuration["Visualization Manager"]["Displays"]
    assert all(display["Class"] == "rviz_default_plugins/Image" and display["Enabled"] for display in displays)
    return {display["Name"]: display["Topic"] for display in displays}


def test_rviz_shows_camera_overlay_and_mask_wherever_they_are():
    node, (rviz,) = launch(rviz="true", image="cam/image", namespace="/robot/front", use_sim_time="true")
    assert (rviz.package, rviz.executable, rviz.namespace) == ("rviz2", "rviz2", node.namespace)
    assert rviz.arguments == ["-d", str(CONFIG / "attendseg.rviz")]
    assert rviz.parameters == [{"use_sim_time": True}]
    assert rviz.respawn is False, "a closed window stays closed"
    shown = {name: rviz.remappings[topic["Value"]] for name, topic in rviz_topics().items()}
    assert shown == {"Camera": "cam/image", "Overlay": "segmentation/overlay", "Mask": "segmentation/color_mask"}
    assert len(rviz.remappings) == len(shown), "a remapping that no display uses"


def test_rviz_takes_images_of_any_reliability():
    for topic in rviz_topics().values():
        assert topic["Value"].startswith("/"), "rviz would take it from the namespace as well"
        assert topic["Reliability Policy"] == "Best Effort"
        assert topic["Durability Policy"] == "Volatile"
        assert topic["Depth"] == 1
