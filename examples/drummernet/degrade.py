"""What stands between a kit and a recording: room, equaliser, compressor, saturation, noise."""

import numpy as np

__all__ = ["degrade"]

_FFT_STEP = 4096  # multiples of it have small prime factors


def degrade(audio: np.ndarray, rng: np.random.Generator, *, sample_rate: int) -> np.ndarray:
    """Send audio through a random chain; each part is in it or not.

    Args:
        audio: Audio (T,), any level.
        rng: Source of every choice.
        sample_rate: Hz.

    Returns:
        Audio (T,), float32. An onset stays where it is.
    """
    audio = audio / max(float(np.abs(audio).max()), 1e-6)
    if rng.random() < 0.8:
        audio = _filter(audio, rng, sample_rate)
    if rng.random() < 0.3:
        audio = _compress(audio, rng, sample_rate)
    if rng.random() < 0.3:
        drive = 10 ** rng.uniform(0, 1)
        audio = np.tanh(drive * audio / max(float(np.abs(audio).max()), 1e-6))
    if rng.random() < 0.4:
        audio = audio + _noise(audio, rng)
    return audio.astype(np.float32)


def _filter(audio: np.ndarray, rng: np.random.Generator, sample_rate: int) -> np.ndarray:
    """Room and equaliser together, as one product in the frequency domain."""
    reverb = _room(rng, sample_rate) if rng.random() < 0.5 else np.ones(1)
    size = -(-(audio.size + reverb.size) // _FFT_STEP) * _FFT_STEP
    coarse_hz = np.linspace(0, sample_rate / 2, 1025)
    gain = np.interp(np.fft.rfftfreq(size, 1 / sample_rate), coarse_hz, _equaliser(coarse_hz, rng))
    response = np.fft.rfft(reverb, size) * gain if reverb.size > 1 else gain
    return np.fft.irfft(np.fft.rfft(audio, size) * response, size)[: audio.size]


def _room(rng: np.random.Generator, sample_rate: int) -> np.ndarray:
    """A direct sound, then noise that decays by 60 dB within the reverberation time."""
    reverberation_s = 10 ** rng.uniform(-0.9, 0.1)
    t = np.arange(round(min(reverberation_s, 1.0) * sample_rate)) / sample_rate
    tail = rng.standard_normal(t.size) * 10 ** (-3 * t / reverberation_s)
    gap = round(rng.uniform(0.001, 0.02) * sample_rate)
    tail[:gap] = 0
    wet = 10 ** (rng.uniform(-30, -6) / 20)
    tail *= wet / max(float(np.sqrt(np.square(tail).sum())), 1e-6)
    tail[0] = 1.0
    return tail


def _equaliser(hz: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth random curve over octaves, and now and then the band limit of a poor recording."""
    octaves = np.log2(np.maximum(hz, 20) / 20)
    knots = np.arange(11)
    gain_db = np.interp(octaves, knots, rng.normal(0, 3, knots.size)) + rng.normal(0, 1.0) * (octaves - 5)
    if rng.random() < 0.15:
        gain_db = gain_db - 24 * np.maximum(np.log2(np.maximum(hz, 1) / rng.uniform(2500, 7000)), 0)
    if rng.random() < 0.15:
        gain_db = gain_db - 12 * np.maximum(np.log2(rng.uniform(50, 200) / np.maximum(hz, 1)), 0)
    return 10 ** (np.clip(gain_db, -60, 20) / 20)


def _compress(audio: np.ndarray, rng: np.random.Generator, sample_rate: int) -> np.ndarray:
    """Lower what exceeds a threshold, by the level of short blocks."""
    block = round(0.005 * sample_rate)
    blocks = np.pad(audio, (0, -audio.size % block)).reshape(-1, block)
    level = np.abs(blocks).max(1) + 1e-4
    release = np.exp(-block / (sample_rate * rng.uniform(0.03, 0.3)))
    held = level.copy()
    for index in range(1, held.size):
        held[index] = max(held[index], release * held[index - 1])
    threshold = 10 ** (rng.uniform(-30, -6) / 20)
    ratio = rng.uniform(1.5, 8)
    gain = np.minimum(1, (held / threshold) ** (1 / ratio - 1))
    positions = np.arange(audio.size) / block - 0.5
    return audio * np.interp(positions, np.arange(gain.size), gain)


def _noise(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise between white and brown, 20 to 60 dB below the audio."""
    spectrum = np.fft.rfft(rng.standard_normal(audio.size))
    spectrum *= np.maximum(np.arange(spectrum.size), 1) ** -rng.uniform(0, 1)
    noise = np.fft.irfft(spectrum, audio.size)
    level = np.sqrt(np.square(audio).mean()) * 10 ** (-rng.uniform(20, 60) / 20)
    return noise * level / max(float(np.sqrt(np.square(noise).mean())), 1e-9)
