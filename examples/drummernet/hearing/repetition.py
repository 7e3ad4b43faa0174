"""What is played again is heard again: drummers repeat themselves, noise and what covers a hit do not."""

import torch
import torch.nn.functional as F
from torch import Tensor

from drummernet.hearing.picking import instrument_groups

__all__ = ["weigh_repetition"]

_ONCE = ("CR",)  # a crash marks one place of many
_STEP_S = 0.032  # of patterns, and how far hits of two places may lie apart
_REACH_S = 0.5  # of a pattern, to both sides
_APART_S = 0.2  # what is nearer is one place
_LONGEST_S = 60.0  # within which places are compared
_MOST, _FEWEST = 6, 3  # places that tell
_ALIKE = 0.6  # from which they do
_COPY = 0.99  # beyond which one is a copy, as in a loop, and says nothing new
_WEIGHT = 0.3  # of what they tell
_ROWS = 256  # of places that are compared with all at a time, for the sake of caches
_FAINT = 0.05  # what is lower is no peak
_OFTEN = 3.0  # norm of some 25 hits: in patterns what is rarer counts less


def weigh_repetition(together: Tensor, instruments: tuple[str, ...], *, frame_rate_hz: float) -> Tensor:
    r"""Move each peak towards what is heard in the places most like its own within a minute.

    $$p'_{k,n} = 0.7 \, p_{k,n} + 0.3 \, \frac{\sum_m s_{n,m} \, \hat{p}_{k,m}}{\sum_m s_{n,m}}$$

    where $s_{n,m}$ is the similarity (cosine) of what all do within half a second around $n$ and $m$, $m$ are the
    six places where it is largest, among .6 to .99, if there are three such at least, and $\hat{p}$ is the largest
    probability within a step of 32 ms. What surrounds a peak goes with it; where there is no peak none is made.
    What is more alike than .99 is a copy, as in a loop, and says nothing new. Crashes stay as they are: they are played
    once where all else is as ever.

    Args:
        together: Probability of each group of instruments, (G, N) in [0, 1].
        instruments: The K instruments.
        frame_rate_hz: Frames a second.

    Returns:
        The same, with other heights, (G, N) in [0, 1].

    Source:
        Buades, Coll and Morel, "A Non-Local Algorithm for Image Denoising", CVPR 2005, with patterns for patches.

    Example:
        >>> hat = torch.zeros(1, 1000)
        >>> hat[0, 50::50] = 0.8
        >>> hat[0, 500] = 0.3  # a soft one among others
        >>> round(float(weigh_repetition(hat, ("CHH",), frame_rate_hz=125.0)[0, 500]), 2)
        0.45
    """
    step = max(1, round(_STEP_S * frame_rate_hz))
    n_spans = max(1, -(-together.shape[-1] // round(_LONGEST_S * frame_rate_hz)))
    weighed = torch.cat([_weigh(span, step) for span in together.chunk(n_spans, -1)], -1)
    stay = [row for row, names in enumerate(instrument_groups(instruments)) if set(names) <= set(_ONCE)]
    weighed[stay] = together[stay]
    return weighed


def _weigh(together: Tensor, step: int) -> Tensor:
    near = step - 1  # frames of a peak to both sides
    highest = F.max_pool1d(together, 2 * near + 1, 1, near)
    row, frame = ((highest == together) & (together > _FAINT)).nonzero(as_tuple=True)
    if not row.numel():
        return together.clone()
    asked, which = (frame // step).unique(return_inverse=True)
    alike, place = (each[which] for each in _places(together, step, asked))
    there = (place * step + (frame % step)[:, None]).clamp(max=together.shape[-1] - 1)
    heights = F.max_pool1d(together, 2 * step + 1, 1, step)[row[:, None], there]
    elsewhere = (alike * heights).sum(-1) / alike.sum(-1).clamp(min=1e-9)
    own = together[row, frame]
    told = (alike > 0).sum(-1) >= _FEWEST
    gain = torch.where(told, 1 + _WEIGHT * (elsewhere / own - 1), 1.0)
    around = (frame[:, None] + torch.arange(-near, step)).clamp(0, together.shape[-1] - 1)
    weighed = together.clone()
    weighed[row[:, None], around] = together[row[:, None], around] * gain[:, None]
    return weighed.clamp(max=1)


def _places(together: Tensor, step: int, asked: Tensor) -> tuple[Tensor, Tensor]:
    """Find the places most like some (P,): how much they are, 0 for what is not, and their numbers, (P, M) both."""
    reach, apart = round(_REACH_S / _STEP_S), round(_APART_S / _STEP_S)
    wide = F.max_pool1d(together, step // 2 * 2 + 1, 1, step // 2)
    played = F.avg_pool1d(F.pad(wide, (0, -wide.shape[-1] % step)), step)
    blurred = F.avg_pool1d(played, 3, 1, 1)
    shares = blurred / blurred.norm(dim=-1, keepdim=True).clamp(min=_OFTEN)
    window = torch.hann_window(2 * reach + 3)[1:-1]
    patterns = (F.pad(shares, (reach, reach)).unfold(-1, 2 * reach + 1, 1) * window).transpose(0, 1).flatten(1)
    patterns = F.normalize(patterns, dim=-1, eps=1e-6)
    found = []
    for own in asked.split(_ROWS):
        alike = patterns[own] @ patterns.T
        alike.masked_fill_((own[:, None] - torch.arange(len(patterns))).abs() <= apart, 0.0)  # itself
        largest = F.max_pool1d(alike, 2 * apart + 1, 1, apart)
        alike.masked_fill_((alike < largest) | (alike < _ALIKE) | (alike > _COPY), 0.0)
        found.append(alike.topk(min(_MOST, len(patterns)), -1))
    alike, place = (torch.cat(parts) for parts in zip(*found, strict=True))
    return alike, place
