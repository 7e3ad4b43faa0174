"""Distances between recordings, to be minimised."""

from ddsp_drums.losses.cycle import CycleConsistencyLoss, cycle_consistency_loss
from ddsp_drums.losses.onset_cqt import OnsetCQTLoss, onset_cqt_loss

__all__ = ["CycleConsistencyLoss", "OnsetCQTLoss", "cycle_consistency_loss", "onset_cqt_loss"]
