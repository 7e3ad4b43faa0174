"""Run the network over audio that comes in pieces, in the same memory for any length."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums import log_mel
from drummernet.allocator import give_memory_back
from drummernet.config import Config
from drummernet.encoder import FLOOR, WINDOW_S, MelEncoder
from drummernet.hearing.picking import any_of, velocity_of_likeliest
from drummernet.hearing.refine import explain, learn_sounds
from drummernet.hearing.repetition import weigh_repetition
from drummernet.hearing.shadows import drop_shadows
from drummernet.level import Level
from drummernet.model import DrummerNet, Prediction
from drummernet.pieces import cut

__all__ = ["Heard", "hear"]

_CHUNK = 1024  # frames that the network hears at a time: what it makes of them still fits into a cache
_ALIGNMENT = 64  # chunks begin where windows of the gate and pooling steps of the U-net begin
_SECTION = 1 << 15  # frames that are told, and refined, together: four minutes of them
_PASSAGE, _LEARNED = 512, 1 << 13  # frames of a passage, and of all from which a section's sounds are learned
_LIKELY = 0.5
_EXPLAINED = 4096  # frames that are explained at a time, for the sake of caches
_MARGIN_S = 1.5  # what is explained before and after a span; ten iterations reach less far


class Heard(NamedTuple):
    """What was heard in n frames.

    Attributes:
        probability: Of each instrument, (K, n) in [0, 1].
        velocity: Of each group of instruments that are found together, (G, n) in [0, 1].
        together: Probability of any instrument of each group, which peaks are picked from, (G, n) in [0, 1].
    """

    probability: Tensor
    velocity: Tensor
    together: Tensor


@torch.inference_mode()
def hear(
    model: DrummerNet,
    config: Config,
    pieces: Iterable[Tensor],
    level: Level,
    *,
    refined: bool = False,
    batch_size: int = 1,
    device: torch.device | str = "cpu",
) -> Iterator[Heard]:
    """Hear a recording piece by piece.

    The network hears each frame as if the recording were one: chunks come with all the surroundings that it looks at.
    Refinement learns the sounds of every four minutes anew, from that minute of them which tells most of all classes.

    Args:
        model: The network.
        config: Its config.
        pieces: The recording, mono, (n,) each, n >= 1.
        level: How to scale it (`LevelMeter`).
        refined: Whether to hear each section again with the sounds that it is made of.
        batch_size: Chunks at a time.
        device: Where the network is.

    Yields:
        All 1 + T // hop_length frames in order, four minutes at a time, on the CPU.
    """
    scaled = ((piece.to(device) - level.offset) * level.gain for piece in pieces)
    n_frames = 1 + level.n_samples // config.model.hop_length
    chunks = _chunks(model, config, scaled, n_frames, batch_size, with_bands=refined)

    def settle() -> None:
        if n_frames > _SECTION:  # else it would take longer than it is worth
            give_memory_back()

    settle()  # what reading and measuring needed
    frame_rate_hz = config.model.sample_rate / config.model.hop_length
    sections = _spans(n_frames, _SECTION, round(_MARGIN_S * frame_rate_hz) if refined else 0)
    rows = cut(chunks, [span[:2] for span in sections])
    for _, _, own in sections:
        section = next(rows)
        settle()  # what the network needed
        heard = _section(config, section, own, refined=refined)
        del section
        settle()  # what the refinement needed
        yield heard
    settle()


def _section(config: Config, rows: Tensor, own: slice, *, refined: bool) -> Heard:
    """Tell what was heard in a section's own frames."""
    probability, velocity, bands = _split(config, rows)
    if not config.model.velocity:  # the activation itself is the only measure of how hard a hit is
        probability = velocity = probability / probability.amax(-1, keepdim=True).clamp(min=1e-6)
    heard = _grouped(config, probability, velocity)
    if refined:
        heard = _refined(heard, bands, config, config.model.sample_rate / config.model.hop_length)
    return Heard(*(each[:, own].clone() for each in heard))  # a view would keep the section's bands


def _refined(heard: Heard, bands: Tensor, config: Config, frame_rate_hz: float) -> Heard:
    """Explain a section by its sounds, learned where they are told best, and weigh what is played again."""
    telling = _telling(heard.together)
    material = (heard.together, heard.velocity, bands)
    sounds = learn_sounds(*(each[:, telling] for each in material), frame_rate_hz=frame_rate_hz)
    explained = []
    for begin, end, own in _spans(bands.shape[-1], _EXPLAINED, round(_MARGIN_S * frame_rate_hz)):
        together, velocity, magnitudes = (each[:, begin:end] for each in material)
        explained.append([each[:, own] for each in explain(together, velocity, magnitudes, sounds)])
    together, velocity = (torch.cat(parts, -1) for parts in zip(*explained, strict=True))
    names = config.model.instruments
    together = drop_shadows(together, bands, names, picking=config.picking, frame_rate_hz=frame_rate_hz)
    return Heard(heard.probability, velocity, weigh_repetition(together, names, frame_rate_hz=frame_rate_hz))


