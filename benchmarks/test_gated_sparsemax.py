"""Measure gated sparsemax at every point."""

from typing import Any

from benchmarks.operations.gated_sparsemax import OPERATION

__all__ = ["OPERATION"]


def test_gated_sparsemax(measured: dict[str, Any]) -> None:
    assert measured["error"] <= OPERATION.tolerance
