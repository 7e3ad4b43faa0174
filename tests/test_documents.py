import re
from pathlib import Path

import pytest

import ddsp_drums

ROOT = Path(__file__).parents[1]
DOCUMENTS = {path.name: path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]}
FOLDERS = ["ddsp_drums", "examples", "benchmarks", "docs", "tests"]
TOURS = ["CONTRIBUTING.md", "SECURITY.md", "architecture.md"]  # what is in backticks there is in the tree
ENTRY = re.compile(r"^\.\. auto(?:function|class):: (\w+)$", re.MULTILINE)  # of the reference


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_picture_and_link_is_there(name):
    document = DOCUMENTS[name]
    links = re.findall(r"\]\((?!https?:|#|_static/demo/)([^)#]+)", document.read_text())  # that is made with the site
    assert not [link for link in links if not (document.parent / link).exists()]


@pytest.mark.parametrize("name", TOURS)
def test_every_file_that_is_named_is_there(name):
    tree = [path for folder in FOLDERS for path in (ROOT / folder, *(ROOT / folder).rglob("*"))]
    there = [f"/{path.relative_to(ROOT)}/" for path in [*tree, *ROOT.glob("*.*")]]
    named = set(re.findall(r"`([\w./]+(?:\.(?:py|toml|md|css)|/))`", DOCUMENTS[name].read_text()))
    named = {path for path in named if "NAME" not in path and ".." not in path}
    assert len(named) > 3
    assert not [path for path in named if not any(known.endswith(f"/{path.rstrip('/')}/") for known in there)]


def test_every_test_that_contributing_names_is_there():
    named = set(re.findall(r"`(test_\w+)(?:\[NAME\])?`", DOCUMENTS["CONTRIBUTING.md"].read_text()))
    defined = {
        match
        for path in (ROOT / "tests").rglob("test_*.py")
        for match in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(named) > 10
    assert named <= defined


def test_every_file_of_the_recipe_is_in_its_table():
    recipe = ROOT / "examples" / "drummernet"
    listed = set(re.findall(r"`([\w./]+)`", (recipe / "README.md").read_text()))
    files = {path.relative_to(recipe) for path in recipe.rglob("*.py") if not path.name.startswith("__")}
    as_a_whole = {"commands", "datasets", "report", "baselines"}
    assert not [file for file in files if file.name not in listed and file.parent.name not in as_a_whole]


def test_every_layer_has_its_place_in_the_reference():
    pages = [path.read_text() for path in (ROOT / "docs" / "api").glob("*.md")]
    placed = [name for page in pages for name in ENTRY.findall(page)]
    assert {*ddsp_drums.__all__} - {*placed} == set(), "no page of docs/api has these"
    assert sorted(placed) == sorted(ddsp_drums.__all__)


def test_every_op_has_its_page():
    ops = {path.parent.name for path in (ROOT / "ddsp_drums" / "ops").glob("*/README.md")}
    contents = (ROOT / "docs" / "kernels" / "index.md").read_text().splitlines()
    assert ops == {path.stem for path in (ROOT / "docs" / "kernels").glob("*.md")} - {"index"}
    assert ops <= {*contents}


def test_every_layer_is_in_the_table_of_its_page():
    for path in (ROOT / "docs" / "api").glob("*.md"):
        page = path.read_text()
        listed = re.findall(r"^   (\w+)$", page.partition(".. autosummary::")[2].partition(".. auto")[0], re.MULTILINE)
        assert not listed or listed == ENTRY.findall(page)
