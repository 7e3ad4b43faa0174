"""Unpack an archive that may be malicious, as far as a kit needs it."""

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from ddsp_drums.audio.files import AUDIO_SUFFIXES
from ddsp_drums.kits.kit import KitError

__all__ = ["unpacked"]

MAX_BYTES = 1 << 29  # of the archive without its compression: half a gigabyte
MAX_FILES = 10_000
_TEXTS = frozenset({".xml", ".toml", ".txt", ""})  # the kit, what overrules it, its licence
_BLOCK = 1 << 20


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Give a temporary folder with the sounds and texts of a tar archive, plain or compressed by gzip or xz.

    Only plain files are written, and only below the folder; whatever would lie elsewhere, links and devices make the
    whole archive suspect.

    Args:
        path: The archive.

    Raises:
        KitError: If the archive is missing, broken, larger than `MAX_BYTES` or has more than `MAX_FILES` files, or if
            it has a link, a device, or a path that is absolute or has `..` in it. Nothing is left behind.
    """
    if not path.is_file():
        raise KitError(f"{path}: no such file")
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        plain = folder / "archive"
        kit = folder / "kit"
        try:
            _decompress(path, plain)
            with tarfile.open(plain, "r:") as archive:
                _unpack(archive, kit, path)
        except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError, OverflowError) as error:
            if isinstance(error, KitError):
                raise
            raise KitError(f"{path}: not readable as an archive ({error})") from error
        plain.unlink()
        yield kit


def _decompress(path: Path, plain: Path) -> None:
    size = 0
    with _opener(path)(path, "rb") as source, plain.open("wb") as target:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > MAX_BYTES:
                raise KitError(f"{path}: unpacks to more than {MAX_BYTES} bytes; unpack it and load the folder")
            target.write(block)


def _opener(path: Path) -> Callable[..., Any]:
    with path.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open
    return lzma.open if start.startswith(b"\xfd7zXZ\0") else open


def _unpack(archive: tarfile.TarFile, folder: Path, path: Path) -> None:
    folder.mkdir()
    for number, member in enumerate(archive):
        if number >= MAX_FILES:
            raise KitError(f"{path}: has more than {MAX_FILES} files; unpack it and load the folder")
        name = PurePosixPath(member.name.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in member.name:
            raise KitError(f"{path}: {member.name!r} would lie outside; do not trust this archive")
        if member.isdir():
            continue
        if not member.isreg() or member.issparse():  # a sparse file is as long as it says
            raise KitError(f"{path}: {member.name!r} is neither a plain file nor a folder; do not trust this archive")
        if name.suffix.lower() not in AUDIO_SUFFIXES | _TEXTS:
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        content = archive.extractfile(member)
        if content is None:
            raise KitError(f"{path}: {member.name!r} cannot be read")
        with content, target.open("wb") as file:
            while block := content.read(_BLOCK):
                file.write(block)
