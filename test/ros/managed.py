"""A node that is steered by its lifecycle services, as Nav2's lifecycle manager does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from ros_graph import Graph

if TYPE_CHECKING:
    from conftest import Running

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, SHUTDOWN = "configure", "cleanup", "activate", "deactivate", "shutdown"


# Where actions lead; what is not here is refused.
GRAPH = {
    ("unconfigured", CONFIGURE): "inactive",
    ("inactive", CLEANUP): "unconfigured",
    ("inactive", ACTIVATE): "active",
    ("active", DEACTIVATE): "inactive",
    ("unconfigured", SHUTDOWN): "finalized",
    ("inactive", SHUTDOWN): "finalized",
    ("active", SHUTDOWN): "finalized",
}


@dataclass
class Managed:
    """A node that waits unconfigured, and clients of its services."""

    graph: Graph
    node: Running
    _clients: dict[str, Any] = field(default_factory=dict)

    def call(self, kind: Any, service: str, **fields: Any) -> Any:
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self.graph.node.create_client(kind, f"{self.node.full_name}/{service}")
            self.graph.wait(client.service_is_ready, service)
        future = client.call_async(kind.Request(**fields))
        self.graph.wait(future.done, f"the answer of {service}")
        return future.result()

    def change(self, label: str = "", number: int = 0) -> bool:
        transition = Transition(id=number, label=label)
        return self.call(ChangeState, "change_state", transition=transition).success

    @property
    def state(self) -> str:
        return self.call(GetState, "get_state").current_state.label

    def report(self, message: str) -> dict[str, str]:
        values, status = self.graph.report(
            self.node.full_name, lambda _, status: message in status.message, f"the message {message}"
        )
        assert status.level == b"\0"
        return values

    def close(self) -> None:
        for client in self._clients.values():
            self.graph.node.destroy_client(client)


Manage = Callable[..., Managed]
