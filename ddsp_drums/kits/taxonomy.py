"""The instrument classes and the maps of other vocabularies to them, read from `taxonomy.toml`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from pathlib import Path
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
    "TAXONOMY",
    "THREE",
    "Instrument",
    "Taxonomy",
    "load_taxonomy",
]

_MAPS = ("mdb_subclasses", "gm_notes", "groove_notes")


@dataclass(frozen=True)
class Instrument:
    """One class of drum sound.

    Args:
        id: Short name, as in `KD`.
        name: Readable name.
        gm_note: The General MIDI percussion note to write for it, 0 to 127.
        colour: Hex colour for plots, as in `#c1272d`.
        six: Its parent among the six classes of MDB Drums.
        three: Its parent among kick, snare and hi-hat; None for every other instrument.
        spellings: Words that file names use for it, beside those of `names.toml`.

    Source:
        Classes: Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, section 4, a side stick and a clap.
        Parents: Southall et al., "MDB Drums", ISMIR 2017.

    Example:
        >>> BY_ID["SST"]
        Instrument(id='SST', name='side stick', gm_note=37, colour='#56b4e9', six='OT', three=None, spellings=())
        >>> [GROOVE_NOTES[note] for note in (36, 22, 58)]
        ['KD', 'CHH', 'FT']
    """

    id: str
    name: str
    gm_note: int
    colour: str
    six: str
    three: str | None = None
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """Instruments, and the maps of other vocabularies to them.

    Args:
        instruments: In the order in which arrays hold them.
        mdb_subclasses: Id for each of the 21 labels of MDB Drums.
        gm_notes: Id for each General MIDI percussion note that has a class.
        groove_notes: Id for each note that the kit of the Groove MIDI Dataset sends.

    Source:
        As of :class:`Instrument`; the notes of General MIDI 1, and those of Gillick et al., "Learning to Groove with
        Inverse Sequence Transformations", ICML 2019.

    Example:
        >>> TAXONOMY.by_id["KD"].name, TAXONOMY.gm_notes[38], TAXONOMY.groove_notes[58]
        ('kick', 'SD', 'FT')
    """

    instruments: tuple[Instrument, ...]
    mdb_subclasses: Mapping[str, str]
    gm_notes: Mapping[int, str]
    groove_notes: Mapping[int, str]
    by_id: Mapping[str, Instrument] = field(init=False)

    def __repr__(self) -> str:
        """Name the instruments: all that is known of them is pages long."""
        return f"Taxonomy({', '.join(self.by_id)})"

    def __post_init__(self) -> None:
        by_id = MappingProxyType({instrument.id: instrument for instrument in self.instruments})
        object.__setattr__(self, "by_id", by_id)

    def __reduce__(self) -> tuple[type["Taxonomy"], tuple[object, ...]]:
        """Pickle what it was made of, as views of mappings cannot be."""
        maps = (dict(each) for each in (self.mdb_subclasses, self.gm_notes, self.groove_notes))
        return Taxonomy, (self.instruments, *maps)

    def including(self, own: Sequence[Instrument]) -> "Taxonomy":
        """Add instruments; one of a known id or note takes that one's place."""
        by_id = {**self.by_id, **{instrument.id: instrument for instrument in own}}
        gm_notes = {**self.gm_notes, **{instrument.gm_note: instrument.id for instrument in own}}
        return replace(self, instruments=tuple(by_id.values()), gm_notes=MappingProxyType(gm_notes))


