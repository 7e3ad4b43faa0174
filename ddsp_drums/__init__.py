"""Differentiable layers for drums, percussion and any instrument whose notes are repeated sounds."""

from ddsp_drums.functional import (
    cycle_consistency_loss,
    gated_sparsemax,
    log_mel,
    median_filter,
    onset_cqt_loss,
    percussive,
    pseudo_cqt,
    sparsemax,
    template_synthesis,
)
from ddsp_drums.losses import CycleConsistencyLoss, OnsetCQTLoss
from ddsp_drums.nn import (
    ConvHead,
    GatedSparsemax,
    LogMel,
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
    "CycleConsistencyLoss",
    "GatedSparsemax",
    "LogMel",
    "MedianFilter",
    "OnsetCQTLoss",
    "PercussiveEnhancer",
    "PseudoCQT",
    "RecurrentHead",
    "Sparsemax",
    "TemplateSynthesizer",
    "UNetEncoder",
    "cycle_consistency_loss",
    "gated_sparsemax",
    "log_mel",
    "median_filter",
    "onset_cqt_loss",
    "percussive",
    "pseudo_cqt",
    "sparsemax",
    "template_synthesis",
]
