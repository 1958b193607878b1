"""Practice for a core: a small made market, moments of a market as a core sees them, and parameters at their limits.

All of it is drawn from a seed, so that a breach found once is found again. The market is no model of anything: its books move,
thin out and empty often, which is what cores trip over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore import dtypes as d
from simcore.strategies.base import Parameters
from simcore.strategies.view import (
    DEPTH,
    IN_PLAY_NOW,
    IS_OPEN,
    N_CLOCK,
    N_LEVEL,
    N_SEEN,
    N_SEEN_ORDERS,
    N_SLOT,
    NOW_MS,
    SLOT_LAST_TICK,
    SLOT_LOSE,
    SLOT_MATCHED,
    SLOT_WIN,
    TICK_COLUMN,
    TO_START_MS,
    View,
)
from simcore.tapes.tape import MarketInfo, RunnerInfo, Tape
from simcore.units import N_TICKS, ODDS_HUNDREDTHS

OFF_MS: Final = 1_660_000_000_000
"""advertised start of the practice market, UTC ms (August 2022)"""
MESSAGES: Final = 500
FIRST_TICKS: Final = (100, 140, 170, 190)
"""best price to back of each runner at the beginning"""
EARLIEST_S: Final = 86_400.0
IN_PLAY_MS: Final = 60_000

Row = tuple[int, int, int, int, int]
"""kind, book, runner, tick, size: a row of a tape"""
Order = tuple[int, int, int]
"""side, tick, pence"""
Books = NDArray[np.int64]
"""(runners, 2, 350) or, of one runner, (2, 350) pence by ATB/ATL and tick"""


def _market_row(kind: int, size: int) -> Row:
    return (kind, d.NO_BOOK, -1, -1, size)


def practice_tape(parameters: Parameters, seed: int = 0) -> Tape:
    """A market of four runners that covers the time in which a core with these parameters trades."""
    runners = tuple(RunnerInfo(101 + i) for i in range(len(FIRST_TICKS)))
    return made_tape(MarketInfo(market_id="1.1", market_type="WIN", runners=runners), FIRST_TICKS, parameters, seed)


def made_tape(info: MarketInfo, first_ticks: Sequence[int], parameters: Parameters, seed: int) -> Tape:
    """A market whose books begin at these best prices to back; its first runners win."""
    rng = np.random.default_rng(seed)
    begin_s = min(EARLIEST_S, max(parameters.window()[0], parameters.pick()[0], 60.0) + 30.0)
    end_ms = OFF_MS + (IN_PLAY_MS if parameters.trades_in_play() else 0)
    times = np.sort(rng.integers(OFF_MS - round(begin_s * 1000), end_ms, MESSAGES))
    winners = info.number_of_winners
    rows: list[Row] = [_market_row(d.STATUS, d.OPEN), _market_row(d.START, 0), _market_row(d.WINNERS, winners)]
    first_row = []
    books, in_play = _Books(rng, first_ticks), False
    for message, time_ms in enumerate(times):
        first_row.append(0 if message == 0 else len(rows))
        if time_ms >= OFF_MS and not in_play:
            in_play = True
            rows.append(_market_row(d.IN_PLAY, 1))
        rows += books.moved(every=message == 0)
    first_row += [len(rows), len(rows) + 1]
    rows += [_market_row(d.STATUS, d.SUSPENDED), _market_row(d.STATUS, d.CLOSED)]
    outcomes = [d.WINNER if runner < winners else d.LOSER for runner in range(len(first_ticks))]
    rows += [(d.RESULT, d.NO_BOOK, runner, -1, outcome) for runner, outcome in enumerate(outcomes)]
    columns = np.array(rows, np.int64)
    return Tape(
        info=info,
        message_ms=np.array([*times, end_ms, end_ms + 60_000], np.int64),
        message_row=np.array([*first_row, len(rows)], np.int64),
        kind=columns[:, 0].astype(np.uint8),
        book=columns[:, 1].astype(np.uint8),
        runner=columns[:, 2].astype(np.int16),
        tick=columns[:, 3].astype(np.int16),
        size=columns[:, 4].astype(np.int32),
        start_ms=np.array([OFF_MS], np.int64),
    )


class _Books:
    """The practice market's books, and rows that change them without ever crossing one."""

    def __init__(self, rng: np.random.Generator, first_ticks: Sequence[int]) -> None:
        self._rng = rng
        self._mid = list(first_ticks)
        self._pence: dict[tuple[int, int, int], int] = {}

    def moved(self, *, every: bool) -> list[Row]:
        """Rows of one message: every runner's book filled, or one runner's changed a little."""
        if every:
            return [row for runner in range(len(self._mid)) for _ in range(12) for row in self._placed(runner)]
        runner = int(self._rng.integers(len(self._mid)))
        rows = self._taken(d.TRADE, runner, 2) if self._rng.random() < 0.4 else self._taken(d.CANCEL, runner, 1)
        last = [(d.LAST_TRADED, d.NO_BOOK, runner, tick, 0) for kind, _, _, tick, _ in rows if kind == d.TRADE]
        return rows + self._placed(runner) + self._placed(runner) + last

    def _best(self, runner: int, book: int) -> int:
        ticks = [tick for r, b, tick in self._pence if (r, b) == (runner, book)]
        return -1 if not ticks else max(ticks) if book == d.ATB else min(ticks)

    def _placed(self, runner: int) -> list[Row]:
        book = int(self._rng.integers(2))
        other = self._best(runner, d.ATL if book == d.ATB else d.ATB)
        edge = other if other >= 0 else self._mid[runner]
        away = int(self._rng.geometric(0.35))
        tick = edge - away if book == d.ATB else edge + away
        if not 0 <= tick < N_TICKS:
            return []
        pence = int(self._rng.integers(2, 20_000))
        self._pence[runner, book, tick] = self._pence.get((runner, book, tick), 0) + pence
        return [(d.PLACE, book, runner, tick, pence)]

    def _taken(self, kind: int, runner: int, sides: int) -> list[Row]:
        """What stands at a best price shrinks, or goes."""
        book = int(self._rng.integers(2))
        tick = self._best(runner, book)
        if tick < 0:
            return []
        there = self._pence.pop((runner, book, tick))
        pence = there if self._rng.random() < 0.5 else int(self._rng.integers(1, there + 1))
        if pence < there:
            self._pence[runner, book, tick] = there - pence
        return [(kind, book, runner, tick, sides * pence)]


