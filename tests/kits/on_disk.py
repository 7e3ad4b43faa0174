"""Kits on disk, for the tests of the importers."""

import numpy as np
import soundfile

RATE = 16000


def tone(frequency_hz=100.0, tau_s=0.1, gain=0.5, duration_s=0.5):
    t = np.arange(round(duration_s * RATE)) / RATE
    return gain * np.exp(-t / tau_s) * np.sin(2 * np.pi * frequency_hz * t)


def save(folder, name, audio=None, rate=RATE):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone() if audio is None else audio, rate, subtype="FLOAT")
    return path


def placed(kit):
    return {drum.name: name for name in kit.classes for drum in kit.drums[name]}
