"""What training refuses, leaves out and skips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from attendseg_training.config import Config, read_config
from attendseg_training.data import load
from attendseg_training.network import AttendSeg, Shape
from attendseg_training.quantised import BIAS_UNIT, SCALE_UNIT, QuantConv
from attendseg_training.train import train
from attendseg_training.weights import read_weights
from PIL import Image

TINY = Shape(
    classes=3, stem=4, widths=(4, 6, 8), depths=(1, 1, 1), dilations=(1,), decoder=(4, 6), decoder_depths=(1, 1)
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Six pictures of two drives, three classes."""
    rng = np.random.default_rng(1)
    for kind in ("image", "label"):
        (tmp_path / kind).mkdir()
    for i in range(6):
        name = f"{'ab'[i % 2]}_{i}.png"
        label = np.repeat(rng.integers(0, 3, (8, 8), np.uint8), 8, 0).repeat(8, 1)
        Image.fromarray(label).save(tmp_path / "label" / name)
        Image.fromarray(np.stack([label * 80] * 3, 2)).save(tmp_path / "image" / name)
    source = f"{{path: {tmp_path}, void: 255}}"
    file = tmp_path / "config.yaml"
    file.write_text(
        f"name: tiny\ntrain: [{source}]\nval: {{path: {tmp_path}, void: 255, leave_out: [a_]}}\n"
        "classes: {one: [0, 0, 0], two: [80, 80, 80], three: [160, 160, 160]}\n"
        "crop: [64, 64]\nbatch: 2\nsteps: 3\nvalidate_every: 3\ncompile: false\n"
    )
    return replace(read_config(file), shape=TINY)


def test_leave_out_is_a_yaml_list(config: Config) -> None:
    assert [sample.name for sample in load(config.val)] == ["b_1", "b_3", "b_5"]
    with pytest.raises(ValueError, match=r"leave_out is 'a_'; it must be a list: \[a_\]"):
        replace(config.val, leave_out="a_")


def test_weights_of_another_shape_are_refused_by_the_tensor(config: Config, tmp_path: Path) -> None:
    state = AttendSeg(replace(TINY, classes=4)).state_dict()
    torch.save(state, tmp_path / "four.pt")
    with pytest.raises(ValueError, match=r"four\.pt: head\.weight is 4x4x1x1, .* tiny describes has 3x4x1x1"):
        read_weights(tmp_path / "four.pt", config)
    state = AttendSeg(TINY).state_dict()
    del state["stem.conv.weight"]
    torch.save(state, tmp_path / "lacking.pt")
    with pytest.raises(ValueError, match=r"lacks stem\.conv\.weight"):
        read_weights(tmp_path / "lacking.pt", config)
    with pytest.raises(ValueError, match=r"none\.pt: no such file"):
        read_weights(tmp_path / "none.pt", config)


def test_weights_of_other_classes_are_refused_by_the_class(config: Config, tmp_path: Path) -> None:
    train(config, tmp_path / "run")
    assert isinstance(read_weights(tmp_path / "run", config), AttendSeg)
    other = replace(config, classes={"one": [0, 0, 0], "three": [1, 1, 1], "two": [2, 2, 2]})
    with pytest.raises(ValueError, match=r"class 1 is 'two', in tiny it is 'three'"):
        read_weights(tmp_path / "run", other)


def test_a_step_without_a_finite_gradient_changes_nothing(config: Config, tmp_path: Path, monkeypatch) -> None:
    clip = torch.nn.utils.clip_grad_norm_
    calls = iter([1.0, float("nan"), 1.0])
    seen = []

    def sometimes_nan(parameters, limit):
        parameters = list(parameters)
        seen.append([p.detach().clone() for p in parameters])
        factor = next(calls)
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(factor)
        return clip(parameters, limit)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", sometimes_nan)
    train(config, tmp_path / "run")
    assert any(not torch.equal(a, b) for a, b in zip(seen[0], seen[1], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(seen[1], seen[2], strict=True))
    assert (tmp_path / "run" / "log.csv").read_text().splitlines()[-1].endswith(",1")
    read_weights(tmp_path / "run", config)


def test_scales_and_biases_are_whole_multiples_by_a_float16() -> None:
    torch.manual_seed(1)
    conv = torch.nn.Conv2d(8, 16, 3)
    with torch.no_grad():
        conv.weight *= torch.logspace(-12, 1, 16)[:, None, None, None]
    unit = QuantConv(conv, None, relu=True)
    for values, of in ((unit.weight_scales().numpy(), SCALE_UNIT), (unit.whole_bias(np.float32(0.02)), BIAS_UNIT)):
        packed = (values / of).astype(np.float16)
        assert np.array_equal(packed.astype(np.float32) * np.float32(of), values.astype(np.float32))
        assert np.isfinite(packed).all()
    loud = unit.weight_scales().numpy() > 1e-5
    exact = conv.weight.detach().abs().amax((1, 2, 3)).numpy() / 63
    assert np.allclose(unit.weight_scales().numpy()[loud], exact[loud], rtol=2**-11)


def test_a_configuration_takes_what_it_lacks_from_its_base_and_the_base_of_that(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text("name: first\ntrain: []\nval: {path: here}\nsteps: 10\nrate: 0.5")
    (tmp_path / "second.yaml").write_text("base: first.yaml\nname: second\nsteps: 20")
    (tmp_path / "third.yaml").write_text("base: second.yaml\nname: third")
    read = read_config(tmp_path / "third.yaml")
    assert (read.name, read.steps, read.rate) == ("third", 20, 0.5)
    with pytest.raises(ValueError, match="init and slim both name a network to begin with"):
        read_config(tmp_path / "third.yaml", ["init=a", "slim=b"])
    (tmp_path / "first.yaml").write_text("base: third.yaml")
    with pytest.raises(ValueError, match=r"third.yaml: its base leads back to it; remove one `base:`"):
        read_config(tmp_path / "third.yaml")
