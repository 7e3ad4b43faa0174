"""The batches of a training, by the number of the step: whoever asks for one, and in what order, gets the same."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from drummernet.config import TrainConfig
from drummernet.training.data import Recordings

__all__ = ["Batch", "Batches"]


class Batch(NamedTuple):
    """What one process learns from in one step.

    Attributes:
        rendered: Audio (B, T), what was played (B, K, N) and how hard (B, K, N); None where nothing is rendered.
        recorded: Audio (B', T') of recordings; None in a step without reconstruction.
        skipped: Recordings that could not be read for it, and why.
    """

    rendered: tuple[Tensor, ...] | None
    recorded: Tensor | None
    skipped: dict[Path, str]


class Batches(Dataset[Batch]):
    """A process's share of every batch; all shares are equal.

    Args:
        rendered: Segments whose hits are known, or None.
        recordings: Segments whose hits are not, or None.
        config: The training's.
        rank: Number of this process.
        processes: Number of all; both batch sizes must be multiples of it.

    Raises:
        ValueError: If a batch cannot be shared equally.
    """

    def __init__(
        self,
        rendered: Dataset[tuple[Tensor, Tensor, Tensor]] | None,
        recordings: Recordings | None,
        config: TrainConfig,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        sizes = {"rendered segments": config.batch_size if rendered else 0}
        sizes["recordings"] = config.reconstruction_batch_size if recordings else 0
        for name, size in sizes.items():
            if size % processes:
                raise ValueError(f"{processes} processes cannot share {size} {name} equally: choose another batch size")
        self.rendered = rendered
        self.recordings = recordings
        self.config = config
        self.rank = rank
        self.processes = processes

    def __getitem__(self, step: int) -> Batch:
        rendered = recorded = None
        skipped: dict[Path, str] = {}
        if self.rendered is not None:
            items = [self.rendered[index] for index in self._share(step, self.config.batch_size)]
            rendered = tuple(torch.stack(tensors) for tensors in zip(*items, strict=True))
        if self.recordings is not None and step % self.config.reconstruction_every == 0:
            chosen = self._share(step, self.config.reconstruction_batch_size)
            recorded = torch.stack([self.recordings[index] for index in chosen])
            skipped, self.recordings.skipped = self.recordings.skipped, {}  # told once, to the process that trains
        return Batch(rendered, recorded, skipped)

    def _share(self, step: int, size: int) -> range:
        own = size // self.processes
        first = step * size + self.rank * own
        return range(first, first + own)
