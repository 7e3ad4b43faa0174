import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from ddsp_drums import LearnableTemplates, OnsetCQTLoss, log_mel, template_synthesis
from tests.tolerances import assert_equal

RATE = 16_000


def changed(anchors, **options):
    """Templates with gains drawn at random."""
    templates = LearnableTemplates(anchors, sample_rate=RATE, **options)
    with torch.no_grad():
        templates.theta.normal_()
    return templates


@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (2, 63), (2, 2, 100), (4, 16_001)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_they_begin_as_the_anchors(shape, dtype):
    anchors = torch.randn(shape, dtype=dtype)
    templates = LearnableTemplates(anchors, sample_rate=RATE)
    assert templates().dtype == dtype
    assert_equal(templates(), anchors)
    assert templates.gain_db.shape == (*shape[:-1], 8, 5)


@pytest.mark.parametrize("options", [{}, {"n_bands": 1}, {"n_times": 1}, {"n_times": 2}, {"n_bands": 3, "n_times": 9}])
def test_a_gain_that_is_the_same_everywhere_is_a_gain(options):
    anchors = torch.randn(2, 1000, dtype=torch.float64)
    templates = LearnableTemplates(anchors, sample_rate=RATE, range_db=20.0, **options)
    with torch.no_grad():
        templates.theta.fill_(torch.atanh(torch.tensor(0.5, dtype=torch.float64)))
    assert_equal(templates(), anchors * 10**0.5)


def test_a_gain_acts_on_its_band_and_its_time():
    t = torch.arange(RATE, dtype=torch.float64) / RATE
    anchors = torch.stack([torch.sin(2 * torch.pi * f * t) for f in (100.0, 6400.0)])
    templates = LearnableTemplates(anchors, sample_rate=RATE, range_db=20.0)
    with torch.no_grad():
        templates.theta[:, 0, 2:] = -20  # the lowest band, after the first hundredth
        low, high = templates().unflatten(-1, (100, -1)).square().mean(-1).sqrt()
    torch.testing.assert_close(high[1:-1], torch.full_like(high[1:-1], 0.5**0.5))
    assert float(low[0]) > 0.65
    assert (low[1:90].diff() < 1e-3).all()
    assert float(low[50]) == pytest.approx(0.1 * 0.5**0.5, rel=0.05)


def test_no_gain_leaves_its_range():
    anchors = torch.randn(2, 500)
    templates = LearnableTemplates(anchors, sample_rate=RATE, range_db=6.0)
    with torch.no_grad():
        templates.theta.fill_(1e4)
    torch.testing.assert_close(templates(), anchors * 10 ** (6 / 20))
    assert templates.gain_db.abs().max() <= 6


def test_gradients_in_float64():
    templates = changed(torch.randn(2, 21, dtype=torch.float64), n_bands=3, n_times=3)
    call = torch.func.functional_call

    def play(theta):
        return call(templates, {"theta": theta}, ())

    assert gradcheck(play, templates.theta)
    assert gradgradcheck(play, templates.theta)


def test_silence_stays_silent_with_finite_gradients():
    templates = changed(torch.zeros(2, 100))
    templates().square().sum().backward()
    assert not templates().any()
    assert templates.theta.grad.isfinite().all()


def test_what_was_learned_is_saved_with_its_anchors():
    one = changed(torch.randn(2, 100))
    other = LearnableTemplates(torch.randn(2, 100), sample_rate=RATE)
    other.load_state_dict(one.state_dict())
    assert torch.equal(other(), one())
    assert sorted(one.state_dict()) == ["bands", "theta"]
    assert [name for name, _ in one.named_parameters()] == ["theta"]


def test_anchors_are_its_own():
    anchors = torch.randn(2, 100)
    templates = LearnableTemplates(anchors.requires_grad_(), sample_rate=RATE)
    with torch.no_grad():
        anchors.zero_()
    assert templates().abs().sum() > 0
    assert not templates.bands.requires_grad


def test_compiles_without_a_graph_break():
    templates = changed(torch.randn(2, 100))
    assert_equal(torch.compile(templates, fullgraph=True, backend="aot_eager")(), templates())


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"sample_rate": 0}, ValueError, "sample_rate"),
        ({"range_db": -1.0}, ValueError, "range_db"),
        ({"n_bands": 0}, ValueError, "n_bands"),
        ({"n_times": 2.5}, TypeError, "n_times"),
        ({"f_min_hz": 7000.0}, ValueError, "f_min_hz must be below 6400"),
        ({"anchors": torch.ones(2, 0)}, ValueError, "anchors"),
        ({"anchors": torch.ones(0, 4)}, ValueError, "anchors must have shape"),
        ({"anchors": torch.ones(4)}, ValueError, "anchors must have shape"),
        ({"anchors": torch.ones(2, 4).long()}, TypeError, "anchors"),
    ],
)
def test_bad_input_is_named(options, error, name):
    options = {"anchors": torch.ones(2, 4), "sample_rate": RATE, **options}
    with pytest.raises(error, match=name):
        LearnableTemplates(options.pop("anchors"), **options)


def test_they_learn_other_sounds_from_what_is_heard_and_stay_themselves():
    """A low ring and a bright noise, played together; the true sounds ring longer and shorter than the anchors."""
    t = torch.arange(2000) / RATE
    noise = torch.randn(2000)

    def sounds(ring_s, hiss_s):
        return torch.stack([torch.sin(2 * torch.pi * 200 * t) * torch.exp(-t / ring_s), noise * torch.exp(-t / hiss_s)])

    anchors, truth = sounds(0.02, 0.02), sounds(0.05, 0.007)
    templates = LearnableTemplates(anchors, sample_rate=RATE)
    loss = OnsetCQTLoss(RATE)
    optimizer = torch.optim.Adam(templates.parameters(), lr=0.1)
    for _ in range(40):
        activations = (torch.rand(2, 60) < 0.05).float()
        optimizer.zero_grad()
        heard, played = (template_synthesis(activations, sound, hop_length=100) for sound in (truth, templates()))
        loss(played, heard).backward()
        optimizer.step()

    def errors(*pair):
        of, against = (log_mel(sounds, sample_rate=RATE, n_fft=256, hop_length=32, n_mels=24) for sounds in pair)
        return (of[:, None] - against[None]).abs().mean((-1, -2))

    with torch.no_grad():
        learned = templates()
    assert (errors(learned, truth).diag() < 0.75 * errors(anchors, truth).diag()).all()
    assert errors(learned, anchors).argmin(1).tolist() == [0, 1]
