"""How the pages become a site: `make docs` builds it in docs/_build/html."""

import re
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

import ddsp_drums

sys.path.insert(0, str(Path(__file__).parent))
from make_demo import make_demo

project = "ddsp_drums"
copyright = "the ddsp_drums authors, Apache-2.0"
release = ddsp_drums.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
highlight_language = "none"  # what names no language is a drawing or what a program printed
default_role = "literal"  # what stands in single backticks in docstrings is code, as in Markdown
napoleon_custom_sections = ["Source"]
napoleon_use_ivar = True
autodoc_typehints = "none"  # the signature has them, and the text says shape, unit and range
autodoc_preserve_defaults = True
autodoc_default_options = {"exclude-members": "extra_repr"}
autosummary_generate = False
add_module_names = False
nitpicky = True  # a reference to a name of ours that is not on these pages is an error
nitpick_ignore_regex = [(r"py:.*", r"(?!ddsp_drums|drummernet).*")]

# Files outside of this folder that are pages of the site, by the links to them.
PAGES = {
    "../examples/drummernet/README.md": "recipe.md",
    "examples/drummernet/weights/README.md": "weights.md",
    "CHANGELOG.md": "changelog.md",
}

html_theme = "furo"
html_title = "ddsp_drums"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_math_renderer = "mathml"


def link_pages(_app: Sphinx, _page: object, *source: object) -> None:
    """Lead links to files that are pages of the site to these pages."""
    text: list[str] = source[-1]  # of a page, or of a file that it includes
    for file, page in PAGES.items():
        text[0] = text[0].replace(f"]({file})", f"]({page})")


def equations_as_rest(
    _app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Write the equations of docstrings, which stand between dollars, as reStructuredText has them."""
    text = "\n".join(lines)
    text = re.sub(r"^( *)\$\$(.+?)\$\$", _block, text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"\$([^$]+)\$", lambda match: f":math:`{' '.join(match[1].split())}`", text)
    lines[:] = text.split("\n")


def _block(match: re.Match[str]) -> str:
    return f"{match[1]}.. math:: {' '.join(match[2].split())}\n"


def visit_math(translator: nodes.NodeVisitor, node: nodes.math) -> None:
    """Write an equation in a line as MathML, which browsers draw without a script."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def visit_displaymath(translator: nodes.NodeVisitor, node: nodes.math_block) -> None:
    """Write an equation of its own."""
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Draw equations as MathML, and transcribe the recording of the first page."""
    app.connect("source-read", link_pages)
    app.connect("include-read", link_pages)
    app.connect("autodoc-process-docstring", equations_as_rest)
    app.connect("builder-inited", lambda app: make_demo(Path(app.srcdir) / "_static" / "demo"))
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
