"""BUDGET.yaml: what a network may cost, and how it is looked for."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import yaml

SAMPLERS = ("tpe", "nsga2", "random", "hand")
LIMITS = ("milliseconds", "time_share", "parameters", "macs", "bytes")


@dataclass(frozen=True)
class Budget:
    """
    ```yaml
    config: configs/camvid.yaml # data, classes and size of the input, of `train` or of a run of `fit`
    milliseconds: 12            # a picture, int8, on this machine or on the board of `latency`
    time_share: 0.48            # of what the published network takes there: the same on faster and slower machines
    parameters: 600000
    macs: 2.0e9                 # at the input's size
    bytes: 800000               # of the CPU's file
    accuracy: 40                # least mIoU after a trial's short training
    latency: board.json         # of `attendseg bench --blocks`; `blocks` is the folder that was measured
    blocks: blocks
    trials: 40
    steps: 200                  # of each trial's training
    sampler: tpe                # best mIoU within the limits; nsga2: the front of mIoU and milliseconds
                                # to compare with: random; hand: the published network and narrower forms of it
    threads: 1                  # of the measured run
    ```
    """

    path: Path
    config: Path
    milliseconds: float | None = None
    time_share: float | None = None
    parameters: float | None = None
    macs: float | None = None
    bytes: float | None = None
    accuracy: float | None = None
    latency: Path | None = None
    blocks: Path | None = None
    trials: int = 40
    steps: int = 200
    sampler: Literal["tpe", "nsga2", "random", "hand"] = "tpe"
    threads: int = 1
    seed: int = 1

    def excess(self, costs: dict[str, float]) -> str | None:
        """The first limit that a network's costs break, in words."""
        for name in LIMITS:
            limit = getattr(self, name)
            if limit is not None and name in costs and costs[name] > limit:
                return f"{name} {costs[name]:,.4g} > {limit:,.4g}"
        return None


def read_budget(path: Path) -> Budget:
    """Raises ValueError that names the entry."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(values, dict) or "config" not in values:
        raise ValueError(f"{path}: has no `config`; name the configuration with the data, as configs/camvid.yaml")
    if unknown := set(values) - ({f.name for f in fields(Budget)} - {"path"}):
        raise ValueError(f"{path}: unknown keys {', '.join(sorted(unknown))}")
    for name in (*LIMITS, "accuracy", "trials", "steps", "threads"):
        value = values.get(name)
        if isinstance(value, str):
            # YAML takes 2e9 for a word.
            try:
                value = values[name] = float(value)
            except ValueError:
                raise ValueError(f"{path}: {name}: {value!r} is no number") from None
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value <= 0):
            raise ValueError(f"{path}: {name}: {value!r} is not a number above 0")
    if values.get("sampler", "tpe") not in SAMPLERS:
        raise ValueError(f"{path}: sampler is {values['sampler']!r}; it is one of {', '.join(SAMPLERS)}")
    if not any(values.get(name) for name in LIMITS):
        raise ValueError(f"{path}: sets no limit; give one of {', '.join(LIMITS)}")
    if ("latency" in values) != ("blocks" in values):
        raise ValueError(f"{path}: `latency` and `blocks` go together: times, and the files that they are of")
    for name in ("config", "latency", "blocks"):
        if name in values:
            values[name] = path.parent / values[name]
    return Budget(path, **values)
