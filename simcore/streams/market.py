"""The markets of a stream file growing into tapes, message by message.

What comes often, changes of ladders and traded volume, is done by the kernels on the file's `Desk` (`simcore.streams.apply`);
what comes seldom, definitions and messages that are not plain, is brought onto it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import ATB, ATL
from simcore.kernels import IMPORT_CACHE
from simcore.kernels.compiling import compile_kernel, register
from simcore.streams import desk as at
from simcore.streams.apply import DONE, GROW, read_lines
from simcore.streams.definition import MarketStatus, check_ladder, market_info
from simcore.streams.desk import Desk, grow, more_levels, more_markets, open_desk
from simcore.streams.merge import NOBODY, meet_runner
from simcore.streams.messages import MarketChange, MarketDefinition, Message, RunnerChange, images_apart
from simcore.streams.rows import Rows, columns_of
from simcore.streams.runner import UnsupportedMarketError
from simcore.tapes.tape import MarketInfo, RunnerInfo, Tape
from simcore.units import N_TICKS, tick_or_off

_NUMBERED = re.compile(r"1\.(0|[1-9][0-9]{0,14})")
_NO_TEXT = np.frombuffer(b"\n", np.uint8)
_ON_DESK = -1
_LARGEST_ID = 2**63 - 1


@dataclass
class MarketBuilder:
    """What of one market is not on the desk. `slot`: its place there; `refused`: why it cannot become a tape, or None."""

    market_id: str
    slot: int
    official: bool
    refused: str | None = None
    info: MarketInfo | None = None
    status: MarketStatus = field(default_factory=MarketStatus)
    slots: dict[tuple[int, float], int] = field(default_factory=dict)
    runners: list[RunnerInfo] = field(default_factory=list)


def warm() -> None:
    """Compile what an import runs, or load it from disk. Let one process do it before many do."""
    if not getattr(read_lines, "signatures", None):
        register(Desk, open_desk())
        compile_kernel(read_lines)
        compile_kernel(meet_runner)


def is_compiled() -> bool:
    """Whether `warm` has nothing left to compile on this machine: its last kernel is kept."""
    return not hasattr(meet_runner, "signatures") or any(Path(IMPORT_CACHE).rglob("*.meet_runner-*.nbi"))


class Markets:
    """Every market of one stream file; read it in order, then `tape` gives each one's tape of what was read so far."""

    def __init__(self) -> None:
        self.desk = open_desk()
        self.builders: dict[str, MarketBuilder] = {}
        warm()

    def read(self, text: NDArray[np.uint8], start: int) -> int:
        """Read plain lines of `text` (whole lines) from `start`; where the first begins that is none, or −1 at the end."""
        while True:
            status, start = read_lines(self.desk, text, start)
            if status == DONE:
                return -1
            if status != GROW:
                return int(start)
            self.desk = grow(self.desk)

    def plain_lines(self) -> tuple[int, int, int]:
        """(lines, messages, lines with something before the object) that `read` dealt with since the last call."""
        counted = self.desk.count[[at.LINES, at.READ, at.PREFIXED]].tolist()
        self.desk.count[[at.LINES, at.READ, at.PREFIXED]] = 0
        return counted[0], counted[1], counted[2]

    def lose(self) -> None:
        """Something may be missing before the next message (a damaged line): its rises fill nobody."""
        self.desk.market[:, at.LOST] = 1

    def take(self, message: Message) -> None:
        """Any message. A market that cannot become a tape is `refused` from then on."""
        by_market: dict[str, list[MarketChange]] = {}
        for change in message.mc or ():
            by_market.setdefault(change.id, []).append(change)
        assert message.pt is not None  # the reader gives no other
        for market_id, changes in by_market.items():
            builder = self.builders.get(market_id) or self._begin(market_id, (message.clk or "").isdigit())
            if message.ct == "RESUB_DELTA":
                self.desk.market[builder.slot, at.LOST] = 1
            for run in images_apart(changes):
                if self.reason(builder) is None:
                    self._apply(builder, run, message.pt)

    def _begin(self, market_id: str, official: bool) -> MarketBuilder:
        """A market's place on the desk. Official files begin with the market, so the whole state is known."""
        slot = len(self.builders)
        if slot == len(self.desk.market):
            self.desk = more_markets(self.desk)
        numbered = _NUMBERED.fullmatch(market_id)
        row = self.desk.market[slot]
        row[:] = 0
        row[at.FIRST_RUNNER] = row[at.LAST_RUNNER] = NOBODY
        row[at.NUMBER], row[at.ANCHORED] = int(numbered[1]) if numbered else -1, official
        self.desk.count[at.N_MARKETS] = slot + 1
        builder = self.builders[market_id] = MarketBuilder(market_id, slot, official)
        return builder

    def reason(self, builder: MarketBuilder) -> str | None:
        """Why the market cannot become a tape, as far as read."""
        if builder.refused is None and self.desk.market[builder.slot, at.REFUSED]:
            odds = float(self.desk.off_ladder[builder.slot])
            builder.refused = f"the displayed price {odds} is not on the CLASSIC ladder"
        return builder.refused

    def _apply(self, builder: MarketBuilder, changes: list[MarketChange], published_ms: int) -> None:
        """One message that is not plain: definitions first, then its entries by way of the desk."""
        rows = Rows()
        try:
            for change in changes:
                if change.definition is not None:
                    self._define(builder, change.definition, rows)
            self._lay_out(builder, changes)
        except UnsupportedMarketError as reason:
            builder.refused = str(reason)
            self.desk.market[builder.slot, at.REFUSED] = 1
            return
        count = self.desk.count
        self.desk = (
            self.desk
            if len(self.desk.extra) >= len(rows.codes)
            else self.desk._replace(extra=np.empty((2 * len(rows.codes), 2), np.int64))
        )
        self.desk.extra[: len(rows.codes)] = np.array([rows.codes, rows.sizes], np.int64).T
        count[at.N_EXTRA], count[at.PUBLISHED_MS] = len(rows.codes), published_ms
        self.read(_NO_TEXT, _ON_DESK)

    def _define(self, builder: MarketBuilder, definition: MarketDefinition, rows: Rows) -> None:
        check_ladder(definition)
        if builder.info is None:
            builder.info = market_info(builder.market_id, definition)
        self._meet_runners(builder)
        indices = [
            self._index(builder, runner.id, runner.hc or 0.0, runner.name or "", runner.sort_priority or 0)
            for runner in definition.runners or ()
        ]
        status = builder.status
        try:
            status.update(definition, indices, rows)
        except ValueError as error:
            raise UnsupportedMarketError(f"its market time cannot be read ({error})") from error
        row = self.desk.market[builder.slot]
        row[at.STATUS], row[at.IN_PLAY], row[at.BSP] = status.status, status.in_play, status.bsp_market
        row[at.START_MS] = status.start_ms[-1] if status.start_ms else 0

    def _meet_runners(self, builder: MarketBuilder) -> None:
        """Take note of the runners that plain messages named first."""
        runner = self.desk.runner
        known = list(builder.slots.values())
        slot = int(runner[known[-1], at.NEXT] if known else self.desk.market[builder.slot, at.FIRST_RUNNER])
        while slot != NOBODY:
            key = int(runner[slot, at.SELECTION]), float(self.desk.handicap[slot])
            builder.slots[key] = slot
            builder.runners.append(RunnerInfo(*key))
            slot = int(runner[slot, at.NEXT])

    def _index(self, builder: MarketBuilder, selection_id: int, handicap: float, name: str, sort_priority: int) -> int:
        """A runner's place on its tape; one not met before is added."""
        key = _selection(selection_id), handicap
        slot = builder.slots.get(key)
        if slot is None:
            self.desk.count[at.NEED_RUNNERS] = self.desk.count[at.N_RUNNERS] + 1
            self.desk = grow(self.desk)
            slot = builder.slots[key] = int(meet_runner(self.desk, builder.slot, *key))
            builder.runners.append(RunnerInfo(*key, name, sort_priority))
        return int(self.desk.runner[slot, at.INDEX])

    def _lay_out(self, builder: MarketBuilder, changes: list[MarketChange]) -> None:
        """The entries of a message as the columns of a line."""
        entries = [entry for change in changes for entry in change.rc or ()]
        flags = _flags(changes, entries)
        full = bool((self.desk.market[builder.slot, at.SEEN] | flags) & at.FULL_LADDER)
        named: list[tuple[int, int, int, int]] = []
        rows: list[tuple[int, int, int, int]] = []
        odds: list[float] = []
        for entry in entries:
            first = len(rows)
            for column, level, price, pounds in _changes(entry, full):
                rows.append((column, tick_or_off(price), round(max(pounds, 0.0) * 100), level))
                odds.append(price)
            named.append((_selection(entry.id), first, len(rows), 0))
        self._make_room(max(len(rows), len(named)), max((row[3] for row in rows), default=0))
        d = self.desk
        d.change[: len(rows)] = np.array(rows, np.int64).reshape(-1, 4)
        d.change_odds[: len(rows)] = odds
        d.entry[: len(named)] = np.array(named, np.int64).reshape(-1, 4)
        d.entry_hc[: len(named)] = [entry.hc or 0.0 for entry in entries]
        d.part[0] = builder.slot, 0, len(named), flags
        d.count[at.N_ENTRIES], d.count[at.N_CHANGES], d.count[at.N_PARTS] = len(named), len(rows), 1

    def _make_room(self, line: int, level: int) -> None:
        self.desk.count[at.NEED_LINE] = line
        self.desk = grow(self.desk)
        if level >= self.desk.level.shape[2]:
            self.desk = more_levels(self.desk, level + 1)

    def tapes(self) -> dict[str, Tape]:
        """The tape of every market by id, of everything taken so far; refused ones too, up to where they were refused."""
        d = self.desk
        market, published_ms, ends = d.message[: d.count[at.N_MESSAGES]].T
        starts = np.concatenate([[0], ends[:-1]])
        order = np.argsort(market, kind="stable")
        lengths = (ends - starts)[order]
        ends = np.cumsum(lengths)
        rows = np.repeat(starts[order] - (ends - lengths), lengths) + np.arange(d.count[at.N_ROWS])
        code, size, published_ms, ends = d.code[rows], d.size[rows], published_ms[order], np.concatenate([[0], ends])
        first = np.searchsorted(market[order], np.arange(len(self.builders) + 1))
        found: dict[str, Tape] = {}
        for builder, begin, end in zip(self.builders.values(), first[:-1].tolist(), first[1:].tolist(), strict=True):
            of_rows = slice(int(ends[begin]), int(ends[end]))
            columns = columns_of(
                published_ms[begin:end], ends[begin : end + 1] - ends[begin], code[of_rows], size[of_rows]
            )
            found[builder.market_id] = self._tape(builder, columns)
        return found

    def _tape(self, builder: MarketBuilder, columns: Mapping[str, Any]) -> Tape:
        self._meet_runners(builder)
        info = builder.info or market_info(builder.market_id, None)
        return Tape(
            info=msgspec.structs.replace(info, runners=tuple(builder.runners)),
            start_ms=np.array(builder.status.start_ms, dtype=np.int64),
            **columns,
        )


