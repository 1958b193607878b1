"""Order for order: does flumine say what we say, and if not, which of its defects says otherwise?

An order agrees when its state, every match (time, odds, pence), what was cancelled, and the average odds flumine itself reports
are ours. Where it does not, the disagreement is named only if
  1. the mended order, asked the same, was matched exactly as ours was, and
  2. by the moment plain and mended part, a defect was noted on it, or on an order whose turn at the runner's volume is before;
anything else is unexplained, and a failure.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest

from benchmarks.parity.feed import Recorded
from benchmarks.parity.mends import WHOLE_LEVELS, WITHDRAWAL
from benchmarks.parity.orders import LATENCY_MS, Outcome, Request
from benchmarks.parity.ours import Ours, replay_requests
from benchmarks.parity.theirs import Theirs, run_flumine

NEVER_HEARD = "a request waits for a message that never comes"
REDUCTION = "reduced odds"
OF_ANOTHER = " (of another order)"


@dataclass
class Tally:
    """One market's (or many markets') comparison: counts of orders, and the unexplained in words."""

    markets: int = 0
    requests: int = 0
    orders: int = 0
    matched: int = 0
    agreed: int = 0
    matches: int = 0
    matches_agreed: int = 0
    by_class: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another market in."""
        for name in ("markets", "requests", "orders", "matched", "agreed", "matches", "matches_agreed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.by_class.update(other.by_class)
        self.unexplained += other.unexplained


def compare_market(recorded: Recorded) -> Tally:
    """Run flumine and our preset on one market and compare every order."""
    tally = Tally(markets=1)
    for theirs in run_flumine(recorded):
        ours = replay_requests(recorded, theirs.requests)
        compare_strategy(recorded, theirs, ours, tally)
    return tally


def compare_strategy(recorded: Recorded, theirs: Theirs, ours: Ours, tally: Tally) -> None:
    """Count one strategy's orders in."""
    places = [request for request in theirs.requests if request.kind == "place"]
    tally.requests += len(theirs.requests)
    last_ms = int(recorded.tape.message_ms[-1])
    for n, place in enumerate(places):
        plain, settled = theirs.plain[n], ours.settled[n]
        tally.orders += 1
        tally.matched += bool(settled.matches)
        tally.matches += len(settled.matches)
        if agrees(plain, theirs.said[n], settled):
            tally.agreed += 1
            tally.matches_agreed += len(settled.matches)
            continue
        names = _names(n, places, theirs, ours, last_ms)
        tally.by_class.update([" + ".join(sorted(names))] if names else [])
        if not names:
            where = f"{recorded.file} {recorded.tape.market_id} {theirs.strategy}"
            told = f"flumine {plain}, mended {theirs.mended[n]}, ours {ours.made[n]}"
            tally.unexplained.append(f"{where} order {n} {place}: {told}, noted {sorted(theirs.names[n])}")


def agrees(plain: Outcome, said: tuple[float, float], settled: Outcome) -> bool:
    """Whether flumine's order is ours: state, matches, cancels, and the totals flumine reports."""
    same = plain == settled
    average_odds, matched_pounds = said
    reported = (
        abs(average_odds - settled.average_odds) < 0.0101 and round(matched_pounds * 100) == settled.matched_pence
    )
    return same and reported


def _names(n: int, places: list[Request], theirs: Theirs, ours: Ours, last_ms: int) -> set[str]:
    """The named reasons of a disagreement; empty: there is none."""
    if theirs.mended[n] != ours.made[n]:
        never = theirs.plain[n].state == "pending" and places[n].time_ms + LATENCY_MS >= last_ms
        return {NEVER_HEARD} if never else set()
    if ours.gone[n] and theirs.plain[n] == ours.made[n]:
        return {WITHDRAWAL}
    if _only_odds_differ(theirs.plain[n], ours.settled[n]) and ours.reduced:
        return {REDUCTION}
    forgotten = ours.gone[n] and not theirs.plain[n].matches  # a withdrawal wiped flumine's matches out
    parted_ms = math.inf if forgotten else _parted_ms(theirs.plain[n], theirs.mended[n])
    own = {name for name, noted_ms in theirs.names[n].items() if noted_ms <= parted_ms}
    if own:
        return own
    before = [m for m in range(len(places)) if m != n and _turn(places, m) < _turn(places, n)]
    shared = [theirs.names[m] for m in before if places[m].runner == places[n].runner]
    noted = {name for names in shared for name, noted_ms in names.items() if noted_ms <= parted_ms}
    return {f"{name}{OF_ANOTHER}" for name in noted - {WHOLE_LEVELS}}  # a fill or kill never waits for volume


def _turn(places: list[Request], n: int) -> tuple[int, int, int]:
    """When flumine lets an order look at traded volume: lays from the highest price, backs from the lowest, older first."""
    return places[n].side, places[n].side * places[n].tick, n


def _parted_ms(plain: Outcome, mended: Outcome) -> float:
    """When the plain and the mended order were first matched differently; infinity where only cancels differ."""
    (plainly, _), (mendedly, _) = (
        _without_odds(plain),
        _without_odds(mended),
    )  # withdrawals cut a plain order's odds afterwards
    apart = [pair for pair in zip_longest(plainly, mendedly) if pair[0] != pair[1]]
    return min((match[0] for match in apart[0] if match), default=math.inf) if apart else math.inf


def _only_odds_differ(plain: Outcome, settled: Outcome) -> bool:
    return _without_odds(plain) == _without_odds(settled)


def _without_odds(outcome: Outcome) -> tuple[list[tuple[int, int]], tuple[str, int]]:
    return [(ms, pence) for ms, _, pence in outcome.matches], (outcome.state, outcome.cancelled_pence)
