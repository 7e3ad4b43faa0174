"""Templates that are learned, and stay near the sounds they began as."""

import math

import torch
from torch import Tensor, nn

from ddsp_drums._validate import require_count, require_positive
from ddsp_drums.nn._audio import as_audio

__all__ = ["LearnableTemplates"]


class LearnableTemplates(nn.Module):
    r"""Learn how loud each band of each sound is at each time, within bounds, so that a sound stays recognisable.

    $$h_t = \sum_b a_{b,t} \, 10^{g_{b,t} / 20}, \qquad g_{b,t} = R \sum_s v_{s,t} \tanh \theta_{b,s}$$

    where the bands $a_b$ of an anchor sum to it, and the gain $g$ of a band goes from one learned value to the next
    over the weights $v_s$: at the start, and at times spaced by ratio from a hundredth of the anchor's length to its
    end. No band of a template is ever more than $R$ dB from its anchor's. All gains begin at zero, where the templates
    are the anchors.

    Args:
        anchors: One sound an instrument, shape (K, L) or (..., K, L). Their bands are saved with the module.
        sample_rate: Rate of the anchors in Hz.
        range_db: R, above 0.
        n_bands: B, at least 1, spaced evenly in octaves from `f_min_hz` to .4 of the sample rate.
        n_times: S, at least 1.
        f_min_hz: Centre of the lowest band, which reaches down to 0 Hz, below .4 of the sample rate.

    Raises:
        TypeError: If `anchors` is not a float32 or float64 tensor, or a number is not an int.
        ValueError: If an option is out of its range, or `anchors` has no instrument or no sample.

    Source:
        Ours. Choi and Cho, "Deep Unsupervised Drum Transcription", ISMIR 2019, name a trainable synthesizer as next.

    Example:
        >>> import ddsp_drums
        >>> templates = LearnableTemplates(torch.randn(3, 4000), sample_rate=16000)
        >>> templates().shape, templates.gain_db.shape
        (torch.Size([3, 4000]), torch.Size([3, 8, 5]))
        >>> ddsp_drums.template_synthesis(torch.rand(2, 3, 100), templates(), hop_length=16).shape
        torch.Size([2, 1600])
    """

    bands: Tensor
    times: Tensor

    def __init__(
        self,
        anchors: Tensor,
        *,
        sample_rate: float,
        range_db: float = 12.0,
        n_bands: int = 8,
        n_times: int = 5,
        f_min_hz: float = 100.0,
    ) -> None:
        super().__init__()
        anchors = as_audio("anchors", anchors, "(..., K, L)").detach()
        if anchors.dim() < 2 or anchors.numel() == 0:
            raise ValueError(f"anchors must have shape (..., K, L) with a sound in it, got {tuple(anchors.shape)}")
        for name, value in (("sample_rate", sample_rate), ("range_db", range_db), ("f_min_hz", f_min_hz)):
            require_positive(name, value)
        require_count("n_bands", n_bands)
        require_count("n_times", n_times)
        if f_min_hz >= _TOP * sample_rate:
            raise ValueError(f"f_min_hz must be below {_TOP * sample_rate:g}, got {f_min_hz}")
        self.sample_rate = sample_rate
        self.range_db = range_db
        self.f_min_hz = f_min_hz
        self.register_buffer("bands", _split(anchors, sample_rate, n_bands, f_min_hz))  # (..., K, B, L)
        self.register_buffer("times", _times(anchors, n_times), persistent=False)  # (S, L)
        self.theta = nn.Parameter(anchors.new_zeros(*anchors.shape[:-1], n_bands, n_times))

    @property
    def gain_db(self) -> Tensor:
        """What is learned: gains (..., K, B, S) in dB, from -`range_db` to `range_db`."""
        return self.range_db * self.theta.tanh()

    def forward(self) -> Tensor:
        """Return the templates (..., K, L)."""
        gain = torch.exp((self.gain_db * (math.log(10) / 20)) @ self.times)  # (..., K, B, L)
        return (self.bands * gain).sum(-2)

    def extra_repr(self) -> str:
        """Show the options."""
        *leading, n_bands, length = self.bands.shape
        return (
            f"anchors={(*leading, length)}, sample_rate={self.sample_rate}, range_db={self.range_db}, "
            f"n_bands={n_bands}, n_times={len(self.times)}, f_min_hz={self.f_min_hz}"
        )


_TOP = 0.4  # of the sample rate: centre of the highest band


def _split(anchors: Tensor, sample_rate: float, n_bands: int, f_min_hz: float) -> Tensor:
    """Split sounds (..., L) into bands (..., B, L) whose sum they are, without delay."""
    length = anchors.shape[-1]
    padded = 2 * length  # or what rings before the start would wrap to the end
    frequency = torch.arange(length + 1, dtype=torch.float64, device=anchors.device) * (sample_rate / padded)
    octaves = math.log2(_TOP * sample_rate / f_min_hz)
    place = (frequency / f_min_hz).clamp(min=1).log2() / octaves * (n_bands - 1)
    spectrum = torch.fft.rfft(anchors.double(), n=padded)[..., None, :] * _tents(place, n_bands)
    return torch.fft.irfft(spectrum, n=padded)[..., :length].to(anchors.dtype)


def _times(anchors: Tensor, n_times: int) -> Tensor:
    """Return the weight of each time's value at each sample, (S, L)."""
    length = anchors.shape[-1]
    first, last = math.log1p(1), math.log1p(100)
    t = torch.arange(length, dtype=torch.float64, device=anchors.device) * (100 / length)  # in hundredths
    place = torch.where(t < 1, t, 1 + (torch.log1p(t) - first) / (last - first) * (n_times - 2))
    return _tents(place, n_times).to(anchors.dtype)


def _tents(place: Tensor, count: int) -> Tensor:
    """Share each place (N,) out to the two whole numbers beside it, of those below `count`: (count, N)."""
    whole = torch.arange(count, dtype=place.dtype, device=place.device)[:, None]
    return (1 - (place.clamp(0, count - 1) - whole).abs()).clamp(min=0)
