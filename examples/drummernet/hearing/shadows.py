"""What is only ever heard together with one other drum is part of that drum's sound."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.events import pick_peaks
from drummernet.config import PickingConfig
from drummernet.hearing.picking import instrument_groups

__all__ = ["drop_shadows"]

_SHADOWS = [("CHH", "KD"), ("CHH", "SD"), ("RD", "KD"), ("RD", "SD"), ("RD", "CHH")]
_MANY, _NEARLY_ALL = 8, 0.95
_TOGETHER_S = 0.03


def drop_shadows(
    together: Tensor, instruments: tuple[str, ...], *, picking: PickingConfig, frame_rate_hz: float
) -> Tensor:
    """Silence hi-hats and rides that are never heard apart from the kick, or the snare, and rides from hi-hats.

    They keep time, so nobody plays them so: in windows of 20 s of the Groove MIDI Dataset that have eight hits or more
    of one, all but one in twenty fall on kicks, or all but one in twenty on snares, in less than one of a hundred, and
    rides on hi-hats as rarely (hi-hats on rides are common: a foot plays them). What is heard so is the click of the
    kick's beater, the snare's wires, or a bright hi-hat.

    Args:
        together: Probability of each group of instruments, (G, N) in [0, 1].
        instruments: The K instruments.
        picking: How hits are found.
        frame_rate_hz: Frames a second.

    Returns:
        The same, with 0 in the rows that were silenced, (G, N).
    """
    row = {name: number for number, names in enumerate(instrument_groups(instruments)) for name in names}
    pairs = [(row[own], row[other]) for own, other in _SHADOWS if own in row and other in row]
    hits = {number: _hits(together[number], picking, frame_rate_hz) for pair in pairs for number in pair}
    reach = round(_TOGETHER_S * frame_rate_hz)
    together = together.clone()
    for own, other in pairs:
        near = F.max_pool1d(hits[other][None], 2 * reach + 1, 1, reach)[0]
        number = hits[own].sum()
        if number >= _MANY and (hits[own] * near).sum() >= _NEARLY_ALL * number:
            together[own] = 0
    return together


def _hits(probability: Tensor, picking: PickingConfig, frame_rate_hz: float) -> Tensor:
    """Return 1 in each frame (N,) with a hit, 0 elsewhere."""
    times, _ = pick_peaks(
        probability,
        frame_rate_hz=frame_rate_hz,
        threshold=picking.threshold,
        max_window_s=picking.max_window_s,
        mean_window_s=picking.mean_window_s,
        wait_s=picking.wait_s,
    )
    hits = torch.zeros_like(probability)
    hits[(times * frame_rate_hz).round().long().clamp(max=probability.numel() - 1)] = 1
    return hits
