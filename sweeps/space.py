"""The search space: what may be tried for each parameter, and points of it by number.

u : (n dimensions,) float64 in [0, 1), a point of the unit cube; each dimension turns its coordinate into a value

A dimension with `when` is used only where the parameters it names have one of the given values; otherwise the parameter
keeps its preset or default.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from sweeps.errors import ConfigError

if TYPE_CHECKING:
    from optuna import Trial
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

When = dict[str, Any]


class _Dimension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    when: When = {}

    def active(self, values: Mapping[str, Any]) -> bool:
        """Whether the parameters named in `when` have one of the values it wants."""
        return all(values.get(name) in _as_list(wanted) for name, wanted in self.when.items())


class IntDimension(_Dimension, frozen=True, tag="int"):
    """Whole numbers low, low + step, … ≤ high; with `log`, evenly spread over their logarithms."""

    low: int
    high: int
    step: int = 1
    log: bool = False

    def check(self, place: str) -> None:
        _check_bounds(place, self.low, self.high, self.step, self.log)
        if self.log and self.step != 1:
            raise ConfigError(f"{place}: `step` and `log` exclude each other; drop one")

    def at(self, u: float) -> int:
        if self.log:
            low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return min(max(round(math.exp(low + u * (high - low))), self.low), self.high)
        return self.low + int(u * self._n) * self.step

    def values(self, place: str) -> Sequence[int]:
        return range(self.low, self.high + 1, self.step)

    @property
    def _n(self) -> int:
        return (self.high - self.low) // self.step + 1

    def suggest(self, trial: Trial, name: str) -> int:
        distribution = self.distribution()
        return trial.suggest_int(name, self.low, distribution.high, step=self.step, log=self.log)

    def distribution(self) -> IntDistribution:
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.low + (self._n - 1) * self.step, log=self.log, step=self.step)


class FloatDimension(_Dimension, frozen=True, tag="float"):
    """Numbers from low to high, on a grid of `step` if given; with `log`, evenly spread over their logarithms."""

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def check(self, place: str) -> None:
        _check_bounds(place, self.low, self.high, self.step, self.log)
        if self.log and self.step is not None:
            raise ConfigError(f"{place}: `step` and `log` exclude each other; drop one")

    def at(self, u: float) -> float:
        if self.step is not None:
            return self._nth(int(u * self._n))
        if self.log:
            return math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        return self.low + u * (self.high - self.low)

    def values(self, place: str) -> Sequence[float]:
        if self.step is None:
            raise ConfigError(f"{place}: a grid needs a `step` for a float; add one or choose another `search.sampler`")
        return [self._nth(i) for i in range(self._n)]

    def _nth(self, i: int) -> float:
        # in decimal, so that the third step of .1 is .3 and not .30000000000000004
        return float(Decimal(str(self.low)) + i * Decimal(str(self.step)))

    @property
    def _n(self) -> int:
        return int((Decimal(str(self.high)) - Decimal(str(self.low))) / Decimal(str(self.step))) + 1

    def suggest(self, trial: Trial, name: str) -> float:
        distribution = self.distribution()
        value = trial.suggest_float(name, self.low, distribution.high, step=self.step, log=self.log)
        return value if self.step is None else self._nth(round((value - self.low) / self.step))

    def distribution(self) -> FloatDistribution:
        from optuna.distributions import FloatDistribution

        high = self.high if self.step is None else self._nth(self._n - 1)
        return FloatDistribution(self.low, high, log=self.log, step=self.step)


class CategoricalDimension(_Dimension, frozen=True, tag="categorical"):
    """One of `choices`, without an order."""

    choices: tuple[str | int | float | bool | None, ...]

    def check(self, place: str) -> None:
        if not self.choices:
            raise ConfigError(f"{place}: `choices` must not be empty; name at least one value")
        if len(set(map(repr, self.choices))) < len(self.choices):
            raise ConfigError(
                f"{place}: `choices` must differ from each other, got {list(self.choices)}; drop the repeats"
            )

    def at(self, u: float) -> Any:
        return self.choices[int(u * len(self.choices))]

    def values(self, place: str) -> Sequence[Any]:
        return self.choices

    def suggest(self, trial: Trial, name: str) -> Any:
        return trial.suggest_categorical(name, self.choices)

    def distribution(self) -> CategoricalDistribution:
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.choices)


Dimension = IntDimension | FloatDimension | CategoricalDimension
Space = Mapping[str, Dimension]


def check_space(space: Space, place: str) -> None:
    """Refuse reversed bounds, empty choices and conditions on what is not there (or not yet) with one sentence."""
    known: set[str] = set()
    for name, dimension in space.items():
        dimension.check(f"{place}: `space.{name}`")
        for other in dimension.when:
            if other not in known:
                raise ConfigError(
                    f"{place}: `space.{name}.when` names {other!r}, which is no parameter of the space above it; list it first"
                )
        known.add(name)


def point(space: Space, u: Sequence[float]) -> dict[str, Any]:
    """The values at a point of the unit cube; inactive dimensions are left out."""
    chosen: dict[str, Any] = {}
    for coordinate, (name, dimension) in zip(u, space.items(), strict=True):
        if dimension.active(chosen):
            chosen[name] = dimension.at(coordinate)
    return chosen


def grid(space: Space, place: str = "config") -> Iterator[dict[str, Any]]:
    """Every combination once, the last parameter fastest; nothing is held but the current one."""
    names = list(space)

    def below(depth: int, chosen: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if depth == len(names):
            yield dict(chosen)
            return
        dimension = space[names[depth]]
        if not dimension.active(chosen):
            yield from below(depth + 1, chosen)
            return
        for value in dimension.values(f"{place}: `space.{names[depth]}`"):
            yield from below(depth + 1, {**chosen, names[depth]: value})

    return below(0, {})


def grid_slice(space: Space, first: int, count: int) -> list[dict[str, Any]]:
    """Points first … first + count − 1 of the grid, fewer where it ends."""
    return list(itertools.islice(grid(space), first, first + count))


def _as_list(wanted: Any) -> Sequence[Any]:
    return wanted if isinstance(wanted, list | tuple) else (wanted,)


def _check_bounds(place: str, low: float, high: float, step: float | None, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ConfigError(f"{place}: `low` and `high` must be finite, got {low} and {high}")
    if low > high:
        raise ConfigError(f"{place}: `low` must not be above `high`, got {low} and {high}; swap them")
    if step is not None and step <= 0:
        raise ConfigError(f"{place}: `step` must be above 0, got {step}")
    if log and low <= 0:
        raise ConfigError(f"{place}: `low` must be above 0 with `log`, got {low}")
