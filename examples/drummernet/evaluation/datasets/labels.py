"""What data sets call the instruments."""

from collections.abc import Mapping
from types import MappingProxyType

from ddsp_drums.kits import GM_NOTES, GROOVE_NOTES, INSTRUMENTS, MDB_SUBCLASSES, SIX

__all__ = ["LABELS", "NOTE_LABELS", "find_label", "parent_class"]

_SIX_OF = {instrument.id: instrument.six for instrument in INSTRUMENTS} | {name: name for name in SIX}

# ENST-Drums (Gillet and Richard, ISMIR 2006). Its labels may end in the number of the drum or in a dash for snares off.
# Sweeps are those of brushes on a snare, as in MDB Drums; sticks that strike each other and cowbells are "other".
_ENST = {
    "bd": "KD",
    "sd": "SD",
    "rs": "SD",
    "sweep": "SD",
    "cs": "SST",
    "chh": "CHH",
    "ohh": "OHH",
    "lft": "TT",
    "lmt": "TT",
    "lt": "TT",
    "ltr": "TT",
    "mt": "TT",
    "mtr": "TT",
    "c": "CY",
    "ch": "CR",
    "cr": "CR",
    "rc": "RD",
    "spl": "CR",
    "cb": "OT",
    "sticks": "OT",
}

# Every label that an annotation may use, and what it stands for: an instrument, or one of the six classes of MDB Drums
# where the label does not say more.
LABELS: Mapping[str, str] = MappingProxyType({**MDB_SUBCLASSES, **{name: name for name in _SIX_OF}, **_ENST})

# The same for MIDI notes: General MIDI, what an electronic kit sends beside it, and "other" for the percussion of
# General MIDI that has no class here.
NOTE_LABELS: Mapping[int, str] = MappingProxyType(dict.fromkeys(range(27, 88), "OT") | {**GM_NOTES, **GROOVE_NOTES})


def find_label(text: str, own: Mapping[str, str]) -> str:
    """Tell what a label stands for.

    Args:
        text: The label as it is written.
        own: What labels mean that one data set alone uses so; they come before the others.

    Returns:
        An instrument of the toolkit or one of the six classes.

    Raises:
        ValueError: If no data set has this label.

    Example:
        >>> find_label("SDG", {}), find_label("rc2", {}), find_label("1", {"1": "HH"})
        ('SD', 'RD', 'HH')
    """
    label = own.get(text) or LABELS.get(text) or _ENST.get(text.rstrip("-0123456789"))
    if label is None:
        raise ValueError(f"{text!r} is no known class")
    return label


def parent_class(label: str) -> str:
    """Tell the class among the six that an instrument (or one of the six itself) belongs to.

    Raises:
        ValueError: If `label` is neither.

    Example:
        >>> parent_class("OHH"), parent_class("CY")
        ('HH', 'CY')
    """
    if label not in _SIX_OF:
        raise ValueError(f"label must be an instrument or one of {', '.join(SIX)}, got {label!r}")
    return _SIX_OF[label]
