"""What commands say: results on standard output, what went wrong on standard error, each as it is."""

from rich.console import Console

__all__ = ["ERRORS", "RESULTS", "say", "warn"]

RESULTS, ERRORS = Console(), Console(stderr=True)


def say(line: str) -> None:
    """Print a line of the results: brackets in a file's name are no markup, and no line is broken."""
    RESULTS.print(line, markup=False, highlight=False, soft_wrap=True)


def warn(line: str) -> None:
    """Print a line to standard error."""
    ERRORS.print(line, markup=False, highlight=False, soft_wrap=True)
