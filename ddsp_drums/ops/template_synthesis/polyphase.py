"""Template synthesis by FFTs at the frame rate."""

import torch
import torch.nn.functional as F
from torch import Tensor


def synthesis_by_polyphase_fft(activations: Tensor, templates: Tensor, hop_length: int, stems: bool) -> Tensor:
    """Convolve the activations with each of the `hop_length` phases of the templates, then interleave."""
    frames = activations.shape[-1]
    phases = _split_phases(templates[..., : frames * hop_length], hop_length)  # (..., K, hop, M)
    length = fast_fft_length(frames + phases.shape[-1] - 1)
    activity = torch.fft.rfft(activations, length)  # (..., K, F)
    response = torch.fft.rfft(phases, length)  # (..., K, hop, F)
    if stems:
        spectrum = activity.unsqueeze(-2) * response
    elif templates.dim() == 2:
        spectrum = _mix_shared(activity, response)
    else:
        spectrum = (activity.unsqueeze(-2) * response).sum(-3)
    audio = torch.fft.irfft(spectrum, length)[..., :frames]  # (..., hop, N)
    return audio.transpose(-1, -2).flatten(-2)


def fast_fft_length(minimum: int) -> int:
    """Return the smallest length of at least `minimum` whose only prime factors are 2, 3 and 5."""
    length = int(minimum)
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1


def _split_phases(templates: Tensor, hop_length: int) -> Tensor:
    """Deal the samples of (..., L) out to (..., hop, L / hop), the last frame filled up with zeros."""
    padded = F.pad(templates, (0, -templates.shape[-1] % hop_length))
    return padded.unflatten(-1, (-1, hop_length)).transpose(-1, -2)


def _mix_shared(activity: Tensor, response: Tensor) -> Tensor:
    """Sum over K one matrix product a frequency: (..., K, F) and (K, hop, F) to (..., hop, F)."""
    items = activity.reshape(-1, *activity.shape[-2:]).permute(2, 0, 1).contiguous()  # (F, B, K)
    mixed = items @ response.permute(2, 0, 1).contiguous()  # (F, B, hop)
    mixed = mixed.permute(1, 2, 0).contiguous()  # (B, hop, F)
    return mixed.reshape(*activity.shape[:-2], *mixed.shape[-2:])
