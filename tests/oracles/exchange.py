"""The matching of one market, told slowly: the record moves on, our orders arrive, are filled, lapse and are settled.

Written from docs and docstrings, not from the kernels. Side is a sign; every step works on whole lists of orders.
"""

from __future__ import annotations

import math

from simcore import dtypes as d
from simcore.models.queue import QueueBackBiased, QueueNone, QueueSampled
from simcore.models.rules_by_date import MINIMUM_STAKE, PROFIT_RATIO, day_of
from simcore.models.simulation import Simulation
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS
from tests.oracles import drawing
from tests.oracles.account import Account
from tests.oracles.book_of_orders import (
    DONE,
    LIMIT,
    MATCHED_IN_THE_BOOK,
    PERSIST,
    Event,
    Order,
    hundredths_of,
    micro_of,
)
from tests.oracles.closing import match_at_close
from tests.oracles.reaction import Pressure, pence_to_move
from tests.oracles.world import Level, World, is_better, other

ANSWERED = ("aggressive", "cancelled", "refused")
"""what a request brings about itself and its answer says; all else is news"""


class Exchange:
    """State of a market and of our orders in it."""

    def __init__(self, tape: Tape, simulation: Simulation, seed: int) -> None:
        self.tape, self.simulation = tape, simulation
        self.draws = drawing.Draws(seed, tape.market_id)
        self.world = World(simulation.refill, self.stands_in_the_way, displacing=simulation.displacement)
        self.pressure = Pressure(simulation)
        self.moved: set[int] = set()
        """runners whose shift changed and whose resting orders have not felt it yet"""
        self.request = -1
        """ordinal of the request taking effect"""
        self.orders: list[Order] = []
        self.standing: list[Order] = []
        self.log: list[Event] = []
        self.account = Account(tape)
        self.status, self.in_play, self.bet_delay_s, self.passive_exempt = d.INACTIVE, False, 0, False
        self.reconciled, self.close_is_over = False, False
        """whether a starting price is out; whether the message being read ends the wait for one"""
        self.status_since_ms, self.went_in_play = 0, False
        self.start_ms: int | None = None
        self.last_tick: dict[int, int] = {}
        self.matched: dict[int, int] = dict.fromkeys(range(tape.n_runners), 0)
        self.carry = 0
        self.swept = self.given = 0
        """what the aggressor now sweeping took so far in the record, and of it from us"""
        self.wanted_more = False
        """whether it would have taken more than there was"""
        day = day_of(int(tape.message_ms[0]))
        self.minimum = MINIMUM_STAKE[simulation.costs.currency].on(day)
        self.profit_ratio = PROFIT_RATIO.on(day)

    # --- the log -------------------------------------------------------------------------------------------------

    def note(
        self, order: Order, what: str, pence: int, now_ms: int, *, odds: int = 0, reason: str = "", leaves: int = -1
    ) -> None:
        delays = self.simulation.delays
        if what in ANSWERED:
            delay_ms = self.draws.delay_ms(delays.ack_ms, self.request, drawing.ANSWER)
        else:
            delay_ms = self.draws.delay_ms(delays.order_stream_ms, len(self.log), drawing.NEWS)
        leaves = pence if leaves < 0 else leaves
        self.log.append(Event(now_ms, now_ms + delay_ms, order, what, pence, leaves, odds, reason, micro_of(odds)))

    def fill(self, order: Order, pence: int, odds: int, what: str, now_ms: int, *, leaves: int = -1) -> None:
        """A match at odds in hundredths; `leaves` is how much less of the order stands, where that is not the stake."""
        self.note(order, what, pence, now_ms, odds=odds, leaves=leaves)
        self.account.add(self.log[-1])
        if what in MATCHED_IN_THE_BOOK:
            self.pressure.fill(order.runner, order.side, pence, odds, now_ms)
        order.remaining -= self.log[-1].leaves
        if order.remaining == 0:
            self.leave(order, now_ms)

    def rest(self, order: Order, now_ms: int) -> None:
        self.standing.append(order)
        self.world.our_orders_changed(now_ms)

    def leave(self, order: Order, now_ms: int) -> None:
        order.state = DONE
        if order in self.standing:
            self.standing.remove(order)
            self.world.our_orders_changed(now_ms)

    def end(self, order: Order, what: str, now_ms: int) -> None:
        self.note(order, what, order.remaining, now_ms)
        order.remaining = 0
        self.leave(order, now_ms)

    # --- the queue -----------------------------------------------------------------------------------------------

    def resting(self) -> list[Order]:
        """Our limit orders in the book, oldest first."""
        return [order for order in self.standing if order.kind == LIMIT]

    def others_at(self, price: Level, now_ms: int) -> int:
        return self.world.size(self.world.level_at(price), now_ms)

    def ours_at(self, price: Level) -> list[Order]:
        return [order for order in self.resting() if order.price == price]

    def stands_in_the_way(self, level: Level) -> bool:
        """Whether an order of ours in the other book rests at or through a level."""
        runner, book, tick = self.world.priced(level)
        against = [order for order in self.resting() if (order.runner, order.book) == (runner, other(book))]
        return any(order.tick == tick or is_better(order.book, order.tick, tick) for order in against)

    def keep_ahead_within(self, now_ms: int) -> None:
        """ahead = min(ahead, what the others display), whatever happened."""
        for order in self.resting():
            order.ahead = min(order.ahead, self.others_at(order.price, now_ms))

    def share_ahead(self, ahead: int, total: int, cancelled: int, row: int) -> int:
        """How much of a fall that no trade explains stood ahead; `row` is its row on the tape."""
        queue = self.simulation.queue
        if isinstance(queue, QueueNone) or total == 0:
            return 0
        if isinstance(queue, QueueBackBiased):
            return int(cancelled * ahead / total * (ahead / total) ** queue.k)
        if isinstance(queue, QueueSampled):
            places = total - cancelled + 1
            first = math.floor(self.draws.uniform(row, drawing.QUEUE) * places)
            behind = min(cancelled, max(0, first + cancelled - ahead))
            return cancelled - behind
        return cancelled * ahead // total

    # --- the reaction --------------------------------------------------------------------------------------------

    def work_out_shifts(self, now_ms: int) -> None:
        """The others stand where x, rounded toward 0, says; our resting orders feel what moved since the last time.

        Who meets us on the way moves the others too, so it is done until nobody moves any more.
        """
        for runner in range(self.tape.n_runners):
            self.shift(runner, int(self.pressure.at(runner, now_ms)))
            while runner in self.moved:
                self.moved.remove(runner)
                self.world.net_crossed(runner, now_ms)
                self.keep_ahead_within(now_ms)
                self.world.our_orders_changed(now_ms)
                self.meet_the_moved(runner, now_ms)
                self.shift(runner, int(self.pressure.at(runner, now_ms)))

    def shift(self, runner: int, ticks: int) -> None:
        if ticks != self.world.shift.get(runner, 0):
            self.world.shift[runner] = ticks
            self.moved.add(runner)

    def forget_pressure(self, now_ms: int) -> None:
        self.pressure.forget()
        self.work_out_shifts(now_ms)

    def meet_the_moved(self, runner: int, now_ms: int) -> None:
        """Where the best of the other side now stands at or through an order of ours they meet, at our price.

        With the first penny that moves them on they stop: where they stand then is for another look.
        """
        if not self.matching():
            return
        for book in (d.ATB, d.ATL):
            ours = [order for order in self.resting() if (order.runner, order.book) == (runner, book)]
            for order in sorted(ours, key=lambda order: order.tick, reverse=book == d.ATB):
                self.meet(order, now_ms)
        self.keep_ahead_within(now_ms)

    def meet(self, order: Order, now_ms: int) -> None:
        runner, hit, odds = order.runner, other(order.book), hundredths_of(order.tick)
        for tick, pence in self.world.displayed(runner, hit, now_ms):
            x = self.pressure.at(runner, now_ms)
            moved_on = int(x) != self.world.shift.get(runner, 0)
            if moved_on or order.remaining == 0 or is_better(hit, order.tick, tick):
                return
            met = pence_to_move(x, order.side, self.pressure.severity, odds, min(order.remaining, pence))
            self.world.displace(self.world.level_at((runner, hit, tick)), -met, now_ms)
            self.fill(order, met, odds, "passive", now_ms)

    # --- the record ----------------------------------------------------------------------------------------------

    def apply_message(self, message: int) -> int:
        """Message by number; returns its time, UTC ms."""
        tape = self.tape
        now_ms = int(tape.message_ms[message])
        self.world.message_ms = now_ms
        self.net_crossed(now_ms)
        self.work_out_shifts(now_ms)
        first, after = int(tape.message_row[message]), int(tape.message_row[message + 1])
        rows = [
            tuple(int(column[row]) for column in (tape.kind, tape.book, tape.runner, tape.tick, tape.size))
            for row in range(first, after)
        ]
        for i, (kind, book, runner, tick, size) in enumerate(rows):
            if kind == d.TRADE:
                following = rows[i + 1][:3] if i + 1 < len(rows) else None
                if i == 0 or rows[i - 1][:3] != (kind, book, runner):
                    self.wanted_more = self.draws.uniform(first + i, drawing.APPETITE) < self.simulation.appetite
                self.matched[runner] += size
                self.trade((runner, book, tick), size // 2, following != (kind, book, runner), now_ms)
            elif kind == d.PLACE:
                self.place_of_others((runner, book, tick), size, now_ms)
            elif kind == d.CANCEL:
                self.cancel_of_others((runner, book, tick), size, first + i, now_ms)
            elif kind == d.TRADE_UNATTRIBUTED:
                self.matched[runner] += size
                self.trade_unattributed(runner, tick, size // 2, now_ms)
            else:
                self.news(kind, runner, tick, size, now_ms)
            self.keep_ahead_within(now_ms)
        if self.close_is_over:
            self.lapse([order for order in self.standing if order.waits_for_close], now_ms)
            self.close_is_over = False
        self.net_crossed(now_ms)
        return now_ms

    def net_crossed(self, now_ms: int) -> None:
        for runner in range(self.tape.n_runners):
            self.world.net_crossed(runner, now_ms)
        self.keep_ahead_within(now_ms)

    def matching(self) -> bool:
        return self.status == d.OPEN

    def place_of_others(self, level: Level, pence: int, now_ms: int) -> None:
        runner, book, tick = self.world.priced(level)
        self.world.change_record(level, pence, now_ms)
        met = 0
        if self.matching():
            met = self.fill_beyond(runner, other(book), tick, pence, "passive", now_ms, at_too=True)
        self.world.displace(level, -met, now_ms)

    def cancel_of_others(self, level: Level, pence: int, row: int, now_ms: int) -> None:
        total = self.world.size(level, now_ms)
        self.world.change_record(level, -pence, now_ms)
        lost = total - self.world.size(level, now_ms)
        for order in self.ours_at(self.world.priced(level)):
            order.ahead -= self.share_ahead(order.ahead, total, lost, row)

    def match(self, order: Order, pence: int, what: str, now_ms: int) -> None:
        """A match at the order's price; out of a sweep it is passive as far as the sweep's recorded trades reach."""
        if what != "sweep":
            self.fill(order, pence, hundredths_of(order.tick), what, now_ms)
            return
        recorded = min(pence, self.swept - self.given)
        self.given += recorded
        for part, kind in ((recorded, "passive"), (pence - recorded, "unrecorded")):
            if part > 0:
                self.fill(order, part, hundredths_of(order.tick), kind, now_ms)

    def fill_beyond(
        self, runner: int, book: int, limit: int, want: int, what: str, now_ms: int, *, at_too: bool
    ) -> int:
        """Fill our orders in `book` priced better than `limit` (or at it too), best price first, then oldest."""
        hit = [
            order
            for order in self.resting()
            if (order.runner, order.book) == (runner, book)
            and (is_better(book, order.tick, limit) or (at_too and order.tick == limit))
        ]
        hit.sort(key=lambda order: order.tick if book == d.ATL else -order.tick)  # stable: oldest first at one price
        filled = 0
        for order in hit:
            pence = min(order.remaining, want - filled)
            if pence > 0:
                self.match(order, pence, what, now_ms)
                filled += pence
        return filled

    def walk_queue(
        self, price: Level, others: int, want: int, what: str, now_ms: int, *, at_most: int | None = None
    ) -> tuple[int, int]:
        """Take `want` from the front of a queue of `others` and our orders, `at_most` so much of ours; returns (others taken,
        ours filled)."""
        at_most = want if at_most is None else at_most
        taken = filled = 0
        for order in self.ours_at(price):
            taken += min(max(0, order.ahead - taken), want - taken - filled)
            pence = min(order.remaining, want - taken - filled, at_most - filled)
            if pence > 0:
                self.match(order, pence, what, now_ms)
                filled += pence
        for order in self.ours_at(price):
            order.ahead = max(0, order.ahead - taken)
        taken += min(others - taken, want - taken - filled)
        return taken, filled

    def trade(self, level: Level, pence: int, last: bool, now_ms: int) -> None:
        """A recorded aggressor takes `pence` at a level, `last` of its sweep."""
        others, before = self.world.size(level, now_ms), self.world.displacement(level, now_ms)
        if not self.matching():
            self.world.change_record(level, -pence, now_ms)
            return
        runner, book, tick = price = self.world.priced(level)
        want = pence + self.carry
        self.swept += pence
        cleared = self.wanted_more and self.world.record(level) == pence
        reach = max(want, 0) + (self.swept if cleared and last else 0)
        at_most = reach if cleared and last else min(reach, self.swept - self.given)
        filled = self.fill_beyond(runner, book, tick, at_most, "sweep", now_ms, at_too=False)
        taken, ours = self.walk_queue(price, others, reach - filled, "sweep", now_ms, at_most=at_most - filled)
        if cleared and not last:  # it went on, so in the world, too, nobody was left here
            taken = others
            for order in self.ours_at(price):
                order.ahead = 0
        self.carry = want - filled - ours - taken
        self.world.set_record(level, self.world.record(level) - pence)
        after = (others - taken) - self.world.record(level)
        if after != before or self.world.size(level, now_ms) != others - taken:
            self.world.set_displacement(level, after, now_ms)
        if not self.world.displacing:
            self.carry = 0
        if last:
            runner, book, tick = level
            self.world.displace((runner, other(book), tick), max(self.carry, 0), now_ms)
            self.carry = self.swept = self.given = 0

    def trade_unattributed(self, runner: int, tick: int, pence: int, now_ms: int) -> None:
        if self.simulation.unattributed == "none" or not self.matching():
            return
        left = pence
        for book in (d.ATB, d.ATL):
            price = self.world.priced((runner, book, tick))
            if self.ours_at(price):
                taken, ours = self.walk_queue(price, self.others_at(price, now_ms), left, "unattributed", now_ms)
                left -= taken + ours

    # --- news ----------------------------------------------------------------------------------------------------

    def news(self, kind: int, runner: int, tick: int, value: int, now_ms: int) -> None:
        if kind in (d.REPRICED, d.RECONCILED, d.HISTORY):
            self.matched[runner] += value
        elif kind == d.TRADED_FALL:
            self.matched[runner] -= value
        elif kind == d.LAST_TRADED:
            moved = self.world.priced((runner, d.NO_BOOK, tick))[2]
            self.last_tick[runner] = moved if tick >= 0 and 0 <= moved < N_TICKS else -1
        elif kind == d.IMAGE:
            self.world.forget_displacement()
            self.forget_pressure(now_ms)
        elif kind == d.STATUS:
            self.change_status(value, now_ms)
        elif kind == d.IN_PLAY:
            self.turn_in_play(bool(value), now_ms)
        elif kind == d.BET_DELAY:
            self.bet_delay_s = value
        elif kind == d.DELAY_MODEL:
            self.passive_exempt = bool(value)
        elif kind == d.STARTING_PRICE:
            self.reconciled = True
            match_at_close(self, runner, value, now_ms)
        elif kind == d.START:
            self.start_ms = int(self.tape.start_ms[value])
        elif kind == d.REMOVED:
            self.withdraw(runner, value, now_ms)
        elif kind == d.WINNERS:
            self.account.n_winners = value
        elif kind == d.RESULT:
            self.account.outcome[runner] = value

    def lapse(self, orders: list[Order], now_ms: int) -> None:
        """The newest first."""
        for order in reversed(orders):
            self.end(order, "lapsed", now_ms)

    def end_of_trading(self, now_ms: int, *, persisting_too: bool) -> None:
        """Our orders lapse; what waits for the starting price does so after the message, which may tell that price."""
        self.close_is_over = True
        leaving = [order for order in self.standing if persisting_too or order.persistence != PERSIST]
        self.lapse([order for order in leaving if not order.waits_for_close], now_ms)

    def change_status(self, status: int, now_ms: int) -> None:
        if self.status == d.OPEN and status != d.OPEN and not self.went_in_play:
            self.account.note_off(self, now_ms)
        self.status, self.status_since_ms = status, now_ms
        if status == d.SUSPENDED:
            self.world.forget_displacement()
            self.forget_pressure(now_ms)
            if self.in_play:
                self.end_of_trading(now_ms, persisting_too=False)
        if status == d.CLOSED:
            self.end_of_trading(now_ms, persisting_too=True)

    def turn_in_play(self, in_play: bool, now_ms: int) -> None:
        if in_play and not self.in_play:
            if self.status == d.OPEN and self.status_since_ms < now_ms and not self.went_in_play:
                self.account.note_off(self, now_ms)
            self.went_in_play = True
            self.end_of_trading(now_ms, persisting_too=False)
        self.in_play = in_play

    def withdraw(self, gone: int, factor: int, now_ms: int) -> None:
        """Bets and orders on the runner are void; a material factor cuts the others' bets and ends lays on them."""
        place_market = self.tape.info.market_type == "PLACE"
        material = factor >= (400 if place_market else 250)
        for order in reversed(list(self.standing)):
            if order.runner == gone or (material and order.side == d.LAY and order.kind == LIMIT):
                self.end(order, "voided", now_ms)
        self.account.withdraw(gone, factor if material else 0, on_winnings=place_market)
