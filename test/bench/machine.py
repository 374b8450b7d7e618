"""What figures belong to: processor, system and versions."""

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from candidates import PACKAGES
from settings import ROOT, model_file, session_threads

FLAGS = {
    "VNNI": ("avx512_vnni", "avx_vnni", "asimddp"),
    "AMX": ("amx_int8",),
    "avx512_bf16": ("avx512_bf16",),
    "i8mm": ("i8mm",),
}


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def cpu(info: str) -> str:
    """Model and what of int8 and bf16 it has, from /proc/cpuinfo."""
    fields: dict[str, str] = {}
    for line in info.splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    has = set((fields.get("flags") or fields.get("Features") or "").split())
    flags = [name for name, any_of in FLAGS.items() if has & set(any_of)]
    model = fields.get("model name") or fields.get("CPU part") or platform.machine()
    return f"{model}, {platform.machine()}, {', '.join(flags) or 'neither VNNI nor AMX'}"


def versions() -> tuple[str, str]:
    """Of onnxruntime, ours and the Python node's."""
    ours = json.loads((ROOT / "node_modules/onnxruntime-node/package.json").read_text())["version"]
    theirs = [folder.name.split("-")[1].removesuffix(".dist") for folder in PACKAGES.glob("onnxruntime-*.dist-info")]
    return ours, ", ".join(theirs) or "none"


def describe() -> dict[str, Any]:
    ours, theirs = versions()
    changed = output_of("git", "status", "--porcelain", "--untracked-files=no") not in ("", "unknown")
    return {
        "cpu": cpu(Path("/proc/cpuinfo").read_text()),
        "cores": len(os.sched_getaffinity(0)),
        "session threads": session_threads(),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "node": output_of("node", "--version"),
        "python": platform.python_version(),
        "ros": os.environ.get("ROS_DISTRO", "unknown"),
        "rmw": os.environ.get("RMW_IMPLEMENTATION", "the default"),
        "onnxruntime": f"{ours}; the Python node's {theirs}",
        "model": model_file().name,
        "commit": output_of("git", "rev-parse", "--short", "HEAD") + (" with changes" if changed else ""),
    }
