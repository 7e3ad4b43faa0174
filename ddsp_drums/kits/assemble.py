"""Make a kit of the sounds that an importer found: read them, tell hats and toms apart, refuse what cannot be."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from torch import Tensor

from ddsp_drums.audio.files import AudioFileError, read_audio
from ddsp_drums.kits import names
from ddsp_drums.kits.kit import Drum, Kit, KitError, cut
from ddsp_drums.kits.licence import find_licence
from ddsp_drums.kits.overrule import read_overrule
from ddsp_drums.kits.sounds import Sound, from_onset, measure, unlike, without_offset
from ddsp_drums.kits.taxonomy import TAXONOMY

__all__ = ["TOMS", "Found", "assemble"]

SILENCE = 1e-3  # -60 dB: a file that never gets louder holds no stroke
MIN_RATE = 16000  # below it, too little of a cymbal is left to tell it by
LEADING_S = 2.0  # silence before a stroke for which there is room
OPEN_S = 0.25  # a hat that rings longer than this is open
TOMS = ("HT", "MT", "FT")


class Found(NamedTuple):
    """A sound that an importer found.

    Attributes:
        file: The file to read.
        label: Its path inside the kit.
        name: Class id; TT for a tom without a place, HH for a hat of any kind, None for a sound to leave out.
        note: How its class was guessed, or why it is left out; "" where a name tells its class.
        drum: Name of the drum that it is a hit of. Drums of one name and several classes are several.
        key: What else tells drums of one name apart.
        velocity: The highest MIDI velocity at which it plays; without one, the hits of a drum are spread.
        order: Rank among the layers of its drum; 0 where nothing tells.
        sure: Whether a person told the class, so that nothing heard speaks against it.
    """

    file: Path
    label: str
    name: str | None
    note: str
    drum: str
    key: str = ""
    velocity: float | None = None
    order: float = 0
    sure: bool = False


class _Part(NamedTuple):
    """A drum and its class."""

    name: str
    drum: Drum
    sure: bool


def assemble(
    sounds: Iterable[Found],
    folder: Path,
    *,
    name: str,
    source: str,
    licence: str | None,
    sample_rate: int,
    max_duration_s: float,
) -> Kit:
    """Read what was found, and make a kit of it.

    Args:
        sounds: What was found, in the order of drums and hits; a sound found again is left alone.
        folder: Where the kit's licence and its `kit.toml` lie.
        name: Readable name, unless `kit.toml` gives one.
        source: Where the kit comes from, unless `kit.toml` says it.
        licence: Its licence if it says so itself.
        sample_rate: Rate of the kit in Hz.
        max_duration_s: Length in seconds after which a hit is cut.

    Raises:
        KitError: If no sound can be used, or `kit.toml` is not as it must be.
    """
    overrule = read_overrule(folder)
    left_out: dict[str, str] = {}
    guessed: dict[str, str] = {}
    layers: dict[tuple[str, str, str], list[tuple[Found, Tensor]]] = defaultdict(list)
    once: dict[str, Found] = {}
    for sound in sounds:
        once.setdefault(sound.label, sound)
    for sound in overrule.apply(once.values()):
        if sound.name is None:
            left_out[sound.label] = sound.note
            continue
        try:
            hit = _read_hit(sound.file, sample_rate, max_duration_s)
        except AudioFileError as error:
            left_out[sound.label] = str(error).removeprefix(f"{sound.file}: ")
            continue
        if sound.note:
            guessed[sound.label] = sound.note
        layers[sound.name, sound.drum, sound.key].append((sound, hit))
    parts = [_Part(key, _drum(drum, hits), hits[0][0].sure) for (key, drum, _), hits in layers.items()]
    measured = {id(part.drum): measure(_some(part.drum.hits), sample_rate=sample_rate) for part in parts}
    drums: dict[str, list[Drum]] = defaultdict(list)
    for part in _place_toms(_place_hats(parts, measured, guessed), measured, guessed):
        check = sample_rate >= MIN_RATE and not part.sure
        reason = unlike(part.name, measured[id(part.drum)]) if check else ""
        if reason:
            left_out.update(dict.fromkeys(part.drum.files, reason))
        else:
            drums[part.name].append(part.drum)
    if not drums:
        raise _nothing(source, left_out)
    used = {file for group in drums.values() for drum in group for file in drum.files}
    return Kit(
        overrule.name or name,
        sample_rate,
        {key: tuple(group) for key, group in drums.items()},
        overrule.licence or licence or find_licence(folder),
        overrule.source or source,
        left_out,
        {label: note for label, note in guessed.items() if label in used},
    )


def _nothing(source: str, left_out: dict[str, str]) -> KitError:
    file, reason = next(iter(left_out.items()))
    return KitError(
        f"{source}: none of its {len(left_out)} sounds can be used as a drum, for example {file} ({reason}); "
        "name files or folders kick, snare, hihat closed and so on, or say in a kit.toml what they are"
    )


def _read_hit(file: Path, sample_rate: int, max_duration_s: float) -> Tensor:
    audio = read_audio(file, sample_rate=sample_rate, max_duration_s=max_duration_s + LEADING_S)
    audio = without_offset(audio, sample_rate)
    if float(audio.abs().max()) < SILENCE:
        raise AudioFileError(f"{file}: silent (its peak is below -60 dB)")
    return cut(from_onset(audio, sample_rate), max(1, round(max_duration_s * sample_rate)), sample_rate).clone()


def _drum(key: str, hits: list[tuple[Found, Tensor]]) -> Drum:
    """Order hits by velocity, then by level in steps of 1 dB; those of one velocity are alternates."""
    hits = sorted(hits, key=lambda item: (item[0].velocity or 0, item[0].order, round(_level_db(item[1]))))
    if all(sound.velocity for sound, _ in hits):
        velocities = [sound.velocity or 0 for sound, _ in hits]
    else:
        orders = [sound.order for sound, _ in hits]
        starts = [order == 0 or not i or order != orders[i - 1] for i, order in enumerate(orders)]
        velocities = [127 * sum(starts[: i + 1]) / sum(starts) for i in range(len(hits))]
    return Drum(key, tuple(hit for _, hit in hits), tuple(sound.label for sound, _ in hits), tuple(velocities))


def _level_db(hit: Tensor) -> float:
    return float(10 * hit.square().sum().log10())


def _some(hits: Sequence[Tensor]) -> Sequence[Tensor]:
    return hits[:: len(hits) // 5 + 1]


def _place_hats(parts: list[_Part], measured: dict[int, Sound], guessed: dict[str, str]) -> list[_Part]:
    """Make every hat of which nothing says more (HH) a closed or an open one."""
    placed = []
    for part in parts:
        if part.name == "HH":
            decay_s = measured[id(part.drum)].decay_s
            guessed.update(dict.fromkeys(part.drum.files, f"closed or open by its decay ({decay_s:.2f} s)"))
            part = part._replace(name="OHH" if decay_s > OPEN_S else "CHH")
        placed.append(part)
    return placed


def _place_toms(parts: list[_Part], measured: dict[int, Sound], guessed: dict[str, str]) -> list[_Part]:
    """Give every tom without a place (TT) one among the toms of its set: high, mid or floor."""
    sets: dict[str, list[_Part]] = defaultdict(list)
    for part in parts:
        if part.name in (*TOMS, "TT"):
            sets[_tom_set(part.drum)].append(part)
    placed = {}
    for group in sets.values():
        toms = [part.drum for part in group if part.name == "TT"]
        numbers = [number for number in map(names.tom_number, (drum.name for drum in toms)) if number]
        order: list[float] = [*numbers]
        if len(numbers) < len(toms):
            order = [-measured[id(drum)].pitch_hz for drum in toms]
        ranks = sorted(set(order))
        places = TOMS[:2] if any(part.name == "FT" for part in group) else TOMS
        for drum, value in zip(toms, order, strict=True):
            rank = ranks.index(value)
            placed[id(drum)] = _place(rank, len(ranks), places)
            how = f"pitch ({-value:.0f} Hz)" if value < 0 else f"number ({value})"
            guessed.update(dict.fromkeys(drum.files, f"tom {rank + 1} of {len(ranks)} by its {how}"))
    return [part._replace(name=placed.get(id(part.drum), part.name)) for part in parts]


def _place(rank: int, count: int, places: tuple[str, ...]) -> str:
    """Spread `count` toms over the places, the outermost ones at the ends; a single one is a high or a mid tom."""
    if count == 1:
        return places[(len(places) - 1) // 2]
    return places[int(rank * (len(places) - 1) / (count - 1) + 0.5)]


def _tom_set(drum: Drum) -> str:
    """The folder that holds the toms of one kit: what comes before the first name of a tom."""
    path = PurePosixPath(drum.files[0])
    for folder in [*reversed(path.parents), path]:
        if folder.name and names.match(PurePosixPath(folder.name), {}, TAXONOMY)[0] in (*TOMS, "TT"):
            return str(folder.parent)
    return str(path.parent)
