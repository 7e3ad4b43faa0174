"""Every layer as a pure function."""

from ddsp_drums.ops.gated_sparsemax import gated_sparsemax
from ddsp_drums.ops.sparsemax import sparsemax

__all__ = ["gated_sparsemax", "sparsemax"]
