"""Starts one attendseg node, for one camera or several, and rviz on request.

ros2 launch attendseg_node attendseg.launch.py image:=/camera/image_raw
ros2 launch attendseg_node attendseg.launch.py cameras:="front left" image:=/{camera}/image_raw
ros2 launch attendseg_node attendseg.launch.py --show-args
"""

import os
from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from launch import LaunchDescription

CONFIG = Path(__file__).absolute().parents[1] / "config"
PROFILES = ("nav2", "nvblox", "rviz", "bag")

# Fast DDS 3 (Kilted and later) reads the first and warns of the second, which is the only one that Fast DDS 2 reads.
FASTDDS_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
FASTDDS_2 = ("humble", "iron", "jazzy")

# As YAML and as Python write them.
BOOLEANS = ["true", "false", "True", "False"]

ARGUMENTS = [
    DeclareLaunchArgument(
        "image",
        default_value="{camera}/image_raw",
        description="Topic of the camera images; camera_info beside it belongs to it. {camera} stands for each name in "
        "cameras, or for camera. A relative name is completed by the namespace.",
    ),
    DeclareLaunchArgument(
        "cameras",
        default_value="",
        description="Names of several cameras with spaces between: front left gives front/segmentation/mask and "
        "left/segmentation/mask; empty: one camera, segmentation/mask.",
    ),
    DeclareLaunchArgument(
        "profile",
        default_value="",
        choices=["", *PROFILES],
        description="Parameters for a consumer, config/profiles/<profile>.yaml; params_file and the other arguments "
        "override them.",
    ),
    DeclareLaunchArgument(
        "namespace",
        default_value="",
        description="Namespace of the node and its outputs: front gives /front/segmentation/mask.",
    ),
    DeclareLaunchArgument(
        "model",
        default_value="",
        description="A model's folder, its manifest.yaml, or a shipped one's name; empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "provider",
        default_value="",
        choices=["", "auto", "cpu", "tensorrt"],
        description="What runs the network; empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "params_file",
        default_value="",
        description="Your parameters, over config/attendseg.yaml and the profile. The arguments cameras, model, "
        "provider and use_sim_time override them.",
    ),
    DeclareLaunchArgument(
        "rviz",
        default_value="false",
        choices=BOOLEANS,
        description="Show camera, overlay and mask in rviz, of several cameras the first; needs the package rviz2.",
    ),
    DeclareLaunchArgument(
        "use_sim_time",
        default_value="",
        choices=["", *BOOLEANS],
        description="Take the time from /clock: true for simulation, and for bags played with --clock; "
        "empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="The least severe messages that the node logs.",
    ),
]


def fastdds_profile():
    """The environment by which large images pass through shared memory, unless the user has a profile of their own."""
    if any(os.environ.get(name) for name in FASTDDS_VARIABLES):
        return {}
    name = FASTDDS_VARIABLES[os.environ.get("ROS_DISTRO") in FASTDDS_2]
    return {name: str(CONFIG / "fastdds.xml")}


def image_topics(cameras, pattern):
    """The node's image topic of each camera (name "": the only one), and the topic that it is remapped to."""
    topics = {f"{name}/image".lstrip("/"): pattern.replace("{camera}", name or "camera") for name in cameras}
    if len(set(topics.values())) < len(topics):
        raise RuntimeError(
            f"image:={pattern} is one topic for {len(topics)} cameras: write {{camera}} where their names differ"
        )
    return topics


def start(context):
    """Reads the arguments' values and starts the processes."""
    given = {argument.name: context.launch_configurations[argument.name] for argument in ARGUMENTS}
    # An argument left empty is not passed on, so that it does not override params_file.
    clock = {"use_sim_time": given["use_sim_time"].lower() == "true"} if given["use_sim_time"] else {}
    named = given["cameras"].split()
    overrides = {
        **({"cameras": named} if named else {}),
        **{name: given[name] for name in ("model", "provider") if given[name]},
        **clock,
    }
    profile = [str(CONFIG / "profiles" / f"{given['profile']}.yaml")] if given["profile"] else []
    files = [str(CONFIG / "attendseg.yaml"), *profile, *([given["params_file"]] if given["params_file"] else [])]
    cameras = named or [""]
    images = image_topics(cameras, given["image"])
    environment = fastdds_profile()

    nodes = [
        Node(
            package="attendseg_node",
            executable="attendseg",
            # With the name, launch addresses the overrides to this very node: they win over any key in params_file.
            name="attendseg",
            namespace=given["namespace"],
            parameters=[*files, overrides] if overrides else files,
            remappings=list(images.items()),
            ros_arguments=["--log-level", given["log_level"]],
            additional_env=environment,
            output="both",
            respawn=True,
            respawn_delay=1.0,
            # A clean stop takes less than a second; do not leave the robot's shutdown waiting for longer than this.
            sigterm_timeout="3",
            sigkill_timeout="2",
        )
    ]
    if given["rviz"].lower() == "true":
        # Of several cameras the first.
        image, prefix = next(iter(images.values())), f"{cameras[0]}/".lstrip("/")
        nodes.append(
            Node(
                package="rviz2",
                executable="rviz2",
                # In the node's namespace the relative names on the right become the node's own topics.
                namespace=given["namespace"],
                arguments=["-d", str(CONFIG / "attendseg.rviz")],
                parameters=[clock] if clock else [],
                remappings=[
                    ("/image", image),
                    ("/segmentation/overlay", f"{prefix}segmentation/overlay"),
                    ("/segmentation/color_mask", f"{prefix}segmentation/color_mask"),
                ],
                additional_env=environment,
                output="log",
            )
        )
    return nodes


def generate_launch_description():
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
