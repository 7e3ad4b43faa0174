"""Measure the running median at every point."""

from typing import Any

from benchmarks.operations.median_filter import OPERATION

__all__ = ["OPERATION"]


def test_median_filter(measured: dict[str, Any]) -> None:
    assert measured["error"] <= OPERATION.tolerance
