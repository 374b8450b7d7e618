"""Launch files, visited as launch does it, but with stand-ins for what they ask of it: no wheel has launch."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = Path(__file__).parent / "stand_ins"
PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


@pytest.fixture
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


def load(path):
    spec = importlib.util.spec_from_file_location("launch_file", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description().entities


class Launched:
    """What a launch file does with these arguments: nodes started, lines logged, arguments declared."""

    def __init__(self, file, arguments):
        self.declared = {}
        self.nodes = []
        self.processes = []
        self.handlers = []
        self.lines = []
        self._configurations = dict(arguments)
        self._remappings = {}
        for entity in load(ROOT / "launch" / file):
            self._visit(entity)
        unknown = set(arguments) - set(self.declared)
        assert not unknown, f"not declared: {unknown}"

    @property
    def attendseg(self):
        (node,) = [node for node in self.nodes if (node.package, node.name) == ("attendseg_node", "attendseg")]
        return node

    @property
    def others(self):
        return [node for node in self.nodes if node.package != "attendseg_node"]

    def _visit(self, entity):
        getattr(self, f"_{type(entity).__name__}")(entity)

    def _DeclareLaunchArgument(self, argument):
        self.declared[argument.name] = argument
        value = self._configurations.setdefault(argument.name, argument.default_value)
        assert argument.choices is None or value in argument.choices

    def _OpaqueFunction(self, action):
        for entity in action.function(SimpleNamespace(launch_configurations=self._configurations)) or ():
            self._visit(entity)

    def _IncludeLaunchDescription(self, action):
        self._configurations.update(action.arguments)
        for entity in load(action.source.path):
            self._visit(entity)

    def _GroupAction(self, action):
        outside = dict(self._configurations), dict(self._remappings)
        for entity in action.actions:
            self._visit(entity)
        self._configurations, self._remappings = outside

    def _SetRemap(self, action):
        self._remappings[action.src] = action.dst

    def _LogInfo(self, action):
        self.lines.append(action.message)

    def _ExecuteProcess(self, process):
        self.processes.append(process)

    def _RegisterEventHandler(self, action):
        self.handlers.append(action.handler)

    def _Node(self, node):
        node.remappings = {**self._remappings, **node.remappings}
        self.nodes.append(node)


@pytest.fixture
def launch(stand_ins):
    """launch(FILE, argument="value", ...) -> Launched"""
    return lambda file, **arguments: Launched(file, arguments)
