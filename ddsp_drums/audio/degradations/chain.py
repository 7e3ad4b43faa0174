"""A random chain: each item goes through some of the steps, with parameters of its own."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ddsp_drums.audio.degradations._parameters import require_audio
from ddsp_drums.audio.degradations.digital import mp3, mu_law, quantise, require_mp3_rate, resample
from ddsp_drums.audio.degradations.dynamics import amplify, compress, saturate
from ddsp_drums.audio.degradations.filters import convolve, equalise, high_cut, low_cut, room_response
from ddsp_drums.audio.degradations.mixing import add_noise, coloured_noise, crackle

__all__ = ["degrade"]

_Parameters = dict[str, float | Tensor]
_OCTAVES = 11  # from 20 Hz to 20 kHz
_UNEVEN_DB, _SLOPE_DB = 3.0, 2.0  # of the equaliser at each octave, and from each to the next, standard deviations
_LOUDEST = 1e-6  # below it audio is silent and not brought to full scale


def degrade(audio: Tensor, *, sample_rate: int, rngs: Sequence[np.random.Generator]) -> Tensor:
    """Send each item through a random chain: room, equaliser, compressor, saturation, noise, rates, bits and codec.

    Four items in five are filtered, half of these in a room; a third are compressed, a third saturated, two in five
    have noise or crackle, two in five end below half of the sample rate, as old recordings and lossy files do, and one
    in ten suffers a converter or a codec. Steps that can be batched run for all items that have them at once.

    Args:
        audio: Shape (..., T), any level: each item is brought to a peak of 1 first.
        sample_rate: Hz, one that :func:`mp3` takes.
        rngs: A source of randomness for each item, in order. An item's result depends on its own alone;
            batches round differently in the last bit, which a quantiser may make a step of.

    Returns:
        Audio (..., T), float32. What begins at a sample stays there.

    Raises:
        TypeError: If `audio` is not a floating-point tensor.
        ValueError: If there is not one of `rngs` for each item, `audio` has NaN or infinite samples, or `sample_rate`
            is none of MP3's.
        ImportError: If soundfile and soxr are not installed.

    Example:
        >>> audio = torch.randn(2, 16000)
        >>> heard = degrade(audio, sample_rate=16000, rngs=[np.random.default_rng((7, i)) for i in range(2)])
        >>> again = degrade(audio[1], sample_rate=16000, rngs=[np.random.default_rng((7, 1))])
        >>> heard.shape, torch.allclose(heard[1], again, atol=1e-5)
        (torch.Size([2, 16000]), True)
    """
    require_audio(audio)
    require_mp3_rate(sample_rate)
    items = audio.detach().reshape(-1, audio.shape[-1]).float()
    if not items.isfinite().all():
        raise ValueError("audio must be finite, got NaN or infinite samples")
    if len(rngs) != len(items):
        raise ValueError(f"rngs must be one for each of the {len(items)} items of audio, got {len(rngs)}")
    plans = [_plan(rng, items.shape[-1], sample_rate) for rng in rngs]
    items = _full_scale(items)
    for name, step in _steps(sample_rate).items():
        chosen = [index for index, plan in enumerate(plans) if name in plan]
        if chosen:
            items[chosen] = step(items[chosen], **_stack([plans[index][name] for index in chosen], items))
    return items.reshape(audio.shape)


def _steps(sample_rate: int) -> dict[str, Callable[..., Tensor]]:
    return {
        "room": convolve,
        "equaliser": partial(equalise, sample_rate=sample_rate),
        "high cut": partial(high_cut, sample_rate=sample_rate),
        "low cut": partial(low_cut, sample_rate=sample_rate),
        "compressor": lambda x, **how: compress(_full_scale(x), sample_rate=sample_rate, **how),
        "saturation": lambda x, **how: saturate(_full_scale(x), **how),
        "noise": add_noise,
        "rate": partial(_one_by_one, partial(resample, sample_rate=sample_rate)),
        "gain": lambda x, **how: amplify(_full_scale(x), **how),
        "bits": quantise,
        "telephone": lambda x, **how: mu_law(_full_scale(x), **how),
        "codec": partial(_one_by_one, partial(mp3, sample_rate=sample_rate)),
    }


def _plan(rng: np.random.Generator, n_samples: int, sample_rate: int) -> dict[str, _Parameters]:
    """Draw the steps of an item and their parameters."""
    plan: dict[str, _Parameters] = {}
    if rng.random() < 0.8:
        if rng.random() < 0.5:
            plan["room"] = {
                "response": room_response(
                    sample_rate=sample_rate,
                    rng=rng,
                    reverberation_s=10 ** rng.uniform(-0.9, 0.1),
                    wet_db=rng.uniform(-30, -6),
                    gap_s=rng.uniform(0.001, 0.02),
                )
            }
        octaves = np.arange(_OCTAVES)
        curve = rng.normal(0, _UNEVEN_DB, _OCTAVES) + rng.normal(0, _SLOPE_DB) * (octaves - _OCTAVES // 2)
        plan["equaliser"] = {"gain_db": torch.from_numpy(curve).float()}
        if rng.random() < 0.15:
            plan["high cut"] = {"cutoff_hz": 2500 * (0.44 * sample_rate / 2500) ** rng.random()}
        if rng.random() < 0.15:
            plan["low cut"] = {"cutoff_hz": rng.uniform(50, 200)}
    if rng.random() < 0.3:
        threshold_db, ratio, release_s = rng.uniform(-30, -6), rng.uniform(1.5, 8), rng.uniform(0.03, 0.3)
        plan["compressor"] = {"threshold_db": threshold_db, "ratio": ratio, "release_s": release_s}
    if rng.random() < 0.3:
        plan["saturation"] = {"drive_db": rng.uniform(0, 20)}
    if rng.random() < 0.4:
        if rng.random() < 0.2:
            noise = crackle(n_samples, sample_rate=sample_rate, rng=rng, rate_hz=10 ** rng.uniform(0, 2))
        else:
            noise = coloured_noise(n_samples, rng=rng, slope_db=-rng.uniform(0, 6))
        plan["noise"] = {"noise": noise, "snr_db": rng.uniform(20, 60)}
    if rng.random() < 0.4:
        plan["rate"] = {"to_hz": sample_rate * rng.uniform(0.3, 1)}
    draw = rng.random()
    if draw < 0.03:
        plan["gain"] = {"gain_db": rng.uniform(-24, 0)}
        plan["bits"] = {"bits": rng.uniform(8, 12)}
    elif draw < 0.05:
        plan["telephone"] = {}
    elif draw < 0.1:
        plan["codec"] = {"bitrate_kbps": rng.uniform(32, 64)}
    return plan


def _full_scale(items: Tensor) -> Tensor:
    return items / items.abs().amax(-1, keepdim=True).clamp(min=_LOUDEST)


def _stack(parameters: Sequence[_Parameters], items: Tensor) -> _Parameters:
    """Make one tensor of each parameter, (B,) or (B, L), shorter ones filled with zeros."""
    columns = {name: [torch.as_tensor(own[name], dtype=torch.float32) for own in parameters] for name in parameters[0]}
    return {
        name: (pad_sequence(column, batch_first=True) if column[0].dim() else torch.stack(column)).to(items)
        for name, column in columns.items()
    }


def _one_by_one(step: Callable[..., Tensor], items: Tensor, **parameters: Tensor) -> Tensor:
    """Run a step that takes numbers alone."""
    rows = enumerate(items)
    return torch.stack([step(item, **{name: float(p[i]) for name, p in parameters.items()}) for i, item in rows])
