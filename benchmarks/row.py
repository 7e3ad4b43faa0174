"""The list of what is measured."""

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.operation import Case, Operation, Provider


@dataclass(frozen=True)
class Row:
    """One measurement: a provider at a point, timed in turns with others."""

    operation: Operation
    case: Case
    provider: Provider
    backward: bool
    against: tuple[Provider, ...]
    goal: str | None = None

    def __str__(self) -> str:
        sizes = "-".join(str(value) for value in asdict(self.case).values())
        direction = "both" if self.backward else "forward"
        return f"{'goal-' if self.goal else ''}{self.provider.name}-{direction}-{sizes}".replace(" ", "_")

    def why_not(self, device: str) -> str | None:
        """Tell why this row is not measured, or None: a goal is, however long it takes."""
        if self.goal is None:
            return self.provider.why_not(self.case, self.backward, device)
        return next(filter(None, (provider.missing(device) for provider in (self.provider, *self.against))), None)

    def describe(self) -> dict[str, Any]:
        """Return which row it is, as JSON takes it."""
        return {
            "operation": self.operation.name,
            "provider": self.provider.name,
            "backward": self.backward,
            "goal": self.goal,
            "case": asdict(self.case),
            "operations": self.provider.operations(self.case, self.backward),
        }


def rows(operation: Operation, device: str) -> list[Row]:
    """List all measurements: the goals first, then every provider at each point, each point once."""
    find = operation.provider
    listed = [
        Row(operation, goal.case, find(goal.provider), True, (find(goal.against),), goal.work)
        for goal in operation.goals
        if goal.device == device
    ]
    for case in dict.fromkeys(case for sweep in operation.sweeps for case in sweep.cases()):
        for backward in (False, True):
            for provider in operation.providers:
                if backward or provider.forward:
                    against = tuple(find(name) for name in provider.backends)
                    listed.append(Row(operation, case, provider, backward, against))
    return listed
