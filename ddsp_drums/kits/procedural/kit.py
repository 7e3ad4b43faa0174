"""A kit made from nothing but arithmetic."""

import zlib
from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._random import require_seed
from ddsp_drums._validate import require_count
from ddsp_drums.kits.kit import Drum, Kit
from ddsp_drums.kits.procedural.synth import drum_voice
from ddsp_drums.kits.procedural.voices import PRESETS, VOICES, Voice

__all__ = ["procedural_kit"]

LAYERS = (0.3, 0.6, 1.0)
MIN_SAMPLE_RATE = 8000


@torch.no_grad()
def procedural_kit(
    *, sample_rate: int = 16000, seed: int = 0, preset: str | None = None, classes: Collection[str] | None = None
) -> Kit:
    """Synthesise a kit, with three velocities of each class.

    Every setting of every drum is drawn evenly from its range in `voices.toml`, which those of real drums fill; drums
    of one group (hi-hats, toms) alike. Softer hits are quieter and darker. The sounds are the project's own, free for
    any use.

    Args:
        sample_rate: Rate in Hz, at least 8000.
        seed: Which kit, at least 0. At another rate it is the same, with more or less of the top.
        preset: "808" or "909", for drums like those of the Roland TR-808 and TR-909; the seed then varies their noise
            only. None for a random kit.
        classes: Those to synthesise, which sound as in the whole kit. None for all.

    Returns:
        A kit with one drum per class, its hits 0.3 to 2 s long. The same seed gives the same kit.

    Raises:
        TypeError: If `sample_rate` or `seed` is not an int.
        ValueError: If `sample_rate` is below 8000, `seed` is negative, or there is no such preset or class.

    Source:
        As for :func:`drum_voice`.

    Example:
        >>> kit = procedural_kit(seed=3)
        >>> len(kit.classes), kit.templates(["KD", "SD"]).shape
        (13, torch.Size([2, 16000]))
    """
    require_count("sample_rate", sample_rate)
    require_seed(seed)
    if sample_rate < MIN_SAMPLE_RATE:
        raise ValueError(f"sample_rate must be at least {MIN_SAMPLE_RATE}, got {sample_rate}")
    if preset is not None and preset not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(map(repr, PRESETS))}, got {preset!r}")
    if unknown := sorted(set(classes or ()) - set(VOICES)):
        raise ValueError(f"classes must be of {', '.join(VOICES)}, got {', '.join(unknown)}")
    drums = {}
    for name in VOICES if classes is None else [name for name in VOICES if name in classes]:
        voice = VOICES[name]
        settings = random_settings(voice, seed) if preset is None else PRESETS[preset][name]
        noise = zlib.crc32(f"{voice.group} {seed}".encode())
        hits = drum_voice(settings, torch.tensor(LAYERS), instrument=name, sample_rate=sample_rate, seed=noise)
        levels = voice.peak * torch.tensor(LAYERS)
        hits *= (levels / hits.abs().amax(-1))[:, None]
        drums[name] = (Drum(name, tuple(hits)),)
    kind = "procedural" if preset is None else preset
    return Kit(f"{kind} {seed}", sample_rate, drums, licence="CC0-1.0", source="ddsp_drums.kits.procedural_kit")


def random_settings(voice: Voice, seed: int) -> Tensor:
    """Draw settings (P,) evenly from their ranges, those of one name alike in one group."""
    keys = (zlib.crc32(f"{voice.group}.{name}".encode()) for name in voice.names)
    return voice.settings(torch.tensor([np.random.default_rng([seed, key]).random() for key in keys]))
