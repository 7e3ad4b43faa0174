"""Tempo and bars of hits."""

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ddsp_drums._validate import require_positive

__all__ = ["TempoMap"]

_SIXTEENTHS = 4  # of a beat
_MINUTE_US = 60_000_000
_BYTE = 255  # what MIDI has room for in a time signature
_EXACT_S = 1e-3  # how far from its place a bar may begin


@dataclass(frozen=True)
class TempoMap:
    """When each beat is: tempos that hold from a beat on, and where bars begin. Beats are counted from time zero.

    Args:
        beats: Where tempos begin, rising, the first of them 0.
        tempos_us: The microseconds a beat lasts from there on, whole as MIDI has them, 1 to 16,777,215.
        pickup: Sixteenths before the first whole bar, 0 to 255.
        beats_per_bar: Beats in every bar after that.

    Raises:
        ValueError: If the beats are not as said, or a number is out of its range.

    Source:
        Standard MIDI Files 1.0 (RP-001), MIDI Manufacturers Association, 1996, for what a map can hold.

    Example:
        >>> tempo = TempoMap.constant(120)
        >>> tempo.beat(2.0), tempo.time_s(3.0), tempo.bpm
        (4.0, 1.5, 120.0)
    """

    beats: tuple[float, ...]
    tempos_us: tuple[int, ...]
    pickup: int = 0
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in itertools.pairwise(self.beats))
        if not self.beats or self.beats[0] != 0 or not rising or len(self.tempos_us) != len(self.beats):
            raise ValueError(f"beats must rise from 0, with a tempo each, got {self.beats} and {self.tempos_us}")
        if not all(0 < tempo < 1 << 24 for tempo in self.tempos_us):
            raise ValueError(f"tempos_us must be 1 to 16,777,215 (3.6 beats a minute and more), got {self.tempos_us}")
        if not 0 <= self.pickup <= _BYTE or not 1 <= self.beats_per_bar <= _BYTE:
            raise ValueError(f"pickup must be 0 to {_BYTE} and beats_per_bar 1 to {_BYTE}, got {self}")
        starts = [0.0]
        for (first, last), tempo in zip(itertools.pairwise(self.beats), self.tempos_us, strict=False):
            starts.append(starts[-1] + (last - first) * tempo / 1e6)
        object.__setattr__(self, "_starts_s", starts)

    @classmethod
    def constant(cls, bpm: float = 120.0) -> "TempoMap":
        """One tempo from time zero on, in beats a minute."""
        require_positive("bpm", bpm)
        return cls((0.0,), (_tempo_us(60 / bpm),))

    @classmethod
    def through(cls, bars_s: Sequence[float], *, beats_per_bar: int = 4) -> "TempoMap":
        """Lay bars through given times, within a millisecond, with as few tempos as that takes.

        What comes before the first bar is a pick-up of whole sixteenths, as near to the tempo of the bar as they can
        be; a first bar within half a sixteenth of time zero begins there.

        Args:
            bars_s: Where bars begin, in seconds, rising, zero or more, at least two.
            beats_per_bar: Beats in a bar.

        Returns:
            The map. After the last bar the tempo stays.

        Raises:
            ValueError: If there are fewer than two bars, or they do not rise from zero or later.

        Example:
            >>> tempo = TempoMap.through([0.25, 2.25, 4.25])
            >>> tempo.pickup, tempo.time_s(0.5), tempo.beat(2.25), tempo.bpm
            (2, 0.25, 4.5, 120.0)
        """
        if len(bars_s) < 2 or bars_s[0] < 0 or not all(a < b for a, b in itertools.pairwise(bars_s)):
            raise ValueError(f"bars_s must be at least two times, rising, zero or more, got {list(bars_s)}")
        beat_s = (bars_s[1] - bars_s[0]) / beats_per_bar
        pickup = round(bars_s[0] / beat_s * _SIXTEENTHS)
        beats, tempos_us, now_s = [], [], 0.0
        if pickup:
            beats.append(0.0)
            tempos_us.append(_tempo_us(bars_s[0] / pickup * _SIXTEENTHS))
            now_s = pickup / _SIXTEENTHS * tempos_us[0] / 1e6
        bar = 0
        while bar < len(bars_s) - 1:
            tempo, length = _longest(bars_s, bar, now_s, beats_per_bar)
            beats.append(pickup / _SIXTEENTHS + bar * beats_per_bar)
            tempos_us.append(tempo)
            bar += length
            now_s += length * beats_per_bar * tempo / 1e6
        return cls(tuple(beats), tuple(tempos_us), pickup, beats_per_bar)

    @property
    def bpm(self) -> float:
        """The median of what its beats are played at, up to the bar after the last change, in beats a minute."""
        lasts = [b - a for a, b in itertools.pairwise((*self.beats, self.beats[-1] + self.beats_per_bar))]
        held = sorted(zip(self.tempos_us, lasts, strict=True))
        half = sum(lasts) / 2
        reached = itertools.accumulate(last for _, last in held)
        median = next(tempo for (tempo, _), beats in zip(held, reached, strict=True) if beats >= half)
        return round(_MINUTE_US / median, 2)

    def beat(self, onset_s: float) -> float:
        """Tell the beat at a time, in seconds, zero or more."""
        starts: list[float] = self._starts_s  # type: ignore[attr-defined]
        which = bisect.bisect_right(starts, onset_s) - 1
        return self.beats[which] + (onset_s - starts[which]) * 1e6 / self.tempos_us[which]

    def time_s(self, beat: float) -> float:
        """Tell the time of a beat, in seconds."""
        starts: list[float] = self._starts_s  # type: ignore[attr-defined]
        which = bisect.bisect_right(self.beats, beat) - 1
        return starts[which] + (beat - self.beats[which]) * self.tempos_us[which] / 1e6


def _longest(bars_s: Sequence[float], bar: int, now_s: float, beats_per_bar: int) -> tuple[int, int]:
    """Find the tempo that, from a bar that begins now, keeps to the ends of most bars, and how many."""
    low, high = 0.0, math.inf
    count = 0
    for count in range(1, len(bars_s) - bar):
        beats, lasts_s = count * beats_per_bar, bars_s[bar + count] - now_s
        slower, faster = max(low, (lasts_s - _EXACT_S) / beats), min(high, (lasts_s + _EXACT_S) / beats)
        if slower > faster:
            return _tempo_us((low + high) / 2), count - 1
        low, high = slower, faster
    return _tempo_us((low + high) / 2), count


def _tempo_us(beat_s: float) -> int:
    return max(1, round(beat_s * 1e6))
