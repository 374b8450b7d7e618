"""The npm packages: pinned, of known licences, their scripts looked at, audited where the registry answers that."""

from __future__ import annotations

import copy
import datetime
import subprocess
import sys
from typing import Any

import dependencies
import pytest
from conftest import ROOT

LOCK, KNOWN = dependencies.read_lock(), dependencies.read_list()
TODAY = datetime.date(2026, 11, 26)


def test_packages_are_pinned_licensed_and_looked_at() -> None:
    assert dependencies.problems_of(LOCK, KNOWN) == []


@pytest.mark.parametrize(
    ("path", "change", "words"),
    [
        ("", {"dependencies": {"sharp": "^0.35.5"}}, "sharp: package.json asks for ^0.35.5"),
        ("node_modules/sharp", {"version": "next"}, "node_modules/sharp: has no exact version"),
        ("node_modules/sharp", {"integrity": "sha1-x"}, "node_modules/sharp: has no sha512"),
        ("node_modules/sharp", {"license": "GPL-3.0"}, "node_modules/sharp: its licence is GPL-3.0"),
        ("node_modules/sharp", {"license": "MIT AND GPL-3.0"}, "its licence is MIT AND GPL-3.0"),
        ("node_modules/sharp", {"license": ""}, "node_modules/sharp: its licence is"),
        ("node_modules/sharp", {"hasInstallScript": True}, "has an install script that nobody looked at"),
        ("node_modules/koffi", {"hasInstallScript": False}, "koffi 3.3.4: is in scripts/dependencies.yaml, but not"),
        ("node_modules/koffi", {"version": "3.3.5"}, "koffi 3.3.5: has an install script that nobody looked at"),
    ],
)
def test_what_is_wrong_is_named(path: str, change: dict[str, Any], words: str) -> None:
    lock = copy.deepcopy(LOCK)
    lock["packages"][path].update(change)
    assert words in "\n".join(dependencies.problems_of(lock, KNOWN))


def test_the_set_up_runs_the_scripts_that_are_listed_as_run() -> None:
    main = (ROOT / "scripts/setup/main.py").read_text(encoding="utf-8")
    install = (ROOT / "scripts/install-space.mjs").read_text(encoding="utf-8")
    assert main.count('"npm", "ci", "--ignore-scripts"') == main.count('"ci"') == 1
    assert install.count("['ci', '--ignore-scripts'") == install.count("'ci'") == 1
    rebuilt = [entry["package"] for entry in KNOWN["install_scripts"] if entry["run"]]
    assert rebuilt == ["rclnodejs"]
    assert '"npm", "rebuild", "rclnodejs", "--no-ignore-scripts"' in main


def report(name: str = "sharp", number: str = "GHSA-aaaa-bbbb-cccc") -> dict[str, Any]:
    """As npm 10 and 11 write it: an advisory, and a package that has it through another one."""
    advisory = {
        "source": 1,
        "name": name,
        "title": "Reads past the end",
        "url": f"https://github.com/advisories/{number}",
        "severity": "high",
        "range": "<1",
    }
    return {
        "auditReportVersion": 2,
        "vulnerabilities": {
            name: {"name": name, "severity": "high", "via": [advisory]},
            "other": {"name": "other", "severity": "high", "via": [name]},
        },
    }


def allowing(until: datetime.date, package: str = "sharp") -> dict[str, Any]:
    return {"advisories": [{"id": "GHSA-aaaa-bbbb-cccc", "package": package, "until": until, "why": "not called"}]}


def test_audits_are_judged() -> None:
    none = {"advisories": []}
    assert dependencies.judge_audit({"vulnerabilities": {}}, none, TODAY) == []
    (new,) = dependencies.judge_audit(report(), none, TODAY)
    assert new.startswith("sharp: GHSA-aaaa-bbbb-cccc, high: Reads past the end; update it")
    assert dependencies.judge_audit(report(), allowing(TODAY), TODAY) == []
    (old,) = dependencies.judge_audit(report(), allowing(TODAY - datetime.timedelta(days=1)), TODAY)
    assert "allowed until 2026-11-25: look at it again" in old
    assert len(dependencies.judge_audit(report(), allowing(TODAY, "other"), TODAY)) == 1
    assert len(dependencies.judge_audit(report(number="GHSA-dddd-eeee-ffff"), allowing(TODAY), TODAY)) == 1


@pytest.mark.parametrize(
    "message",
    [
        "405 Method Not Allowed - POST https://registry.npmjs.org/-/npm/v1/security/advisories/bulk",
        "404 Not Found - POST https://mirror/-/npm/v1/security/advisories/bulk",
        "request to http://nowhere.invalid/-/npm failed, reason: getaddrinfo ENOTFOUND nowhere.invalid",
    ],
)
def test_a_registry_without_audits_is_no_finding(message: str) -> None:
    with pytest.raises(dependencies.NoAnswer, match="npm audit: "):
        dependencies.judge_audit({"message": message}, {"advisories": []}, TODAY)


def test_another_failure_of_npm_is_no_pass() -> None:
    with pytest.raises(ValueError, match="This command requires an existing lockfile"):
        dependencies.judge_audit({"message": "This command requires an existing lockfile."}, {"advisories": []}, TODAY)


def test_audit() -> None:
    try:
        assert dependencies.audit() == []
    except dependencies.NoAnswer as error:
        pytest.skip(f"the registry answers no audits: {error}")


def test_the_list_of_packages_is_complete(tmp_path: Any) -> None:
    bom = dependencies.sbom()
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "attendseg_node"
    packages = dependencies.product_packages(LOCK)
    wanted = {f"{dependencies.name_of(path)}@{entry['version']}": entry["license"] for path, entry in packages.items()}
    listed = {component["bom-ref"]: component for component in bom["components"]}
    assert set(listed) == set(wanted)
    for ref, component in listed.items():
        assert component["hashes"][0]["alg"] == "SHA-512"
        # Apache2 is no name of SPDX.
        assert component.get("licenses") or wanted[ref] == "Apache2"
    refs = {*listed, bom["metadata"]["component"]["bom-ref"]}
    for entry in bom["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= refs
    file = tmp_path / "out" / "sbom.json"
    command = [sys.executable, ROOT / "scripts/dependencies.py", "sbom", file]
    assert "CycloneDX" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert file.exists()
