"""One runner as the stream last described it, and what a message changes of it: plain dicts, no kernels.

shown    : by book, tick -> pence displayed; the recorded ladder
levels   : by book, level -> (tick, pence); kept only while the stream carries best offers and no full ladder
traded   : odds -> pence matched, both sides, as last published
best     : by book, best tick shown (-1 / N_TICKS where the book is empty)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simcore.dtypes import ATB, ATL
from simcore.streams.messages import IndexedLevel, Level, RunnerChange
from simcore.streams.runner import RunnerState, UnsupportedMarketError
from simcore.units import OFF_LADDER, tick_or_off


@dataclass(slots=True)
class Change:
    """What one message changes of one runner, all its entries merged.

    shown : by book, tick -> new pence        rises : (tick or OFF_LADDER, pence, first sight of that price)
    falls : (tick or OFF_LADDER, pence)       last_traded : tick, or None where it did not change
    """

    state: RunnerState
    shown: tuple[dict[int, int], dict[int, int]]
    rises: list[tuple[int, int, bool]] = field(default_factory=list)
    falls: list[tuple[int, int]] = field(default_factory=list)
    last_traded: int | None = None

    @property
    def revalues(self) -> bool:
        """Whether traded volume fell or rose at a price that is not on the ladder: no plain trading does that."""
        return bool(self.falls) or any(tick == OFF_LADDER for tick, _, _ in self.rises)


def merged_change(state: RunnerState, entries: list[RunnerChange], *, image: bool, full: bool) -> Change:
    """All entries of one runner in one message as one change; `image`: what they do not name is gone.

    Raises UnsupportedMarketError for a displayed price that is not on the classic ladder.
    """
    change = Change(state, ({}, {}))
    if full:
        _merge_ladder(state, change, entries, image)
    else:
        _merge_levels(state, change, entries, image)
    _merge_traded(state, change, entries, image)
    for entry in entries:
        if entry.ltp:  # ADVANCED files write 0.0 until something was traded
            change.last_traded = tick_or_off(entry.ltp)
    if change.last_traded == state.last_traded:
        change.last_traded = None
    return change


def _merge_ladder(state: RunnerState, change: Change, entries: list[RunnerChange], image: bool) -> None:
    for book in (ATB, ATL):
        new = dict.fromkeys(state.shown[book], 0) if image else {}
        for entry in entries:
            for odds, pounds in (entry.atb if book == ATB else entry.atl) or ():
                tick, pence = tick_or_off(odds), round(pounds * 100)
                if tick != OFF_LADDER:
                    new[tick] = max(pence, 0)
                elif pence > 0:
                    raise UnsupportedMarketError(f"the displayed price {odds} is not on the CLASSIC ladder")
        change.shown[book].update(new)


def _merge_levels(state: RunnerState, change: Change, entries: list[RunnerChange], image: bool) -> None:
    for book in (ATB, ATL):
        updates: list[IndexedLevel] = []
        for entry in entries:
            updates.extend((entry.batb if book == ATB else entry.batl) or ())
        if not updates and not image:
            continue
        levels = state.levels[book]
        if image:
            levels.clear()
        for level, odds, pounds in updates:
            _set_level(levels, int(level), odds, round(pounds * 100))
        new = dict.fromkeys(state.shown[book], 0)
        for level in sorted(levels, reverse=True):  # the better level wins where a price stands at two
            tick, pence = levels[level]
            new[tick] = pence
        change.shown[book].update(new)


def _set_level(levels: dict[int, tuple[int, int]], level: int, odds: float, pence: int) -> None:
    if pence <= 0:
        levels.pop(level, None)
        return
    tick = tick_or_off(odds)
    if tick == OFF_LADDER:
        raise UnsupportedMarketError(f"the displayed price {odds} is not on the CLASSIC ladder")
    levels[level] = (tick, pence)


def _merge_traded(state: RunnerState, change: Change, entries: list[RunnerChange], image: bool) -> None:
    traded = state.traded
    new: dict[float, int] = dict.fromkeys(traded, 0) if image else {}
    for entry in entries:
        if entry.trd is not None:
            _merge_volume(new, traded, entry.trd)
    for odds, pence in new.items():
        before = traded.get(odds)
        if pence > (before or 0):
            change.rises.append((tick_or_off(odds), pence - (before or 0), before is None))
        elif before and pence < before:
            change.falls.append((tick_or_off(odds), before - pence))
        traded[odds] = pence


def _merge_volume(new: dict[float, int], traded: dict[float, int], volume: list[Level]) -> None:
    if not volume:  # an empty list clears
        new.update(dict.fromkeys((*traded, *new), 0))
    for odds, pounds in volume:
        new[odds] = max(round(pounds * 100), 0)
