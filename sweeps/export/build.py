"""From a sweep's folder to an export. Reads the folder and nothing else, so that one sweep gives the same bytes anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow.parquet as pq

from simcore.models.rules_by_date import MINIMUM_STAKE
from simcore.models.simulation import Simulation
from simcore.strategies import resolve_core
from simcore.strategies.base import Core, Parameters
from simcore.units import pounds_of
from sweeps.errors import ExportError
from sweeps.export.document import (
    Distribution,
    Expected,
    Export,
    Limits,
    Market,
    MinimumStake,
    Provenance,
    Strategy,
    Timing,
)
from sweeps.export.files import seal
from sweeps.results import SweepFolder, TrialSummary

_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "pounds": "pounds",
    "pence": "pence",
    "ticks": "ticks",
    "percent": "percent",
}


def build(folder: SweepFolder, trial: int | None = None) -> Export:
    """The export of a sweep's best trial, or of the one asked for. Raises ExportError where there is nothing to export."""
    chosen = _choose(folder, trial)
    core = resolve_core(folder.config.strategy.core)
    parameters = core.make(values=chosen.parameters)
    rows = folder.market_results(chosen.number)
    opened = _opened(folder, chosen.number)
    return seal(
        Export(
            format="furlong-export",
            version=1,
            strategy=strategy_of(folder.config.strategy.core, core, parameters),
            market_filter=folder.config.data.filter,
            timing=timing_of(parameters),
            limits=limits_of(folder.config.simulation, core, parameters, int(rows["largest_liability_pence"].max())),
            simulation=folder.config.simulation,
            provenance=_provenance(folder, chosen.number),
            expected=Expected(
                searched=_distribution(chosen.metrics, rows),
                holdout=None if opened is None else _distribution(*opened),
            ),
            markets=_markets(folder, rows, opened),
            checksum="0" * 64,
        )
    )


def _choose(folder: SweepFolder, trial: int | None) -> TrialSummary:
    if trial is None:
        best = folder.best()
        if best is None:
            raise ExportError(f"sweep {folder.name!r} has no trial that meets its constraints; name a `--trial`")
        trial = best.number
    found = next((t for t in folder.summaries() if t.number == trial), None)
    if found is None:
        raise ExportError(
            f"sweep {folder.name!r} has no trial {trial}; `sweeps show {folder.name}` says how many were run"
        )
    if found.state != "complete":
        raise ExportError(
            f"trial {trial} of sweep {folder.name!r} is {found.state} ({found.reason}); choose another `--trial`"
        )
    return found


def source_sha256(core: str) -> str | None:
    """Hash of the file of a user's own core (`path/to/file.py:NAME`), null for a shipped one. Raises ExportError."""
    file, colon, _ = core.rpartition(":")
    if not colon:
        return None
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise ExportError(f"core file {file} cannot be read ({error.strerror}); run where its path starts") from error


def strategy_of(name: str, core: Core, parameters: Parameters) -> Strategy:
    """A core as it was named, and its parameters with their units."""
    values: dict[str, Any] = msgspec.to_builtins(parameters)
    return Strategy(
        core=name,
        source_sha256=source_sha256(name),
        parameters=values,
        units={parameter: _unit(parameter, value) for parameter, value in values.items()},
        stake_parameters=core.scale,
    )


def _unit(name: str, value: object) -> str:
    """What the name's ending says; where it says none: switch, choice or number."""
    _, underscore, ending = name.rpartition("_")
    if underscore and ending in _UNITS:
        return _UNITS[ending]
    if isinstance(value, bool):
        return "switch"
    return "choice" if isinstance(value, str) else "number"


def timing_of(parameters: Parameters) -> Timing:
    """When a bot with these parameters acts."""
    (pick_seconds, rank), (first, last) = parameters.pick(), parameters.window()
    values: dict[str, Any] = msgspec.to_builtins(parameters)
    return Timing(
        pick_seconds=pick_seconds,
        pick_rank=rank,
        first_seconds=first,
        last_seconds=last,
        in_play=parameters.trades_in_play(),
        parameters={name: value for name, value in values.items() if _unit(name, value) == "seconds"},
    )


def limits_of(simulation: Simulation, core: Core, parameters: Parameters, largest_liability_pence: int) -> Limits:
    """What the bot may stake and owe, with the exchange's dated minimum stake."""
    return Limits(
        stakes={name: getattr(parameters, name) for name in core.scale},
        funds_pounds=simulation.costs.funds_pounds,
        largest_liability_pounds=pounds_of(largest_liability_pence),
        enforce_minimum_stake=simulation.costs.minimum_stake,
        minimum_stake=tuple(
            MinimumStake(
                date_from=since, stake_pounds=pounds_of(rule.stake_pence), payout_pounds=pounds_of(rule.payout_pence)
            )
            for since, rule in MINIMUM_STAKE[simulation.costs.currency].rows
        ),
    )


def _provenance(folder: SweepFolder, trial: int) -> Provenance:
    days = sorted(date.fromisoformat(member.day) for member in folder.members)
    return Provenance(
        sweep=folder.name,
        sweep_id=folder.identity.sweep_id,
        config_hash=folder.identity.config_hash,
        data_manifest=folder.identity.data_manifest,
        code_version=folder.identity.code_version,
        trial=trial,
        trials=len(folder.summaries()),
        seed=folder.config.search.seed,
        first_day=days[0],
        last_day=days[-1],
    )


def _opened(folder: SweepFolder, trial: int) -> tuple[Mapping[str, float], pd.DataFrame] | None:
    """Metrics and result rows of the hold-out if its last opening was for this trial."""
    openings = folder.holdout()
    if not openings or openings[-1]["trial"] != trial:
        return None
    return openings[-1]["metrics"], pq.read_table(folder.path / "holdout.parquet").to_pandas()


def _distribution(metrics: Mapping[str, float], rows: pd.DataFrame) -> Distribution:
    """The sweep's own numbers of these rows; counts come back from its tables as floats, whole ones."""
    named = {name: metrics[name] for name in Distribution.__struct_fields__ if name != "total_pnl_pence"}
    counts = {name: int(named[name]) for name in ("markets", "markets_traded")}
    return msgspec.convert(named | counts | {"total_pnl_pence": int(rows["pnl_pence"].sum())}, Distribution)


def _markets(
    folder: SweepFolder, rows: pd.DataFrame, opened: tuple[Mapping[str, float], pd.DataFrame] | None
) -> tuple[Market, ...]:
    tables = [rows] if opened is None else [rows, opened[1]]
    earned: dict[str, int] = {}
    for table in tables:
        earned |= dict(zip(table["market_id"], table["pnl_pence"].tolist(), strict=True))
    return tuple(
        Market(market_id=member.market_id, split=member.split, pnl_pence=earned.get(member.market_id))
        for member in folder.members
    )
