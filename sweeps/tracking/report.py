"""The sweep's report: one HTML page with its tables and every plot, readable offline and inside the MLflow pages."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

import simcore
from simcore.errors import SimcoreError
from sweeps import capacity
from sweeps.results import BestTrial, SweepFolder
from sweeps.space import CategoricalDimension
from sweeps.tracking import plots
from sweeps.tracking.plots import label, signed_pounds

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1080px; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; margin: .5rem 2rem .5rem 0; display: inline-table; vertical-align: top; }
td, th { max-width: 26rem; overflow-wrap: anywhere; }
td, th { padding: .15rem .7rem .15rem 0; text-align: left; border-bottom: 1px solid #e4e7ea; }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
.note { background: #f3f6f9; border-left: 4px solid #1f5f8b; padding: .5rem .9rem; }
"""


def page(folder: SweepFolder) -> str:
    """The whole report as one self-contained HTML document (about 5 MB: the plotting library travels with it)."""
    parts = [
        f"<h1>Sweep {html.escape(folder.name)}</h1>",
        *(f'<p class="note">{html.escape(line)}</p>' for line in findings(folder)),
    ]
    for name, figure in figures(folder).items():
        drawing = figure.to_html(full_html=False, include_plotlyjs=False, div_id=name, config={"displaylogo": False})
        parts.append(f"<section>{drawing}</section>")
    parts.append(_tables(folder))
    title = html.escape(f"Sweep {folder.name}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(parts)}</body></html>"
    )


def figures(folder: SweepFolder) -> dict[str, go.Figure]:
    """Every plot this sweep has the data for, by name, in the order a person wants them."""
    trials, best = folder.trials(), folder.best()
    if trials.empty:
        return {}
    found: dict[str, go.Figure] = {}
    if best is not None:
        found |= _best_figures(folder, best)
    if (trials["state"] == "complete").any():
        found |= _search_figures(folder, trials)
    return found


def _best_figures(folder: SweepFolder, best: BestTrial) -> dict[str, go.Figure]:
    markets = folder.market_results(best.number)
    pnl = markets["pnl_pence"].to_numpy(dtype=float) / 100
    traded = f"{best.metrics['markets_traded']:.0f} traded"
    which = f"trial {best.number:04d}, {len(pnl)} markets, {traded}"
    found: dict[str, go.Figure] = {}
    curve = capacity.read(folder)
    if curve is not None and not curve.rows.empty:
        title = f"Capacity curve: mean profit ± standard error against stake, displacement on ({which})"
        found["capacity"] = plots.capacity(curve.points, curve.parameter, curve.last_useful, title)
    found["pnl-histogram"] = plots.histogram(pnl, f"Profit per market of the best configuration ({which})")
    found["pnl-cdf"] = plots.empirical_cdf(pnl, f"Empirical distribution of profit per market ({which})")
    for name, (what, groups) in _groupings(folder).items():
        table = _grouped(pnl, groups)
        found[f"pnl-by-{name}"] = plots.by_group(table, what, f"Profit by {name}, ± standard error ({which})")
    return found


def _search_figures(folder: SweepFolder, trials: pd.DataFrame) -> dict[str, go.Figure]:
    goals, values = folder.config.objective.goals, folder.config.objective.value_names()
    names = [name for name in folder.config.space if f"parameter_{name}" in trials]
    log = [name for name in names if _is_log(folder, name)]
    goal, value = goals[0], values[0]
    aim = label(goal.metric)
    found = {
        "history": plots.history(
            trials, value, goal.metric, goal.direction == "maximize", f"Optimisation history: {aim}"
        ),
        "parallel-coordinates": plots.parallel_coordinates(
            trials, names, value, goal.metric, f"Parallel coordinates: parameters and {aim}"
        ),
        "slices": plots.slices(trials, names, log, value, goal.metric, f"Slices: {aim} against each parameter"),
    }
    if len(goals) > 1:
        metrics = [goal.metric for goal in goals]
        found["pareto"] = plots.pareto(
            trials, folder.pareto_front(), metrics, "Pareto front of the first two objectives"
        )
    return found


def _is_log(folder: SweepFolder, name: str) -> bool:
    dimension = folder.config.space[name]
    return not isinstance(dimension, CategoricalDimension) and dimension.log


