"""What a person says about a kit in the `kit.toml` beside its sounds; it overrules what names and keys tell."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from ddsp_drums.kits.kit import KitError

if TYPE_CHECKING:
    from ddsp_drums.kits.assemble import Found

__all__ = ["Overrule", "read_overrule"]

_TEXTS = ("name", "licence", "source")


@dataclass(frozen=True)
class Overrule:
    """The contents of a `kit.toml`.

    Every entry may be absent. Under `classes` stand patterns of files, relative to the folder, where `*` stands for
    anything, for each class; it may be one of your own. The last pattern that fits a file counts::

        name = "Kitchen"
        licence = "CC0-1.0"
        source = "recorded at home"

        [classes]
        KD = ["pot_low_*.wav"]
        SD = ["pans/*"]
        gong = ["lid.wav"]
        none = ["pans/dropped.wav"]  # left out

    Args:
        path: The file, for messages.
        name: Name of the kit.
        licence: Its licence.
        source: Where it comes from.
        classes: Pattern to class id, or to none.

    Example:
        >>> from ddsp_drums.kits.assemble import Found
        >>> overrule = Overrule(Path("kit.toml"), classes={"pans/*": "SD"})
        >>> [found.name for found in overrule.apply([Found(Path("a.wav"), "pans/a.wav", None, "", "a")])]
        ['SD']
    """

    path: Path
    name: str | None = None
    licence: str | None = None
    source: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)

    def apply(self, sounds: "Iterable[Found]") -> "list[Found]":
        """Give the sounds the classes that the file says.

        Raises:
            KitError: If a pattern fits no sound.
        """
        overruled, fitted = [], set()
        for sound in sounds:
            fits = [pattern for pattern in self.classes if fnmatchcase(sound.label, pattern)]
            fitted.update(fits)
            name = self.classes[fits[-1]] if fits else sound.name
            if name == "none":
                sound = sound._replace(name=None, note=f"left out by {self.path.name}")
            elif fits:
                sound = sound._replace(name=name, note="", sure=True)
            overruled.append(sound)
        unused = [pattern for pattern in self.classes if pattern not in fitted]
        if unused:
            raise KitError(f"{self.path}: no file of the kit fits {unused[0]!r}; mend the pattern or take it out")
        return overruled


def read_overrule(folder: Path) -> Overrule:
    """Read the `kit.toml` in a folder; without one, nothing is overruled.

    Raises:
        KitError: If it is not as `Overrule` describes; the message names the entry.
    """
    path = folder / "kit.toml"
    if not path.is_file():
        return Overrule(path)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KitError(f"{path}: not readable as TOML ({error})") from error
    unknown = set(data) - {*_TEXTS, "classes"}
    if unknown:
        raise KitError(f"{path}: unknown entry {min(unknown)}; it may have {', '.join(_TEXTS)} and classes")
    texts = {name: data[name] for name in _TEXTS if name in data}
    wrong = next((name for name, value in texts.items() if not isinstance(value, str)), None)
    if wrong:
        raise KitError(f"{path}: {wrong} must be a text, got {texts[wrong]!r}")
    groups = data.get("classes", {})
    if not isinstance(groups, dict):
        raise KitError(f"{path}: classes must be a table of patterns for each class, got {groups!r}")
    classes: dict[str, str] = {}
    for name, patterns in groups.items():
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            raise KitError(f"{path}: classes.{name} must be a list of patterns, got {patterns!r}")
        for pattern in patterns:
            classes.pop(pattern, None)  # so that the last mention counts
            classes[pattern] = name
    return Overrule(path, **texts, classes=classes)
