"""Measure the onset loss at every point."""

from typing import Any

from benchmarks.operations.onset_cqt_loss import OPERATION

__all__ = ["OPERATION"]


def test_onset_cqt_loss(measured: dict[str, Any]) -> None:
    assert measured["error"] <= OPERATION.tolerance
