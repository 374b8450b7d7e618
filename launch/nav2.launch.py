"""Starts attendseg for Nav2's semantic_segmentation_layer, and gives the layer's parameters for the model's classes.

ros2 launch attendseg_node nav2.launch.py image:=/camera/color/image_raw costmap_yaml:=costmap.yaml
"""

import runpy
from pathlib import Path

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, LogInfo, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchDescription

HERE = Path(__file__).absolute().parent
COSTMAP = runpy.run_path(str(HERE / "costmap_yaml.py"))


def tell(context):
    """Writes the costmap's parameters, or shows them."""
    given = context.launch_configurations
    files = [file for file in (given["params_file"],) if file]
    value = COSTMAP["last_value"]
    classes = COSTMAP["published_classes"](
        COSTMAP["model_classes"](given["model"] or value(files, "model") or ""),
        value(files, "remap") or (),
        value(files, "ignore") or (),
    )
    cameras = given["cameras"].split() or [name for name in value(files, "cameras") or () if name]
    text = COSTMAP["costmap_yaml"](classes, cameras, given["namespace"], given["cloud"])
    path = given["costmap_yaml"]
    return [LogInfo(msg=COSTMAP["write_costmap_yaml"](path, text, classes) if path else f"\n{text}")]


def generate_launch_description():
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                "costmap_yaml",
                default_value="",
                description="File for the costmap's parameters; one that exists is kept. Empty: they are shown in the "
                "log.",
            ),
            DeclareLaunchArgument(
                "cloud",
                default_value="/{camera}/depth_registered/points",
                description="Topic of the organised cloud of the mask's size, for the costmap's parameters; {camera} "
                "stands for the camera's name.",
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(HERE / "attendseg.launch.py")),
                launch_arguments=[("profile", "nav2")],
            ),
            # Behind it, so that its arguments have their values.
            OpaqueFunction(function=tell),
        ]
    )
