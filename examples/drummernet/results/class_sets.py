"""The same transcription with fewer classes."""

from dataclasses import replace

import torch

from ddsp_drums.events import Event, Events
from drummernet.transcription import Transcription

__all__ = ["reduce_classes"]

_SIX = {"KD": "KD", "SD": "SD", "HH": "CHH", "TT": "MT", "CY": "RD", "OT": "TMB"}  # which instrument stands for a class
_TOGETHER_S = 0.03  # what two instruments of a class play at once is one hit


def reduce_classes(transcription: Transcription, classes: int) -> Transcription:
    """Write each instrument as the one that stands for its class.

    Hi-hats become closed, toms mid, cymbals rides, and all else tambourines.

    Args:
        transcription: What was heard.
        classes: 3 for kick, snare and hi-hat, 6 for those of MDB Drums.

    Returns:
        The transcription with these instruments. Of hits of a class within 30 ms the surest stays, and an activation is
        the largest of its class.

    Raises:
        ValueError: If `classes` is neither 3 nor 6.

    Source:
        Southall et al., "MDB Drums", ISMIR 2017, for the six classes.
    """
    if classes not in (3, 6):
        raise ValueError(f"classes must be one of 3, 6, got {classes}")
    known = transcription.taxonomy.by_id
    parents = {name: known[name].three if classes == 3 else known[name].six for name in transcription.instruments}
    stands_for = {name: _SIX[parent] for name, parent in parents.items() if parent}
    latest: dict[str, int] = {}  # where in the list each instrument's last hit is
    events: list[Event] = []
    for event in transcription.events:
        if event.instrument not in stands_for:
            continue
        one = event._replace(instrument=stands_for[event.instrument])
        at = latest.get(one.instrument)
        if at is not None and one.onset_s - events[at].onset_s < _TOGETHER_S:
            events[at] = max(events[at], one, key=lambda each: each.confidence)
            continue
        latest[one.instrument] = len(events)
        events.append(one)
    names = [stands_for.get(name) for name in transcription.instruments]
    instruments = tuple(dict.fromkeys(name for name in names if name))
    rows = [[row for row, name in enumerate(names) if name == one] for one in instruments]
    heights = [transcription.activations[each].amax(0) for each in rows]
    activations = torch.stack(heights) if heights else transcription.activations[:0]
    return replace(transcription, events=Events(sorted(events)), activations=activations, instruments=instruments)
