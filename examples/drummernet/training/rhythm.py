"""Performances: read from MIDI files or made at random, and varied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ddsp_drums.events import Hit

__all__ = ["METERS", "Meter", "Style", "play_style", "random_performance", "random_style", "vary"]

_TIMING_S = 0.006  # how far from the grid a person plays, standard deviation
_FILL = ("SD", "HT", "MT", "FT")
_GRACE_S = (0.015, 0.035)  # from a grace note to what it leads to
_HAT_LEVELS = {"CHH": 70, "OHH": 80, "PHH": 60}


class Meter(NamedTuple):
    """A bar: its beats, the steps of a beat, and the beats that the snare marks, counted from 0."""

    beats: int
    division: int
    backbeats: tuple[int, ...]


METERS = {
    "4/4": Meter(4, 4, (1, 3)),
    "12/8": Meter(4, 3, (1, 3)),
    "half time": Meter(4, 4, (2,)),
    "3/4": Meter(3, 4, (1, 2)),
    "6/8": Meter(2, 6, (1,)),
    "5/4": Meter(5, 4, (1, 3)),
    "7/8": Meter(7, 2, (2, 6)),
}
_METER_SHARES = (0.5, 0.15, 0.07, 0.09, 0.09, 0.05, 0.05)


@dataclass(frozen=True)
class Style:
    """How a beat is made up. Chances are from 0 to 1.

    Attributes:
        meter: The bar.
        tempo_bpm: Beats a minute.
        swing: How much later every second step comes, as a share of a step: 1/3 makes sixteenths triplets.
        timing_s: Standard deviation of an onset from the grid; the instruments' averages differ by half of it.
        keeper: Who keeps time.
        every: Steps from one stroke of the keeper to the next.
        snare: Who marks the backbeats: a snare or a side stick.
        kicks: Chance of a kick at a step that is no beat.
        ghosts: Chance of a soft snare at a step that is no beat.
        opens: Chance that a stroke off the beat is an open hi-hat; a closed or a pedal one ends it.
        pedals: Chance of the hi-hat's pedal at a beat.
        graces: Chance that a backbeat is a flam or a drag.
        fills: Chance that a bar ends with a fill.
    """

    meter: Meter = METERS["4/4"]
    tempo_bpm: float = 100.0
    swing: float = 0.0
    timing_s: float = _TIMING_S
    keeper: str = "CHH"
    every: int = 2
    snare: str = "SD"
    kicks: float = 0.1
    ghosts: float = 0.1
    opens: float = 0.05
    pedals: float = 0.0
    graces: float = 0.05
    fills: float = 0.3


def random_style(rng: np.random.Generator) -> Style:
    """Draw a style: mostly four beats, hi-hat and snare.

    Args:
        rng: Source of every choice.

    Returns:
        The style.
    """
    meter = list(METERS.values())[int(rng.choice(len(METERS), p=_METER_SHARES))]
    return Style(
        meter=meter,
        tempo_bpm=rng.uniform(65, 180) * (2 if meter.division == 2 else 1),
        swing=rng.uniform(0, 0.4) if meter.division == 4 and rng.random() < 0.25 else 0.0,
        timing_s=rng.uniform(0.3, 1.7) * _TIMING_S,
        keeper=str(rng.choice(["CHH", "CHH", "CHH", "RD", "OHH", "TMB", "CR"])),
        every=int(rng.choice([1, 2, 2, meter.division])),
        snare="SST" if rng.random() < 0.15 else "SD",
        kicks=rng.uniform(0.02, 0.2),
        ghosts=float(rng.choice([0, 0.08, 0.2])),
        opens=float(rng.choice([0, 0.06])),
        pedals=float(rng.choice([0, 0, 0.8])),
        graces=float(rng.choice([0, 0.05, 0.2])),
        fills=rng.uniform(0.1, 0.7),
    )


def play_style(style: Style, rng: np.random.Generator, *, duration_s: float) -> list[Hit]:
    """Make up a beat: a timekeeper, kicks, snares with ghost notes, flams and drags, crashes and fills.

    Args:
        style: How.
        rng: Source of every choice.
        duration_s: Seconds to fill.

    Returns:
        Hits in order of time, with human timing and accents. No two hats are struck at one step.
    """
    beats, division, _ = style.meter
    steps = beats * division
    step_s = 60 / style.tempo_bpm / division
    pattern = _pattern(style, rng)
    apart_s: dict[str, float] = {}
    hits = []
    after_fill = True
    for bar in range(int(duration_s / (steps * step_s)) + 1):
        fill = int(rng.choice([steps // 4, steps // 2])) if rng.random() < style.fills else 0
        played = [hit for hit in pattern if hit[0] < steps - fill and rng.random() < 0.97]
        played += _fill(steps - fill, steps, rng)
        if rng.random() < (0.6 if after_fill else 0.1):
            played.append((0, "CR", 110))
        after_fill = fill > 0
        for step, name, level in played:
            late_s = step_s * style.swing if step % 2 else 0.0
            late_s += apart_s.setdefault(name, rng.normal(0, style.timing_s / 2)) + rng.normal(0, style.timing_s)
            onset_s = (bar * steps + step) * step_s + late_s
            accent = 8 if step % division == 0 else -4
            velocity = int(np.clip(level + accent + rng.normal(0, 8), 5, 127))
            hits.append(Hit(onset_s, name, velocity))
            if name == "SD" and level > 100 and rng.random() < style.graces:
                hits += _graces(hits[-1], rng)
    return sorted(hit for hit in hits if 0 <= hit.onset_s < duration_s)


def random_performance(rng: np.random.Generator, *, duration_s: float) -> list[Hit]:
    """Make up a beat in a style drawn at random, see :func:`play_style`."""
    return play_style(random_style(rng), rng, duration_s=duration_s)


def _pattern(style: Style, rng: np.random.Generator) -> list[tuple[int, str, int]]:
    """Draw a bar that is repeated: step, instrument, velocity."""
    beats, division, backbeats = style.meter
    step = np.arange(beats * division)
    on_beat = step % division == 0
    backbeat = on_beat & np.isin(step // division, backbeats)
    pulse = step % style.every == 0

    def some(chance: float) -> np.ndarray:
        return rng.random(step.size) < chance

    opened = ~on_beat & pulse & some(style.opens)
    hat = np.full(step.size, "", dtype=object)  # one stroke a step at most
    hat[on_beat & some(style.pedals)] = "PHH"
    if style.keeper in _HAT_LEVELS:
        hat[pulse & some(0.95)] = style.keeper
    hat[np.roll(opened, style.every)] = "CHH" if style.keeper in _HAT_LEVELS else "PHH"
    hat[opened] = "OHH"
    other_keeper = pulse & some(0.95) & (style.keeper not in _HAT_LEVELS)
    struck = [
        *((hat == name, name, level) for name, level in _HAT_LEVELS.items()),
        (other_keeper, style.keeper, 70),
        ((on_beat & some(0.45)) | (~on_beat & some(style.kicks)), "KD", 100),
        (backbeat & some(0.95), style.snare, 105),
        (~on_beat & some(style.ghosts), "SD", 40),
        (pulse & (rng.random() < 0.1) & (style.keeper != "TMB"), "TMB", 70),
    ]
    return [(where, name, level) for steps, name, level in struck for where in np.flatnonzero(steps).tolist()]


def _fill(first: int, end: int, rng: np.random.Generator) -> list[tuple[int, str, int]]:
    """Go down the toms from the snare, with some strokes left out and some out of order."""
    place = np.linspace(0, len(_FILL) - 1, max(end - first, 1)) + rng.normal(0, 0.8, max(end - first, 1))
    drums = [_FILL[index] for index in np.clip(place.round(), 0, len(_FILL) - 1).astype(int)]
    return [(step, drums[step - first], 95) for step in range(first, end) if rng.random() < 0.8]


def _graces(hit: Hit, rng: np.random.Generator) -> list[Hit]:
    """Lead to a stroke by a softer one (a flam) or by two (a drag)."""
    graces = []
    onset_s = hit.onset_s
    for _ in range(1 if rng.random() < 0.7 else 2):
        onset_s -= rng.uniform(*_GRACE_S)
        graces.append(Hit(onset_s, hit.instrument, max(1, round(hit.velocity * rng.uniform(0.35, 0.6)))))
    return graces


def vary(hits: Sequence[Hit], rng: np.random.Generator) -> list[Hit]:
    """Play a performance at another tempo, with other accents, and on other instruments.

    People keep time on a ride, a tambourine or a closed hat alike and hit the rim for the drum: each of these swaps
    gives the rarer instrument the rhythms that the commoner one has.

    Args:
        hits: A performance.
        rng: Source of every choice.

    Returns:
        The varied performance, in order of time.
    """
    swap: dict[str, str] = {}
    draw = rng.random()
    if draw < 0.15:
        swap = {"CHH": "RD", "OHH": "RD"}
    elif draw < 0.2:
        swap = {"CHH": "TMB", "OHH": "TMB"}
    elif draw < 0.25:
        swap = {"RD": "CHH"}
    elif draw < 0.3:
        swap = {"CHH": "OHH"}
    if rng.random() < 0.1:
        swap |= {"SD": "SST"}
    if rng.random() < 0.1:
        toms = ["HT", "MT", "FT"]
        swap |= {"SD": str(rng.choice(toms))}
    stretch = rng.uniform(0.8, 1.25)
    curve = rng.uniform(0.6, 1.5)
    shaker = rng.random() < 0.06
    varied = []
    for onset_s, name, velocity in hits:
        new = max(1, round(127 * (velocity / 127) ** curve))
        varied.append(Hit(onset_s * stretch, swap.get(name, name), new))
        if shaker and name in {"CHH", "RD", "SD"}:
            varied.append(Hit(onset_s * stretch + rng.normal(0, _TIMING_S), "TMB", new))
    return sorted(varied)
