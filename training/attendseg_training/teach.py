"""python -m attendseg_training.teach TEACHER.onnx MAP.yaml FOLDER -o soft/: soft labels of unlabelled pictures.

The teacher is any ONNX segmentation network; `train` and `fit` learn from what it is sure and unsure of.
"""

import argparse
import shutil
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import yaml
from PIL import Image
from tqdm import tqdm

from .prepare import PICTURES


@dataclass(frozen=True)
class TeacherMap:
    """MAP.yaml: how the teacher sees, and which of its classes make ours.

    ```yaml
    classes: { road: [0], pavement: [1], tree: [8, 9] }   # ours, in order, and the teacher's ids
    input: nchw                 # or hwc_uint8: HxWx3 uint8 RGB, as this project's files
    mean: [123.7, 116.3, 103.5] # of RGB 0-255, of nchw
    std: [58.4, 57.1, 57.4]
    output: ''                  # a tensor 1xCxhxw, perhaps an inner one; the first output if empty
    kind: logits                # or probabilities
    ```
    """

    classes: dict[str, list[int]]
    input: str = "nchw"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)
    output: str = ""
    kind: str = "logits"


def read_map(path: Path) -> TeacherMap:
    """Raises ValueError that names what is wrong."""
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(values, dict) or not isinstance(values.get("classes"), dict):
        raise ValueError(f"{path}: has no `classes`; list them as `name: [the teacher's ids]`")
    if unknown := set(values) - {f.name for f in fields(TeacherMap)}:
        raise ValueError(f"{path}: unknown keys {', '.join(sorted(unknown))}")
    result = TeacherMap(**values)
    if result.input not in ("nchw", "hwc_uint8"):
        raise ValueError(f"{path}: input is {result.input!r}; it is nchw or hwc_uint8")
    if result.kind not in ("logits", "probabilities"):
        raise ValueError(f"{path}: kind is {result.kind!r}; it is logits or probabilities")
    for name, ids in result.classes.items():
        if not isinstance(ids, list) or not all(type(i) is int and i >= 0 for i in ids):
            raise ValueError(f"{path}: {name}: {ids!r} is no list of the teacher's ids")
    return result


class Teacher:
    """A network in ONNX Runtime: HxWx3 uint8 pictures to CxH/4xW/4 uint8, 255 times our classes' probabilities."""

    def __init__(self, path: Path, mapping: TeacherMap, threads: int = 0):
        import onnx
        import onnxruntime

        self.mapping = mapping
        try:
            model = onnx.load(path)
        except Exception as error:
            raise ValueError(f"{path}: not an ONNX file ({str(error).splitlines()[0]})") from error
        self.output = mapping.output or model.graph.output[0].name
        if self.output not in {value.name for value in model.graph.output}:
            if not any(self.output in node.output for node in model.graph.node):
                raise ValueError(f"{path}: has no tensor {self.output!r}; name one of its tensors as `output`")
            model.graph.output.append(onnx.ValueInfoProto(name=self.output))
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = threads
        # Weights beside the file are found from where it lies.
        providers = [p for p in onnxruntime.get_available_providers() if p in ("CUDAExecutionProvider",)]
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=[*providers, "CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0]
        shape = self.input.shape if mapping.input == "hwc_uint8" else self.input.shape[2:]
        self.fixed = tuple(shape[:2]) if all(isinstance(n, int) for n in shape[:2]) else None

    def soft(self, picture: np.ndarray, scales: list[float], mirrored: bool) -> np.ndarray:
        """Averaged over scales, and over the picture and its mirror image."""
        rows, columns = picture.shape[:2]
        size = (columns // 4, rows // 4)
        parts = []
        for scale in scales:
            wanted = self.fixed or tuple(max(32, round(length * scale / 32) * 32) for length in (rows, columns))
            seen = np.asarray(Image.fromarray(picture).resize((wanted[1], wanted[0]), Image.Resampling.BILINEAR))
            parts.append(self._probabilities(seen, size))
            if mirrored:
                parts.append(self._probabilities(seen[:, ::-1].copy(), size)[:, :, ::-1])
        return np.rint(255 * np.mean(parts, 0)).astype(np.uint8)

    def _probabilities(self, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        mapping = self.mapping
        if mapping.input == "nchw":
            scaled = (picture - np.float32(mapping.mean)) / np.float32(mapping.std)
            fed = np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], np.float32)
        else:
            fed = picture
        (answer,) = self.session.run([self.output], {self.input.name: fed})
        if answer.ndim != 4 or answer.shape[0] != 1:
            raise ValueError(f"{self.output}: {'x'.join(map(str, answer.shape))}; a teacher's output is 1xCxhxw")
        if beyond := [i for ids in mapping.classes.values() for i in ids if i >= answer.shape[1]]:
            raise ValueError(f"{self.output}: has {answer.shape[1]} classes, and no {beyond[0]} that the map names")
        values = answer[0].astype(np.float32)
        if mapping.kind == "logits":
            values = np.exp(values - values.max(0))
        values /= np.maximum(values.sum(0), 1e-9)
        ours = np.stack([values[ids].sum(0) for ids in mapping.classes.values()])
        return np.stack([
            np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)) for part in ours
        ])  # fmt: skip


def teach(teacher: Teacher, folder: Path, out: Path, scales: list[float], mirrored: bool) -> int:
    """Writes out/image and out/soft for all pictures below `folder`; those that are there are kept. Their number."""
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURES]
    if not paths:
        raise ValueError(f"{folder}: no pictures ({', '.join(PICTURES)})")
    for kind in ("image", "soft"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    for path in tqdm(paths, unit="picture"):
        name = str(path.relative_to(folder).with_suffix("")).replace("/", "__")
        file = out / "soft" / f"{name}.npz"
        if file.exists():
            continue
        with Image.open(path) as opened:
            picture = np.array(opened.convert("RGB"))
        soft = teacher.soft(picture, scales, mirrored)
        shutil.copyfile(path, out / "image" / f"{name}{path.suffix.lower()}")
        with file.with_suffix(".tmp").open("wb") as stream:
            np.savez_compressed(stream, soft=soft, classes=list(teacher.mapping.classes))
        # Whole or not at all: an interrupted call goes on after the last whole one.
        file.with_suffix(".tmp").replace(file)
    return len(paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("map", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument(
        "--scales", type=float, nargs="+", default=[1.0], help="averaged over (of a network of any size)"
    )
    parser.add_argument("--mirrored", action="store_true", help="average over the mirror image too: twice the time")
    parser.add_argument("--threads", type=int, default=0, help="default: all cores")
    arguments = parser.parse_args()
    try:
        mapping = read_map(arguments.map)
        teacher = Teacher(arguments.teacher, mapping, arguments.threads)
        number = teach(teacher, arguments.folder, arguments.out, arguments.scales, arguments.mirrored)
    except ValueError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on")
    print(f"{number} pictures with soft labels of {', '.join(mapping.classes)} in {arguments.out}")


if __name__ == "__main__":
    main()
