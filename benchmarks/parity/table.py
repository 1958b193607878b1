"""docs/parity.md: the comparison in numbers, and each named disagreement with what it is known by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.parity.comparing import NEVER_HEARD, OF_ANOTHER, REDUCTION, Tally
from benchmarks.parity.mends import AUCTION, DELAY, GHOST, IMAGES, LAPSING, REVALUED, WHOLE_LEVELS, WITHDRAWAL

HERE = "reproduced in tests/parity"
KNOWN = {
    REVALUED: (
        "After a withdrawal or a change of currency rates the traded volume is written anew, partly at other prices. flumine "
        "takes each rise for trades and fills orders with it.",
        HERE,
    ),
    AUCTION: (
        "Volume of the starting-price auction, published while the market is suspended, fills limit orders like any other "
        "trade. Meant so: orders are matched before they lapse since pull request 814.",
        "betcode-org/flumine #814",
    ),
    IMAGES: (
        "What an image in the middle of a stream brings at once, the history of a gap, fills orders as if traded now.",
        HERE,
    ),
    LAPSING: (
        "LAPSE orders end at any suspension that changes the market's version, before the off too (the second an hour in which "
        "currency rates change is one), and live on at a turn in-play or a suspension where it does not (pull request 367).",
        "betcode-org/flumine #367",
    ),
    WITHDRAWAL: (
        "Unmatched lays on the other runners survive a material withdrawal (pull request 591, open, would end them); bets and "
        "orders on a runner withdrawn without a factor stand.",
        "betcode-org/flumine #591",
    ),
    REDUCTION: (
        "Place markets are cut like win markets, the odds from 2.5 % on, not the winnings from 4 % on (pull request 591); a "
        "corrected factor is applied on top of the first one; every cut is rounded to two decimals.",
        "betcode-org/flumine #591",
    ),
    DELAY: (
        "The bet delay is read when a request is sent, not when it arrives; a request due just when a message is published "
        "meets the book before it.",
        HERE,
    ),
    WHOLE_LEVELS: (
        "A fill or kill whose price is worse than the best takes a further level whole or not at all, and by its average "
        "rounded to two decimals: less than it may take, or a price worse than its own.",
        HERE,
    ),
    GHOST: (
        "A cancel that fails in a suspended market makes an order live again that has already ended; it goes on using up "
        "volume other orders should get.",
        HERE,
    ),
    NEVER_HEARD: (
        "A request takes effect when the next message comes; behind the last message of a recording it never does.",
        HERE,
    ),
}
"""what each named disagreement is, and the issue it is known by (or that the tests reproduce it)"""

_COLUMNS = ("markets", "requests", "orders", "matched", "agreed", "matches", "matches_agreed")


def table(total: Tally, by_sport: Mapping[str, Tally], passed: Mapping[str, int], missing: Sequence[str] = ()) -> str:
    """The markdown of docs/parity.md."""
    lines = [_HEAD, "| | markets | requests | orders | matched | orders that agree | matches | matches that agree |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    for name, tally in [*sorted(by_sport.items()), ("**all**", total)]:
        lines.append(f"| {name} | " + " | ".join(f"{getattr(tally, column):,}" for column in _COLUMNS) + " |")
    lines += ["", _CLASSES, "| why | orders | known as | what flumine does |", "|---|--:|---|---|"]
    counts = counts_by_name(total)
    for name, (what, known) in KNOWN.items():
        lines.append(f"| {name} | {counts.get(name, 0)} | {known} | {what} |")
    lines += ["", f"Unexplained: **{len(total.unexplained)}**.", ""]
    if passed:
        reasons = ", ".join(f"{count} ({reason})" for reason, count in sorted(passed.items()))
        lines += [f"Markets with a ladder and trades that were not compared: {reasons}.", ""]
    if missing:
        lines += [
            f"Recordings this run has not come to yet (`make parity` goes on with them): {', '.join(missing)}.",
            "",
        ]
    return "\n".join([*lines, _SHARED])


def counts_by_name(tally: Tally) -> dict[str, int]:
    """Orders by the defect that parts them; one with several is counted under each."""
    counts: dict[str, int] = {}
    for names, orders in tally.by_class.items():
        for name in {part.removesuffix(OF_ANOTHER) for part in names.split(" + ")}:
            counts[name] = counts.get(name, 0) + orders
    return counts


_HEAD = """# Parity with flumine

`make parity` runs flumine 3.3 for real (its simulation, its historical stream) on every recording with a ladder and trades.
Three strategies trade each market: scripted orders (at the touch, behind, inside and through it, far away, several at a price;
cuts and cancels; LAPSE and PERSIST; fill or kill), a two-quote maker, and a drift trade that joins the queue and leaves
through the market. Every request they sent goes, at the same time, through the preset `flumine` here. An order agrees when its
state, every match (time, odds, size to the penny), what was cancelled and the totals flumine reports are the same. A match is
timed by the book it was made in; what is left unmatched is over at the close, whatever flumine calls it.
"""

_CLASSES = """## Where the two part

Each strategy has a twin that sends the very same requests, whose orders are flumine's with the defects below mended (a few
lines each in benchmarks/parity/mends.py). A disagreement gets a name only if the mended order was matched exactly as ours, to
the millisecond and the penny, and by the moment the two part a mend had taken hold of it, or of an order of that strategy whose
turn at the runner's traded volume is before its own. Anything else is unexplained and fails the run. An order with several
reasons is counted under each.
"""

_SHARED = """## What both assume

The preset takes over how flumine matches, whatever one thinks of it, so none of this shows above: cancels ahead never shorten a
queue and traded volume at any price through ours does, money taken can be taken again (issue 538); the second order at a
price waits until the first is full, and only then its own queue begins to shrink (issue 766); amounts are binary fractions of
a pound, rounded to the penny at each match. simcore/models/matching.py has the formula. `simulation: flumine` is for comparing
with results obtained there, not for believing them.
"""
