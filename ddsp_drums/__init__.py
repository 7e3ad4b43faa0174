"""Differentiable layers for drums, percussion and any instrument whose notes are repeated sounds."""

from ddsp_drums.functional import (
    gated_sparsemax,
    median_filter,
    onset_cqt_loss,
    percussive,
    pseudo_cqt,
    sparsemax,
    template_synthesis,
)
from ddsp_drums.losses import OnsetCQTLoss
from ddsp_drums.nn import (
    ConvHead,
    GatedSparsemax,
    MedianFilter,
    PercussiveEnhancer,
    PseudoCQT,
    RecurrentHead,
    Sparsemax,
    TemplateSynthesizer,
    UNetEncoder,
)

__all__ = [
    "ConvHead",
    "GatedSparsemax",
    "MedianFilter",
    "OnsetCQTLoss",
    "PercussiveEnhancer",
    "PseudoCQT",
    "RecurrentHead",
    "Sparsemax",
    "TemplateSynthesizer",
    "UNetEncoder",
    "gated_sparsemax",
    "median_filter",
    "onset_cqt_loss",
    "percussive",
    "pseudo_cqt",
    "sparsemax",
    "template_synthesis",
]
