"""The text of an SFZ instrument: its regions with what they inherit, includes and definitions resolved."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ddsp_drums.kits.kit import KitError
from ddsp_drums.kits.mapped import is_absolute, locate

__all__ = ["read_regions"]

MAX_TEXT = 1 << 24  # characters, includes counted as often as they are included
MAX_LINE = 10_000
MAX_VALUE = 256  # of a #define
MAX_DEPTH = 16  # of includes in includes
MAX_FILES = 1000

_LEVELS = ("control", "global", "master", "group", "region")
_TOKEN = re.compile(r"<(\w+)>|(?<!\S)([\w$]+)=")
_COMMENT = re.compile(r"//|/\*")
_VARIABLE = re.compile(r"\$(\w{1,64})")
_DEFINE = re.compile(r"#define\s+\$(\w+)\s+(\S+)")
_INCLUDE = re.compile(r'#include\s+"([^"]*)"')


def read_regions(path: Path) -> Iterator[dict[str, str]]:
    """Give the opcodes of each region, with what it inherits.

    What the files say is bounded: their number, their depth, their text and its lines after expansion.

    Args:
        path: The file.

    Raises:
        KitError: If it is missing, is no SFZ, includes itself, or exceeds a bound; the message names it.
    """
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
