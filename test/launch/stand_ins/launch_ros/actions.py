class Node:
    def __init__(
        self,
        *,
        package,
        executable,
        name=None,
        namespace=None,
        parameters=(),
        remappings=(),
        ros_arguments=(),
        arguments=(),
        # Those of ExecuteProcess:
        additional_env=None,
        output="log",
        respawn=False,
        respawn_delay=0.0,
        sigterm_timeout="5",
        sigkill_timeout="5",
    ):
        self.package = package
        self.executable = executable
        self.name = name
        self.namespace = namespace
        self.parameters = list(parameters)
        self.remappings = dict(remappings)
        self.ros_arguments = list(ros_arguments)
        self.arguments = list(arguments)
        self.additional_env = dict(additional_env or {})
        self.output = output
        self.respawn = respawn
        self.respawn_delay = respawn_delay
        self.sigterm_timeout = sigterm_timeout
        self.sigkill_timeout = sigkill_timeout


class SetRemap:
    def __init__(self, src, dst):
        self.src = src
        self.dst = dst
