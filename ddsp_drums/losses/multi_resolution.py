"""auraloss's multi-resolution STFT loss, made safe on silence."""

from collections.abc import Sequence
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ddsp_drums._validate import require_count
from ddsp_drums.losses.spectral import require_alike
from ddsp_drums.nn._audio import as_audio

__all__ = ["MultiResolutionSTFTLoss"]

_LEAK = 1e-3  # -60 dB


class MultiResolutionSTFTLoss(nn.Module):
    r"""Compare two recordings in the magnitudes of several STFTs: a baseline.

    $$\ell = \frac{1}{R} \sum_r \operatorname{mean} \lvert \ln S_r(\hat x) - \ln S_r(x) \rvert
      + \operatorname{mean} \lvert S_r(\hat x) - S_r(x) \rvert$$

    It is `auraloss.freq.MultiResolutionSTFTLoss` but for two things that break on silence: spectral convergence, which
    divides by the level of the target, gives way to the plain difference of magnitudes; and the estimate is heard with
    a trace of the target at -60 dB, because auraloss cuts small magnitudes off, and their gradient with them.

    Args:
        fft_sizes: Samples in a window, one number an STFT, hops a quarter of them. Audio of no more than half the
            longest is filled up with zeros.

    Raises:
        ImportError: If auraloss is not installed.
        TypeError: If a size is no int; when called with what are not float32 or float64 tensors of one dtype (half
            precision only under autocast).
        ValueError: If `fft_sizes` is empty or a size below 1; when called, if the shapes or devices differ, or there is
            no item or no sample.

    Source:
        Yamamoto et al., "Parallel WaveGAN", ICASSP 2020; magnitudes as in Engel et al., "DDSP", ICLR 2020;
        Steinmetz and Reiss, "auraloss", DMRN+15 2020.

    Example:
        >>> import torch
        >>> loss = MultiResolutionSTFTLoss()
        >>> bool(loss(torch.zeros(2, 4000), torch.ones(2, 4000).cumsum(-1).sin()) > 1)
        True
    """

    def __init__(self, fft_sizes: Sequence[int] = (512, 1024, 2048)) -> None:
        super().__init__()
        if len(fft_sizes) == 0:
            raise ValueError("fft_sizes must hold at least one size")
        for size in fft_sizes:
            require_count("fft_sizes", size)
        if find_spec("auraloss") is None:
            raise ImportError("MultiResolutionSTFTLoss needs auraloss: pip install auraloss")
        from auraloss.freq import MultiResolutionSTFTLoss as Unguarded

        sizes, hops = list(fft_sizes), [max(1, size // 4) for size in fft_sizes]
        self.loss = Unguarded(fft_sizes=sizes, hop_sizes=hops, win_lengths=sizes, w_sc=0.0, w_lin_mag=1.0)
        self.shortest = max(sizes) // 2 + 1

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Map two recordings (..., T) to a scalar."""
        estimate, target = as_audio("estimate", estimate), as_audio("target", target)
        require_alike(estimate, target, "(..., T)")
        if target.numel() == 0:
            raise ValueError(f"estimate and target must hold at least one item, got {tuple(target.shape)}")
        missing = max(0, self.shortest - target.shape[-1])
        leaky = torch.lerp(estimate, target.detach(), _LEAK)
        ours, theirs = (F.pad(audio.reshape(-1, 1, audio.shape[-1]), (0, missing)) for audio in (leaky, target))
        distance: Tensor = self.loss(ours, theirs)
        return distance