def _groupings(folder: SweepFolder) -> dict[str, tuple[str, list[str]]]:
    """name → (axis title, group of each market); by venue and hour only where the store can still be read."""
    found = {"day": ("UTC day", list(folder.days))}
    catalogue = _catalogue(folder)
    if catalogue is None:
        return found
    rows = catalogue.set_index("market_id").reindex(folder.markets)
    found["venue"] = ("venue", [venue or "unknown" for venue in rows["venue"].fillna("")])
    if rows["hour"].notna().all():
        found["hour"] = ("UTC hour of the advertised start", [f"{int(hour):02d}" for hour in rows["hour"]])
    return found


def _catalogue(folder: SweepFolder) -> pd.DataFrame | None:
    if folder.config.data.store is None:
        return None
    try:
        catalogue: pd.DataFrame = simcore.TapeStore.open(folder.config.data.store).markets()
    except SimcoreError:  # the store was moved or deleted since: the sweep's own tables still hold the days
        return None
    return catalogue


def _grouped(pnl: NDArray[np.float64], groups: list[str]) -> pd.DataFrame:
    """group, markets, mean and standard error (pounds; NaN for a single market) of each group, in order of its name."""
    by = pd.Series(pnl).groupby(pd.Series(groups))
    table = pd.DataFrame({"markets": by.count(), "mean": by.mean(), "error": by.std() / np.sqrt(by.count())})
    return table.rename_axis("group").reset_index()


def findings(folder: SweepFolder) -> list[str]:
    """The sweep in a few sentences: how many trials, the best, the capacity."""
    counts = ", ".join(f"{count} {kind}" for kind, count in trial_counts(folder).items())
    lines = [f"{len(folder.markets)} markets; {counts}."]
    best = folder.best()
    if best is None:
        return [*lines, "No trial is complete and within the constraints."]
    mean, error = best.metrics["mean_pnl_pounds"], best.metrics["standard_error_pounds"]
    traded = f"{best.metrics['markets_traded']:.0f} of {best.metrics['markets']:.0f} markets traded"
    lines.append(f"Best: trial {best.number:04d}, {signed_pounds(mean)} ± {error:.2f} a market, {traded}.")
    lines.append(account_sentence(best.metrics))
    curve = capacity.read(folder)
    return lines if curve is None else [*lines, curve.sentence()]


def account_sentence(metrics: Mapping[str, float]) -> str:
    """What all markets together leave to the account."""
    charge, fee = metrics["portfolio_charge_pounds"], metrics["expert_fee_pounds"]
    return (
        f"All its markets in one account: {signed_pounds(metrics['net_pnl_pounds'])} after a transaction charge of "
        f"£{charge:,.2f} and an Expert Fee of £{fee:,.2f}."
    )


def _tables(folder: SweepFolder) -> str:
    config, best = folder.config, folder.best()
    sweep = {
        "strategy": config.strategy.core,
        "preset": config.strategy.preset or "none",
        "objective": ", ".join(f"{goal.direction} {goal.metric}" for goal in config.objective.goals),
        "sampler": config.search.sampler,
        "sweep id": folder.identity.sweep_id,
        "configuration hash": folder.identity.config_hash,
        "data manifest": folder.identity.data_manifest,
        "code version": folder.identity.code_version,
    }
    parts = []
    if best is not None:
        parts.append(_table(f"Trial {best.number:04d}: parameters", _labelled(best.parameters)))
        parts.append(_table(f"Trial {best.number:04d}: metrics", _labelled(best.metrics)))
    parts.append(_table("The sweep", sweep))
    reasons = Counter(trial.reason for trial in folder.summaries() if trial.state == "invalid")
    if reasons:
        parts.append(_table("Why trials were invalid", dict(reasons.most_common(20))))
    return "".join(parts)


def trial_counts(folder: SweepFolder) -> dict[str, int]:
    """How many trials there are of each kind."""
    trials = folder.summaries()
    complete = [trial for trial in trials if trial.state == "complete"]
    return {
        "trials": len(trials),
        "complete": len(complete),
        "invalid": len(trials) - len(complete),
        "breaking a constraint": sum(not trial.constraints_met for trial in complete),
    }


def _labelled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {label(name): value for name, value in values.items()}


def _table(title: str, facts: Mapping[str, Any]) -> str:
    rows = (
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(_plain(value))}</td></tr>" for name, value in facts.items()
    )
    return f'<table><tr><th colspan="2">{html.escape(title)}</th></tr>{"".join(rows)}</table>'


def _plain(value: Any) -> str:
    """A number without noise: 3, 0.1234, True, text."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
