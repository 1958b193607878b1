"""The harness around a core, told slowly: what it saw `observe_ms` ago, what it has heard since, and what it then sends.

A snapshot is a copy of everything the core may see of the market at that moment. The bot's own position and orders are as it
has heard of them when it looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simcore import dtypes as d
from simcore.models.simulation import Simulation
from simcore.strategies import view as v
from simcore.strategies.base import Parameters
from simcore.units import N_TICKS
from tests.oracles import drawing
from tests.oracles.arriving import stake_is_valid
from tests.oracles.book_of_orders import MICRO, Order, hundredths_of, micro_of
from tests.oracles.exchange import Exchange
from tests.oracles.simulator import Request, way_ms

MAX_SEEN = 4096


@dataclass(frozen=True)
class Snapshot:
    """The market as the poll at `poll_ms` will see it; ladders are lists of (tick, pence, own pence), best first."""

    poll_ms: int
    to_start_ms: int
    is_open: bool
    in_play: bool
    runner: int | None
    last_tick: int
    matched_pence: int
    gone: bool
    ladders: tuple[list[tuple[int, int, int]], ...]


@dataclass
class Route:
    """A closing stake under the minimum, sent the long way: what was placed where it cannot match, and what it is to become."""

    order: Order
    tick: int
    pence: int


@dataclass
class Sent:
    """What one look decided: (order, pence) to cancel, orders to place, (order, its successor) to replace."""

    cancels: list[tuple[Order, int]] = field(default_factory=list)
    places: list[Order] = field(default_factory=list)
    replaces: list[tuple[Order, Order]] = field(default_factory=list)


class Harness:
    """One bot: its pick, its snapshots waiting to be seen, and whether it waits for answers."""

    def __init__(
        self, exchange: Exchange, core: Callable[..., Any], parameters: Parameters, simulation: Simulation
    ) -> None:
        self.exchange, self.core, self.parameters, self.simulation = exchange, core, parameters, simulation
        self.vector = np.ascontiguousarray(parameters.vector(), np.float64)
        self.window_ms = tuple(round(seconds * 1000) for seconds in parameters.window())
        pick_s, self.rank = parameters.pick()
        self.pick_ms = round(pick_s * 1000)
        self.picked: int | None = None
        self.snapshots: list[Snapshot] = []
        self.last_poll_ms = 0
        self.look_ms: int | None = None
        self.unanswered = 0
        self.n_requests = 0
        self.route: Route | None = None
        self.busy_until_ms = 0
        self.stopped = False
        self.polls = self.places = self.cancels = self.replaces = 0
        self.worst_mark = 0

    # --- when to look --------------------------------------------------------------------------------------------

    def next_snapshot_ms(self, now_ms: int) -> int | None:
        """When what the next poll will see has to be kept: polls are at whole multiples of poll_ms, or at each message."""
        start_ms, poll_ms = self.exchange.start_ms, self.simulation.poll_ms
        if start_ms is None:
            return None
        if poll_ms == 0:
            return self.look_ms
        observe_ms, first = self.simulation.delays.observe_ms, self.window_ms[0]
        if self.picked is None:
            first = max(first, self.pick_ms)
        due = max(start_ms - first, now_ms + observe_ms)
        while due % poll_ms:
            due += 1
        return max(due, self.last_poll_ms + poll_ms) - observe_ms

    def after_message(self, now_ms: int) -> None:
        if self.exchange.status == d.CLOSED:
            self.stopped = True
        if self.stopped or self.simulation.poll_ms > 0 or self.exchange.start_ms is None:
            return
        poll_ms = now_ms + self.simulation.delays.observe_ms
        if poll_ms >= self.exchange.start_ms - max(self.window_ms[0], self.pick_ms) and poll_ms > self.last_poll_ms:
            self.look_ms = now_ms

    # --- what is seen --------------------------------------------------------------------------------------------

    def favourite(self, now_ms: int) -> int | None:
        """The runner with the rank-th lowest best price to back."""
        exchange = self.exchange
        prices = []
        for runner in exchange.account.runners:
            best = exchange.world.best(runner, d.ATB, now_ms)
            if best is not None and runner not in exchange.account.gone:
                prices.append((best, runner))
        return sorted(prices)[self.rank][1] if len(prices) > self.rank else None

    def ladder(self, runner: int, book: int, now_ms: int) -> list[tuple[int, int, int]]:
        own: dict[int, int] = {}
        for order in self.exchange.standing:
            if (order.runner, order.book) == (runner, book):
                own[order.tick] = own.get(order.tick, 0) + order.remaining
        others = dict(self.exchange.world.displayed(runner, book, now_ms))
        ticks = sorted({*own, *others}, reverse=book == d.ATB)[: v.DEPTH]
        return [(tick, others.get(tick, 0) + own.get(tick, 0), own.get(tick, 0)) for tick in ticks]

    def take_snapshot(self, now_ms: int) -> None:
        exchange = self.exchange
        poll_ms = now_ms + self.simulation.delays.observe_ms
        self.last_poll_ms, self.look_ms = poll_ms, None
        if self.busy_until_ms > poll_ms:
            return
        assert exchange.start_ms is not None
        to_start_ms = exchange.start_ms - poll_ms
        if self.picked is None and to_start_ms <= self.pick_ms:
            self.picked = self.favourite(now_ms)
        runner = self.picked
        if runner is not None:
            exchange.net_crossed(now_ms)
        ladders = ([], []) if runner is None else tuple(self.ladder(runner, book, now_ms) for book in (d.ATB, d.ATL))
        self.snapshots.append(
            Snapshot(
                poll_ms,
                to_start_ms,
                exchange.status == d.OPEN,
                exchange.in_play,
                runner,
                -1 if runner is None else exchange.last_tick.get(runner, -1),
                0 if runner is None else exchange.matched[runner] // 2,
                runner in exchange.account.gone,
                ladders,
            )
        )

    def hear(self, now_ms: int) -> None:
        for event in self.exchange.log:
            if not event.heard and event.known_ms <= now_ms:
                event.heard = True
                event.order.believed -= event.leaves

    def view(self, seen: Snapshot) -> v.View:
        assert seen.runner is not None
        clock = np.zeros(v.N_CLOCK, np.int64)
        clock[v.NOW_MS], clock[v.TO_START_MS] = seen.poll_ms, seen.to_start_ms
        clock[v.IS_OPEN], clock[v.IN_PLAY_NOW] = seen.is_open, seen.in_play
        bets = self.exchange.account.bets(seen.runner, heard_only=True)
        slots = np.zeros((1, v.N_SLOT), np.int64)
        slots[0] = (
            seen.runner,
            seen.last_tick,
            seen.matched_pence,
            bets.win // MICRO,
            bets.lose // MICRO,
            seen.gone,
        )
        touch = np.zeros((1, 2, v.DEPTH, v.N_LEVEL), np.int64)
        touch[..., v.TICK_COLUMN] = -1
        for book, ladder in enumerate(seen.ladders):
            for level, values in enumerate(ladder):
                touch[0, book, level] = values
        orders = np.zeros((MAX_SEEN, v.N_SEEN), np.int64)
        believed = [order for order in self.exchange.orders if order.believed > 0]
        for row, order in enumerate(believed):
            orders[row] = (0, order.side, order.tick, order.believed)
        clock[v.N_SEEN_ORDERS] = len(believed)
        return v.View(clock, slots, touch, orders)

    # --- what is done --------------------------------------------------------------------------------------------

    def poll(self, now_ms: int) -> Sent:
        """Look: hear the news, ask the core, decide what to send."""
        seen = self.snapshots.pop(0)
        if self.unanswered > 0 or self.busy_until_ms > now_ms or seen.runner is None:
            return Sent()
        self.hear(now_ms)
        self.polls += 1
        self.exchange.net_crossed(now_ms)
        self.worst_mark = min(self.worst_mark, self.exchange.account.mark(self.exchange, now_ms))
        if seen.in_play and not self.parameters.trades_in_play():
            self.stopped = True
            return Sent()
        over = seen.to_start_ms < self.window_ms[1]
        if over and all(order.believed <= 0 for order in self.exchange.orders):
            self.stopped = True
        if seen.to_start_ms > self.window_ms[0] or not seen.is_open:
            return Sent()
        if not over and self.route is not None:
            if self.route.order.believed > 0:
                return self.go_on(self.route)
            self.route = None
        offers = v.new_offers()
        if not over:
            self.core(self.view(seen), self.vector, offers)
        rows = [tuple(int(x) for x in row) for row in offers.rows[: offers.n[0]]]
        return self.decide(seen.runner, [(side, tick, pence) for _, side, tick, pence in rows])

    def decide(self, runner: int, wanted: list[tuple[int, int, int]]) -> Sent:
        """Standing more than wanted: cancel newest first; less: place the difference."""
        prices: dict[tuple[int, int], int] = {}
        for side, tick, pence in wanted:
            prices[side, tick] = prices.get((side, tick), 0) + pence
        sent = Sent()
        left = dict(prices)
        for order in self.exchange.orders:
            if order.believed <= 0:
                continue
            price = (order.side, order.tick)
            kept = min(order.believed, left.get(price, 0))
            left[price] = left.get(price, 0) - kept
            if order.believed > kept:
                sent.cancels.insert(0, (order, order.believed - kept))
        self.cancels += len(sent.cancels)
        if sent.cancels and self.simulation.cancel_then_place == "sequential":
            return sent
        for (side, tick), pence in prices.items():
            missing = pence - self.believed_at(side, tick)
            if missing > 0 and stake_is_valid(self.exchange, missing, tick):
                number = len(self.exchange.orders) + len(sent.places)
                sent.places.append(Order(number, runner, side, tick, missing))
        for (side, tick), pence in prices.items():
            if self.route is None and self.needs_the_long_way(runner, side, tick, pence):
                standing = self.believed_at(side, tick)
                number = len(self.exchange.orders) + len(sent.places)
                far = N_TICKS - 1 if side == d.BACK else 0
                self.route = Route(
                    Order(number, runner, side, far, self.exchange.minimum.stake_pence), tick, pence - standing
                )
                sent.places.append(self.route.order)
        self.exchange.orders.extend(sent.places)
        self.places += len(sent.places)
        return sent

    def believed_at(self, side: int, tick: int) -> int:
        return sum(max(0, o.believed) for o in self.exchange.orders if (o.side, o.tick) == (side, tick))

    def needs_the_long_way(self, runner: int, side: int, tick: int, pence: int) -> bool:
        """Whether a missing stake too small to place would close some of the known position, and no more than that."""
        missing = pence - self.believed_at(side, tick)
        if self.simulation.below_minimum != "place_cut_replace" or missing <= 0:
            return False
        bets = self.exchange.account.bets(runner, heard_only=True)
        position = bets.win - bets.lose
        closes = side * position < 0 and (missing - 1) * micro_of(hundredths_of(tick)) <= abs(position)
        return closes and not stake_is_valid(self.exchange, missing, tick)

    def go_on(self, route: Route) -> Sent:
        """The next request of the long way: cut what stands to the target, then move it there."""
        too_much = route.order.believed - route.pence
        if too_much > 0:
            self.cancels += 1
            return Sent(cancels=[(route.order, too_much)])
        successor = Order(len(self.exchange.orders), route.order.runner, route.order.side, route.tick, 0)
        self.exchange.orders.append(successor)
        self.route = None
        self.replaces += 1
        return Sent(replaces=[(route.order, successor)])

    # --- requests and answers ------------------------------------------------------------------------------------

    def requests(self, sent: Sent, now_ms: int) -> list[Request]:
        """What was decided as requests, in the order they are sent."""
        decided = [("cancel", order, pence, None) for order, pence in sent.cancels]
        decided += [("place", order, 0, None) for order in sent.places]
        decided += [("replace", order, 0, successor) for order, successor in sent.replaces]
        requests = []
        for what, order, pence, successor in decided:
            effect_ms = now_ms + way_ms(self.exchange, what, self.n_requests)
            requests.append(Request(self.n_requests, effect_ms, what, order, pence, successor))
            self.n_requests += 1
        self.unanswered += len(requests)
        return requests

    def answered(self, request: Request, now_ms: int) -> None:
        """A request took effect: its answer is on the way."""
        ack_ms = self.exchange.draws.delay_ms(self.simulation.delays.ack_ms, request.number, drawing.ANSWER)
        self.unanswered -= 1
        self.busy_until_ms = max(self.busy_until_ms, now_ms + ack_ms)
