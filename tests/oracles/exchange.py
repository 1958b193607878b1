"""The matching of one market, told slowly: the record moves on, our orders arrive, are filled, lapse and are settled.

Written from docs and docstrings, not from the kernels. Side is a sign; every step works on whole lists of orders.
"""

from __future__ import annotations

from simcore import dtypes as d
from simcore.models.queue import QueueBackBiased, QueueNone
from simcore.models.rules_by_date import MINIMUM_STAKE, day_of
from simcore.models.simulation import Simulation
from simcore.tapes.tape import Tape
from simcore.units import ODDS_HUNDREDTHS
from tests.oracles.account import Account
from tests.oracles.book_of_orders import DONE, MICRO, STANDING, Event, Order, odds_micro
from tests.oracles.world import Level, World, is_better, other


class Exchange:
    """State of a market and of our orders in it."""

    def __init__(self, tape: Tape, simulation: Simulation) -> None:
        self.tape, self.simulation = tape, simulation
        self.world = World(simulation.refill, displacing=simulation.displacement)
        self.orders: list[Order] = []
        self.standing: list[Order] = []
        self.log: list[Event] = []
        self.account = Account(tape)
        self.status, self.in_play, self.bet_delay_s = d.INACTIVE, False, 0
        self.status_since_ms, self.went_in_play = 0, False
        self.start_ms: int | None = None
        self.last_tick: dict[int, int] = {}
        self.matched: dict[int, int] = dict.fromkeys(range(tape.n_runners), 0)
        self.carry = 0
        self.minimum = MINIMUM_STAKE[simulation.costs.currency].on(day_of(int(tape.message_ms[0])))

    # --- the log -------------------------------------------------------------------------------------------------

    def note(self, order: Order, what: str, pence: int, now_ms: int, *, tick: int = -1, reason: str = "") -> None:
        delays = self.simulation.delays
        answered = what in ("aggressive", "cancelled", "refused")
        known_ms = now_ms + (delays.ack_ms if answered else delays.order_stream_ms)
        self.log.append(Event(now_ms, known_ms, order, what, pence, tick, reason))

    def fill(self, order: Order, pence: int, tick: int, what: str, now_ms: int) -> None:
        self.note(order, what, pence, now_ms, tick=tick)
        self.log[-1].odds_micro = odds_micro(tick)
        self.account.add(self.log[-1])
        order.remaining -= pence
        if order.remaining == 0:
            self.leave(order)

    def leave(self, order: Order) -> None:
        order.state = DONE
        if order in self.standing:
            self.standing.remove(order)

    def end(self, order: Order, what: str, now_ms: int) -> None:
        self.note(order, what, order.remaining, now_ms)
        order.remaining = 0
        self.leave(order)

    # --- the queue -----------------------------------------------------------------------------------------------

    def ours_at(self, level: Level) -> list[Order]:
        return [order for order in self.standing if order.level == level]

    def keep_ahead_within(self, now_ms: int) -> None:
        """ahead = min(ahead, what the others display), whatever happened."""
        for order in self.standing:
            order.ahead = min(order.ahead, self.world.size(order.level, now_ms))

    def share_ahead(self, ahead: int, total: int, cancelled: int) -> int:
        queue = self.simulation.queue
        if isinstance(queue, QueueNone) or total == 0:
            return 0
        if isinstance(queue, QueueBackBiased):
            return int(cancelled * ahead / total * (ahead / total) ** queue.k)
        return cancelled * ahead // total

    # --- the record ----------------------------------------------------------------------------------------------

    def apply_message(self, message: int) -> int:
        """Message by number; returns its time, UTC ms."""
        tape = self.tape
        now_ms = int(tape.message_ms[message])
        self.world.message_ms = now_ms
        self.net_crossed(now_ms)
        first, after = int(tape.message_row[message]), int(tape.message_row[message + 1])
        rows = [
            tuple(int(column[row]) for column in (tape.kind, tape.book, tape.runner, tape.tick, tape.size))
            for row in range(first, after)
        ]
        for i, (kind, book, runner, tick, size) in enumerate(rows):
            if kind == d.TRADE:
                following = rows[i + 1][:3] if i + 1 < len(rows) else None
                self.matched[runner] += size
                self.trade((runner, book, tick), size // 2, following != (kind, book, runner), now_ms)
            elif kind == d.PLACE:
                self.place_of_others((runner, book, tick), size, now_ms)
            elif kind == d.CANCEL:
                self.cancel_of_others((runner, book, tick), size, now_ms)
            elif kind == d.TRADE_UNATTRIBUTED:
                self.matched[runner] += size
                self.trade_unattributed(runner, tick, size // 2, now_ms)
            else:
                self.news(kind, runner, tick, size, now_ms)
            self.keep_ahead_within(now_ms)
        self.net_crossed(now_ms)
        return now_ms

    def net_crossed(self, now_ms: int) -> None:
        for runner in range(self.tape.n_runners):
            self.world.net_crossed(runner, now_ms)
        self.keep_ahead_within(now_ms)

    def matching(self) -> bool:
        return self.status == d.OPEN

    def place_of_others(self, level: Level, pence: int, now_ms: int) -> None:
        runner, book, tick = level
        self.world.change_record(level, pence, now_ms)
        met = 0
        if self.matching():
            met = self.fill_beyond(runner, other(book), tick, pence, now_ms, at_too=True)
        self.world.displace(level, -met, now_ms)

    def cancel_of_others(self, level: Level, pence: int, now_ms: int) -> None:
        total = self.world.size(level, now_ms)
        self.world.change_record(level, -pence, now_ms)
        for order in self.ours_at(level):
            order.ahead -= self.share_ahead(order.ahead, total, min(pence, total))

    def fill_beyond(self, runner: int, book: int, limit: int, want: int, now_ms: int, *, at_too: bool) -> int:
        """Fill our orders in `book` priced better than `limit` (or at it too), best price first, then oldest."""
        hit = [
            order
            for order in self.standing
            if (order.runner, order.book) == (runner, book)
            and (is_better(book, order.tick, limit) or (at_too and order.tick == limit))
        ]
        hit.sort(key=lambda order: order.tick if book == d.ATL else -order.tick)  # stable: oldest first at one price
        filled = 0
        for order in hit:
            pence = min(order.remaining, want - filled)
            if pence > 0:
                self.fill(order, pence, order.tick, "passive", now_ms)
                filled += pence
        return filled

    def walk_queue(self, level: Level, others: int, want: int, what: str, now_ms: int) -> tuple[int, int]:
        """Take `want` from the front of a queue of `others` and our orders; returns (others taken, ours filled)."""
        taken = filled = 0
        for order in self.ours_at(level):
            taken += min(max(0, order.ahead - taken), want - taken - filled)
            pence = min(order.remaining, want - taken - filled)
            if pence > 0:
                self.fill(order, pence, order.tick, what, now_ms)
                filled += pence
        for order in self.ours_at(level):
            order.ahead = max(0, order.ahead - taken)
        taken += min(others - taken, want - taken - filled)
        return taken, filled

    def trade(self, level: Level, pence: int, last: bool, now_ms: int) -> None:
        """A recorded aggressor takes `pence` at a level, `last` of its sweep."""
        runner, book, tick = level
        others, before = self.world.size(level, now_ms), self.world.displacement(level, now_ms)
        if not self.matching():
            self.world.change_record(level, -pence, now_ms)
            return
        want = pence + self.carry
        filled = self.fill_beyond(runner, book, tick, want, now_ms, at_too=False)
        taken, ours = self.walk_queue(level, others, want - filled, "passive", now_ms)
        self.carry = want - filled - ours - taken
        self.world.set_record(level, self.world.record(level) - pence)
        after = (others - taken) - self.world.record(level)
        self.world.displace(level, after - before, now_ms)
        if not self.world.displacing:
            self.carry = 0
        if last:
            self.world.displace((runner, other(book), tick), self.carry, now_ms)
            self.carry = 0

    def trade_unattributed(self, runner: int, tick: int, pence: int, now_ms: int) -> None:
        if self.simulation.unattributed == "none" or not self.matching():
            return
        left = pence
        for book in (d.ATB, d.ATL):
            level = (runner, book, tick)
            if self.ours_at(level):
                taken, ours = self.walk_queue(level, self.world.size(level, now_ms), left, "unattributed", now_ms)
                left -= taken + ours

    # --- news ----------------------------------------------------------------------------------------------------

    def news(self, kind: int, runner: int, tick: int, value: int, now_ms: int) -> None:
        if kind in (d.REPRICED, d.RECONCILED, d.HISTORY):
            self.matched[runner] += value
        elif kind == d.TRADED_FALL:
            self.matched[runner] -= value
        elif kind == d.LAST_TRADED:
            self.last_tick[runner] = tick
        elif kind == d.IMAGE:
            self.world.forget_displacement()
        elif kind == d.STATUS:
            self.change_status(value, now_ms)
        elif kind == d.IN_PLAY:
            self.turn_in_play(bool(value), now_ms)
        elif kind == d.BET_DELAY:
            self.bet_delay_s = value
        elif kind == d.START:
            self.start_ms = int(self.tape.start_ms[value])
        elif kind == d.REMOVED:
            self.withdraw(runner, value, now_ms)
        elif kind == d.WINNERS:
            self.account.n_winners = value
        elif kind == d.RESULT:
            self.account.outcome[runner] = value

    def lapse(self, now_ms: int, *, persisting_too: bool) -> None:
        for order in list(self.standing):
            if persisting_too or not order.persists:
                self.end(order, "lapsed", now_ms)

    def change_status(self, status: int, now_ms: int) -> None:
        if self.status == d.OPEN and status != d.OPEN and not self.went_in_play:
            self.account.note_off(self, now_ms)
        self.status, self.status_since_ms = status, now_ms
        if status == d.SUSPENDED:
            self.world.forget_displacement()
            if self.in_play:
                self.lapse(now_ms, persisting_too=False)
        if status == d.CLOSED:
            self.lapse(now_ms, persisting_too=True)

    def turn_in_play(self, in_play: bool, now_ms: int) -> None:
        if in_play and not self.in_play:
            if self.status == d.OPEN and self.status_since_ms < now_ms and not self.went_in_play:
                self.account.note_off(self, now_ms)
            self.went_in_play = True
            self.lapse(now_ms, persisting_too=False)
        self.in_play = in_play

    def withdraw(self, gone: int, factor: int, now_ms: int) -> None:
        """Bets and orders on the runner are void; a material factor cuts the others' bets and ends lays on them."""
        place_market = self.tape.info.market_type == "PLACE"
        material = factor >= (400 if place_market else 250)
        for order in list(self.standing):
            if order.runner == gone or (material and order.side == d.LAY):
                self.end(order, "voided", now_ms)
        self.account.withdraw(gone, factor if material else 0, on_winnings=place_market)

    # --- our requests --------------------------------------------------------------------------------------------

    def refusal(self, order: Order) -> str:
        """Why the exchange would not take the order now; empty = it takes it."""
        minimum = self.minimum
        if not self.matching():
            return "market_suspended"
        if order.runner in self.account.gone:
            return "runner_removed"
        if order.tick < 0:
            return "invalid_price"
        payout = order.size * int(ODDS_HUNDREDTHS[order.tick])
        small = order.size < minimum.stake_pence and payout < minimum.payout_pence * 100
        if self.simulation.costs.minimum_stake and small:
            return "minimum_stake"
        for mine in self.standing:
            opposed = mine.runner == order.runner and mine.side == -order.side
            if opposed and order.side * (order.tick - mine.tick) <= 0:
                return "own_cross"
        exposure = self.account.exposure([*self.standing, order])
        if exposure > round(self.simulation.costs.funds_pounds * 100) * MICRO:
            return "insufficient_funds"
        self.account.largest_liability = max(self.account.largest_liability, exposure)
        return ""

    def arrive(self, order: Order, now_ms: int) -> None:
        """An order of ours reaches the exchange: best execution first, the rest joins the queue."""
        reason = self.refusal(order)
        if reason:
            self.note(order, "refused", order.remaining, now_ms, reason=reason)
            order.remaining, order.state = 0, DONE
            return
        self.net_crossed(now_ms)
        order.accepted_ms = now_ms
        order.state = STANDING
        hit = other(order.book)
        for tick, pence in self.world.levels(order.runner, hit, now_ms):
            if order.remaining == 0 or is_better(hit, order.tick, tick):
                break
            take = min(pence, order.remaining)
            self.world.displace((order.runner, hit, tick), -take, now_ms)
            self.fill(order, take, tick, "aggressive", now_ms)
        if order.remaining > 0:
            order.ahead = self.world.size(order.level, now_ms)
            self.standing.append(order)

    def cancel(self, order: Order, pence: int, now_ms: int) -> None:
        """A cancel or size reduction reaches the exchange; cutting keeps the place in the queue."""
        if not self.matching():
            self.note(order, "refused", 0, now_ms, reason="market_suspended")
            return
        if order.state != STANDING:
            self.note(order, "refused", 0, now_ms, reason="bet_taken_or_lapsed")
            return
        if pence >= order.remaining:
            self.end(order, "cancelled", now_ms)
            return
        order.remaining -= pence
        self.note(order, "cancelled", pence, now_ms)
