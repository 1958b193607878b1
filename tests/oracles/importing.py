"""A stream file to tapes, the slow and obvious way: every message an object, every ladder a dict, no kernels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np

from simcore.dtypes import HISTORY, IMAGE, RECONCILED, REPRICED, SUSPENDED, TRADE
from simcore.streams.definition import MarketStatus, check_ladder, market_info
from simcore.streams.messages import MarketChange, MarketDefinition, Message, RunnerChange, images_apart
from simcore.streams.reader import ReadReport, read_messages
from simcore.streams.rows import Rows
from simcore.streams.runner import UnsupportedMarketError
from simcore.tapes.tape import MarketInfo, RunnerInfo, Tape
from tests.oracles.merging import Change, RunnerState, merged_change
from tests.oracles.reconciling import Tally, write_change

NEAR_THE_OFF_MS = 600_000
"""Volume that appears while suspended is taken for the starting-price reconciliation this long before the advertised start
or later; earlier it is a revaluation after a removal."""


@dataclass(slots=True)
class Seen:
    """What kind of recording it is, as far as read: which fields came by, and how many messages were conflated."""

    full_ladder: bool = False
    levels: bool = False
    virtual: bool = False
    changes: bool = False
    conflated: int = 0


class MarketBuilder:
    """Reads one market's changes in order; `tape()` at any time is the tape of what was read so far."""

    def __init__(self, market_id: str, *, official: bool) -> None:
        self.market_id = market_id
        self.official = official
        self.refused: str | None = None
        self.seen = Seen()
        self.tally = Tally()
        self.status = MarketStatus()
        self._info: MarketInfo | None = None
        self._runners: dict[tuple[int, float], RunnerState] = {}
        self._runner_info: list[RunnerInfo] = []
        self._rows = Rows()
        self._n_messages = 0
        self._last_ms = 0
        self._anchored = official
        self._lost = False

    def lose(self) -> None:
        """Something may be missing before the next message (a damaged line, a new subscription): its rises fill nobody."""
        self._lost = True

    def apply(self, changes: list[MarketChange], published_ms: int) -> None:
        """One message: all its entries of this market. A market that cannot become a tape is `refused` from then on."""
        if self.refused is not None:
            return
        try:
            self._apply(changes, published_ms)
        except UnsupportedMarketError as reason:
            self.refused = str(reason)

    def _apply(self, changes: list[MarketChange], published_ms: int) -> None:
        image = any(change.img for change in changes)
        entries = [entry for change in changes for entry in change.rc or ()]
        switched = self._look(changes, entries)
        opening = self._n_messages == 0
        if image:
            self._rows.market(IMAGE, 0)
            self._anchored = True
        if self._lost and not image:
            self.tally.gaps += not opening
        was_suspended = self.status.status == SUSPENDED
        for change in changes:
            if change.definition is not None:
                self._define(change.definition)
        merged = self._merge(entries, image=image or switched)
        kind = self._kind(merged, published_ms, was_suspended, history=image or switched or opening or self._lost)
        for runner_change in merged:
            write_change(runner_change, kind, self._anchored, self._rows, self.tally)
        self._lost = False
        self.tally.clock_back += published_ms < self._last_ms
        self._last_ms = max(published_ms, self._last_ms)
        self._rows.end_message(self._last_ms)
        self._n_messages += 1

    def _look(self, changes: list[MarketChange], entries: list[RunnerChange]) -> bool:
        """Note what the message carries; True where a full ladder shows up after best offers: the state starts anew."""
        seen = self.seen
        seen.conflated += any(change.con for change in changes)
        seen.changes |= bool(entries)
        if seen.full_ladder:
            return False
        if any(entry.atb or entry.atl for entry in entries):
            seen.full_ladder = True
            return seen.levels
        if not seen.levels:
            seen.levels = any(entry.batb or entry.batl for entry in entries)
            seen.virtual |= any(bytes(entry.bdatb) or bytes(entry.bdatl) for entry in entries)
        return False

    def _define(self, definition: MarketDefinition) -> None:
        check_ladder(definition)
        if self._info is None:
            self._info = market_info(self.market_id, definition)
        indices = [
            self._state(runner.id, runner.hc or 0.0, runner.name or "", runner.sort_priority or 0).index
            for runner in definition.runners or ()
        ]
        try:
            self.status.update(definition, indices, self._rows)
        except ValueError as error:
            raise UnsupportedMarketError(f"its market time cannot be read ({error})") from error

    def _state(self, selection_id: int, handicap: float, name: str = "", sort_priority: int = 0) -> RunnerState:
        key = (selection_id, handicap)
        state = self._runners.get(key)
        if state is None:
            state = self._runners[key] = RunnerState(len(self._runners))
            self._runner_info.append(RunnerInfo(selection_id, handicap, name, sort_priority))
        return state

    def _merge(self, entries: list[RunnerChange], *, image: bool) -> list[Change]:
        """One change a runner, in the order the message names them; an image also empties those it does not name."""
        by_runner: dict[tuple[int, float], list[RunnerChange]] = {}
        for entry in entries:
            by_runner.setdefault((entry.id, entry.hc or 0.0), []).append(entry)
        if image:
            for key in self._runners:
                by_runner.setdefault(key, [])
        full = self.seen.full_ladder
        return [merged_change(self._state(*key), named, image=image, full=full) for key, named in by_runner.items()]

    def _kind(self, changes: list[Change], published_ms: int, was_suspended: bool, *, history: bool) -> int:
        """What rises of traded volume are in this message: TRADE, or the kind all of them have."""
        if history:
            return HISTORY
        status = self.status
        if not was_suspended and status.status != SUSPENDED:
            return TRADE
        near = not status.start_ms or published_ms >= status.start_ms[-1] - NEAR_THE_OFF_MS
        if not status.bsp_market or status.in_play or not near:
            return REPRICED
        return REPRICED if any(change.revalues for change in changes) else RECONCILED

    def tape(self) -> Tape:
        """The tape of everything applied so far."""
        info = self._info or market_info(self.market_id, None)
        return Tape(
            info=msgspec.structs.replace(info, runners=tuple(self._runner_info)),
            start_ms=np.array(self.status.start_ms, dtype=np.int64),
            **self._rows.columns(),
        )

    def facts(self) -> dict[str, Any]:
        """How the tape came about, by the names of the catalogue."""
        return {"conflated_messages": self.seen.conflated, **asdict(self.tally)}


@dataclass
class Imported:
    """A stream file read: its report, and by market id the builder."""

    report: ReadReport
    markets: dict[str, MarketBuilder]


def imported(lines: Iterable[bytes]) -> Imported:
    """One stream file from its lines."""
    found = Imported(ReadReport(), {})
    damaged = 0
    for message in read_messages(lines, found.report):
        if found.report.damaged > damaged:
            damaged = found.report.damaged
            for builder in found.markets.values():
                builder.lose()
        _dispatch(message, found.markets)
    return found


def _dispatch(message: Message, markets: dict[str, MarketBuilder]) -> None:
    by_market: dict[str, list[MarketChange]] = {}
    for change in message.mc or ():
        by_market.setdefault(change.id, []).append(change)
    for market_id, changes in by_market.items():
        if market_id not in markets:
            markets[market_id] = MarketBuilder(market_id, official=(message.clk or "").isdigit())
        if message.ct == "RESUB_DELTA":
            markets[market_id].lose()
        for run in images_apart(changes):
            markets[market_id].apply(run, message.pt or 0)
