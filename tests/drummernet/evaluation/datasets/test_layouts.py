import mido
import numpy as np
import pytest
import soundfile
from drummernet.evaluation.datasets import AnnotationError, find_tracks, find_unannotated, read_annotation

from ddsp_drums.audio import AudioFileError


def audio(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(800), 8000)


def text(path, content="0.05 KD"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def midi(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", note=36, velocity=80, channel=9)])]).save(path)


def found(folder, **options):
    """Audio, annotations (relative to the folder), data set and split of each track."""
    return [
        (
            track.audio.relative_to(folder).as_posix(),
            *(path.relative_to(folder).as_posix() for path in track.annotations),
            track.dataset,
            track.split,
        )
        for track in find_tracks(folder, **options)
    ]


def test_idmt_smt_drums_has_mixes_and_xml_and_single_drums_are_left_out(tmp_path):
    root = tmp_path / "IDMT-SMT-DRUMS-V2"
    for part in ("MIX", "HH", "KD#train", "SD#train"):
        audio(root / "audio" / f"WaveDrum02_01#{part}.wav")
    for name in ("WaveDrum02_01#MIX.xml", "WaveDrum02_01#HH.xml"):
        text(root / "annotation_xml" / name)
    text(root / "annotation_svl" / "WaveDrum02_01#HH.svl")
    expected = ("audio/WaveDrum02_01#MIX.wav", "annotation_xml/WaveDrum02_01#MIX.xml", "IDMT-SMT-DRUMS-V2", None)
    assert found(root) == [expected]
    assert [track.dataset for track in find_tracks(tmp_path)] == ["IDMT-SMT-DRUMS-V2"]


def test_idmt_smt_drums_without_xml_has_a_layer_for_each_drum(tmp_path):
    audio(tmp_path / "audio" / "RealDrum01_00#MIX.wav")
    for name in ("HH", "KD"):
        text(tmp_path / "annotation_svl" / f"RealDrum01_00#{name}.svl")
    layers = ["annotation_svl/RealDrum01_00#KD.svl", "annotation_svl/RealDrum01_00#HH.svl"]
    assert found(tmp_path) == [("audio/RealDrum01_00#MIX.wav", *layers, tmp_path.name, None)]


@pytest.mark.parametrize("kinds", [("class", "subclass"), ("subclass",)])
def test_mdb_drums_has_the_drums_alone_and_classes_before_subclasses(tmp_path, kinds):
    audio(tmp_path / "audio" / "drum_only" / "MusicDelta_Rock_Drum.wav")
    audio(tmp_path / "audio" / "full_mix" / "MusicDelta_Rock_MIX.wav")
    for kind in kinds:
        text(tmp_path / "annotations" / kind / f"MusicDelta_Rock_{kind}.txt")
    annotation = f"annotations/{kinds[0]}/MusicDelta_Rock_{kinds[0]}.txt"
    assert found(tmp_path) == [("audio/drum_only/MusicDelta_Rock_Drum.wav", annotation, tmp_path.name, None)]


@pytest.mark.parametrize(("mixes", "taken"), [(["dry_mix", "wet_mix"], "wet_mix"), (["dry_mix"], "dry_mix")])
def test_enst_drums_has_drummers_and_kinds_of_take(tmp_path, mixes, taken):
    root = tmp_path / "ENST-drums-public"
    takes = {"036_phrase_disco_simple_slow_sticks": "phrase", "107_minus-one_salsa_sticks": "minus-one"}
    for name in takes:
        text(root / "drummer_1" / "annotation" / f"{name}.txt", "0.05 bd\n0.06 sd-\n0.07 rc2\n")
        for mix in [*mixes, "kick", "accompaniment"]:
            audio(root / "drummer_1" / "audio" / mix / f"{name}.wav")
    expected = [
        (f"drummer_1/audio/{taken}/{name}.wav", f"drummer_1/annotation/{name}.txt", root.name, split)
        for name, split in takes.items()
    ]
    assert found(root) == expected
    assert found(root, split="minus-one") == expected[1:]
    assert [note.label for note in read_annotation(root / expected[0][1])] == ["KD", "SD", "RD"]


def test_groove_has_a_table_with_splits_and_rows_without_audio_are_left_out(tmp_path):
    rows = ["drummer,midi_filename,audio_filename,duration,split"]
    for number, (split, sound) in enumerate([("train", True), ("test", True), ("test", False)]):
        midi(tmp_path / "drummer1" / f"{number}.midi")
        if sound:
            audio(tmp_path / "drummer1" / f"{number}.wav")
        rows.append(f"drummer1,drummer1/{number}.midi,drummer1/{number}.wav,0.1,{split}")
    rows.append("drummer1,drummer1/0.midi,,0.1,test")
    text(tmp_path / "e-gmd-v1.0.0.csv", "\ufeff" + "\r\n".join(rows))
    expected = [
        ("drummer1/0.wav", "drummer1/0.midi", tmp_path.name, "train"),
        ("drummer1/1.wav", "drummer1/1.midi", tmp_path.name, "test"),
    ]
    assert found(tmp_path) == expected
    assert found(tmp_path, split="test") == expected[1:]
    with pytest.raises(AnnotationError, match="there are: test, train"):
        find_tracks(tmp_path, split="dev")


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".mid", ".MIDI"])
def test_a_plain_folder_has_annotations_beside_the_audio(tmp_path, suffix):
    audio(tmp_path / "t.wav")
    text(tmp_path / f"t{suffix}")
    text(tmp_path / "other.txt")
    audio(tmp_path / "not annotated.wav")
    assert found(tmp_path) == [("t.wav", f"t{suffix}", tmp_path.name, None)]
    assert find_unannotated(tmp_path) == [tmp_path / "not annotated.wav"]


