"""A narrower network begins with the strongest channels of a wide one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from attendseg_training.config import Config
from attendseg_training.data import Source
from attendseg_training.network import AttendSeg, Shape
from attendseg_training.slim import ENDS, ends_of, slim, slim_from, weight_of
from attendseg_training.weights import publish_weights

WIDE = Shape(3, stem=8, widths=(8, 16, 16), depths=(1, 2, 2), dilations=(1, 2), decoder=(8, 8), decoder_depths=(1, 1))
NARROW = replace(WIDE, stem=4, widths=(4, 16, 8), depths=(1, 1, 2), decoder=(8, 4), condense=(2, 2, 0, 2, 2))


def config_of(shape: Shape) -> Config:
    classes = {"grass": [1, 1, 1], "trunk": [2, 2, 2], "fruit": [3, 3, 3]}
    return Config("few", [], Source(""), shape=shape, classes=classes)


def network(shape: Shape, seed: int) -> AttendSeg:
    torch.manual_seed(seed)
    made = AttendSeg(shape)
    with torch.no_grad():
        for tensor in made.parameters():
            tensor.uniform_(0.1, 1)
    return made.eval()


def test_every_convolution_has_its_ends() -> None:
    state = AttendSeg(WIDE).state_dict()
    convs = {name.removesuffix(".weight").removesuffix(".conv") for name in state if state[name].ndim == 4}
    assert {conv for conv in ends_of(state) if weight_of(state, conv) is not None} == convs


def test_a_network_of_the_same_shape_becomes_the_same() -> None:
    wide = network(WIDE, 1)
    other = AttendSeg(WIDE)
    other.load_state_dict(slim(wide.state_dict(), other.state_dict()))
    picture = torch.rand(1, 3, 64, 64)
    assert torch.equal(wide(picture), other.eval()(picture))


def test_channels_that_do_nothing_are_left_out() -> None:
    """With nothing in half of each stream, half a network does the same."""
    half = replace(WIDE, stem=4, widths=(4, 8, 8), decoder=(4, 4))
    wide, narrow = network(WIDE, 1), AttendSeg(half)
    ends = ends_of(wide.state_dict())
    with torch.no_grad():
        for conv in ends:
            unit = wide.get_submodule(conv)
            if hasattr(unit, "norm"):
                for tensor in (unit.norm.weight, unit.norm.bias):
                    tensor[::2] = 0
        for name in ("head", "aux_eighth", "aux_sixteenth"):
            wide.get_submodule(name).weight[:, ::2] = 0
    narrow.load_state_dict(slim(wide.state_dict(), narrow.state_dict()))
    picture = torch.rand(1, 3, 64, 64)
    assert torch.allclose(wide(picture), narrow.eval()(picture), rtol=1e-4)


def test_what_is_wider_or_new_stays_random() -> None:
    wide, narrow = network(NARROW, 1), network(WIDE, 2)
    found = slim(wide.state_dict(), narrow.state_dict())
    assert torch.equal(found["stem.conv.weight"][:4], wide.state_dict()["stem.conv.weight"])
    assert torch.equal(found["stem.conv.weight"][4:], narrow.state_dict()["stem.conv.weight"][4:])
    new = [name for name in found if name.startswith("eighth.2.") or (".condenser." in name and "sixteenth" in name)]
    assert new and all(torch.equal(found[name], narrow.state_dict()[name]) for name in new)


def test_a_published_network_is_slimmed(tmp_path: Path) -> None:
    publish_weights(network(WIDE, 1), config_of(WIDE), tmp_path / "weights.pt")
    narrow = AttendSeg(NARROW)
    before = narrow.state_dict()["stem.conv.weight"].clone()
    assert slim_from(tmp_path, narrow, config_of(NARROW)).endswith(f"channels of {tmp_path / 'weights.pt'}")
    assert not torch.equal(narrow.state_dict()["stem.conv.weight"], before)


def test_what_cannot_be_slimmed_is_refused(tmp_path: Path) -> None:
    config = config_of(NARROW)
    publish_weights(network(WIDE, 1), replace(config, classes={"owl": [1, 1, 1]}), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weights\.pt: has 1 classes \(owl\)"):
        slim_from(tmp_path, AttendSeg(NARROW), config)
    torch.save({"average": {"stem.conv.weight": torch.zeros(4)}, "classes": list(config.classes)}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match=r"x\.pt: lacks stem of this network's kind"):
        slim_from(tmp_path / "x.pt", AttendSeg(NARROW), config)
    assert "stem" in ENDS
