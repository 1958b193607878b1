"""From a runner's change to rows, rule by rule: what must have happened between the state before the message and after it.

r        : a rise of traded volume at one tick, two-sided pence; r // 2 left the book
half     : r // 2
excess   : max(0, half − displayed before): placed before the trade, behind any order of ours

1. Kind. At a price off the ladder, or balanced by falls of the same runner in the same message: repriced (the rises no
   displayed side explains are balanced first). What the market says of the message (history, suspended, starting-price
   reconciliation) comes before.
2. Side. The displayed side that fell at that tick; where none or both did, the touch before the message (at or below the
   best to back: ATB was hit; at or above the best to lay: ATL); where that does not decide, unattributed.
3. What is left of the change of each level: cancels, then placements.
"""

from __future__ import annotations

from dataclasses import dataclass

from simcore.dtypes import (
    ATB,
    ATL,
    CANCEL,
    HISTORY,
    LAST_TRADED,
    NO_BOOK,
    PLACE,
    REPRICED,
    TRADE,
    TRADE_UNATTRIBUTED,
    TRADED_FALL,
)
from simcore.streams.rows import Rows
from simcore.units import OFF_LADDER
from tests.oracles.merging import Change, RunnerState

UNDECIDED = -1


@dataclass(slots=True)
class Tally:
    """What the tape itself does not tell: how its rows came about. Two-sided pence unless said otherwise.

    by_fall, by_touch      trades whose side the fallen level / the touch told
    preplaced_pence        one-sided: placed before a trade because less was displayed than was taken
    both_sides             runner changes whose both books were hit
    crossed                runner changes that left a best to back at or above the best to lay
    clock_back, gaps       messages whose publication went back / that follow lost ones
    """

    by_fall_pence: int = 0
    by_touch_pence: int = 0
    preplaced_pence: int = 0
    both_sides: int = 0
    crossed: int = 0
    clock_back: int = 0
    gaps: int = 0


def write_change(change: Change, kind: int, anchored: bool, rows: Rows, tally: Tally) -> None:
    """Add the rows of one runner's change and take it over into the state.

    kind     : TRADE where trading was possible; else the kind of every rise of the message (HISTORY, REPRICED, RECONCILED)
    anchored : False where the stream began in the middle; the first sight of a price is then no trade
    """
    state = change.state
    if change.rises:
        hits, unattributed, volume = _classify(change, kind, anchored, tally)
        _write_trades(state, hits, rows, tally)
        for tick, pence in unattributed:
            rows.add(TRADE_UNATTRIBUTED, NO_BOOK, state.index, tick, pence)
        for row_kind, tick, pence in volume:
            rows.add(row_kind, NO_BOOK, state.index, tick, pence)
    else:
        hits = ({}, {})
    for tick, pence in change.falls:
        rows.add(TRADED_FALL, NO_BOOK, state.index, tick, pence)
    _write_levels(change, hits, rows)
    if change.last_traded is not None:
        rows.add(LAST_TRADED, NO_BOOK, state.index, change.last_traded, 0)
        state.last_traded = change.last_traded
    for book in (ATB, ATL):
        if change.shown[book]:
            state.show(book, change.shown[book])
    if (change.shown[ATB] or change.shown[ATL]) and state.best[ATB] >= state.best[ATL]:
        tally.crossed += 1


Hits = tuple[dict[int, int], dict[int, int]]


def _classify(
    change: Change, kind: int, anchored: bool, tally: Tally
) -> tuple[Hits, list[tuple[int, int]], list[tuple[int, int, int]]]:
    """(by book, tick -> pence traded), [(tick, pence) unattributed], [(kind, tick, pence) that is no trade]."""
    hits: Hits = ({}, {})
    unattributed: list[tuple[int, int]] = []
    volume: list[tuple[int, int, int]] = []
    if kind != TRADE:
        return hits, unattributed, [(kind, tick, pence) for tick, pence, _ in change.rises]
    balance = sum(pence for _, pence in change.falls)
    candidates: list[tuple[int, int, int, bool]] = []
    for tick, pence, first_sight in change.rises:
        if tick == OFF_LADDER:
            volume.append((REPRICED, tick, pence))
            balance -= pence
        elif first_sight and not anchored:
            volume.append((HISTORY, tick, pence))
        else:
            candidates.append((tick, pence, *_side_hit(change, tick)))
    if balance > 0:
        candidates.sort(key=lambda candidate: candidate[3])
    for tick, pence, book, by_fall in candidates:
        repriced = min(max(balance, 0), pence)
        if repriced:
            volume.append((REPRICED, tick, repriced))
            balance -= repriced
        traded = pence - repriced
        if traded and book == UNDECIDED:
            unattributed.append((tick, traded))
        elif traded:
            hits[book][tick] = traded
            tally.by_fall_pence += traded if by_fall else 0
            tally.by_touch_pence += 0 if by_fall else traded
    return hits, unattributed, volume


def _side_hit(change: Change, tick: int) -> tuple[int, bool]:
    """(book that was hit or UNDECIDED, whether its fall told)."""
    state = change.state
    back_fell, lay_fell = (_fell(change, book, tick) for book in (ATB, ATL))
    if back_fell != lay_fell:
        return (ATB if back_fell else ATL), True
    at_back, at_lay = tick <= state.best[ATB], tick >= state.best[ATL]
    if at_back == at_lay:
        return UNDECIDED, False
    return (ATB if at_back else ATL), False


def _fell(change: Change, book: int, tick: int) -> bool:
    before = _shown(change.state, book, tick)
    return change.shown[book].get(tick, before) < before


def _shown(state: RunnerState, book: int, tick: int) -> int:
    return state.shown[book].get(tick, 0)


def _write_trades(state: RunnerState, hits: Hits, rows: Rows, tally: Tally) -> None:
    """Pre-placements, then the sweep of each aggressor best price first, the back aggressor (who hits ATB) before the other."""
    for book in (ATB, ATL):
        for tick, pence in hits[book].items():
            excess = pence // 2 - _shown(state, book, tick)
            if excess > 0:
                rows.add(PLACE, book, state.index, tick, excess)
                tally.preplaced_pence += excess
    for book in (ATB, ATL):
        for tick in sorted(hits[book], reverse=book == ATB):
            rows.add(TRADE, book, state.index, tick, hits[book][tick])
    if hits[ATB] and hits[ATL]:
        tally.both_sides += 1


def _write_levels(change: Change, hits: Hits, rows: Rows) -> None:
    """What the trades leave unexplained: cancels, then placements."""
    index = change.state.index
    placements: list[tuple[int, int, int]] = []
    for book in (ATB, ATL):
        shown, new, hit = change.state.shown[book], change.shown[book], hits[book]
        for tick in new if not hit else dict.fromkeys((*new, *hit)):
            before = shown.get(tick, 0)
            half = hit.get(tick, 0) // 2
            rest = before - half if before > half else 0
            difference = new.get(tick, before) - rest
            if difference < 0:
                rows.add(CANCEL, book, index, tick, -difference)
            elif difference:
                placements.append((book, tick, difference))
    for book, tick, pence in placements:
        rows.add(PLACE, book, index, tick, pence)
