"""Measure every operation at every point."""

from typing import Any

from benchmarks.row import Row


def test_operation(row: Row, measured: dict[str, Any]) -> None:
    """Hold what is measured to its reference."""
    assert measured["error"] <= row.operation.tolerance
