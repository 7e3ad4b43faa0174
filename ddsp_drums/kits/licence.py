"""The licence that a kit brings with it."""

from pathlib import Path

__all__ = ["find_licence"]

# A phrase of the licence's text, and its SPDX name; the first that is found counts.
_PHRASES = {
    "CC0 1.0 Universal": "CC0-1.0",
    "Attribution-NonCommercial": "CC-BY-NC",
    "Attribution-ShareAlike 3.0": "CC-BY-SA-3.0",
    "Attribution-ShareAlike 4.0": "CC-BY-SA-4.0",
    "Attribution 3.0": "CC-BY-3.0",
    "Attribution 4.0": "CC-BY-4.0",
    "Apache License": "Apache-2.0",
    "MIT License": "MIT",
    "GNU GENERAL PUBLIC LICENSE": "GPL",
    "free and unencumbered": "Unlicense",
}


def find_licence(folder: Path) -> str | None:
    """Name the licence whose text lies in a folder as LICENSE, LICENCE or COPYING; None if no text is known."""
    for path in sorted(folder.iterdir()):
        if path.stem.lower() in ("license", "licence", "copying") and path.is_file():
            with path.open(encoding="utf-8", errors="replace") as file:
                text = " ".join(file.read(4000).split())
            return next((name for phrase, name in _PHRASES.items() if phrase.lower() in text.lower()), None)
    return None
