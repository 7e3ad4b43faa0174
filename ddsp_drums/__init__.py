"""Differentiable layers for drums, percussion and any instrument whose notes are repeated sounds."""

from ddsp_drums.functional import gated_sparsemax, sparsemax
from ddsp_drums.nn import GatedSparsemax, Sparsemax

__all__ = ["GatedSparsemax", "Sparsemax", "gated_sparsemax", "sparsemax"]
