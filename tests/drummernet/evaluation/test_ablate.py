import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from drummernet.commands.app import main
from drummernet.demo import demo_hits, write_demo_loop
from drummernet.evaluation import ablate as module
from drummernet.evaluation.ablate import VARIANTS, Data, Variant, ablate, skipped
from drummernet.training.train import train as real_train


def differences(one, other, path=""):
    """Names of the options in which two configs differ."""
    if isinstance(one, dict):
        return {name for key in one for name in differences(one[key], other[key], f"{path}.{key}")}
    return {path} if one != other else set()


def test_a_variant_differs_in_one_thing_from_what_it_is_compared_with():
    varied = {
        name: differences(asdict(variant.config), asdict(VARIANTS[variant.against].config)) - {".name"}
        for name, variant in VARIANTS.items()
        if variant.against
    }
    assert varied == {
        "softmax": {".model.alpha"},
        "mel": {".train.distance"},
        "stft": {".train.distance"},
        "no-enhancement": {".train.enhance"},
        "conv": {".model.head"},
        "cycle": {".train.reconstruction"},
        "reconstruction": {".train.cycle", ".train.reconstruction", ".train.reconstruction_every"},
        "clean": {".train.degraded"},
        "half-rate": {".model.sample_rate", ".model.hop_length"},
        "made-up-rhythms": set(),
        "one-kit": set(),
        "synthesised-kit": set(),
    }
    for name, variant in VARIANTS.items():
        assert (variant.without is not None) == (varied.get(name) == set())


def test_what_a_variant_does_not_learn_from_is_left_out():
    data = Data(Path("a"), Path("b"), kits=(Path("c"), Path("d")), midi=(Path("e"),))
    assert data.lacking(None) == data
    assert data.lacking("performances") == replace(data, midi=())
    assert data.lacking("other kits") == replace(data, kits=(Path("c"),))
    assert [kit.name for kit in data.lacking("recorded kits").sounds(16000)] == ["procedural 0"]


def test_all_variants_learn_from_as_much_audio():
    trained = [variant.config.train for variant in VARIANTS.values()]
    assert len({(one.items, one.batch_size, one.reconstruction_batch_size, one.segment_s) for one in trained}) == 1
    assert {name for name, variant in VARIANTS.items() if name != variant.config.name} == set()


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "annotated"
    folder.mkdir()
    for name in ("a", "b"):
        write_demo_loop(folder / f"{name}.flac")
        lines = [f"{hit.onset_s:.6f}\t{hit.instrument}" for hit in demo_hits()]
        (folder / f"{name}.txt").write_text("\n".join(lines))
    return Data(folder, folder)


@pytest.fixture
def variants(tiny):
    cheap = replace(tiny, train=replace(tiny.train, items=4, distance="stft"))
    return {
        "both": Variant(replace(cheap, name="both")),
        "cycle": Variant(replace(cheap, name="cycle", train=replace(cheap.train, reconstruction=0.0)), "both"),
    }


@pytest.fixture
def here(monkeypatch):
    """Do the trainings in this process: starting others takes longer than they do."""

    class Ended:
        def join(self, timeout):
            return True

    def start(work, arguments, nprocs, **_):
        for index in range(nprocs):
            work(index, *arguments)
        return Ended()

    monkeypatch.setattr("torch.multiprocessing.start_processes", start)


def test_what_is_finished_is_not_repeated_and_what_is_not_goes_on(data, variants, here, tmp_path, monkeypatch):
    out, options = tmp_path / "out", {"variants": variants, "seeds": 2}
    whole = ablate(data, tmp_path / "whole", **options)
    trained = []

    def train(trainer, folder, **options):
        trained.append(folder)
        if len(trained) == 3:
            raise KeyboardInterrupt
        return real_train(trainer, folder, **options)

    monkeypatch.setattr(module, "train", train)
    with pytest.raises(KeyboardInterrupt):
        ablate(data, out, **options)
    counted = []
    runs = ablate(data, out, **options, progress=lambda done, total: counted.append((done, total)))
    assert trained[3:] == [*trained[2:3], out / "cycle" / "1"]
    assert counted[-1] == (4, 4)
    assert len(runs) == len(whole) == 4
    for one, other in zip(runs, whole, strict=True):
        assert one.scores.read_text() == other.scores.read_text()
    assert len(ablate(data, out, variants=variants, seeds=1)) == 2  # fewer seeds are there already
    assert len(trained) == 5


def test_another_scale_or_other_data_is_refused_before_anything_is_lost(data, variants, here, tmp_path):
    runs = ablate(data, tmp_path / "out", variants=variants, seeds=1)
    before = runs[0].scores.read_text()
    with pytest.raises(ValueError, match="choose another --out"):
        ablate(data, tmp_path / "out", variants=variants, seeds=1, scale=2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "loop.flac").write_bytes((data.recordings / "a.flac").read_bytes())
    with pytest.raises(ValueError, match="choose another --out"):
        ablate(replace(data, recordings=tmp_path / "other"), tmp_path / "out", variants=variants, seeds=1)
    assert runs[0].scores.read_text() == before


def test_scale_multiplies_the_items(data, variants, here, tmp_path):
    run = ablate(data, tmp_path / "out", variants={"cycle": variants["cycle"]}, seeds=1, scale=2.5)[0]
    assert (run.folder / "log.csv").read_text().splitlines()[-1].split(",")[1] == "10"


@pytest.mark.parametrize("option", ["scale", "seeds", "jobs"])
def test_options_must_be_positive(data, variants, tmp_path, option):
    with pytest.raises(ValueError, match=option):
        ablate(data, tmp_path / "out", variants=variants, **{option: 0})
    assert not (tmp_path / "out").exists()


def test_what_would_fail_later_is_refused_at_once(data, variants, tmp_path):
    for option in ("recordings", "annotated", "kits", "midi"):
        path = tmp_path / "nowhere"
        with pytest.raises(ValueError, match="nowhere"):
            ablate(replace(data, **{option: (path,) if option in ("kits", "midi") else path}), tmp_path / "out")
    (data.annotated / "a.txt").write_text("0.5 GONG")
    with pytest.raises(ValueError, match=r"a\.txt, line 1"):
        ablate(data, tmp_path / "out", variants=variants)
    assert not (tmp_path / "out").exists()


def test_a_recording_that_cannot_be_read_is_told(data, variants, here, tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    (recordings / "good.flac").write_bytes((data.annotated / "a.flac").read_bytes())
    (recordings / "broken.flac").write_bytes(b"broken")
    runs = ablate(replace(data, recordings=recordings), tmp_path / "out", variants=variants, seeds=1, scale=4)
    (reason,) = skipped(runs)
    assert "broken.flac" in reason


def test_the_command_trains_in_two_processes_and_writes_the_tables(data, variants, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("drummernet.evaluation.ablate.VARIANTS", variants | {"paper": variants["both"]})
    monkeypatch.setattr(ablate, "__kwdefaults__", ablate.__kwdefaults__ | {"variants": variants})
    folders = ["--eval", data.annotated, "--out", tmp_path / "out"]
    arguments = ["drummernet", "ablate", data.recordings, *folders, "--seeds", 1, "--jobs", 2]
    monkeypatch.setattr(sys, "argv", [*map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("both", "cycle", "change"))
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {"both", "cycle", "settings.json", "ablation.txt", "ablation.md", "ablation.json"}
    text = (tmp_path / "out" / "ablation.txt").read_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
