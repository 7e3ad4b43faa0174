"""Distances between recordings, to be minimised."""

from ddsp_drums.losses.cycle import CycleConsistencyLoss, cycle_consistency_loss
from ddsp_drums.losses.multi_resolution import MultiResolutionSTFTLoss
from ddsp_drums.losses.onset_cqt import OnsetCQTLoss, onset_cqt_loss
from ddsp_drums.losses.spectral import SpectralLoss

__all__ = [
    "CycleConsistencyLoss",
    "MultiResolutionSTFTLoss",
    "OnsetCQTLoss",
    "SpectralLoss",
    "cycle_consistency_loss",
    "onset_cqt_loss",
]
