"""Learn from instruments and performances that are made up: read back what was played, and play back what was read."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ddsp_drums.audio.degradations import degrade
from ddsp_drums.losses import CycleConsistencyLoss, OnsetCQTLoss
from ddsp_drums.nn import DampedSynthesizer
from mallets.bars import HOP_LENGTH, SAMPLE_RATE, Bars, random_bars
from mallets.model import MalletNet, Prediction
from mallets.performance import RESOLUTION, Rendered, loudness, perform, random_performance

__all__ = ["Rehearsals", "learn"]

_FRAMES = 250  # 4 s
_DEGRADED = 0.5
_LEARNING_RATE = 3e-3
_RECONSTRUCTION, _EVERY = 0.003, 4  # its weight, and the steps from one to the next


class Rehearsals(Dataset[Rendered]):
    """Performances on instruments, both drawn by the number of the item.

    Args:
        items: How many.
        seed: Another seed, other music.
    """

    def __init__(self, items: int, *, seed: int = 0) -> None:
        self.items = items
        self.seed = seed

    def __len__(self) -> int:
        return self.items

    def bars(self, index: int) -> Bars:
        """Make the instrument of an item again."""
        return random_bars(np.random.default_rng((self.seed, index, 0)))

    def __getitem__(self, index: int) -> Rendered:
        rng = np.random.default_rng((self.seed, index, 1))
        notes = random_performance(rng, duration_s=_FRAMES * HOP_LENGTH / SAMPLE_RATE)
        rendered = perform(notes, self.bars(index), frames=_FRAMES)
        audio = rendered.audio
        if rng.random() < _DEGRADED:
            audio = degrade(audio, sample_rate=SAMPLE_RATE, rngs=[rng])
        late = int(rng.integers(HOP_LENGTH)) - HOP_LENGTH // 2  # onsets lie anywhere in a frame
        audio = F.pad(audio, (late, -late))
        return rendered._replace(audio=audio * (10 ** rng.uniform(-0.5, 0) / audio.abs().max().clamp(min=1e-6)))


def learn(
    model: MalletNet,
    *,
    items: int,
    batch_size: int = 4,
    reconstruction: float = _RECONSTRUCTION,
    seed: int = 0,
    progress: Callable[[int, dict[str, float]], None],
) -> None:
    """Train a network on items made by another process meanwhile.

    Args:
        model: What to train.
        items: How many performances to learn from.
        batch_size: Performances in a step.
        reconstruction: Weight of reconstruction.
        seed: Of the performances.
        progress: Called after each step with the items so far and the losses.
    """
    rehearsals = Rehearsals(items, seed=seed)
    optimiser = torch.optim.Adam(model.parameters(), _LEARNING_RATE)
    steps = len(rehearsals) // batch_size
    warm = max(0.1, 2 / steps)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps, pct_start=warm)
    read_back, distance = CycleConsistencyLoss(), OnsetCQTLoss(SAMPLE_RATE, hop_length=HOP_LENGTH, enhance=False)
    batches = DataLoader(rehearsals, batch_size, num_workers=1, drop_last=True)
    model.train()
    for step, batch in enumerate(batches):
        audio, played, velocity, held = batch
        onset, hard, holds = (output[..., :_FRAMES] for output in model(audio))
        losses = {
            "onsets": read_back(onset, hard, played, velocity),
            "ends": F.binary_cross_entropy_with_logits(holds, held),
        }
        if reconstruction and step % _EVERY == 0:
            again = _play(model, Prediction(onset[0], hard[0], holds[0]), rehearsals.bars(step * batch_size))
            level = audio[0].norm() / again.detach().norm().clamp(min=1e-3)
            losses["reconstruction"] = reconstruction * distance(again * level, audio[0])
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        progress((step + 1) * batch_size, {name: float(loss.detach()) for name, loss in losses.items()})
    model.eval()


def _play(model: MalletNet, read: Prediction, bars: Bars) -> Tensor:
    """Play what was read on the instrument that it was read from, (K, N) to (T,)."""
    levels = model.activations(read) * loudness(read.velocity)
    damping_db = bars.damper_db * torch.sigmoid(-read.held)
    synthesizer = DampedSynthesizer(bars.templates, hop_length=HOP_LENGTH, resolution=RESOLUTION, gradient="support")
    return synthesizer(levels, damping_db)
