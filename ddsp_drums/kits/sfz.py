"""The sounds of an SFZ instrument."""

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ddsp_drums.kits import names
from ddsp_drums.kits.assemble import Found
from ddsp_drums.kits.kit import KitError
from ddsp_drums.kits.mapped import by_key, is_absolute, locate
from ddsp_drums.kits.sfz_text import read_regions
from ddsp_drums.kits.taxonomy import Taxonomy

__all__ = ["find_in_sfz"]

_CONDITIONS = ("locc", "hicc", "sw_last")
_NOTE = re.compile(r"([a-g])([#b♯♭]?)(-?\d{1,2})", re.IGNORECASE)
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
    find = cache(partial(locate, path.parent))  # many regions may play one sample
    for region in read_regions(path):
        sample = region.get("sample", "")
        if sample and not sample.startswith("*"):
            sample = region.get("default_path", "") + sample
        reason = _unplayed(region, sample)
        if reason:
            left_out.setdefault(sample, Found(path, sample or "<region>", None, reason, sample))
            continue
        file, label = find(sample)
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
