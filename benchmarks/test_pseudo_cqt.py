"""Measure the pseudo-CQT at every point."""

from typing import Any

from benchmarks.operations.pseudo_cqt import OPERATION

__all__ = ["OPERATION"]


def test_pseudo_cqt(measured: dict[str, Any]) -> None:
    assert measured["error"] <= OPERATION.tolerance
