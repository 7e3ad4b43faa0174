import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from drummernet.evaluation.evaluate import Evaluation
from drummernet.evaluation.report import write_html

from ddsp_drums.audio import AudioFileError
from tests.drummernet.evaluation.report.conftest import NASTY

_VOID = {"meta", "col", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Checks that elements are closed in their order, and keeps attributes, text and articles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.articles: list[list[tuple[str, dict[str, str]]]] = []
        self.source = path.read_text("utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "article":
            self.articles.append([])
        if "article" in self.open:
            self.articles[-1].append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.text.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def marks(self, article: int, kind: str) -> list[int]:
        """Count the marks of a kind in each roll of an article."""
        counts: list[int] = []
        for tag, attributes in self.articles[article]:
            if tag == "details":
                counts.append(0)
            if attributes.get("class") == kind:
                counts[-1] += attributes["d"].count("M")
        return counts


@pytest.fixture(scope="module")
def page(evaluations, tmp_path_factory) -> Page:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_html(path, evaluations)
    return Page(path)


def test_elements_are_closed_in_their_order(page):
    assert page.open == []
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)


def test_nothing_is_loaded_and_links_lead_to_places_in_the_page(page):
    identities = {attributes.get("id") for _, attributes in page.elements}
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert attributes.get("src", "data:").startswith("data:")
        if "href" in attributes:
            assert attributes["href"].removeprefix("#") in identities
    assert not re.search(r"https?:|@import|url\(", page.source)


def test_names_and_reasons_are_text_not_markup(page):
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    text = "".join(page.text)
    assert text.count(NASTY) == 3  # in the list, above its roll, and among what was not scored
    assert "<b>other" in text


def test_every_track_is_in_the_list_and_has_its_notes_in_a_roll(page):
    assert len(page.articles) == 3
    text = "".join(page.text)
    assert text.count("good") == text.count("empty") == 2
    # In the order of names: the good one, then of the other data set the nasty one and the empty one.
    assert [page.marks(0, kind) for kind in ("hit", "miss", "false")] == [[4, 4], [0, 0], [0, 0]]
    assert [page.marks(1, kind) for kind in ("hit", "miss", "false")] == [[2, 2], [2, 2], [2, 2]]
    assert [page.marks(2, kind) for kind in ("hit", "miss", "false")] == [[0], [1], [0]]
    assert "2 hits, 2 misses, 2 false alarms" in text


def test_scores_stand_with_their_intervals_and_absent_classes_as_dashes(page):
    text = " ".join("".join(page.text).split())
    assert "mine .630 [" in text  # of KD 1, 2/3 and 0, SD 1 and 0, HH 1 and 2/3
    assert "<b>other 2 .722 [" in text  # without the track in which nothing was found
    assert "TT 0" + 4 * " \N{EN DASH}" in text


def test_each_track_has_two_sounds(page):
    for article in page.articles:
        sources = [attributes["src"] for tag, attributes in article if tag == "audio"]
        assert len(sources) == 2
        assert all(source.startswith("data:audio/mpeg;base64,") for source in sources)
    assert "of every track" in page.source


def test_sound_keeps_to_its_room_and_the_page_says_what_is_left_out(page, evaluations, tmp_path):
    sizes = [len(attributes["src"]) for tag, attributes in page.elements if tag == "audio"]
    room = sum(sizes) - 1
    write_html(tmp_path / "report.html", evaluations[:1], sound_bytes=room)
    smaller = Page(tmp_path / "report.html")
    sources = [attributes["src"] for tag, attributes in smaller.elements if tag == "audio"]
    assert sum(map(len, sources)) <= room
    assert len(sources) == 4
    assert "2 of 3 tracks" in smaller.source
    assert "what does not fit is left out" in smaller.source


def test_without_room_for_sound_no_recording_is_read(evaluations, results, tmp_path):
    one = Evaluation("mine", 0.02, results[:1], {})
    audio = results[0].track.audio
    hidden = audio.rename(audio.with_suffix(".hidden"))
    try:
        write_html(tmp_path / "report.html", [one], sound_bytes=0)
        with pytest.raises(AudioFileError, match=r"good\.wav"):
            write_html(tmp_path / "none.html", [one])
    finally:
        hidden.rename(audio)
    alone = Page(tmp_path / "report.html")
    assert "No sound" in alone.source
    assert "less the others" not in alone.source
    assert alone.source.count("Within") == 1  # 20 ms are the narrow window already
    assert not (tmp_path / "none.html").exists()


def test_nothing_scored_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        write_html(tmp_path / "report.html", [Evaluation("mine", 0.05, (), {})])
    assert not [*tmp_path.iterdir()]


def test_the_same_evaluation_gives_the_same_page(page, evaluations, tmp_path):
    write_html(tmp_path / "report.html", evaluations)
    assert (tmp_path / "report.html").read_text("utf-8") == page.source
