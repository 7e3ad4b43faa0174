"""What a network in training hears in a few segments."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ddsp_drums import log_mel
from drummernet.model import DrummerNet

__all__ = ["draw_segments"]

_BANDS = 80


@torch.no_grad()
def draw_segments(
    model: DrummerNet, rendered: Sequence[tuple[Tensor, Tensor]], recorded: Sequence[Tensor], *, title: str
) -> Figure:
    """Draw the log-mel bands of segments, below them the probability of each instrument, and what was played.

    Args:
        model: The network, which is left in evaluation mode.
        rendered: Audio (T,) and what was played (K, N), in [0, 1]: drawn as circles where it is 1.
        recorded: Audio (T,) of which nobody knows what was played.
        title: Stands above.

    Returns:
        A figure with a column for each segment.
    """
    model.eval()
    segments = [*rendered, *((audio, None) for audio in recorded)]
    known = model.config.taxonomy.by_id
    instruments, rate = model.config.instruments, model.config.sample_rate
    hop_s = model.config.hop_length / rate
    figure = Figure(figsize=(1.2 + 4.5 * len(segments), 6), dpi=80)
    figure.suptitle(title)
    figure.subplots_adjust(left=1.2 / figure.get_figwidth(), right=0.99, bottom=0.08, top=0.9, hspace=0.05, wspace=0.08)
    columns = figure.subplots(2, len(segments), sharex="col", squeeze=False).T
    for number, ((audio, played), (above, below)) in enumerate(zip(segments, columns, strict=True)):
        device = next(model.parameters()).device
        prediction = model(audio[None].to(device))
        probability = model.probabilities(prediction)[0].cpu()
        shown = model.heard(audio[None])[0].cpu()
        bands = log_mel(shown, sample_rate=rate, n_mels=_BANDS)
        span = (0.0, shown.numel() / rate, 0.0, float(_BANDS))
        above.imshow(bands.numpy(), aspect="auto", cmap="magma", origin="lower", extent=span)
        above.set_title("rendered" if played is not None else "recording")
        span = (-hop_s / 2, (probability.shape[-1] - 0.5) * hop_s, len(instruments) - 0.5, -0.5)
        below.imshow(probability.numpy(), aspect="auto", cmap="Greys", vmin=0, vmax=1, extent=span)
        if played is not None:
            _circle(below, played, [known[name].colour for name in instruments], hop_s)
        above.set(yticks=[], ylabel="" if number else "log-mel")
        below.set(xlabel="seconds", yticks=range(len(instruments)))
        below.set_yticklabels([] if number else [known[name].name for name in instruments])
    return figure


def _circle(axes: Axes, played: Tensor, colours: Sequence[str], hop_s: float) -> None:
    for k, colour in enumerate(colours):
        times = hop_s * (played[k] == 1).nonzero()[:, 0].numpy()
        axes.scatter(times, [k] * len(times), s=60, facecolors="none", edgecolors=colour)