def _selection(selection_id: int) -> int:
    if abs(selection_id) > _LARGEST_ID:
        raise UnsupportedMarketError(f"the selection id {selection_id} is too large for one")
    return selection_id


def _flags(changes: list[MarketChange], entries: list[RunnerChange]) -> int:
    """What a message carries, as the kernels are told."""
    flags = at.CHANGES if entries else 0
    if any(change.img for change in changes):
        flags |= at.IMAGE_FLAG
    if any(change.con for change in changes):
        flags |= at.CONFLATED
    if any(entry.atb or entry.atl for entry in entries):
        flags |= at.FULL_LADDER
    if any(entry.batb or entry.batl for entry in entries):
        flags |= at.LEVELS
    if any(bytes(entry.bdatb) or bytes(entry.bdatl) for entry in entries):
        flags |= at.VIRTUAL
    if any(entry.trd == [] for entry in entries):
        flags |= at.CLEARED
    return flags


def _changes(entry: RunnerChange, full: bool) -> Iterator[tuple[int, int, float, float]]:
    """(column, level, odds, pounds) of everything an entry names."""
    if full:
        for book, ladder in ((ATB, entry.atb), (ATL, entry.atl)):
            for odds, pounds in ladder or ():
                yield book, 0, odds, pounds
    else:
        for column, offers in ((at.LEVEL_ATB, entry.batb), (at.LEVEL_ATL, entry.batl)):
            for level, odds, pounds in offers or ():
                yield column, _level(level), odds, pounds
    if entry.trd is not None and not entry.trd:
        yield at.CLEAR, 0, 0.0, 0.0
    for odds, pounds in entry.trd or ():
        yield at.TRD, 0, odds, pounds
    if entry.ltp:  # ADVANCED files write 0.0 until something was traded
        yield at.LTP, 0, entry.ltp, 0.0


def _level(level: float) -> int:
    if not 0 <= level < N_TICKS:
        raise UnsupportedMarketError(f"the level {level} of its best offers is none of a ladder's {N_TICKS}")
    return int(level)
