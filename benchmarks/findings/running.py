"""The data sets of the findings and the replays on them. What is done is kept: the same command goes on, or ends at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.findings.claims import CONFIGURATIONS, metrics
from simcore.engine import replay_batch
from simcore.models.simulation import Simulation
from simcore.strategies.caf import CAF
from simcore.tapes.store import TapeStore
from sweeps.app.importing import import_files
from sweeps.app.processes import each
from sweeps.app.synth import SynthRequest, make_markets
from sweeps.errors import ConfigError
from sweeps.plan import code_version
from sweeps.results import write_parquet
from sweeps.runners.base import replay_seed

Real = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

SEED: Final = 2017
A_DAY: Final = 25
"""synthetic markets a day; each is drawn by itself, so days mean nothing"""
CHUNK: Final = 50
"""markets kept at a time"""


@dataclass(frozen=True)
class DataSet:
    """Markets of one kind. clusters: a day where days are real, each market its own where it was drawn by itself."""

    name: str
    store: Path
    filters: dict[str, str]
    synthetic: bool

    def markets(self) -> pd.DataFrame:
        """Catalogue rows of the replayable markets. Raises ConfigError where there is none."""
        table = TapeStore.open(self.store).markets(**self.filters)
        table = table[table["replayable"]].reset_index(drop=True)
        if table.empty:
            raise ConfigError(f"no replayable market for {self.name!r} in {str(self.store)!r}; name other recordings")
        return table


@dataclass(frozen=True)
class Found:
    """What came out of one data set: configuration → metric → (markets,), and the clusters."""

    data: DataSet
    values: dict[str, dict[str, Real]]
    clusters: list[str] = field(default_factory=list)

    @property
    def markets(self) -> int:
        return len(self.clusters)


def synthetic(home: Path, sport: str, markets: int, workers: int, progress: Progress) -> DataSet:
    """A store of synthetic markets, made where it is not there."""
    days = max(1, markets // A_DAY)
    source = SynthRequest(sport, markets, days, SEED, home).source()  # other settings of the exchange are another store
    store = home / f"{sport}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
    request = SynthRequest(sport, markets, days, SEED, store)
    if make_markets(request, workers, lambda done, of: progress(f"making {sport}", done, of)).interrupted:
        raise KeyboardInterrupt
    return DataSet(f"synthetic {sport}", store, {"sport": sport}, synthetic=True)


def recorded(home: Path, recordings: Path, workers: int, progress: Progress) -> Path:
    """The real recordings as a store; what was imported before is not read again."""
    store = home / "recordings"
    if import_files(
        [recordings], store, workers=workers, progress=lambda done, of: progress("importing", done, of)
    ).interrupted:
        raise KeyboardInterrupt
    return store


@dataclass(frozen=True)
class ReplayMarket:
    """The work on one market: every configuration's metrics. Small, so that it travels."""

    store: str
    simulation: Simulation

    def __call__(self, market_id: str) -> dict[str, Any]:
        seed, parameters = replay_seed(0, market_id), list(CONFIGURATIONS.values())
        results = replay_batch(_opened(self.store).tape(market_id), CAF, parameters, self.simulation, seed=seed)
        row: dict[str, Any] = {"market_id": market_id}
        for name, result in zip(CONFIGURATIONS, results, strict=True):
            row |= {f"{name}/{metric}": value for metric, value in metrics(result).items()}
        return row


@lru_cache(maxsize=4)
def _opened(store: str) -> TapeStore:
    return TapeStore.open(store)


def replay_all(data: DataSet, simulation: Simulation, home: Path, workers: int, progress: Progress) -> Found:
    """Every configuration on every market, chunk by chunk; chunks that are kept are read back."""
    rows = data.markets()
    market_ids = rows["market_id"].tolist()
    kept = home / "kept" / _identity(data, market_ids, simulation)
    kept.mkdir(parents=True, exist_ok=True)
    tables = []
    for first in range(0, len(market_ids), CHUNK):
        progress(f"replaying {data.name}", first, len(market_ids))
        tables.append(
            _chunk(kept / f"{first:06d}.parquet", market_ids[first : first + CHUNK], data, simulation, workers)
        )
    progress(f"replaying {data.name}", len(market_ids), len(market_ids))
    table = pd.concat(tables, ignore_index=True)
    columns = {name: {metric: table[f"{name}/{metric}"].to_numpy() for metric in _METRICS} for name in CONFIGURATIONS}
    return Found(data, columns, market_ids if data.synthetic else rows["day"].tolist())


_METRICS: Final = ("profit", "turnover", "position", "requests")


def _chunk(path: Path, market_ids: list[str], data: DataSet, simulation: Simulation, workers: int) -> pd.DataFrame:
    if not path.is_file():
        with closing(each(ReplayMarket(str(data.store), simulation), market_ids, workers)) as results:
            write_parquet(pa.Table.from_pylist(list(results)), path)
    table: pd.DataFrame = pq.read_table(path).to_pandas()
    return table


def _identity(data: DataSet, market_ids: list[str], simulation: Simulation) -> str:
    """Everything the numbers depend on: tapes, assumptions, configurations, code."""
    parts = (
        TapeStore.open(data.store).manifest(market_ids),
        json.dumps(msgspec.to_builtins(simulation), sort_keys=True),
        json.dumps({name: msgspec.to_builtins(made) for name, made in CONFIGURATIONS.items()}, sort_keys=True),
        code_version(CAF.name),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
