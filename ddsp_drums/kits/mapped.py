"""What SFZ and Hydrogen kits have in common: they say which key plays which file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ddsp_drums.kits import names
from ddsp_drums.kits.assemble import Found

__all__ = ["by_key", "is_absolute", "locate"]

_KINDS = {"CHH": "HH", "OHH": "HH", "PHH": "HH", "HT": "TT", "MT": "TT", "FT": "TT"}


def by_key(sounds: Sequence[tuple[Found, int | None]], notes: Mapping[int, str]) -> list[Found]:
    """Place by their MIDI key the sounds of which no name tells the class, and the hats of which none tells the kind.

    Keys count only in a kit laid out as General MIDI is: where the names tell a class, at least half of the keys must
    say the same.

    Args:
        sounds: What was found, with the key that plays each.
        notes: Class id of each General MIDI note.
    """
    told = [(_kind(sound.name), _kind(notes.get(key))) for sound, key in sounds if sound.name and key is not None]
    if 2 * sum(name == own for name, own in told) < len(told):
        return [sound for sound, _ in sounds]
    placed = []
    for sound, key in sounds:
        name = notes.get(key) if key is not None else None
        if name and (sound.note == names.UNSAID or (sound.name == "HH" and _kind(name) == "HH")):
            sound = sound._replace(name=name, note=f"by its MIDI key {key}")
        placed.append(sound)
    return placed


def _kind(name: str | None) -> str | None:
    return _KINDS.get(name or "", name)


def is_absolute(sample: str) -> bool:
    """Whether a path is absolute, on any system."""
    return sample.startswith(("/", "\\")) or ":" in sample


def locate(folder: Path, sample: str) -> tuple[Path, str]:
    """Find the file that a kit means, whatever the case of its letters, and beside the kit if it is not at its place.

    Args:
        folder: Where the kit's own file lies.
        sample: Relative path of the sample; backslashes separate folders too.

    Returns:
        The file and its path from `folder`. Where there is none, both are as the kit says.
    """
    parts = [part for part in sample.replace("\\", "/").split("/") if part not in ("", ".")]
    for attempt in (parts, parts[-1:]):
        found = folder
        for part in attempt:
            found = _entry(found, part)
        if os.path.isfile(found):  # unlike Path.is_file, it says no to a name that is too long
            return found, Path(os.path.relpath(found, folder)).as_posix()
    return folder.joinpath(*parts), "/".join(parts)


def _entry(folder: Path, name: str) -> Path:
    exact = folder / name
    if os.path.lexists(exact) or not os.path.isdir(folder):
        return exact
    return next((folder / entry for entry in sorted(os.listdir(folder)) if entry.lower() == name.lower()), exact)
