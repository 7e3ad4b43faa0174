import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("ddsp_drums", "examples", "benchmarks") for path in (ROOT / folder).rglob("*.py"))
CODE = [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "examples").rglob("*.js")]
OF_DRUMS = re.compile(
    r"\b(drums?|drummers?|drumming|kits?|kicks?|snares?|hi-hats?|(?<!\\)hats?|cymbals?|toms?|tambourines?|KD|SD|HH)\b",
    re.IGNORECASE,
)
CITATION = re.compile(r"^ *Source:\n.*?(?=\n\n|\"\"\")", re.DOTALL | re.MULTILINE)
RECIPES = {folder.name for folder in (ROOT / "examples").iterdir()}


def imports(path):
    """The modules that a file imports, each with the names it takes from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or "", [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)


def test_no_file_has_more_than_400_lines():
    assert not [path for path in CODE if len(path.read_text().splitlines()) > 400]


def test_the_toolkit_knows_no_recipe():
    toolkit = [path for path in MODULES if path.is_relative_to(ROOT / "ddsp_drums")]
    assert not [path for path in toolkit for module, _ in imports(path) if module.split(".")[0] in RECIPES]


def test_the_toolkit_has_no_word_of_drums_outside_of_kits_and_events_but_in_citations():
    folder = ROOT / "ddsp_drums"
    files = [path for path in folder.rglob("*.*") if path.suffix in (".py", ".md", ".toml")]
    layers = [path for path in files if path.relative_to(folder).parts[0] not in ("kits", "events")]
    found = {path.relative_to(ROOT): OF_DRUMS.findall(CITATION.sub("", path.read_text())) for path in layers}
    assert len(layers) > 50
    assert not {path: words for path, words in found.items() if words}


def test_no_module_takes_what_another_keeps_to_itself():
    ours = {"ddsp_drums", "benchmarks", *RECIPES}
    taken = {
        f"{path.relative_to(ROOT)}: {module}.{name}"
        for path in MODULES
        for module, names in imports(path)
        if module.split(".")[0] in ours
        for name in names
        if name.startswith("_") and not name.startswith("__")
    }
    assert not taken


def test_tests_lie_as_the_code_does():
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    code = [ROOT / "ddsp_drums", ROOT / "examples", ROOT]
    assert not [folder for folder in folders if not any((root / folder).is_dir() for root in code)]
