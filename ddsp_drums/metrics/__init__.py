"""How good a transcription is."""

from ddsp_drums.metrics.bootstrap import Interval, bootstrap
from ddsp_drums.metrics.confusion import confusion_matrix
from ddsp_drums.metrics.onsets import OnsetCounts, count_onsets, match_onsets
from ddsp_drums.metrics.pairs import VelocityAgreement, compare_velocities, offset_histogram
from ddsp_drums.metrics.tracks import mean_f1, sum_f1

__all__ = [
    "Interval",
    "OnsetCounts",
    "VelocityAgreement",
    "bootstrap",
    "compare_velocities",
    "confusion_matrix",
    "count_onsets",
    "match_onsets",
    "mean_f1",
    "offset_histogram",
    "sum_f1",
]
