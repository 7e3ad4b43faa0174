import re
import sys

import soundfile
from drummernet.demo import write_demo_loop

from benchmarks import transcriber


def test_a_recording_is_measured_as_long_as_asked(tmp_path, monkeypatch, capsys):
    write_demo_loop(tmp_path / "loop.wav")
    monkeypatch.setattr(sys, "argv", ["transcriber", str(tmp_path / "loop.wav"), "--hours", "0.01", "--fast"])
    transcriber.main()
    length, speed = capsys.readouterr().out.splitlines()
    hits = re.fullmatch(r"36 s, (\d+) hits", length)
    assert hits
    assert int(hits[1]) > 100
    assert re.fullmatch(r"\d+ times real time, \d+ MB at most", speed)


def test_what_is_repeated_is_the_recording(tmp_path):
    write_demo_loop(tmp_path / "loop.wav")
    once, _ = soundfile.read(tmp_path / "loop.wav", dtype="int16")
    transcriber.repeat(tmp_path / "loop.wav", tmp_path / "longer.wav", n_samples=len(once) + 500)
    twice, _ = soundfile.read(tmp_path / "longer.wav", dtype="int16")
    assert len(twice) == len(once) + 500
    assert (twice[: len(once)] == once).all()
    assert (twice[len(once) :] == once[:500]).all()
