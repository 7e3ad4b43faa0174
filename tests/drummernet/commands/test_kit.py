import numpy as np
import pytest
import soundfile
import torch
from drummernet.commands.kit import app
from drummernet.commands.kit_sheet import plot_kit
from matplotlib.image import imread
from typer.testing import CliRunner

from ddsp_drums.kits import Drum, Kit, procedural_kit


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("Kick 1", "Kick 2", "Snare", "Tom 1", "Cowbell", "a$b^_c"):
        seconds = np.arange(8000) / 16000
        tone = np.sin(2 * np.pi * 150 * seconds) if name != "Snare" else rng.standard_normal(8000) / 4
        soundfile.write(tmp_path / f"{name}.wav", np.exp(-20 * seconds) * tone, 16000)
    return tmp_path


@pytest.fixture
def show(monkeypatch):
    """Run `drummernet kit show` on a wide terminal: its result and output."""
    monkeypatch.setenv("COLUMNS", "200")

    def show(*arguments):
        return CliRunner().invoke(app, ["show", *map(str, arguments)])

    return show


def test_it_lists_drums_guesses_and_what_is_left_out_with_reasons(show, folder):
    result = show(folder)
    assert result.exit_code == 0
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in result.output.splitlines()]
    assert ["KD", "kick", "1", "2", "2", "Kick"] in rows
    assert ["SD", "snare", "1", "1", "1", "Snare"] in rows
    assert ["tom 1 of 1 by its number", "1", "Tom 1.wav"] in rows
    assert ["named 'cowbell'", "1", "Cowbell.wav"] in rows
    assert ["no name says what it is", "1", "a$b^_c.wav"] in rows
    assert "licence unknown" in result.output


def test_it_draws_a_sheet_and_knows_instruments_of_ones_own(show, folder, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        "[[instrument]]\n"
        'id = "COW"\nname = "agogo"\ngm_note = 56\ncolour = "#123456"\nsix = "OT"\nspellings = ["cowbell"]\n'
    )
    (folder / "kit.toml").write_text('[classes]\n"[odd]" = ["a$*"]')
    result = show(folder, "--taxonomy", own, "--out", tmp_path / "sheet.png")
    assert result.exit_code == 0, result.output
    assert "agogo" in result.output
    assert "[odd]" in result.output
    assert f"wrote {tmp_path / 'sheet.png'}" in result.output
    assert imread(tmp_path / "sheet.png").shape[0] > 4 * 100


def test_without_a_kit_it_shows_the_synthesised_one(show, tmp_path):
    result = show("--out", tmp_path / "sheet.png")
    assert result.exit_code == 0, result.output
    assert "CLP   │ hand clap" in result.output
    assert "licence CC0-1.0" in result.output
    assert imread(tmp_path / "sheet.png").shape[0] > 13 * 100


def test_it_shows_a_drum_machine(show, folder):
    assert show("--preset", "808").output.startswith("808 0: licence CC0-1.0")
    assert "leave out KIT or --preset" in str(show(folder, "--preset", "808").exception)
    assert "preset must be one of" in str(show("--preset", "707").exception)


def test_a_sheet_has_a_row_a_class_and_shows_what_is_there(tmp_path):
    drums = procedural_kit(seed=1).drums
    plot_kit(tmp_path / "three.png", Kit("three", 16000, {name: drums[name] for name in ("KD", "SD", "CHH")}))
    plot_kit(tmp_path / "one.png", Kit("one", 16000, {"KD": drums["KD"]}))
    tall, low = (imread(tmp_path / f"{name}.png") for name in ("three", "one"))
    assert tall.shape[0] - low.shape[0] == pytest.approx(2 * 1.05 * 110, abs=2)
    red = (low[..., 0] > 0.6) & (low[..., 1] < 0.3) & (low[..., 2] < 0.3)
    assert red.mean() > 0.001


@pytest.mark.parametrize("rate", [8000, 44100])
def test_any_number_of_drums_of_any_length_and_rate(tmp_path, rate):
    drums = tuple(Drum(f"a very long name of a drum {n} " * 3, (torch.ones(n + 1),) * 3) for n in range(20))
    plot_kit(tmp_path / "sheet.png", Kit("$x^", rate, {"gong 太鼓": drums, "KD": drums[:1]}))
    assert (tmp_path / "sheet.png").stat().st_size > 0


def test_a_sheet_needs_a_folder(show, folder):
    result = show(folder, "--out", folder / "gone" / "sheet.png")
    assert "gone/sheet.png: no such folder" in str(result.exception)
    assert result.output == ""


def test_a_kit_that_cannot_be_loaded_leaves_no_sheet(show, tmp_path):
    result = show(tmp_path, "--out", tmp_path / "sheet.png")
    assert isinstance(result.exception, ValueError)
    assert not (tmp_path / "sheet.png").exists()
