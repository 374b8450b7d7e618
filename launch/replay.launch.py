"""Plays a bag into attendseg, records its masks on request, and ends with the bag.

ros2 launch attendseg_node replay.launch.py bag:=drive.mcap image:=/camera/image_raw
ros2 launch attendseg_node replay.launch.py bag:=drive.mcap image:=/camera/image_raw lossless:=true record:=masks.mcap
"""

import importlib.util
import runpy
from pathlib import Path

from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
)
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from launch import LaunchDescription

HERE = Path(__file__).absolute().parent
ATTENDSEG = runpy.run_path(str(HERE / "attendseg.launch.py"))


def has_ros2bag():
    """Has this ROS the verb `ros2 bag`, with its storage plug-ins?"""
    return importlib.util.find_spec("ros2bag") is not None


def is_true(value):
    return value.lower() == "true"


def player_of(given):
    """ours or ros2bag."""
    # ros2 bag play neither hears the node's answers nor waits for them.
    ours = [name for name in ("record", "topics") if given[name]] + ["lossless"] * is_true(given["lossless"])
    if given["player"] == "ros2bag" and ours:
        raise RuntimeError(f"player:=ros2bag has no {' and no '.join(ours)}: leave player:= out, or take player:=ours")
    if given["player"] == "ros2bag" and not has_ros2bag():
        raise RuntimeError(
            "player:=ros2bag: there is no ros2 bag here; install ros-$ROS_DISTRO-ros2bag, or leave it out"
        )
    if given["player"] != "auto":
        return given["player"]
    return "ros2bag" if has_ros2bag() and not ours else "ours"


def play(context):
    """Starts the player; with its end all ends."""
    given = context.launch_configurations
    environment = ATTENDSEG["fastdds_profile"]()
    loop = ["--loop"] * is_true(given["loop"])
    if player_of(given) == "ros2bag":
        # The node is there within seconds; a bag that starts before loses what it played.
        timing = ["--rate", given["rate"], "--start-offset", given["start"], "--delay", "5"]
        command = ["ros2", "bag", "play", given["bag"], "--clock", *timing, *loop]
        process = ExecuteProcess(cmd=command, additional_env=environment, output="both")
    else:
        lossless = is_true(given["lossless"])
        speed = ["--lossless"] if lossless else ["--rate", given["rate"]]
        asked = [word for name in ("topics", "record") if given[name] for word in (f"--{name}", given[name])]
        process = Node(
            package="attendseg_node",
            executable="attendseg",
            arguments=["play", given["bag"], "--clock", "--wait", "--start", given["start"], *speed, *loop, *asked],
            additional_env=environment,
            output="both",
            # A recording is completed when it is ended.
            sigterm_timeout="10",
        )
    end = OnProcessExit(target_action=process, on_exit=[Shutdown(reason="the bag has been played")])
    return [RegisterEventHandler(end), process]


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="File or folder of ros2 bag: MCAP or sqlite3."),
            DeclareLaunchArgument("rate", default_value="1.0", description="So many times as fast as it was recorded."),
            DeclareLaunchArgument(
                "start", default_value="0.0", description="Seconds from the beginning of the bag that are left out."
            ),
            DeclareLaunchArgument(
                "loop",
                default_value="false",
                choices=ATTENDSEG["BOOLEANS"],
                description="Begin again at the end, until Ctrl-C.",
            ),
            DeclareLaunchArgument(
                "lossless",
                default_value="false",
                choices=ATTENDSEG["BOOLEANS"],
                description="No picture is lost: each goes out when the one before it has its mask; without rate.",
            ),
            DeclareLaunchArgument(
                "record",
                default_value="",
                description="File OUT.mcap for the masks, with the list of dropped pictures; empty: none.",
            ),
            DeclareLaunchArgument(
                "topics",
                default_value="",
                description="Topics that are played, with commas between; empty: pictures with what belongs to them.",
            ),
            DeclareLaunchArgument(
                "player",
                default_value="auto",
                choices=["auto", "ours", "ros2bag"],
                description="ros2bag: ros2 bag play; ours: attendseg play. auto: ours where ros2 bag cannot do it.",
            ),
            # Before the included file declares it without a default.
            DeclareLaunchArgument(
                "profile",
                default_value="bag",
                choices=["", *ATTENDSEG["PROFILES"]],
                description="Parameters for a consumer, config/profiles/<profile>.yaml.",
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(HERE / "attendseg.launch.py")),
                launch_arguments=[("use_sim_time", "true")],
            ),
            # Behind it, so that its arguments have their values.
            OpaqueFunction(function=play),
        ]
    )
