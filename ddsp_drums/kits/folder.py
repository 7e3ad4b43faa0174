"""Read any folder of one-shots as a kit, by the names of its files and folders."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.files import AudioFileError, find_audio, read_audio
from ddsp_drums.kits import names
from ddsp_drums.kits.kit import Drum, Kit, KitError, cut

__all__ = ["load_folder"]

SILENCE = 1e-3  # -60 dB: a file that never gets louder holds no stroke
ONSET = 1e-2  # -40 dB of the peak: where a stroke begins
BEFORE_ONSET_S = 0.001
LEADING_S = 2.0  # silence before a stroke for which there is room
TOMS = ("HT", "MT", "FT")


def load_folder(path: str | Path, *, sample_rate: int = 16000, max_duration_s: float = 1.5) -> Kit:
    """Load a folder of one-shots, or a folder of such folders, as one kit.

    Names tell the class (see `classify`) and the drum: files that differ in nothing but a velocity, a round robin
    or a count are hits of one drum. Each hit is mono, begins at its onset, and keeps its level. Toms without a name
    for their pitch are ranked by number (`Tom 1`, `12inch`), else by measured pitch.

    Args:
        path: The folder.
        sample_rate: Rate of the kit in Hz.
        max_duration_s: Length in seconds after which a hit is cut.

    Returns:
        The kit. Its `left_out` names every audio file that is not in it, and why: its name says no class, or it is
        silent or unreadable.

    Raises:
        KitError: If the folder is missing or has no sound that can be used.
        ValueError: If `sample_rate` or `max_duration_s` is not greater than 0.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> import tempfile
        >>> from ddsp_drums.audio.files import write_audio
        >>> folder = tempfile.TemporaryDirectory()
        >>> for name in ("Kick-1.wav", "Kick-2.wav", "HHClosed.wav", "Cowbell.wav"):
        ...     write_audio(f"{folder.name}/{name}", torch.rand(800), sample_rate=16000)
        >>> kit = load_folder(folder.name)
        >>> kit.classes, len(kit.drums["KD"][0].hits), dict(kit.left_out)
        (('KD', 'CHH'), 2, {'Cowbell.wav': "named 'cowbell'"})
        >>> folder.cleanup()
    """
    require_positive("sample_rate", sample_rate)
    require_positive("max_duration_s", max_duration_s)
    root = Path(path)
    try:
        found = [PurePosixPath(file.relative_to(root).as_posix()) for file in find_audio(root)]
    except AudioFileError as error:
        raise KitError(str(error)) from error
    found.sort(key=_natural)
    left_out: dict[str, str] = {}
    layers: dict[tuple[str, str], list[tuple[PurePosixPath, Tensor]]] = defaultdict(list)
    neighbours = _neighbours(found)
    for file in found:
        name, reason = names.match(file, neighbours)
        if name is None:
            left_out[str(file)] = reason
            continue
        try:
            hit = _read_hit(root / file, sample_rate, max_duration_s)
        except AudioFileError as error:
            left_out[str(file)] = str(error).removeprefix(f"{root / file}: ")
            continue
        layers[name, names.drum_key(file, is_tom=name == "TT")].append((file, hit))
    if not layers:
        raise KitError(
            f"{root}: none of its {len(found)} audio files is a drum by its name, for example "
            f"{found[0]} ({left_out[str(found[0])]}); name files or folders kick, snare, hihat closed and so on"
        )
    drums: dict[str, list[Drum]] = defaultdict(list)
    for name, drum in _place_toms([(name, _drum(key, hits)) for (name, key), hits in layers.items()], sample_rate):
        drums[name].append(drum)
    return Kit(
        root.resolve().name, sample_rate, {name: tuple(group) for name, group in drums.items()}, left_out=left_out
    )


def _read_hit(file: Path, sample_rate: int, max_duration_s: float) -> Tensor:
    audio = read_audio(file, sample_rate=sample_rate, max_duration_s=max_duration_s + LEADING_S)
    level = audio.abs()
    peak = float(level.max())
    if peak < SILENCE:
        raise AudioFileError(f"{file}: silent (its peak is below -60 dB)")
    onset = int((level > ONSET * peak).nonzero()[0])
    start = max(0, onset - round(BEFORE_ONSET_S * sample_rate))
    return cut(audio[start:], max(1, round(max_duration_s * sample_rate)), sample_rate).clone()


def _drum(key: str, hits: list[tuple[PurePosixPath, Tensor]]) -> Drum:
    """Order hits by the velocity they are named for, then by level in steps of 1 dB, then by name."""
    hits = sorted(hits, key=lambda item: (names.velocity(item[0]), round(_level_db(item[1]))))
    return Drum(key, tuple(hit for _, hit in hits), tuple(str(file) for file, _ in hits))


def _level_db(hit: Tensor) -> float:
    return float(10 * hit.square().sum().log10())


def _place_toms(drums: list[tuple[str, Drum]], sample_rate: int) -> list[tuple[str, Drum]]:
    """Give every tom without a place (TT) one among the toms of its set: high, mid or floor."""
    sets: dict[str, list[tuple[str, Drum]]] = defaultdict(list)
    for name, drum in drums:
        sets[_tom_set(drum) if name in (*TOMS, "TT") else ""].append((name, drum))
    placed = {}
    for group in sets.values():
        toms = [drum for name, drum in group if name == "TT"]
        numbers = [number for number in map(names.tom_number, (drum.name for drum in toms)) if number]
        order: list[float] = [*numbers]
        if len(numbers) < len(toms):
            order = [-_pitch_hz(drum.hits[-1], sample_rate) for drum in toms]
        ranks = sorted(set(order))
        places = TOMS[:2] if any(name == "FT" for name, _ in group) else TOMS
        for drum, value in zip(toms, order, strict=True):
            placed[id(drum)] = _place(ranks.index(value), len(ranks), places)
    return [(placed.get(id(drum), name), drum) for name, drum in drums]


def _place(rank: int, count: int, places: tuple[str, ...]) -> str:
    """Spread `count` toms over the places, the outermost ones at the ends; a single one is a high or a mid tom."""
    if count == 1:
        return places[(len(places) - 1) // 2]
    return places[int(rank * (len(places) - 1) / (count - 1) + 0.5)]


def _tom_set(drum: Drum) -> str:
    """The folder that holds the toms of one kit: what comes before the first name of a tom."""
    path = PurePosixPath(drum.files[0])
    for folder in [*reversed(path.parents), path]:
        if folder.name and names.match(PurePosixPath(folder.name), {})[0] in (*TOMS, "TT"):
            return str(folder.parent)
    return str(path.parent)


def _pitch_hz(hit: Tensor, sample_rate: int) -> float:
    """The strongest frequency between 40 and 400 Hz."""
    power = torch.fft.rfft(hit, n=max(len(hit), sample_rate)).abs()
    step_hz = sample_rate / max(len(hit), sample_rate)
    low = round(40 / step_hz)
    return (low + int(power[low : round(400 / step_hz)].argmax())) * step_hz


def _neighbours(paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, set[str]]:
    found: dict[PurePosixPath, set[str]] = defaultdict(set)
    for path in paths:
        for entry in (path, *path.parents):
            first = names.words(entry.stem).split()
            if first:
                found[entry.parent].add(first[0])
    return found


def _natural(path: PurePosixPath) -> list[tuple[int, str]]:
    """Sort numbers by value: 2 before 10."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts if part]
