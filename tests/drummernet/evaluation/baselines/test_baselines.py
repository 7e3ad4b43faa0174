import math

import pytest
import torch
from drummernet.evaluation.baselines import BASELINES, FluxBaseline, NMFDBaseline
from drummernet.evaluation.baselines.nmfd import SAMPLE_RATE
from drummernet.evaluation.datasets import find_tracks
from drummernet.evaluation.evaluate import evaluate
from drummernet.evaluation.scores import headline

from ddsp_drums.audio import AudioFileError, write_audio
from ddsp_drums.events import Hit
from ddsp_drums.kits import KitError, procedural_kit, render

PLAYED = [
    Hit(0.25 * beat, name, velocity)
    for beat in range(16)
    for name, velocity in {0: [("KD", 120), ("CHH", 90)], 2: [("SD", 110), ("CHH", 90)]}.get(beat % 4, [("CHH", 90)])
]


@pytest.fixture(scope="module")
def kit():
    return procedural_kit(seed=50, sample_rate=SAMPLE_RATE)


@pytest.fixture(scope="module")
def systems(kit):
    return {"flux": FluxBaseline(), "nmfd": NMFDBaseline([kit])}


@pytest.fixture(scope="module")
def beat(tmp_path_factory, kit):
    path = tmp_path_factory.mktemp("beat") / "beat.wav"
    shifted = [hit._replace(onset_s=hit.onset_s + 0.1) for hit in PLAYED]
    write_audio(path, 0.5 * render(shifted, kit, duration_s=4.5), sample_rate=SAMPLE_RATE)
    path.with_suffix(".txt").write_text("".join(f"{hit.onset_s} {hit.instrument}\n" for hit in shifted))
    return path


@pytest.mark.parametrize(("name", "least"), [("flux", 0.85), ("nmfd", 0.95)])
def test_hears_a_simple_beat(systems, beat, name, least):
    evaluation = evaluate(find_tracks(beat.parent), lambda path: systems[name].file(path).hits)
    assert headline(evaluation).sum.value >= least


@pytest.mark.parametrize("name", BASELINES)
def test_gives_what_a_transcriber_gives(systems, beat, name):
    transcription = systems[name].file(beat)
    assert transcription.hits == sorted(transcription.hits)
    assert {hit.instrument for hit in transcription.hits} <= set(transcription.instruments)
    assert all(1 <= hit.velocity <= 127 for hit in transcription.hits)
    assert transcription.duration_s == pytest.approx(4.5)
    n_frames = 1 + int(4.5 * systems[name].sample_rate) // systems[name].hop_length
    assert transcription.activations.shape == (len(transcription.instruments), n_frames)
    assert transcription.activations.min() >= 0
    assert transcription.activations.max() == pytest.approx(1)


@pytest.mark.parametrize("name", BASELINES)
def test_hears_the_same_at_any_level_and_nothing_in_silence(systems, beat, name):
    system = systems[name]
    audio = torch.zeros(system.sample_rate)
    audio[4000:12000] = torch.randn(8000) * torch.linspace(1, 0, 8000) ** 2
    loud, soft = system(audio).hits, system(1e-3 * audio).hits
    assert [hit[1:] for hit in loud] == [hit[1:] for hit in soft]
    assert [hit.onset_s for hit in soft] == pytest.approx([hit.onset_s for hit in loud], abs=1e-4)
    assert loud
    assert system(torch.zeros(5000)).hits == []
    assert system(torch.zeros(1)).hits == []


def test_a_long_recording_is_explained_piece_by_piece(systems, beat, monkeypatch):
    whole = systems["nmfd"].file(beat)
    monkeypatch.setattr("drummernet.evaluation.baselines.nmfd._PIECE", 100)  # of 388 frames
    pieces = systems["nmfd"].file(beat)
    assert pieces.activations.shape == whole.activations.shape
    assert not torch.equal(pieces.activations, whole.activations)
    evaluation = evaluate(find_tracks(beat.parent), lambda path: systems["nmfd"].file(path).hits)
    assert headline(evaluation).sum.value >= 0.9


def test_thresholds_of_classes_are_their_own(systems, beat, kit):
    few = NMFDBaseline([kit], threshold={"KD": 1.0, "SD": 0.15, "HH": 0.15, "TT": 0.15, "CY": 0.15}).file(beat).hits
    many = systems["nmfd"].file(beat).hits
    assert [hit for hit in many if hit.instrument != "KD"] == [hit for hit in few if hit.instrument != "KD"]
    assert any(hit.instrument == "KD" for hit in many)
    assert not any(hit.instrument == "KD" for hit in few)


def test_what_the_kits_lack_is_not_listened_for(kit):
    small = type(kit)("small", kit.sample_rate, {name: kit.drums[name] for name in ("KD", "OHH")})
    system = NMFDBaseline([small])
    assert system.instruments == ("KD", "OHH")
    assert list(system.threshold) == ["KD", "HH"]


def test_bad_input_is_named(systems, kit, tmp_path):
    with pytest.raises(AudioFileError, match="no such file"):
        systems["flux"].file(tmp_path / "missing.wav")
    with pytest.raises(ValueError, match="T >= 1"):
        systems["nmfd"](torch.zeros(0))
    with pytest.raises(KitError, match="must have 22050 Hz, has 16000"):
        NMFDBaseline([procedural_kit(sample_rate=16000)])
    tambourine = type(kit)("tambourine", kit.sample_rate, {"TMB": kit.drums["TMB"]})
    with pytest.raises(KitError, match="none has any of KD"):
        NMFDBaseline([tambourine])
    for threshold in (-0.1, 1.1, math.nan, {"KD": 0.5}):
        with pytest.raises(ValueError, match="threshold must be"):
            FluxBaseline(threshold=threshold)


@pytest.mark.parametrize(("name", "mean", "total"), [("flux", 0.680, 0.598), ("nmfd", 0.908, 0.854)])
def test_reaches_on_real_recordings_what_such_systems_reach(data, name, mean, total):
    """Scores of independent implementations on the same recordings, with one fixed threshold."""
    system = BASELINES[name]()
    scores = headline(evaluate(find_tracks(data / "eval" / "mdb-drums"), lambda path: system.file(path).hits))
    assert scores.mean.value > mean - 0.02
    assert scores.sum.value > total - 0.02
