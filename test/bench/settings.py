"""What a round is: sizes, rates and topics. Nothing here needs ROS."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models/attendseg_camvid"
KINDS = ("mask", "confidence", "color_mask", "overlay", "mask/compressed")


@dataclass(frozen=True)
class Flow:
    """Pictures from one camera or several through a node to a subscriber of its outputs."""

    width: int
    height: int
    rate: float
    """Pictures a second of each camera."""
    seconds: float
    """Measured; what goes before is not."""
    outputs: tuple[str, ...] = ("mask",)
    jpeg: bool = False
    cameras: int = 0
    """Of the parameter `cameras`; 0: it is not given."""
    warm_up: float = 1
    """Seconds of pictures that are sent before, and not measured."""

    @property
    def images(self) -> list[str]:
        """Topics of the cameras, raw."""
        return [f"/camera{i + 1}/image" for i in range(self.cameras)] or ["/camera/image_raw"]

    @property
    def results(self) -> list[tuple[str, str]]:
        """Output and topic of all that a node publishes of them."""
        places = [f"/camera{i + 1}" for i in range(self.cameras)] or [""]
        return [(output, f"{place}/segmentation/{output}") for place in places for output in self.outputs]


def session_threads() -> int:
    """As many as the node takes."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def model_file() -> Path:
    """The network as it runs on a CPU."""
    manifest = yaml.safe_load((MODEL / "manifest.yaml").read_text())
    return MODEL / manifest["files"]["cpu"]["path"]


def class_colours() -> list[list[int]]:
    manifest = yaml.safe_load((MODEL / "manifest.yaml").read_text())
    return [entry["color"] for entry in manifest["classes"]]


def percentile(values: list[float], share: float) -> float | None:
    """Of sorted values; none where there are none."""
    return round(values[min(len(values) - 1, int(share * len(values)))], 3) if values else None
