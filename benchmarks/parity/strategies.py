"""Who sends the orders: flumine strategies that log every request they send, and mirror it into a twin.

The twin is a second strategy that receives the very same requests, but whose orders are mended (benchmarks.parity.mends):
flumine keeps the traded volume of strategies apart, so the two do not touch each other.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any

from flumine import BaseStrategy
from flumine.order.order import OrderStatus
from flumine.order.ordertype import LimitOrder
from flumine.order.trade import Trade

from benchmarks.parity.feed import Recorded
from benchmarks.parity.mends import MendedOrder, Truth
from benchmarks.parity.orders import Request
from simcore.dtypes import BACK, LAY
from simcore.units import N_TICKS, ODDS, tick_of

UNLIMITED: dict[str, Any] = {
    "max_selection_exposure": None,
    "max_order_exposure": None,
    "max_trade_count": 10**9,
    "max_live_trade_count": 10**9,
}


class Twin(BaseStrategy):
    """Holds the mended orders; decides nothing."""

    def check_market_book(self, market: Any, market_book: Any) -> bool:
        return False


class Logged(BaseStrategy, ABC):
    """Sends what `decide` wants on each open book and keeps the log of it."""

    def __init__(self, recorded: Recorded, truth: Truth, stream: Any, name: str) -> None:
        super().__init__(stream=stream, name=name, **UNLIMITED)
        self.recorded = recorded
        self.truth = truth
        self.twin = Twin(stream=stream, name=f"{name}-twin", **UNLIMITED)
        self.log: list[Request] = []
        self.placed: list[Any] = []
        self.mended: list[Any] = []
        self.seen = -1
        self.last_ms = recorded.published_ms[-1]
        self.error: Exception | None = None
        runners = recorded.tape.info.runners
        self.index = {(runner.selection_id, runner.handicap): i for i, runner in enumerate(runners)}

    def check_market_book(self, market: Any, market_book: Any) -> bool:
        self.seen += 1
        if market_book.status == "OPEN" and self.error is None and self._in_time(market_book):
            try:
                self.decide(market, market_book)
            except Exception as error:  # flumine would log it and go on
                self.error = error
        return False

    def _in_time(self, book: Any) -> bool:
        """Whether a message is left in which a request of now takes effect: flumine does nothing between messages."""
        return bool(book.publish_time_epoch + 170 + 1000 * book.bet_delay < self.last_ms)

    @abstractmethod
    def decide(self, market: Any, book: Any) -> None:
        """Send what this strategy sends at an open book."""

    def place(
        self,
        market: Any,
        runner: Any,
        side: int,
        tick: int,
        pence: int,
        *,
        persist: bool = False,
        min_fill_pence: int = 0,
    ) -> int:
        """Send a limit order (a least fill: fill or kill); its number, or -1 where flumine's controls held it back."""
        limit = self._limit(tick, pence, persist, min_fill_pence)
        order = self._order(self, runner, side, limit)
        if not market.place_order(order):
            return -1
        twin = self._order(self.twin, runner, side, self._limit(tick, pence, persist, min_fill_pence))
        twin.simulated = MendedOrder(twin, self.truth)
        assert market.place_order(twin)
        index = self.index[(runner.selection_id, runner.handicap)]
        now = market.market_book.publish_time_epoch
        self.log.append(Request("place", len(self.placed), now, index, side, tick, pence, persist, min_fill_pence))
        self.placed.append(order)
        self.mended.append(twin)
        return len(self.placed) - 1

    @staticmethod
    def _limit(tick: int, pence: int, persist: bool, min_fill_pence: int) -> LimitOrder:
        return LimitOrder(
            price=float(ODDS[tick]),
            size=pence / 100,
            persistence_type="PERSIST" if persist else "LAPSE",
            time_in_force="FILL_OR_KILL" if min_fill_pence else None,
            min_fill_size=min_fill_pence / 100 or None,
        )

    def _order(self, strategy: BaseStrategy, runner: Any, side: int, limit: LimitOrder) -> Any:
        trade = Trade(self.recorded.tape.market_id, runner.selection_id, runner.handicap, strategy)
        return trade.create_order(side="BACK" if side == BACK else "LAY", order_type=limit)

    def cancel(self, market: Any, number: int, pence: int = 0) -> None:
        """Cancel an order or (pence > 0) cut it; the twin's likewise where it still stands."""
        size = pence / 100 if pence else None
        market.cancel_order(self.placed[number], size)
        twin = self.mended[number]
        if twin.status == OrderStatus.EXECUTABLE and twin.size_remaining > 0:
            market.cancel_order(twin, min(size, twin.size_remaining) if size else None)
        self.log.append(Request("cancel", number, market.market_book.publish_time_epoch, pence=pence))

    def standing(self) -> list[int]:
        """Numbers of the orders that can be cancelled now."""
        numbers = range(len(self.placed))
        live = [n for n in numbers if self.placed[n].status == OrderStatus.EXECUTABLE]
        return [n for n in live if self.placed[n].size_remaining > 0 and self.mended[n].status != OrderStatus.PENDING]


