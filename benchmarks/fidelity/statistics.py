"""Replay against truth, market by market: bias, spread and how sure we are of the bias.

d_i   = replay − truth of market i (markets are independent);  n markets
bias  = mean d;  spread = standard deviation of d;  interval = bias ± t(n − 1, 97.5 %) · spread / √n  (Student)
%     = of the standard deviation of the truth's profit over the same markets
upper = the larger absolute end of the interval: |bias| is no larger, 95 % sure
error = √(bias² + spread²): how far a single market's replay is off, bias and noise together
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from benchmarks.fidelity.measure import TRUTH

Real = NDArray[np.float64]
BY = ["use", "sport", "bot"]


@dataclass(frozen=True)
class Bias:
    """Mean, spread and 95 % interval of paired differences."""

    n: int
    mean: float
    spread: float
    low: float
    high: float

    @property
    def upper(self) -> float:
        return max(abs(self.low), abs(self.high))


def paired(difference: Real) -> Bias:
    """Student's interval of a mean difference; NaNs (nothing to compare in that market) are left out."""
    known = difference[~np.isnan(difference)]
    n = len(known)
    if n < 2:
        return Bias(n, np.nan, np.nan, np.nan, np.nan)
    mean, spread = float(known.mean()), float(known.std(ddof=1))
    half = float(stats.t.ppf(0.975, n - 1)) * spread / np.sqrt(n)
    return Bias(n, mean, spread, mean - half, mean + half)


def price_advantage(replay: pd.DataFrame, truth: pd.DataFrame) -> Real:
    """Ticks by which a market's average fill in the replay is better than in the truth; mean of the sides both filled."""
    sides = []
    for name, better in (("back", 1), ("lay", -1)):
        with np.errstate(invalid="ignore"):
            ours, true = (
                (rows[f"{name}_tick_pence"] / rows[f"{name}_pence"].replace(0, np.nan)).to_numpy()
                for rows in (replay, truth)
            )
        sides.append(better * (ours - true))
    both = np.array(sides)
    known = ~np.isnan(both)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, both, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def fill_rate(rows: pd.DataFrame) -> Real:
    """Share of what was offered that was matched; NaN where nothing was offered."""
    rate: Real = (rows["turnover_pence"] / rows["offered_pence"].replace(0, np.nan)).to_numpy()
    return rate


def compare(rows: pd.DataFrame) -> pd.DataFrame:
    """One row for each use, sport, bot and setting: what `columns_of` says."""
    out = []
    for key, cell in rows.groupby(BY, sort=False):
        truth = cell[cell.setting == TRUTH].set_index("market_id")
        for setting, replay in cell[cell.setting != TRUTH].groupby("setting", sort=False):
            aligned = replay.set_index("market_id").loc[truth.index]
            out.append(dict(zip(BY, key, strict=True)) | {"setting": setting} | columns_of(aligned, truth))
    return pd.DataFrame(out)


def columns_of(replay: pd.DataFrame, truth: pd.DataFrame) -> dict[str, float]:
    """Profit, volume, fill rate and price of one setting against the truth, same markets in the same order."""
    profit = paired((replay.pnl_pence - truth.pnl_pence).to_numpy(np.float64))
    sd = float(truth.pnl_pence.std())
    volume = paired((replay.turnover_pence - truth.turnover_pence).to_numpy(np.float64))
    traded = float(truth.turnover_pence.mean())
    fills = paired(fill_rate(replay) - fill_rate(truth))
    price = paired(price_advantage(replay, truth))
    return {
        "markets": profit.n,
        "truth_mean": float(truth.pnl_pence.mean()),
        "truth_sd": sd,
        "replay_mean": float(replay.pnl_pence.mean()),
        "bias": profit.mean,
        "spread": profit.spread,
        "low": profit.low,
        "high": profit.high,
        "bias_percent": 100 * profit.mean / sd,
        "low_percent": 100 * profit.low / sd,
        "high_percent": 100 * profit.high / sd,
        "upper_percent": 100 * profit.upper / sd,
        "error_percent": 100 * float(np.sqrt(profit.mean**2 + profit.spread**2)) / sd,
        "volume_percent": 100 * volume.mean / traded,
        "volume_half": 100 * (volume.high - volume.low) / 2 / traded,
        "truth_fill_rate": float(np.nanmean(fill_rate(truth))),
        "fill_bias": fills.mean,
        "fill_spread": fills.spread,
        "fill_half": (fills.high - fills.low) / 2,
        "price_bias": price.mean,
        "price_spread": price.spread,
        "price_half": (price.high - price.low) / 2,
        "truth_matched": float(truth.matched.mean()),
        "replay_matched": float(replay.matched.mean()),
    }
