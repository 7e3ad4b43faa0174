"""From activations to events, while they come."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ddsp_drums.events import PeakPicker
from drummernet.config import Config, PickingConfig
from drummernet.transcription import Event

__all__ = ["EventPicker", "any_of", "instrument_groups", "velocity_of_likeliest"]

# Instruments that one pair of hands plays in one place: found together, then told apart.
_TOGETHER = (("CHH", "OHH", "PHH"), ("HT", "MT", "FT"))
_CLICK = 2  # frames before the end of the audio: what is cut off there clicks, and nothing tells that from a hit


def instrument_groups(instruments: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Tell which instruments are found together: each is in one group.

    Example:
        >>> instrument_groups(("KD", "OHH", "CHH"))
        [('CHH', 'OHH'), ('KD',)]
    """
    groups = [tuple(name for name in group if name in instruments) for group in _TOGETHER]
    alone = [(name,) for name in instruments if not any(name in group for group in _TOGETHER)]
    return [group for group in groups if group] + alone


def any_of(probability: Tensor, instruments: tuple[str, ...]) -> Tensor:
    r"""Return the probability that any instrument of a group is hit, $1 - \prod_k (1 - p_k)$.

    Args:
        probability: Of each instrument, (K, N) in [0, 1].
        instruments: The K instruments.

    Returns:
        A row for each of `instrument_groups`, (G, N).
    """
    return torch.stack([1 - (1 - probability[rows]).prod(0) for rows in _rows(instruments)])


def velocity_of_likeliest(probability: Tensor, velocity: Tensor, instruments: tuple[str, ...]) -> Tensor:
    """Return in each frame the velocity of that instrument of a group which is most likely.

    Args:
        probability: Of each instrument, (K, N).
        velocity: Of each instrument, (K, N).
        instruments: The K instruments.

    Returns:
        A row for each of `instrument_groups`, (G, N).
    """
    likeliest = [probability[rows].argmax(0, keepdim=True) for rows in _rows(instruments)]
    return torch.cat(
        [velocity[rows].gather(0, which) for rows, which in zip(_rows(instruments), likeliest, strict=True)]
    )


def _rows(instruments: tuple[str, ...]) -> list[list[int]]:
    return [[instruments.index(name) for name in group] for group in instrument_groups(instruments)]


class EventPicker:
    """Picks events from activations that come in pieces, the same ones as from the whole.

    Args:
        config: Tells the instruments, the frame rate and the windows of peak picking.
        levels: Threshold of each instrument.
        ahead_s: The furthest that peak picking looks beyond a frame; by default half of its windows.
    """

    def __init__(self, config: Config, levels: Mapping[str, float], *, ahead_s: float = float("inf")) -> None:
        self.instruments = config.model.instruments
        self.frame_rate_hz = config.model.sample_rate / config.model.hop_length
        self.levels = levels
        self._row = {name: row for row, name in enumerate(self.instruments)}
        self._pickers = [
            (row, group, level, self._picker(config.picking, level, ahead_s))
            for row, group in enumerate(instrument_groups(self.instruments))
            for level in sorted({levels[name] for name in group})
        ]
        self._probability = torch.zeros(len(self._row), 0)
        self._velocity = torch.zeros(len(instrument_groups(self.instruments)), 0)
        self._first = 0  # frame that both begin with
        self._waiting: list[Event] = []

    def push(self, probability: Tensor, velocity: Tensor, together: Tensor, *, last: bool = False) -> list[Event]:
        """Hear the next n frames, and return what is now certain, in order of time.

        Args:
            probability: Of each instrument, (K, n) in [0, 1].
            velocity: Of each group of instruments, (G, n) in [0, 1].
            together: Probability of each group, (G, n) in [0, 1].
            last: Whether these frames are the last.

        Returns:
            Events that no later one can come before, and none within two frames of the end.
        """
        self._probability = torch.cat([self._probability, probability], -1)
        self._velocity = torch.cat([self._velocity, velocity], -1)
        for row, group, level, picker in self._pickers:
            times, heights = picker.push(together[row], last=last)
            if times.numel():  # as rarely in a stream
                events = self._events(times, heights, row, group)
                self._waiting += [event for event in events if self.levels[event.instrument] == level]
        decided = self._pickers[0][-1].decided
        n_frames = self._first + self._probability.shape[-1]
        certain_s = (min(decided, n_frames - _CLICK) - 0.5) / self.frame_rate_hz
        events = sorted(event for event in self._waiting if event.onset_s < certain_s)
        self._waiting = [event for event in self._waiting if event.onset_s >= certain_s]
        kept = max(self._first, decided - 1)
        self._probability = self._probability[:, kept - self._first :]
        self._velocity = self._velocity[:, kept - self._first :]
        self._first = kept
        return events

    def finish(self) -> list[Event]:
        """Return what was left to decide when the last frames had come."""
        nothing = self._velocity[:, :0]
        return self.push(self._probability[:, :0], nothing, nothing, last=True)

    def _picker(self, picking: PickingConfig, threshold: float, ahead_s: float) -> PeakPicker:
        return PeakPicker(
            frame_rate_hz=self.frame_rate_hz,
            threshold=threshold,
            max_window_s=picking.max_window_s,
            mean_window_s=picking.mean_window_s,
            wait_s=picking.wait_s,
            ahead_s=ahead_s,
        )

    def _events(self, times: Tensor, heights: Tensor, row: int, group: tuple[str, ...]) -> list[Event]:
        """Tell of each peak of a group which instrument it is, and how hard it was hit."""
        frames = ((times * self.frame_rate_hz).round().long() - self._first).clamp(max=self._probability.shape[-1] - 1)
        likeliest = self._probability[[self._row[name] for name in group]][:, frames].argmax(0).tolist()
        velocities = (127 * self._velocity[row, frames].double()).round().clamp(1, 127).int().tolist()
        names = [group[which] for which in likeliest]
        return [Event(*each) for each in zip(times.tolist(), names, velocities, heights.tolist(), strict=True)]
