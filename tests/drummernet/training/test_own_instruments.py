"""A network of instruments that the toolkit does not know: from a folder of sounds to files."""

import json

import mido
import pytest
import torch
from drummernet.config import CONFIGS, with_classes
from drummernet.hearing.thresholds import resolve_thresholds
from drummernet.training.data import Rendered, load_performances
from drummernet.weights import load_weights

from ddsp_drums.events import Hit, write_midi
from ddsp_drums.kits import TAXONOMY, load_kit, load_taxonomy
from tests.kits.on_disk import save, tone

ENTRY = '[[instrument]]\nid = "{}"\nname = "{}"\ngm_note = {}\ncolour = "#c1272d"\nsix = "OT"\nspellings = ["{}"]\n'


@pytest.fixture
def sounds(tmp_path):
    for stroke in (1, 2):
        save(tmp_path / "sounds", f"pot {stroke}.wav", tone(210 + 5 * stroke))
        save(tmp_path / "sounds", f"lid {stroke}.wav", tone(2000 + 50 * stroke, tau_s=0.05))
    return tmp_path / "sounds"


@pytest.fixture
def taxonomy(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(ENTRY.format("POT", "cooking pot", 60, "pot") + ENTRY.format("LID", "its lid", 61, "lid"))
    return path


def test_learns_exactly_the_sounds_there_are_and_writes_them_by_their_own_names(run, sounds, taxonomy, loop, tmp_path):
    out = tmp_path / "run"
    options = ("--items", 2, "--batch-size", 2, "--workers", 0)
    code, _, err = run("train", "--kits", sounds, "--taxonomy", taxonomy, "--out", out, *options)
    assert code == 0, err
    weights = out / "default.safetensors"
    _, config = load_weights(weights)
    assert config.model.instruments == ("POT", "LID")
    assert config.model.taxonomy.by_id["POT"].name == "cooking pot"
    formats = "mid,csv,json,jams,png,stems"
    heard = ("--weights", weights, "--threshold", "POT=0,OT=0", "--format", formats, "--kit", sounds, "--fast")
    code, _, err = run("transcribe", loop, "--out", tmp_path / "heard", *heard)
    assert code == 0, err
    notes = {message.note for message in mido.MidiFile(tmp_path / "heard" / "loop.mid") if message.type == "note_on"}
    assert notes
    assert notes <= {60, 61}
    written = json.loads((tmp_path / "heard" / "loop.json").read_text())["hits"]
    assert {(hit["class"], hit["note"]) for hit in written} <= {("POT", 60), ("LID", 61)}
    assert run("transcribe", loop, "--out", tmp_path / "none", "--weights", weights, "--classes", 3)[0] == 0
    code, _, err = run("transcribe", loop, "--out", tmp_path, "--weights", weights, "--threshold", "PAN=.2")
    assert code == 2
    assert "PAN" in err


def test_performances_are_read_with_their_notes(taxonomy, tmp_path):
    known = load_taxonomy(taxonomy)
    played = [Hit(0.0, "POT", 100), Hit(0.5, "LID", 90), Hit(1.0, "KD", 80)]
    write_midi(tmp_path / "played.mid", played, taxonomy=known)
    (performance,) = load_performances(tmp_path, taxonomy=known)
    assert [hit.instrument for hit in performance] == ["POT", "LID", "KD"]


def test_every_instrument_gets_parts_of_made_up_performances(sounds, taxonomy):
    known = load_taxonomy(taxonomy)
    kit = load_kit(sounds, taxonomy=known)
    config = with_classes(CONFIGS["default"], kit.classes, known)
    data = Rendered([kit], [], config.model, segment_s=2.0, items=12, degraded=0.0)
    assert config.model.instruments == ("POT", "LID")
    struck = torch.stack([data[item][1].amax(-1) for item in range(12)]).sum(0)
    assert (struck >= 3).all()


def test_own_instruments_join_those_of_the_toolkit(taxonomy):
    known = load_taxonomy(taxonomy)
    config = with_classes(CONFIGS["default"], {"POT", "KD"}, known)
    assert config.model.instruments == ("KD", "POT")
    assert [instrument.id for instrument in config.model.own] == ["POT"]
    asked = resolve_thresholds({"POT": 0.1, "KD": 0.2}, {"KD": 0.5, "POT": 0.5}, taxonomy=config.model.taxonomy)
    assert asked == {"KD": 0.2, "POT": 0.1}
    with pytest.raises(ValueError, match="POT"):
        resolve_thresholds({"POT": 0.1}, {"KD": 0.5}, taxonomy=TAXONOMY)
