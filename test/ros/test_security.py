"""What others on the machine and the network reach of a node: DDS, and nothing where security is asked for in vain."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from node_process import NodeProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Running
    from ros_graph import Camera, Graph

LISTENING = "0A"


def sockets(pid: int) -> set[str]:
    """Inodes of a process's sockets."""
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except FileNotFoundError:
            continue
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")}


def rows(table: str) -> list[list[str]]:
    """Of /proc/net: without its heading, none where the kernel lacks the protocol."""
    path = Path("/proc/net") / table
    return [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() else []


def listeners(pid: int) -> dict[str, list[str]]:
    own = sockets(pid)
    tcp = [row[1] for table in ("tcp", "tcp6") for row in rows(table) if row[3] == LISTENING and row[9] in own]
    udp = [row[1] for table in ("udp", "udp6") for row in rows(table) if row[9] in own]
    # Flags: 00010000 listens.
    unix = [row[-1] for row in rows("unix") if row[3] == "00010000" and row[6] in own]
    return {"tcp": tcp, "udp": udp, "unix": unix}


def test_it_listens_to_dds_alone(cube: Running, look: Callable[..., Camera]) -> None:
    look(cube, "mask")
    found = listeners(cube.process.pid)
    assert (found["tcp"], found["unix"]) == ([], [])
    # DDS's ports of a domain: from 7400 + 250 * domain on (RTPS 2.2, 9.6.1.1); others are chosen by the system.
    domain = int(os.environ.get("ROS_DOMAIN_ID", "0"))
    known = [port for port in (int(row.rpartition(":")[2], 16) for row in found["udp"]) if port >= 7400 + 250 * domain]
    assert known, "DDS was not seen: the test looks in the wrong place"


@pytest.mark.parametrize("files", [False, True], ids=["no enclave", "an enclave with wrong files"])
def test_security_that_cannot_be_had_ends_the_node(files: bool, tmp_path: Path, cube_model: Path) -> None:
    """Rather than to run open. So it is with a Fast DDS that was built without security, as that of the wheels."""
    enclave = tmp_path / "keystore" / "enclaves" / "attendseg"
    enclave.parent.mkdir(parents=True)
    if files:
        enclave.mkdir()
        for name in ("identity_ca.cert", "cert", "key", "permissions_ca.cert"):
            (enclave / f"{name}.pem").write_text("nothing", encoding="utf-8")
        for name in ("governance", "permissions"):
            (enclave / f"{name}.p7s").write_text("nothing", encoding="utf-8")
    node = NodeProcess(
        tmp_path,
        ["-p", f"model:={cube_model}", "--enclave", "/attendseg"],
        ROS_SECURITY_KEYSTORE=str(tmp_path / "keystore"),
        ROS_SECURITY_ENABLE="true",
        ROS_SECURITY_STRATEGY="Enforce",
    )
    assert node.wait(60) == 1
    last = node.errors.splitlines()[-1]
    assert last.startswith("attendseg: ")
    assert files or "secur" in last.lower()


def policy() -> tuple[str, dict[str, set[str]]]:
    """The example of SECURITY.md: its node, and the full names that it allows."""
    text = (Path(__file__).resolve().parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    profile = ElementTree.fromstring(re.search(r"<policy.*</policy>", text, re.DOTALL)[0]).find(".//profile")
    node, namespace = profile.attrib["node"], profile.attrib["ns"]

    def names(query: str) -> set[str]:
        found = [entry.text.replace("~", f"{namespace}{node}") for entry in profile.findall(query)]
        return {name if name.startswith("/") else namespace + name for name in found}

    allowed = {
        "subscribe": names("topics[@subscribe]/topic"),
        "publish": names("topics[@publish]/topic"),
        "reply": names("services[@reply]/service"),
    }
    return node, allowed


def test_the_policy_in_security_md_is_what_the_node_has(
    start: Callable[..., Running], graph: Graph, cube_model: Path
) -> None:
    name, allowed = policy()
    image = "/camera/image_raw"

    def found() -> dict[str, set[str]]:
        ros = graph.node
        return {
            "subscribe": {topic for topic, _ in ros.get_subscriber_names_and_types_by_node(name, "/")},
            "publish": {topic for topic, _ in ros.get_publisher_names_and_types_by_node(name, "/")},
            "reply": {service for service, _ in ros.get_service_names_and_types_by_node(name, "/")},
        }

    # These are there with use_sim_time, a compressed camera, the package bond, or from Jazzy on.
    optional = {"/clock", f"{image}/compressed", "/bond", f"/{name}/get_type_description"}
    start(cube_model, namespace="", name=name, image=image)
    graph.wait(lambda: (name, "/") in graph.node.get_node_names_and_namespaces(), f"the node {name}")
    wanted = {kind: names - optional for kind, names in allowed.items()}
    graph.wait(lambda: all(wanted[kind] <= names for kind, names in found().items()), f"a node with all of {wanted}")
    for kind, names in found().items():
        assert names <= allowed[kind]
