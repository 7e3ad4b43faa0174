from pathlib import Path

import jupytext
import mido
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "your_kit"


@pytest.fixture
def source():
    return jupytext.read(FOLDER / "your_kit.py")


def test_the_notebook_and_the_page_are_those_of_the_source(source):
    notebook = nbformat.read(FOLDER / "your_kit.ipynb", as_version=4)
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in source.cells
    ]
    page = (ROOT / "docs" / "your_kit.md").read_text()
    assert all(cell.source in page for cell in source.cells)


def test_the_notebook_was_run_without_an_error_and_shows_what_it_found():
    notebook = nbformat.read(FOLDER / "your_kit.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert any("F1" in output.get("text", "") for output in outputs)
    assert (FOLDER / "your_kit.ipynb").stat().st_size < 400_000


def test_the_notebook_runs_from_sounds_to_midi(source, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for cell in source.cells:
        cell.source = cell.source.replace("SEGMENTS = 12000", "SEGMENTS = 16")
    assert any("SEGMENTS = 16 " in cell.source for cell in source.cells)
    NotebookClient(source, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    assert len(list((tmp_path / "my_sounds").glob("*.wav"))) == 20
    assert (tmp_path / "runs" / "mine" / "mine.safetensors").exists()
    assert mido.MidiFile(tmp_path / "take.mid").tracks
    assert (tmp_path / "take.png").exists()
