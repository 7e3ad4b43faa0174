"""The operations that are benchmarked: add a module with an `OPERATION`, name it here, and write its test."""

from benchmarks.operations import gated_sparsemax, template_synthesis

__all__ = ["OPERATIONS"]

OPERATIONS = (template_synthesis.OPERATION, gated_sparsemax.OPERATION)
