"""The numbers a trial carries, made of its market rows. Pounds outside, pence in the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simcore.models.costs import Costs
from simcore.portfolio import Activities, portfolio
from simcore.results import FILL_KINDS, REFUSALS
from simcore.statistics import QUANTILES, day_bootstrap_bound, distribution, student_bound
from sweeps.objective import Objective

METRICS: Final = (
    "mean_pnl_pounds",
    "standard_error_pounds",
    "std_pnl_pounds",
    "sharpe_per_market",
    "lower_bound_pounds",
    "hit_rate",
    "worst_market_pounds",
    "best_market_pounds",
    *(f"p{q}_pounds" for q in QUANTILES),
    "markets",
    "markets_traded",
    "markets_marked",
    "fills",
    "requests",
    "refusals",
    "turnover_pounds",
    "unattributed_share",
    "unrecorded_share",
    "commission_pounds",
    "residual_pounds",
    "portfolio_charge_pounds",
    "expert_fee_pounds",
    "net_pnl_pounds",
)
"""what every complete trial carries:

mean, standard_error, std, sharpe, worst, best, p1 … p99   of the net profit per market, all markets of the sweep counted
lower_bound_pounds   one-sided bound of the mean by the objective's `bound` and `confidence`
hit_rate             share of the markets traded that ended in profit; 0 where none was traded
markets_traded       markets where anything at all was matched;  markets_marked: settled at market prices for want of a result
fills, requests, refusals, turnover, commission, residual   sums over the markets
unattributed_share, unrecorded_share   of the turnover, 0 where there is none: matched by trades whose side the record does not
                     tell; by aggressors that, so the assumed appetite says, wanted more than the record shows
portfolio_charge, expert_fee   what the account pays for all its markets together (simcore.portfolio)
net_pnl                        gross − commission of all markets, less those two
"""


def trial_metrics(
    rows: pa.Table, days: Sequence[str], objective: Objective, seed: int, costs: Costs
) -> dict[str, float]:
    """METRICS of one trial's rows (one a market, in the order of `days`)."""
    pnl = _column(rows, "pnl_pence") / 100.0
    traded = rows["entry_matched"].to_numpy(zero_copy_only=False).astype(bool)
    won = int(np.count_nonzero(pnl[traded] > 0))
    turnover = _total(rows, "turnover_pence")
    account = portfolio(_activities(rows), costs)
    figures = {
        **distribution(pnl),
        "lower_bound_pounds": _bound(pnl, days, objective, seed),
        "hit_rate": won / int(traded.sum()) if traded.any() else 0.0,
        "markets_traded": int(traded.sum()),
        "markets_marked": rows["settled_by"].to_pylist().count("mark"),
        "fills": _total(rows, *FILL_KINDS),
        "requests": _total(rows, "places", "cancels"),
        "refusals": _total(rows, *(f"refused_{reason}" for reason in REFUSALS)),
        "turnover_pounds": turnover / 100.0,
        "unattributed_share": _total(rows, "unattributed_pence") / max(turnover, 1),
        "unrecorded_share": _total(rows, "unrecorded_pence") / max(turnover, 1),
        "commission_pounds": _total(rows, "commission_pence") / 100.0,
        "residual_pounds": _total(rows, "residual_pence") / 100.0,
        "portfolio_charge_pounds": account.charge_pounds,
        "expert_fee_pounds": account.expert_fee_pounds,
        "net_pnl_pounds": account.net_pounds,
    }
    return {name: float(figures[name]) for name in METRICS}


def _activities(rows: pa.Table) -> Activities:
    flat = (rows[name].combine_chunks() for name in Activities._fields)
    flat = (column.flatten() if pa.types.is_list(column.type) else column for column in flat)
    return Activities(*(column.to_numpy(zero_copy_only=False) for column in flat))


def _bound(pnl: NDArray[np.float64], days: Sequence[str], objective: Objective, seed: int) -> float:
    if objective.bound == "day_bootstrap":
        return day_bootstrap_bound(pnl, days, objective.confidence, resamples=objective.resamples, seed=seed)
    return student_bound(pnl, objective.confidence)


def _column(rows: pa.Table, name: str) -> NDArray[np.float64]:
    values: NDArray[np.float64] = rows[name].to_numpy().astype(np.float64)
    return values


def _total(rows: pa.Table, *names: str) -> int:
    return sum(int(rows[name].to_numpy().sum()) for name in names)
