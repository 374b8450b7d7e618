"""Tests of scripts/: the set-up, the ROS environment, the test summary. They need neither ROS nor a network."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "setup")]
