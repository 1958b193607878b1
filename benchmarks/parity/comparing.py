"""Order for order: does flumine say what we say, and if not, which of its defects says otherwise?

An order agrees when its state, every match (time, odds, pence), what was cancelled, and the average odds flumine itself reports
are ours. Where it does not, the disagreement is named only if
  1. the mended order, asked the same, was matched exactly as ours was, and
  2. a defect was noted on it, or on another order of the same strategy and runner, which shares its volume;
anything else is unexplained, and a failure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.parity.feed import Recorded
from benchmarks.parity.orders import LATENCY_MS, Outcome, Request
from benchmarks.parity.ours import Ours, replay_requests
from benchmarks.parity.theirs import Theirs, run_flumine

NEVER_HEARD = "a request waits for a message that never comes"
REDUCTION = "reduced odds"


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
    if theirs.names[n]:
        return theirs.names[n]
    if _only_odds_differ(theirs.plain[n], ours.settled[n]) and ours.reduced[n]:
        return {REDUCTION}
    shares = [m for m, place in enumerate(places) if place.runner == places[n].runner and m != n]
    return {f"{name} (of another order)" for m in shares for name in theirs.names[m]}


def _only_odds_differ(plain: Outcome, settled: Outcome) -> bool:
    apart = [(ms, pence) for ms, _, pence in plain.matches], [(ms, pence) for ms, _, pence in settled.matches]
    return (plain.state, plain.cancelled_pence) == (settled.state, settled.cancelled_pence) and apart[0] == apart[1]
