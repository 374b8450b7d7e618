"""attendseg.launch.py: what it starts with which arguments."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
DEFAULTS = str(CONFIG / "attendseg.yaml")
FILE = "attendseg.launch.py"
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def test_the_arguments_are_those_of_the_documentation(launch):
    arguments = launch(FILE).declared
    assert list(arguments) == [
        "image",
        "cameras",
        "profile",
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


def test_by_default_one_node_starts_with_the_default_parameters(launch):
    (node,) = launch(FILE).nodes
    assert node.executable == "attendseg"
    assert (node.name, node.namespace) == ("attendseg", "")
    assert node.parameters == [DEFAULTS]
    assert node.remappings == {"image": "camera/image_raw"}, "a relative name, so that the namespace completes it"
    assert node.ros_arguments == ["--log-level", "info"]


def test_arguments_reach_the_node(launch):
    node = launch(
        FILE,
        image="/cam/image",
        namespace="front",
        model="/models/a",
        provider="tensorrt",
        log_level="debug",
        use_sim_time="true",
    ).attendseg
    assert node.remappings == {"image": "/cam/image"}
    assert node.namespace == "front"
    assert node.ros_arguments == ["--log-level", "debug"]
    assert node.parameters[1] == {"model": "/models/a", "provider": "tensorrt", "use_sim_time": True}


def test_later_parameters_override_earlier_ones(launch):
    """The defaults, the profile, the user's file, the arguments; those left empty override nothing."""

    def parameters(**arguments):
        return launch(FILE, **arguments).attendseg.parameters

    profile = str(CONFIG / "profiles" / "nvblox.yaml")
    assert parameters(params_file="/my.yaml") == [DEFAULTS, "/my.yaml"]
    assert parameters(params_file="/my.yaml", use_sim_time="false") == [DEFAULTS, "/my.yaml", {"use_sim_time": False}]
    assert parameters(profile="nvblox", params_file="/my.yaml", provider="cpu") == [
        DEFAULTS,
        profile,
        "/my.yaml",
        {"provider": "cpu"},
    ]


def test_each_profile_can_be_chosen(launch):
    choices = launch(FILE).declared["profile"].choices
    assert sorted(choices) == ["", *sorted(path.stem for path in (CONFIG / "profiles").iterdir())]
    for choice in choices[1:]:
        assert Path(launch(FILE, profile=choice).attendseg.parameters[1]).is_file()


def test_several_cameras_from_one_launch(launch):
    node = launch(FILE, cameras="front left").attendseg
    assert node.parameters == [DEFAULTS, {"cameras": ["front", "left"]}]
    assert node.remappings == {"front/image": "front/image_raw", "left/image": "left/image_raw"}
    started = launch(FILE, cameras="front  left", image="/rig/{camera}/color/image_raw", rviz="true")
    assert started.attendseg.remappings["left/image"] == "/rig/left/color/image_raw"
    (rviz,) = started.others
    assert rviz.remappings["/image"] == "/rig/front/color/image_raw"
    assert rviz.remappings["/segmentation/overlay"] == "front/segmentation/overlay"


def test_several_cameras_on_one_topic_are_refused(launch):
    with pytest.raises(RuntimeError, match=r"image:=/image_raw is one topic for 2 cameras: write \{camera\}"):
        launch(FILE, cameras="front left", image="/image_raw")


def test_the_node_comes_back_after_a_crash_and_stops_in_time(launch):
    node = launch(FILE).attendseg
    assert node.respawn is True
    assert node.respawn_delay == 1.0
    assert float(node.sigterm_timeout) + float(node.sigkill_timeout) <= 5


@pytest.mark.parametrize(
    ("distribution", "variable"),
    [("humble", PROFILE_VARIABLES[1]), ("jazzy", PROFILE_VARIABLES[1]), ("kilted", PROFILE_VARIABLES[0])],
)
def test_large_images_get_the_shared_memory_profile(launch, monkeypatch, distribution, variable):
    """By the one variable that the distribution reads: the other makes Kilted warn at every start."""
    monkeypatch.setenv("ROS_DISTRO", distribution)
    for node in launch(FILE, rviz="true").nodes:
        assert node.additional_env == {variable: str(CONFIG / "fastdds.xml")}


@pytest.mark.parametrize("value", ["true", "True", "false", "False"])
def test_booleans_as_yaml_and_as_python_write_them(launch, value):
    started = launch(FILE, rviz=value, use_sim_time=value)
    meant = value.lower() == "true"
    assert started.attendseg.parameters == [DEFAULTS, {"use_sim_time": meant}]
    assert len(started.others) == meant


@pytest.mark.parametrize("name", PROFILE_VARIABLES)
def test_a_profile_of_the_user_stays(launch, monkeypatch, name):
    monkeypatch.setenv(name, "/mine.xml")
    assert launch(FILE).attendseg.additional_env == {}


def test_an_empty_profile_variable_is_none(launch, monkeypatch):
    monkeypatch.setenv(PROFILE_VARIABLES[0], "")
    assert len(launch(FILE).attendseg.additional_env) == 1


def rviz_topics():
    configuration = yaml.safe_load((CONFIG / "attendseg.rviz").read_text(encoding="utf-8"))
    displays = configuration["Visualization Manager"]["Displays"]
    assert all(display["Class"] == "rviz_default_plugins/Image" and display["Enabled"] for display in displays)
    return {display["Name"]: display["Topic"] for display in displays}


def test_rviz_shows_camera_overlay_and_mask_wherever_they_are(launch):
    started = launch(FILE, rviz="true", image="cam/image", namespace="/robot/front", use_sim_time="true")
    (rviz,) = started.others
    assert (rviz.package, rviz.executable, rviz.namespace) == ("rviz2", "rviz2", started.attendseg.namespace)
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
