"""The capacity curve: what the best configuration earns per market as its stake grows, our own impact included.

x_m(s)  : profit of market m at stake s, pounds; the same markets and seed at every stake
mean(s) : Σ x_m(s) / n, with its standard error over markets;  total(s) = n · mean(s)
d_m     : x_m(peak) − x_m(s), paired by market, so that a market's own luck drops out

peak        the stake with the highest mean (of equals the smallest)
last useful the smallest stake s whose shortfall mean(d) is within one standard error of d: beyond it another pound earns
            nothing these markets can tell from zero
none        where even the peak's mean is not above 0: no stake earns

Wrong where the stakes tried lie far apart (the answer is one of them), and where the last stake is still the peak: then the
curve has not turned, which `turned` says. Displacement is always on: without it profit grows with the stake for ever.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simcore.errors import ModelError
from simcore.models.simulation import Simulation
from simcore.results import FILL_KINDS
from simcore.strategies.base import Core
from sweeps.results import SweepFolder, write_parquet

Evaluate = Callable[[Sequence[Mapping[str, Any]], Simulation], pa.Table]
"""Parameters of several configurations, and the assumptions → result rows, one a market × configuration: the columns of
MarketResult, and `trial`, the configuration's place in the sequence. The same path and seeds as the sweep's trials."""

_FILE = "capacity.parquet"
_COLUMNS = ("market_id", "pnl_pence", "turnover_pence", *FILL_KINDS)


@dataclass(frozen=True)
class CapacityCurve:
    """The curve of one trial's configuration.

    parameter   what `stake` is: the first of the core's scaled parameters that the configuration uses
    refused     stakes the core does not accept, with its reason
    rows        stake, market_id, pnl_pence, turnover_pence and fills by kind; one row a stake × market
    """

    trial: int
    parameter: str
    refused: Mapping[str, str]
    rows: pd.DataFrame

    @property
    def points(self) -> pd.DataFrame:
        """One row a stake, ascending: stake, markets, mean_pnl_pounds, standard_error_pounds, total_pnl_pounds,
        turnover_pounds (of all markets) and fills."""
        by_stake = self.rows.groupby("stake", sort=True)
        pnl = by_stake["pnl_pence"]
        count = pnl.count()
        return pd.DataFrame(
            {
                "markets": count,
                "mean_pnl_pounds": pnl.mean() / 100,
                "standard_error_pounds": (pnl.std(ddof=1) / np.sqrt(count)).fillna(0.0) / 100,
                "total_pnl_pounds": pnl.sum() / 100,
                "turnover_pounds": by_stake["turnover_pence"].sum() / 100,
                "fills": by_stake[list(FILL_KINDS)].sum().sum(axis=1),
            }
        ).reset_index()

    @property
    def peak(self) -> float | None:
        """Stake of the highest mean profit; None where that is not above 0."""
        if self.rows.empty:
            return None
        points = self.points
        mean = points["mean_pnl_pounds"].to_numpy()
        best = int(mean.argmax())
        return float(points["stake"].iloc[best]) if mean[best] > 0 else None

    @property
    def last_useful(self) -> float | None:
        """Stake beyond which another pound earns nothing; None where no stake earns."""
        if self.peak is None:
            return None
        wide = self.rows.pivot(index="market_id", columns="stake", values="pnl_pence")
        for stake in wide.columns:
            shortfall = (wide[self.peak] - wide[stake]).to_numpy(dtype=float)
            error = float(np.std(shortfall, ddof=1)) / math.sqrt(len(shortfall)) if len(shortfall) > 1 else 0.0
            if float(shortfall.mean()) <= error:
                return float(stake)
        return self.peak

    @property
    def turned(self) -> bool:
        """Whether a larger stake than the peak was tried."""
        return self.peak is not None and self.peak < float(self.rows["stake"].max())

    def sentence(self) -> str:
        """The curve in words."""
        if self.rows.empty:
            reason = next(iter(self.refused.values()))
            return f"The core refuses every stake of `capacity.stakes`: {reason}."
        points = self.points
        if self.peak is None:
            tried = ", ".join(f"{stake:g}" for stake in points["stake"])
            return f"No stake earns: the mean profit is not above £0 at any of {self.parameter} = {tried}."
        top = points[points["stake"] == self.peak].iloc[0]
        text = (
            f"Beyond {self.parameter} = {self.last_useful:g} another pound earns nothing these "
            f"{int(top['markets'])} markets can tell from zero; the highest mean is £{top['mean_pnl_pounds']:.2f} "
            f"± {top['standard_error_pounds']:.2f} a market at {self.peak:g}."
        )
        if self.turned:
            return text
        return f"{text} That is the largest stake tried: the curve has not turned, try larger `capacity.stakes`."


def measure(folder: SweepFolder, core: Core, evaluate: Evaluate) -> CapacityCurve | None:
    """The capacity curve of the sweep's best configuration, measured once and kept in the sweep's folder.

    None where the configuration asks for none or no trial is complete. Calling again (a resumed sweep) replays nothing unless
    the best trial or the stakes have changed.
    """
    wanted, best = folder.config.capacity, folder.best()
    if wanted is None or best is None or not wanted.stakes:
        return None
    stakes = sorted(set(wanted.stakes))
    kept = read(folder)
    if kept is not None and kept.trial == best.number and _stakes_of(kept) == stakes:
        return kept
    parameter = stake_parameter(core, best.parameters)
    if parameter is None:
        return None
    accepted, refused = _accepted(core, best.parameters, parameter, stakes)
    simulation = msgspec.structs.replace(folder.config.simulation, displacement=True)
    rows = _rows(evaluate, accepted, simulation)
    curve = CapacityCurve(best.number, parameter, refused, rows)
    write(folder, curve)
    return curve


def read(folder: SweepFolder) -> CapacityCurve | None:
    """The curve a finished sweep holds, None where there is none."""
    path = folder.path / _FILE
    if not path.is_file():
        return None
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[b"capacity"])
    return CapacityCurve(facts["trial"], facts["parameter"], facts["refused"], table.to_pandas())


def stake_parameter(core: Core, parameters: Mapping[str, Any]) -> str | None:
    """The first of the parameters the core scales that this configuration uses; None where it uses none of them."""
    return next((name for name in core.scale if _is_amount(parameters.get(name))), None)


def scaled(core: Core, parameters: Mapping[str, Any], parameter: str, stake: float) -> dict[str, Any]:
    """The configuration at another stake: every scaled parameter (limits too) grows by the same factor."""
    factor = stake / parameters[parameter]
    grown = {name: parameters[name] * factor for name in core.scale if _is_amount(parameters.get(name))}
    return {**parameters, **grown, parameter: stake}


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _accepted(
    core: Core, best: Mapping[str, Any], parameter: str, stakes: Sequence[float]
) -> tuple[dict[float, dict[str, Any]], dict[str, str]]:
    """The best configuration at each stake the core takes, and why it does not take the others."""
    accepted: dict[float, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    for stake in stakes:
        parameters = scaled(core, best, parameter, stake)
        try:
            core.make(None, parameters)
        except ModelError as reason:
            refused[f"{stake:g}"] = str(reason)
        else:
            accepted[stake] = parameters
    return accepted, refused


def _rows(
    evaluate: Evaluate, configurations: Mapping[float, Mapping[str, Any]], simulation: Simulation
) -> pd.DataFrame:
    if not configurations:
        return pd.DataFrame(columns=["stake", *_COLUMNS])
    stakes = list(configurations)
    rows: pd.DataFrame = evaluate(list(configurations.values()), simulation).to_pandas()
    rows["stake"] = [stakes[place] for place in rows["trial"]]
    return rows[["stake", *_COLUMNS]].sort_values(["stake", "market_id"], ignore_index=True)


def _stakes_of(curve: CapacityCurve) -> list[float]:
    return sorted({*curve.rows["stake"], *map(float, curve.refused)})


def write(folder: SweepFolder, curve: CapacityCurve) -> None:
    """Keep the curve in the sweep's folder, replacing one of an earlier best trial."""
    facts = {"trial": curve.trial, "parameter": curve.parameter, "refused": curve.refused}
    table = pa.Table.from_pandas(curve.rows, preserve_index=False)
    write_parquet(table.replace_schema_metadata({"capacity": json.dumps(facts)}), folder.path / _FILE)
