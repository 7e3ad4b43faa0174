"""A performance played on a kit."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ddsp_drums._compilers import has_numba
from ddsp_drums._validate import require_positive
from ddsp_drums.kits.kit import Drum, Kit, KitError
from ddsp_drums.ops.template_synthesis import template_synthesis

if TYPE_CHECKING:
    from ddsp_drums.events import Hit

__all__ = ["render", "stream_render"]

Sound = NDArray[np.float32]
_CHOKES = {"CHH": "OHH", "PHH": "OHH"}  # a hat that closes ends the open one
_CHOKE_S = 0.03
_UNEVEN = 13.0  # standard deviation, in MIDI velocities, of the layer that a hit takes
_HOP = 64  # samples between two frames of the activations
_BLOCK = 1 << 16  # samples whose hits are played together, so that an hour takes no more memory than seconds


class _Strike(NamedTuple):
    """A sound (L,) of a row of the result, from sample `start` on, which is not below 0."""

    row: int
    start: int
    gain: float
    sound: Sound


def render(
    hits: "Iterable[Hit]",
    kit: Kit,
    *,
    duration_s: float,
    dynamic_range_db: float = 30.0,
    rng: np.random.Generator | None = None,
    stems: bool = False,
) -> Tensor:
    """Play hits on a kit: each adds a one-shot of its velocity where it begins.

    The velocity chooses the layer and sets the level, `dynamic_range_db` * (velocity / 127 - 1) below that of the
    hardest. A closed or pedal hi-hat silences an open one within 30 ms.

    Args:
        hits: What to play. Onsets may be negative (only the tail is heard) or past the end (not heard).
        kit: The sounds; every instrument that plays must be in it.
        duration_s: Seconds of the result.
        dynamic_range_db: Level between the softest and the hardest hit.
        rng: Draws the drum of each instrument, a layer near the velocity's, and one of its alternates; without it
            the first drum plays, and alternates take turns.
        stems: Whether to keep the instruments apart.

    Returns:
        Audio (T,), float32, T = `duration_s` times the kit's sample rate, rounded; or with `stems` one row for each
        of the kit's classes, (K, T), whose sum it is. Levels are the kit's own, so that it may exceed 1.

    Raises:
        KitError: If an instrument plays that the kit has not.
        ValueError: If `duration_s` is not positive, `dynamic_range_db` is negative, or an onset is not finite.

    Example:
        >>> from ddsp_drums.events import Hit
        >>> from ddsp_drums.kits import procedural_kit
        >>> render([Hit(0.0, "KD", 100), Hit(0.5, "SD", 90)], procedural_kit(), duration_s=1.0).shape
        torch.Size([16000])
    """
    pieces = stream_render(hits, kit, duration_s=duration_s, dynamic_range_db=dynamic_range_db, rng=rng, stems=stems)
    n_samples = _length(duration_s, kit)
    audio = torch.empty(len(kit.classes), n_samples) if stems else torch.empty(n_samples)
    first = 0
    for piece in pieces:
        last = first + piece.shape[-1]
        audio[..., first:last] = piece
        first = last
    return audio


def stream_render(
    hits: "Iterable[Hit]",
    kit: Kit,
    *,
    duration_s: float,
    dynamic_range_db: float = 30.0,
    rng: np.random.Generator | None = None,
    stems: bool = False,
) -> Iterator[Tensor]:
    """Play hits on a kit piece by piece, in the same memory for any length; the pieces are what :func:`render` returns.

    Args:
        hits: See :func:`render`.
        kit: See there.
        duration_s: See there.
        dynamic_range_db: See there.
        rng: See there.
        stems: See there.

    Returns:
        An iterator of audio (n,), or with `stems` (K, n), of 65,536 samples each but the last, which has what is left.

    Raises:
        KitError: See there.
        ValueError: See there.

    Example:
        >>> from ddsp_drums.events import Hit
        >>> from ddsp_drums.kits import procedural_kit
        >>> pieces = stream_render([Hit(0.0, "KD", 100)], procedural_kit(), duration_s=5.0)
        >>> [piece.numel() for piece in pieces]
        [65536, 14464]
    """
    require_positive("duration_s", duration_s)
    if not 0 <= dynamic_range_db < math.inf:
        raise ValueError(f"dynamic_range_db must be at least 0 and finite, got {dynamic_range_db}")
    ordered = sorted(hits)
    strange = next((hit for hit in ordered if not math.isfinite(hit.onset_s)), None)
    if strange:
        raise ValueError(f"hits must have finite onsets, got {strange}")
    played = {hit.instrument for hit in ordered}
    missing = sorted(played - set(kit.classes))
    if missing:
        raise KitError(f"kit {kit.name} has no {', '.join(missing)}: add the sounds, or leave these hits out")
    drums = {name: kit.drums[name][rng.integers(len(kit.drums[name])) if rng else 0] for name in sorted(played)}
    players = {name: _Player(drum, rng) for name, drum in drums.items()}
    rows = {name: row if stems else 0 for row, name in enumerate(kit.classes)}
    n_samples = _length(duration_s, kit)

    def strikes() -> Iterator[_Strike]:
        for hit, end_s in zip(ordered, _ends_s(ordered), strict=True):
            sound, gain = players[hit.instrument].strike(hit.velocity)
            gain *= 10 ** (dynamic_range_db * (hit.velocity / 127 - 1) / 20)
            start = round(hit.onset_s * kit.sample_rate)
            if end_s is not None:
                sound = _choke(sound, round((end_s - hit.onset_s) * kit.sample_rate), round(_CHOKE_S * kit.sample_rate))
            if start < n_samples and start + len(sound) > 0:
                yield _Strike(rows[hit.instrument], max(start, 0), gain, sound[max(-start, 0) :])

    pieces = _pieces(strikes(), len(kit.classes) if stems else 1, n_samples)
    return pieces if stems else (piece[0] for piece in pieces)


def _length(duration_s: float, kit: Kit) -> int:
    return max(1, round(duration_s * kit.sample_rate))


def _pieces(strikes: Iterator[_Strike], n_rows: int, n_samples: int) -> Iterator[Tensor]:
    """Sum strikes in order of time, (R, n) a block, and carry what still rings into the next one."""
    blocks = groupby(strikes, key=lambda strike: strike.start // _BLOCK)
    coming, struck = next(blocks, (None, iter(())))
    ringing = torch.zeros(n_rows, 0)
    for block, begin in enumerate(range(0, n_samples, _BLOCK)):
        played = {}
        if block == coming:
            by_row: dict[int, list[_Strike]] = defaultdict(list)
            for strike in struck:
                by_row[strike.row].append(strike)
            played = {row: _play(each, begin, n_samples - begin) for row, each in by_row.items()}
            coming, struck = next(blocks, (None, iter(())))
        size = min(_BLOCK, n_samples - begin)
        longest = max(size, *(each.numel() for each in played.values())) if played else size
        ringing = F.pad(ringing, (0, max(0, longest - ringing.shape[-1])))
        for row, heard in played.items():
            ringing[row, : heard.numel()] += heard
        yield ringing[:, :size]
        ringing = ringing[:, size:].clone()


def _play(strikes: Sequence[_Strike], begin: int, room: int) -> Tensor:
    """Play strikes of one block from sample `begin` on, until they have rung or there is no more room.

    Each has a template of its own, which holds what its onset lies after a frame: so activations stay few.
    """
    onsets = [strike.start - begin for strike in strikes]
    longest = max(len(strike.sound) for strike in strikes)
    frames = min(max(onsets) + longest, room) // _HOP + 1
    activations = np.zeros((len(strikes), frames), dtype=np.float32)
    templates = np.zeros((len(strikes), longest + _HOP), dtype=np.float32)
    for row, (onset, (*_, gain, sound)) in enumerate(zip(onsets, strikes, strict=True)):
        activations[row, onset // _HOP] = gain
        templates[row, onset % _HOP : onset % _HOP + len(sound)] = sound
    backend = "sparse" if has_numba() else "polyphase"
    arrays = torch.from_numpy(activations), torch.from_numpy(templates)
    return template_synthesis(*arrays, hop_length=_HOP, backend=backend)[:room]


class _Player:
    """Chooses among the one-shots of a drum, and tells the gain that brings each to the peak of the loudest."""

    def __init__(self, drum: Drum, rng: np.random.Generator | None) -> None:
        self.drum = drum
        self.rng = rng
        self.peaks = {id(hit): float(hit.abs().max()) for hit in drum.hits}
        self.loudest = max(self.peaks.values())
        self.turns: dict[int, int] = defaultdict(int)  # how often each layer was struck

    def strike(self, velocity: int) -> tuple[Sound, float]:
        alternates = self.drum.layer(velocity + (self.rng.normal(0, _UNEVEN) if self.rng else 0))
        first = id(alternates[0])
        turn = int(self.rng.integers(len(alternates))) if self.rng else self.turns[first] % len(alternates)
        self.turns[first] += 1
        hit = alternates[turn]
        return hit.numpy(), self.loudest / self.peaks[id(hit)]


def _ends_s(ordered: "Sequence[Hit]") -> list[float | None]:
    """Tell for hits in order of time when the next one that chokes each begins, if one does."""
    ends: list[float | None] = []
    closed: dict[str, list[float]] = defaultdict(list)  # from the last to the first
    for hit in reversed(ordered):
        ends.append(next((t for t in reversed(closed[hit.instrument]) if t > hit.onset_s), None))
        if hit.instrument in _CHOKES:
            closed[_CHOKES[hit.instrument]].append(hit.onset_s)
    return ends[::-1]


def _choke(sound: Sound, keep: int, fade: int) -> Sound:
    """Keep `keep` samples and fade the next ones out."""
    sound = sound[: keep + fade].copy()
    sound[keep:] *= np.linspace(1, 0, fade, dtype=np.float32)[: len(sound[keep:])]
    return sound
