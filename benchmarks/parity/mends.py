"""flumine's orders, mended: each mend is one named defect of flumine, and notes its name on the orders it touches.

A mended order is asked the same things at the same time as the plain one beside it. Where our simulator agrees with the
mended order to the penny, and the plain one differs, the names noted say which defects of flumine made the difference.

The matching rule itself is flumine's own code, run on the volume that was traded.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from flumine.simulation.simulatedorder import SimulatedOrder
from flumine.simulation.utils import SimulatedPlaceResponse

from benchmarks.parity.feed import Recorded
from benchmarks.parity.orders import LATENCY_MS, Match
from simcore.dtypes import (
    BET_DELAY,
    HISTORY,
    IN_PLAY,
    RECONCILED,
    REMOVED,
    REPRICED,
    TRADE,
    TRADE_UNATTRIBUTED,
)
from simcore.units import ODDS_HUNDREDTHS

REVALUED = "revaluation taken for trades"
AUCTION = "starting-price auction taken for trades"
IMAGES = "volume of an image taken for trades"
LAPSING = "lapses by version under suspension"
WITHDRAWAL = "withdrawals"
DELAY = "bet delay at the wrong moment"
GHOST = "ended orders that live on"
WHOLE_LEVELS = "fill or kill by whole levels"
CLASSES = {REPRICED: REVALUED, RECONCILED: AUCTION, HISTORY: IMAGES}


class Truth:
    """What the tape says of a message: which rises of traded volume are trades, and the bet delay at a moment."""

    def __init__(self, recorded: Recorded) -> None:
        tape = recorded.tape
        self.messages_at: dict[int, list[int]] = defaultdict(list)
        for m, published_ms in enumerate(recorded.published_ms):
            self.messages_at[published_ms].append(m)
        self.turn: dict[int, int] = defaultdict(int)
        runners = tape.info.runners
        self.index = {(runner.selection_id, runner.handicap): i for i, runner in enumerate(runners)}
        message = np.repeat(np.arange(tape.n_messages), np.diff(tape.message_row))
        self._rows: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        for row in np.flatnonzero((tape.kind >= TRADE) & (tape.kind <= HISTORY)):
            key = (int(message[row]), int(tape.runner[row]))
            self._rows[key].append((int(tape.kind[row]), int(tape.tick[row]), int(tape.size[row])))
        self._cleaned: dict[tuple[int, int, int], list[tuple[str, int]]] = {}
        self._delays = self._bet_delays(tape, message)
        material = 400 if tape.info.market_type == "PLACE" else 250
        self._withdrawn: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        for row in np.flatnonzero(tape.kind == REMOVED):
            known = (int(tape.runner[row]), bool(tape.size[row] >= material))
            self._withdrawn[int(message[row])].append(known)

    @staticmethod
    def _bet_delays(tape: Any, message: Any) -> list[tuple[int, int]]:
        """(ms, bet delay in seconds from then on; 0 while not in-play)."""
        delay, in_play, steps = 0, 0, []
        for row in np.flatnonzero((tape.kind == BET_DELAY) | (tape.kind == IN_PLAY)):
            if tape.kind[row] == BET_DELAY:
                delay = int(tape.size[row])
            else:
                in_play = int(tape.size[row])
            steps.append((int(tape.message_ms[message[row]]), delay * in_play))
        return steps

    def bet_delay_s(self, at_ms: int) -> int:
        """Bet delay in force after the messages published by `at_ms`, seconds."""
        known = [delay for ms, delay in self._delays if ms <= at_ms]
        return known[-1] if known else 0

    def next_message(self, published_ms: int) -> None:
        """flumine has finished a book published then."""
        self._cleaned.clear()
        self.turn[published_ms] += 1

    def withdrawals(self, published_ms: int) -> list[tuple[int, bool]]:
        """(runner, whether its factor is material) of the withdrawals in the current message."""
        return self._withdrawn.get(self.messages_at[published_ms][self.turn[published_ms]], [])

    def rises(self, published_ms: int, runner: tuple[int, float]) -> list[tuple[int, int, int]]:
        """(kind, tick, two-sided pence) of every rise of a runner's volume in the current message."""
        message = self.messages_at[published_ms][self.turn[published_ms]]
        return self._rows.get((message, self.index[runner]), [])

    def clean(
        self, published_ms: int, runner: tuple[int, float], strategy: Any, shared: dict[float, float]
    ) -> list[tuple[str, int]]:
        """Leave in `shared`, the volume a strategy's orders share, only what was traded in the current message.

        Returns (class, odds in hundredths or -1) of what was no trade; the second order to ask changes nothing any more.
        """
        message = self.messages_at[published_ms][self.turn[published_ms]]
        key = (message, self.index[runner], id(strategy))
        if key in self._cleaned:
            return self._cleaned[key]
        traded: dict[int, int] = defaultdict(int)
        no_trade = []
        for kind, tick, pence in self.rises(published_ms, runner):
            odds = int(ODDS_HUNDREDTHS[tick]) if tick >= 0 else -1
            if kind in (TRADE, TRADE_UNATTRIBUTED):
                traded[odds] += pence
            else:
                no_trade.append((CLASSES[kind], odds))
        shared.clear()
        shared.update((odds / 100, traded[odds] / 100) for odds in sorted(traded))
        self._cleaned[key] = no_trade
        return no_trade


