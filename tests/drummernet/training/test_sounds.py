from dataclasses import replace

import numpy as np
import pytest
import torch
from drummernet.config import CONFIGS
from drummernet.training.data import Rendered
from drummernet.training.sounds import Sounds, brush_sweeps

from ddsp_drums.kits import Drum, Kit, procedural_kit

RATE = 16_000
NAMES = CONFIGS["default"].model.instruments


@pytest.fixture(scope="module")
def kits():
    return [procedural_kit(seed=seed) for seed in range(2)]


def renamed(kit, name):
    """The same kit with one more snare, of this name."""
    brushed = replace(kit.drums["SD"][0], name=name)
    return replace(kit, drums={**kit.drums, "SD": (*kit.drums["SD"], brushed)})


def test_knows_the_networks_instruments_that_some_kit_has(kits):
    only_hats = Kit("hats", RATE, {"CHH": kits[0].drums["CHH"], "CLP": kits[0].drums["CLP"]})
    assert Sounds([only_hats], NAMES, sample_rate=RATE).instruments == ("CHH",)
    assert Sounds(kits, NAMES, sample_rate=RATE).instruments == NAMES


def test_half_of_the_tambourines_are_none_of_the_kits(kits):
    click = Drum("mine", (torch.ones(100),))
    sounds = Sounds([Kit("mine", RATE, {"TMB": (click,)})], NAMES, sample_rate=RATE)
    drawn = [sounds.draw_kit(["TMB"], np.random.default_rng(seed)).drums["TMB"][0].name for seed in range(200)]
    assert 0.5 < drawn.count("mine") / len(drawn) < 0.9  # a kit's own drums are preferred to others'


def test_beside_instruments_of_ones_own_all_sounds_are_those_of_the_kits(kits):
    mine = Kit("mine", RATE, {"TMB": (Drum("mine", (torch.ones(100),)),), "POT": (Drum("pot", (torch.ones(100),)),)})
    sounds = Sounds([mine], ("TMB", "POT"), sample_rate=RATE)
    assert {sounds.draw_kit(["TMB"], np.random.default_rng(seed)).drums["TMB"][0].name for seed in range(50)} == {
        "mine"
    }


def test_brushes_are_known_by_their_name_and_played_when_asked_for(kits):
    assert not Sounds(kits, NAMES, sample_rate=RATE).has_brushes
    sounds = Sounds([renamed(kits[0], "14_Brush/sb"), kits[1]], NAMES, sample_rate=RATE)
    assert sounds.has_brushes
    for seed in range(20):
        kit = sounds.draw_kit(["KD", "SD"], np.random.default_rng(seed), brushed=True)
        assert kit.drums["SD"][0].name == "14_Brush/sb"


def test_sweeps_swell_below_the_strokes():
    snare = torch.zeros(4 * RATE)
    snare[RATE] = 0.5
    levels = []
    for seed in range(10):
        sweeps = brush_sweeps(snare, np.random.default_rng(seed), sample_rate=RATE)
        assert sweeps.shape == snare.shape
        assert sweeps.isfinite().all()
        levels.append(float(20 * torch.log10(sweeps.square().mean().sqrt() / 0.5)))
        short = sweeps.unflatten(0, (-1, RATE // 20)).square().mean(-1).sqrt()
        assert short.max() > 2 * short.min()
    assert -45 < min(levels) < max(levels) < -18


def test_brushed_snares_are_swept_and_others_are_not(kits, monkeypatch):
    swept = []

    def sweeps(snare, rng, *, sample_rate):
        swept.append(snare)
        return torch.full_like(snare, torch.nan)

    monkeypatch.setattr("drummernet.training.data._BRUSHED", 1.0)
    monkeypatch.setattr("drummernet.training.data.brush_sweeps", sweeps)
    for kit, some in ((kits[0], False), (renamed(kits[0], "brush"), True)):
        items = Rendered([kit], [], CONFIGS["default"].model, segment_s=2.0, items=6, degraded=0.0)
        marked = [bool(items[index][0].isnan().all()) for index in range(6)]
        assert sum(marked) == len(swept)
        assert any(marked) == some
