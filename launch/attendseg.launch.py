"""Starts one attendseg node, and rviz on request.

ros2 launch attendseg_node attendseg.launch.py image:=/camera/image_raw
ros2 launch attendseg_node attendseg.launch.py --show-args
"""

import os
from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch_ros.actions import Node

from launch import LaunchDescription

CONFIG = Path(__file__).absolute().parents[1] / "config"

# Fast DDS 3 (Kilted and later) reads the first and warns of the second, which is the only one that Fast DDS 2 reads.
FASTDDS_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
FASTDDS_2 = ("humble", "iron", "jazzy")

# As YAML and as Python write them.
BOOLEANS = ["true", "false", "True", "False"]

ARGUMENTS = [
    DeclareLaunchArgument(
        "image",
        default_value="camera/image_raw",
        description="Topic of the camera images; <image>/compressed and camera_info beside it belong to it. "
        "A relative name is completed by the namespace.",
    ),
    DeclareLaunchArgument(
        "namespace",
        default_value="",
        description="Namespace of the node and its outputs: front gives /front/segmentation/mask.",
    ),
    DeclareLaunchArgument(
        "model", default_value="", description="Folder of a model, or its manifest.yaml; empty: as in params_file."
    ),
    DeclareLaunchArgument(
        "provider",
        default_value="",
        choices=["", "auto", "cpu", "tensorrt"],
        description="What runs the network; empty: as in params_file.",
    ),
    DeclareLaunchArgument(
        "params_file",
        default_value=str(CONFIG / "attendseg.yaml"),
        description="Parameters of the node. Copy the default to make your own. The arguments model, provider and "
        "use_sim_time override it.",
    ),
    DeclareLaunchArgument(
        "rviz",
        default_value="false",
        choices=BOOLEANS,
        description="Show camera, overlay and mask in rviz; needs the package rviz2.",
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


def start(context):
    """Reads the arguments' values and starts the processes."""
    given = {argument.name: context.launch_configurations[argument.name] for argument in ARGUMENTS}
    # An argument left empty is not passed on, so that it does not override params_file.
    clock = {"use_sim_time": given["use_sim_time"].lower() == "true"} if given["use_sim_time"] else {}
    overrides = {**{name: given[name] for name in ("model", "provider") if given[name]}, **clock}
    environment = fastdds_profile()

    nodes = [
        Node(
            package="attendseg_node",
            executable="attendseg",
            # With the name, launch addresses the overrides to this very node: they win over any key in params_file.
            name="attendseg",
            namespace=given["namespace"],
            parameters=[source for source in (given["params_file"], overrides) if source],
            remappings=[("image", given["image"])],
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
        nodes.append(
            Node(
                package="rviz2",
                executable="rviz2",
                # In the node's namespace the relative names on the right become the node's own topics.
                namespace=given["namespace"],
                arguments=["-d", str(CONFIG / "attendseg.rviz")],
                parameters=[clock] if clock else [],
                remappings=[
                    ("/image", given["image"]),
                    ("/segmentation/overlay", "segmentation/overlay"),
                    ("/segmentation/color_mask", "segmentation/color_mask"),
                ],
                additional_env=environment,
                output="log",
            )
        )
    return nodes


def generate_launch_description():
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
