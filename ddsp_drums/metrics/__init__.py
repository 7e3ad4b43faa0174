"""How good a transcription is."""

from ddsp_drums.metrics.onsets import OnsetCounts, count_onsets, mean_f1, sum_f1

__all__ = ["OnsetCounts", "count_onsets", "mean_f1", "sum_f1"]
