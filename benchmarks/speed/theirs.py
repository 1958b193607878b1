"""flumine run for real on one recorded market: as its documentation says, or at its best settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import betfairlightweight.resources.baseresource as baseresource
import flumine.config
import flumine.streams.betfairhistoricalstream as historical
import msgspec
from flumine import FlumineSimulation
from flumine.clients import SimulatedClient
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream

from benchmarks.parity.theirs import quiet_simulation
from benchmarks.speed.bot import Quoting
from benchmarks.speed.timing import best_of
from simcore.strategies.caf import Caf
from simcore.strategies.daf import Daf

AS_DOCUMENTED = "listener limited to the last minutes before the off and to before in-play, logging off"
AT_ITS_BEST = f"{AS_DOCUMENTED}, strategy isolation off, compiled readers of JSON and dates, sets sharing one pass"


@dataclass(frozen=True)
class Pass:
    """One pass over a market. cpu_s : seconds of the pass;  per strategy: fills, profit (pounds, before commission), orders."""

    cpu_s: float
    fills: list[int]
    profit_pounds: list[float]
    orders: list[int]


class _Reader:
    """`json` as the historical stream uses it, compiled; what flumine's `speed` extra does with another package."""

    loads = staticmethod(msgspec.json.Decoder().decode)
    dumps = staticmethod(json.dumps)


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@contextmanager
def _best_settings() -> Iterator[None]:
    before = historical.json, baseresource.parse_datetime, flumine.config.simulated_strategy_isolation
    historical.json, baseresource.parse_datetime = _Reader, _date
    flumine.config.simulated_strategy_isolation = False
    try:
        yield
    finally:
        historical.json, baseresource.parse_datetime, flumine.config.simulated_strategy_isolation = before


def run_flumine(recording: Path, parameters: Sequence[Caf | Daf], seconds: float, *, best: bool, repeats: int) -> Pass:
    """A pass with a strategy for each parameter set over the last `seconds` before the advertised start, up to in-play.

    recording : a plain stream file of one market, so that unpacking is in nobody's time. Raises what a strategy raised.
    """
    with quiet_simulation(), _best_settings() if best else nullcontext():
        cpu_s, strategies = best_of(repeats, lambda: _run(recording, parameters, seconds))
    for strategy in strategies:
        if strategy.error is not None:
            raise strategy.error
    return Pass(
        cpu_s,
        [strategy.fills for strategy in strategies],
        [strategy.profit_pounds for strategy in strategies],
        [len(strategy.orders()) for strategy in strategies],
    )


def _run(recording: Path, parameters: Sequence[Caf | Daf], seconds: float) -> list[Quoting]:
    window = {"inplay": False, "seconds_to_start": seconds}
    stream: Any = BetfairHistoricalStream(file_path=str(recording), listener_kwargs=window)
    framework = FlumineSimulation(client=SimulatedClient(transaction_limit=None))
    strategies = [Quoting(stream, each, f"set-{place}") for place, each in enumerate(parameters)]
    for strategy in strategies:
        framework.add_strategy(strategy)
    framework.run()
    return strategies
