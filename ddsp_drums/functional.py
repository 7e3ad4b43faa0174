"""Every layer as a pure function."""

from ddsp_drums.losses.cycle import cycle_consistency_loss
from ddsp_drums.losses.onset_cqt import onset_cqt_loss
from ddsp_drums.nn.constant_q import cqt
from ddsp_drums.nn.cqt import pseudo_cqt
from ddsp_drums.nn.damping import damped_synthesis
from ddsp_drums.nn.envelope import strike_envelope
from ddsp_drums.nn.flux import spectral_flux
from ddsp_drums.nn.hpss import percussive
from ddsp_drums.nn.mel import log_mel
from ddsp_drums.nn.nmfd import nmfd
from ddsp_drums.nn.noise import filtered_noise
from ddsp_drums.nn.partials import decaying_partials
from ddsp_drums.nn.stft import spectrogram
from ddsp_drums.nn.sweep import swept_sine
from ddsp_drums.ops.gated_sparsemax import gated_sparsemax
from ddsp_drums.ops.median_filter import median_filter
from ddsp_drums.ops.sparsemax import sparsemax
from ddsp_drums.ops.template_synthesis import template_synthesis

__all__ = [
    "cqt",
    "cycle_consistency_loss",
    "damped_synthesis",
    "decaying_partials",
    "filtered_noise",
    "gated_sparsemax",
    "log_mel",
    "median_filter",
    "nmfd",
    "onset_cqt_loss",
    "percussive",
    "pseudo_cqt",
    "sparsemax",
    "spectral_flux",
    "spectrogram",
    "strike_envelope",
    "swept_sine",
    "template_synthesis",
]
