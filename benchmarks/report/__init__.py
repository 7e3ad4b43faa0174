"""Results to a page: tables and plots, every figure of them read from the JSON of a run."""

from benchmarks.report.page import reached, summary, write_page
from benchmarks.report.results import Results, keep_others, load_results, save_results

__all__ = ["Results", "keep_others", "load_results", "reached", "save_results", "summary", "write_page"]
