"""The sounds of a Hydrogen drum kit."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from xml.etree.ElementTree import Element

from ddsp_drums._xml import read_xml
from ddsp_drums.kits import names
from ddsp_drums.kits.assemble import Found
from ddsp_drums.kits.kit import KitError
from ddsp_drums.kits.mapped import by_key, is_absolute, locate
from ddsp_drums.kits.taxonomy import Taxonomy

__all__ = ["HydrogenKit", "read_hydrogen"]


class HydrogenKit(NamedTuple):
    """What a `drumkit.xml` says: sounds, name and licence."""

    sounds: list[Found]
    name: str
    licence: str | None


def read_hydrogen(path: Path, taxonomy: Taxonomy) -> HydrogenKit:
    """Read a `drumkit.xml`, with layers in instruments or, as from Hydrogen 0.9.7 on, in their components.

    Each instrument is a drum. Its name tells the class, else the names of its samples, else its `midiOutNote` (see
    `by_key`). Layers of one `max` are alternates. Levels are left as recorded.

    Raises:
        KitError: If the file is missing, too large or no XML of Hydrogen's, or declares entities, which may have no
            end; the message names it.
    """
    root = _parse(path)
    instruments = root.findall("{*}instrumentList/{*}instrument")
    layers = [
        (number, instrument, *layer) for number, instrument in enumerate(instruments) for layer in _layers(instrument)
    ]
    neighbours = names.first_words(PurePosixPath(sample) for _, _, sample, _ in layers)
    sounds = []
    for number, instrument, sample, top in layers:
        drum = _text(instrument, "name") or sample
        note = _text(instrument, "midiOutNote")
        key = int(note) if note.isdecimal() and len(note) <= 3 else None
        name, word = names.match_words(names.words(drum), (), taxonomy)
        reason = f"named {word!r}" if word else ""
        file, label = path, sample
        if is_absolute(sample) or ".." in re.split(r"[/\\]", sample):
            name, reason = None, "a path that leaves the kit's folder"
        else:
            file, label = locate(path.parent, sample)
            if name is None and not word:
                name, reason = names.match(PurePosixPath(label), neighbours, taxonomy)
        velocity = max(1.0, 127 * top)
        sounds.append((Found(file, label, name, reason, drum, f"instrument {number}", velocity), key))
    if not sounds:
        raise KitError(f"{path}: names no sound")
    licence = _text(root, "license")
    return HydrogenKit(
        by_key(sounds, taxonomy.gm_notes),
        _text(root, "name") or path.resolve().parent.name,
        licence if licence and not licence.startswith("undefined") else None,
    )


def _layers(instrument: Element) -> Iterator[tuple[str, float]]:
    """Give each sample of an instrument and the top of its velocity range, in [0, 1]."""
    layers = [*instrument.findall("{*}layer"), *instrument.findall("{*}instrumentComponent/{*}layer")]
    for layer in layers or [instrument]:  # the oldest kits have one file an instrument
        sample = _text(layer, "filename")
        try:
            top = float(_text(layer, "max") or 1)
        except ValueError:
            top = 1.0
        if sample:
            yield sample, top if 0 <= top <= 1 else 1.0


def _text(element: Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _parse(path: Path) -> Element:
    if not os.path.isfile(path):
        raise KitError(f"{path}: no such file")
    try:
        root = read_xml(path)
    except ValueError as error:
        raise KitError(str(error)) from error
    if not root.tag.endswith("drumkit_info"):
        raise KitError(f"{path}: not a Hydrogen drum kit (its first element is {root.tag[:40]!r})")
    return root
