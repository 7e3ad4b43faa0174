import copy
import math
import pickle
import random
import sys

import pytest

from ddsp_drums.events import Event, Events, estimate_tempo, write_csv, write_jams, write_json, write_midi


def played(number, seed=0):
    rng = random.Random(seed)
    onsets_s = sorted(rng.uniform(0, number / 6) for _ in range(number))
    return [Event(at, rng.choice(("KD", "SD", "CHH")), rng.randrange(1, 128), rng.random()) for at in onsets_s]


def test_are_read_like_a_tuple():
    wanted = tuple(played(50))
    events = Events(wanted[:20])
    events.extend(iter(wanted[20:]))
    assert tuple(events) == wanted
    assert events == wanted
    assert events == Events(wanted)
    assert events != Events(wanted[:-1])
    assert events != 3
    assert [events[0], events[-1], events[7]] == [wanted[0], wanted[-1], wanted[7]]
    assert events[3:9:2] == wanted[3:9:2]
    assert wanted[4] in events
    assert events.index(wanted[4]) == 4
    assert list(reversed(events)) == list(reversed(wanted))
    with pytest.raises(IndexError):
        events[50]


def test_none_are_false_and_equal_to_none():
    assert not Events()
    assert Events() == ()
    assert repr(Events([Event(0.5, "KD", 1, 0.25)])) == (
        "Events([Event(onset_s=0.5, instrument='KD', velocity=1, confidence=0.25)])"
    )


def test_out_of_order_they_are_refused():
    events = Events([Event(1.0, "SD", 1, 0.5)])
    with pytest.raises(ValueError, match="in order of time"):
        events.extend([Event(1.0, "KD", 1, 0.5)])
    with pytest.raises(ValueError, match="in order of time"):
        Events(reversed(played(3)))


def test_what_is_refused_leaves_nothing():
    events = Events([Event(1.0, "SD", 1, 0.5)])
    for wrong in (Event(2.0, "KD", 300, 0.5), Event(math.nan, "KD", 1, 0.5), Event(0.5, "KD", 1, 0.5)):
        with pytest.raises((ValueError, OverflowError)):
            events.extend([Event(1.5, "CHH", 9, 0.5), wrong])
    events.extend([Event(2.0, "KD", 3, 0.5)])
    assert events == (Event(1.0, "SD", 1, 0.5), Event(2.0, "KD", 3, 0.5))


def test_a_copy_is_another(tmp_path):
    events = Events(played(5))
    for other in (copy.copy(events), copy.deepcopy(events), pickle.loads(pickle.dumps(events))):
        assert other == events
        other.extend([Event(99.0, "KD", 1, 0.5)])
        assert (len(other), len(events)) == (6, 5)


def test_take_eighteen_bytes_each():
    few, many = (sum(sys.getsizeof(each) for each in vars(Events(played(number))).values()) for number in (1000, 9000))
    assert (many - few) / 8000 < 18 * 1.2  # arrays grow by an eighth at a time


@pytest.mark.parametrize("as_given", [tuple, Events, iter])
def test_files_and_tempo_are_those_of_any_order(tmp_path, as_given):
    events = played(200)
    shuffled = random.Random(1).sample(events, 200)
    assert estimate_tempo(as_given(events)) == estimate_tempo(shuffled)
    for write in (write_midi, write_csv, write_json, write_jams):
        about = {"duration_s": 40.0} if write in (write_json, write_jams) else {}
        write(tmp_path / "given", as_given(events), **about)
        write(tmp_path / "shuffled", shuffled, **about)
        assert (tmp_path / "given").read_bytes() == (tmp_path / "shuffled").read_bytes()
