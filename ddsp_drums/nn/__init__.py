"""Every layer as a module."""

from ddsp_drums.nn.sparsemax import GatedSparsemax, Sparsemax

__all__ = ["GatedSparsemax", "Sparsemax"]
