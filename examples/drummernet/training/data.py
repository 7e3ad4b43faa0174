"""Training data: performances rendered on kits, whose hits are known, and recordings, whose hits are not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ddsp_drums.audio import AudioFileError, find_audio, read_segment
from ddsp_drums.audio.degradations import bleed, coloured_noise, crackle, degrade
from ddsp_drums.events import Hit, read_midi
from ddsp_drums.kits import BY_ID, TAXONOMY, Kit, Taxonomy, render
from drummernet.config import ModelConfig
from drummernet.level import scale_level
from drummernet.render import drum_notes
from drummernet.training.rhythm import random_performance, vary
from drummernet.training.sounds import Sounds, brush_sweeps

__all__ = ["Recordings", "Rendered", "load_performances", "played_frames"]

_MADE_UP = 0.1  # share of the items with a made-up rhythm though there are performances
_NOISE = 0.02  # share of the items in which nobody plays
_RATTLING = 0.3  # share of the items with a snare that rattles
_BRUSHED = 0.1  # share of the items whose snare is played with brushes, where there are some
_BLEEDING = 0.15  # share of the degraded items whose microphones hear each other
_TAIL_S = 1.5  # hits before the segment still ring in it
_DYNAMIC_RANGE_DB = (12.0, 42.0)
_MASKING_S = 0.03  # what sounds together for so long is heard as one
_MASKED = 10 ** (-15 / 10)  # a hit that is so much weaker than all that sounds with it is not heard


def load_performances(folder: str | Path, *, taxonomy: Taxonomy = TAXONOMY) -> list[list[Hit]]:
    """Read every MIDI file in a folder and its subfolders, with GM's notes and those of electronic kits.

    Args:
        folder: The folder.
        taxonomy: Tells the class of each note, see :func:`drummernet.render.drum_notes`.

    Returns:
        A performance each, in order of the paths; files without a drum hit are left out.

    Raises:
        ValueError: If the folder holds no MIDI file with drum hits, or a file is none.
    """
    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in {".mid", ".midi"})
    notes = drum_notes(taxonomy)
    performances = [hits for hits in (read_midi(path, notes=notes) for path in paths) if len(hits) > 1]
    if not performances:
        raise ValueError(f"{folder}: no MIDI file with drum hits in it")
    return performances


class Rendered(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Segments rendered on the fly: item `i` of a seed is always the same.

    Each gives audio (T,), what was played (K, N) and how hard (K, N).

    Args:
        kits: Sounds; each instrument's may come from another kit.
        performances: What to play; made up where there is none.
        config: The network's.
        segment_s: Seconds of a segment.
        items: Number of segments.
        degraded: Share of the segments that go through a random chain of degradations.
        seed: Another seed gives other segments.
    """

    def __init__(
        self,
        kits: Sequence[Kit],
        performances: Sequence[list[Hit]],
        config: ModelConfig,
        *,
        segment_s: float,
        items: int,
        degraded: float = 0.5,
        seed: int = 0,
    ) -> None:
        self.performances = performances
        self.config = config
        self.segment_s = segment_s
        self.items = items
        self.degraded = degraded
        self.seed = seed
        self.seconds = np.cumsum([hits[-1].onset_s for hits in performances])  # a long one is drawn more often
        self.sounds = Sounds(kits, config.instruments, sample_rate=config.sample_rate)

    def __len__(self) -> int:
        return self.items

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, index))
        if rng.random() < _NOISE:
            return self._noise(rng)
        hits = self._performance(rng)
        known = self.sounds.instruments
        own = [name for name in known if name not in BY_ID]
        hits = [hit for hit in (_cast(hits, own, rng) if own else hits) if hit.instrument in known]
        rattle = _rattle(hits, rng) if "SD" in known and rng.random() < _RATTLING else []
        names = {hit.instrument for hit in hits + rattle} or {known[0]}
        brushed = "SD" in names and self.sounds.has_brushes and rng.random() < _BRUSHED
        kit = self.sounds.draw_kit(sorted(names), rng, brushed=brushed)
        range_db = rng.uniform(*_DYNAMIC_RANGE_DB)
        stems = render(hits + rattle, kit, duration_s=self.segment_s, dynamic_range_db=range_db, rng=rng, stems=True)
        hits = _audible(hits, kit.classes, stems.numpy(), kit.sample_rate)
        if brushed:
            sweeps = brush_sweeps(stems[kit.classes.index("SD")], rng, sample_rate=kit.sample_rate)
            stems = torch.cat([stems, sweeps[None]])
        audio = stems.sum(0) if rng.random() < 1 - self.degraded else _record(stems, rng, sample_rate=kit.sample_rate)
        return self._item(audio, hits)

    def _item(self, audio: Tensor, hits: Sequence[Hit]) -> tuple[Tensor, Tensor, Tensor]:
        """Scale audio (T,), and turn its hits into frames."""
        audio = scale_level(audio, sample_rate=self.config.sample_rate, level=self.config.level)
        n_frames = 1 + audio.numel() // self.config.hop_length
        frame_rate_hz = self.config.sample_rate / self.config.hop_length
        played, velocity = played_frames(hits, self.config.instruments, n_frames, frame_rate_hz=frame_rate_hz)
        return audio, played, velocity

    def _noise(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw noise or crackle alone, as loud as drums would be."""
        n_samples, rate = round(self.segment_s * self.config.sample_rate), self.config.sample_rate
        if rng.random() < 0.2:
            return self._item(crackle(n_samples, sample_rate=rate, rng=rng, rate_hz=10 ** rng.uniform(0, 2)), [])
        return self._item(coloured_noise(n_samples, rng=rng, slope_db=-rng.uniform(0, 9)), [])

    def _performance(self, rng: np.random.Generator) -> list[Hit]:
        """Draw a performance and cut the segment out of it, with what rings into it."""
        if self.performances and rng.random() > _MADE_UP:
            hits = self.performances[int(np.searchsorted(self.seconds, rng.random() * self.seconds[-1]))]
        else:
            hits = random_performance(rng, duration_s=2 * self.segment_s)
        start_s = rng.uniform(0, max(hits[-1].onset_s - self.segment_s, 0)) if hits else 0.0
        first, last = start_s - 2 * _TAIL_S, start_s + 2 * self.segment_s
        near = [hit._replace(onset_s=hit.onset_s - start_s) for hit in hits if first < hit.onset_s < last]
        return [hit for hit in vary(near, rng) if -_TAIL_S < hit.onset_s < self.segment_s]


class Recordings(Dataset[Tensor]):
    """Random segments (T,) of the recordings in a folder; item `i` of a seed is always the same.

    Files are listed at the beginning, and read no sooner and no further than a segment needs. Where one cannot be
    read, the segment comes from another, and `skipped` tells why.

    Args:
        folder: Audio files, in subfolders too.
        config: The network's.
        segment_s: Seconds of a segment; what is shorter is filled with silence.
        seed: Another seed gives other segments.

    Raises:
        AudioFileError: If the folder holds no audio file; from an item, if none of them can be read.
    """

    def __init__(self, folder: str | Path, config: ModelConfig, *, segment_s: float, seed: int = 0) -> None:
        self.files = find_audio(folder)
        self.config = config
        self.segment_s = segment_s
        self.seed = seed
        self.skipped: dict[Path, str] = {}

    def __getitem__(self, index: int) -> Tensor:
        rng = np.random.default_rng((self.seed, 1, index))
        rate = self.config.sample_rate
        for choice in rng.permutation(len(self.files)):
            path, position = self.files[choice], rng.random()
            # A file that was skipped before is tried again: what an item is must not depend on those drawn before.
            try:
                segment = read_segment(path, sample_rate=rate, position=position, duration_s=self.segment_s)
            except AudioFileError as error:
                self.skipped[path] = str(error)
            else:
                return scale_level(segment, sample_rate=rate, level=self.config.level)
        reason = next(iter(self.skipped.values()))
        raise AudioFileError(f"none of the {len(self.files)} recordings can be read; the first: {reason}")


def played_frames(
    hits: Sequence[Hit], instruments: Sequence[str], n_frames: int, *, frame_rate_hz: float
) -> tuple[Tensor, Tensor]:
    """Turn hits into frames: 1 where a hit is nearest, 0.5 beside it, and its velocity in all three.

    Args:
        hits: What was played; instruments that are not listed and times outside are left out.
        instruments: The K instruments.
        n_frames: N.
        frame_rate_hz: Frames a second.

    Returns:
        What was played (K, N) and how hard (K, N), both in [0, 1].
    """
    played = np.zeros((len(instruments), n_frames), dtype=np.float32)
    velocity = np.zeros_like(played)
    row = {name: number for number, name in enumerate(instruments)}
    for onset_s, name, strength in hits:
        frame = round(onset_s * frame_rate_hz)
        if name not in row or not 0 <= frame < n_frames:
            continue
        k = row[name]
        for neighbour, value in ((frame - 1, 0.5), (frame, 1.0), (frame + 1, 0.5)):
            if 0 <= neighbour < n_frames and value >= played[k, neighbour]:
                played[k, neighbour] = value
                velocity[k, neighbour] = strength / 127
    return torch.from_numpy(played), torch.from_numpy(velocity)


def _record(stems: Tensor, rng: np.random.Generator, *, sample_rate: int) -> Tensor:
    """Mix stems (K, T) to audio (T,) through a random chain of degradations."""
    if rng.random() < _BLEEDING:
        gain_db, delay_s = rng.uniform((-30, 0.001), (-12, 0.01), (len(stems), 2)).T
        how = {"gain_db": torch.from_numpy(gain_db), "delay_s": torch.from_numpy(delay_s)}
        stems = bleed(stems, sample_rate=sample_rate, **how)
    return degrade(stems.sum(0), sample_rate=sample_rate, rngs=[rng])


def _cast(hits: Sequence[Hit], own: Sequence[str], rng: np.random.Generator) -> list[Hit]:
    """Give parts of a performance, drawn anew for each, to instruments of one's own, which nobody writes parts for."""
    parts = sorted({hit.instrument for hit in hits})
    cast = dict(zip(rng.permutation(parts).tolist(), rng.permutation(own).tolist(), strict=False))
    return [hit._replace(instrument=cast.get(hit.instrument, hit.instrument)) for hit in hits]


def _rattle(hits: Sequence[Hit], rng: np.random.Generator) -> list[Hit]:
    """Let the snare's wires sound when a kick or a tom is struck: a soft snare that nobody played."""
    softer = rng.uniform(30, 90)
    loud = [hit for hit in hits if hit.instrument in {"KD", "HT", "MT", "FT"} and hit.velocity > softer]
    return [Hit(hit.onset_s, "SD", round(hit.velocity - softer) or 1) for hit in loud]


def _audible(hits: Sequence[Hit], names: Sequence[str], stems: np.ndarray, sample_rate: int) -> list[Hit]:
    """Leave out the hits that the rest covers: what cannot be heard must not be asked for.

    A hit is heard if it has a share of the energy of the samples or of their differences, which lift high
    frequencies by 6 dB an octave: so a quiet hi-hat is heard beside a kick, and the kick beside a crash.
    """
    heard = []
    for hit in hits:
        start = round(hit.onset_s * sample_rate)
        together = stems[:, max(start, 0) : max(start, 0) + round(_MASKING_S * sample_rate)]
        if start < 0 or together.shape[1] < 2:
            continue
        own = names.index(hit.instrument)
        for signal in (together, np.diff(together)):
            energy = np.square(signal).sum(1)
            if energy[own] > _MASKED * energy.sum():
                heard.append(hit)
                break
    return heard
