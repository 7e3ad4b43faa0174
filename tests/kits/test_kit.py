import pytest
import torch

from ddsp_drums.kits import Drum, Kit, KitError, random_templates


def kit(name="kit", rate=100, **classes):
    """A kit whose hits are constants: the value tells which one was taken."""
    drums = {
        key: tuple(Drum(f"{key}{i}", tuple(torch.full((200,), float(v)) for v in hits)) for i, hits in enumerate(group))
        for key, group in classes.items()
    }
    return Kit(name, rate, drums)


def test_classes_follow_the_taxonomy_then_the_users_own():
    assert kit(Gong=[[1]], CR=[[1]], KD=[[1]]).classes == ("KD", "CR", "Gong")
    assert kit(KD=[[1]], SD=[]).classes == ("KD",)


def test_templates_are_the_loudest_hit_of_the_first_drum_at_the_norm_asked_for():
    hit = torch.tensor([0.0, 3.0, -4.0])
    some = Kit("kit", 4, {"KD": (Drum("a", (hit / 9, hit)), Drum("b", (10 * hit,))), "SD": (Drum("c", (hit,)),)})
    templates = some.templates(["SD", "KD"], duration_s=1.0)
    torch.testing.assert_close(templates, torch.tensor([[0.0, 6.0, -8.0, 0.0]] * 2))
    assert float(some.templates(["KD"], norm=3.0).norm()) == pytest.approx(3.0)


def test_a_cut_template_fades_out_and_leaves_the_kit_alone():
    some = kit(rate=16000, KD=[[1.0]])
    template = some.templates(["KD"], duration_s=150 / 16000)[0]
    assert template.shape == (150,)
    assert template[-1] == 0
    assert (template.diff() <= 0).all()
    assert (some.drums["KD"][0].hits[0] == 1).all()


def test_a_missing_class_is_named_in_one_line():
    with pytest.raises(KitError, match=r"kit mine: has no CR, TMB \(it has KD\).*leave the class out") as error:
        kit("mine", KD=[[1]]).templates(["KD", "CR", "TMB"])
    assert "\n" not in str(error.value)
    assert isinstance(error.value, ValueError)


def test_random_templates_reach_every_kit_drum_and_hit_and_repeat_with_the_seed():
    kits = [kit("a", KD=[[1, 2], [3]]), kit("b", KD=[[-1]], SD=[[5]])]
    generator = torch.Generator().manual_seed(0)
    drawn = [random_templates(kits, ["KD", "SD"], generator=generator, duration_s=0.1) for _ in range(100)]
    assert all(templates.shape == (2, 10) for templates in drawn)
    assert {float(templates[0, 0].sign()) for templates in drawn} == {-1.0, 1.0}
    again = random_templates(kits, ["KD", "SD"], generator=torch.Generator().manual_seed(0), duration_s=0.1)
    assert torch.equal(again, drawn[0])


def test_random_templates_need_one_sample_rate_and_a_kit_with_the_class():
    with pytest.raises(KitError, match=r"\[100, 200\] Hz"):
        random_templates([kit(KD=[[1]]), kit(rate=200, KD=[[1]])], ["KD"])
    with pytest.raises(KitError, match="kits a, b: none has SD"):
        random_templates([kit("a", KD=[[1]]), kit("b", KD=[[1]])], ["SD"])
    with pytest.raises(KitError, match="at least one"):
        random_templates([], ["KD"])


@pytest.mark.parametrize("options", [{"duration_s": 0}, {"norm": -1}])
def test_bad_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        kit(KD=[[1]]).templates(["KD"], **options)


@pytest.mark.parametrize(
    ("hits", "error"),
    [
        ((), KitError),
        ((torch.zeros(0),), KitError),
        ((torch.zeros(2, 3),), KitError),
        ((torch.tensor([1.0, torch.nan]),), KitError),
        ((torch.arange(3),), TypeError),
    ],
)
def test_a_drum_holds_finite_audio(hits, error):
    with pytest.raises(error, match="tom"):
        Drum("tom", hits)


def test_hits_of_one_velocity_are_alternates_of_a_layer():
    hits = tuple(torch.full((2,), float(value)) for value in range(1, 6))
    drum = Drum("snare", hits, velocities=(40, 40, 80, 127, 127))
    assert drum.layers == (hits[:2], hits[2:3], hits[3:])
    assert [drum.layer(velocity) for velocity in (1, 40, 40.5, 81, 127)] == [
        *(hits[:2], hits[:2], hits[2:3], hits[3:], hits[3:])
    ]
    assert Drum("soft", hits[:1], velocities=(40,)).layer(127) == hits[:1]


def test_hits_without_velocities_are_layers_of_one_width():
    hits = tuple(torch.full((2,), float(value)) for value in range(1, 5))
    drum = Drum("snare", hits)
    assert drum.velocities == (31.75, 63.5, 95.25, 127)
    assert [drum.layer(velocity) for velocity in (1, 32, 64, 96)] == [(hit,) for hit in hits]


@pytest.mark.parametrize("velocities", [(1,), (1, 2, 3), (2, 1), (0, 1), (1, 128), (1, float("nan"))])
def test_velocities_rise_and_are_one_a_hit(velocities):
    with pytest.raises(KitError, match="drum x: velocities"):
        Drum("x", (torch.ones(1), torch.ones(1)), velocities=velocities)


def test_a_kit_without_a_drum_is_refused():
    with pytest.raises(KitError, match="empty: has no drum"):
        Kit("empty", 16000, {"KD": ()})


def test_the_report_names_drums_and_what_was_left_out():
    drums = {"KD": (Drum("deep", (torch.ones(2),) * 3, velocities=(9, 127, 127)),)}
    some = Kit("mine", 8, drums, "CC0-1.0", left_out={"x.wav": "named 'gong'"}, guessed={"y.wav": "by its MIDI key 36"})
    report = some.report()
    for part in ("mine: 8 Hz, licence CC0-1.0", "KD: 1 drums, 3 hits", "deep: 2 layers, 3 hits", "x.wav: named 'gong'"):
        assert part in report
    for part in ("left out: 1 files", "guessed: 1 files", "y.wav: by its MIDI key 36"):
        assert part in report
