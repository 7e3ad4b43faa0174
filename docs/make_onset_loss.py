"""Draw the pictures of `onset_loss.md`, and measure its table: `python docs/make_onset_loss.py KITS`.

KITS holds one folder a kit; at least two kits must share a class for the class to be measured.
"""

import random
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import LogMel, OnsetCQTLoss, SpectralLoss, Spectrogram, percussive, template_synthesis
from ddsp_drums.kits import load_kit, procedural_kit

SAMPLE_RATE = 16000
IMAGES = Path(__file__).parent / "images"
PAIRS = 300
LOSSES = {
    "onset CQT, as published": OnsetCQTLoss(SAMPLE_RATE),
    "no enhancement": OnsetCQTLoss(SAMPLE_RATE, enhance=False),
    "power": OnsetCQTLoss(SAMPLE_RATE, compression="power"),
    "power, no enhancement": OnsetCQTLoss(SAMPLE_RATE, compression="power", enhance=False),
    "mel": SpectralLoss(LogMel(sample_rate=SAMPLE_RATE, n_mels=128, floor=1e-5), compression="none", enhance=False),
    "STFT": SpectralLoss(Spectrogram(), enhance=False),
}


def draw_enhancement() -> None:
    """What the enhancement leaves of four sounds."""
    kit = procedural_kit(sample_rate=SAMPLE_RATE, preset="909")
    names = {"KD": "kick", "SD": "snare", "CHH": "closed hi-hat", "OHH": "open hi-hat"}
    loss = OnsetCQTLoss(SAMPLE_RATE, enhance=False)
    figure, axes = plt.subplots(2, 4, figsize=(11, 5), sharex=True, sharey=True, layout="constrained")
    for column, (instrument, name) in zip(axes.T, names.items(), strict=True):
        hit = kit.templates([instrument], duration_s=0.75)[0]
        audio = F.pad(hit / hit.abs().max(), (SAMPLE_RATE // 4, 0))
        for axis, heard in zip(column, (audio, percussive(audio)), strict=True):
            kept = 100 * float(heard.square().sum() / audio.square().sum())
            image = axis.imshow(
                loss.features(heard), origin="lower", aspect="auto", vmin=0, vmax=5, extent=(-0.25, 0.75, 0, 8)
            )
            axis.set_title(name if heard is audio else f"percussive: {kept:.0f} % of the energy", fontsize=10)
        column[1].set_xlabel("seconds from the hit")
    for axis in axes[:, 0]:
        axis.set_ylabel("octaves above C1")
    figure.colorbar(image, ax=axes, label="log10 magnitude above the floor")
    figure.savefig(IMAGES / "onset_enhancement.png", dpi=110)


def draw_gradient() -> None:
    """Where the loss pushes an estimate that lacks hits."""
    kit = procedural_kit(sample_rate=SAMPLE_RATE, preset="909")
    templates = kit.templates(["KD", "SD", "CHH"], duration_s=0.4, norm=5.0)
    played = torch.zeros(3, 250)
    played[0, [10, 135]], played[1, 72], played[2, [10, 41, 72, 104, 135, 166, 197]] = 1.0, 0.8, 0.5
    known = played.clone()
    known[1] = 0
    known[2, 104:] = 0
    room = 1e-3 * torch.randn(250 * 128, generator=torch.Generator().manual_seed(0))
    target = template_synthesis(played, templates, hop_length=128) + room
    known.requires_grad_()
    estimate = template_synthesis(known, templates, hop_length=128, backend="sparse")  # silent where nothing plays
    loss = OnsetCQTLoss(SAMPLE_RATE)(estimate, target)
    of_audio, of_activations = torch.autograd.grad(loss, (estimate, known))
    time = torch.arange(target.shape[-1]) / SAMPLE_RATE
    figure, axes = plt.subplots(4, 1, figsize=(9, 6.5), sharex=True, layout="constrained")
    rows = {
        "target: kick, snare, hi-hats": target,
        "estimate: no snare, hi-hats until 0.7 s": estimate.detach(),
        "minus the gradient with respect to the estimate": -of_audio,
    }
    for axis, (title, audio) in zip(axes, rows.items(), strict=False):
        axis.plot(time, audio, linewidth=0.5)
        axis.set_title(title, fontsize=10, loc="left")
        axis.set_yticks([])
    axes[3].set_title(
        "the same with respect to the activations, each instrument to its own scale", fontsize=10, loc="left"
    )
    for name, gradient in zip(["kick", "snare", "hi-hat"], -of_activations, strict=True):
        axes[3].plot(torch.arange(250) * 128 / SAMPLE_RATE, gradient / gradient.abs().max(), label=name, linewidth=1)
    axes[3].set_yticks([])
    axes[3].legend(fontsize=8, loc="upper left", ncols=3)
    for frame in [72, 104, 135, 166, 197]:
        axes[3].axvline(frame * 128 / SAMPLE_RATE, color="grey", linewidth=0.8, linestyle=":")
    axes[3].set_xlabel("seconds; dotted: the hits that the estimate lacks")
    figure.savefig(IMAGES / "onset_gradient.png", dpi=110)


def prepare(hit: Tensor) -> Tensor:
    """Half a second of a hit at full scale, after a tenth of silence."""
    hit = F.pad(hit[: SAMPLE_RATE // 2], (SAMPLE_RATE // 10, max(0, SAMPLE_RATE // 2 - len(hit))))
    return hit / hit.abs().max()


def draw_triples(folder: Path) -> dict[str, list[tuple[Tensor, Tensor, Tensor]]]:
    """By class: a hit, one of the same class from another kit, and one of another class from that other kit."""
    hits: dict[str, dict[str, list[Tensor]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        for instrument, drums in load_kit(path, sample_rate=SAMPLE_RATE).drums.items():
            hits[instrument][path.name] = [hit for drum in drums for hit in drum.hits]
    draw = random.Random(0)
    triples: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = defaultdict(list)
    for instrument, kits in hits.items():
        while len(kits) > 1 and len(triples[instrument]) < PAIRS:
            ours, theirs = draw.sample(list(kits), 2)
            others = [other for other in hits if other != instrument and theirs in hits[other]]
            if others:
                rival = hits[draw.choice(others)][theirs]
                triples[instrument].append(
                    tuple(prepare(draw.choice(choices)) for choices in (kits[ours], kits[theirs], rival))
                )
    return triples


@torch.no_grad()
def share_nearer(loss: SpectralLoss, triples: list[tuple[Tensor, Tensor, Tensor]]) -> float:
    """How often the same class of another kit is nearer than another class of it."""
    loss.reduction = "none"
    first, same, other = (
        torch.cat([loss.features(part) for part in torch.stack(hits).split(30)]) for hits in zip(*triples, strict=True)
    )
    return float((loss.compare(first, same) < loss.compare(first, other)).float().mean())


def print_table(folder: Path) -> None:
    """The share of pairs that each loss gets right, as a table of the page."""
    triples = draw_triples(folder)
    print(f"| | {' | '.join(LOSSES)} |\n|---|{'---|' * len(LOSSES)}")
    shares = {
        name: [share_nearer(loss, triples[instrument]) for instrument in triples] for name, loss in LOSSES.items()
    }
    for row, instrument in enumerate(triples):
        print(f"| {instrument} | {' | '.join(f'{share[row]:.2f}' for share in shares.values())} |")
    means = (sum(share) / len(share) for share in shares.values())
    print(f"| **mean** | {' | '.join(f'**{mean:.3f}**' for mean in means)} |")


if __name__ == "__main__":
    torch.set_num_threads(1)  # two take several times as long on short FFTs where others work too
    draw_enhancement()
    draw_gradient()
    if len(sys.argv) > 1:
        print_table(Path(sys.argv[1]))
