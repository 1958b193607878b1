"""From market definitions to status rows, and from the first one to the market's facts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeVar

from simcore.dtypes import (
    BET_DELAY,
    CLOSED,
    DELAY_MODEL,
    IN_PLAY,
    INACTIVE,
    LOSER,
    NO_BOOK,
    OPEN,
    PLACED,
    REMOVED,
    RESULT,
    START,
    STARTING_PRICE,
    STATUS,
    SUSPENDED,
    WINNER,
    WINNERS,
)
from simcore.streams.messages import MarketDefinition, RunnerDefinition
from simcore.streams.rows import NO_TICK, Rows
from simcore.streams.runner import UnsupportedMarketError
from simcore.tapes.tape import MarketInfo

STATUSES = {"OPEN": OPEN, "SUSPENDED": SUSPENDED, "CLOSED": CLOSED, "INACTIVE": INACTIVE}
T = TypeVar("T")
RESULTS = {"LOSER": LOSER, "WINNER": WINNER, "PLACED": PLACED}


def epoch_ms(text: str) -> int:
    """UTC milliseconds of the exchange's ISO time. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", text))
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def check_ladder(definition: MarketDefinition) -> None:
    """Raises UnsupportedMarketError for a price ladder that is not CLASSIC (absent means CLASSIC)."""
    ladder = definition.price_ladder_definition
    if ladder is not None and ladder.type not in (None, "CLASSIC"):
        raise UnsupportedMarketError(f"its price ladder is {ladder.type}, only CLASSIC is supported")


def market_info(market_id: str, definition: MarketDefinition | None) -> MarketInfo:
    """The facts the first definition states; without one only the id is known. Runners are left empty."""
    if definition is None:
        return MarketInfo(market_id=market_id, has_definition=False)
    return MarketInfo(
        market_id=market_id,
        event_id=definition.event_id or "",
        event_name=definition.event_name or "",
        event_type_id=definition.event_type_id or "",
        market_type=definition.market_type or "",
        market_name=definition.name or "",
        country_code=definition.country_code or "",
        venue=definition.venue or "",
        timezone=definition.timezone or "",
        betting_type=definition.betting_type or "ODDS",
        number_of_winners=_or(definition.number_of_winners, 1),
        market_base_rate_percent=_or(definition.market_base_rate, 5.0),
        each_way_divisor=definition.each_way_divisor or 0.0,
        bsp_market=bool(definition.bsp_market),
        turn_in_play_enabled=bool(definition.turn_in_play_enabled),
        persistence_enabled=bool(definition.persistence_enabled),
        bet_delay_models=tuple(definition.bet_delay_models or ()),
    )


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


class MarketStatus:
    """The market's state as last published; writes a row for whatever a definition changes, everything at the first.

    A second REMOVED, STARTING_PRICE or RESULT row of a runner corrects the first.
    """

    def __init__(self) -> None:
        self.status = OPEN
        self.in_play = False
        self.start_ms: list[int] = []
        self.bsp_market = False
        self.bsp_reconciled = False
        self._now: dict[int, int] = {DELAY_MODEL: 0}
        self._runners: dict[int, tuple[str, int]] = {}
        self._bsp: dict[int, int] = {}

    def update(self, definition: MarketDefinition, indices: list[int], rows: Rows) -> None:
        """Take over a definition; `indices` are its runners' places on the tape. Raises ValueError for an unread time."""
        now = (
            (STATUS, STATUSES.get(definition.status or "OPEN", INACTIVE)),
            (IN_PLAY, int(bool(definition.in_play))),
            (BET_DELAY, definition.bet_delay or 0),
            (DELAY_MODEL, int("PASSIVE" in (definition.bet_delay_models or ()))),
            (WINNERS, _or(definition.number_of_winners, 1)),
        )
        if definition.market_time:
            self._start(epoch_ms(definition.market_time), rows)
        for kind, value in now:
            if self._now.get(kind) != value:
                self._now[kind] = value
                rows.market(kind, value)
        self.status, self.in_play = self._now[STATUS], bool(self._now[IN_PLAY])
        self.bsp_market = bool(definition.bsp_market)
        self.bsp_reconciled = self._reconciled(definition)
        for index, runner in zip(indices, definition.runners or (), strict=True):
            self._runner(index, runner, rows)

    def _reconciled(self, definition: MarketDefinition) -> bool:
        """Whether the final BSP is out; recorders that drop the flag are believed once the race is on or over."""
        if definition.bsp_reconciled is not None:
            return definition.bsp_reconciled
        return bool(definition.in_play) or definition.status == "CLOSED"

    def _start(self, start_ms: int, rows: Rows) -> None:
        if not self.start_ms or start_ms != self.start_ms[-1]:
            self.start_ms.append(start_ms)
            rows.market(START, len(self.start_ms) - 1)

    def _runner(self, index: int, runner: RunnerDefinition, rows: Rows) -> None:
        status = runner.status or "ACTIVE"
        removed = status.startswith("REMOVED")
        now = (status, _hundredths(runner.adjustment_factor) if removed else 0)
        if now != self._runners.get(index):
            self._runners[index] = now
            if removed:
                rows.add(REMOVED, NO_BOOK, index, NO_TICK, now[1])
            elif status in RESULTS:
                rows.add(RESULT, NO_BOOK, index, NO_TICK, RESULTS[status])
        starting_price = _hundredths(runner.bsp) if self.bsp_reconciled else 0
        if starting_price and starting_price != self._bsp.get(index):
            self._bsp[index] = starting_price
            rows.add(STARTING_PRICE, NO_BOOK, index, NO_TICK, starting_price)


def _hundredths(value: float | str | None) -> int:
    """A factor or price in hundredths; 0 for none and for the words the exchange writes instead (NaN, Infinity)."""
    return round(value * 100) if isinstance(value, int | float) else 0
