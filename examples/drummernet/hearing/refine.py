"""Hear a recording again, with the sounds that it is made of."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import nmfd
from ddsp_drums.events import pick_peaks

__all__ = ["Refined", "Sounds", "explain", "learn_sounds", "refine", "rise"]

_WEIGHTS = 0.78, 0.42  # of the network and of the sounds: 13 to 7, at a level where the network's threshold fits
_LARGER = 0.25  # how much the larger of both measures of strength counts, beside the smaller
_STRICTNESS = 1.35  # a threshold of .3 asks for .4 of the height of the recording's sure hits, if that is more
_ITERATIONS = 10
_OWN = 8  # power of a sound's share of a band: a band that it has half of counts one part in 256
_TRUSTED = 0.75  # of how loud the network heard a drum beside the others: a mix tells as much of that as a drummer
_MASKED = 0.25  # where others raise a sound's own bands as far as it does itself, its level counts 1 / 1.25
_FAINT = 1e-12
_LEAST = 3  # sure hits from which a sound can be learned
_NEAR, _AUDIBLE = 3, 0.3  # frames around a hit, and probability in them from which another class sounds with it
_ALONE = 0.75  # how far, in decibels, a usual hit is from the median of sure ones to that of those which sound alone


class Refined(NamedTuple):
    """What a recording's own sounds tell of it.

    Attributes:
        probabilities: Of K classes in N frames, (K, N) in [0, 1].
        velocities: How hard, (K, N) in [0, 1].
    """

    probabilities: Tensor
    velocities: Tensor


class Sounds(NamedTuple):
    """What some of K classes sound like in a recording.

    Attributes:
        rows: Which of the K classes, (R,); the others have too few sure hits.
        templates: Their sounds, (R, F, P).
        amplitude: How strong a usual hit is, (R, 1).
        own: How much each band is the sound's own, (R, F) in [0, 1].
        rise: How far its own bands rise at a usual hit, (R, 1).
        masked: How far they rise at a usual hit of each other sound, in parts of how far at one of its own, (R, R).
        loudness: How far its own bands rise at a sure hit, in the median, (R, 1).
        velocity: That of a sure hit, in the median, (R, 1).
        height: How far it rises above the mean around it once it is heard again, in the median, (R, 1).
    """

    rows: Tensor
    templates: Tensor
    amplitude: Tensor
    own: Tensor
    rise: Tensor
    masked: Tensor
    loudness: Tensor
    velocity: Tensor
    height: Tensor


def refine(
    probabilities: Tensor,
    velocities: Tensor,
    magnitudes: Tensor,
    *,
    frame_rate_hz: float,
    confident: float = 0.5,
    duration_s: float = 0.128,
) -> Refined:
    r"""Learn the sound of each class from its sure hits in this recording, and explain all of it by these.

    $$p'_k = \frac{\min(1, \; 0.78 \, p_k + 0.42 \, s_k)}{\max(1, 1.35 \, h_k)}, \quad
      s_k = \tfrac{3}{4} \min(1, a_k, b_k) + \tfrac{1}{4} \min(1, \max(a_k, b_k)), \quad
      v'_k = \min\Big(1, \Big(1 + \frac{\sqrt{d_k} - 1}{1 + c_k / 4}\Big)
      \Big(\frac{3}{4} \operatorname{median}_{n \text{ sure}} v_{k,n} + \frac{1}{8}\Big)\Big)$$

    $$a_k = \frac{H_k}{\operatorname{usual}_n H_{k,n}}, \quad
      b_k = \frac{L_k}{\operatorname{usual}_n L_{k,n}}, \quad
      d_k = \frac{L_k}{\operatorname{median}_{n \text{ sure}} L_{k,n}}, \quad
      L_{k,n} = \sum_f o_{k,f} (M_{f,n} - V_{f,n-3})_+, \quad
      o_{k,f} = \Big(\frac{S_{k,f}}{\sum_j S_{j,f}}\Big)^8, \quad
      c_k = \sum_{j \ne k} \frac{\sum_f o_{k,f} S_{j,f}}{\sum_f o_{k,f} S_{k,f}} \, a_j$$

    where $H$ are the activations of factor deconvolution with the sounds learned (`ddsp_drums.nmfd`), the largest of
    three frames, and $L$ is how far the bands rise which hardly another sound has: $S_{k,f}$ is the height of sound k
    in a band of the spectrogram $V$ at a usual hit, $M$ the largest of four frames of $V$. Usual is three quarters of
    the way, in decibels, from the median of the sure hits to that of those which sound alone, if there are three such:
    what plays with the others, as a clipped snare with a hi-hat, can raise the same bands further. The more these bands
    are raised by others, $c$, the less a hit's level says of how hard it was, and the nearer it is taken to be to the
    median. The sounds are learned together, so that what always plays with something else is not learned as part of it;
    where a drum is never heard alone, as a kick under hats, its sound holds the other's all the same, and $H$ misses
    that, but $L$ does not: so both count. The root is the usual law from velocity to amplitude, and the median comes a
    quarter nearer to the middle, because how drums compare is also how they are mixed. $h_k$ is how high sure hits
    rise: what is low beside these is doubted, as nearly all hits of one drum in one recording are heard alike.

    Args:
        probabilities: What a network heard, (K, N) in [0, 1].
        velocities: How hard it heard each, (K, N) in [0, 1]: the sounds tell only how hits compare.
        magnitudes: Spectrogram of the recording with the same frames, (F, N).
        frame_rate_hz: Frames a second.
        confident: Height above the mean around it from which a peak is a sure hit.
        duration_s: Length of a sound in seconds.

    Returns:
        Both anew. A class with fewer than three sure hits keeps its own.

    Raises:
        ValueError: If the shapes do not fit.

    Source:
        Dittmar and Mueller, "Reverse Engineering the Amen Break", IEEE/ACM TASLP 2016, with a network's detections for
        the score. Dannenberg, "The Interpretation of MIDI Velocity", ICMC 2006, for the root.

    Example:
        >>> [each.shape for each in refine(torch.rand(3, 50), torch.rand(3, 50), torch.rand(65, 50), frame_rate_hz=125)]
        [torch.Size([3, 50]), torch.Size([3, 50])]
    """
    if probabilities.dim() != 2 or magnitudes.dim() != 2 or probabilities.shape[1] != magnitudes.shape[1]:
        shapes = f"{tuple(probabilities.shape)} and {tuple(magnitudes.shape)}"
        raise ValueError(f"probabilities (K, N) and magnitudes (F, N) must have the same N, got {shapes}")
    if velocities.shape != probabilities.shape:
        shapes = f"{tuple(velocities.shape)} and {tuple(probabilities.shape)}"
        raise ValueError(f"velocities and probabilities must both be (K, N), got {shapes}")
    options = {"frame_rate_hz": frame_rate_hz, "confident": confident, "duration_s": duration_s}
    return explain(
        probabilities, velocities, magnitudes, learn_sounds(probabilities, velocities, magnitudes, **options)
    )


def learn_sounds(
    probabilities: Tensor,
    velocities: Tensor,
    magnitudes: Tensor,
    *,
    frame_rate_hz: float,
    confident: float = 0.5,
    duration_s: float = 0.128,
) -> Sounds:
    """Learn the sound of each class from its sure hits, the first half of :func:`refine`, which has the arguments.

    Example:
        >>> learn_sounds(torch.zeros(3, 50), torch.zeros(3, 50), torch.rand(65, 50), frame_rate_hz=125).templates.shape
        torch.Size([0, 65, 16])
    """
    sure = torch.stack([_sure(row, frame_rate_hz, confident) for row in probabilities])  # (K, N)
    rows = (sure.sum(-1) >= _LEAST).nonzero()[:, 0]
    n_frames = max(1, round(duration_s * frame_rate_hz))
    if not rows.numel():
        none, bands = magnitudes.new_zeros(0, 1), magnitudes.new_zeros(0, len(magnitudes))
        sounds = bands[..., None].repeat(1, 1, n_frames)
        return Sounds(rows, sounds, none, bands, none, magnitudes.new_zeros(0, 0), none, none, none)
    sure = sure[rows]
    begin = _mean_sounds(magnitudes, sure, n_frames)
    _, templates = nmfd(magnitudes, begin, n_iterations=_ITERATIONS, adaptation=0.0, start=sure.to(magnitudes))
    amplitudes = _amplitudes(magnitudes, templates)
    alone = _alone(probabilities[rows], sure)
    amplitude = _usual(amplitudes, sure, alone)
    usual = amplitude * templates.amax(-1)
    own = (usual / usual.sum(0).clamp(min=_FAINT)) ** _OWN
    masked = own @ usual.T
    masked = (masked / masked.diagonal()[:, None].clamp(min=_FAINT)).fill_diagonal_(0)
    rises = own @ rise(magnitudes)
    usual_rise = _usual(rises, sure, alone)
    again = _weigh(probabilities[rows], amplitudes / amplitude, rises / usual_rise)
    heights = [_rises(row, frame_rate_hz, confident)[1] for row in again]
    height = torch.stack([each.median() if each.numel() >= _LEAST else each.new_zeros(()) for each in heights])
    loudness = _median(rises, sure).clamp(min=_FAINT)
    velocity = 0.5 + _TRUSTED * (_median(velocities[rows], sure) - 0.5)
    return Sounds(rows, templates, amplitude, own, usual_rise, masked, loudness, velocity, height[:, None])


def explain(probabilities: Tensor, velocities: Tensor, magnitudes: Tensor, sounds: Sounds) -> Refined:
    """Explain some frames by sounds that are known: the second half of :func:`refine`, which documents the arguments.

    What lies further than ten times the length of a sound from a frame does not change it.

    Example:
        >>> heard = torch.rand(3, 50), torch.rand(3, 50), torch.rand(65, 50)
        >>> explain(*heard, learn_sounds(*heard, frame_rate_hz=125)).probabilities.shape
        torch.Size([3, 50])
    """
    rows = sounds.rows
    if not rows.numel():
        return Refined(probabilities, velocities)
    amplitudes = _amplitudes(magnitudes, sounds.templates) / sounds.amplitude
    rises = sounds.own @ rise(magnitudes)
    refined = Refined(probabilities.clone(), velocities.clone())
    strictness = (_STRICTNESS * sounds.height).clamp(min=1)
    refined.probabilities[rows] = _weigh(probabilities[rows], amplitudes, rises / sounds.rise) / strictness
    trusted = 1 / (1 + _MASKED * sounds.masked @ amplitudes)
    refined.velocities[rows] = ((1 + trusted * ((rises / sounds.loudness).sqrt() - 1)) * sounds.velocity).clamp(max=1)
    return refined


def _weigh(probabilities: Tensor, amplitudes: Tensor, rises: Tensor) -> Tensor:
    """Average what the network heard and how strong each sound is by both measures, (K, N)."""
    own, its = _WEIGHTS
    smaller, larger = torch.minimum(amplitudes, rises), torch.maximum(amplitudes, rises)
    strengths = (1 - _LARGER) * smaller.clamp(max=1) + _LARGER * larger.clamp(max=1)
    return (own * probabilities + its * strengths).clamp(max=1)


def _amplitudes(magnitudes: Tensor, templates: Tensor) -> Tensor:
    """How strong each sound is, the strongest of three frames, (K, N)."""
    heard, _ = nmfd(magnitudes, templates, n_iterations=_ITERATIONS, adaptation=None)
    return F.max_pool1d(heard, 3, 1, 1)


def rise(magnitudes: Tensor) -> Tensor:
    """How far each band rises within a few frames, (F, N)."""
    highest = F.max_pool1d(F.pad(magnitudes, (1, 2)), 4, 1)
    before = F.pad(magnitudes[:, :-3], (min(3, magnitudes.shape[-1]), 0))
    return (highest - before).clamp(min=0)


def _median(values: Tensor, sure: Tensor) -> Tensor:
    """Median of each row at its sure hits, (K, 1)."""
    return torch.stack([row[where].median() for row, where in zip(values, sure, strict=True)])[:, None]


def _usual(values: Tensor, sure: Tensor, alone: Tensor) -> Tensor:
    """Weigh the medians of each row at all sure hits and at those that sound alone, in decibels, (K, 1)."""
    of_all, of_alone = (_median(values, hits).clamp(min=_FAINT) for hits in (sure, alone))
    return of_all ** (1 - _ALONE) * of_alone**_ALONE


def _alone(probabilities: Tensor, sure: Tensor) -> Tensor:
    """Keep of each class's sure hits (K, N) those near which no other class is heard, if there are enough of them."""
    audible = F.max_pool1d(probabilities, 2 * _NEAR + 1, 1, _NEAR) > _AUDIBLE
    alone = sure & (audible.sum(0) <= audible.long())
    return torch.where(alone.sum(-1, keepdim=True) >= _LEAST, alone, sure)


def _sure(probability: Tensor, frame_rate_hz: float, confident: float) -> Tensor:
    """Tell which frames (N,) are those of sure hits."""
    times, _ = _rises(probability, frame_rate_hz, confident)
    frames = (times * frame_rate_hz).round().long().clamp(max=probability.numel() - 1)
    sure = torch.zeros_like(probability, dtype=torch.bool)
    sure[frames] = True
    return sure


def _rises(probability: Tensor, frame_rate_hz: float, confident: float) -> tuple[Tensor, Tensor]:
    """Return times in seconds and heights of the peaks (N,) that rise so far above the mean around them."""
    return pick_peaks(probability, frame_rate_hz=frame_rate_hz, threshold=confident, mean_window_s=0.2)


def _mean_sounds(magnitudes: Tensor, begins: Tensor, n_frames: int) -> Tensor:
    """Average what follows the frames where each of K sounds begins, (K, F, P)."""
    ahead = F.pad(magnitudes, (0, n_frames - 1)).unfold(-1, n_frames, 1)  # (F, N, P)
    return torch.stack([ahead[:, row].mean(1) for row in begins])
