"""A kit made from nothing but arithmetic: sines, odd harmonics and shaped noise."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ddsp_drums.kits.kit import Drum, Kit

__all__ = ["procedural_kit"]

Signal = NDArray[np.float64]
LAYERS = (0.3, 0.6, 1.0)
MIN_SAMPLE_RATE = 8000
FADE_S = 0.01


class _Voice:
    """One hit in the making: its time axis, its velocity, and the randomness of its drum.

    The layers of a drum draw the same numbers in the same order, so that they differ by velocity only.
    """

    def __init__(self, sample_rate: int, duration_s: float, velocity: float, seed: list[int]) -> None:
        self.rate = sample_rate
        self.velocity = velocity
        self.t: Signal = np.arange(round(duration_s * sample_rate)) / sample_rate
        self._rng = np.random.default_rng(seed)
        self._noise = np.random.default_rng([*seed, 1])  # apart, for the sample rate decides how much is drawn

    def vary(self, value: float, spread: float = 0.07) -> float:
        """A value of this kit around the given one."""
        return value * float(np.exp(spread * self._rng.standard_normal()))

    def decay(self, tau_s: float, *, attack_s: float = 0.0) -> Signal:
        """exp(-t / tau), risen to over `attack_s`."""
        envelope = np.exp(-self.t / tau_s)
        return envelope * np.minimum(1, self.t / attack_s) if attack_s else envelope

    def sweep(self, from_hz: float, to_hz: float, tau_s: float) -> Signal:
        """A sine that falls from one frequency to the other."""
        frequency = to_hz + (from_hz - to_hz) * np.exp(-self.t / tau_s)
        return np.sin(2 * np.pi * np.cumsum(frequency) / self.rate)

    def noise(self, low_hz: float, high_hz: float, order: int = 2) -> Signal:
        """White noise between two edges, as loud per hertz at any sample rate; softer hits have less of the top."""
        spectrum = np.fft.rfft(self._noise.standard_normal(len(self.t)) * np.sqrt(self.rate / 16000))
        f = np.fft.rfftfreq(len(self.t), 1 / self.rate) + 1e-9
        high_hz *= self.velocity**0.6
        gain = (1 + (low_hz / f) ** (2 * order)) ** -0.5 * (1 + (f / high_hz) ** (2 * order)) ** -0.5
        return np.fft.irfft(spectrum * gain, n=len(self.t))

    def partials(self, frequencies: Signal, tau_s: Signal, gain: Signal) -> Signal:
        """Decaying sines of random phase, those that the sample rate holds.

        A sum of exp(a t) over t = block i + j is a matrix product of exp(a block i) and exp(a j).
        """
        phase = self._rng.uniform(0, 2 * np.pi, len(frequencies))
        gain = np.where(frequencies < 0.48 * self.rate, gain, 0)
        exponent = (2j * np.pi * frequencies - 1 / tau_s) / self.rate
        block = np.arange(int(np.ceil(len(self.t) ** 0.5)))
        coarse = gain * np.exp(1j * phase + exponent * block[:, None] * len(block))
        return (coarse @ np.exp(exponent[:, None] * block)).imag.ravel()[: len(self.t)]

    def metal(self, tau_s: float, low_hz: float) -> Signal:
        """Six square waves out of tune with each other, high-passed: the hi-hat and cymbal of drum machines."""
        bases = np.array([205.3, 304.4, 369.6, 522.7, 540.0, 800.0]) * np.exp(0.03 * self._rng.standard_normal(6))
        f = np.concatenate([base * np.arange(1, 16000 / base, 2) for base in bases])
        order = np.concatenate([np.arange(1, 16000 / base, 2) for base in bases])
        gain = 1 / order / (1 + (low_hz / f) ** 4) / (1 + (f / (14000 * self.velocity**0.5)) ** 2)
        return self.partials(f, tau_s * (f / 6000) ** -0.3, gain)

    def modes(self, base_hz: float, ratios: list[float], tau_s: float, gains: list[float]) -> Signal:
        """The first modes of a membrane or a shell, the higher the shorter."""
        ratio = np.array(ratios)
        return self.partials(base_hz * ratio, tau_s / ratio, np.array(gains))


def _kick(v: _Voice) -> Signal:
    body = v.sweep(v.vary(190), v.vary(50, 0.1), v.vary(0.018)) * v.decay(v.vary(0.13, 0.15), attack_s=0.0005)
    click = 0.6 * v.velocity * v.noise(500, 5000) * v.decay(0.003)
    return np.tanh(1.5 * body) + click


def _snare(v: _Voice) -> Signal:
    base = v.vary(190)
    shell = v.modes(base, [1, 1.59, 2.14], v.vary(0.055), [1.0, 0.5, 0.25])
    shell += 0.5 * v.sweep(2 * base, base, 0.006) * v.decay(0.03)
    wires = v.noise(1200, 7000, order=1) * v.decay(v.vary(0.065, 0.15), attack_s=0.001)
    return shell + v.vary(0.4, 0.2) * v.velocity**0.3 * wires + 0.6 * v.velocity * v.noise(500, 5000) * v.decay(0.004)


def _side_stick(v: _Voice) -> Signal:
    wood = v.modes(v.vary(270), [1, 1.9, 3.9, 6.1], v.vary(0.06), [0.3, 0.35, 1.0, 0.7])
    return wood + 0.5 * v.velocity * v.noise(1500, 6000) * v.decay(0.005)


def _hat(v: _Voice, tau_s: float, low_hz: float) -> Signal:
    tau_s = v.vary(tau_s, 0.15)
    noise = 0.3 * v.noise(5000, 16000) + 0.07 * v.noise(400, 3000)
    return v.metal(tau_s, v.vary(low_hz)) + noise * v.decay(tau_s) + 0.4 * v.noise(3000, 9000) * v.decay(0.003)


def _pedal_hat(v: _Voice) -> Signal:
    tau_s = v.vary(0.04)
    chick = v.metal(tau_s, 3500) + (0.4 * v.noise(3500, 9000) + 0.15 * v.noise(400, 2500)) * v.decay(tau_s)
    return chick * np.minimum(1, v.t / 0.004) + 0.3 * v.sweep(300, 220, 0.02) * v.decay(0.03, attack_s=0.002)


def _tom(v: _Voice, base_hz: float, tau_s: float) -> Signal:
    base = v.vary(base_hz, 0.04)
    body = v.sweep(1.35 * base, base, 0.035) * v.decay(v.vary(tau_s, 0.12), attack_s=0.0005)
    overtones = v.modes(base, [1.59, 2.14, 2.65], 0.7 * tau_s, [0.35, 0.25, 0.15]) * np.minimum(1, v.t / 0.001)
    return body + v.velocity**0.5 * overtones + 0.7 * v.velocity * v.noise(200, 2500) * v.decay(0.02)


def _cymbal_partials(v: _Voice, low_hz: float, high_hz: float, tau_s: float) -> Signal:
    """A hundred partials at random, those at the top the shorter."""
    f = low_hz * (high_hz / low_hz) ** (np.arange(100) / 99) * (1 + 0.02 * np.sin(np.arange(100) ** 2))
    f = f * v.vary(1.0, 0.03)
    return v.partials(f, tau_s * (f / 2000) ** -0.35, (f / 2000) ** (0.5 * v.velocity - 0.1) / 10)


def _ride(v: _Voice) -> Signal:
    tau_s = v.vary(0.55)
    ping = v.modes(v.vary(2900, 0.05), [1, 1.37, 1.83, 2.41], 0.16, [0.35, 0.35, 0.25, 0.2])
    wash = v.noise(4500, 9000) * v.decay(tau_s, attack_s=0.002)
    stick = v.noise(2500, 9000) * v.decay(0.003)
    return ping + 0.6 * _cymbal_partials(v, 380, 9500, tau_s) + 0.25 * v.velocity * wash + 0.35 * stick


def _crash(v: _Voice) -> Signal:
    tau_s = v.vary(0.45)
    bloom = v.noise(3000, 8000) * v.decay(tau_s, attack_s=0.004)
    return bloom + 0.9 * _cymbal_partials(v, 320, 11000, tau_s) + 0.5 * v.noise(800, 4000) * v.decay(0.06)


def _tambourine(v: _Voice) -> Signal:
    pitches = v.vary(1.0, 0.04) * np.array([5000.0, 5700, 6300, 6900, 7600, 8800, 10100])
    jingles = v.partials(pitches, np.full(7, 0.06), np.full(7, 0.25)) + v.noise(6000, 12000, order=3)
    shakes = [(0.0, 0.5), (0.012, 1.0), (0.03, 0.6)]  # the jingles do not strike together
    return jingles * sum(gain * (v.t >= at) * np.exp((at - v.t) / 0.06) for at, gain in shakes)


# Seconds, and the peak of the hardest hit: what they are to each other in a mix.
VOICES: dict[str, tuple[Callable[[_Voice], Signal], float, float]] = {
    "KD": (_kick, 0.6, 0.9),
    "SD": (_snare, 0.4, 0.8),
    "SST": (_side_stick, 0.15, 0.5),
    "CHH": (partial(_hat, tau_s=0.04, low_hz=5500), 0.25, 0.35),
    "OHH": (partial(_hat, tau_s=0.2, low_hz=4000), 1.0, 0.4),
    "PHH": (_pedal_hat, 0.25, 0.25),
    "HT": (partial(_tom, base_hz=165, tau_s=0.14), 0.8, 0.75),
    "MT": (partial(_tom, base_hz=120, tau_s=0.18), 1.0, 0.75),
    "FT": (partial(_tom, base_hz=82, tau_s=0.24), 1.2, 0.75),
    "RD": (_ride, 1.5, 0.35),
    "CR": (_crash, 1.5, 0.55),
    "TMB": (_tambourine, 0.4, 0.3),
}


def procedural_kit(*, sample_rate: int = 16000, seed: int = 0) -> Kit:
    """Synthesise a drum machine of all twelve classes, with three velocities each.

    Softer hits are quieter and darker. The sounds are the project's own, free for any use.

    Args:
        sample_rate: Rate in Hz, at least 8000.
        seed: Which kit: tunings, decays and mixtures vary a little around those of a plain one.

    Returns:
        A kit with one drum per class, its hits 0.15 to 1.5 s long. The same seed gives the same kit.

    Raises:
        ValueError: If `sample_rate` is below 8000, or `seed` is negative.

    Source:
        The hi-hat's six squares: Roland TR-808 service notes, 1981. Modes of a drum head: Fletcher and Rossing, "The
        Physics of Musical Instruments", chapter 18.

    Example:
        >>> kit = procedural_kit(seed=3)
        >>> len(kit.classes), kit.templates(["KD", "SD"]).shape
        (12, torch.Size([2, 16000]))
    """
    if sample_rate < MIN_SAMPLE_RATE:
        raise ValueError(f"sample_rate must be at least {MIN_SAMPLE_RATE}, got {sample_rate}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    drums = {}
    for index, (name, (voice, duration_s, peak)) in enumerate(VOICES.items()):
        hits = [voice(_Voice(sample_rate, duration_s, velocity, [seed, index])) for velocity in LAYERS]
        fade = np.minimum(1, np.arange(len(hits[0]))[::-1] / (FADE_S * sample_rate))
        hits = [hit * fade * velocity * peak / np.abs(hit).max() for hit, velocity in zip(hits, LAYERS, strict=True)]
        drums[name] = (Drum(name, tuple(torch.from_numpy(hit).float() for hit in hits)),)
    return Kit(f"procedural {seed}", sample_rate, drums, licence="CC0-1.0", source="ddsp_drums.kits.procedural_kit")
