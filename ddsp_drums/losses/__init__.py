"""Distances between recordings, to be minimised."""

from ddsp_drums.losses.onset_cqt import OnsetCQTLoss, onset_cqt_loss

__all__ = ["OnsetCQTLoss", "onset_cqt_loss"]
