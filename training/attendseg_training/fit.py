"""python -m attendseg_training.fit DATA -o models/mine: from labelled pictures to a model that the node runs.

Checks and splits the pictures, trains, quantises, exports, scores. Ctrl-C at any time; the same command goes on.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import yaml

from .class_file import ClassFile, read_class_file
from .config import Config, read_config
from .data import Source, load
from .export import size_of, write_model
from .prepare import describe, find_class_file, prepare
from .quantise import Quantised, quantise, read_quantised
from .score import costs, table
from .scoring import Runner, score_files
from .train import run_command, save, train
from .weights import publish_weights, read_weights

STEPS, STEPS_FROM = 4000, 1500
"""Of a training from scratch, and from published weights."""
RATE, RATE_FROM = 2e-3, 1e-3


def crop_of(size: tuple[int, int]) -> list[int]:
    """Two thirds of the input, in multiples of 32: a step costs half, and the network sees pictures at many scales."""
    return [max(64, round(length * 2 / 3 / 32) * 32) for length in size]


def configure(arguments: argparse.Namespace, classes: ClassFile) -> Config:
    """The configuration of this training, also written into the run's folder, for the single commands."""
    steps = arguments.steps or (STEPS_FROM if arguments.start_from else STEPS)
    data = arguments.run.resolve() / "data"
    values: dict = {
        "name": arguments.out.resolve().name,
        "description": "AttendSeg, int8",
        "training_data": arguments.training_data,
        "licence": arguments.licence,
        "train": [{"path": str(data / "train"), "void": 255}],
        "val": {"path": str(data / "val"), "void": 255},
        "shape": {"classes": len(classes.colours)},
        "classes": {name: list(colour) for name, colour in classes.colours.items()},
        "size": list(arguments.size),
        "crop": crop_of(arguments.size),
        "steps": steps,
        "warm_up": min(150, max(1, steps // 10)),
        "decay": max(1, steps // 3),
        "validate_every": max(1, min(400, steps // 5)),
        "rate": RATE_FROM if arguments.start_from else RATE,
        "compile": False,
        "init": str(arguments.start_from or ""),
    }
    if arguments.soft:
        share = 0.5 / len(arguments.soft)
        values["train"][0]["share"] = 0.5
        values["soft"] = [{"path": str(path.resolve()), "share": share} for path in arguments.soft]
    file = arguments.run / "config.yaml"
    arguments.run.mkdir(parents=True, exist_ok=True)
    for override in arguments.set:
        key, _, value = override.partition("=")
        values[key] = yaml.safe_load(value)
    values["shape"]["classes"] = len(classes.colours)
    file.write_text(yaml.safe_dump(values, sort_keys=False, default_flow_style=None))
    return read_config(file)


def check_goes_on(config: Config, run: Path) -> None:
    """Raises ValueError where the run's folder holds another training, whose steps would be mixed with these."""
    text = yaml.safe_dump({
        "shape": asdict(config.shape), "classes": list(config.classes), "crop": list(config.crop),
        "steps": config.steps, "init": config.init, "batch": config.batch, "rate": config.rate,
    })  # fmt: skip
    mark = run / "trained_as.yaml"
    if (run / "checkpoint.pt").exists() and mark.exists() and mark.read_text() != text:
        raise ValueError(
            f"{run}: holds a training with other classes, shape, schedule or start; "
            "give the same options to go on with it, or another --run"
        )
    mark.write_text(text)


def quantised(config: Config, run: Path) -> Quantised:
    """The int8 form of the run's weights: what an earlier call wrote, unless they were trained on since."""
    file, weights = run / "int8.pt", run / "checkpoint.pt"
    if not file.exists() or file.stat().st_mtime < weights.stat().st_mtime:
        network = quantise(read_weights(run, config), config)
        state = {"graph": network.graph.state_dict(), "temperature": network.temperature}
        save({**state, "classes": list(config.classes)}, file)
    return read_quantised(file, config)


def report(config: Config, run: Path, out: Path) -> None:
    """Scores both files on val: a table, and pictures in the run's folder."""
    from . import plots

    manifest = yaml.safe_load((out / "manifest.yaml").read_text())
    paths = [out / entry["path"] for entry in manifest["files"].values()]
    samples = load(Source(config.val.path, void=255))
    scores = score_files(paths, samples, config.shape.classes, threads=1)
    names = list(config.classes)
    _, parameters, macs = costs(paths[0])
    print(f"\n{parameters:,} parameters, {macs / 1e9:.2f} GMACs at {config.size[1]}x{config.size[0]}")
    print(f"{len(samples)} pictures that were not trained on, in percent:\n\n{table(scores, names)}\n")
    missing = [name for name, iou in zip(names, scores[0].confusion.iou(), strict=True) if np.isnan(iou)]
    if missing:
        print(f"warning: {', '.join(missing)}: in no picture of val, so nothing is known of them\n")
    plots.confusion(scores[0], names, run / "confusion.png")
    plots.frames(scores[0], samples, Runner(paths[0], 1), manifest["classes"], run / "frames.png")
    print(f"best and worst frames: {run / 'frames.png'}; confusion: {run / 'confusion.png'}")


def fit(arguments: argparse.Namespace) -> None:
    """Raises ValueError naming what is wrong, and Interrupted."""
    classes = read_class_file(arguments.classes or find_class_file(arguments.data))
    data = arguments.run / "data"
    found = prepare(arguments.data, data, classes, arguments.size, arguments.val, arguments.group)
    if found.warning:
        print(f"warning: {found.warning}")
    print(describe(found, data, classes))
    config = configure(arguments, classes)
    check_goes_on(config, arguments.run)
    train(config, arguments.run)
    network = quantised(config, arguments.run)
    write_model(config, network, config.size, arguments.out)
    publish_weights(read_weights(arguments.run, config), config, arguments.out / "weights.pt")
    report(config, arguments.run, arguments.out)
    print(f"the node with it: ros2 launch attendseg_node attendseg.launch.py model:={arguments.out.resolve()}")


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m attendseg_training.fit", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with image/ and label/, perhaps in train/ and val/")
    parser.add_argument("-o", "--out", required=True, type=Path, help="folder for the model, as models/mine")
    parser.add_argument("--run", type=Path, help="folder for checkpoints and pictures (default: runs/NAME)")
    parser.add_argument("--classes", type=Path, help="default: classes.yaml in DATA")
    parser.add_argument("--group", metavar="REGEX", help="what of a picture's name tells its recording")
    parser.add_argument("--val", type=float, default=0.2, metavar="SHARE", help="of pictures to judge by")
    parser.add_argument("--from", dest="start_from", type=Path, metavar="MODEL", help="start from a published model")
    parser.add_argument("--soft", action="append", default=[], type=Path, metavar="DIR", help="what `teach` wrote")
    parser.add_argument("--size", type=size_of, default=(360, 480), metavar="WxH", help="of the input")
    parser.add_argument("--steps", type=int, help=f"default: {STEPS}; {STEPS_FROM} with --from")
    parser.add_argument("--training-data", default="the user's own pictures", help="for the manifest")
    parser.add_argument("--licence", default="as its training pictures", help="for the manifest")
    parser.add_argument("-s", "--set", action="append", default=[], metavar="KEY=VALUE", help="of the configuration")
    parser.add_argument("--threads", type=int, help="default: all cores")
    arguments = parser.parse_args(words)
    if not 0 < arguments.val < 1:
        parser.error(f"--val {arguments.val:g}: a share between 0 and 1")
    if arguments.run is None:
        arguments.run = Path("runs") / arguments.out.resolve().name
    return arguments


def main() -> None:
    arguments = parse()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    run_command(lambda: fit(arguments))


if __name__ == "__main__":
    main()
