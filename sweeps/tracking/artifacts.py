"""What the summary run carries: files a person reads, and the numbers the charts page draws."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from sweeps import capacity
from sweeps.results import SweepFolder, write_parquet
from sweeps.tracking.report import page


def write_artifacts(folder: SweepFolder, into: Path) -> None:
    """Files of a finished sweep: report, configuration, data manifest, tables."""
    (into / "report.html").write_text(page(folder), encoding="utf-8")
    (into / "config.yaml").write_text(folder.config.to_yaml(), encoding="utf-8")
    (into / "data_manifest.json").write_text(json.dumps(folder.manifest(), indent=1), encoding="utf-8")
    tables = into / "tables"
    tables.mkdir()
    trials = folder.trials()
    trials.to_csv(tables / "trials.csv", index=False)
    write_parquet(pa.Table.from_pandas(trials, preserve_index=False), tables / "trials.parquet")
    best = folder.best()
    if best is not None:
        markets = pa.Table.from_pandas(folder.market_results(best.number), preserve_index=False)
        write_parquet(markets, tables / "best_markets.parquet")
    curve = capacity.read(folder)
    if curve is not None:
        curve.points.to_csv(tables / "capacity.csv", index=False)


def summary_metrics(folder: SweepFolder) -> list[tuple[str, float, int]]:
    """(name, value, step) of the summary run: the best trial's metrics, the best so far by trial, the capacity curve.

    A step is a whole number: the trial, and for the capacity curve the stake, or a hundred times the stake (the name then
    ends in `_x100`) where a stake is no whole number.
    """
    best = folder.best()
    rows = [(name, value, 0) for name, value in best.metrics.items()] if best else []
    return rows + _best_so_far(folder) + _capacity(folder)


def _best_so_far(folder: SweepFolder) -> list[tuple[str, float, int]]:
    objective = folder.config.objective
    goal = objective.goals[0]
    better = max if goal.direction == "maximize" else min
    rows: list[tuple[str, float, int]] = []
    for trial in folder.summaries():
        if trial.state != "complete" or not trial.constraints_met:
            continue
        value = better(rows[-1][1], trial.values[0]) if rows else trial.values[0]
        rows.append((f"search/best_{goal.metric}", value, trial.number))
    return rows


def _capacity(folder: SweepFolder) -> list[tuple[str, float, int]]:
    curve = capacity.read(folder)
    if curve is None or curve.rows.empty:
        return []
    points = curve.points
    whole = bool((points["stake"] == points["stake"].round()).all())
    scale, suffix = (1, "") if whole else (100, "_x100")
    rows: list[tuple[str, float, int]] = []
    for name in ("mean_pnl_pounds", "standard_error_pounds", "total_pnl_pounds"):
        metric = f"capacity/{name}_by_stake{suffix}"
        rows += [
            (metric, float(y), round(stake * scale)) for stake, y in zip(points["stake"], points[name], strict=True)
        ]
    if curve.last_useful is not None:
        rows.append(("capacity/last_useful_stake", curve.last_useful, 0))
    return rows
