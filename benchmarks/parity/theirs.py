"""flumine run for real: its simulation, its historical stream, on one market with three strategies and their twins."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flumine.config
from flumine import FlumineSimulation
from flumine.clients import SimulatedClient
from flumine.markets.middleware import Middleware
from flumine.order.order import OrderStatus
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream

from benchmarks.parity.feed import Recorded
from benchmarks.parity.mends import Truth
from benchmarks.parity.orders import Outcome, Request
from benchmarks.parity.strategies import Drift, Logged, Maker, Scripted

STRATEGIES = (Scripted, Maker, Drift)


@dataclass(frozen=True)
class Theirs:
    """What one strategy did in flumine. Per order: the plain outcome, its average odds and matched pounds as flumine says
    them, the mended outcome (matches as made), and the defects noted on the way
    (name: UTC ms of the first time)."""

    strategy: str
    requests: list[Request]
    plain: list[Outcome]
    said: list[tuple[float, float]]
    mended: list[Outcome]
    names: list[dict[str, int]]


class _Turn(Middleware):  # type: ignore[misc]
    """Counts the books flumine has simulated, so that books published in one millisecond are told apart."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth

    def __call__(self, market: Any) -> None:
        self.truth.next_message(market.market_book.publish_time_epoch)


@contextmanager
def quiet_simulation() -> Iterator[None]:
    """flumine's global switches, put back afterwards."""
    before = flumine.config.simulated
    flumine.config.simulated = True
    logging.getLogger("flumine").setLevel(logging.CRITICAL + 1)
    logging.getLogger("betfairlightweight").setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        flumine.config.simulated = before


def run_flumine(recorded: Recorded, strategies: tuple[type[Any], ...] = STRATEGIES) -> list[Theirs]:
    """Every strategy's requests and outcomes on one market. Raises what a strategy raised."""
    with tempfile.TemporaryDirectory() as folder, quiet_simulation():
        path = Path(folder) / recorded.tape.market_id
        recorded.write(path)
        truth = Truth(recorded)
        framework = FlumineSimulation(client=SimulatedClient(transaction_limit=None))
        framework.add_market_middleware(_Turn(truth))
        running: list[Logged] = []
        for make in strategies:
            strategy = make(recorded, truth, BetfairHistoricalStream(file_path=str(path)))
            framework.add_strategy(strategy)
            framework.add_strategy(strategy.twin)
            running.append(strategy)
        framework.run()
    for strategy in running:
        if strategy.error is not None:
            raise strategy.error
    return [_theirs(strategy) for strategy in running]


def _theirs(strategy: Logged) -> Theirs:
    said = [(float(o.simulated.average_price_matched), float(o.simulated.size_matched)) for o in strategy.placed]
    return Theirs(
        strategy.name,
        strategy.log,
        [_plain(order) for order in strategy.placed],
        said,
        [_mended(order) for order in strategy.mended],
        [order.simulated.names for order in strategy.mended],
    )


def _state(order: Any) -> str:
    if order.bet_id is not None:
        return "accepted"
    return "pending" if order.status == OrderStatus.PENDING else "refused"


def _plain(order: Any) -> Outcome:
    matches = order.simulated.matched
    made = tuple((int(ms), round(price * 100), round(size * 100)) for ms, price, size in matches if size)
    return Outcome(_state(order), made, round(order.simulated.size_cancelled * 100))


def _mended(order: Any) -> Outcome:
    return Outcome(_state(order), tuple(order.simulated.ledger), round(order.simulated.size_cancelled * 100))
