"""Move hits to the grid that they were played to."""

from collections.abc import Iterable

from ddsp_drums.events.note import Struck
from ddsp_drums.events.tempo import TempoMap

__all__ = ["quantise"]


def quantise(hits: Iterable[Struck], tempo: TempoMap, *, strength: float = 1.0, swing: float = 0.5) -> list[Struck]:
    r"""Move each hit towards the nearest sixteenth.

    $$b' = b + \text{strength} \, (g - b), \quad
      g \in \{ \tfrac{j}{2}, \; \tfrac{j + \text{swing}}{2} : j = 0, 1, \dots \}$$

    in beats, so that every second sixteenth may come late.

    Args:
        hits: What was played.
        tempo: Where the beats are.
        strength: 0 leaves hits where they are, 1 puts them onto the grid.
        swing: Where the second sixteenth of each eighth is: 0.5 for straight, 2/3 for triplets, at most 0.75.

    Returns:
        The hits in order of time. Where several of one instrument meet at one place the hardest stays.

    Raises:
        ValueError: If `strength` is not in [0, 1] or `swing` not in [0.5, 0.75].

    Example:
        >>> from ddsp_drums.events import Hit
        >>> late = [Hit(0.02, "KD", 90), Hit(0.14, "CHH", 80)]
        >>> [hit.onset_s for hit in quantise(late, TempoMap.constant(120), swing=0.6)]
        [0.0, 0.15]
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be in [0, 1], got {strength}")
    if not 0.5 <= swing <= 0.75:
        raise ValueError(f"swing must be in [0.5, 0.75], got {swing}")
    moved: dict[tuple[float, str], Struck] = {}
    for hit in hits:
        beat = tempo.beat(hit.onset_s)
        eighth = int(beat * 2)
        target = min(((eighth + share) / 2 for share in (0.0, swing, 1.0)), key=lambda place: abs(place - beat))
        onset_s = tempo.time_s(beat + strength * (target - beat))
        place = round(onset_s, 6), hit.instrument
        if place not in moved or hit.velocity > moved[place].velocity:
            moved[place] = hit._replace(onset_s=place[0])
    return sorted(moved.values())
