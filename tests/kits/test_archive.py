import gzip
import io
import lzma
import tarfile
import tempfile

import pytest

from ddsp_drums.kits import KitError, load_kit
from ddsp_drums.kits import archive as module
from tests.kits.on_disk import save
from tests.kits.test_hydrogen import component, drumkit, instrument, layer


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where temporary folders go; empty again after each load."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def kit(tmp_path):
    folder = tmp_path / "Kit"
    folder.mkdir()
    save(folder, "kick.wav")
    (folder / "LICENSE").write_text("CC0 1.0 Universal")
    drumkit(folder, instrument("Kick", component(layer("kick.wav"))), head="<name>Mine</name>")
    return folder


def pack(path, folder, *more, mode="w:"):
    """A tar of a folder, and of members given as (TarInfo, content)."""
    with tarfile.open(path, mode) as archive:
        archive.add(folder, folder.name)
        for member, content in more:
            archive.addfile(member, io.BytesIO(content))
    return path


def member(name, size=0, **fields):
    info = tarfile.TarInfo(name)
    info.size = size
    for key, value in fields.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:xz"])
def test_an_archive_is_loaded_and_leaves_nothing_behind(tmp_path, temporary, kit, mode):
    path = pack(tmp_path / "Mine.h2drumkit", kit, mode=mode)
    before = sorted(tmp_path.rglob("*"))
    loaded = load_kit(path)
    assert (loaded.name, loaded.source, loaded.licence) == ("Mine", str(path), "CC0-1.0")
    assert loaded.drums["KD"][0].files == ("kick.wav",)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_kit_at_the_top_of_its_archive(tmp_path, temporary, kit):
    path = tmp_path / "Mine.h2drumkit"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(kit, ".")
    assert load_kit(path).classes == ("KD",)


@pytest.mark.parametrize(
    "evil",
    [
        member("../evil.wav", 4),
        member("Kit/../../evil.wav", 4),
        member("/evil.wav", 4),
        member("..\\evil.wav", 4),
        member("C:\\evil.wav", 4),
        member("Kit/evil.wav", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("Kit/evil", type=tarfile.SYMTYPE, linkname="../../.."),
        member("Kit/evil.wav", type=tarfile.LNKTYPE, linkname="../../evil.wav"),
        member("Kit/evil.wav", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        member("Kit/evil.wav", type=tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name} {info.type.decode()}",
)
def test_what_reaches_outside_is_refused(tmp_path, temporary, kit, evil):
    path = pack(tmp_path / "Mine.h2drumkit", kit, (evil, b"evil"))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KitError, match="do not trust this archive") as error:
        load_kit(path)
    assert str(path) in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_sparse_file_that_claims_200_gigabytes_is_refused(tmp_path, temporary, kit):
    headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(200 << 30)}
    evil = member("Kit/snare.wav", 512, pax_headers=headers | {"GNU.sparse.name": "Kit/snare.wav"})
    path = tmp_path / "Mine.h2drumkit"
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        archive.add(kit, kit.name)
        archive.addfile(evil, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))
    with pytest.raises(KitError, match="do not trust"):
        load_kit(path)


@pytest.mark.parametrize("suffix", ["wav", "bin"])
def test_a_header_that_claims_200_gigabytes_is_refused(tmp_path, temporary, kit, suffix):
    path = pack(tmp_path / "Mine.h2drumkit", kit)
    with tarfile.open(path) as archive:
        last = archive.getmembers()[-1]
    end = last.offset_data + -(-last.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    header = member(f"Kit/snare.{suffix}", 200 << 30).tobuf(tarfile.GNU_FORMAT)
    path.write_bytes(path.read_bytes()[:end] + header + bytes(2048))
    with pytest.raises(KitError, match="not readable as an archive"):
        load_kit(path)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_a_bomb_is_stopped(tmp_path, temporary, compress, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1 << 22)
    path = tmp_path / "bomb.h2drumkit"
    path.write_bytes(compress(bytes(1 << 24)))
    with pytest.raises(KitError, match="unpacks to more than 4194304 bytes; unpack it"):
        load_kit(path)


def test_too_many_files_are_refused(tmp_path, temporary, kit, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 20)
    path = pack(tmp_path / "Mine.h2drumkit", kit, *((member(f"Kit/{number}"), b"") for number in range(20)))
    with pytest.raises(KitError, match="more than 20 files"):
        load_kit(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a tar",
        b"\x1f\x8b broken",
        b"\xfd7zXZ\0 broken",
        gzip.compress(b"no tar"),
        gzip.compress(bytes(99))[:-9],
    ],
)
def test_broken_archives_are_named(tmp_path, temporary, content):
    path = tmp_path / "Mine.h2drumkit"
    path.write_bytes(content)
    with pytest.raises(KitError, match=f"{path}: not readable as an archive"):
        load_kit(path)


def test_errors_inside_name_the_archive(tmp_path, temporary, kit):
    (kit / "drumkit.xml").write_text("<!DOCTYPE x []><drumkit_info/>")
    path = pack(tmp_path / "Mine.h2drumkit", kit)
    with pytest.raises(KitError, match=f"^{path}/Kit/drumkit.xml: its document type has declarations"):
        load_kit(path)


@pytest.mark.parametrize("count", [0, 2])
def test_one_kit_an_archive(tmp_path, temporary, kit, count):
    (kit / "drumkit.xml").unlink()
    for number in range(count):
        (kit / str(number)).mkdir()
        (kit / str(number) / "drumkit.xml").touch()
    with pytest.raises(KitError, match=f"has {count} files named drumkit.xml"):
        load_kit(pack(tmp_path / "Mine.h2drumkit", kit))


def test_files_in_the_way_of_folders_and_files_twice(tmp_path, temporary, kit):
    twice = pack(tmp_path / "twice.h2drumkit", kit, (member("Kit/LICENSE", 3), b"GPL"))
    assert load_kit(twice).licence is None
    path = pack(tmp_path / "way.h2drumkit", kit, (member("Kit/LICENSE/x.wav", 3), b"abc"))
    with pytest.raises(KitError, match="not readable as an archive"):
        load_kit(path)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(KitError, match=r"gone.h2drumkit: no such file"):
        load_kit(tmp_path / "gone.h2drumkit")
