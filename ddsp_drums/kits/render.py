"""A performance played on a kit."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.kits.kit import Kit, KitError

if TYPE_CHECKING:
    from ddsp_drums.events import Hit

__all__ = ["render"]

_CHOKES = {"CHH": "OHH", "PHH": "OHH"}  # a hat that closes ends the open one
_CHOKE_S = 0.03


def render(
    hits: "Iterable[Hit]",
    kit: Kit,
    *,
    duration_s: float,
    dynamic_range_db: float = 30.0,
    rng: np.random.Generator | None = None,
    stems: bool = False,
) -> Tensor:
    """Play hits on a kit: each adds a one-shot of its velocity where it begins.

    A drum's one-shots run from soft to hard; the velocity chooses among them and sets the level,
    `dynamic_range_db` * (velocity / 127 - 1) below that of the hardest. A closed or pedal hi-hat silences an open one.

    Args:
        hits: What to play. Onsets may be negative (only the tail is heard) or past the end (not heard).
        kit: The sounds; every instrument that plays must be in it.
        duration_s: Seconds of the result.
        dynamic_range_db: Level between the softest and the hardest hit.
        rng: Draws the drum of each instrument and varies the one-shot; without it the first drum plays.
        stems: Whether to keep the instruments apart.

    Returns:
        Audio (T,), float32, T = `duration_s` times the kit's sample rate, rounded; or with `stems` one row for each
        of the kit's classes, (K, T), whose sum it is. Levels are the kit's own, so that it may exceed 1.

    Raises:
        KitError: If an instrument plays that the kit has not.
        ValueError: If `duration_s` is not positive.

    Example:
        >>> from ddsp_drums.events import Hit
        >>> from ddsp_drums.kits import procedural_kit
        >>> render([Hit(0.0, "KD", 100), Hit(0.5, "SD", 90)], procedural_kit(), duration_s=1.0).shape
        torch.Size([16000])
    """
    require_positive("duration_s", duration_s)
    n_samples = round(duration_s * kit.sample_rate)
    rows = {name: row if stems else 0 for row, name in enumerate(kit.classes)}
    audio = np.zeros((len(rows) if stems else 1, n_samples), dtype=np.float32)
    ordered = sorted(hits)
    played = {hit.instrument for hit in ordered}
    missing = sorted(played - set(kit.drums))
    if missing:
        raise KitError(f"kit {kit.name} has no {', '.join(missing)}: add the sounds, or leave these hits out")
    drums = {name: kit.drums[name][rng.integers(len(kit.drums[name])) if rng else 0] for name in sorted(played)}
    loudest = {name: max(float(shot.abs().max()) for shot in drum.hits) for name, drum in drums.items()}
    closes = {name: [hit.onset_s for hit in ordered if _CHOKES.get(hit.instrument) == name] for name in {"OHH"}}
    fade = np.linspace(1, 0, round(_CHOKE_S * kit.sample_rate), dtype=np.float32)
    for onset_s, name, velocity in ordered:
        shots = drums[name].hits
        layer = velocity / 127 * (len(shots) - 1) + (rng.normal(0, 0.1 * len(shots)) if rng else 0)
        shot = shots[int(np.clip(round(layer), 0, len(shots) - 1))].numpy()
        gain = loudest[name] / np.abs(shot).max() * 10 ** (dynamic_range_db * (velocity / 127 - 1) / 20)
        start = round(onset_s * kit.sample_rate)
        closed = next((t for t in closes.get(name, ()) if t > onset_s), None)
        if closed is not None:
            keep = round((closed - onset_s) * kit.sample_rate)
            shot = shot[: keep + fade.size].copy()
            shot[keep:] *= fade[: shot[keep:].size]
        begin, end = max(start, 0), min(start + shot.size, n_samples)
        if begin < end:
            audio[rows[name], begin:end] += gain * shot[begin - start : end - start]
    return torch.from_numpy(audio if stems else audio[0])
