"""Fit a synthesised snare to a recorded one, and draw the picture of `fit.md`: `python docs/make_fit.py SNARE.wav`."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import LogMel, SpectralLoss
from ddsp_drums.audio import read_audio
from ddsp_drums.kits import DrumVoice

SAMPLE_RATE = 44100
DURATION_S = 0.4
STEPS = 300
IMAGES = Path(__file__).parent / "images"
LOSSES = [  # fine in frequency, and fine in time
    SpectralLoss(
        LogMel(sample_rate=SAMPLE_RATE, n_fft=n_fft, hop_length=128, n_mels=n_mels), compression="none", enhance=False
    )
    for n_fft, n_mels in ((4096, 96), (512, 32))
]


def fit(voice: DrumVoice, target: Tensor) -> list[float]:
    """Learn the settings of a voice; return the distance at each step, in dB."""
    known = [loss.features(target) for loss in LOSSES]
    optimizer = torch.optim.Adam(voice.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    distances = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        hit = voice()
        distance = sum(loss.compare(loss.features(hit), heard) for loss, heard in zip(LOSSES, known, strict=True))
        distance.backward()
        optimizer.step()
        schedule.step()
        distances.append(20 * float(distance.detach()) / len(LOSSES))
    return distances


def draw(before: Tensor, after: Tensor, target: Tensor, distances: list[float]) -> None:
    """Spectrograms of the three, and how the distance fell."""
    mel = LogMel(sample_rate=SAMPLE_RATE, n_fft=1024, hop_length=64, n_mels=96)
    figure, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained", width_ratios=[1, 1, 1, 0.8])
    titles = ("before: the middle of every range", "after", "the recorded snare")
    for axis, title, audio in zip(axes, titles, (before, after, target), strict=False):
        picture = axis.imshow(
            20 * mel(audio) - 60,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=-60,
            vmax=0,
            extent=(0, DURATION_S, 0, 96),
        )
        axis.set_title(title, fontsize=9)
        axis.set_xlabel("s")
        axis.set_yticks([])
    axes[0].set_ylabel("mel, 30 Hz to 22 kHz")
    figure.colorbar(picture, ax=axes[2], label="dB")
    axes[3].plot(distances, color="black", linewidth=1)
    axes[3].set_ylim(0)
    axes[3].set_title("mean distance, dB", fontsize=9)
    axes[3].set_xlabel("step")
    figure.savefig(IMAGES / "fit.png", dpi=110)


if __name__ == "__main__":
    torch.set_num_threads(1)
    recording = read_audio(sys.argv[1], sample_rate=SAMPLE_RATE)
    n_samples = round(DURATION_S * SAMPLE_RATE)
    recording = F.pad(recording, (0, n_samples))[:n_samples]
    recording = recording / recording.abs().max()
    snare = DrumVoice("SD", sample_rate=SAMPLE_RATE, duration_s=DURATION_S)
    start = snare().detach()
    history = fit(snare, recording)
    draw(start, snare().detach(), recording, history)
    print(f"distance {history[0]:.2f} dB, after {STEPS} steps {history[-1]:.2f} dB")
    for setting, value in snare.named_settings().items():
        print(f"{setting} {value.item():.4g}")
