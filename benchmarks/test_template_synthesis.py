"""Measure template synthesis at every point."""

from typing import Any

from benchmarks.operations.template_synthesis import OPERATION

__all__ = ["OPERATION"]


def test_template_synthesis(measured: dict[str, Any]) -> None:
    assert measured["error"] <= OPERATION.tolerance
