"""A drum synthesiser that is differentiable in every setting, as a function and as a module that learns."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ddsp_drums._random import require_seed, uniform
from ddsp_drums._shapes import broadcast_shape
from ddsp_drums._validate import require_float, require_positive
from ddsp_drums.functional import decaying_partials, filtered_noise, strike_envelope, swept_sine
from ddsp_drums.kits.procedural.voices import Columns, Voice, voice_of

__all__ = ["DrumVoice", "drum_voice"]

FADE_S = 0.01
_DAMPED_HZ = 5000.0  # metals above it decay faster
_TILTED_HZ = 80.0
_NOISE_TILTED_HZ = 1000.0  # as filtered_noise has it
_MOST_COLUMNS = 16
_EDGE = 1e-3
_SOFTEST = 1e-3  # velocity below which a stroke rises no slower


class _Stroke(NamedTuple):
    """What all parts of a sound share; tensors have the shape (..., 1), against columns."""

    velocity: Tensor
    tilt_db: Tensor
    sample_rate: float
    n_samples: int
    seed: int
    voice: Voice

    @property
    def output(self) -> dict[str, Any]:
        """The options of every part."""
        return {"sample_rate": self.sample_rate, "n_samples": self.n_samples}

    def tilt(self, frequency_hz: Tensor) -> Tensor:
        """Gain of the stroke at a frequency: a soft one leaves less of the top."""
        return 10 ** (self.tilt_db / 20 * torch.log2(frequency_hz / _TILTED_HZ))

    @property
    def slowness(self) -> Tensor:
        """How much longer a soft stroke takes to rise than the hardest."""
        return self.velocity.clamp(min=_SOFTEST) ** -0.5

    def envelope(self, part: Mapping[str, Tensor]) -> Tensor:
        """Rise, slower for a soft stroke, and decay; times the gain: (..., columns, T)."""
        delay = part.get("delay_s", torch.zeros_like(part["decay_s"]))
        attack = part["attack_s"] * self.slowness
        return _gain(part)[..., None] * strike_envelope(delay, attack, part["decay_s"], **self.output)


def drum_voice(
    settings: Tensor,
    velocity: Tensor,
    *,
    instrument: str,
    sample_rate: float = 16000,
    duration_s: float | None = None,
    seed: int = 0,
) -> Tensor:
    """Synthesise a hit of a drum from its settings.

    A sum of swept sines, single partials, clusters of partials and noises, each with its decay, through a soft
    saturation where the drum has one. A softer stroke is quieter, darker, slower to rise, and bends its pitch less.

    Args:
        settings: Shape (..., P), one for each of `VOICES[instrument].names`, in the unit of its name.
        velocity: Shape (...), 1 for the hardest, silence at 0 and below; it broadcasts with the leading axes of
            `settings`.
        instrument: A class that has a voice.
        sample_rate: Rate of the result in Hz. What is too high for it fades out.
        duration_s: Seconds of the hit, of which the last hundredth fades out; None for that of the voice.
        seed: Which noise, and which frequencies of the clusters, at least 0. All items get the same.

    Returns:
        Audio (..., T), T = `duration_s` * `sample_rate`, rounded; differentiable in both inputs. The hardest hits
        peak somewhere near 1.

    Raises:
        TypeError: If an input is not a float32 or float64 tensor, or their dtypes differ.
        ValueError: If `settings` has another P, the shapes do not broadcast, or an option is out of its range.

    Source:
        Parts as in the service notes of the Roland TR-808, 1981: hats and cymbals from square waves out of tune, kick
        and toms from a decaying sine, snares with noise. Modes: Fletcher and Rossing, "The Physics of Musical
        Instruments", 1998, chapters 18 to 20.

    Example:
        >>> from ddsp_drums.kits import VOICES
        >>> snare = VOICES["SD"]
        >>> settings = snare.settings(torch.rand(8, len(snare.names)))  # eight snares
        >>> drum_voice(settings, torch.tensor(0.7), instrument="SD").shape
        torch.Size([8, 9600])
    """
    voice = voice_of(instrument)
    require_positive("sample_rate", sample_rate)
    duration_s = voice.duration_s if duration_s is None else duration_s
    require_positive("duration_s", duration_s)
    require_seed(seed)
    require_float("settings", settings, f"(..., {len(voice.names)})")
    require_float("velocity", velocity, "(...)", min_dims=0)
    if settings.dtype not in (torch.float32, torch.float64) or velocity.dtype != settings.dtype:
        got = f"{settings.dtype} and {velocity.dtype}"
        raise TypeError(f"settings and velocity must both be float32 or both float64, got {got}")
    _require_fit(settings, voice)
    try:
        leading = broadcast_shape(settings[..., 0], velocity)
    except RuntimeError:
        shapes = f"{tuple(settings.shape)} and {tuple(velocity.shape)}"
        raise ValueError(f"settings (..., P) and velocity (...) must broadcast, got {shapes}") from None
    settings, velocity = settings.expand(*leading, -1), velocity.clamp(min=0).expand(leading)[..., None]

    parts = {
        kind: {name: _take(settings, columns) for name, columns in part.items()} for kind, part in voice.parts.items()
    }
    n_samples = max(1, round(duration_s * sample_rate))
    tilt_db = -parts["voice"]["soft_tilt_db"] * (1 - velocity)
    stroke = _Stroke(velocity, tilt_db, sample_rate, n_samples, seed, voice)
    audio = velocity * torch.stack([make(parts[kind], stroke) for kind, make in _MAKERS.items() if parts[kind]]).sum(0)
    if "drive_db" in parts["voice"]:
        drive = 10 ** (parts["voice"]["drive_db"] / 20)
        audio = torch.tanh(drive * audio) / drive
    left = torch.arange(n_samples - 1, -1, -1, dtype=settings.dtype, device=settings.device)
    return audio * (left / (FADE_S * sample_rate)).clamp(max=1)


def _require_fit(settings: Tensor, voice: Voice) -> None:
    if settings.shape[-1] != len(voice.names):
        want = f"(..., {len(voice.names)}) for {voice.instrument}"
        raise ValueError(f"settings must have shape {want}, got {tuple(settings.shape)}")


def _take(settings: Tensor, columns: Columns) -> Tensor:
    """Collect settings and fixed numbers, (..., columns)."""
    like = settings[..., 0]
    parts = [settings[..., c] if isinstance(c, int) else torch.full_like(like, c) for c in columns]
    return torch.stack(parts, dim=-1)


def _gain(part: Mapping[str, Tensor]) -> Tensor:
    return 10 ** (part["gain_db"] / 20)


def _tones(part: Mapping[str, Tensor], stroke: _Stroke) -> Tensor:
    end = part["end_hz"]
    start = end * 2 ** (part["bend_octaves"] * stroke.velocity)
    sines = swept_sine(start, end, part["sweep_s"], **stroke.output)
    return (sines * stroke.envelope(part) * stroke.tilt(end)[..., None]).sum(-2)


def _modes(part: Mapping[str, Tensor], stroke: _Stroke) -> Tensor:
    frequency = part["frequency_hz"]
    gain = _gain(part) * stroke.tilt(frequency)
    return decaying_partials(frequency, part["decay_s"], gain, torch.zeros_like(gain), **stroke.output)


def _metal(part: Mapping[str, Tensor], stroke: _Stroke) -> Tensor:
    own = stroke.voice.parts["metal"]
    count, harmonics = int(own["count"][0]), int(own["harmonics"][0])
    drawn = uniform(count * (1 + harmonics), stroke.seed, part["gain_db"])
    # Each somewhere in its own share of the way from first to last
    place = ((torch.arange(count, device=drawn.device) + drawn[:count]) / count).repeat_interleave(harmonics)
    phase = 2 * math.pi * drawn[count:]
    order = torch.arange(1, 2 * harmonics, 2, device=place.device).repeat(count)
    first, last = part["first_hz"], part["last_hz"]
    frequency = order * first * (last / first) ** place  # (..., count * harmonics)
    band = (1 + (part["low_hz"] / frequency) ** 4) * (1 + (frequency / part["high_hz"]) ** 4)
    level = band**-0.5 / order
    level = level / level.square().mean(-1, keepdim=True).sqrt() * (2 / place.numel()) ** 0.5  # together of RMS 1
    gain = _gain(part) * level * stroke.tilt(frequency)
    decay = part["decay_s"] * (frequency / _DAMPED_HZ) ** -part["damping"]
    ring = decaying_partials(frequency, decay, gain, phase, **stroke.output)
    rise = strike_envelope(
        torch.zeros_like(first),
        part["attack_s"] * stroke.slowness,
        torch.full_like(first, math.inf),
        **stroke.output,
    )
    return ring * rise.squeeze(-2)


def _noises(part: Mapping[str, Tensor], stroke: _Stroke) -> Tensor:
    tilt = part.get("tilt_db", torch.zeros_like(part["gain_db"])) + stroke.tilt_db
    noises = [
        filtered_noise(
            part["low_hz"][..., column],
            part["high_hz"][..., column],
            tilt[..., column],
            seed=_MOST_COLUMNS * stroke.seed + column,
            **stroke.output,
        )
        for column in range(tilt.shape[-1])
    ]
    level = stroke.tilt(torch.full_like(tilt, _NOISE_TILTED_HZ))  # where the noise's own tilt has none
    return (torch.stack(noises, dim=-2) * stroke.envelope(part) * level[..., None]).sum(-2)


_MAKERS = {"tones": _tones, "modes": _modes, "metal": _metal, "noises": _noises}


class DrumVoice(nn.Module):
    """Drums of one class, as :func:`drum_voice` makes them, whose settings are learned within their ranges.

    Args:
        instrument: A class that has a voice.
        settings: Where to begin, shape (..., P); None for the middle of every range. They are moved off the ends of
            their ranges by a thousandth, where a learned setting would not move.
        sample_rate: Rate of the result in Hz.
        duration_s: Seconds of a hit; None for that of the voice.
        seed: Which noise, and which frequencies of the clusters, at least 0.

    Raises:
        TypeError: If `settings` is not a floating-point tensor.
        ValueError: If `instrument` has no voice, or `settings` have another shape or lie outside of their ranges.

    Source:
        As for :func:`drum_voice`.

    Example:
        >>> voice = DrumVoice("SD", sample_rate=16000)
        >>> voice().shape, sorted(voice.named_settings())[0]
        (torch.Size([9600]), 'modes.decay_s.0')
    """

    def __init__(
        self,
        instrument: str,
        settings: Tensor | None = None,
        *,
        sample_rate: float = 16000,
        duration_s: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.voice = voice_of(instrument)
        n_settings = len(self.voice.names)
        if settings is None:
            place = torch.full((n_settings,), 0.5)
        else:
            require_float("settings", settings, f"(..., {n_settings})")
            _require_fit(settings, self.voice)
            place = self.voice.places(settings.detach())
            if not (place >= -_EDGE).all() or not (place <= 1 + _EDGE).all():
                name = self.voice.names[int(((place - 0.5).abs().reshape(-1, n_settings).amax(0)).argmax())]
                raise ValueError(f"settings of {instrument} must lie in their ranges, {name} does not")
        self.logits = nn.Parameter(place.logit(eps=_EDGE))
        self.sample_rate = sample_rate
        self.duration_s = duration_s
        self.seed = seed

    @property
    def settings(self) -> Tensor:
        """The settings (..., P) in their units."""
        return self.voice.settings(self.logits.sigmoid())

    def named_settings(self) -> dict[str, Tensor]:
        """Return each setting (...) by its name."""
        return dict(zip(self.voice.names, self.settings.unbind(-1), strict=True))

    def forward(self, velocity: Tensor | None = None) -> Tensor:
        """Map velocities (...) to hits (..., T); without any, play as hard as can be."""
        settings = self.settings
        return drum_voice(
            settings,
            settings.new_ones(()) if velocity is None else velocity,
            instrument=self.voice.instrument,
            sample_rate=self.sample_rate,
            duration_s=self.duration_s,
            seed=self.seed,
        )

    def extra_repr(self) -> str:
        """Show the options."""
        return (
            f"{self.voice.instrument!r}, sample_rate={self.sample_rate}, duration_s={self.duration_s}, seed={self.seed}"
        )
