"""XML that may be malicious."""

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

MAX_BYTES = 1 << 24


class _DeclaredError(Exception):
    pass


def read_xml(path: Path) -> Element:
    """Return the first element of a file.

    Raises:
        ValueError: If the file is larger than `MAX_BYTES`, no XML, or its document type is more than a name: it may
            then declare entities without end. The message is one line and names the file.
        OSError: If it cannot be read.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: too large ({path.stat().st_size} bytes)")
    content = path.read_bytes()
    guard = expat.ParserCreate()
    guard.StartDoctypeDeclHandler = _refuse
    try:
        guard.Parse(content, True)
        return ElementTree.fromstring(content)
    except _DeclaredError as error:
        raise ValueError(f"{path}: its document type has declarations, which none needs; take them out") from error
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError) as error:  # the last two: of encodings
        raise ValueError(f"{path}: not readable as XML ({error})") from error


def _refuse(name: str, system_id: str | None, public_id: str | None, has_subset: int) -> None:
    if system_id or public_id or has_subset:
        raise _DeclaredError
