"""A configuration file describes one published network: shape, data, schedule."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import yaml

from .data import SoftSource, Source
from .network import Shape


@dataclass(frozen=True)
class Config:
    name: str
    train: list[Source]
    val: Source
    soft: list[SoftSource] = field(default_factory=list)
    """folders that `teach` wrote"""
    init: str = ""
    """weights to start from, of this network; the rows of heads are matched by the names of their classes"""
    slim: str = ""
    """a published network of another shape, with whose strongest channels this one begins"""
    calibration: Source | None = None
    """pictures that the temperature is fitted on; val if left out. They must not have been trained on"""
    shape: Shape = field(default_factory=Shape)
    class_weights_from: int = 0
    """index of the training source whose class shares weigh the loss"""
    seed: int = 1
    crop: tuple[int, int] = (240, 320)
    scales: tuple[float, float] = (0.6, 1.6)
    light: float = 1.0
    batch: int = 8
    steps: int = 4000
    warm_up: int = 150
    decay: int = 1200
    """the last steps, over which the rate falls to nothing"""
    rate: float = 2e-3
    weight_decay: float = 2e-4
    ema: float = 0.998
    aux: float = 0.4
    validate_every: int = 400
    compile: bool = True
    """torch.compile: minutes once, then twice as fast on a CPU"""
    size: tuple[int, int] = (360, 480)
    """height and width of the exported network's input"""
    classes: dict[str, list[int]] = field(default_factory=dict)
    """name and colour of each class id, in order"""
    description: str = ""
    training_data: str = ""
    licence: str = ""


def read_values(path: Path, above: tuple[Path, ...] = ()) -> dict:
    """
    The keys of a YAML file, and those of its `base`, a file beside it, where its own are silent. Raises ValueError
    where that leads back to a file whose base it is.
    """
    if path.resolve() in above:
        raise ValueError(f"{path}: its base leads back to it; remove one `base:`")
    values = yaml.safe_load(path.read_text())
    base = values.pop("base", None)
    return {**read_values(path.parent / base, (*above, path.resolve())), **values} if base else values


def read_config(path: str | Path, overrides: list[str] = ()) -> Config:
    """Reads a YAML file; `overrides` are key=value pairs (YAML values). Raises ValueError on an unknown key."""
    values = read_values(Path(path))
    for override in overrides:
        key, _, value = override.partition("=")
        values[key] = yaml.safe_load(value)
    unknown = set(values) - {f.name for f in fields(Config)}
    if unknown:
        raise ValueError(f"{path}: unknown keys {', '.join(sorted(unknown))}")
    values["train"] = [Source(**source) for source in values["train"]]
    values["val"] = Source(**values["val"])
    values["soft"] = [SoftSource(**source) for source in values.get("soft", [])]
    if "calibration" in values:
        values["calibration"] = Source(**values["calibration"])
    values["shape"] = Shape(**values.get("shape", {}))
    config = Config(**values)
    if config.init and config.slim:
        raise ValueError(f"{path}: init and slim both name a network to begin with; give one of them")
    return config
