"""Weights on disk: the checkpoint of a run, or the plain state dict of an averaged network trained elsewhere."""

from pathlib import Path

import torch
from torch import Tensor

from .config import Config
from .network import AttendSeg


def read_state(path: Path) -> dict:
    """A file of tensors, on the CPU. Raises ValueError where there is none, or where it is something else."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ValueError(
            f"{path}: no such file; give a state dict, or the folder of a run that `train` wrote"
        ) from None
    except Exception as error:
        raise ValueError(f"{path}: not a PyTorch file of tensors ({str(error).splitlines()[0]})") from error
    if not isinstance(state, dict):
        raise ValueError(f"{path}: holds a {type(state).__name__}, not a state dict")
    return state


def check_classes(path: Path, trained: list[str], config: Config) -> None:
    """Raises ValueError, with the first class that differs, unless a file's class list is the configuration's."""
    wanted = list(config.classes)
    if trained == wanted:
        return
    if len(trained) != len(wanted):
        raise ValueError(f"{path}: has {len(trained)} classes ({', '.join(trained)}), {config.name} has {len(wanted)}")
    place = next(i for i, (a, b) in enumerate(zip(trained, wanted, strict=True)) if a != b)
    raise ValueError(f"{path}: class {place} is {trained[place]!r}, in {config.name} it is {wanted[place]!r}")


def check_shape(path: Path, tensors: dict[str, Tensor], network: AttendSeg, config: Config) -> None:
    """Raises ValueError, with the first tensor that differs, unless all tensors fit the network."""

    def size(tensor: Tensor) -> str:
        return "x".join(map(str, tensor.shape)) or "one number"

    own = network.state_dict()
    for name, tensor in own.items():
        if name not in tensors:
            raise ValueError(f"{path}: lacks {name}; it is not of the network that {config.name} describes")
        if not isinstance(tensors[name], Tensor) or tensors[name].shape != tensor.shape:
            found = size(tensors[name]) if isinstance(tensors[name], Tensor) else type(tensors[name]).__name__
            raise ValueError(f"{path}: {name} is {found}, the network that {config.name} describes has {size(tensor)}")
        if not torch.isfinite(tensors[name]).all():
            raise ValueError(f"{path}: {name} has values that are not finite")
    extra = next((name for name in tensors if name not in own), None)
    if extra is not None:
        raise ValueError(f"{path}: has {extra}, which the network that {config.name} describes lacks")


def read_weights(path: Path, config: Config) -> AttendSeg:
    """The network of a configuration with float weights from a file, or from the `checkpoint.pt` in a run's folder.

    Raises ValueError naming the tensor or class when they are of another shape or class list.
    """
    if path.is_dir():
        path = path / "checkpoint.pt"
    state = read_state(path)
    if "average" in state:
        check_classes(path, state.get("classes", list(config.classes)), config)
        state = state["average"]
    network = AttendSeg(config.shape)
    check_shape(path, state, network, config)
    network.load_state_dict(state)
    return network.eval()
