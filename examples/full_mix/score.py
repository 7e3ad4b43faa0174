"""How much of its score a system keeps with music beside the drums, as a table and a picture."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from drummernet import Transcriber
from drummernet.evaluation.datasets import Track
from drummernet.evaluation.evaluate import evaluate
from drummernet.evaluation.scores import Headline, headline
from matplotlib.figure import Figure
from rich.table import Table
from torch import Tensor

from ddsp_drums.audio import read_audio
from ddsp_drums.audio.degradations import add_noise
from ddsp_drums.events import Hit
from full_mix.mix import separated
from full_mix.music import FOREIGN, accompany

__all__ = ["LEVELS_DB", "System", "draw", "score", "table"]

LEVELS_DB = (None, 6.0, 0.0, -6.0)
"""Level of the drums over the music; without music first."""


@dataclass(frozen=True)
class System:
    """A network, and whether the percussive part of a recording is all that it is given.

    Attributes:
        name: For tables.
        transcriber: The network.
        separated: Whether what sounds on is taken out first (:func:`ddsp_drums.percussive`).
    """

    name: str
    transcriber: Transcriber
    separated: bool


def score(
    systems: Sequence[System], tracks: Sequence[Track], *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, list[Headline]]:
    """Score systems on drum recordings, alone and with music that no network has learned from.

    Args:
        systems: The systems.
        tracks: Annotated recordings of drums.
        progress: Called with a line of text now and then.

    Returns:
        For each system, scores at each of `LEVELS_DB`.
    """
    scores: dict[str, list[Headline]] = {}
    for system in systems:
        scores[system.name] = []
        for level_db in LEVELS_DB:
            found = evaluate(tracks, _listen(system, level_db), system=system.name)
            if found.failures:
                raise ValueError(next(iter(found.failures.values())))
            scores[system.name].append(headline(found))
            at = "drums alone" if level_db is None else f"drums {level_db:+g} dB"
            progress(f"{system.name}, {at}: {scores[system.name][-1].mean.value:.3f}")
    return scores


def _listen(system: System, level_db: float | None) -> Callable[[Path], list[Hit]]:
    def listen(path: Path) -> list[Hit]:
        rate = system.transcriber.config.model.sample_rate
        audio = mixed(path, level_db, rate)
        return system.transcriber(separated(audio, sample_rate=rate) if system.separated else audio).hits

    return listen


@lru_cache(maxsize=256)
def mixed(path: Path, level_db: float | None, sample_rate: int) -> Tensor:
    """Read a recording, and put music of its own beside it, so many decibels below; always the same."""
    drums = read_audio(path, sample_rate=sample_rate)
    if level_db is None:
        return drums
    rng = np.random.default_rng(zlib.crc32(path.name.encode()))
    music = accompany(rng, duration_s=len(drums) / sample_rate, sample_rate=sample_rate, players=FOREIGN)
    return add_noise(drums, music, snr_db=level_db)


def table(scores: dict[str, list[Headline]]) -> Table:
    """Lay *mean* / *sum* out, a row for each system and a column for each level of the drums."""
    grid = Table("mean / sum", *("drums alone" if level is None else f"{level:+g} dB" for level in LEVELS_DB))
    for name, at_levels in scores.items():
        grid.add_row(name, *(f"{each.mean.value:.3f} / {each.sum.value:.3f}" for each in at_levels))
    return grid


def draw(scores: dict[str, list[Headline]], path: Path) -> None:
    """Draw both scores against the level of the drums."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    places = range(len(LEVELS_DB))
    for axes, which in zip(figure.subplots(1, 2, sharey=True), ("mean", "sum"), strict=True):
        for number, (name, at_levels) in enumerate(scores.items()):
            values = [getattr(each, which).value for each in at_levels]
            style = {"color": ("#8a94a0", "#c1272d")[number // 2], "linestyle": ("-", "--")[number % 2]}
            axes.plot(places, values, marker="o", markersize=4, label=name, **style)
        axes.set_xticks(places, ["alone" if level is None else f"{level:+g} dB" for level in LEVELS_DB])
        axes.set(title=f"F1 of kick, snare and hi-hat, {which}", xlabel="drums over music", ylim=(0, 1))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="lower left", frameon=False)
    figure.savefig(path, dpi=110)
