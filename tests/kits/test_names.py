from pathlib import PurePosixPath

import pytest

from ddsp_drums.kits import BY_ID, classify
from ddsp_drums.kits.names import _TABLE, drum_key, velocity, words

SPELLINGS = {
    "KD": (
        "Kick.wav, KICK - Dry-01.wav, kick_OH_FF_3.wav, Bass Drum 1.wav, BD-808.wav, K68c01.wav, "
        "samples/KdrumL/3-KdrumL.wav, KickSamples#2.wav, 36-Ludwig26Kick-1.flac, bd/10_bd_x.wav, "
        "drum_bass_hard.wav"
    ),
    "SD": (
        "Snare.wav, SnareRightHand#3.wav, SNARE1.WAV, sn_dub.wav, Sn65a01.wav, 14a_rimshot/sr_vl1_rr1.wav, "
        "RimShot.wav, snare_OH_Ghost_1.wav, 40-PearlSnareEdge-1.wav, sd/14.wav, brushes/sb_vl2.wav"
    ),
    "SST": "SideStick.wav, sidestick2.wav, snareStick_OH_F_1.wav, Cross Stick.wav, rim/10_rim.wav, ss_vl1.wav",
    "CHH": (
        "HHClosed#1.wav, hihatClosed_OH_F_1.wav, Hi-Hat Closed.wav, hh.wav, hat_snap.wav, hihat.wav, "
        "42-SabianRockHatClosed-1.wav, HHC14a01.wav, drum_cymbal_closed.wav, Closed Hat 909.wav, CH.wav"
    ),
    "OHH": (
        "HHOpenTip.wav, hihatSemiOpen3_OH_P_1.wav, OpenHat.wav, HHHalfOpen#2.wav, HHL14a01.wav, oh/1.wav, "
        "hat-closed-hit4-half.wav, drum_cymbal_open.wav, Hat Open 2.wav"
    ),
    "PHH": ("HHPedal.wav, hihatFoot_OH_MP_1.wav, HatPedal-Soft.wav, hat-closed-leg.wav, HHF14a01.wav, hf_vl1.wav"),
    "HT": "TomHigh#1.wav, hiTom_OH_F_1.wav, drum_tom_hi_soft.wav, Tom1.wav, ht.wav, 61-RotoTomLo-1.wav",
    "MT": "drum_tom_mid_hard.wav, Mid Tom.wav, Tom2.wav, mt/1.wav, tom.wav",
    "FT": ("FloorTom.wav, FLOOR TOM - Dry-01.wav, loTom_OH_FF_2.wav, TomLow.wav, Tom3.wav, 41-Floor16.wav, lt.wav"),
    "RD": "Ride.wav, ride1Bell_OH_F_1.wav, 24Ride-3.wav, RC17a01.wav, RCB17a01.wav, RideLBell/1-RideLBell.wav",
    "CR": ("CrashTip.wav, china1_OH_FF_1.wav, Splash-Hard.wav, CRASH 16inch - Dry-01.wav, CC13a24.wav, 808_Cymbal.wav"),
    "TMB": "Tambourine.wav, 54-Tambourine-1.wav, tb/10_tb.wav, Tamb/1.wav",
    "CLP": "Clap.wav, 39-HandClap-1.wav, cp/11_cp_x.wav, Snare Clap.wav, Hand Claps 2.wav, 808_Clap.wav",
    None: (
        "Cowbell.wav, drum_roll.wav, crash1Choke_OH_F_1.wav, snareOFF_OH_F_1.wav, "
        "48-SabianRockHatSwish-1.wav, "
        "stir_dl1.wav, SnareRest/1-SnareRest.wav, TomClicks.wav, bellchime_F_1.wav, misc/1_misc.wav, "
        "64-Maraca-1.wav, x.wav, 13b_tamb/sn_vl1.wav, 18_prep/sn_vl1.wav, 60-Paiste2002-22-1.wav, "
        "ride2Crash_OH_FF_1.wav, 808_Conga.wav, Drum Loops/120.wav"
    ),
}


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, paths in SPELLINGS.items() for path in paths.split(", ")]
)
def test_the_usual_spellings(name, path):
    assert classify(path) == name


