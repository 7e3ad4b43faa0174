"""Every shared kit, in its own habit of naming, against counts checked once by hand and by ear in numbers."""

import pytest
import torch

from ddsp_drums.audio.files import find_audio
from ddsp_drums.kits import load_kit
from ddsp_drums.kits.sounds import measure

# Drums/hits of each class.
EXPECTED = {
    "avl": "KD 2/10 SD 6/30 SST 2/10 CHH 1/5 OHH 2/10 PHH 1/5 HT 5/25 MT 3/15 FT 6/30 RD 4/20 CR 5/25 TMB 1/5",
    "drum-sklad": "KD 3/19 SD 8/22 CHH 6/25 OHH 10/26 PHH 3/3 HT 3/18 MT 3/11 FT 3/19 RD 4/36 CR 12/26",
    "frankensnare": "SD 25/320 SST 13/64",
    "gogodze-phu": "KD 1/24 SD 2/44 SST 1/16 CHH 1/16 OHH 3/47 PHH 1/12 HT 1/20 MT 1/20 FT 1/20 TMB 1/24",
    "hydrogen-gmrock": "KD 1/5 SD 2/10 SST 1/5 CHH 1/5 OHH 2/10 PHH 1/5 HT 1/5 MT 1/5 FT 1/5 RD 2/10 CR 2/10",
    "hydrogen-tr808": "KD 2/2 SD 1/2 CHH 1/1 OHH 1/1 PHH 1/1 HT 1/1 MT 1/1 FT 1/1 CR 1/1",
    "muldjord": "KD 2/51 SD 2/112 CHH 1/29 OHH 1/29 HT 1/11 MT 2/28 FT 1/20 RD 4/31 CR 3/33",
    "salamander": "KD 2/64 SD 2/89 SST 1/10 CHH 1/40 OHH 8/89 PHH 1/12 HT 1/31 FT 1/24 RD 4/41 CR 6/55",
    "sams-sonor": "KD 1/8 SD 3/29 CHH 1/9 OHH 3/17 PHH 1/6 HT 1/5 FT 1/7 RD 2/9 CR 2/9",
    "sonic-pi": "KD 17/18 SD 5/6 CHH 21/21 OHH 2/2 PHH 1/1 HT 1/2 MT 1/2 FT 1/2 CR 2/4",
    "uzu": "KD 8/8 SD 5/5 SST 2/2 CHH 5/5 OHH 4/4 HT 1/1 MT 1/1 FT 1/1 RD 1/1 CR 2/2 TMB 1/1",
    "web-audio": "KD 14/14 SD 12/12 CHH 10/10 OHH 4/4 HT 12/12 MT 13/13 FT 14/14",
}

# Why files are left out, and how many: what has no class, what is not one stroke, what no name tells, what its sound
# belies.
REASONS = {
    "avl": {
        "named 'clap'": 5,
        "named 'choke'": 6,
        "named 'cowbell'": 5,
        "named 'shank'": 10,
        "GM note 60 has no class": 5,
        "named 'maraca'": 5,
    },
    "drum-sklad": {"named 'cymbal small'": 3, "named 'ride crash'": 5},
    "frankensnare": {
        "SD in a folder named 'tamb'": 16,
        "named 'stir'": 8,
        "SD in a folder named 'prep'": 44,
        "SST in a folder named 'prep'": 4,
    },
    "gogodze-phu": {},
    "hydrogen-gmrock": {"no name says what it is": 5, "named 'cowbell'": 5, "named 'clap'": 1},
    "hydrogen-tr808": {
        "named 'clap'": 1,
        "named 'clave'": 1,
        "named 'conga'": 1,
        "named 'cowbell'": 1,
        "named 'shaker'": 1,
    },
    "muldjord": {"named 'rest'": 26},
    "salamander": {
        "named 'bellchime'": 3,
        "named 'choke'": 5,
        "named 'cowbell'": 29,
        "named 'stomp'": 4,
        "named 'ride 2 crash'": 9,
        "named 'off'": 31,
    },
    "sams-sonor": {"named 'off'": 10, "named 'tom clicks'": 5},
    "sonic-pi": {"named 'cowbell'": 1, "named 'roll'": 1},
    "uzu": {"named 'amen'": 1, "named 'perc'": 1, "named 'cp'": 2, "named 'misc'": 5, "named 'sh'": 1},
    "web-audio": {
        "HH in a folder named 'cheebacabra 2'": 1,
        "KD in a folder named 'cheebacabra 2'": 1,
        "SD in a folder named 'cheebacabra 2'": 1,
        "TT in a folder named 'cheebacabra 2'": 3,
        "named like SD": 2,
        "named like HT": 2,
        "named like MT": 1,
    },
}


@pytest.fixture(scope="module")
def kits(data):
    return {name: load_kit(data / "kits" / name) for name in EXPECTED}


@pytest.mark.parametrize("name", EXPECTED)
def test_counts_are_those_checked_by_hand(kits, name):
    kit = kits[name]
    found = [f"{c} {len(kit.drums[c])}/{sum(len(drum.hits) for drum in kit.drums[c])}" for c in kit.classes]
    assert " ".join(found) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_file_is_a_hit_or_left_out_with_a_reason(data, kits, name):
    kit = kits[name]
    used = [file for drums in kit.drums.values() for drum in drums for file in drum.files]
    files = [path.relative_to(data / "kits" / name).as_posix() for path in find_audio(data / "kits" / name)]
    assert sorted([*used, *kit.left_out]) == sorted(files)
    reasons = {reason: sum(text.startswith(reason) for text in kit.left_out.values()) for reason in REASONS[name]}
    assert reasons == REASONS[name]
    assert sum(reasons.values()) == len(kit.left_out)


@pytest.mark.parametrize("name", EXPECTED)
def test_hits_begin_at_their_onset_and_are_cut(kits, name):
    for drums in kits[name].drums.values():
        for drum in drums:
            assert len(drum.hits) == len(drum.files)
            for hit in drum.hits:
                assert hit.dtype == torch.float32
                assert 0 < len(hit) <= 24000
                assert int((hit.abs() > 0.01 * hit.abs().max()).nonzero()[0]) <= 32  # trimmed to the onset


def test_the_classes_sound_apart(kits):
    """Over all kits: kicks are the lowest, toms fall from high to floor, hats and tambourines are the brightest."""
    medians = {}
    for name in ("KD", "SD", "SST", "CHH", "OHH", "HT", "MT", "FT", "RD", "CR", "TMB"):
        drums = [drum for kit in kits.values() for drum in kit.drums.get(name, ())]
        sounds = [measure(drum.hits[-1:], sample_rate=16000) for drum in drums]
        medians[name] = torch.tensor(sounds).median(0).values.tolist()
    centroid, _, decay, pitch = (
        dict(zip(medians, column, strict=True)) for column in zip(*medians.values(), strict=True)
    )
    assert centroid["KD"] < centroid["FT"] < centroid["HT"] < centroid["SD"] < centroid["SST"] < centroid["CR"]
    assert centroid["CR"] < centroid["CHH"] < centroid["TMB"]
    assert pitch["FT"] < pitch["MT"] < pitch["HT"]
    assert decay["CHH"] < 0.15 < 0.3 < decay["OHH"] < decay["CR"] < decay["RD"]


def test_a_folder_of_kits_is_one_kit(data, kits):
    whole = kits["drum-sklad"]
    parts = [load_kit(data / "kits" / "drum-sklad" / part) for part in ("Jazzkit", "Sixties Basic", "Sixties Rock")]
    for name in whole.classes:
        assert len(whole.drums[name]) == sum(len(part.drums.get(name, ())) for part in parts)
