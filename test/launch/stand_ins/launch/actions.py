class DeclareLaunchArgument:
    def __init__(self, name, *, default_value=None, description=None, choices=None):
        self.name = name
        self.default_value = default_value
        self.description = description
        self.choices = choices


class OpaqueFunction:
    def __init__(self, *, function):
        self.function = function


class IncludeLaunchDescription:
    def __init__(self, launch_description_source, *, launch_arguments=()):
        self.source = launch_description_source
        self.arguments = list(launch_arguments)


class GroupAction:
    def __init__(self, actions):
        self.actions = list(actions)


class ExecuteProcess:
    def __init__(self, *, cmd, additional_env=None, output="log"):
        self.command = list(cmd)
        self.additional_env = dict(additional_env or {})
        self.output = output


class RegisterEventHandler:
    def __init__(self, event_handler):
        self.handler = event_handler


class Shutdown:
    def __init__(self, *, reason="reason not given"):
        self.reason = reason


class LogInfo:
    def __init__(self, *, msg):
        self.message = msg
