"""Which backend is expected to be the fastest.

The estimate is in nanoseconds of one thread of one CPU, fitted to 300 random shapes; only ratios matter.
"""

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

from torch import Tensor

from ddsp_drums._compilers import has_numba, has_triton
from ddsp_drums.ops.template_synthesis.polyphase import plan_blocks

if TYPE_CHECKING:
    from ddsp_drums.ops.template_synthesis.numba_kernels import Events

Shape = tuple[int, ...]

_CALL = 200_000  # around the FFTs of a polyphase call
_FFT = 4.5  # a point of an FFT, with its way to memory and back
_MIX = 0.4  # a product of two points of spectra
_SCAN = 1  # an activation looked at
_EVENT = 45  # a nonzero activation
_ADD = 0.057  # a sample of a template, added or compared


def choose_backend(
    activations: Tensor, templates: Tensor, hop_length: int, stems: bool, outputs: tuple[str, ...], gradient: str
) -> tuple[str, "Events | None"]:
    """Choose for activations (B, K, N) and templates (B or 1, K, L).

    On a CPU by the estimated time, for which the nonzero activations are listed until there are too many. On a GPU by
    shape alone, because to count would make the host wait: sparse if items have templates of their own, and for audio
    much longer than the templates.

    Args:
        activations: Shape (B, K, N).
        templates: Shape (B or 1, K, L).
        hop_length: Samples in a frame.
        stems: Whether the audio is one track an instrument.
        outputs: What is computed: ("audio",), or "activations" and "templates" for their gradients.
        gradient: "dense" or "support", as of :func:`ddsp_drums.template_synthesis`.

    Returns:
        "polyphase" or "sparse", and the nonzero activations if they were listed.
    """
    if activations.is_cuda:
        long = activations.shape[-1] * hop_length > 16 * templates.shape[-1]
        return ("sparse" if has_triton() and (templates.shape[0] > 1 or long) else "polyphase"), None
    if not (activations.is_cpu and has_numba()):
        return "polyphase", None
    most = _most_events(activations.shape, templates.shape, hop_length, stems, outputs, gradient)
    if most <= 0:
        return "polyphase", None
    from ddsp_drums.ops.template_synthesis.numba_kernels import list_events

    events = list_events(activations, most)
    return "polyphase" if events is None else "sparse", events


@lru_cache(maxsize=256)  # to estimate took 12 of the 300 microseconds of a small call
def _most_events(
    played: Shape, sounds: Shape, hop_length: int, stems: bool, outputs: tuple[str, ...], gradient: str
) -> int:
    """Return with how many nonzero activations the sparse backend is as quick as the polyphase one."""
    to_spare = _polyphase_ns(played, sounds, hop_length, stems, outputs)
    if gradient == "dense" and "activations" in outputs:  # for which the sparse backend needs the polyphase one
        to_spare -= _polyphase_ns(played, sounds, hop_length, stems, ("activations",))
        outputs = tuple(output for output in outputs if output != "activations")
    to_spare -= _SCAN * prod(played)
    most = int(to_spare / (_event_ns(played, sounds, hop_length) * max(len(outputs), 1)))
    return min(most, prod(played))


def _polyphase_ns(played: Shape, sounds: Shape, hop_length: int, stems: bool, outputs: tuple[str, ...]) -> float:
    batch, instruments, frames = played
    blocks = plan_blocks(frames, -(-min(sounds[-1], frames * hop_length) // hop_length))
    rows = batch * blocks.number
    ffts = {
        "audio": rows * hop_length * (instruments if stems else 1),
        "activations": rows * instruments,
        "templates": sounds[0] * instruments * hop_length,
    }
    needed = sum(ffts.values()) if len(outputs) == 1 else sum(ffts.values()) + ffts["activations"] + ffts["templates"]
    mixed = len(outputs) * rows * instruments * hop_length
    return _CALL * len(outputs) + blocks.length * (_FFT * needed + _MIX * mixed)


def _event_ns(played: Shape, sounds: Shape, hop_length: int) -> float:
    samples, length = played[-1] * hop_length, sounds[-1]
    ringing = length * (1 - length / (2 * samples)) if length < samples else samples / 2  # of a hit anywhere
    return _EVENT + _ADD * ringing
