"""The operations that are benchmarked: add a module with an `OPERATION`, and name it here."""

from benchmarks.operations import gated_sparsemax, median_filter, onset_cqt_loss, pseudo_cqt, template_synthesis

__all__ = ["OPERATIONS"]

OPERATIONS = tuple(
    module.OPERATION for module in (template_synthesis, gated_sparsemax, median_filter, pseudo_cqt, onset_cqt_loss)
)
