import json
import subprocess
import sys
import weakref

import pytest
import torch
from drummernet.demo import write_demo_loop
from drummernet.hearing.transcriber import Transcriber
from drummernet.results.batch import transcribe_many


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_demo_loop(folder / "one.flac")
    (folder / "bad.wav").write_bytes(b"no audio")
    (folder / "two.flac").write_bytes((folder / "one.flac").read_bytes())
    return [folder / name for name in ("one.flac", "bad.wav", "two.flac")]


def read(out):
    if out.suffix == ".jsonl":
        return [json.loads(line) for line in out.read_text().splitlines()]
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    return [row for part in sorted(out.iterdir()) for row in parquet.read_table(part).to_pylist()]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_row_for_every_file_and_one_bad_file_does_not_stop_the_rest(files, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    out = tmp_path / f"hits.{suffix}"
    first = transcribe_many(files[:1], out, refined=False)
    assert first == (1, {}, 0)
    summary = transcribe_many(files, out, refined=False)
    assert (summary.done, list(summary.failed), summary.skipped) == (1, [str(files[1])], 1)
    assert transcribe_many(files, out, refined=False) == (0, summary.failed, 2)  # what failed is told again
    rows = {row["path"]: row for row in read(out)}
    assert list(rows) == list(map(str, files))
    expected = Transcriber(refined=False).file(files[0])
    assert [event["onset_s"] for event in rows[str(files[0])]["events"]] == [e.onset_s for e in expected.events]
    assert rows[str(files[1])]["events"] is None
    assert "not readable as audio" in rows[str(files[1])]["error"]


def test_a_row_that_was_interrupted_is_done_again(files, tmp_path):
    out = tmp_path / "hits.jsonl"
    transcribe_many(files[:2], out, refined=False)
    whole = out.read_bytes()
    out.write_bytes(whole[:-20])
    assert transcribe_many(files[:2], out, refined=False).skipped == 1
    assert out.read_bytes() == whole


def test_no_part_of_a_table_is_written_over(files, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    monkeypatch.setattr("drummernet.results.batch._PART", 1)
    out = tmp_path / "hits.parquet"
    transcribe_many(files, out, refined=False)
    (out / "part-00000.parquet").unlink()
    assert transcribe_many(files, out, refined=False).done == 1
    assert [row["path"] for row in read(out)] == [str(files[each]) for each in (1, 2, 0)]


@pytest.mark.parametrize("content", ["a diary, without an end of line", '{"day": 1}\n', "[]\n", "a diary\n"])
def test_a_file_that_is_no_table_is_left_alone(files, tmp_path, content):
    out = tmp_path / "diary.jsonl"
    out.write_text(content)
    with pytest.raises(ValueError, match="no table of transcriptions"):
        transcribe_many(files, out, refined=False)
    assert out.read_text() == content


def test_want_of_memory_for_one_file_does_not_stop_the_rest(files, tmp_path, run, monkeypatch):
    listen = Transcriber.file

    def file(self, path, **options):
        if path in (str(files[0]), files[0]):
            torch.empty(1 << 60)
        return listen(self, path, **options)

    monkeypatch.setattr(Transcriber, "file", file)
    summary = transcribe_many((files[0], files[2]), tmp_path / "hits.jsonl", refined=False)
    assert (summary.done, list(summary.failed)) == (1, [str(files[0])])
    code, _, err = run("transcribe", files[0], files[2], "--out", tmp_path / "out", "--fast")
    assert (code, "1 done, 1 failed" in err, "Traceback" in err) == (1, True, False)


def test_a_recording_has_left_the_memory_when_the_next_one_comes(files, tmp_path, run, monkeypatch):
    heard: list[weakref.ref[object]] = []
    listen = Transcriber.file

    def file(self, path, **options):
        assert not any(each() for each in heard)
        transcription = listen(self, path, **options)
        heard.append(weakref.ref(transcription))
        return transcription

    monkeypatch.setattr(Transcriber, "file", file)
    good = files[0], files[2]
    assert transcribe_many(good, tmp_path / "hits.jsonl", refined=False).done == 2
    assert run("transcribe", *good, "--out", tmp_path / "out", "--fast")[0] == 0
    assert len(heard) == 4


def test_the_command_fills_a_table_from_folders_and_files(files, tmp_path, run):
    code, out, err = run("batch", files[0].parent, "--out", tmp_path / "hits.jsonl", "--fast")
    assert (code, out.strip()) == (1, f"2 done, 0 skipped, 1 failed -> {tmp_path / 'hits.jsonl'}")
    assert err.strip().startswith(f"error: {files[1]}: not readable as audio")
    assert run("batch", files[0], "--out", tmp_path / "hits.jsonl")[:2] == (
        0,
        f"0 done, 1 skipped, 0 failed -> {tmp_path / 'hits.jsonl'}\n",
    )
    assert run("batch", files[1], "--out", tmp_path / "bad.jsonl", "--fast")[0] == 2


def test_what_is_unknown_is_refused(files, tmp_path):
    with pytest.raises(ValueError, match="out must end in"):
        transcribe_many(files, tmp_path / "hits.csv")
    with pytest.raises(ValueError, match="engine must be"):
        transcribe_many(files, tmp_path / "hits.jsonl", engine="spark")


def test_ray_writes_what_one_process_writes(files, tmp_path):
    """In a process of its own: Ray warns of what it does at exit, and leaves threads."""
    pytest.importorskip("ray", reason="Ray is not installed")
    code = (
        "import sys, ray; from drummernet.results.batch import transcribe_many\n"
        "ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level='ERROR')\n"
        "summary = transcribe_many(sys.argv[2:], sys.argv[1], engine='ray', refined=False)\n"
        "again = transcribe_many(sys.argv[2:], sys.argv[1], engine='ray', refined=False)\n"
        "assert (summary.done, again.failed, again.skipped) == (2, summary.failed, 2), (summary, again)\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "ray.jsonl", *files]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert finished.returncode == 0, finished.stderr
    transcribe_many(files, tmp_path / "local.jsonl", refined=False)
    local, with_ray = (
        sorted(read(tmp_path / f"{name}.jsonl"), key=lambda row: row["path"]) for name in ("local", "ray")
    )
    assert with_ray == local
