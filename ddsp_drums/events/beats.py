"""Find the beats and bars that hits are played to."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ddsp_drums.events.note import Event, Hit, in_order
from ddsp_drums.events.tempo import TempoMap

__all__ = ["estimate_tempo"]

Array = NDArray[np.float64]
Envelope = NDArray[np.float32]  # hours have many frames

_RATE_HZ = 100  # of the onset envelope
_WIDTH_S = 0.015  # how far hits of one beat lie apart
_LONG_S = 60 / 45  # of a beat
_SHORT_S = 60 / 220
_USUAL_BPM, _OCTAVES = 110.0, 0.9  # prior of tempo
_COMBS = {4: {1: 0.3, 2: 0.5, 4: 1.0}, 3: {1: 0.3, 3: 1.0}}  # weights of the beats after which a bar repeats
_WINDOW_S = 16.0  # in which a tempo holds
_TIGHTNESS = 300.0
_FEWEST = 8  # hits that have a tempo
_STEADY_S = 0.05  # bars within it of a steady tempo have that tempo
_SLIGHTLY_S = 0.005  # bars that begin so much before time zero are all moved there
_STEPS = 4  # of a beat
_FEW = 6  # hits from which a place is told
# How much more (in e-folds) each sixteenth of a bar of four is played than the mean, in 400 performances of Groove.
_ACCENTS = {
    "KD": (1.3, -1.4, -0.2, 0.0, 0.1, -0.9, -0.1, -0.4, 0.7, -0.7, 0.1, -0.3, 0.2, -0.9, -0.2, -0.7),
    "SD": (-0.5, -0.7, -0.4, -0.4, 1.0, -0.5, -0.2, -0.1, -0.2, -0.1, -0.2, -0.2, 1.0, -0.3, 0.0, -0.2),
    "CR": (1.1, -0.2, -0.1, -0.3, 0.1, -0.3, 0.0, -0.3, 0.1, -0.3, -0.2, -0.3, 0.0, -0.3, -0.1, -0.1),
    "": (0.3, -0.5, 0.1, -0.3, 0.3, -0.4, 0.1, -0.3, 0.2, -0.3, 0.1, -0.4, 0.3, -0.5, 0.1, -0.4),  # hats and rides
}
_WITHOUT_SECOND = (*range(4), *range(8, 16))  # a bar of three has the accents of one, three and four
_TIMEKEEPERS = frozenset({"CHH", "OHH", "PHH", "RD"})


def estimate_tempo(hits: Iterable[Hit | Event], *, bpm: float | None = None, beats_per_bar: int = 4) -> TempoMap | None:
    r"""Find the tempo of hits, and where their bars begin.

    The period is where the onsets' autocorrelation, summed over a beat, two and a bar, and weighted by a prior around
    110 beats a minute, is largest. Beats are the path

    $$\max_{b_1 < b_2 < \dots} \sum_i o(b_i) - \lambda \sum_i \log^2 \frac{b_i - b_{i-1}}{\tau}$$

    through the onset envelope $o$ near that period $\tau$. Of the ways to lay a bar's sixteenths on them, the one is
    taken in which kicks, snares, crashes, hats and rides stand where drummers play them. Bars within 50 ms of a steady
    tempo have that tempo, as what was played to a click has; else each has its own.

    Args:
        hits: What was played, at least eight hits in at least four beats.
        bpm: About how fast, in beats a minute, within a tenth: 72 rather than 144. By default by the prior.
        beats_per_bar: 4, or 3 for what is in 3/4; it is not estimated.

    Returns:
        The tempo map, or None if there are too few hits to tell.

    Raises:
        ValueError: If `bpm` is not in 30 to 300, or `beats_per_bar` is neither 4 nor 3.

    Source:
        Ellis, "Beat Tracking by Dynamic Programming", Journal of New Music Research 36(1), 2007. The places in a bar
        are counted in the data of Gillick et al., "Learning to Groove with Inverse Sequence Transformations", ICML
        2019 (CC BY 4.0).

    Example:
        >>> groove = [Hit(0.25 * n, ("KD", "CHH", "SD", "CHH")[n % 4], 100) for n in range(32)]
        >>> estimate_tempo(groove).bpm
        120.0
    """
    if bpm is not None and not 30 <= bpm <= 300:
        raise ValueError(f"bpm must be in 30 to 300, got {bpm}")
    if beats_per_bar not in _COMBS:
        raise ValueError(f"beats_per_bar must be 4 or 3, got {beats_per_bar}")
    ordered = in_order(hits)
    if len(ordered) < _FEWEST or ordered[-1].onset_s - ordered[0].onset_s < 4 * _SHORT_S:
        return None
    onsets_s = np.fromiter((hit.onset_s for hit in ordered), np.float64)
    envelope = _envelope(ordered, onsets_s)
    beats_s = _path(envelope, _period_s(envelope, bpm, _COMBS[beats_per_bar]) * _RATE_HZ) / _RATE_HZ
    if len(beats_s) < 4:
        return None
    steps = _STEPS * np.interp(onsets_s, *_extended(beats_s, onsets_s))
    bar = _STEPS * beats_per_bar
    first = _first_step(ordered, steps, bar)
    step_s = float(np.median(np.diff(beats_s))) / _STEPS
    bars_s = _bars(onsets_s, steps - first, step_s, bar)
    return TempoMap.through(bars_s, beats_per_bar=beats_per_bar) if len(bars_s) > 1 else None


def _envelope(hits: Sequence[Hit | Event], onsets_s: Array) -> Envelope:
    weights = np.fromiter((hit.velocity * (1 if hit.instrument in ("KD", "SD") else 0.6) for hit in hits), np.float32)
    frames = (onsets_s * _RATE_HZ).round().astype(int)
    reach = round(4 * _WIDTH_S * _RATE_HZ)
    shape = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_WIDTH_S * _RATE_HZ)) ** 2)
    struck = np.zeros(frames[-1] + 1 + 2 * reach, np.float32)
    np.add.at(struck, frames + reach, weights / 127)
    return np.convolve(struck, shape.astype(np.float32), "valid")


def _period_s(envelope: Envelope, bpm: float | None, comb: dict[int, float]) -> float:
    length = min(len(envelope), round(_WINDOW_S * _RATE_HZ))
    starts = range(0, len(envelope) - length // 2, max(1, length // 2))
    power: Array | float = 0.0
    for start in starts:  # one by one, as hours of them at once take 100 MB
        window = np.pad(envelope[start : start + length], (0, max(0, start + length - len(envelope))))
        power = power + np.abs(np.fft.rfft(window - window.mean(), 1 << (2 * length - 1).bit_length())) ** 2
    similar = np.fft.irfft(power)[:length]
    similar /= np.maximum(length - np.arange(length), length / 4)
    shortest_s, longest_s = (60 / bpm / 1.1, 60 / bpm * 1.1) if bpm else (_SHORT_S, _LONG_S)
    periods_s = np.arange(shortest_s, longest_s, 0.0025)
    lags_s = np.arange(length) / _RATE_HZ
    combed = sum(weight * np.interp(periods_s * m, lags_s, similar, right=0.0) for m, weight in comb.items())
    prior = np.exp(-0.5 * (np.log2(60 / periods_s / (bpm or _USUAL_BPM)) / _OCTAVES) ** 2)
    return float(periods_s[np.argmax(combed * prior)])


def _path(envelope: Envelope, period: float) -> Array:
    """Find the frames of the beats (P,)."""
    nearest, farthest = round(period / 2), round(period * 2)
    penalty = -_TIGHTNESS * np.log(np.arange(farthest, nearest - 1, -1) / period) ** 2
    scale = np.float64(max(float(envelope.std()), 1e-9))
    lag = np.zeros(len(envelope), np.int16)  # frames since the beat before, 0 where there is none
    recent = np.full(farthest, -np.inf)  # the scores of the last frames, as hours have many
    for first in range(0, len(envelope), nearest):  # a span whose frames do not follow one another
        score = envelope[first : first + nearest] / scale
        reachable = np.lib.stride_tricks.sliding_window_view(np.append(recent, score), len(penalty))
        reached = reachable[: len(score)] + penalty  # of each frame, those it may follow
        best = reached.argmax(1)
        gained = reached[np.arange(len(best)), best]
        follows = gained > 0
        score[follows] += gained[follows]
        lag[first : first + nearest][follows] = farthest - best[follows]
        recent = np.append(recent, score)[-farthest:]
    path = [len(envelope) - farthest + int(recent.argmax())]
    while lag[path[-1]]:
        path.append(path[-1] - int(lag[path[-1]]))
    return np.array(path[::-1], dtype=np.float64)


def _extended(beats_s: Array, onsets_s: Array) -> tuple[Array, Array]:
    """Go on with beats before the first and after the last, as far as there are onsets; times and numbers."""
    head, tail = beats_s[1] - beats_s[0], beats_s[-1] - beats_s[-2]
    before = int(max(0, np.ceil((beats_s[0] - onsets_s[0]) / head)))
    after = int(max(0, np.ceil((onsets_s[-1] - beats_s[-1]) / tail)))
    times = [beats_s[0] - head * np.arange(before, 0, -1), beats_s, beats_s[-1] + tail * np.arange(1, after + 1)]
    return np.concatenate(times), np.arange(-before, len(beats_s) + after, dtype=np.float64)


def _first_step(hits: Sequence[Hit | Event], steps: Array, bar: int) -> int:
    """Tell which of the first steps begins a bar of so many."""
    places = _WITHOUT_SECOND if bar < len(_ACCENTS[""]) else range(bar)
    accents = {name: np.array(each)[list(places)] for name, each in _ACCENTS.items()}
    played: dict[str, Array] = {name: np.zeros(bar) for name in accents}
    for hit, step in zip(hits, steps.round().astype(int), strict=True):
        name = "" if hit.instrument in _TIMEKEEPERS else hit.instrument
        if name in played:
            played[name][step % bar] += hit.velocity
    scores = [sum(float(np.roll(accents[name], first) @ played[name]) for name in accents) for first in range(bar)]
    return int(np.argmax(scores))


def _bars(onsets_s: Array, steps: Array, step_s: float, bar: int) -> list[float]:
    """Fit the times at which bars of so many steps begin, from the first at zero or later, to hits at steps of them."""
    grid = steps.round()
    near = np.abs(steps - grid) * step_s < 2 * _WIDTH_S
    if not near.any() or np.ptp(grid[near]) < bar:
        near = np.ones_like(near)
    first, last = grid[0], grid[-1]
    grid, onsets_s = grid[near], onsets_s[near]
    slope, start_s = _line(grid, onsets_s)
    played = np.arange(np.floor(first / bar), np.ceil(last / bar) + 1) * bar
    bars_s = start_s + slope * played
    local = np.array([_local(number, grid, onsets_s, 2 * bar) for number in played])
    if np.abs(local - bars_s)[1:-1].max(initial=0.0) > _STEADY_S and np.diff(local).min() > bar * step_s / 2:
        bars_s = local
    silent = np.arange(bars_s[0], -bar * step_s, -bar * slope)[:0:-1]  # bars before the first hit
    kept = [float(each) for each in (*silent, *bars_s) if each > -step_s / 2]
    late_s = -kept[0] if -_SLIGHTLY_S < kept[0] < 0 else 0.0  # else the first bar alone would be shorter
    return [max(each + late_s, 0.0) for each in kept]


def _local(number: float, grid: Array, onsets_s: Array, reach: int) -> float:
    """Tell the time of a step by the hits within so many steps around it, or the next six."""
    first, last = np.searchsorted(grid, [number - reach, number + reach + 1])
    here = slice(max(0, first - _FEW), last + _FEW)
    close = np.argsort(np.abs(grid[here] - number))[: max(_FEW, last - first)]
    slope, start_s = _line(grid[here][close], onsets_s[here][close])
    return start_s + slope * number


def _line(grid: Array, onsets_s: Array) -> tuple[float, float]:
    """Fit onsets as slope times grid plus start, by least squares."""
    centred = grid - grid.mean()
    slope = float(centred @ onsets_s) / max(float(centred @ centred), 1e-9)
    return slope, float(onsets_s.mean()) - slope * float(grid.mean())
