"""What a vector of profits per market says: distribution, uncertainty, bounds.

x        : (n,) float64, profit of each market, pounds
mean     : Σx / n
std      : sample standard deviation, n − 1 in the denominator; 0 for a single market
se       : std / √n, the standard error of the mean; wrong where markets of one day move together: see `day_bootstrap_bound`
sharpe   : mean / std per market, not annualised; 0 where std is 0 (no spread, nothing to divide by)
quantiles: linear interpolation between order statistics (Hyndman & Fan type 7)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simcore.errors import ModelError

QUANTILES: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99)
"""percentiles of the profit per market that every summary carries"""


def distribution(pnl_pounds: NDArray[np.float64]) -> dict[str, float]:
    """Summary of profits per market, pounds; (n,) with n ≥ 1.

    Keys: markets, mean_pnl_pounds, standard_error_pounds, std_pnl_pounds, sharpe_per_market, worst_market_pounds,
    best_market_pounds and p1_pounds … p99_pounds. Raises ModelError for an empty vector.
    """
    if len(pnl_pounds) == 0:
        raise ModelError("a distribution of profits needs at least one market, got none")
    mean = float(np.mean(pnl_pounds))
    std = _std(pnl_pounds)
    percentiles = np.percentile(pnl_pounds, QUANTILES)
    return {
        "markets": len(pnl_pounds),
        "mean_pnl_pounds": mean,
        "standard_error_pounds": std / math.sqrt(len(pnl_pounds)),
        "std_pnl_pounds": std,
        "sharpe_per_market": mean / std if std > 0.0 else 0.0,
        "worst_market_pounds": float(np.min(pnl_pounds)),
        "best_market_pounds": float(np.max(pnl_pounds)),
        **{f"p{q}_pounds": float(value) for q, value in zip(QUANTILES, percentiles, strict=True)},
    }


def _std(values: NDArray[np.float64]) -> float:
    """Sample standard deviation; exactly 0 where all values are one (a sum of squares may leave a rounding crumb)."""
    if len(values) < 2 or np.all(values == values[0]):
        return 0.0
    return float(np.std(values, ddof=1))


def student_bound(pnl_pounds: NDArray[np.float64], confidence: float) -> float:
    """Lower one-sided confidence bound of the mean, pounds: mean − t(confidence, n − 1) · se.

    Assumes independent markets; profits with a heavy tail need more markets than the formula knows. A single market
    has no spread to judge by: the bound is then its loss, or zero where it won.
    """
    n = len(pnl_pounds)
    mean = float(np.mean(pnl_pounds))
    if n < 2:
        return min(mean, 0.0)
    from scipy.special import stdtrit  # a second of imports that only this formula needs

    return mean - float(stdtrit(n - 1, confidence)) * _std(pnl_pounds) / math.sqrt(n)


def student_interval(values: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float]:
    """(mean, half width) of the two-sided confidence interval of the mean: t((1 + confidence) / 2, n − 1) · se.

    Assumes independent values. nan for the mean of nothing, and for the width of fewer than two values.
    """
    n = len(values)
    if n < 2:
        return (float(values[0]) if n else math.nan), math.nan
    from scipy.special import stdtrit  # as in `student_bound`

    return float(np.mean(values)), float(stdtrit(n - 1, (1 + confidence) / 2)) * _std(values) / math.sqrt(n)


def ratio_interval(
    totals: NDArray[np.float64], counts: NDArray[np.float64], confidence: float = 0.95
) -> tuple[float, float]:
    """(ratio, half width) of Σ totals / Σ counts over n clusters, such as moves and messages by market.

    Standard error by linearisation: √(n / (n − 1) · Σ (totalᵢ − ratio · countᵢ)²) / Σ counts, so that what happens inside a
    cluster may depend on itself. nan where there is nothing to divide by, and for the width of fewer than two clusters.
    """
    used = counts > 0
    n, total = int(used.sum()), float(counts.sum())
    if n == 0:
        return math.nan, math.nan
    ratio = float(totals[used].sum()) / total
    if n < 2:
        return ratio, math.nan
    from scipy.special import stdtrit

    residual = totals[used] - ratio * counts[used]
    error = math.sqrt(n / (n - 1) * float(np.sum(residual**2))) / total
    return ratio, float(stdtrit(n - 1, (1 + confidence) / 2)) * error


def day_bootstrap_bound(
    pnl_pounds: NDArray[np.float64], days: Sequence[Any], confidence: float, *, resamples: int = 2000, seed: int = 0
) -> float:
    """Lower one-sided bound of the mean, pounds, by resampling whole days (percentile method).

    Each resample draws as many days as there are, with replacement, and takes total profit over total markets; the bound is
    the (1 − confidence) percentile. Honest where markets of one day share a cause; too narrow with fewer than about ten days.
    The same seed and days give the same resamples, so that configurations are compared on equal terms.
    """
    return float(np.percentile(_resampled_means(pnl_pounds, days, resamples, seed), 100.0 * (1.0 - confidence)))


def bootstrap_interval(
    values: NDArray[np.float64],
    clusters: Sequence[Any],
    confidence: float = 0.95,
    *,
    resamples: int = 4000,
    seed: int = 0,
) -> tuple[float, float]:
    """Two-sided percentile interval of the mean by resampling whole clusters (a day, or each market its own); see
    `day_bootstrap_bound`."""
    means = _resampled_means(values, clusters, resamples, seed)
    low, high = np.percentile(means, (50.0 * (1.0 - confidence), 50.0 * (1.0 + confidence)))
    return float(low), float(high)


def _resampled_means(
    values: NDArray[np.float64], clusters: Sequence[Any], resamples: int, seed: int
) -> NDArray[np.float64]:
    """Total over count of as many clusters as there are, drawn with replacement; (resamples,)."""
    _, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    n = int(cluster.max()) + 1
    totals = np.bincount(cluster, weights=values, minlength=n)
    counts = np.bincount(cluster, minlength=n)
    draw = np.random.default_rng(seed)
    means = np.empty(resamples)
    for first in range(0, resamples, 500):  # a piece at a time: thousands of markets × resamples need not fit in memory
        drawn = draw.integers(0, n, size=(min(500, resamples - first), n))
        means[first : first + 500] = totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return means
