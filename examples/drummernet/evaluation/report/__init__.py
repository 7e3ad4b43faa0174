"""An evaluation as a page for a browser."""

from drummernet.evaluation.report.page import write_html

__all__ = ["write_html"]
