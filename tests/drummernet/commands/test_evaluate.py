import json
import shutil

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four kicks, with an annotation as a spreadsheet may write it."""
    folder = tmp_path_factory.mktemp("set")
    seconds = np.arange(8000) / 16000
    kick = np.sin(2 * np.pi * 60 * seconds) * np.exp(-12 * seconds)
    soundfile.write(folder / "kicks.wav", np.tile(kick, 4), 16000)
    (folder / "kicks.csv").write_bytes("\ufeff0,5;KD;36;100\r\n0;KD;36;90\r\n1,5;KD;36;80\r\n1;KD;36;70\r\n".encode())
    return folder


def test_baselines_are_scored_on_the_same_tracks_and_all_is_written(run, folder, tmp_path):
    code, out, err = run("evaluate", folder, "--against", "flux", "--window-ms", 30, "--json", tmp_path / "scores.json")
    assert (code, err) == (0, "")
    assert "within 30 ms" in out
    assert "drummernet less the others" in out
    network, flux = json.loads((tmp_path / "scores.json").read_text())["systems"]
    assert (network["system"], flux["system"]) == ("drummernet", "flux")
    assert network["window_s"] == 0.03
    assert network["tracks"][0]["reference"] == flux["tracks"][0]["reference"]
    assert network["summaries"]["all"]["classes"]["KD"]["velocity"]["n_pairs"] > 0


def test_a_class_may_have_a_threshold_of_its_own(run, folder, tmp_path):
    found = {}
    for threshold in ("SD=0.9", "KD=1"):
        code, _, _ = run("evaluate", folder, "--threshold", threshold, "--json", tmp_path / "scores.json")
        assert code == 0
        [system] = json.loads((tmp_path / "scores.json").read_text())["systems"]
        found[threshold] = system["summaries"]["all"]["classes"]["KD"]["hits"]
    assert found == {"SD=0.9": 4, "KD=1": 0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--against", "flux,guess"], "got guess"),
        (["--split", "test"], "no track is of the split"),
        (["--threshold", "KD"], "--threshold must be a number"),
        (["--json", "nowhere/scores.json"], "existing folder"),
        (["--json", "."], "existing folder"),
    ],
)
def test_a_senseless_option_is_one_line_before_anything_is_done(run, folder, options, reason):
    code, out, err = run("evaluate", folder, *options)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert reason in err


def test_recordings_without_annotation_are_named_and_left_out(run, folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    for number in range(4):
        shutil.copy(folder / "kicks.wav", tmp_path / f"take {number}.wav")
    code, _, err = run("evaluate", tmp_path, "--fast")
    assert code == 0
    assert err == "left out, as there is no annotation: take 0.wav, take 1.wav, take 2.wav and 1 more\n"
