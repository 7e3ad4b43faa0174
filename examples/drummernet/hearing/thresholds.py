"""Thresholds of peak picking, one for all instruments or one for each."""

from collections.abc import Mapping

from ddsp_drums.kits import SIX, TAXONOMY, Taxonomy

__all__ = ["Thresholds", "parse_thresholds", "resolve_thresholds"]

Thresholds = float | Mapping[str, float]
"""One for all, or one for each of some instruments (`"OHH"`) and classes (`"HH"`)."""


def parse_thresholds(text: str) -> Thresholds:
    """Read thresholds as they are typed.

    Args:
        text: One number for all, or `NAME=NUMBER` with commas between them; a name is an instrument's (`OHH`) or one of
            the six classes' (`HH`).

    Returns:
        The number, or the number of each name.

    Raises:
        ValueError: If the text is none of these, or a number is not in [0, 1].

    Example:
        >>> parse_thresholds("0.4"), parse_thresholds("KD=.2, HH=.4")
        (0.4, {'KD': 0.2, 'HH': 0.4})
    """
    pairs = [part.partition("=") for part in text.split(",")]
    try:
        if len(pairs) == 1 and not pairs[0][1]:
            thresholds: Thresholds = float(text)
        else:
            thresholds = {name.strip(): float(number) for name, _, number in pairs}
    except ValueError as error:
        raise ValueError(f"--threshold must be a number, or like KD=.2,HH=.4, got {text!r}") from error
    _asked(thresholds)
    return thresholds


def resolve_thresholds(
    thresholds: Thresholds, defaults: Mapping[str, float], *, taxonomy: Taxonomy = TAXONOMY
) -> dict[str, float]:
    """Tell the threshold of each instrument: its own, else that of its class, else the default.

    Args:
        thresholds: What was asked for, each in [0, 1].
        defaults: Of each instrument, by identifiers of the taxonomy, where nothing was asked for it.
        taxonomy: Knows the instruments.

    Returns:
        A threshold for each instrument.

    Raises:
        ValueError: If a threshold is not in [0, 1], or a name is neither an instrument's nor one of the six classes'.

    Example:
        >>> resolve_thresholds({"HH": 0.4, "OHH": 0.5}, {"KD": 0.3, "CHH": 0.3, "OHH": 0.3})
        {'KD': 0.3, 'CHH': 0.4, 'OHH': 0.5}
    """
    asked, by_id = _asked(thresholds), taxonomy.by_id
    for name in asked:
        if name not in by_id and name not in SIX:
            known = ", ".join(dict.fromkeys([*SIX, *by_id]))
            raise ValueError(f"threshold of {name!r}: must be of one of {known}")
    return {name: asked.get(name, asked.get(by_id[name].six, default)) for name, default in defaults.items()}


def _asked(thresholds: Thresholds) -> dict[str, float]:
    """Tell what was asked for, for each of some instruments and classes, or raise."""
    asked = dict(thresholds) if isinstance(thresholds, Mapping) else dict.fromkeys(SIX, thresholds)
    for name, number in asked.items():
        if not 0 <= number <= 1:
            raise ValueError(f"threshold must be in [0, 1], got {number} for {name}")
    return asked