def test_each_recording_has_the_annotation_beside_it(tmp_path):
    for name in ("one", "two"):
        audio(tmp_path / "set" / name / "t.flac")
        text(tmp_path / "set" / name / "t.txt")
    assert found(tmp_path) == [(f"set/{name}/t.flac", f"set/{name}/t.txt", "set", None) for name in ("one", "two")]


@pytest.mark.parametrize(("sounds", "notes"), [("wav", "notes"), ("audio", "annotation"), ("audio", "annotations")])
def test_an_annotation_may_lie_in_another_folder_and_that_is_no_data_set(tmp_path, sounds, notes):
    audio(tmp_path / sounds / "t.wav")
    audio(tmp_path / "more" / "not annotated.wav")
    text(tmp_path / notes / "t.txt")
    assert found(tmp_path) == [(f"{sounds}/t.wav", f"{notes}/t.txt", tmp_path.name, None)]
    assert find_unannotated(tmp_path) == [tmp_path / "more" / "not annotated.wav"]


@pytest.mark.parametrize("other", ["more/t_class.txt", "notes/t.csv"])
def test_several_annotations_are_refused(tmp_path, other):
    audio(tmp_path / "wav" / "t.wav")
    text(tmp_path / "notes" / "t.txt")
    text(tmp_path / other)
    with pytest.raises(AnnotationError, match="several") as error:
        find_tracks(tmp_path)
    assert other in str(error.value)


def test_data_sets_and_plain_files_may_lie_in_one_folder(tmp_path):
    audio(tmp_path / "idmt" / "audio" / "a#MIX.wav")
    text(tmp_path / "idmt" / "annotation_xml" / "a#MIX.xml")
    audio(tmp_path / "mine" / "b.wav")
    text(tmp_path / "mine" / "b.txt")
    audio(tmp_path / "idmt" / "audio" / "a#KD.wav")
    assert [track.dataset for track in find_tracks(tmp_path)] == ["idmt", "mine"]
    assert find_unannotated(tmp_path) == []


def test_hidden_files_are_left_out(tmp_path):
    audio(tmp_path / "t.wav")
    text(tmp_path / "t.txt")
    text(tmp_path / "._t.txt")
    assert len(find_tracks(tmp_path)) == 1


def test_a_folder_without_annotated_recordings_is_refused(tmp_path):
    with pytest.raises(AudioFileError, match="no such folder"):
        find_tracks(tmp_path / "none")
    with pytest.raises(AudioFileError, match="no audio file"):
        find_tracks(tmp_path)
    audio(tmp_path / "t.wav")
    with pytest.raises(AnnotationError, match="no recording has an annotation"):
        find_tracks(tmp_path)


def test_every_shared_recording_has_its_annotation(data):
    tracks = find_tracks(data / "eval")
    assert [track.dataset for track in tracks] == ["e-gmd"] * 4 + ["idmt-smt-drums"] + ["mdb-drums"] * 7
    for track in tracks:
        notes = [note for path in track.annotations for note in read_annotation(path, duration_s=46.0)]
        assert sum(note.label == "KD" for note in notes) > 0
        assert all((note.velocity is not None) == (track.dataset == "e-gmd") for note in notes)
    assert not any("subclass" in path.name for track in tracks for path in track.annotations)


def test_shared_subclasses_are_the_shared_classes_in_detail(data):
    folder = data / "eval" / "mdb-drums" / "annotations"
    for path in sorted((folder / "class").glob("*.txt")):
        detail = read_annotation(folder / "subclass" / path.name.replace("_class", "_subclass"))
        assert len(detail) == len(read_annotation(path))
