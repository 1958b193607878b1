"""A bot on paper: the exported core, uncompiled, on a market's messages as they come. Nothing is sent anywhere.

The harness keeps the simulator's rules: it asks while no answer is outstanding, at most every `poll_ms`, within the core's
window; cancels what stands beyond the wanted, newest first, and places what is missing and not below the minimum stake.

Fills are counted by the touch: an order fills when the other side shows a price as good as ours, no more than is shown there,
and the same money once. Trades that would have reached us in the queue are not counted, so a resting order fills later than it
would have: the judge of profit is `sweeps replay --config`, this is to watch what the bot does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simcore.dtypes import ATB, ATL, BACK, CLOSED
from simcore.kernels.randomness import DRAW_ANSWER, DRAW_REQUEST, keys, log_normal_ms
from simcore.models.latency import LogNormal, median_and_sigma
from simcore.strategies import resolve_core
from simcore.strategies.view import OFFER_PENCE, OFFER_SIDE, OFFER_TICK, View, new_offers
from simcore.streams.messages import MarketChange
from simcore.units import ODDS_HUNDREDTHS, odds_of, pence_of, pounds_of
from sweeps.export.document import Export
from sweeps.live.market import LiveMarket, RunnerKey
from sweeps.live.view import OwnOrder, Position, favourite, see

What = Literal["pick", "place", "cancel", "fill", "stop"]
Offer = tuple[int, int, int]
"""side (BACK +1, LAY −1), tick, pence"""


@dataclass(frozen=True)
class Event:
    """Something the bot did or met. `side` is +1 for BACK, −1 for LAY; `pick` and `stop` have neither side nor price."""

    published_ms: int
    what: What
    runner: RunnerKey
    side: int = 0
    odds: float = 0.0
    pounds: float = 0.0

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.published_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
        if not self.side:
            return f"{at} {self.what:6} {self.runner[0]}"
        side = "BACK" if self.side == BACK else "LAY "
        return f"{at} {self.what:6} {self.runner[0]} {side} £{self.pounds:.2f} at {self.odds:g}"


class Asker:
    """The exported core as a plain function: a view in, wanted offers out."""

    def __init__(self, export: Export) -> None:
        core = resolve_core(export.strategy.core)
        self.parameters = core.make(values=export.strategy.parameters)
        # what numba compiled keeps the function it was made of; with the JIT off there is nothing to unwrap
        self._function = getattr(core.function, "py_func", core.function)
        self._vector = self.parameters.vector()
        self._offers = new_offers()

    def __call__(self, view: View) -> list[Offer]:
        self._offers.n[0] = 0
        self._function(view, self._vector, self._offers)
        rows = self._offers.rows[: self._offers.n[0]]
        return [(int(row[OFFER_SIDE]), int(row[OFFER_TICK]), int(row[OFFER_PENCE])) for row in rows]


class PaperBot:
    """One market's bot: hand it every message's changes of that market, in order."""

    def __init__(self, export: Export, market_id: str) -> None:
        self.market = LiveMarket(market_id)
        self.asker = Asker(export)
        self.orders: list[OwnOrder] = []
        self.position = Position()
        self.picked: int | None = None
        self.stopped = False
        self._export = export
        self._cancels: list[tuple[int, OwnOrder, int]] = []
        self._placed = 0
        self._sent = 0
        self._keys = keys(0, market_id, "replay")
        self._busy_until_ms = 0
        self._next_poll_ms = 0
        self._taken: dict[tuple[int, int], tuple[int, int]] = {}

    def receive(self, changes: Sequence[MarketChange], published_ms: int) -> list[Event]:
        """Take over a message of this market; what it meant to our orders, and what the bot does now."""
        if self.stopped:
            return []
        events = self._meanwhile(published_ms)
        self.market.apply(changes, published_ms)
        if self.market.start_ms is None:
            return events
        events += self._met()
        if self._must_stop():
            return events + self._stop()
        events += self._pick()
        if self.picked is not None and self._may_ask():
            events += self._reconcile([] if self._is_over() else self.asker(self.view()))
        return events

    def view(self) -> View:
        """What the core would see now."""
        assert self.picked is not None
        return see(self.market, self.picked, self.orders, self.position)

    def profit_pounds(self) -> tuple[float, float]:
        """Profit if the picked runner wins, and if it does not; before commission."""
        return self.position.win / 10_000, self.position.lose / 10_000

    @property
    def _to_start_ms(self) -> int:
        assert self.market.start_ms is not None
        return self.market.start_ms - self.market.published_ms

    def _is_over(self) -> bool:
        return self._to_start_ms < round(self.asker.parameters.window()[1] * 1000)

    def _must_stop(self) -> bool:
        in_play = self.market.in_play and not self.asker.parameters.trades_in_play()
        return in_play or self.market.status == CLOSED or (self._is_over() and not self.orders)

    def _pick(self) -> list[Event]:
        pick_s, rank = self.asker.parameters.pick()
        if self.picked is not None or self._to_start_ms > round(pick_s * 1000):
            return []
        self.picked = favourite(self.market, rank)
        return [] if self.picked is None else [self._event("pick")]

    def _may_ask(self) -> bool:
        now = self.market.published_ms
        early = self._to_start_ms > round(self.asker.parameters.window()[0] * 1000)
        if early or not self.market.is_open or now < max(self._busy_until_ms, self._next_poll_ms):
            return False
        self._next_poll_ms = now + self._export.simulation.poll_ms
        return True

    def _reconcile(self, wanted: list[Offer]) -> list[Event]:
        """Send what makes the standing orders match the wanted offers."""
        at: dict[tuple[int, int], int] = {}
        for side, tick, pence in wanted:
            at[side, tick] = at.get((side, tick), 0) + pence
        events = self._cancel_unwanted(at)
        if events and self._export.simulation.cancel_then_place == "sequential":
            return events
        for (side, tick), pence in at.items():
            missing = pence - sum(o.pence for o in self.orders if (o.side, o.tick) == (side, tick))
            if missing > 0 and not self._below_minimum(missing, tick):
                events.append(self._place(side, tick, missing))
        return events

    def _cancel_unwanted(self, at: dict[tuple[int, int], int]) -> list[Event]:
        events = []
        standing: dict[tuple[int, int], int] = {}
        for order in self.orders:
            standing[order.side, order.tick] = standing.get((order.side, order.tick), 0) + order.pence
        for order in reversed(self.orders):
            price = (order.side, order.tick)
            excess = min(order.pence, standing[price] - at.get(price, 0))
            if excess > 0:
                standing[price] -= excess
                self._cancels.append((self._send(self._export.simulation.delays.cancel_ms), order, excess))
                events.append(self._event("cancel", order.side, order.tick, excess))
        return events

    def _place(self, side: int, tick: int, pence: int) -> Event:
        effect_ms = self._send(self._export.simulation.delays.place_ms)
        self.orders.append(OwnOrder(self._placed, side, tick, pence, effect_ms))
        self._placed += 1
        return self._event("place", side, tick, pence)

    def _send(self, delay: int | LogNormal) -> int:
        """When a request sent now takes effect; until its answer the bot waits. Delays are drawn as in a replay."""
        answer = median_and_sigma(self._export.simulation.delays.ack_ms)
        way_ms = log_normal_ms(*median_and_sigma(delay), *self._keys, self._sent, DRAW_REQUEST)
        answer_ms = log_normal_ms(*answer, *self._keys, self._sent, DRAW_ANSWER)
        self._sent += 1
        effect_ms = self.market.published_ms + way_ms
        self._busy_until_ms = max(self._busy_until_ms, effect_ms + answer_ms)
        return effect_ms

    def _below_minimum(self, pence: int, tick: int) -> bool:
        """By the exchange's rule on the day of the message."""
        limits = self._export.limits
        if not limits.enforce_minimum_stake:
            return False
        day = datetime.fromtimestamp(self.market.published_ms / 1000, UTC).date()
        rules = [rule for rule in limits.minimum_stake if rule.date_from <= day] or limits.minimum_stake[:1]
        enough = pence >= pence_of(rules[-1].stake_pounds)
        return not enough and pence * int(ODDS_HUNDREDTHS[tick]) < 100 * pence_of(rules[-1].payout_pounds)

    def _meanwhile(self, until_ms: int) -> list[Event]:
        """Requests that took effect before this message, on the book as it stood: arrivals meet it, then cancels."""
        events = []
        for order in self.orders:
            if not order.rested and order.stands_from_ms < until_ms:
                events += self._match(order)
                order.rested = True
        for effect_ms, order, pence in self._cancels:
            if effect_ms < until_ms:
                order.pence = max(0, order.pence - pence)
        self._cancels = [cancel for cancel in self._cancels if cancel[0] >= until_ms]
        self.orders = [order for order in self.orders if order.pence > 0]
        return events

    def _met(self) -> list[Event]:
        """Resting orders the other side has come to."""
        events = [event for order in self.orders if order.rested for event in self._match(order)]
        self.orders = [order for order in self.orders if order.pence > 0]
        return events

    def _match(self, order: OwnOrder) -> list[Event]:
        """Best price first; an order that has rested is met at its own price."""
        if not self.market.is_open or self.picked is None or self.picked in self.market.gone:
            return []
        book = ATB if order.side == BACK else ATL
        shown = self.market.runner(self.picked).shown[book]
        within = [t for t in shown if (t >= order.tick if book == ATB else t <= order.tick)]
        events = []
        for tick in sorted(within, reverse=book == ATB):
            pence = min(order.pence, self._left(book, tick, shown[tick]))
            if pence > 0:
                self._taken[book, tick] = (shown[tick], self._taken[book, tick][1] + pence)
                events.append(self._fill(order, order.tick if order.rested else tick, pence))
        return events

    def _left(self, book: int, tick: int, shown: int) -> int:
        """What is shown there and we have not taken yet; a changed size is new money."""
        seen, taken = self._taken.get((book, tick), (shown, 0))
        if seen != shown:
            taken = 0
        self._taken[book, tick] = (shown, taken)
        return shown - taken

    def _fill(self, order: OwnOrder, tick: int, pence: int) -> Event:
        order.pence -= pence
        self.position.win += order.side * pence * (int(ODDS_HUNDREDTHS[tick]) - 100)
        self.position.lose -= order.side * pence * 100
        return self._event("fill", order.side, tick, pence)

    def _stop(self) -> list[Event]:
        """The market turned in-play or closed, or the window is over: what stands lapses."""
        self.stopped = True
        lapsed = [self._event("cancel", order.side, order.tick, order.pence) for order in self.orders]
        self.orders = []
        return [*lapsed, self._event("stop")]

    def _event(self, what: What, side: int = 0, tick: int = -1, pence: int = 0) -> Event:
        runner = (0, 0.0) if self.picked is None else self.market.key(self.picked)
        odds = odds_of(tick) if tick >= 0 else 0.0
        return Event(self.market.published_ms, what, runner, side, odds, pounds_of(pence))
