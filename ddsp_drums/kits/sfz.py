"""The sounds of an SFZ instrument."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ddsp_drums.kits import names
from ddsp_drums.kits.assemble import Found
from ddsp_drums.kits.kit import KitError
from ddsp_drums.kits.mapped import by_key, is_absolute, locate
from ddsp_drums.kits.taxonomy import Taxonomy

__all__ = ["find_in_sfz"]

MAX_TEXT = 1 << 24  # characters, includes counted as often as they are included
MAX_LINE = 10_000
MAX_VALUE = 256  # of a #define
MAX_DEPTH = 16  # of includes in includes
MAX_FILES = 1000

_LEVELS = ("control", "global", "master", "group", "region")
_TOKEN = re.compile(r"<(\w+)>|(?<!\S)([\w$]+)=")
_CONDITIONS = ("locc", "hicc", "sw_last")
_COMMENT = re.compile(r"//|/\*")
_VARIABLE = re.compile(r"\$(\w{1,64})")
_DEFINE = re.compile(r"#define\s+\$(\w+)\s+(\S+)")
_INCLUDE = re.compile(r'#include\s+"([^"]*)"')
_NOTE = re.compile(r"([a-g])([#b♯♭]?)(-?\d+)", re.IGNORECASE)
_SEMITONE = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


def find_in_sfz(path: Path, taxonomy: Taxonomy) -> list[Found]:
    """List the sounds of the regions of an SFZ file.

    Read are `<control>`, `<global>`, `<master>`, `<group>` and `<region>` with `sample`, `default_path`, `key` or
    `pitch_keycenter`, `lokey` and `hikey`, `hivel`, conditions on controllers (`locc`, `hicc`) and `trigger`;
    `#include` and `#define`; comments. Regions of one key, class and condition are hits of one drum: those of one
    `hivel` are its alternates, be they told apart by `seq_position`, by `lorand`, or not at all, as the
    microphones of a mixer are. A sample of several regions is a hit of the first of these drums, at its highest
    velocity there. Levels and filters are left as recorded. Other opcodes mean nothing here.

    The name of a sample tells its class, else its key does (see `by_key`).

    Raises:
        KitError: If the file is missing, is no SFZ, or includes itself; the message names it.

    Source:
        sfzformat.com, SFZ versions 1 and 2, and the ARIA extensions.
    """
    left_out: dict[str, Found] = {}
    hits: dict[str, _Hit] = {}
    for region in _regions(path):
        sample = region.get("sample", "")
        reason = _unplayed(region, sample)
        if reason:
            left_out.setdefault(sample, Found(path, sample or "<region>", None, reason, sample))
            continue
        file, label = locate(path.parent, region.get("default_path", "") + sample)
        key = _key(region)
        conditions = sorted(f"{name}={value}" for name, value in region.items() if name.startswith(_CONDITIONS))
        velocity = min(max(_number(region.get("hivel", "127"), 127), 1), 127)
        hit = _Hit(file, key, " ".join([f"key {key}", *conditions]), velocity)
        first = hits.setdefault(label, hit)
        if hit.drum == first.drum:
            hits[label] = max(first, hit, key=lambda one: one.velocity)
    if not hits and not left_out:
        raise KitError(f"{path}: has no <region>; is it an SFZ file?")
    neighbours = names.first_words(map(PurePosixPath, hits))
    drums: dict[tuple[str | None, str], str] = {}
    sounds = []
    for label, hit in hits.items():
        name, note = names.match(PurePosixPath(label), neighbours, taxonomy)
        drum = names.drum_key(PurePosixPath(label), is_tom=name == "TT")
        drum = drums.setdefault((name, hit.drum), drum)  # all are named for the first
        sounds.append((Found(hit.file, label, name, note, drum, hit.drum, hit.velocity), hit.key))
    return [*by_key(sounds, taxonomy.gm_notes), *left_out.values()]


class _Hit(NamedTuple):
    file: Path
    key: int | None
    drum: str
    velocity: float


def _unplayed(region: Mapping[str, str], sample: str) -> str:
    """Why a region is no hit."""
    if not sample:
        return "names no sample"
    if sample.startswith("*"):
        return "made by the sampler, not read from a file"
    if is_absolute(sample):
        return "an absolute path; want one relative to the SFZ file"
    if region.get("end") == "-1":
        return "switched off by end=-1"
    if region.get("trigger", "attack").startswith("release"):
        return "sounds when a key is released"
    return ""


def _key(region: Mapping[str, str]) -> int | None:
    """The MIDI key of a region; of a range, the one at which the sample plays as recorded."""
    low, high = _note(region.get("lokey", "")), _note(region.get("hikey", ""))
    centre = _note(region.get("pitch_keycenter", ""))
    key = _note(region.get("key", ""))
    if key is None:
        known = centre is not None and (low or 0) <= centre <= (127 if high is None else high)
        key = centre if known else low if low is not None else high
    if key is None:
        return None
    offset = _number(region.get("note_offset", "0"), 0) + 12 * _number(region.get("octave_offset", "0"), 0)
    return key + round(offset) if 0 <= key + offset <= 127 else None


def _note(text: str) -> int | None:
    """Read a key, as a number or as a name with c4 for 60."""
    named = _NOTE.fullmatch(text)
    if named:
        sharp = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(named[2], 0)
        return 12 * (int(named[3]) + 1) + _SEMITONE[named[1].lower()] + sharp
    return int(text) if re.fullmatch(r"-?\d{1,3}", text) else None


def _number(text: str, default: float) -> float:
    return float(text) if re.fullmatch(r"-?\d{1,9}(\.\d*)?", text) else default


def _regions(path: Path) -> Iterator[dict[str, str]]:
    """Give the opcodes of each region, with what it inherits."""
    scopes: dict[str, dict[str, str]] = {level: {} for level in _LEVELS}
    header = ""
    for token, value in _Reader(path).tokens(path, ()):
        if value is not None:
            scopes.get(header, {})[token] = value
            continue
        if header == "region":
            yield _merge(scopes)
        header = token
        if header in _LEVELS[1:]:  # control stays in force
            scopes.update((level, {}) for level in _LEVELS[_LEVELS.index(header) :])
    if header == "region":
        yield _merge(scopes)


def _merge(scopes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {name: value for level in _LEVELS for name, value in scopes[level].items()}


class _Reader:
    """Read the tokens of a file and of what it includes; bounded, whatever the files say."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.left = MAX_TEXT
        self.files = 0
        self.defines: dict[str, str] = {}

    def tokens(self, path: Path, outer: tuple[Path, ...]) -> Iterator[tuple[str, str | None]]:
        """Give each header as (name, None) and each opcode as (name, value)."""
        if path in outer or len(outer) > MAX_DEPTH:
            raise KitError(f"{self.root}: {path.name} includes itself")
        self.files += 1
        if self.files > MAX_FILES:
            raise KitError(f"{self.root}: includes more than {MAX_FILES} files")
        for line in _uncommented(path, self._text(path)):
            if line.lstrip().startswith("#define"):
                self.defines.update((name, value[:MAX_VALUE]) for name, value in _DEFINE.findall(line))
                continue
            line = _VARIABLE.sub(self._value, line)
            self._spend(len(line))
            include = _INCLUDE.search(line)
            if include:
                if is_absolute(include[1]):
                    raise KitError(f"{self.root}: includes {include[1]!r}, an absolute path; want a relative one")
                yield from self.tokens(locate(self.root.parent, include[1])[0], (*outer, path))
                continue
            found = list(_TOKEN.finditer(line))
            ends = [*(match.start() for match in found), len(line)][1:]
            for match, end in zip(found, ends, strict=True):
                yield (match[1], None) if match[1] else (match[2], line[match.end() : end].strip())

    def _text(self, path: Path) -> str:
        if not os.path.isfile(path):
            what = "" if path == self.root else f"includes {path.name!r}, "
            raise KitError(f"{self.root}: {what}no such file")
        if path.stat().st_size > MAX_TEXT:
            raise KitError(f"{path}: too large for an SFZ file ({path.stat().st_size} bytes)")
        data = path.read_bytes()
        self._spend(len(data))
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def _spend(self, characters: int) -> None:
        self.left -= characters
        if self.left < 0:
            raise KitError(f"{self.root}: its includes and definitions make more than {MAX_TEXT} characters")

    def _value(self, match: re.Match[str]) -> str:
        """The value of the longest definition with which a variable begins, once: values are not expanded again."""
        name = match[1]
        for end in range(len(name), 0, -1):
            if name[:end] in self.defines:
                return self.defines[name[:end]] + name[end:]
        return match[0]


def _uncommented(path: Path, text: str) -> Iterator[str]:
    """Give the lines without // and /* */ comments."""
    commented = False
    for line in text.splitlines():
        if len(line) > MAX_LINE:
            raise KitError(f"{path}: a line of {len(line)} characters; is it an SFZ file?")
        kept = ""
        while line:
            if commented:
                _, end, line = line.partition("*/")
                commented = not end
                continue
            comment = _COMMENT.search(line)
            if comment is None:
                kept += line
                break
            kept += line[: comment.start()]
            commented = comment[0] == "/*"
            line = line[comment.end() :] if commented else ""
        yield kept