def load_taxonomy(path: str | Path) -> Taxonomy:
    """Read instruments of your own, which join those of the toolkit.

    The file has the form of `taxonomy.toml` beside this module. An instrument of a known id takes that one's place.
    Its `gm_note` is read as it; further notes and labels may be mapped to it::

        [[instrument]]
        id = "COW"
        name = "cowbell"
        gm_note = 56
        colour = "#7f7f7f"
        six = "OT"
        spellings = ["cowbell", "cow bell", "cb"]

        [groove_notes]
        COW = [54]

    Args:
        path: The TOML file.

    Returns:
        The instruments of the toolkit, then yours. Give it to `load_kit`, its `gm_notes` to `read_midi`.

    Raises:
        ValueError: If the file is missing or is not as described; the message names it and the entry.

    Example:
        >>> import tempfile
        >>> file = tempfile.NamedTemporaryFile("w", suffix=".toml")
        >>> _ = file.write('instrument = [{id="COW", name="cowbell", gm_note=56, colour="#7f7f7f", six="OT"}]')
        >>> file.flush()
        >>> taxonomy = load_taxonomy(file.name)
        >>> taxonomy.gm_notes[56], taxonomy.by_id["COW"].six, len(taxonomy.instruments)
        ('COW', 'OT', 14)
    """
    try:
        data = tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: not readable as TOML ({error})") from error
    try:
        return _extend(TAXONOMY, data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"{path}: has not the form that load_taxonomy describes ({error})") from error


def _extend(base: Taxonomy, data: Mapping[str, Any]) -> Taxonomy:
    unknown = set(data) - {"instrument", *_MAPS}
    if unknown:
        raise ValueError(f"unknown entry {min(unknown)}; it may have instrument, {', '.join(_MAPS)}")
    own = [_instrument(entry) for entry in data.get("instrument", [])]
    base = base.including(own)
    maps = {name: dict(getattr(base, name)) for name in _MAPS}
    for name in _MAPS:
        groups = data.get(name, {})
        strange = set(groups) - set(base.by_id)
        if strange:
            raise ValueError(f"{name}: {min(strange)} is no instrument; add it as one")
        maps[name].update(_by_member(groups))
    frozen: dict[str, Any] = {name: MappingProxyType(members) for name, members in maps.items()}
    return replace(base, **frozen)


def _instrument(entry: Mapping[str, Any]) -> Instrument:
    name = entry.get("id")
    known = {f.name for f in fields(Instrument)}
    wanted = known - {"three", "spellings"}
    if set(entry) - known or wanted - set(entry):
        raise ValueError(f"instrument {name}: must have {', '.join(sorted(wanted))}, got {', '.join(sorted(entry))}")
    if not isinstance(name, str) or not name or name == "none":
        raise ValueError(f"instrument {name}: its id must be a short word other than none")
    if type(entry["gm_note"]) is not int or not 0 <= entry["gm_note"] <= 127:
        raise ValueError(f"instrument {name}: gm_note must be 0 to 127, got {entry['gm_note']!r}")
    if not re.fullmatch("#[0-9a-fA-F]{6}", str(entry["colour"])):
        raise ValueError(f"instrument {name}: colour must be like #7f7f7f, got {entry['colour']!r}")
    for parent, allowed in (("six", SIX), ("three", (None, *THREE))):
        if entry.get(parent) not in allowed:
            raise ValueError(f"instrument {name}: {parent} must be one of {allowed}, got {entry.get(parent)!r}")
    spellings = tuple(entry.get("spellings", ()))
    if not all(isinstance(spelling, str) for spelling in spellings):
        raise ValueError(f"instrument {name}: spellings must be words, got {spellings}")
    return Instrument(**{**entry, "spellings": spellings})


def _by_member(groups: Mapping[str, list[Any]]) -> dict[Any, str]:
    """Turn {class: [members]} into {member: class}."""
    return {member: name for name, members in groups.items() for member in members}


_DATA = tomllib.loads(files(__package__).joinpath("taxonomy.toml").read_text("utf-8"))

PUBLISHED_11: tuple[str, ...] = tuple(_DATA.pop("published_11"))
SIX: tuple[str, ...] = tuple(_DATA.pop("six"))
THREE: tuple[str, ...] = tuple(_DATA.pop("three"))
TAXONOMY: Taxonomy = _extend(Taxonomy((), {}, {}, {}), _DATA)
INSTRUMENTS: tuple[Instrument, ...] = TAXONOMY.instruments
BY_ID: Mapping[str, Instrument] = TAXONOMY.by_id
MDB_SUBCLASSES: Mapping[str, str] = TAXONOMY.mdb_subclasses
GM_NOTES: Mapping[int, str] = TAXONOMY.gm_notes
GROOVE_NOTES: Mapping[int, str] = TAXONOMY.groove_notes