class MendedOrder(SimulatedOrder):  # type: ignore[misc]
    """One order as flumine would simulate it without its defects; `ledger` keeps its matches as they were made,
    `names` which mends took hold of it and when first (UTC ms)."""

    def __init__(self, order: Any, truth: Truth) -> None:
        super().__init__(order)
        self.truth = truth
        self.ledger: list[Match] = []
        self.names: dict[str, int] = {}
        self.stood: tuple[Any, ...] = ()
        self.was_in_play = False
        self.was_suspended = False

    def place(self, order_package: Any, market_book: Any, instruction: Any, bet_id: int) -> SimulatedPlaceResponse:
        """Delay: the bet delay counts as it stands when the request arrives, and is over after it, not at it."""
        sent_ms = round(order_package.date_time_created.timestamp() * 1000)
        wait_ms = LATENCY_MS + 1000 * self.truth.bet_delay_s(sent_ms + LATENCY_MS)
        waited_ms = round(order_package.elapsed_seconds * 1000)
        if waited_ms <= wait_ms:
            self.note(DELAY, sent_ms)
            return SimulatedPlaceResponse(status="DELAY")
        response = super().place(order_package, market_book, instruction, bet_id)
        self.ledger = [_match(match) for match in self.matched]
        self.was_in_play = market_book.inplay
        self.was_suspended = market_book.status == "SUSPENDED"
        return response

    def __call__(self, market_book: Any, runner_traded: tuple[Any, dict[Any, Any]]) -> None:
        stands = (market_book.version, market_book.status, market_book.inplay)
        if not runner_traded[1] and stands == self.stood and not self._touched(market_book.publish_time_epoch):
            return
        self.stood = stands
        if not self.size_remaining:
            if self._piq and any(self._reaches(round(price * 100)) for price in runner_traded[1]):
                self.note(GHOST, market_book.publish_time_epoch)
            return
        self._withdraw(market_book)
        self._lapse(market_book)
        runner, shared = runner_traded
        key = (runner.selection_id, runner.handicap)
        no_trade = self.truth.clean(market_book.publish_time_epoch, key, self.order.trade.strategy, shared)
        for name, odds in no_trade:
            if odds < 0 or self._reaches(odds):
                self.note(name, market_book.publish_time_epoch)
        if not self.size_remaining:
            return
        before = len(self.matched)
        self._process_traded(market_book.publish_time_epoch, shared)
        self.ledger += [_match(match) for match in self.matched[before:]]

    def _touched(self, published_ms: int) -> bool:
        """Whether the message has a withdrawal, or a rise of the runner's volume (the first to look may have taken it out)."""
        runner = (self.order.selection_id, self.order.handicap)
        return bool(self.truth.rises(published_ms, runner) or self.truth.withdrawals(published_ms))

    def note(self, name: str, published_ms: int) -> None:
        """A mend takes hold of this order, for the first time at `published_ms`."""
        self.names.setdefault(name, published_ms)

    def _reaches(self, odds: int) -> bool:
        price = round(self.order.order_type.price * 100)
        return odds >= price if self.side == "BACK" else odds <= price

    def _process_price_matched_vwap(
        self, publish_time: int, price: float, size: float, available: list[Any], min_fill_size: float
    ) -> None:
        """Fill or kill goes on to worse prices to the penny where its average is its price, an average that is not rounded.

        spare : Σ stake · (how much better than its price), hundredths of a penny
        """
        self.note(WHOLE_LEVELS, publish_time)
        left, spare, fills = round(size * 100), 0, []
        for level in available:
            gain = round((level["price"] - price) * 100) * (1 if self.side == "BACK" else -1)
            offered = min(left, round(level["size"] * 100))
            pence = offered if gain >= 0 else min(offered, spare // -gain)
            left, spare = left - pence, spare + gain * pence
            fills += [[publish_time, level["price"], pence / 100]] if pence else []
            if pence < offered or not left:
                break
        if sum(fill[2] for fill in fills) >= min_fill_size - 0.001:
            for fill in fills:
                self._update_matched(fill)

    def _lapse(self, market_book: Any) -> None:
        """LAPSE ends an order at the turn in-play and at a suspension in-play, not at a suspension before the off."""
        suspended = market_book.status == "SUSPENDED"
        turned = market_book.inplay and not self.was_in_play
        stopped = suspended and not self.was_suspended and market_book.inplay
        ends = self.order.order_type.persistence_type == "LAPSE" and (turned or stopped)
        bumped, self.market_version = market_book.version != self.market_version, market_book.version
        if ends != (bumped and suspended and self.order.order_type.persistence_type == "LAPSE"):
            self.note(LAPSING, market_book.publish_time_epoch)
        if ends:
            self.size_lapsed += self.size_remaining
        self.was_in_play, self.was_suspended = market_book.inplay, suspended

    def _withdraw(self, market_book: Any) -> None:
        """A withdrawal ends orders on the runner, and with a material factor unmatched lays on the others."""
        for runner, material in self.truth.withdrawals(market_book.publish_time_epoch):
            mine = self.truth.index[(self.order.selection_id, self.order.handicap)] == runner
            if mine or (material and self.side == "LAY"):
                self.note(WITHDRAWAL, market_book.publish_time_epoch)
                self.size_voided += self.size_remaining


def _match(match: list[Any]) -> Match:
    published_ms, price, size = match
    return int(published_ms), round(price * 100), round(size * 100)
