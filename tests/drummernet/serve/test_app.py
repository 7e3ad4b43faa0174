import io
import tempfile

import numpy as np
import pytest
import soundfile
from drummernet import transcribe
from drummernet.config import with_classes
from drummernet.model import DrummerNet
from drummernet.weights import save_weights

from ddsp_drums.kits import TAXONOMY, Instrument

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("httpx2", reason="httpx2 is not installed")
from drummernet.serve import Limits, create_app
from starlette.testclient import TestClient

LIMITS = Limits(megabytes=2.0, duration_s=15.0, time_s=120.0)
ADDRESS = "http://127.0.0.1:8321"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The application, which has a folder of its own for what it writes for a moment."""
    folder = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")  # as here: other threads sum in another order
        with TestClient(create_app(limits=LIMITS), base_url=ADDRESS) as client:
            client.scratch = folder  # type: ignore[attr-defined]
            yield client


@pytest.fixture(autouse=True)
def nothing_is_left(page):
    yield
    assert not list(page.scratch.iterdir())


@pytest.fixture(scope="module")
def heard(loop):
    return transcribe(loop)


def wav(samples, **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, 8000, format="WAV", **options)
    return buffer.getvalue()


def test_candidates_hold_the_hits_of_the_transcription(page, loop, heard):
    answer = page.post("/transcribe", content=loop.read_bytes()).json()
    found = {tuple(row[1:5]) for group in answer["candidates"] for row in group}
    assert {tuple(event) for event in heard.events} <= found
    assert len(found) > len(heard.events)
    assert answer["duration_s"] == heard.duration_s
    assert answer["thresholds"]["KD"] == pytest.approx(0.3)
    low, high = answer["outline"]
    assert len(low) == len(high) == 11 * 200
    assert max(high + [-value for value in low]) == 100


def test_files_are_those_of_the_transcription(page, heard, tmp_path):
    heard.to_midi(tmp_path / "mid", tempo=heard.tempo)
    heard.to_csv(tmp_path / "csv")
    for name in ("mid", "csv"):
        got = page.post(f"/hits.{name}", json={"hits": list(heard.events), "muted": []})
        assert got.content == (tmp_path / name).read_bytes()


def test_what_is_muted_is_in_no_file_but_keeps_the_tempo(page, heard):
    asked = {"hits": list(heard.events), "muted": ["CHH", "SD"]}
    rows = page.post("/hits.csv", json=asked).text.splitlines()[1:]
    assert len(rows) == sum(event.instrument not in asked["muted"] for event in heard.events)
    mido = pytest.importorskip("mido")
    tempos = []
    for muted in (list[str](), asked["muted"]):
        content = page.post("/hits.mid", json={"hits": list(heard.events), "muted": muted}).content
        track = mido.MidiFile(file=io.BytesIO(content)).tracks[0]
        tempos.append([message.tempo for message in track if message.type == "set_tempo"])
    assert tempos[0] == tempos[1]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"no audio" * 100, "not readable as audio"),
        (wav(np.zeros(0)), "no samples"),
        (wav(np.full(8000, np.nan), subtype="FLOAT"), "NaN"),
        (wav(np.zeros(16 * 8000)), "longer than 0.25 minutes"),
        (bytes(2_000_001), "more than 2 MB"),
    ],
)
def test_what_is_wrong_with_a_recording_is_one_line_without_our_paths(page, content, reason):
    answer = page.post("/transcribe", content=content)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert reason in error
    assert "\n" not in error
    assert str(page.scratch) not in error


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"hits": [[1]], "muted": []}', b'{"hits": [[0, "XX", 1, 1]], "muted": []}']
)
def test_hits_that_are_none_are_refused(page, body):
    answer = page.post("/hits.mid", content=body)
    assert answer.status_code == 400
    assert "no hits" in answer.json()["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:8321"}, 200),
        ({"host": "[::1]:8321"}, 200),
        ({"host": "192.168.1.2:8321"}, 200),
        ({"host": "127.0.0.1:8321", "origin": "http://127.0.0.1:8321"}, 200),
        ({"host": "rebound.example"}, 403),
        ({"host": "localhost.example:8321"}, 403),
        ({"host": "127.0.0.1.example"}, 403),
        ({"host": ""}, 403),
        ({"host": "[::1"}, 403),
        ({"origin": "http://other.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_only_pages_of_this_machine_are_answered(page, headers, status):
    answer = page.get("/setup", headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_kit_sounds_from_soft_to_hard_at_one_level(page):
    instruments = page.get("/setup").json()["instruments"]
    kick = next(one for one in instruments if one["id"] == "KD")
    samples, rate = soundfile.read(io.BytesIO(page.get("/kit/KD.wav").content))
    assert (rate, samples.shape[1]) == (44_100, len(kick["velocities"]))
    assert np.abs(samples).max(0) == pytest.approx(np.abs(samples).max(), abs=1e-3)
    assert page.get("/kit/none.wav").status_code == 404


def test_one_recording_at_a_time(page, loop, monkeypatch):
    class Taken:
        def locked(self):
            return True

    monkeypatch.setattr(page.app.state.running, "turn", Taken())
    answer = page.post("/transcribe", content=loop.read_bytes())
    assert (answer.status_code, answer.json()["error"][:17]) == (503, "another recording")


def test_after_a_recording_that_took_too_long_the_next_is_heard(page, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(page.app.state.running, "limits", LIMITS._replace(time_s=0.01))
        answer = page.post("/transcribe", content=wav(np.random.default_rng(0).normal(0, 0.1, 14 * 8000)))
    assert answer.status_code == 503
    assert "longer than 0.01 seconds" in answer.json()["error"]
    assert page.post("/transcribe", content=wav(np.zeros(8000))).json()["candidates"]


def test_a_process_that_died_is_replaced(page):
    page.app.state.running.worker._process.kill()
    assert "process was ended" in page.post("/transcribe", content=wav(np.zeros(8000))).json()["error"]
    assert page.post("/transcribe", content=wav(np.zeros(8000))).status_code == 200


def test_instruments_of_ones_own_are_shown_and_written(tiny, tmp_path):
    pot = Instrument("POT", "cooking pot", 60, "#c1272d", "OT")
    system = with_classes(tiny, {"KD", "POT"}, TAXONOMY.including([pot]))
    weights = save_weights(DrummerNet(system.model), system, tmp_path / "mine.safetensors")
    with TestClient(create_app(weights=weights, limits=LIMITS), base_url=ADDRESS) as client:
        kick, own = client.get("/setup").json()["instruments"]
        assert (kick["id"], own["id"], own["velocities"]) == ("KD", "POT", [])
        asked = {"hits": [[0.5, "POT", 100, 0.9], [1.0, "KD", 90, 0.8]], "muted": []}
        rows = client.post("/hits.csv", json=asked).text.splitlines()[1:]
        assert [row.split(",")[1:3] for row in rows] == [["POT", "60"], ["KD", "36"]]
        assert client.post("/hits.mid", json=asked).status_code == 200
