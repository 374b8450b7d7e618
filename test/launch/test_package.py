"""package.xml against the sources, and the transport profile's content."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ros2_ws" / "src" / "attendseg_node"


def manifest():
    return ElementTree.parse(PACKAGE / "package.xml").getroot()


def names(tag):
    return {element.text for element in manifest().iter(tag)}


def test_the_manifest_is_what_colcon_and_rosdep_expect():
    package = manifest()
    assert package.get("format") == "3"
    assert package.findtext("name") == "attendseg_node"
    assert package.findtext("license") == "Apache-2.0"
    assert package.findtext("export/build_type") == "ament_cmake"
    assert names("buildtool_depend") == {"ament_cmake"}
    assert {"launch", "launch_ros"} <= names("exec_depend")


def test_the_version_is_that_of_package_json():
    version = re.search(r'"version": "([^"]+)"', (ROOT / "package.json").read_text(encoding="utf-8")).group(1)
    assert manifest().findtext("version") == version


def test_every_message_package_in_the_sources_is_a_dependency():
    used = set()
    for source in (PACKAGE / "src").rglob("*.ts"):
        used |= set(re.findall(r"\b([a-z][a-z0-9_]*)/(?:msg|srv|action)/[A-Z]", source.read_text(encoding="utf-8")))
    assert used <= names("depend"), (
        "name them in package.xml, so that rosdep installs them and rclnodejs generates them"
    )


def test_no_dependency_is_named_twice():
    listed = [element.text for element in manifest() if element.tag.endswith("depend")]
    assert len(listed) == len(set(listed))


def test_the_transport_profile_is_for_large_images():
    profile = ElementTree.parse(ROOT / "config" / "fastdds.xml").getroot()
    space = {"d": "http://www.eprosima.com"}
    transports = {
        descriptor.findtext("d:type", namespaces=space): {child.tag.split("}")[1]: child.text for child in descriptor}
        for descriptor in profile.iterfind(".//d:transport_descriptor", space)
    }
    assert int(transports["SHM"]["segment_size"]) == 64 * 2**20
    assert int(transports["SHM"]["maxMessageSize"]) == 16 * 2**20
    assert int(transports["UDPv4"]["sendBufferSize"]) == int(transports["UDPv4"]["receiveBufferSize"]) == 4 * 2**20
    participant = profile.find(".//d:participant", space)
    assert participant.get("is_default_profile") == "true", "or ROS would not use it"
    assert participant.findtext(".//d:useBuiltinTransports", namespaces=space) == "false"
    used = {element.text for element in participant.iterfind(".//d:userTransports/d:transport_id", space)}
    assert used == {transport["transport_id"] for transport in transports.values()}
