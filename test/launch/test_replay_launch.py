"""replay.launch.py: the node, the player that suits, and an end of both."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = "replay.launch.py"


@pytest.fixture
def ros2bag(monkeypatch):
    """ros2bag(THERE): is ros2 bag installed?"""

    def there(is_there):
        module = ModuleType("ros2bag")
        module.__spec__ = object()
        monkeypatch.setitem(sys.modules, "ros2bag", module if is_there else None)

    return there


def parts(started):
    """The node and our player."""
    (node,) = [each for each in started.nodes if each.arguments[:1] != ["play"]]
    (player,) = [each for each in started.nodes if each.arguments[:1] == ["play"]]
    return node, player


def ends_with(started, process):
    (handler,) = started.handlers
    assert handler.target is process
    (action,) = handler.actions
    assert type(action).__name__ == "Shutdown"


def test_lossless_it_is_our_player_that_records(launch, ros2bag):
    ros2bag(True)
    started = launch(
        FILE, bag="a.mcap", image="/cam/image", lossless="true", record="out.mcap", start="1.5", model="/m"
    )
    node, player = parts(started)
    assert node.remappings == {"image": "/cam/image"}
    assert node.parameters[1:] == [
        str(ROOT / "config" / "profiles" / "bag.yaml"),
        {"model": "/m", "use_sim_time": True},
    ]
    words = ["a.mcap", "--clock", "--wait", "--start", "1.5", "--lossless", "--record", "out.mcap"]
    assert player.arguments == ["play", *words]
    assert not player.respawn, "a bag is played once"
    assert player.additional_env == node.additional_env, "large images need the profile on both sides"
    ends_with(started, player)


def test_profile_and_file_are_the_users_choice(launch, ros2bag):
    ros2bag(False)
    node, _ = parts(launch(FILE, bag="a", profile="nav2", params_file="mine.yaml"))
    assert node.parameters[1:] == [
        str(ROOT / "config" / "profiles" / "nav2.yaml"),
        "mine.yaml",
        {"use_sim_time": True},
    ]


def test_ros2_bag_plays_where_it_can(launch, ros2bag):
    ros2bag(True)
    started = launch(FILE, bag="a", rate="0.5", loop="True")
    (process,) = started.processes
    assert process.command[:5] == ["ros2", "bag", "play", "a", "--clock"]
    assert process.command[5:9] == ["--rate", "0.5", "--start-offset", "0.0"]
    assert process.command[-1] == "--loop"
    ends_with(started, process)
    assert started.attendseg

    assert not launch(FILE, bag="a", player="ours").processes
    assert not launch(FILE, bag="a", topics="/cam/image").processes
    ros2bag(False)
    _, player = parts(launch(FILE, bag="a", rate="0.5", loop="true"))
    assert player.arguments == ["play", "a", "--clock", "--wait", "--start", "0.0", "--rate", "0.5", "--loop"]


def test_what_ros2_bag_cannot_do_is_refused(launch, ros2bag):
    ros2bag(True)
    with pytest.raises(RuntimeError, match=r"player:=ros2bag has no record and no lossless: "):
        launch(FILE, bag="a", player="ros2bag", lossless="true", record="x.mcap")
    ros2bag(False)
    with pytest.raises(RuntimeError, match=r"there is no ros2 bag here"):
        launch(FILE, bag="a", player="ros2bag")


def test_the_arguments_say_what_they_are_for(launch):
    for name, argument in launch(FILE, bag="a").declared.items():
        assert argument.description.endswith("."), name
        assert (argument.default_value is None) == (name == "bag"), "without a bag there is nothing to play"
