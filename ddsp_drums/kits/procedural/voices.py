"""What a drum of each class is made of, and the range of each of its settings, read from `voices.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

__all__ = ["PRESETS", "VOICES", "Voice", "voice_of"]

_KINDS = ("tones", "modes", "metal", "noises")
Columns = tuple[int | float, ...]  # the index of a setting, or a fixed number


@dataclass(frozen=True)
class Voice:
    """How a drum of one class is synthesised.

    Args:
        instrument: The class.
        group: Drums of one group draw their settings alike.
        duration_s: Seconds of a hit.
        peak: Of the hardest hit, as it stands to the other classes in a kit.
        names: What its P settings are, with their units: "tones.end_hz.0".
        lowest: The smallest value of each.
        highest: The largest value of each.
        parts: By kind and field, a setting's index or a fixed number for each tone, mode or noise.

    Example:
        >>> kick = VOICES["KD"]
        >>> kick.names[2], kick.lowest[2], kick.highest[2]
        ('tones.end_hz.0', 41.0, 66.0)
        >>> kick.settings(torch.full((len(kick.names),), 0.5))[2].round(decimals=2)  # in the middle by ear
        tensor(52.0200)
    """

    instrument: str
    group: str
    duration_s: float
    peak: float
    names: tuple[str, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    parts: Mapping[str, Mapping[str, Columns]]

    def settings(self, place: Tensor) -> Tensor:
        """Map places in the ranges (..., P), from 0 to 1, to settings (..., P): by ratio where all are positive."""
        low, high, by_ratio = self._ranges(place)
        ratio = torch.where(by_ratio, high / low, 1)
        return torch.where(by_ratio, low * ratio**place, low + (high - low) * place)

    def places(self, settings: Tensor) -> Tensor:
        """Map settings (..., P) to their places in the ranges (..., P): the inverse of :meth:`settings`."""
        low, high, by_ratio = self._ranges(settings)
        ratio = torch.where(by_ratio, settings / low, 1)
        span = torch.where(by_ratio, high / low, 2)
        return torch.where(by_ratio, ratio.log() / span.log(), (settings - low) / (high - low))

    def _ranges(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        low, high = like.new_tensor(self.lowest), like.new_tensor(self.highest)
        return low, high, low > 0


def voice_of(instrument: str) -> Voice:
    """Return the voice of a class; raise ValueError if there is none."""
    if instrument not in VOICES:
        raise ValueError(f"instrument must be one of {', '.join(VOICES)}, got {instrument!r}")
    return VOICES[instrument]


def _read(instrument: str, table: Mapping[str, Any]) -> Voice:
    names: list[str] = []
    ranges: list[tuple[float, float]] = []

    def column(name: str, value: float | list[float]) -> int | float:
        if not isinstance(value, list):
            return float(value)
        names.append(name)
        ranges.append((float(value[0]), float(value[1])))
        return len(names) - 1

    own = {field: (column(field, table[field]),) for field in ("soft_tilt_db", "drive_db") if field in table}
    parts: dict[str, Mapping[str, Columns]] = {"voice": MappingProxyType(own)}
    for kind in _KINDS:
        fields = table.get(kind, {})
        parts[kind] = MappingProxyType(
            {
                field: tuple(column(f"{kind}.{field}.{index}", value) for index, value in enumerate(values))
                for field, values in fields.items()
            }
        )
    lowest, highest = zip(*ranges, strict=True)
    return Voice(
        instrument,
        table.get("group", instrument),
        table["duration_s"],
        table["peak"],
        tuple(names),
        lowest,
        highest,
        MappingProxyType(parts),
    )


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text("utf-8"))


def _preset(kit: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Tensor]:
    """Return the settings of each drum of a preset, in the middle of their ranges where it says nothing."""
    drums = {}
    for instrument, voice in VOICES.items():
        settings = voice.settings(torch.full((len(voice.names),), 0.5))
        for name, value in _flat(kit.get(instrument, {})).items():
            if name in voice.names:  # others are fixed
                settings[voice.names.index(name)] = value
        drums[instrument] = settings
    return MappingProxyType(drums)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Name each number as a voice does its settings."""
    flat: dict[str, float] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            flat |= {f"{prefix}{key}.{index}": number for index, number in enumerate(value)}
        else:
            flat[f"{prefix}{key}"] = value
    return flat


VOICES: Mapping[str, Voice] = MappingProxyType(
    {name: _read(name, table) for name, table in _load("voices.toml").items()}
)
PRESETS: Mapping[str, Mapping[str, Tensor]] = MappingProxyType(
    {name: _preset(kit) for name, kit in _load("presets.toml").items()}
)
