"""Performances: read from MIDI files or made at random, and varied."""

from collections.abc import Sequence

import numpy as np

from ddsp_drums.events import Hit

__all__ = ["random_performance", "vary"]

_TIMING_S = 0.006  # how far from the grid a person plays, standard deviation


def random_performance(rng: np.random.Generator, *, duration_s: float) -> list[Hit]:
    """Make up a beat: a timekeeper, kick and snare patterns with ghost notes, crashes and tom fills.

    Args:
        rng: Source of every choice.
        duration_s: Seconds to fill.

    Returns:
        Hits in order of time, with human timing and accents.
    """
    beats = int(rng.choice([4, 4, 4, 3, 6]))
    division = int(rng.choice([4, 4, 4, 3]))  # steps a beat: sixteenths or triplets
    steps = beats * division
    step_s = 60 / rng.uniform(65, 180) / division
    swing = rng.uniform(0, 0.3) if division == 4 and rng.random() < 0.25 else 0.0
    on_beat = np.arange(steps) % division == 0
    backbeat = on_beat & (np.arange(steps) // division % 2 == 1)

    def some(chance: float) -> np.ndarray:
        return rng.random(steps) < chance

    keeper = str(rng.choice(["CHH", "CHH", "CHH", "RD", "OHH", "TMB", "CR"]))
    pulse = np.arange(steps) % int(rng.choice([1, 2, 2, division])) == 0
    snare = "SST" if rng.random() < 0.15 else "SD"
    bar = [
        (keeper, pulse & some(0.95), 70),
        ("OHH", ~on_beat & some(rng.choice([0, 0.06])), 85),
        ("PHH", on_beat & some(rng.choice([0, 0, 0.8])), 60),
        ("KD", (on_beat & some(0.45)) | some(rng.uniform(0.02, 0.2)), 100),
        (snare, backbeat & some(0.95), 105),
        ("SD", ~on_beat & some(rng.choice([0, 0.08, 0.2])), 40),
        ("TMB", pulse & (rng.random() < 0.1), 70),
    ]
    hits = []
    for number in range(int(duration_s / (steps * step_s)) + 1):
        fill_from = steps - int(rng.choice([0, 0, 0, steps // 4, steps // 2]))
        played = [(step, name, level) for name, where, level in bar for step in np.flatnonzero(where).tolist()]
        played = [hit for hit in played if hit[0] < fill_from and rng.random() < 0.97]
        fill = [step for step in range(fill_from, steps) if rng.random() < 0.8]
        played += [(step, str(rng.choice(["SD", "HT", "MT", "FT"])), 95) for step in fill]
        if rng.random() < 0.25:
            played.append((0, "CR", 110))
        for step, name, level in played:
            accent = 8 if step % division == 0 else -4
            late = step_s * swing if step % 2 else 0.0
            onset_s = (number * steps + step) * step_s + late + rng.normal(0, _TIMING_S)
            hits.append(Hit(max(onset_s, 0.0), str(name), int(np.clip(level + accent + rng.normal(0, 8), 5, 127))))
    return sorted(hit for hit in hits if hit.onset_s < duration_s)


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
