"""Kits of any kind, and files that are not what they say."""

import struct
import tracemalloc

import pytest

from ddsp_drums.kits import KitError, load_kit, load_taxonomy
from tests.kits.on_disk import RATE, placed, save, tone


def wav(rate=RATE, channels=1, data=b"\0\x10" * 1000, declared=None):
    """A 16-bit WAV file whose header may declare any number of bytes."""
    size = len(data) if declared is None else declared
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 & 0xFFFFFFFF, channels * 2 & 0xFFFF, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + (b"data" + struct.pack("<I", size) + data)
    )


def rf64(declared, data=b"\0\x10" * 1000):
    sizes = struct.pack("<IQQQI", 28, declared + 72, declared, declared // 2, 0)
    form = struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return b"RF64\xff\xff\xff\xffWAVEds64" + sizes + b"fmt " + form + b"data\xff\xff\xff\xff" + data


@pytest.fixture
def memory():
    """Fail if the test holds more than 64 MB at once."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6


@pytest.mark.parametrize(
    "content",
    [wav(declared=0xFFFFFFF0), rf64(200 << 30), rf64((1 << 63) - 1)],
    ids=["4 GB", "200 GB", "8 EB"],
)
def test_a_header_that_declares_too_much_gives_what_is_there(tmp_path, memory, content):
    (tmp_path / "kick.wav").write_bytes(content)
    kit = load_kit(tmp_path, sample_rate=8000)
    assert 0 < len(kit.drums["KD"][0].hits[0]) <= 500


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (wav(rate=0), "not readable as audio"),
        (wav(rate=(1 << 32) - 1), ""),
        (wav(rate=(1 << 31) - 1), ""),
        (wav(channels=0), "not readable as audio"),
        (wav(channels=65535), "not readable as audio"),
        (wav(channels=1024), ""),
        (wav(data=b""), "no samples"),
        (wav()[:40], ""),
        (b"", "0 bytes"),
        (b"fLaC" + bytes(100), "not readable as audio"),
        (b"ID3" + bytes(100), ""),
    ],
    ids=range(11),
)
def test_a_header_that_lies_otherwise_is_a_reason_to_leave_the_file_out(tmp_path, memory, content, reason):
    save(tmp_path, "snare.wav", tone(200))
    (tmp_path / "kick.wav").write_bytes(content)
    kit = load_kit(tmp_path)
    assert kit.classes == ("SD",)
    assert reason in kit.left_out["kick.wav"]


def test_of_a_long_file_the_beginning_is_read(tmp_path, memory):
    samples = 5 * 60 * 192_000 * 8
    content = wav(192_000, 8, b"\0\x10" * 8000, declared=2 * samples)
    with (tmp_path / "kick.wav").open("wb") as file:
        file.write(content)
        file.truncate(44 + 2 * samples)  # the rest is a hole of zeros
    hit = load_kit(tmp_path, max_duration_s=0.5).drums["KD"][0].hits[0]
    assert len(hit) == RATE // 2


def test_what_is_no_kit_is_named(tmp_path):
    path = save(tmp_path, "kick.wav")
    with pytest.raises(KitError, match=r"kick.wav: no kit; want a folder, an .sfz, a Hydrogen drumkit.xml"):
        load_kit(path)
    with pytest.raises(KitError, match=r"gone: no such folder or file"):
        load_kit(tmp_path / "gone")
    (tmp_path / "folder.sfz").mkdir()
    with pytest.raises(KitError, match=r"folder.sfz: no audio file in it"):
        load_kit(tmp_path / "folder.sfz")


def test_instruments_of_ones_own_are_found_by_their_spellings_and_notes(tmp_path):
    for name in ("Kick.wav", "Cow-Bell 1.wav", "cowbell_2.wav", "56-Latin.wav", "Gong.wav"):
        save(tmp_path, name)
    (tmp_path / "own.toml").write_text(
        """
        [[instrument]]
        id = "COW"
        name = "cowbell"
        gm_note = 56
        colour = "#7f7f7f"
        six = "OT"
        spellings = ["cowbell", "cow bell"]
        """
    )
    kit = load_kit(tmp_path, taxonomy=load_taxonomy(tmp_path / "own.toml"))
    assert placed(kit) == {"Kick": "KD", "Cow-Bell": "COW", "cowbell": "COW", "56-Latin": "COW"}
    assert kit.left_out == {"Gong.wav": "named 'gong'"}
    assert kit.guessed == {"56-Latin.wav": "by the General MIDI note 56 in its name"}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"sample_rate": 0}, ValueError),
        ({"sample_rate": 22_050.5}, TypeError),
        ({"max_duration_s": 1e-9}, ValueError),
        ({"max_duration_s": float("nan")}, ValueError),
    ],
)
def test_bad_options_are_named(tmp_path, options, error):
    save(tmp_path, "kick.wav")
    with pytest.raises(error, match=next(iter(options))):
        load_kit(tmp_path, **options)
