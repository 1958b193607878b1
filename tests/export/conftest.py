"""A small finished sweep on disk, made through the sweep folder's own writer."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from simcore.strategies import resolve_core
from sweeps.config import SweepConfig, parse_config
from sweeps.export import Export
from sweeps.export.build import build
from sweeps.export.files import write
from sweeps.home import Home
from sweeps.metrics import trial_metrics
from sweeps.results import Identity, SweepFolder, SweepMarket, TrialSummary
from sweeps.runners.base import MARKET_ROWS

YAML = """
data:
  store: greys
  filter: {sport: greyhounds, market_type: WIN, country: [GB, IE], date_from: 2024-03-01}
  splits: {holdout_days: 1}
strategy: {core: daf, preset: long}
space:
  exit_s: {kind: float, low: 5, high: 50}
search: {trials: 3, seed: 7}
"""
MEMBERS = tuple(
    SweepMarket(f"1.{900 + i}", f"2024-03-{1 + i // 4:02d}", "holdout" if i >= 8 else "train") for i in range(12)
)
HOLDOUT = [member for member in MEMBERS if member.split == "holdout"]


def market_rows(trial: int, members: list[SweepMarket], pnl: random.Random) -> pa.Table:
    """Result rows with profits drawn at random, pence."""
    empty: dict[str, Any] = {field.name: [] if pa.types.is_list(field.type) else 0 for field in MARKET_ROWS}
    rows = [
        empty
        | {"trial": trial, "market_id": member.market_id, "settled_by": "result", "entry_matched": True}
        | {"pnl_pence": pnl.randint(-500, 600), "largest_liability_pence": pnl.randint(100, 900)}
        for member in members
    ]
    return pa.Table.from_pylist(rows, schema=MARKET_ROWS)


def summary(config: SweepConfig, number: int, rows: pa.Table, days: list[str]) -> TrialSummary:
    metrics = trial_metrics(rows, days, config.objective, config.search.seed, config.simulation.costs)
    sampled = {"exit_s": 10.0 + number}
    core = resolve_core("daf")
    return TrialSummary(
        number=number,
        state="complete",
        sampled=sampled,
        parameters=msgspec.to_builtins(core.make("long", sampled)),
        values=config.objective.values(metrics),
        metrics=metrics,
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def folder(home: Home) -> SweepFolder:
    """Two complete trials and an invalid one; the hold-out is closed."""
    config = parse_config(YAML, "sweep.yaml")
    identity = Identity("feedc0de12345678", config.hash(), "0123456789abcdef", "abcdef")
    made = SweepFolder.create(home, "greys", config, identity, MEMBERS)
    drawn = random.Random(3)
    tables = [market_rows(n, [m for m in MEMBERS if m.split == "train"], drawn) for n in range(2)]
    trials = [summary(config, n, table, list(made.days)) for n, table in enumerate(tables)]
    refused = TrialSummary(2, "invalid", {"exit_s": 45.0}, {}, reason="`entry_end_s >= exit_s` must hold")
    made.write_batch([*trials, refused], pa.concat_tables(tables))
    made.write_progress(state="finished")
    return made


def open_holdout(folder: SweepFolder, trial: int) -> pa.Table:
    """Open the hold-out for a trial, as a validation does."""
    rows = market_rows(trial, HOLDOUT, random.Random(5))
    config = folder.config
    days = [m.day for m in HOLDOUT]
    metrics = trial_metrics(rows, days, config.objective, config.search.seed, config.simulation.costs)
    folder.write_holdout({"trial": trial, "trials": 2, "metrics": metrics}, rows)
    return rows


@pytest.fixture
def export(folder: SweepFolder) -> Export:
    return build(folder)


@pytest.fixture
def exported(export: Export, tmp_path: Path) -> Path:
    path = tmp_path / "best.json"
    write(export, path)
    return path
