"""Replay one market with one configuration, and write what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from simcore import dtypes
from simcore.engine import make_parameters, replay
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.results import MarketResult
from simcore.strategies import Parameters, resolve_core
from simcore.tapes.store import TapeStore
from simcore.tapes.tape import Tape
from sweeps.config import apply_override
from sweeps.errors import ConfigError
from sweeps.results import write_parquet


@dataclass(frozen=True)
class Wanted:
    """What to replay: a core by name (of so many markets at once), a preset, `key=value` overrides (`simulation.…` goes to the
    assumptions)."""

    strategy: str
    preset: str | None
    overrides: Sequence[str]
    simulation: str
    markets: int = 1

    def parameters(self) -> Parameters:
        """The core's parameters. Raises ModelError or ConfigError naming what is wrong."""
        core = resolve_core(self.strategy, self.markets)
        values = self._tree()
        values.pop("simulation", None)
        return core.make(self.preset, values)

    def assumptions(self) -> Simulation:
        """The simulation's assumptions. Raises ModelError or ConfigError naming what is wrong."""
        given = self._tree().get("simulation", {})
        if not isinstance(given, dict):
            raise ConfigError("--set simulation=… must name a key, such as simulation.poll_ms=50")
        return resolve_simulation({"preset": self.simulation, **given})

    def _tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for override in self.overrides:
            apply_override(tree, override)
        return tree


@dataclass(frozen=True)
class Files:
    """Where to write what a replay did; None = not at all."""

    fills: Path | None = None
    timeline: Path | None = None
    plot: Path | None = None

    def check(self) -> None:
        """Refuse a file in a folder that is not there before anything is computed."""
        for path in (self.fills, self.timeline, self.plot):
            if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
                raise ConfigError(f"{path} cannot be written; name a file in a folder that exists")


def replay_market(store: Path, market_id: str, wanted: Wanted, files: Files) -> MarketResult:
    """Replay `market_id` of `store`; writes the files asked for and returns the result with fills and timeline."""
    files.check()
    core, parameters, assumed = resolve_core(wanted.strategy), wanted.parameters(), wanted.assumptions()
    tape = TapeStore.open(store).tape(market_id)
    result = replay(tape, core, make_parameters(core, parameters), assumed, record=True)
    for path, table in ((files.fills, result.fills), (files.timeline, result.timeline)):
        if path is not None and table is not None:
            _write(table, path)
    if files.plot is not None:
        _plot(tape, result, wanted, files.plot)
    return result


def _write(table: pd.DataFrame, path: Path) -> None:
    write_parquet(pa.Table.from_pandas(table, preserve_index=False), path)


def _plot(tape: Tape, result: MarketResult, wanted: Wanted, path: Path) -> None:
    from sweeps.app.race_chart import race_chart, write_chart

    info = tape.info
    place = " ".join(part for part in (info.venue, info.market_name) if part)
    title = f"{tape.market_id} {place} · {wanted.strategy} {wanted.preset or ''} · £{result.pnl_pence / 100:+.2f}"
    write_chart(race_chart(result, last_start_ms(tape), title), path)


def last_start_ms(tape: Tape) -> int:
    """The advertised start as published before the market first turned in-play (or the last one published), UTC ms."""
    starts = np.flatnonzero(tape.kind == dtypes.START)
    in_play = np.flatnonzero((tape.kind == dtypes.IN_PLAY) & (tape.size == 1))
    before = starts[starts < in_play[0]] if len(in_play) else starts
    if len(before) == 0:
        return int(tape.message_ms[-1])
    return int(tape.start_ms[tape.size[before[-1]]])
