import re
from importlib.metadata import version
from pathlib import Path

import ddsp_drums

ROOT = Path(__file__).parents[1]


def test_the_version_is_that_of_the_installed_package():
    assert ddsp_drums.__version__ == version("ddsp_drums"), "changed since it was installed: pip install -e . again"


def test_the_citation_is_of_this_version():
    assert re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE) == [ddsp_drums.__version__]


def test_the_changelog_tells_of_this_version():
    assert re.search(rf"\b{re.escape(ddsp_drums.__version__)}\b", (ROOT / "CHANGELOG.md").read_text())
