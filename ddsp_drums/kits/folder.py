"""The sounds of any folder of one-shots, by the names of its files and folders."""

import re
from pathlib import Path, PurePosixPath

from ddsp_drums.audio.files import AudioFileError, find_audio
from ddsp_drums.kits import names
from ddsp_drums.kits.assemble import Found
from ddsp_drums.kits.kit import KitError
from ddsp_drums.kits.taxonomy import Taxonomy

__all__ = ["find_in_folder"]


def find_in_folder(folder: Path, taxonomy: Taxonomy) -> list[Found]:
    """List the sounds in a folder and its subfolders.

    Names tell the class (see `classify`), the drum, and its layer: files that differ in nothing but a velocity, a
    round robin or a count are hits of one drum, those of one velocity its alternates.

    Raises:
        KitError: If the folder is missing or holds no audio.
    """
    try:
        files = find_audio(folder)
    except AudioFileError as error:
        raise KitError(str(error)) from error
    labels = sorted((PurePosixPath(file.relative_to(folder).as_posix()) for file in files), key=_natural)
    neighbours = names.first_words(labels)
    sounds = []
    for label in labels:
        name, note = names.match(label, neighbours, taxonomy)
        drum = names.drum_key(label, is_tom=name == "TT")
        sounds.append(Found(folder / label, str(label), name, note, drum, order=names.velocity(label)))
    return sounds


def _natural(path: PurePosixPath) -> list[tuple[int, str]]:
    """Sort numbers by value: 2 before 10."""
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts if part]
