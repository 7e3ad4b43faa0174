"""Draw the pictures of `how_it_works.md`: `python docs/make_how_it_works.py`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from drummernet import transcribe
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.hearing.picking import any_of, instrument_groups
from torch import Tensor

from ddsp_drums import gated_sparsemax, template_synthesis
from ddsp_drums.events import pick_peaks
from ddsp_drums.kits import BY_ID, procedural_kit
from ddsp_drums.metrics import count_onsets

IMAGES = Path(__file__).parent / "images"
NAMES = ("KD", "SD", "CHH")


def draw_gate() -> None:
    """The same logits as softmaxes and as sparsemaxes, multiplied."""
    logits = 0.5 * torch.randn(11, 128, generator=torch.Generator().manual_seed(3))
    for row, frame in ((0, 6), (0, 70), (2, 6), (2, 38), (2, 102), (5, 102), (9, 80)):
        logits[row, frame] += 4
    windows = logits.unflatten(-1, (-1, 32))
    soft = (windows.softmax(-1) * windows.softmax(0)).flatten(-2)
    panels = {
        "logits": logits,
        "softmax over instruments x softmax over time": soft,
        "gated sparsemax": gated_sparsemax(logits, window=32),
        "with a silent slot": gated_sparsemax(logits - 2.5, window=32, silent_slot=True),
    }
    figure, axes = plt.subplots(4, 1, figsize=(9, 6.4), sharex=True, layout="constrained")
    for axis, (title, values) in zip(axes, panels.items(), strict=True):
        is_map = title != "logits"
        axis.imshow(
            values,
            aspect="auto",
            cmap="magma",
            interpolation="nearest",
            vmin=0 if is_map else None,
            vmax=1 if is_map else None,
        )
        zeros = f": {100 * float((values == 0).float().mean()):.0f} % exactly zero" if is_map else ""
        axis.set_title(title + zeros, fontsize=10, loc="left")
        axis.set_yticks([])
        axis.set_ylabel("instruments", fontsize=8)
        for edge in range(32, 128, 32):
            axis.axvline(edge - 0.5, color="#8a94a0", linewidth=0.6)
    axes[-1].set_xlabel("frames; the lines part windows")
    figure.savefig(IMAGES / "gate.png", dpi=110)


def draw_synthesis() -> None:
    """Activations, templates, and the audio that they make."""
    kit = procedural_kit(sample_rate=16_000)
    templates = kit.templates(list(NAMES), duration_s=0.4, norm=5.0)
    activations = torch.zeros(3, 250)
    activations[0, [10, 135, 166]], activations[1, [72, 197]] = torch.tensor([1.0, 0.9, 0.4]), 0.9
    activations[2, 10::31] = torch.tensor([0.6, 0.3]).repeat(4)
    stems = template_synthesis(activations, templates, hop_length=128, stems=True)
    figure, axes = plt.subplots(4, 2, figsize=(9, 5.2), width_ratios=[1, 3], layout="constrained")
    for row, name in enumerate(NAMES):
        colour = BY_ID[name].colour
        axes[row, 0].plot(np.arange(templates.shape[-1]) / 16, templates[row], color=colour, linewidth=0.5)
        axes[row, 1].plot(np.arange(stems.shape[-1]) / 16_000, stems[row], color=colour, linewidth=0.5, alpha=0.6)
        frames = activations[row].nonzero()[:, 0]
        heights = activations[row, frames] * float(stems[row].abs().max()) / float(activations[row].max())
        axes[row, 1].vlines(frames * 128 / 16_000, 0, heights, color="black", linewidth=1.5)
        axes[row, 0].set_ylabel(BY_ID[name].name, fontsize=9)
    axes[0, 0].set_title("templates", fontsize=10, loc="left")
    axes[0, 1].set_title("activations (black), and each of them playing its template", fontsize=10, loc="left")
    axes[2, 0].set_xlabel("ms")
    axes[3, 0].axis("off")
    axes[3, 1].plot(np.arange(stems.shape[-1]) / 16_000, stems.sum(0), color="#444444", linewidth=0.5)
    axes[3, 1].set_title("their sum", fontsize=10, loc="left")
    axes[3, 1].set_xlabel("seconds")
    for axis in axes.flat:
        axis.set_yticks([])
    figure.savefig(IMAGES / "synthesis.png", dpi=110)


def draw_picking() -> None:
    """What the network hears of the hi-hats, and what is picked."""
    with TemporaryDirectory() as folder:
        loop = Path(folder, "loop.flac")
        write_demo_loop(loop)
        heard = transcribe(loop, refined=False)
    groups = instrument_groups(heard.instruments)
    hats = next(row for row, group in enumerate(groups) if "CHH" in group)
    probability = any_of(heard.activations, heard.instruments)[hats]
    played = [hit.onset_s for hit in demo_hits() if hit.instrument in groups[hats]]
    seconds = np.arange(len(probability)) / heard.frame_rate_hz
    mean = _mean(probability, round(0.2 * heard.frame_rate_hz))
    times, heights = pick_peaks(probability, frame_rate_hz=heard.frame_rate_hz, threshold=0.3, mean_window_s=0.2)
    right, wrong, missed = count_onsets(played, times.tolist())
    figure, axis = plt.subplots(figsize=(9, 2.8), layout="constrained")
    axis.plot(seconds, probability, color=BY_ID["CHH"].colour, linewidth=1, label="probability of a hi-hat")
    axis.plot(seconds, mean + 0.3, color="grey", linewidth=0.8, linestyle="--", label="the mean around it, and 0.3")
    axis.plot(times, heights, "v", color="black", markersize=5, label="picked")
    axis.vlines(played, -0.09, -0.02, color="black", linewidth=1.5, label="played")
    axis.set(xlim=(-0.05, seconds[-1]), ylim=(-0.1, 1.2), xlabel="seconds")
    axis.set_title(f"The project's loop: {right} right, {wrong} made up, {missed} missed", fontsize=10, loc="left")
    axis.legend(fontsize=8, ncols=4, loc="upper center")
    figure.savefig(IMAGES / "picking.png", dpi=110)


def _mean(values: Tensor, window: int) -> Tensor:
    return torch.nn.functional.avg_pool1d(values[None], window | 1, 1, window // 2, count_include_pad=False)[0]


if __name__ == "__main__":
    torch.set_num_threads(1)
    draw_gate()
    draw_synthesis()
    draw_picking()
