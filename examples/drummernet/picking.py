"""From activations to events, while they come."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ddsp_drums.events import PeakPicker
from drummernet.config import Config, PickingConfig
from drummernet.transcription import Event

__all__ = ["EventPicker", "any_of", "instrument_groups"]

# Instruments that one pair of hands plays in one place: found together, then told apart.
_TOGETHER = (("CHH", "OHH", "PHH"), ("HT", "MT", "FT"))


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
    rows = [[instruments.index(name) for name in group] for group in instrument_groups(instruments)]
    return torch.stack([1 - (1 - probability[row]).prod(0) for row in rows])


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
        self._pickers = [
            (row, group, level, self._picker(config.picking, level, ahead_s))
            for row, group in enumerate(instrument_groups(self.instruments))
            for level in sorted({levels[name] for name in group})
        ]
        self._held = torch.zeros(2, len(self.instruments), 0)  # probability and velocity
        self._first = 0  # frame that `_held` begins with
        self._waiting: list[Event] = []

    def push(self, probability: Tensor, velocity: Tensor, together: Tensor, *, last: bool = False) -> list[Event]:
        """Hear the next n frames, and return what is now certain, in order of time.

        Args:
            probability: Of each instrument, (K, n) in [0, 1].
            velocity: Of each instrument, (K, n) in [0, 1].
            together: What peaks are picked from: a row for each group of instruments, (G, n).
            last: Whether these frames are the last.

        Returns:
            Events that no later one can come before.
        """
        self._held = torch.cat([self._held, torch.stack([probability, velocity])], -1)
        for row, group, level, picker in self._pickers:
            times, heights = picker.push(together[row], last=last)
            for time, height in zip(times.tolist(), heights.tolist(), strict=True):
                event = self._event(time, group, height)
                if self.levels[event.instrument] == level:
                    self._waiting.append(event)
        decided = self._pickers[0][-1].decided
        certain_s = float("inf") if last else (decided - 0.5) / self.frame_rate_hz
        events = sorted(event for event in self._waiting if event.onset_s < certain_s)
        self._waiting = [event for event in self._waiting if event.onset_s >= certain_s]
        kept = max(self._first, decided - 1)
        self._held, self._first = self._held[..., kept - self._first :], kept
        return events

    def finish(self) -> list[Event]:
        """Return what was left to decide when the last frames had come."""
        n_rows = len(instrument_groups(self.instruments))
        nothing = torch.zeros(len(self.instruments), 0)
        return self.push(nothing, nothing, torch.zeros(n_rows, 0), last=True)

    def _picker(self, picking: PickingConfig, threshold: float, ahead_s: float) -> PeakPicker:
        return PeakPicker(
            frame_rate_hz=self.frame_rate_hz,
            threshold=threshold,
            max_window_s=picking.max_window_s,
            mean_window_s=picking.mean_window_s,
            wait_s=picking.wait_s,
            ahead_s=ahead_s,
        )

    def _event(self, time: float, group: tuple[str, ...], height: float) -> Event:
        frame = min(round(time * self.frame_rate_hz) - self._first, self._held.shape[-1] - 1)
        rows = [self.instruments.index(name) for name in group]
        probability, velocity = self._held[:, rows, frame]
        which = int(probability.argmax())
        return Event(time, group[which], min(max(round(127 * float(velocity[which])), 1), 127), height)