def test_a_general_midi_number_counts_where_no_word_does():
    assert classify("49-Bosphorus-1.wav") == "CR"
    assert classify("49-Snare-1.wav") == "SD"
    assert classify("62-Something.wav") is None


def test_the_innermost_name_that_says_something_decides():
    assert classify("Snares/Hats/x1.wav") == "CHH"
    assert classify("Snares/Crash.wav") == "CR"
    assert classify("cymbals/hat-open1.wav") == "OHH"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HHClosed#3", "hh closed 3"),
        ("KdrumL", "kdrum l"),
        ("RCB17a01", "rcb 17 a 01"),
        ("snareOFF_OH", "snare off oh"),
        ("TOM TOM - Dry", "tom tom dry"),
        ("Caisse-été", "caisse ete"),
        ("", ""),
    ],
)
def test_names_split_into_words(name, expected):
    assert words(name).strip() == expected


@pytest.mark.parametrize(
    ("paths", "key"),
    [
        (["38-PearlSnare-2.wav", "38-PearlSnare-5.wav"], "38-PearlSnare"),
        (["10_basic/sn_vl1_rr3.wav", "10_basic/sn_vl4_rr1.wav"], "10_basic/sn"),
        (["snare_OH_FF_8.wav", "snare_OH_Ghost_10.wav"], "snare"),
        (["hihatSemiOpen1_OH_P_.wav", "hihatSemiOpen1_OH_F_3.wav"], "hihatSemiOpen1"),
        (["samples/Snare1/19-Snare.wav", "samples/Snare1/2-Snare.wav"], "samples/Snare1"),
        (["K68c01.wav", "K68c09.wav"], "K68c"),
        (["CrashTip#2.wav", "CrashTip.wav"], "CrashTip"),
        (["Kick-Softest.wav", "Kick-Hard.wav", "KickHardest.wav"], "Kick"),
        (["FLOOR TOM - Dry-01.wav", "FLOOR TOM - Dry-09.wav"], "FLOOR TOM - Dry"),
        (["LINN/kick.wav"], "LINN/kick"),
        (["bd_808.wav"], "bd_808"),
        (["12.wav"], "12"),
        (["snare/1-.wav"], "snare/1-"),
    ],
)
def test_layers_share_the_name_of_their_drum(paths, key):
    assert {drum_key(PurePosixPath(path)) for path in paths} == {key}


def test_sounds_that_differ_in_more_than_a_layer_are_drums_of_their_own():
    paths = ["bd/10_bd_x.wav", "bd/11_bd_x.wav", "LINN/kick.wav", "R8/kick.wav", "kick1.wav", "kick2.wav"]
    assert len({drum_key(PurePosixPath(path)) for path in paths}) == len(paths)


def test_the_only_number_of_a_tom_is_its_own():
    assert drum_key(PurePosixPath("Tom 2.wav"), is_tom=True) == "Tom 2"
    assert drum_key(PurePosixPath("45-Pearl12Tom-1.wav"), is_tom=True) == "45-Pearl12Tom"
    assert drum_key(PurePosixPath("TOM TOM - Dry-02.wav"), is_tom=True) == "TOM TOM - Dry"


def test_velocity_words_and_numbers_rise():
    rising = [velocity(PurePosixPath(f"snare_OH_{word}_3.wav")) for word in ("Ghost", "PP", "P", "MP", "F", "FF")]
    assert rising == sorted(set(rising))
    assert velocity(PurePosixPath("sn_vl3_rr1.wav")) == 3
    assert rising[0] > velocity(PurePosixPath("Kick.wav")) == 0


def test_the_table_names_known_classes_and_words_that_can_match():
    assert {rule["class"] for rule in _TABLE["rule"]} <= {*BY_ID, "none", "TT", "HH"}
    for rule in _TABLE["rule"]:
        for phrase in [*rule["any"], *rule.get("also", []), *rule.get("beside", [])]:
            assert words(phrase) == f" {phrase} "
