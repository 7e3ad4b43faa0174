"""The instrument classes and the maps of other vocabularies to them, read from `taxonomy.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = [
    "BY_ID",
    "GM_NOTES",
    "GROOVE_NOTES",
    "INSTRUMENTS",
    "MDB_SUBCLASSES",
    "PUBLISHED_11",
    "SIX",
    "THREE",
    "Instrument",
]


@dataclass(frozen=True)
class Instrument:
    """One class of drum sound.

    Args:
        id: Short name, as in `KD`.
        name: Readable name.
        gm_note: The General MIDI percussion note to write for it.
        colour: Hex colour for plots.
        six: Its parent among the six classes of MDB Drums.
        three: Its parent among kick, snare and hi-hat; None for every other instrument.

    Source:
        Classes: Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 4, and a side stick.
        Parents: Southall et al., "MDB Drums", ISMIR 2017.

    Example:
        >>> BY_ID["SST"]
        Instrument(id='SST', name='side stick', gm_note=37, colour='#56b4e9', six='OT', three=None)
        >>> [GROOVE_NOTES[note] for note in (36, 22, 58)]
        ['KD', 'CHH', 'FT']
    """

    id: str
    name: str
    gm_note: int
    colour: str
    six: str
    three: str | None = None


def _by_member(groups: Mapping[str, list[Any]]) -> Mapping[Any, str]:
    """Turn {class: [members]} into {member: class}."""
    return MappingProxyType({member: name for name, members in groups.items() for member in members})


_DATA = tomllib.loads(files(__package__).joinpath("taxonomy.toml").read_text("utf-8"))

INSTRUMENTS: tuple[Instrument, ...] = tuple(Instrument(**entry) for entry in _DATA["instrument"])
BY_ID: Mapping[str, Instrument] = MappingProxyType({instrument.id: instrument for instrument in INSTRUMENTS})
PUBLISHED_11: tuple[str, ...] = tuple(_DATA["published_11"])
SIX: tuple[str, ...] = tuple(_DATA["six"])
THREE: tuple[str, ...] = tuple(_DATA["three"])
MDB_SUBCLASSES: Mapping[str, str] = _by_member(_DATA["mdb_subclasses"])
GM_NOTES: Mapping[int, str] = _by_member(_DATA["gm_notes"])
GROOVE_NOTES: Mapping[int, str] = _by_member(_DATA["groove_notes"])
