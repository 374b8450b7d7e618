"""Starts attendseg for nvblox: a mask of who moves, and the camera_info for it, under the names that nvblox knows.

ros2 launch attendseg_node nvblox.launch.py image:=/camera/color/image_raw
"""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, GroupAction, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import SetRemap

from launch import LaunchDescription

HERE = Path(__file__).absolute().parent


def rename(context):
    """The group's topics become those of nvblox's cameras, which are counted from 0."""
    given = context.launch_configurations
    # The included file, which declares it, comes later.
    cameras = given.get("cameras", "").split() or [""]
    for number, camera in enumerate(cameras):
        ours = f"{camera}/segmentation/groups/{given['group']}".lstrip("/")
        theirs = f"camera_{number}/mask"
        yield SetRemap(ours, f"{theirs}/image")
        yield SetRemap(f"{ours}/camera_info", f"{theirs}/camera_info")


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "group",
                default_value="people",
                description="The group whose mask nvblox gets: people or dynamic of the profile, or one of groups in "
                "params_file.",
            ),
            # A group, so that the new names end with it.
            GroupAction(
                [
                    OpaqueFunction(function=lambda context: list(rename(context))),
                    IncludeLaunchDescription(
                        PythonLaunchDescriptionSource(str(HERE / "attendseg.launch.py")),
                        launch_arguments=[("profile", "nvblox")],
                    ),
                ]
            ),
        ]
    )
