"""One runner as the stream last described it, for whoever follows one market live, message by message. Plain Python.

The same merging as the import's (`simcore.streams.merge`, `simcore.streams.ladder`); a test holds the ladders equal.

shown    : by book, tick -> pence displayed; the recorded ladder
levels   : by book, level -> (tick, pence); kept only while the stream carries best offers and no full ladder
traded   : odds -> pence matched, both sides, as last published
best     : by book, best tick shown (-1 / N_TICKS where the book is empty)
"""

from __future__ import annotations

from simcore.dtypes import ATB, ATL
from simcore.streams.messages import IndexedLevel, RunnerChange
from simcore.units import N_TICKS, OFF_LADDER, tick_or_off

EMPTY_BEST = (-1, N_TICKS)


class UnsupportedMarketError(Exception):
    """The market cannot become a tape; the text says why."""


class RunnerState:
    """The last published state of one runner."""

    __slots__ = ("best", "index", "last_traded", "levels", "shown", "traded")

    def __init__(self, index: int) -> None:
        self.index = index
        self.shown: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.levels: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
        self.traded: dict[float, int] = {}
        self.last_traded: int | None = None
        self.best = list(EMPTY_BEST)

    def show(self, book: int, changes: dict[int, int]) -> None:
        """Take over changed sizes (0 removes) and keep the best tick."""
        shown, best = self.shown[book], self.best[book]
        recount = False
        for tick, pence in changes.items():
            if pence:
                shown[tick] = pence
                if (tick > best) if book == ATB else (tick < best):
                    best = tick
            else:
                shown.pop(tick, None)
                recount |= tick == best
        if recount:
            best = max(shown, default=-1) if book == ATB else min(shown, default=N_TICKS)
        self.best[book] = best


def take_entries(state: RunnerState, entries: list[RunnerChange], *, image: bool, full: bool) -> None:
    """Take over all entries of one runner in one message; `image`: what they do not name is gone.

    Raises UnsupportedMarketError for a displayed price that is not on the classic ladder.
    """
    merged = _merged_ladder if full else _merged_levels
    for book in (ATB, ATL):
        state.show(book, merged(state, book, entries, image))
    _take_traded(state, entries, image)
    for entry in entries:
        if entry.ltp:  # ADVANCED files write 0.0 until something was traded
            state.last_traded = tick_or_off(entry.ltp)


def _merged_ladder(state: RunnerState, book: int, entries: list[RunnerChange], image: bool) -> dict[int, int]:
    new = dict.fromkeys(state.shown[book], 0) if image else {}
    for entry in entries:
        for odds, pounds in (entry.atb if book == ATB else entry.atl) or ():
            tick, pence = tick_or_off(odds), round(pounds * 100)
            if tick != OFF_LADDER:
                new[tick] = max(pence, 0)
            elif pence > 0:
                raise UnsupportedMarketError(f"the displayed price {odds} is not on the CLASSIC ladder")
    return new


def _merged_levels(state: RunnerState, book: int, entries: list[RunnerChange], image: bool) -> dict[int, int]:
    updates: list[IndexedLevel] = []
    for entry in entries:
        updates.extend((entry.batb if book == ATB else entry.batl) or ())
    if not updates and not image:
        return {}
    levels = state.levels[book]
    if image:
        levels.clear()
    for level, odds, pounds in updates:
        _set_level(levels, int(level), odds, round(pounds * 100))
    new = dict.fromkeys(state.shown[book], 0)
    for level in sorted(levels, reverse=True):  # the better level wins where a price stands at two
        tick, pence = levels[level]
        new[tick] = pence
    return new


def _set_level(levels: dict[int, tuple[int, int]], level: int, odds: float, pence: int) -> None:
    if pence <= 0:
        levels.pop(level, None)
        return
    tick = tick_or_off(odds)
    if tick == OFF_LADDER:
        raise UnsupportedMarketError(f"the displayed price {odds} is not on the CLASSIC ladder")
    levels[level] = (tick, pence)


def _take_traded(state: RunnerState, entries: list[RunnerChange], image: bool) -> None:
    if image:
        state.traded.clear()
    for entry in entries:
        if entry.trd is not None and not entry.trd:  # an empty list clears
            state.traded.clear()
        for odds, pounds in entry.trd or ():
            state.traded[odds] = max(round(pounds * 100), 0)
