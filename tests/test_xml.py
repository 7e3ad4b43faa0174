import pytest

from ddsp_drums._xml import MAX_BYTES, read_xml


def write(path, content):
    path.write_text(content)
    return path


@pytest.mark.parametrize("start", ["", "<?xml version='1.0' encoding='utf-8'?>", "<!DOCTYPE a>"])
def test_a_document_is_read_with_no_more_than_the_name_of_its_type(tmp_path, start):
    root = read_xml(write(tmp_path / "a.xml", f"{start}<a><b c='ä'/></a>"))
    assert [element.attrib for element in root] == [{"c": "ä"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<!DOCTYPE a [<!ENTITY b 'cc'>]><a>&b;</a>", "document type"),
        ("<!DOCTYPE a []><a/>", "document type"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "document type"),
        ("<!DOCTYPE a PUBLIC 'x' 'http://example.org'><a/>", "document type"),
        ("<a>&b;</a>", "not readable as XML"),
        ("<a>", "not readable as XML"),
        ("", "not readable as XML"),
        ("<?xml version='1.0' encoding='no-such'?><a/>", "not readable as XML"),
        (f"<a>{' ' * MAX_BYTES}</a>", "too large"),
    ],
    ids=range(9),
)
def test_what_may_grow_or_fetch_is_refused_in_one_line(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as error:
        read_xml(write(tmp_path / "a.xml", content))
    assert str(error.value).startswith(f"{tmp_path / 'a.xml'}: ")
    assert "\n" not in str(error.value)
