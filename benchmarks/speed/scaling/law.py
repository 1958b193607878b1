"""The cost of replaying one market with a batch of configurations, as a sum of terms fitted to measured points.

seconds = call + pick · picks + before · rows before the pick + market · rows of the market                    once a call
        + Σ configurations (configuration + row · rows read + look · looks + poll · polls + request · requests + fill · fills)

Every coefficient is a cost, so none may be negative; the fit is least squares of the relative error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

SHARED: Final = {
    "call": "a call of `replay_batch`, however many configurations",
    "pick": "a pick: configurations that trade the runner of the same rank at the same time have it in common",
    "before": "a row of the market before the pick, passed once a call",
    "market": "a row of the market, looked at once a call to find those that concern the traded runner",
}
OWN: Final = {
    "configuration": "a configuration: its arguments, its arrays, its result",
    "row": "a row from the first look on: of the traded runner, or of the market as a whole",
    "look": "a poll that can see something new: such a row came since the last one, or `poll_ms` is below `observe_ms`",
    "poll": "a poll, whether it was made or only counted",
    "request": "an order placed, cancelled or replaced",
    "fill": "a fill",
}
TERMS: Final = (*SHARED, *OWN)


@dataclass(frozen=True)
class Point:
    """One measured call. Counts of OWN are sums over its configurations.

    kind    : of market, such as `made greyhounds`;  market_id : which
    seconds : CPU of the quickest repeat, at the pace of the run's quickest moment;  spread : how much longer the slowest
              took, as a share
    counts  : term → how often
    """

    core: str
    kind: str
    market_id: str
    poll_ms: int
    window_s: float
    seconds: float
    spread: float
    counts: Mapping[str, float]


@dataclass(frozen=True)
class Law:
    """Coefficients: term → µs each."""

    us: Mapping[str, float]

    def seconds(self, counts: Mapping[str, float]) -> float:
        """What so much work costs."""
        return sum(self.us[term] * counts.get(term, 0.0) for term in TERMS) / 1e6

    def errors(self, points: Sequence[Point]) -> NDArray[np.float64]:
        """Of each point: predicted over measured, less one."""
        return np.array([self.seconds(point.counts) / point.seconds - 1.0 for point in points])

    def r_squared(self, points: Sequence[Point]) -> float:
        """Share of the variance of the cost of a configuration that the law explains; a call's own part is shared out."""
        sets = np.array([point.counts["configuration"] for point in points])
        measured = np.array([point.seconds for point in points]) / sets
        missed = measured - np.array([self.seconds(point.counts) for point in points]) / sets
        return float(1.0 - (missed @ missed) / np.sum((measured - measured.mean()) ** 2))


def fit(points: Sequence[Point]) -> Law:
    """The law that misses these points least. Raises ValueError where there are too few of them."""
    if len(points) < len(TERMS):
        raise ValueError(f"`points` must be at least {len(TERMS)}, one a term, got {len(points)}; measure more markets")
    amounts = np.array([[point.counts.get(term, 0.0) for term in TERMS] for point in points])
    seconds = np.array([point.seconds for point in points])
    scale = np.maximum(amounts.max(axis=0), 1.0)  # columns of one size, so that the solver's tolerance suits them all
    found, _ = nnls(amounts / scale / seconds[:, None] / 1e6, np.ones(len(points)))
    return Law(dict(zip(TERMS, (found / scale).tolist(), strict=True)))
