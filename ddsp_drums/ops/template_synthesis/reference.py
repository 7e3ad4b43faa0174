"""The specification of template synthesis."""

import torch
from torch import Tensor


def synthesis_by_zero_insertion(activations: Tensor, templates: Tensor, hop_length: int, stems: bool) -> Tensor:
    """Bring the activations to the audio rate, convolve each with its template, cut to the output."""
    impulses = activations.new_zeros(*activations.shape, hop_length)
    impulses[..., 0] = activations
    impulses = impulses.flatten(-2)  # (..., K, T)

    samples = impulses.shape[-1]
    full = samples + templates.shape[-1] - 1
    spectrum = torch.fft.rfft(impulses, full) * torch.fft.rfft(templates, full)
    audio = torch.fft.irfft(spectrum, full)[..., :samples]  # (..., K, T)
    return audio if stems else audio.sum(-2)
