"""The sounds of rendered segments: a kit of drums from all kits, each tuned, damped and levelled by chance."""

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ddsp_drums.functional import filtered_noise
from ddsp_drums.kits import BY_ID, Drum, Kit, procedural_kit

__all__ = ["Sounds", "brush_sweeps"]

_T = TypeVar("_T")
_RETUNED = 0.2  # share of the kits that sound faster or slower as a whole, as sampled breaks do
_TAMBOURINES = 16  # that are synthesised: recorded ones are few, and hi-hats are taken for them
_ONE_SHOTS = 8  # of a drum
_ATTACK_S = 0.1
# Level of each instrument's hardest hit against the kick's, in its first 100 ms: near the medians of ten kits.
_LEVEL_DB = {
    "KD": 0,
    "SD": -1,
    "SST": -10,
    "CHH": -17,
    "OHH": -14,
    "PHH": -20,
    "HT": -1,
    "MT": -1,
    "FT": -1,
    "RD": -15,
    "CR": -8,
    "TMB": -17,
}
_BRUSHED_DB = -8  # brushes against sticks on one snare: the mean of four
_OWN_LEVEL_DB = -6  # of an instrument that the toolkit does not know
_LEVEL_SPREAD_DB = 5.0


class Sounds:
    """All that items may be played with.

    Args:
        kits: Sounds; each instrument's may come from another kit.
        instruments: Those of the network.
        sample_rate: Of all kits, in Hz.
    """

    def __init__(self, kits: Sequence[Kit], instruments: Sequence[str], *, sample_rate: int) -> None:
        self.kits = kits
        self.sample_rate = sample_rate
        owners = {name: [kit for kit in kits if name in kit.classes] for name in instruments}
        self._owners = {name: have for name, have in owners.items() if have}
        # Half recorded, half synthesised; but beside instruments of one's own only what the kits have is to be heard.
        if "TMB" in self._owners and all(name in BY_ID for name in instruments):
            self._owners["TMB"] += [_tambourines(sample_rate)] * len(self._owners["TMB"])
        snares = [drum for kit in self._owners.get("SD", ()) for drum in kit.drums["SD"]]
        self._brushed = [drum for drum in snares if "brush" in drum.name.lower()]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Those of the network that some kit has."""
        return tuple(self._owners)

    @property
    def has_brushes(self) -> bool:
        """Whether a snare's name tells that it is played with brushes."""
        return bool(self._brushed)

    def draw_kit(self, names: Sequence[str], rng: np.random.Generator, *, brushed: bool = False) -> Kit:
        """Draw a kit, exchange some of its drums for those of others, and vary pitch, decay and level.

        Args:
            names: Instruments to draw, of :attr:`instruments`.
            rng: Source of every choice.
            brushed: Whether the snare is one that is played with brushes.

        Returns:
            The kit, one drum for each instrument.
        """
        base = _draw(self.kits, rng)
        speed = 2 ** rng.normal(0, 0.25) if rng.random() < _RETUNED else 1.0
        drums = {}
        for name in names:
            owners = self._owners[name]
            kit = base if base in owners and rng.random() < 0.5 else _draw(owners, rng)
            swept = brushed and name == "SD"
            drum = _draw(self._brushed if swept else kit.drums[name], rng)
            level_db = _LEVEL_DB.get(name, _OWN_LEVEL_DB) + _BRUSHED_DB * swept + rng.normal(0, _LEVEL_SPREAD_DB)
            drums[name] = (_vary(drum, level_db, self.sample_rate, rng, speed),)
        return Kit(name="mixed", sample_rate=self.sample_rate, drums=drums)


def brush_sweeps(snare: Tensor, rng: np.random.Generator, *, sample_rate: int) -> Tensor:
    """Sweep brushes over the head of a snare (T,) all along: noise (T,) that swells and fades."""
    low_hz, high_hz = torch.tensor(rng.uniform((300, 3000), (1500, 8000)), dtype=torch.float32)
    n_samples = snare.numel()
    noise = filtered_noise(
        low_hz, high_hz, 0 * low_hz, sample_rate=sample_rate, n_samples=n_samples, seed=int(rng.integers(1 << 31))
    )
    turns = rng.uniform(0.8, 4) * torch.arange(n_samples) / sample_rate + rng.random()
    swell = (0.5 + 0.5 * torch.cos(2 * torch.pi * turns)) ** rng.uniform(0.5, 2)
    level = 10 ** (rng.uniform(-36, -18) / 20) * snare.abs().max()
    return level * swell * noise / noise.std().clamp(min=1e-6)


@cache
def _tambourines(sample_rate: int) -> Kit:
    kits = [procedural_kit(sample_rate=sample_rate, seed=seed, classes=["TMB"]) for seed in range(_TAMBOURINES)]
    drums = {"TMB": tuple(kit.drums["TMB"][0] for kit in kits)}
    return Kit(name="tambourines", sample_rate=sample_rate, drums=drums)


def _draw(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.integers(len(choices)))]


def _vary(drum: Drum, level_db: float, sample_rate: int, rng: np.random.Generator, speed: float) -> Drum:
    """Keep some one-shots of a drum, tune it, damp it, and set its level."""
    chosen = sorted(set(np.linspace(0, len(drum.hits) - 1, _ONE_SHOTS).round().astype(int).tolist()))
    ratio = speed * (2 ** rng.normal(0, 0.15) if rng.random() < 0.4 else 1.0)
    damping = rng.uniform(0, 12) if rng.random() < 0.2 else 0.0
    shots = []
    for index in chosen:
        shot = drum.hits[index].numpy()
        if ratio != 1:
            shot = np.interp(np.arange(0, max(shot.size - 1, 1), ratio), np.arange(shot.size), shot)
        if damping:
            shot = shot * np.exp(-damping * np.arange(shot.size) / sample_rate)
        shots.append(shot.astype(np.float32))
    attack = shots[-1][: round(_ATTACK_S * sample_rate)]
    gain = 10 ** (level_db / 20) / max(float(np.sqrt(np.square(attack).mean())), 1e-6)
    hits = tuple(torch.from_numpy(gain * shot) for shot in shots)
    return Drum(drum.name, hits, velocities=tuple(drum.velocities[index] for index in chosen))
