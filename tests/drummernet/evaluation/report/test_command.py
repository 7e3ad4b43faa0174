import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A good recording, and one whose annotation cannot be read."""
    folder = tmp_path_factory.mktemp("set")
    for name, annotation in {"good": "0.5 KD\n", "bad": "0.5 GONG\n"}.items():
        soundfile.write(folder / f"{name}.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
        (folder / f"{name}.txt").write_text(annotation)
    return folder


def test_the_page_is_written_with_every_system_and_what_could_not_be_scored(run, folder, tmp_path):
    code, out, err = run("evaluate", folder, "--against", "flux", "--html", tmp_path / "report.html")
    assert code == 1
    assert "bad.txt, line 1" in err
    assert f"wrote {tmp_path / 'report.html'}" in out
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<article") == 1
    assert page.count("<details") == 2
    assert "bad.txt, line 1" in page


@pytest.mark.parametrize("path", ["nowhere/report.html", "."])
def test_a_place_that_is_no_file_is_refused_before_anything_is_done(run, folder, path):
    code, out, err = run("evaluate", folder, "--html", path)
    assert (code, out) == (2, "")
    assert "--html" in err
    assert "existing folder" in err
