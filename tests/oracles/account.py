"""What our bets stand to win and lose: every question is answered by trying all outcomes of the market.

Money of bets is kept in micropence (10⁻⁶ pence), whole numbers throughout.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING

from simcore import dtypes as d
from simcore.tapes.tape import Tape
from simcore.units import ODDS_HUNDREDTHS
from tests.oracles.book_of_orders import FILLS, MICRO, Bets, Event, Order, micro_of

if TYPE_CHECKING:
    from tests.oracles.exchange import Exchange

LEAST_ODDS = 1_010_000


def outcomes(runners: list[int], winners: int) -> Iterable[tuple[int, ...]]:
    """Every way the market can end: which runners win."""
    return combinations(runners, min(winners, len(runners)))


def reduced(odds: int, factor: int, *, on_winnings: bool) -> int:
    """Odds × 10⁶ after a reduction factor in hundredths of a percent: of the odds, or of the winnings in place markets."""
    kept = 10_000 - factor
    if on_winnings:
        return max(LEAST_ODDS, MICRO + (odds - MICRO) * kept // 10_000)
    return max(LEAST_ODDS, odds * kept // 10_000)


class Account:
    """Bets of one market, worked out afresh from the fills each time somebody asks."""

    def __init__(self, tape: Tape) -> None:
        self.runners = list(range(tape.n_runners))
        self.fills: list[Event] = []
        self.gone: dict[int, tuple[int, int]] = {}  # runner -> (its material factor, fills matched before it went)
        self.n_winners = 1
        self.outcome: dict[int, int] = {}
        self.mark_at_off = 0
        self.residual_at_off = 0
        self.largest_position = 0
        self.largest_liability = 0

    def bets(self, runner: int, *, heard_only: bool = False) -> Bets:
        bets = Bets()
        if runner in self.gone:
            return bets
        for event in self.fills:
            if event.order.runner == runner and (event.heard or not heard_only):
                bets.add(event.order.side, event.pence, event.odds_micro)
        return bets

    def add(self, event: Event) -> None:
        assert event.what in FILLS
        self.fills.append(event)
        bets = self.bets(event.order.runner)
        self.largest_position = max(self.largest_position, abs(bets.win - bets.lose))

    def withdraw(self, gone: int, factor: int, *, on_winnings: bool) -> None:
        _, before = self.gone.get(gone, (0, len(self.fills)))
        self.gone[gone] = (factor, before)  # a second word corrects the first one's factor, not its time
        for number, event in enumerate(self.fills):
            event.odds_micro = micro_of(event.odds_hundredths)
            for each, matched_before in self.gone.values():
                if each > 0 and number < matched_before:
                    event.odds_micro = reduced(event.odds_micro, each, on_winnings=on_winnings)

    def profits(self, unmatched: Iterable[Order] = ()) -> list[int]:
        """Profit in every outcome, each unmatched order at its worst: matched if it would lose there, else not."""
        bets = {runner: self.bets(runner) for runner in self.runners}
        for order in unmatched:
            order.at_worst(bets[order.runner])
        still_in = [runner for runner in self.runners if runner not in self.gone]
        return [
            sum(each.win if runner in winners else each.lose for runner, each in bets.items())
            for winners in outcomes(still_in, self.n_winners)
        ]

    def exposure(self, unmatched: Iterable[Order]) -> int:
        return max(0, -min(self.profits(unmatched)))

    def chance(self, exchange: Exchange, runner: int, now_ms: int) -> float | None:
        """Probability the touch of the others implies."""
        ticks = [exchange.world.best(runner, book, now_ms) for book in (d.ATB, d.ATL)]
        prices = [int(ODDS_HUNDREDTHS[tick]) for tick in ticks if tick is not None]
        if len(prices) == 2:
            return 50.0 / prices[0] + 50.0 / prices[1]
        if len(prices) == 1:
            return 100.0 / prices[0]
        last = exchange.last_tick.get(runner, -1)
        return 100.0 / int(ODDS_HUNDREDTHS[last]) if last >= 0 else None

    def mark(self, exchange: Exchange, now_ms: int) -> int:
        """What the matched bets are worth at the touch of the others."""
        total = 0
        for runner in self.runners:
            bets = self.bets(runner)
            if bets.win == bets.lose == 0:
                continue
            chance = self.chance(exchange, runner, now_ms)
            if chance is None:
                total += min(bets.win, bets.lose)
            else:
                total += bets.lose + int((bets.win - bets.lose) * chance)
        return total

    def note_off(self, exchange: Exchange, now_ms: int) -> None:
        profits = self.profits()
        self.mark_at_off = self.mark(exchange, now_ms)
        self.residual_at_off = max(profits) - min(profits)

    def winners(self) -> list[int]:
        return [r for r in self.runners if self.outcome.get(r) == d.WINNER and r not in self.gone]

    def settle(self) -> int:
        """Profit on the result; in a dead heat a bet wins by expected / actual winners and loses by the rest."""
        winners = self.winners()
        paid = min(self.n_winners, len(winners))
        total = 0
        for runner in self.runners:
            bets = self.bets(runner)
            won = runner in winners
            total += (bets.win * paid + bets.lose * (len(winners) - paid)) // len(winners) if won else bets.lose
        return total
