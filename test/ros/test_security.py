"""What others on the machine and the network reach of a node: DDS, and nothing where security is asked for in vain."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from node_process import NodeProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Running
    from ros_graph import Camera

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