def touch(runner: Any) -> tuple[int, int]:
    """Best ticks to back and to lay of a runner's book; -1 and 350 where there is none."""
    back, lay = runner.ex.available_to_back, runner.ex.available_to_lay
    return (tick_of(back[0]["price"]) if back else -1), (tick_of(lay[0]["price"]) if lay else N_TICKS)


class Scripted(Logged):
    """Orders at the touch, behind, inside and through it, far away, at prices used before; fill or kill; cuts and cancels.

    Which, when and how much is drawn from the market's id, evenly over the recording's messages.
    """

    SIZES = (200, 253, 237, 500, 1000, 1313, 5000, 20000, 100000)
    MOST_STANDING = 30
    KINDS = ("touch", "behind", "inside", "deep", "cross", "again")

    def __init__(self, recorded: Recorded, truth: Truth, stream: Any) -> None:
        super().__init__(recorded, truth, stream, "scripted")
        self.random = random.Random(recorded.tape.market_id)
        n = recorded.tape.n_messages
        acts = min(400, max(30, n // 20))
        self.when = {self.random.randrange(n) for _ in range(acts)}

    def decide(self, market: Any, book: Any) -> None:
        if self.seen not in self.when:
            return
        standing = self.standing()
        if len(standing) > self.MOST_STANDING or (standing and self.random.random() < 0.35):
            self._cut(market, self.random.choice(standing))
            return
        runners = [r for r in book.runners if r.status == "ACTIVE" and touch(r) != (-1, N_TICKS)]
        if runners:
            self._send(market, self.random.choice(sorted(runners, key=lambda r: touch(r)[0])[-4:] or runners))
            self._send(market, self.random.choice(runners))

    def _cut(self, market: Any, number: int) -> None:
        remaining = round(self.placed[number].size_remaining * 100)
        partly = remaining > 1 and self.random.random() < 0.3
        self.cancel(market, number, self.random.randrange(1, remaining) if partly else 0)

    def _send(self, market: Any, runner: Any) -> None:
        side = self.random.choice((BACK, LAY))
        tick = self._tick(runner, side)
        if not 0 < tick < N_TICKS - 1:
            return
        pence, persist = self.random.choice(self.SIZES), self.random.random() < 0.4
        if self.random.random() < 0.15:
            least = self.random.choice((pence, pence // 2, 200))
            through = min(max(tick - side * self.random.randrange(5), 0), N_TICKS - 1)
            self.place(market, runner, side, through, pence, min_fill_pence=least)
            return
        self.place(market, runner, side, tick, pence, persist=persist)

    def _tick(self, runner: Any, side: int) -> int:
        """Tick of an order, counted away from the market: for a BACK behind is higher, for a LAY lower."""
        back, lay = touch(runner)
        own, other = (lay, back) if side == BACK else (back, lay)
        kind = self.random.choice(self.KINDS)
        if kind == "again":
            index = self.index[(runner.selection_id, runner.handicap)]
            before = [r.tick for r in self.log if r.kind == "place" and (r.runner, r.side) == (index, side)]
            if before:
                return before[-1]
        if kind == "cross" and 0 <= other < N_TICKS:
            return other - side * self.random.randrange(4)
        if kind == "inside" and abs(own - other) > 1:
            return own - side
        away = {"behind": self.random.randrange(1, 4), "deep": self.random.randrange(5, 30)}.get(kind, 0)
        return own + side * away


class Maker(Logged):
    """Two quotes at the touch of one runner, moved when the touch moves and set again when they are full."""

    PENCE = 1000
    REQUESTS = 300

    def __init__(self, recorded: Recorded, truth: Truth, stream: Any) -> None:
        super().__init__(recorded, truth, stream, "maker")
        self.quotes: dict[int, int] = {}
        self.first = recorded.tape.n_messages // 3

    def decide(self, market: Any, book: Any) -> None:
        if self.seen < self.first or len(self.log) >= self.REQUESTS:
            return
        runner = favourite(book)
        if runner is None:
            return
        back, lay = touch(runner)
        for side, tick in ((BACK, lay), (LAY, back)):
            if 0 < tick < N_TICKS - 1:
                self._quote(market, runner, side, tick)

    def _quote(self, market: Any, runner: Any, side: int, tick: int) -> None:
        number = self.quotes.get(side, -1)
        if number >= 0:
            order = self.placed[number]
            if order.status == OrderStatus.EXECUTABLE and order.size_remaining > 0:
                sent = next(r for r in self.log if r.kind == "place" and r.order == number)
                moved = (sent.runner, sent.tick) != (self.index[(runner.selection_id, runner.handicap)], tick)
                if moved and number in self.standing():
                    self.cancel(market, number)
                return
            if not order.complete:
                return
        self.quotes[side] = self.place(market, runner, side, tick, self.PENCE)


class Drift(Logged):
    """One trade after the other on the favourite: join the queue with a lay, later cancel the rest and back through the market
    what was matched."""

    PENCE = 2500
    HOLD = 60
    """messages from entry to exit"""

    def __init__(self, recorded: Recorded, truth: Truth, stream: Any) -> None:
        super().__init__(recorded, truth, stream, "drift")
        self.entry = -1
        self.next = recorded.tape.n_messages // 4
        self.leaves = 0

    def decide(self, market: Any, book: Any) -> None:
        if self.seen < self.next or len(self.log) >= 150:
            return
        runner = favourite(book) if self.entry < 0 else self._runner(book)
        if runner is None:
            return
        back, _ = touch(runner)
        if self.entry < 0 and 0 < back < N_TICKS - 1:
            self.entry = self.place(market, runner, LAY, back, self.PENCE, persist=True)
            self.next, self.leaves = self.seen + self.HOLD, 0
        elif self.entry >= 0 and self.entry in self.standing():
            self.cancel(market, self.entry)
        elif self.entry >= 0 and self.placed[self.entry].complete:
            matched = round(self.placed[self.entry].size_matched * 100)
            if matched >= 200 and 2 < back < N_TICKS:
                self.place(market, runner, BACK, back - 2, matched, persist=True)
            self.entry, self.next = -1, self.seen + self.HOLD

    def _runner(self, book: Any) -> Any:
        sent = next(r for r in self.log if r.kind == "place" and r.order == self.entry)
        found = (r for r in book.runners if self.index.get((r.selection_id, r.handicap)) == sent.runner)
        return next((r for r in found if r.status == "ACTIVE"), None)


def favourite(book: Any) -> Any:
    """The active runner with the lowest best price to back; None where there is none."""
    known = [runner for runner in book.runners if runner.status == "ACTIVE" and runner.ex.available_to_back]
    return min(known, key=lambda runner: runner.ex.available_to_back[0]["price"], default=None)
