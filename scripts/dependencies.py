"""The npm packages of the product, held against scripts/dependencies.yaml:

python3 scripts/dependencies.py check         versions, hashes, licences and install scripts in package-lock.json
python3 scripts/dependencies.py audit         the registry's advisories; exit code 2 if the registry answers none
python3 scripts/dependencies.py sbom FILE     a list of the packages, with their licences, in CycloneDX
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
LIST = "scripts/dependencies.yaml"
EXACT = re.compile(r"\d+\.\d+\.\d+(-[\w.]+)?")
UNANSWERED = re.compile(r"^(40[45]|5\d\d) |ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ENETUNREACH|TIMEDOUT|timeout")
"""What npm says of a registry that is not there, or that has no advisories: many mirrors and proxies."""


class NoAnswer(Exception):
    """The registry answers no audits."""


def read_list() -> dict[str, Any]:
    return yaml.safe_load((ROOT / LIST).read_text(encoding="utf-8"))


def read_lock() -> dict[str, Any]:
    return json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))


def name_of(path: str) -> str:
    return path.rpartition("node_modules/")[2]


def product_packages(lock: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By their path; those that only development needs are left out."""
    return {path: entry for path, entry in lock["packages"].items() if path and not entry.get("dev")}


def problems_of(lock: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """Each a line that names the package, the cause and the remedy."""
    found: list[str] = []
    root = lock["packages"][""]
    for name, wanted in {**root.get("dependencies", {}), **root.get("devDependencies", {})}.items():
        if not EXACT.fullmatch(wanted):
            found.append(f"{name}: package.json asks for {wanted}, which is no exact version; pin it")
    for path, entry in lock["packages"].items():
        if path and not EXACT.fullmatch(entry.get("version", "")):
            found.append(f"{path}: has no exact version in package-lock.json; npm install it by a version")
        if path and not entry.get("integrity", "").startswith("sha512-"):
            found.append(f"{path}: has no sha512 in package-lock.json; take it from the registry")
    for path, entry in product_packages(lock).items():
        licence = entry.get("license", "none")
        words = set(re.findall(r"[\w.+-]+", licence)) - {"AND", "OR"}
        if not words or not words <= set(known["licences"]):
            found.append(f"{path}: its licence is {licence}; replace it, or add the licence to {LIST} with the reason")
    scripts = {f"{name_of(p)} {e['version']}" for p, e in lock["packages"].items() if e.get("hasInstallScript")}
    listed = {f"{entry['package']} {entry['version']}" for entry in known["install_scripts"]}
    for package in sorted(scripts - listed):
        found.append(f"{package}: has an install script that nobody looked at; read it and add it to {LIST}")
    for package in sorted(listed - scripts):
        found.append(f"{package}: is in {LIST}, but not in package-lock.json with an install script; remove it there")
    return found


def judge_audit(report: dict[str, Any], known: dict[str, Any], today: datetime.date) -> list[str]:
    """What `npm audit --json` reports and nobody has allowed, or not any more. Raises NoAnswer, ValueError."""
    if "vulnerabilities" not in report:
        said = str(report.get("message") or report)[:300]
        raise (NoAnswer if UNANSWERED.search(said) else ValueError)(f"npm audit: {said}")
    allowed = {(entry["id"], entry["package"]): entry["until"] for entry in known["advisories"]}
    found = set()
    for name, entry in report["vulnerabilities"].items():
        # Texts name the package through which it came, which has an entry of its own.
        for advisory in (via for via in entry["via"] if isinstance(via, dict)):
            number = advisory["url"].rpartition("/")[2]
            until = allowed.get((number, name))
            what = f"{name}: {number}, {advisory['severity']}: {advisory['title']}"
            if until is None:
                found.add(f"{what}; update it, or allow it in {LIST} with a day and the reason")
            elif until < today:
                found.add(f"{what}; allowed until {until}: look at it again, and update it or set a new day in {LIST}")
    return sorted(found)


def audit() -> list[str]:
    """Asks the registry. Raises NoAnswer, ValueError."""
    command = ["npm", "audit", "--omit=dev", "--json", "--fetch-retries=0", "--fetch-timeout=30000"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return judge_audit(json.loads(said), read_list(), datetime.datetime.now(datetime.timezone.utc).date())


def sbom() -> dict[str, Any]:
    """npm's own list, of the lockfile. npm's --omit=dev would leave out what development needs as well."""
    command = ["npm", "sbom", "--sbom-format=cyclonedx", "--sbom-type=application", "--package-lock-only"]
    bom = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    # npm calls it as the folder is called.
    bom["metadata"]["component"]["name"] = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["name"]
    mark = "cdx:npm:package:development"
    gone = {c["bom-ref"] for c in bom["components"] if any(p["name"] == mark for p in c.get("properties", []))}
    bom["components"] = [c for c in bom["components"] if c["bom-ref"] not in gone]
    bom["dependencies"] = [
        {**d, "dependsOn": [ref for ref in d.get("dependsOn", []) if ref not in gone]}
        for d in bom["dependencies"]
        if d["ref"] not in gone
    ]
    return bom


def main(words: list[str]) -> int:
    try:
        match words:
            case ["check"]:
                found = problems_of(read_lock(), read_list())
            case ["audit"]:
                found = audit()
            case ["sbom", file]:
                Path(file).parent.mkdir(parents=True, exist_ok=True)
                bom = sbom()
                Path(file).write_text(json.dumps(bom, indent=2) + "\n", encoding="utf-8")
                print(f"{file}: CycloneDX, {len(bom['components'])} packages")
                return 0
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except NoAnswer as error:
        print(f"not audited: {error}", file=sys.stderr)
        return 2
    print("\n".join(found) or "nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
