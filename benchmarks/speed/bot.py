"""A bot on flumine that wants what our cores want, held to it by the same harness: `Quoting`, one strategy a configuration.

It looks at a book at most every `POLL_MS` and not while an answer is outstanding; it cancels what stands beyond the wanted,
newest first, and places once cancels are answered. Its own profit is kept as its orders change, so that nothing is scanned
twice; what flumine itself scans is flumine's.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC
from typing import Any

from flumine import BaseStrategy
from flumine.order.order import OrderStatus
from flumine.order.ordertype import LimitOrder
from flumine.order.trade import Trade

from benchmarks.parity.strategies import UNLIMITED
from benchmarks.speed.quoting import Offer, Touch, quotes_of
from simcore.dtypes import BACK
from simcore.models.rules_by_date import MINIMUM_STAKE, day_of
from simcore.strategies.caf import Caf
from simcore.strategies.daf import Daf
from simcore.units import ODDS_HUNDREDTHS

POLL_MS = 100
_HUNDREDTHS = [int(odds) for odds in ODDS_HUNDREDTHS]
_ODDS = [odds / 100 for odds in _HUNDREDTHS]
_WAITING = (OrderStatus.PENDING, OrderStatus.CANCELLING)


def tick_at(price: float) -> int:
    """Tick of a price on the ladder."""
    return bisect_left(_HUNDREDTHS, round(price * 100))


class Quoting(BaseStrategy):
    """One configuration of CAF or DAF. Afterwards: `fills`, `matched_pence`, `places`, `profit_pounds`."""

    def __init__(self, stream: Any, parameters: Caf | Daf, name: str) -> None:
        super().__init__(stream=stream, name=name, **UNLIMITED)
        self.wants = quotes_of(parameters)
        pick_s, self.rank = parameters.pick()
        self.pick_ms, self.first_ms = pick_s * 1000, parameters.window()[0] * 1000
        self.picked: Any = None
        self.next_ms = 0
        self.live: list[tuple[int, int, Any]] = []
        self.done: list[Any] = []
        self.win = self.lose = 0.0
        self.error: Exception | None = None
        self.minimum: Any = None

    def check_market_book(self, market: Any, market_book: Any) -> bool:
        if market_book.status != "OPEN" or market_book.inplay or market_book.publish_time_epoch < self.next_ms:
            return False
        try:
            self._poll(market, market_book)
        except Exception as error:  # flumine would log it and go on
            self.error = self.error or error
        return False

    def _poll(self, market: Any, book: Any) -> None:
        now = book.publish_time_epoch
        start = book.market_definition.market_time.replace(tzinfo=UTC)
        to_start_ms = int(start.timestamp() * 1000) - now
        if to_start_ms > self.pick_ms:
            return
        self.next_ms = now + POLL_MS
        if self.picked is None:
            self.picked = self._favourite(book)
            self.minimum = MINIMUM_STAKE["GBP"].on(day_of(now))
        if self.picked is None or to_start_ms > self.first_ms or self._is_waiting():
            return
        runner = next(r for r in book.runners if (r.selection_id, r.handicap) == self.picked)
        win, lose = self._profits()
        self._reconcile(market, self.wants(to_start_ms, touch_of(runner), win, lose))

    def _favourite(self, book: Any) -> Any:
        priced = [r for r in book.runners if r.status == "ACTIVE" and r.ex.available_to_back]
        priced.sort(key=lambda r: r.ex.available_to_back[0]["price"])
        return (priced[self.rank].selection_id, priced[self.rank].handicap) if len(priced) > self.rank else None

    def _is_waiting(self) -> bool:
        return any(order.status in _WAITING for _, _, order in self.live)

    def _profits(self) -> tuple[int, int]:
        """Profit if the runner wins and if it does not, pence; orders that are over are counted once and put aside."""
        win, lose = self.win, self.lose
        still = []
        for side, tick, order in self.live:
            matched, odds = order.size_matched * 100, order.average_price_matched
            win += side * matched * (odds - 1)
            lose -= side * matched
            if order.complete or order.size_remaining <= 0:
                self.win += side * matched * (odds - 1)
                self.lose -= side * matched
                self.done.append(order)
            else:
                still.append((side, tick, order))
        self.live = still
        return round(win), round(lose)

    def _reconcile(self, market: Any, offers: list[Offer]) -> None:
        wanted: dict[tuple[int, int], int] = {}
        for side, tick, pence in offers:
            wanted[side, tick] = wanted.get((side, tick), 0) + pence
        standing: dict[tuple[int, int], int] = {}
        for side, tick, order in self.live:
            standing[side, tick] = standing.get((side, tick), 0) + round(order.size_remaining * 100)
        if not self._cancel(market, standing, wanted):
            for (side, tick), pence in wanted.items():
                missing = pence - standing.get((side, tick), 0)
                if missing > 0 and not self._too_small(missing, tick):
                    self._place(market, side, tick, missing)

    def _cancel(self, market: Any, standing: dict[tuple[int, int], int], wanted: dict[tuple[int, int], int]) -> bool:
        sent = False
        for side, tick, order in reversed(self.live):
            there = round(order.size_remaining * 100)
            excess = min(there, standing[side, tick] - wanted.get((side, tick), 0))
            if excess > 0:
                standing[side, tick] -= excess
                market.cancel_order(order, excess / 100 if excess < there else None)
                sent = True
        return sent

    def _place(self, market: Any, side: int, tick: int, pence: int) -> None:
        trade = Trade(market.market_id, *self.picked, self)
        limit = LimitOrder(price=_ODDS[tick], size=pence / 100)
        order = trade.create_order(side="BACK" if side == BACK else "LAY", order_type=limit)
        if market.place_order(order):
            self.live.append((side, tick, order))

    def _too_small(self, pence: int, tick: int) -> bool:
        return pence < self.minimum.stake_pence and pence * _HUNDREDTHS[tick] < 100 * self.minimum.payout_pence

    def orders(self) -> list[Any]:
        """Every order sent."""
        return [*self.done, *(order for _, _, order in self.live)]

    @property
    def fills(self) -> int:
        return sum(len(order.simulated.matched) for order in self.orders())

    @property
    def profit_pounds(self) -> float:
        """As flumine settles it, before commission."""
        return round(sum(order.profit for order in self.orders()), 2)


def touch_of(runner: Any) -> Touch:
    """Best prices of a runner as flumine shows them: its own simulated orders are not in them."""
    back, lay = runner.ex.available_to_back, runner.ex.available_to_lay
    b, a = (back[0] if back else None), (lay[0] if lay else None)
    return Touch(
        tick_at(b["price"]) if b else -1,
        round(b["size"] * 100) if b else 0,
        tick_at(a["price"]) if a else -1,
        round(a["size"] * 100) if a else 0,
    )
