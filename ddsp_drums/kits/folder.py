"""Read any folder of one-shots as a kit, by the names of its files and folders."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from torch import Tensor

from ddsp_drums._validate import require_positive
from ddsp_drums.audio.files import AudioFileError, find_audio, read_audio
from ddsp_drums.kits import names
from ddsp_drums.kits.kit import Drum, Kit, KitError, cut
from ddsp_drums.kits.licence import find_licence
from ddsp_drums.kits.sounds import Sound, from_onset, measure, unlike, without_offset

__all__ = ["load_folder"]

SILENCE = 1e-3  # -60 dB: a file that never gets louder holds no stroke
MIN_RATE = 16000  # below it, too little of a cymbal is left to tell it by
LEADING_S = 2.0  # silence before a stroke for which there is room
OPEN_S = 0.25  # a hat that rings longer than this is open
TOMS = ("HT", "MT", "FT")


def load_folder(path: str | Path, *, sample_rate: int = 16000, max_duration_s: float = 1.5) -> Kit:
    """Load a folder of one-shots, or a folder of such folders, as one kit.

    Names tell the class (see `classify`) and the drum: files that differ in nothing but a velocity, a round robin
    or a count are hits of one drum. Each hit is mono, begins at its onset, and keeps its level. Toms that no name
    places are ranked by number (`Tom 1`, `12inch`), else by measured pitch; hats that no name calls closed or open
    are told by their decay. At 16 kHz and above, a drum that cannot be what it is named (see `unlike`) is left out.

    Args:
        path: The folder.
        sample_rate: Rate of the kit in Hz.
        max_duration_s: Length in seconds after which a hit is cut.

    Returns:
        The kit. Its `left_out` names every audio file that is not in it, and why.

    Raises:
        KitError: If the folder is missing or has no sound that can be used.
        ValueError: If `sample_rate` or `max_duration_s` is not greater than 0.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> import tempfile
        >>> import torch
        >>> from ddsp_drums.audio.files import write_audio
        >>> folder = tempfile.TemporaryDirectory()
        >>> for name in ("Kick-1.wav", "Kick-2.wav", "tom_floor.wav", "Cowbell.wav"):
        ...     write_audio(f"{folder.name}/{name}", torch.arange(1600).div(20).sin(), sample_rate=16000)
        >>> kit = load_folder(folder.name)
        >>> kit.classes, len(kit.drums["KD"][0].hits), dict(kit.left_out)
        (('KD', 'FT'), 2, {'Cowbell.wav': "named 'cowbell'"})
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
    named = [(name, _drum(key, hits)) for (name, key), hits in layers.items()]
    sounds = {id(drum): measure(drum.hits[:: len(drum.hits) // 5 + 1], sample_rate=sample_rate) for _, drum in named}
    drums: dict[str, list[Drum]] = defaultdict(list)
    for name, drum in _place_toms(_place_hats(named, sounds), sounds):
        reason = unlike(name, sounds[id(drum)]) if sample_rate >= MIN_RATE else ""
        if reason:
            left_out.update(dict.fromkeys(drum.files, reason))
        else:
            drums[name].append(drum)
    if not drums:
        raise _nothing(root, left_out)
    placed = {name: tuple(group) for name, group in drums.items()}
    return Kit(root.resolve().name, sample_rate, placed, find_licence(root), str(root), left_out)


def _nothing(root: Path, left_out: dict[str, str]) -> KitError:
    file, reason = next(iter(left_out.items()))
    return KitError(
        f"{root}: none of its {len(left_out)} audio files can be used as a drum, for example {file} ({reason}); "
        "name files or folders kick, snare, hihat closed and so on"
    )


def _read_hit(file: Path, sample_rate: int, max_duration_s: float) -> Tensor:
    audio = read_audio(file, sample_rate=sample_rate, max_duration_s=max_duration_s + LEADING_S)
    audio = without_offset(audio, sample_rate)
    if float(audio.abs().max()) < SILENCE:
        raise AudioFileError(f"{file}: silent (its peak is below -60 dB)")
    return cut(from_onset(audio, sample_rate), max(1, round(max_duration_s * sample_rate)), sample_rate).clone()


def _drum(key: str, hits: list[tuple[PurePosixPath, Tensor]]) -> Drum:
    """Order hits by the velocity they are named for, then by level in steps of 1 dB, then by name."""
    hits = sorted(hits, key=lambda item: (names.velocity(item[0]), round(_level_db(item[1]))))
    return Drum(key, tuple(hit for _, hit in hits), tuple(str(file) for file, _ in hits))


def _level_db(hit: Tensor) -> float:
    return float(10 * hit.square().sum().log10())


def _place_hats(drums: list[tuple[str, Drum]], sounds: dict[int, Sound]) -> list[tuple[str, Drum]]:
    """Make every hat of which no name says more (HH) a closed or an open one."""
    return [
        (("OHH" if sounds[id(drum)].decay_s > OPEN_S else "CHH") if name == "HH" else name, drum)
        for name, drum in drums
    ]


def _place_toms(drums: list[tuple[str, Drum]], sounds: dict[int, Sound]) -> list[tuple[str, Drum]]:
    """Give every tom without a place (TT) one among the toms of its set: high, mid or floor."""
    sets: dict[str, list[tuple[str, Drum]]] = defaultdict(list)
    for name, drum in drums:
        if name in (*TOMS, "TT"):
            sets[_tom_set(drum)].append((name, drum))
    placed = {}
    for group in sets.values():
        toms = [drum for name, drum in group if name == "TT"]
        numbers = [number for number in map(names.tom_number, (drum.name for drum in toms)) if number]
        order: list[float] = [*numbers]
        if len(numbers) < len(toms):
            order = [-sounds[id(drum)].pitch_hz for drum in toms]
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
