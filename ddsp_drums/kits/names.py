"""What the name of a sound says: its class, its drum, its place among the layers of that drum."""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from ddsp_drums.kits.taxonomy import TAXONOMY, Taxonomy

__all__ = ["classify"]

UNSAID = "no name says what it is"

_TABLE = tomllib.loads(files(__package__).joinpath("names.toml").read_text("utf-8"))
_VELOCITY = {word: level for level, words in enumerate(_TABLE["velocity"], 1) for word in words}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")  # HH|Closed|12
_NOTE = re.compile(r"^(3[5-9]|[4-7]\d|8[01])[-_ ]")  # 36-Kick: the note comes first, one of GM's 35 to 81
_COUNT = re.compile(r"[-_ #]+\d{1,2}$|(?<=\d[a-z])\d\d$")  # Kick-2, K68c01
_LAYER = re.compile(r"[-_ ]*(?<![A-Za-z])(?:vl|vel|v|rr|dl)\d+$", re.IGNORECASE)  # sn_vl1_rr2
_LAST_WORD = re.compile(r"[-_ ]+([A-Za-z]+)$|(?<=[a-z])([A-Z][a-z]*)$")


def classify(path: str | PurePosixPath, *, taxonomy: Taxonomy = TAXONOMY) -> str | None:
    """Tell the class of a sound from its name, else from the names of its folders, the innermost first.

    The table of spellings is `names.toml` beside this module. A General MIDI note that begins the file name
    (`36-Kick`) counts where the words say nothing.

    Args:
        path: File name, with the folders inside the kit if there are any.
        taxonomy: Gives spellings of your own, which come before the table's, and the classes of notes.

    Returns:
        Class id, or None for a sound of no class. Without the sound, a numbered tom counts as one of three, and a
        hat of which nothing more is said as a closed one.

    Example:
        >>> [classify(name) for name in ("HHOpen#3.wav", "808/Kick Long.wav", "sd/14.wav", "Cowbell.wav")]
        ['OHH', 'KD', 'SD', None]
    """
    path = PurePosixPath(path)
    name, _ = match(path, {}, taxonomy)
    if name == "TT":
        number = tom_number(drum_key(path, is_tom=True))
        return {1: "HT", 2: "MT"}.get(number, "FT") if number else "MT"
    return "CHH" if name == "HH" else name


def match(
    path: PurePosixPath, neighbours: Mapping[PurePosixPath, Collection[str]], taxonomy: Taxonomy
) -> tuple[str | None, str]:
    """Tell the class of a path (TT a tom without a place, HH a hat of any kind) and how it was guessed, if it was.

    Args:
        path: Path inside the kit.
        neighbours: For each folder, the first words of the names in it; see `first_words`.
        taxonomy: Spellings and notes.

    Returns:
        Class id, and the guess ("" if a word names the class); or None and the reason.
    """
    found, word = match_words(words(path.stem), neighbours.get(path.parent, ()), taxonomy)
    if found is None and word:
        return None, f"named {word!r}"
    folders = [folder for folder in path.parents if folder.name]
    if found:
        for folder in folders:
            text = words(folder.name)
            spoiler = _first(text, _TABLE["left_out_folders"])
            if spoiler and match_words(text, (), taxonomy)[0] != found:
                return None, f"{found} in a folder named {spoiler!r}"
        return found, ""
    note = _NOTE.match(path.name)
    if note:
        name = taxonomy.gm_notes.get(int(note[1]))
        return name, f"by the General MIDI note {note[1]} in its name" if name else f"GM note {note[1]} has no class"
    for folder in folders:
        found, word = match_words(words(folder.name), neighbours.get(folder.parent, ()), taxonomy)
        if found or word:
            return found, "" if found else f"in a folder named {word!r}"
    return None, UNSAID


def first_words(paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, set[str]]:
    """Collect, for each folder of a kit, the first word of every name in it."""
    found: dict[PurePosixPath, set[str]] = defaultdict(set)
    for path in paths:
        for entry in (path, *path.parents):
            first = words(entry.stem).split()
            if first:
                found[entry.parent].add(first[0])
    return found


def words(name: str) -> str:
    """Split a name at separators, digits and capitals into lower-case words without accents, ` hh closed 3 `."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f" {' '.join(_WORD.findall(plain)).lower()} "


def drum_key(path: PurePosixPath, *, is_tom: bool = False) -> str:
    """Name the drum that a sound is a layer of: its path without numbers and words that only tell layers apart.

    Args:
        path: Path inside the kit.
        is_tom: Whether a number tells the drum rather than the layer if it is the only one, as in `Tom 2`.
    """
    bare = re.sub(r"^\d+[-_ ]+", "", path.stem)
    if bare and path.parent.name.lower().startswith(bare.lower()):
        return str(path.parent)  # Snare1/19-Snare
    key = path.stem
    while True:
        shorter = _LAYER.sub("", key)
        last = _LAST_WORD.search(shorter)
        if last and ((last[1] or last[2]).lower() in _VELOCITY or last[1] == "OH"):  # OH: overheads
            shorter = shorter[: last.start()]
        if key == path.stem and not (is_tom and _is_only_number(shorter)):
            shorter = _COUNT.sub("", shorter)
        shorter = shorter.rstrip("-_ #")
        if shorter == key or not re.search("[A-Za-z]", shorter):
            return str(path.parent / key)
        key = shorter


def velocity(path: PurePosixPath) -> int:
    """Tell the velocity that a name claims, as a number to sort by; 0 if it claims none."""
    numbered = re.search(r"(?<![A-Za-z])(?:vl|vel|v|dl)(\d+)", path.stem, re.IGNORECASE)
    if numbered:
        return int(numbered[1])
    return max((_VELOCITY[word] for word in words(path.stem).split() if word in _VELOCITY), default=0)


def tom_number(key: str) -> int | None:
    """The number in the name of a tom, inches or a count: either rises as the pitch falls."""
    numbers = re.findall(r"\d+", _NOTE.sub("", key.rsplit("/", 1)[-1], count=1))
    return int(numbers[0]) if numbers else None


def _is_only_number(name: str) -> bool:
    numbers = re.findall(r"\d+", _NOTE.sub("", name, count=1))
    return len(numbers) == 1 and not numbers[0].startswith("0")


def match_words(text: str, neighbours: Collection[str], taxonomy: Taxonomy) -> tuple[str | None, str]:
    """The class that `words` of a name tell and no word, or no class and the word that forbids one."""
    for rule in _rules(taxonomy):
        word = _first(text, rule["any"])
        if (
            word
            and ("also" not in rule or _first(text, rule["also"]))
            and ("beside" not in rule or not set(rule["beside"]).isdisjoint(neighbours))
        ):
            return (None, word) if rule["class"] == "none" else (rule["class"], "")
    return None, ""


@lru_cache
def _rules(taxonomy: Taxonomy) -> tuple[dict[str, Any], ...]:
    """Make the spellings of a taxonomy the first rules."""
    spelled = [(i.id, [words(spelling).strip() for spelling in i.spellings]) for i in taxonomy.instruments]
    return (*({"class": name, "any": phrases} for name, phrases in spelled if phrases), *_TABLE["rule"])


def _first(text: str, phrases: list[str]) -> str:
    return next((phrase for phrase in phrases if f" {phrase} " in text), "")