def prefix_of(tape: Tape, messages: int) -> Tape:
    """The tape as it would be had the recording ended after so many messages."""
    rows = int(tape.message_row[messages])
    columns = {name: getattr(tape, name)[:rows] for name in ("kind", "book", "runner", "tick", "size")}
    return replace(tape, message_ms=tape.message_ms[:messages], message_row=tape.message_row[: messages + 1], **columns)


def practice_views(tape: Tape, parameters: Parameters, count: int, seed: int = 0) -> list[View]:
    """`count` moments of the tape's books as a core could see them, with positions and orders of its own that it might have."""
    rng = np.random.default_rng(seed)
    books = books_at_random(tape, count, rng)
    times = practice_times(parameters, rng, count)
    return [_view(books[int(rng.integers(len(books)))], float(to_start_s), rng) for to_start_s in times]


def books_at_random(tape: Tape, count: int, rng: np.random.Generator) -> list[Books]:
    """The books of a tape after `count` of its messages or a few fewer."""
    at = set(rng.integers(0, tape.n_messages, count).tolist())
    return [shown.copy() for message, (_, shown) in enumerate(tape.books()) if message in at]


def practice_times(parameters: Parameters, rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Seconds before the start within the window: its ends, around each parameter that is a time, and in between."""
    first, last = parameters.window()
    last = max(last, min(first, 0.0) - 120.0)
    values = [getattr(parameters, name) for name in parameters.__struct_fields__ if name.endswith("_s")]
    edges = [value + shift for value in values if isinstance(value, int | float) for shift in (-0.001, 0.0, 0.001)]
    inside = [time for time in [first, last, *edges] if last <= time <= first]
    drawn = np.concatenate([inside, rng.uniform(last, first, count)])
    chosen: NDArray[np.float64] = rng.permutation(drawn)[:count]
    return chosen


def _view(books: Books, to_start_s: float, rng: np.random.Generator) -> View:
    slots, touch = np.zeros((1, N_SLOT), np.int64), np.zeros((1, 2, DEPTH, N_LEVEL), np.int64)
    own = show(slots[0], touch[0], books[int(rng.integers(books.shape[0]))].copy(), rng)
    return View(practice_clock(to_start_s, len(own)), slots, touch, seen_orders([(0, *order) for order in own]))


def practice_clock(to_start_s: float, own_orders: int) -> NDArray[np.int64]:
    """The clock of a view: so many seconds before the start, the market open, in-play from the start on."""
    clock = np.zeros(N_CLOCK, np.int64)
    clock[TO_START_MS] = round(to_start_s * 1000)
    clock[NOW_MS], clock[IS_OPEN], clock[IN_PLAY_NOW] = OFF_MS - clock[TO_START_MS], 1, int(to_start_s < 0)
    clock[N_SEEN_ORDERS] = own_orders
    return clock


def seen_orders(own: list[tuple[int, int, int, int]]) -> NDArray[np.int64]:
    """Standing orders as a view has them, from (slot, side, tick, pence)."""
    seen = np.zeros((max(1, len(own)), N_SEEN), np.int64)
    for row, order in zip(seen, own, strict=False):
        row[:] = order
    return seen


def show(slot: NDArray[np.int64], touch: NDArray[np.int64], shown: Books, rng: np.random.Generator) -> list[Order]:
    """Fill a slot and its touch with a runner's books (2, 350) and a position; returns the orders that stand in them."""
    if rng.random() < 0.2:
        shown[int(rng.integers(2))] = 0  # a half-book nobody stands in
    backs, lays = np.flatnonzero(shown[d.ATB]), np.flatnonzero(shown[d.ATL])
    middle = int(backs.max()) if len(backs) else int(lays.min()) - 1 if len(lays) else 100
    stake = int(rng.choice((0, 0, 150, 150, 1_000, 250_000))) * int(rng.choice((-1, 1)))
    slot[SLOT_LOSE], slot[SLOT_WIN] = -stake, stake * (ODDS_HUNDREDTHS[max(0, middle)] - 100) // 100
    slot[SLOT_LAST_TICK] = middle if rng.random() < 0.8 else -1
    slot[SLOT_MATCHED] = int(rng.integers(0, 5_000_000))
    own = _own(middle, rng)
    touch[:] = _touch(shown, own)
    return own


def _own(middle: int, rng: np.random.Generator) -> list[Order]:
    """Orders of its own near the touch: backs above it and lays at or under it."""
    found = []
    for _ in range(int(rng.integers(0, 4))):
        away = int(rng.integers(0, 4))
        side, tick = (d.BACK, middle + 1 + away) if rng.random() < 0.5 else (d.LAY, middle - away)
        if 0 <= tick < N_TICKS:
            found.append((side, tick, int(rng.integers(1, 3_000))))
    return found


def _touch(shown: Books, own: list[Order]) -> NDArray[np.int64]:
    mine = np.zeros_like(shown)
    for side, tick, pence in own:
        mine[d.ATL if side == d.BACK else d.ATB, tick] += pence
    touch = np.zeros((2, DEPTH, N_LEVEL), np.int64)
    touch[..., TICK_COLUMN] = -1
    for book in (d.ATB, d.ATL):
        ticks = np.flatnonzero(shown[book] + mine[book])
        ticks = ticks[::-1][:DEPTH] if book == d.ATB else ticks[:DEPTH]
        touch[book, : len(ticks)] = np.stack([ticks, (shown + mine)[book, ticks], mine[book, ticks]], axis=1)
    return touch


# --- parameters at their limits --------------------------------------------------------------------------------------


def variations(kind: type[Parameters], base: dict[str, Any], seed: int = 0) -> Iterator[dict[str, Any]]:
    """Values of the parameters around `base`: each at its limits by itself, then many at once."""
    choices = {field.name: _choices(field.type) for field in _fields(kind)}
    for name, values in choices.items():
        for value in values:
            yield {**base, name: value}
    rng = np.random.default_rng(seed)
    several = [name for name, values in choices.items() if values]
    for _ in range(60 if several else 0):
        changed = [name for name in several if rng.random() < 0.4]
        yield {**base, **{name: choices[name][int(rng.integers(len(choices[name])))] for name in changed}}


def _fields(kind: type[Parameters]) -> tuple[Any, ...]:
    told = msgspec.inspect.type_info(kind)
    assert isinstance(told, msgspec.inspect.StructType)
    return told.fields


def _choices(told: msgspec.inspect.Type) -> list[Any]:
    """A few values a field of this type can have; none where the type tells nothing."""
    if isinstance(told, msgspec.inspect.BoolType):
        return [False, True]
    if isinstance(told, msgspec.inspect.LiteralType):
        return list(told.values)
    if isinstance(told, msgspec.inspect.NoneType):
        return [None]
    if isinstance(told, msgspec.inspect.UnionType):
        return [value for one in told.types for value in _choices(one)]
    if isinstance(told, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        step = 1 if isinstance(told, msgspec.inspect.IntType) else 0.01
        low = told.ge if told.ge is not None else None if told.gt is None else told.gt + step
        high = told.le if told.le is not None else None if told.lt is None else told.lt - step
        ends = [0 if low is None else low, 1_000 if high is None else high]
        between = [ends[0] + (ends[1] - ends[0]) * share for share in (0.001, 0.1, 0.5)]
        return [int(value) if step == 1 else float(value) for value in [*ends, *between]]
    return []
