"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

Lines = Sequence[Sequence[str]]


def number(value: float) -> str:
    """Write three digits."""
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:#.3g}".rstrip(".") if value else "0"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.1e}"


def times(value: float) -> str:
    """Write a ratio."""
    return f"{value:.0f}x" if value >= 20 else f"{value:.1f}x" if value >= 2 else f"{value:.2f}x"


def ms(seconds: float) -> str:
    """Write a time in milliseconds."""
    return number(1e3 * seconds)


def mb(size: float | None) -> str:
    """Write bytes in megabytes."""
    return "-" if size is None else number(size / 1e6)


def tiny(error: float | None) -> str:
    """Write an error."""
    return "-" if error is None else f"{error:.0e}"


def case(sizes: dict[str, Any], base: dict[str, Any] | None = None) -> str:
    """Write a point, or where it differs from a base."""
    base = base or {}
    differing = [f"{name} {value}" for name, value in sizes.items() if base.get(name) != value]
    return ", ".join(differing) or "base"


def percent(share: float) -> str:
    """Write a share."""
    return f"{100 * share:.2g} %"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay a table out, words to the left and figures to the right."""
    body = [[str(cell) for cell in row] for row in rows]
    numeric = [bool(body) and all(_is_figure(row[i]) for row in body) for i in range(len(heads))]
    lines = [heads, ["--:" if right else "---" for right in numeric], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def folded(summary: str, text: str) -> str:
    """Fold a long text away."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def _is_figure(cell: str) -> bool:
    return cell in ("-", "", "not run") or cell.strip("*")[:1].isdigit()
