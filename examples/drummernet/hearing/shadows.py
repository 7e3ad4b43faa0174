"""What is only ever heard together with one other drum is part of that drum's sound."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums.events import pick_peaks
from drummernet.config import PickingConfig
from drummernet.hearing.picking import instrument_groups
from drummernet.hearing.refine import rise

__all__ = ["drop_shadows"]

_SHADOWS = [("CHH", "KD"), ("CHH", "SD"), ("RD", "KD"), ("RD", "SD"), ("RD", "CHH")]
_MANY, _NEARLY_ALL = 8, 0.95
_TOGETHER_S = 0.03
_BRIGHTER, _SOME = 4.0, 4  # 12 dB, in the upper half of the bands, above that many hits of the other drum alone


def drop_shadows(
    together: Tensor, bands: Tensor, instruments: tuple[str, ...], *, picking: PickingConfig, frame_rate_hz: float
) -> Tensor:
    """Silence hi-hats and rides that are never heard apart from the kick, or the snare, and rides from hi-hats.

    They keep time, so nobody plays them so: in windows of 20 s of the Groove MIDI Dataset that have eight hits or more
    of one, all but one in twenty fall on kicks, or all but one in twenty on snares, in less than one of a hundred, and
    rides on hi-hats as rarely (hi-hats on rides are common: a foot plays them). What is heard so is the click of the
    kick's beater, the snare's wires, or a bright hi-hat. Drum machines do play so; but then the other drum sounds
    duller where it is alone, and what is 12 dB brighter stays.

    Args:
        together: Probability of each group of instruments, (G, N) in [0, 1].
        bands: Magnitudes of mel bands with the same frames, (F, N).
        instruments: The K instruments.
        picking: How hits are found.
        frame_rate_hz: Frames a second.

    Returns:
        The same, with 0 in the rows that were silenced, (G, N).
    """
    row = {name: number for number, names in enumerate(instrument_groups(instruments)) for name in names}
    pairs = [(row[own], row[other]) for own, other in _SHADOWS if own in row and other in row]
    hits = {number: _hits(together[number], picking, frame_rate_hz) for pair in pairs for number in pair}
    bright = rise(bands[len(bands) // 2 :].sum(0, keepdim=True))[0]
    together = together.clone()
    for own, other in pairs:
        alone = hits[other] & ~_near(hits[own], frame_rate_hz)
        brighter = alone.sum() >= _SOME and bright[hits[own]].median() > _BRIGHTER * bright[alone].median()
        number = hits[own].sum()
        shadows = (hits[own] & _near(hits[other], frame_rate_hz)).sum()
        if number >= _MANY and shadows >= _NEARLY_ALL * number and not brighter:
            together[own] = 0
    return together


def _near(hits: Tensor, frame_rate_hz: float) -> Tensor:
    """Tell which frames (N,) are within 30 ms of a hit."""
    reach = round(_TOGETHER_S * frame_rate_hz)
    return F.max_pool1d(hits[None].float(), 2 * reach + 1, 1, reach)[0] > 0


def _hits(probability: Tensor, picking: PickingConfig, frame_rate_hz: float) -> Tensor:
    """Tell which frames (N,) have a hit."""
    times, _ = pick_peaks(
        probability,
        frame_rate_hz=frame_rate_hz,
        threshold=picking.threshold,
        max_window_s=picking.max_window_s,
        mean_window_s=picking.mean_window_s,
        wait_s=picking.wait_s,
    )
    hits = torch.zeros_like(probability, dtype=torch.bool)
    hits[(times * frame_rate_hz).round().long().clamp(max=probability.numel() - 1)] = True
    return hits
