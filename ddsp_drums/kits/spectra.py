"""What the sounds of kits have in common, as spectrograms that last several frames."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ddsp_drums._validate import require_count
from ddsp_drums.kits.kit import Kit, KitError
from ddsp_drums.nn.stft import spectrogram

__all__ = ["spectral_templates"]


def spectral_templates(
    kits: Sequence[Kit],
    groups: Sequence[Sequence[str]],
    *,
    n_frames: int = 10,
    n_fft: int = 1024,
    hop_length: int = 256,
) -> Tensor:
    r"""Average the magnitude spectrograms of all hits of a group of classes: templates for `ddsp_drums.nmfd`.

    Each hit's spectrogram is scaled to a sum of one; then hits are averaged in each kit, then kits.

    Args:
        kits: Kits of one sample rate; each may lack classes.
        groups: For each of K templates, the classes whose hits it stands for.
        n_frames: Frames P, at least 1; frame p is centred p * `hop_length` samples after the onset.
        n_fft: Samples in a window.
        hop_length: Samples between windows.

    Returns:
        Templates (K, F, P), F = `n_fft` // 2 + 1, each with a sum of one.

    Raises:
        KitError: If no kit has a class of some group, or the sample rates differ.
        TypeError: If an option is not an int.
        ValueError: If an option is below 1.

    Source:
        Dittmar and Gaertner, "Real-time Transcription and Separation of Drum Recordings Based on NMF Decomposition",
        DAFx 2014, section 3, averages one frame of isolated hits likewise.

    Example:
        >>> from ddsp_drums.kits import procedural_kit
        >>> spectral_templates([procedural_kit(seed=1)], [["KD"], ["RD", "CR"]]).shape
        torch.Size([2, 513, 10])
    """
    require_count("n_frames", n_frames)
    rates = {kit.sample_rate for kit in kits}
    if len(rates) != 1:
        raise KitError(f"kits: want at least one, all of one sample rate, got {sorted(rates)} Hz; load them at one")
    templates = []
    for group in groups:
        of_kits = [[hit for name in group for drum in kit.drums.get(name, ()) for hit in drum.hits] for kit in kits]
        means = [_mean(hits, n_frames, n_fft, hop_length) for hits in of_kits if hits]
        if not means:
            names = ", ".join(kit.name for kit in kits)
            raise KitError(f"kits {names}: none has {' or '.join(group)}; add a kit with it or leave the group out")
        templates.append(torch.stack(means).mean(0))
    return torch.stack(templates)


def _mean(hits: Sequence[Tensor], n_frames: int, n_fft: int, hop_length: int) -> Tensor:
    """Average the spectrograms of hits over the first frames, (F, P)."""
    length = (n_frames - 1) * hop_length + n_fft
    cut = torch.stack([F.pad(hit[:length], (0, max(0, length - hit.numel()))) for hit in hits])
    magnitudes = spectrogram(cut, n_fft=n_fft, hop_length=hop_length)[..., :n_frames]
    total = magnitudes.sum((-2, -1), keepdim=True)
    return (magnitudes / total.where(total > 0, 1)).mean(0)
