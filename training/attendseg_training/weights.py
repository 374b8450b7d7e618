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


HEADS = ("head", "aux_eighth", "aux_sixteenth")
"""Modules with a row for each class."""


def published_file(path: Path) -> Path:
    """The file of weights in a model's folder or in the folder of a run, or `path` itself. Raises ValueError."""
    if not path.is_dir():
        return path
    found = next((path / name for name in ("weights.pt", "checkpoint.pt") if (path / name).exists()), None)
    if found is None:
        raise ValueError(f"{path}: has neither weights.pt nor checkpoint.pt; it is no published network and no run")
    return found


def read_published(path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Averaged tensors, in single precision, and the names of the classes, of a network of any shape.

    Raises ValueError.
    """
    state = read_state(path)
    if "classes" not in state or "average" not in state:
        raise ValueError(f"{path}: does not name its classes; give a model's folder or the folder of a run")
    return {name: tensor.float() for name, tensor in state["average"].items()}, state["classes"]


def start_from(path: Path, network: AttendSeg, config: Config) -> str:
    """Copies the weights of a published network into one that may have other classes; says in a line what was taken.

    Rows of the heads go by the names of classes; those of other names stay random. Raises ValueError where the file
    lacks class names or has another shape.
    """
    path = published_file(path)
    tensors, names = read_published(path)
    wanted = list(config.classes)
    common = [name for name in wanted if name in names]
    own = network.state_dict()
    for name, tensor in own.items():
        if not tensor.dtype.is_floating_point and name in tensors:
            tensors[name] = tensors[name].to(tensor.dtype)
    heads = {f"{head}.{kind}": own[f"{head}.{kind}"].clone() for head in HEADS for kind in ("weight", "bias")}
    check_shape(path, {**tensors, **heads}, network, config)
    for head, rows in heads.items():
        for name in common:
            rows[wanted.index(name)] = tensors[head][names.index(name)]
    tensors.update(heads)
    network.load_state_dict(tensors)
    rest = [name for name in wanted if name not in names]
    kept, new = ", ".join(common) or "none", ", ".join(rest) or "none"
    return f"starts from {path}; classes taken over: {kept}; learnt anew: {new}"


def publish_weights(network: AttendSeg, config: Config, path: Path) -> None:
    """Writes what `start_from` reads: float weights in half precision, and the names of the classes."""
    tensors = {
        name: tensor.half() if tensor.dtype.is_floating_point else tensor
        for name, tensor in network.state_dict().items()
    }
    torch.save({"average": tensors, "classes": list(config.classes)}, path)


def read_weights(path: Path, config: Config) -> AttendSeg:
    """The network of a configuration with float weights from a file, or from the `checkpoint.pt` in a run's folder.

    Raises ValueError naming the tensor or class when they are of another shape or class list.
    """
    if path.is_dir():
        path = path / "checkpoint.pt"
    state = read_state(path)
    if "average" in state:
        check_classes(path, state.get("classes", list(config.classes)), config)
        state = {
            name: tensor.float() if tensor.dtype.is_floating_point else tensor
            for name, tensor in state["average"].items()
        }
    network = AttendSeg(config.shape)
    check_shape(path, state, network, config)
    network.load_state_dict(state)
    return network.eval()
