"""What is measured: the node, a plain Python node with its packages, and runs of the session alone."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from settings import MODEL, ROOT, Flow, class_colours, model_file, session_threads

PACKAGES = ROOT / ".ros/bench"
PINNED = ("onnxruntime==1.30.0", "opencv-python-headless==5.0.0.93")
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Candidate:
    """A program that is started anew for each round."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def node_of(root: Path, flow: Flow, flags: str = "", name: str = "") -> Candidate:
    """The node of a checkout, with these flags of Node.js."""
    main = str(root / "dist/main.js")
    arguments = ["-r", "image:=/camera/image_raw"]
    if flow.cameras:
        arguments = ["-p", f"cameras:=[{', '.join(f'camera{i + 1}' for i in range(flow.cameras))}]"]
    if flow.jpeg:
        arguments += ["-p", "image_transport:=compressed"]
    command = ["node", *flags.split(), main, "node", "--ros-args", *arguments]
    return Candidate(name or f"{root.name} {flags}".strip(), command)


def python_environment() -> dict[str, str]:
    """Ours behind the peer's packages."""
    return {"PYTHONPATH": f"{PACKAGES}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def peer(folder: Path) -> Candidate:
    """The same file, as many threads as the node takes."""
    colours = folder / "colours.json"
    colours.write_text(json.dumps(class_colours()))
    command = [sys.executable, str(HERE / "peer.py"), str(model_file()), str(colours), str(session_threads())]
    return Candidate("peer", command, python_environment())


def ended_model(folder: Path) -> Path:
    """The network as the node's session runs it."""
    out = folder / "ended.onnx"
    subprocess.run(["node", str(HERE / "ended.mjs"), str(MODEL), str(out)], check=True, cwd=ROOT)
    return out


def session(language: str, name: str, seconds: float, model: Path) -> Candidate:
    """Runs of the session alone, back to back, in `node` or `python`; it prints JSON."""
    program = ["node", str(HERE / "session.mjs")] if language == "node" else [sys.executable, str(HERE / "session.py")]
    arguments = [str(model), str(session_threads()), str(seconds)]
    return Candidate(name, [*program, *arguments], python_environment() if language == "python" else {})


def fetch_packages() -> None:
    """
    The peer's packages, unless they are there.
    @throws RuntimeError if pip cannot have them
    """
    wanted = {tuple(pin.split("==")) for pin in PINNED}
    if all((PACKAGES / f"{name.replace('-', '_')}-{version}.dist-info").exists() for name, version in wanted):
        return
    command = ["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target", str(PACKAGES), *PINNED]
    print(f"fetching the Python node's packages: python {' '.join(command)}", file=sys.stderr)
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        remedy = "measure what needs no Python node: --only outputs,cameras,gc,throughput"
        raise RuntimeError(f"the Python node's packages {' '.join(PINNED)} cannot be fetched: {last}; {remedy}")
