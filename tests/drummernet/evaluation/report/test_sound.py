import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from drummernet.evaluation.report.sound import SAMPLE_RATE, embed_sounds

from ddsp_drums.events import Hit
from ddsp_drums.kits import KitError, procedural_kit


@pytest.fixture(scope="module")
def kit():
    return procedural_kit(sample_rate=SAMPLE_RATE)


def decoded(uri):
    audio, sample_rate = soundfile.read(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert sample_rate == SAMPLE_RATE
    return audio


def test_what_was_found_is_heard_where_it_was_found_at_the_level_of_the_recording(results, kit):
    sounds = embed_sounds(results, kit, max_bytes=10**7)
    good = sounds[results[0].track]
    original, played = decoded(good.original), decoded(good.resynthesis)
    assert good.duration_s == 2.0
    assert original.size == played.size == 2 * SAMPLE_RATE
    assert np.abs(played[: round(0.5 * SAMPLE_RATE)]).max() < 1e-3  # the first hit is at 0.51 s
    assert np.abs(played[round(0.5 * SAMPLE_RATE) : round(0.6 * SAMPLE_RATE)]).max() > 0.05
    assert np.square(played).mean() == pytest.approx(np.square(original).mean(), rel=0.2)
    assert np.abs(played).max() <= 1
    assert np.abs(decoded(sounds[results[2].track].resynthesis)).max() < 1e-3


def test_data_sets_take_turns(results, kit):
    sounds = embed_sounds(results, kit, max_bytes=10**7)
    sizes = {track: len(sound.original) + len(sound.resynthesis) for track, sound in sounds.items()}
    good, nasty, empty = (result.track for result in results)
    some = embed_sounds([results[1], results[2], results[0]], kit, max_bytes=sizes[nasty] + sizes[good])
    assert set(some) == {nasty, good}
    assert set(sounds) == {nasty, good, empty}


def test_an_instrument_that_the_kit_has_not_is_refused(results, kit):
    unknown = replace(results[0], estimate=(Hit(0.5, "HH", 64),))
    with pytest.raises(KitError, match="HH"):
        embed_sounds([unknown], kit, max_bytes=10**7)