def _telling(together: Tensor) -> Tensor:
    """Choose the passages that hold the largest shares of all classes' hits: their frames, ascending."""
    likely = F.pad(together > _LIKELY, (0, -together.shape[-1] % _PASSAGE)).unflatten(-1, (-1, _PASSAGE)).sum(-1)
    shares = (likely / likely.sum(-1, keepdim=True).clamp(min=1)).sum(0)
    chosen = shares.argsort(descending=True, stable=True)[: _LEARNED // _PASSAGE].sort().values
    frames = (chosen[:, None] * _PASSAGE + torch.arange(_PASSAGE)).flatten()
    return frames[frames < together.shape[-1]]


def _grouped(config: Config, probability: Tensor, velocity: Tensor) -> Heard:
    names = config.model.instruments
    return Heard(probability, velocity_of_likeliest(probability, velocity, names), any_of(probability, names))


def _spans(n_frames: int, most: int, margin: int) -> list[tuple[int, int, slice]]:
    """Divide frames evenly into spans of at most `most`.

    Returns:
        Of each span, where it begins and ends with a margin on both sides, and where within that its own frames are.
    """
    size = -(-n_frames // -(-n_frames // most))
    spans = []
    for first in range(0, n_frames, size):
        begin, last = max(0, first - margin), min(first + size, n_frames)
        spans.append((begin, min(last + margin, n_frames), slice(first - begin, last - begin)))
    return spans


def _split(config: Config, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take probabilities, velocities and bands apart."""
    n_instruments = len(config.model.instruments)
    return rows[:n_instruments], rows[n_instruments : 2 * n_instruments], rows[2 * n_instruments :]


def _chunks(
    model: DrummerNet, config: Config, pieces: Iterable[Tensor], n_frames: int, batch_size: int, *, with_bands: bool
) -> Iterator[Tensor]:
    """Yield what the network hears of all frames, and bands if asked for: (2 * K + F, n) at a time."""
    hop = config.model.hop_length
    firsts = range(0, n_frames, _CHUNK)
    sizes = {first: min(_CHUNK, -(-(n_frames - first) // _ALIGNMENT) * _ALIGNMENT) for first in firsts}
    needs = {first: model.surroundings(size) for first, size in sizes.items()}
    begins = {first: first * hop - before for first, (before, _, _) in needs.items()}
    windows = cut(pieces, [(begins[first], begins[first] + needs[first][1]) for first in firsts])
    full = firsts[:-1]  # the last one may be shorter
    for batch in [*(full[i : i + batch_size] for i in range(0, len(full), batch_size)), firsts[-1:]]:
        size, (before, _, skipped) = sizes[batch[0]], needs[batch[0]]
        audio = torch.stack([next(windows) for _ in batch])
        prediction, bands = _listen(model, audio)
        probability = model.probabilities(prediction)
        velocity = probability if prediction.velocity is None else prediction.velocity
        rows = [each[..., skipped : skipped + size] for each in (probability, velocity)]
        if with_bands:
            bands = _bands(audio, before, config) if bands is None else bands[..., skipped:]
            rows.append(FLOOR * (10 ** bands[..., :size] - 1))
        for first, chunk in zip(batch, torch.cat(rows, -2), strict=True):
            yield chunk[:, : n_frames - first].cpu()


def _listen(model: DrummerNet, audio: Tensor) -> tuple[Prediction, Tensor | None]:
    """Tell what the network says, and the log-mel bands (B, F, N) if it heard such."""
    if not isinstance(model.encoder, MelEncoder):
        return model(audio), None
    bands = model.encoder.bands(audio)
    return model.read(model.encoder.features(bands)), bands


def _bands(audio: Tensor, before: int, config: Config) -> Tensor:
    """Log-mel bands of the frames from `before` samples into the audio on, (B, F, N)."""
    sample_rate, hop = config.model.sample_rate, config.model.hop_length
    n_fft = round(WINDOW_S * sample_rate)
    earlier = -(-n_fft // 2 // hop)
    audio = audio[..., before - earlier * hop :]
    return log_mel(audio, sample_rate=sample_rate, n_fft=n_fft, hop_length=hop, floor=FLOOR)[..., earlier:]
