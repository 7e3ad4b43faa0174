"""Write SVG by hand: elements whose text and attributes are escaped, and numbers as short as they are exact."""

from markupsafe import Markup, escape

__all__ = ["chart", "element", "short", "text"]


def element(name: str, *children: str, **attributes: str | float) -> Markup:
    """Write an element; children that are not markup are escaped.

    Args:
        name: Such as `"rect"`.
        children: What stands inside, one after the other.
        attributes: With `_` for `-`, and `class_` for `class`; numbers are rounded to hundredths.

    Returns:
        The markup.

    Example:
        >>> print(element("text", "a < b", class_="note", x=0.5, text_anchor="end"))
        <text class="note" x="0.5" text-anchor="end">a &lt; b</text>
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    written = "".join(f' {key}="{escape(value if isinstance(value, str) else short(value))}"' for key, value in pairs)
    return Markup(f"<{name}{written}>{''.join(map(escape, children))}</{name}>")


def chart(width: float, height: float, label: str, *children: str, class_: str = "chart") -> Markup:
    """Write a drawing of width by height pixels; `label` says in words what it shows."""
    size: dict[str, str | float] = {"viewBox": f"0 0 {short(width)} {short(height)}", "width": width, "height": height}
    return element("svg", *children, class_=class_, role="img", aria_label=label, **size)


def text(x: float, y: float, content: str, *, anchor: str = "middle", class_: str = "") -> Markup:
    """Write text whose baseline is at y; `anchor` is what of it is at x: start, middle or end."""
    return element("text", content, x=x, y=y, text_anchor=anchor, **({"class_": class_} if class_ else {}))


def short(value: float) -> str:
    """Write a number with at most two decimals.

    Example:
        >>> short(3.0), short(0.126), short(-0.001)
        ('3', '0.13', '0')
    """
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
