"""What a trial is judged by: one number, or several of which none may be bettered without another getting worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec

from sweeps.errors import ConfigError

Direction = Literal["maximize", "minimize"]
_KINDS = {
    "mean": "mean_pnl_pounds",
    "lower_bound": "lower_bound_pounds",
    "sharpe": "sharpe_per_market",
}


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of several objectives: a trial metric and which way is better."""

    metric: str
    direction: Direction = "maximize"


class Constraint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bound on a trial metric; a trial outside it is never the best, and the sampler is told by how much it is out."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def excess(self, metrics: Mapping[str, float]) -> float:
        """How far outside, in the metric's unit; ≤ 0 where it holds."""
        value = metrics[self.metric]
        outside = [] if self.at_least is None else [self.at_least - value]
        outside += [] if self.at_most is None else [value - self.at_most]
        return max(outside)


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """kind: mean profit per market, its lower confidence bound, Sharpe per market, or several goals.

    bound        student: mean − t · standard error, markets independent
                 day_bootstrap: whole days drawn again `resamples` times, for markets that share their day's luck
    confidence   of the lower bound, one-sided; `lower_bound_pounds` is in every trial's metrics whatever the kind
    """

    kind: Literal["mean", "lower_bound", "sharpe", "several"] = "mean"
    direction: Direction = "maximize"
    confidence: Annotated[float, msgspec.Meta(gt=0.5, lt=1.0)] = 0.95
    bound: Literal["student", "day_bootstrap"] = "student"
    resamples: Annotated[int, msgspec.Meta(ge=100, le=100_000)] = 2000
    several: tuple[Goal, ...] = ()
    constraints: tuple[Constraint, ...] = ()

    @property
    def goals(self) -> tuple[Goal, ...]:
        if self.kind == "several":
            return self.several
        return (Goal(metric=_KINDS[self.kind], direction=self.direction),)

    def check(self, metrics: Sequence[str], place: str) -> None:
        """Refuse goals and constraints that cannot be met or name no metric."""
        if self.kind == "several" and len(self.several) < 2:
            raise ConfigError(f"{place}: `objective.several` must name two metrics or more, got {len(self.several)}")
        if self.kind != "several" and self.several:
            raise ConfigError(f"{place}: `objective.several` needs `objective.kind: several`, got {self.kind!r}")
        named = [("several", goal.metric) for goal in self.several] + [
            ("constraints", c.metric) for c in self.constraints
        ]
        for part, metric in named:
            if metric not in metrics:
                raise ConfigError(
                    f"{place}: `objective.{part}` names {metric!r}, no metric; choose of {', '.join(metrics)}"
                )
        for c in self.constraints:
            if c.at_least is None and c.at_most is None:
                raise ConfigError(
                    f"{place}: the constraint on {c.metric!r} bounds nothing; give `at_least` or `at_most`"
                )
            if c.at_least is not None and c.at_most is not None and c.at_least > c.at_most:
                raise ConfigError(f"{place}: `at_least` of {c.metric!r} must not be above `at_most`; swap them")

    def value_names(self) -> list[str]:
        """Column names of the objectives in a table of trials."""
        return ["value"] if len(self.goals) == 1 else [f"value_{i}" for i in range(len(self.goals))]

    def values(self, metrics: Mapping[str, float]) -> tuple[float, ...]:
        return tuple(float(metrics[goal.metric]) for goal in self.goals)

    def excesses(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """What Optuna is told of the constraints: above 0 is a violation."""
        return {f"{i}:{c.metric}": c.excess(metrics) for i, c in enumerate(self.constraints)}

    def signed(self, values: Sequence[float]) -> tuple[float, ...]:
        """The objectives turned so that more is better."""
        return tuple(v if g.direction == "maximize" else -v for v, g in zip(values, self.goals, strict=True))

    def best(self, trials: Sequence[_T]) -> _T:
        """Of the Pareto front the best by the first objective; of equals the earliest."""
        return max(self.pareto(trials), key=lambda t: (*self.signed(t.values), -t.number))

    def pareto(self, trials: Sequence[_T]) -> list[_T]:
        """Trials no other beats: with one objective the best alone (and its equals)."""
        points = [self.signed(t.values) for t in trials]
        if len(self.goals) == 1:
            top = max(points)
            return [t for t, p in zip(trials, points, strict=True) if p == top]
        return [t for t, p in zip(trials, points, strict=True) if not any(_dominates(q, p) for q in points)]


class _Judged(Protocol):
    @property
    def number(self) -> int: ...
    @property
    def values(self) -> tuple[float, ...]: ...


_T = TypeVar("_T", bound=_Judged)


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x >= y for x, y in zip(a, b, strict=True))
