import re
import sys

import soundfile
from drummernet.demo import write_demo_loop

from benchmarks import transcriber
from ddsp_drums.events import Event


def test_a_recording_is_measured_as_long_as_asked(tmp_path, monkeypatch, capsys):
    write_demo_loop(tmp_path / "loop.wav")
    monkeypatch.setattr(sys, "argv", ["transcriber", str(tmp_path / "loop.wav"), "--hours", "0.01", "--fast"])
    transcriber.main()
    length, speed, rounds = capsys.readouterr().out.splitlines()
    hits = re.fullmatch(r"36 s, (\d+) hits", length)
    assert hits
    assert int(hits[1]) > 100
    assert re.fullmatch(r"\d+ times real time, \d+ MB at most", speed)
    assert re.fullmatch(r"1 rounds: \d+ hits as in a round by itself, 0 more, 0 missing", rounds)


def test_what_is_repeated_is_the_recording(tmp_path):
    write_demo_loop(tmp_path / "loop.wav")
    once, _ = soundfile.read(tmp_path / "loop.wav", dtype="int16")
    transcriber.repeat(
        tmp_path / "loop.wav", tmp_path / "longer.wav", n_samples=len(once) + 500, round_samples=len(once)
    )
    twice, _ = soundfile.read(tmp_path / "longer.wav", dtype="int16")
    assert len(twice) == len(once) + 500
    assert (twice[: len(once)] == once).all()
    assert (twice[len(once) :] == once[:500]).all()


def test_rounds_are_compared_hit_by_hit():
    alone = [Event(4.0 * number + 1, "KD", 90, 0.9) for number in range(3)]
    events = [Event(4.0 * number + 1, "KD", 90, 0.9) for number in range(5)]
    assert transcriber.shared_hits(events, alone, round_s=4.0, n_rounds=5) == [3, 0, 0]
    events[2] = Event(9.0, "SD", 90, 0.9)
    assert transcriber.shared_hits(events, alone, round_s=4.0, n_rounds=5) == [2, 1, 1]
