"""What all replays of one tape share: its columns, the market before the first look, and the record of one runner.

All of it is worked out once and on demand; what a replay gets does not depend on which others were made before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore import dtypes as d
from simcore.errors import SimulationError
from simcore.kernels import state as st
from simcore.kernels.alone import Alone, most_books, pass_alone, room_for
from simcore.kernels.compiling import entry_of
from simcore.kernels.many import Market
from simcore.kernels.seek import advance
from simcore.tapes.tape import Tape

CHECKPOINT_ROWS = 4000
"""rows of the record between two places where a replay can begin"""
MOST_PICKS = 8
"""moments of a pick that are kept; the oldest goes first, so that a long batch needs no more room than a short one"""
_MESSAGE_COLUMNS = ("message_ms", "message_row")
_KNOWN = Alone._fields
_ROW_COLUMNS = ("kind", "book", "runner", "tick", "size", "row")


class Place(NamedTuple):
    """A market at one time, to go on from.

    message : the next message, an index of the full record
    now_ms  : when the last thing happened
    market  : what the market had become
    """

    message: int
    now_ms: int
    market: Market


class Thin(NamedTuple):
    """The part of a record that concerns a bot on one runner, and the index each of its messages has in the full one."""

    record: st.Record
    message: st.Int


@dataclass(frozen=True)
class Bench:
    """A tape ready for replays.

    record   : its columns;  first_ms : its first publication
    places   : the market without us every so many rows, as far as anybody asked
    picked   : the market at the moment of a pick and the snapshots then waiting, by all that decides it
    thin     : by runner
    known    : by runner, and what is known beforehand of a replay with nothing of ours in it, from some message on
    """

    tape: Tape
    record: st.Record
    first_ms: int
    places: list[Place] = field(default_factory=list)
    picked: dict[tuple[int, ...], tuple[Place, st.Views]] = field(default_factory=dict)
    thin: dict[int, Thin] = field(default_factory=dict)
    known: dict[int, tuple[int, Thin]] = field(default_factory=dict)

    def before(self, time_ms: int) -> Place:
        """The market without us after every message published before a time; stops where it is closed."""
        wanted = int(np.searchsorted(self.record.message_ms, time_ms))
        if not self.places:
            self.places.append(Place(0, self.first_ms, market_of(untouched(self.tape))))
        while (last := self.places[-1]).message < wanted and last.market.tally[st.STOPPED] == 0:
            further = self._message_after(last.message)
            if further > wanted:
                break
            self.places.append(self._on(last, further))
        start = next(place for place in reversed(self.places) if place.message <= wanted)
        return self._on(start, wanted)

    def keep_pick(self, key: tuple[int, ...], place: Place, views: st.Views) -> None:
        """Remember the market at a pick and the snapshots then waiting."""
        while len(self.picked) >= MOST_PICKS:
            del self.picked[next(iter(self.picked))]
        for other, _ in self.picked.values():  # picks of other ranks at the same time: one copy of the books serves all
            if other.message == place.message:
                place = place._replace(market=place.market._replace(recorded=other.market.recorded))
        self.picked[key] = place, views

    def held_bytes(self) -> int:
        """What keeping it takes: its columns, and the markets it goes on from."""
        records = [
            self.record._replace(row=_numbers(0)),
            *(thin.record for thin in self.thin.values()),
        ]  # rows are everybody's
        markets = [place.market for place in (*self.places, *(place for place, _ in self.picked.values()))]
        arrays = list({id(column): column for held in (*records, *markets) for column in held}.values())
        arrays += [thin.message for thin in self.thin.values()]
        arrays += [getattr(thin.record, name) for _, thin in self.known.values() for name in _KNOWN]
        return sum(array.nbytes for array in arrays)

    def _message_after(self, message: int) -> int:
        """The message CHECKPOINT_ROWS rows on."""
        row = self.record.message_row[message] + CHECKPOINT_ROWS
        return min(int(np.searchsorted(self.record.message_row, row)), self.tape.n_messages)

    def _on(self, place: Place, last: int) -> Place:
        if place.market.tally[st.STOPPED] != 0 or last <= place.message:
            return place
        sim = untouched(self.tape)
        copy_market(place.market, sim)
        message = entry_of(advance)(self.record, sim, place.message, last)
        return Place(message, int(self.record.message_ms[message - 1]), market_of(sim))

    def of_runner(self, r: int) -> Thin:
        """The record as a bot on runner r meets it."""
        if r not in self.thin:
            self.thin[r] = _thin(self.record, r)
        return self.thin[r]

    def known_from(self, r: int, place: Place) -> Thin:
        """The same, with what a bot sees of the best prices from a place on while nothing of its own is in the market."""
        thin = self.of_runner(r)
        first = int(np.searchsorted(thin.message, place.message))
        if r not in self.known or self.known[r][0] > first:
            self.known[r] = first, thin._replace(record=self._passed_alone(thin.record, r, first, place.market))
        return self.known[r][1]

    def _passed_alone(self, record: st.Record, r: int, first: int, market: Market) -> st.Record:
        sim = untouched(self.tape)
        copy_market(market, sim)
        n = len(record.message_ms)
        room = _roomy(n, len(record.news_row))
        room.key_at[:first] = room.book_at[:first] = 0
        keys, books = entry_of(pass_alone)(record, sim, room, r, first)
        found = dict(zip(_KNOWN, (n, keys, n, books, books), strict=True))
        columns = {name: getattr(room, name)[:rows].copy() for name, rows in found.items()}
        _rooms.append(room)
        return record._replace(**_read_only(columns))


def prepare(tape: Tape) -> Bench:
    """Check that a tape can be replayed and lay its columns out for the kernels. Raises SimulationError."""
    if not tape.info.has_definition:
        raise SimulationError(
            f"market {tape.market_id} has no market definition and cannot be replayed; record it from its first image"
        )
    if tape.n_messages == 0:
        raise SimulationError(f"market {tape.market_id} has no messages; import it again")
    columns = {name: getattr(tape, name) for name in (*_MESSAGE_COLUMNS, *_ROW_COLUMNS) if name != "row"}
    columns["row"], columns["start_ms"] = _numbers(len(tape.kind)), tape.start_ms
    return Bench(tape, _record(columns), int(tape.message_ms[0]))


def market_of(sim: st.Sim) -> Market:
    """The market of a replay in which nothing of ours has happened."""
    return Market(*(getattr(sim, name) for name in Market._fields))


def copy_market(source: Market, target: st.Sim) -> None:
    """Make a market without orders of ours what another one is."""
    for mine, theirs in zip(market_of(target), source, strict=True):
        mine[:] = theirs


def untouched(tape: Tape) -> st.Sim:
    """A market before its first message, without us."""
    none = np.zeros((0, st.N_REQUEST), np.int64)
    return st.new_sim(tape.n_runners, np.zeros(st.N_SETTING, np.int64), np.zeros(st.N_REAL), none, 0)


_rooms: list[Alone] = []


def _roomy(messages: int, news: int) -> Alone:
    """Arrays to pass a record alone in, used before and after by others: pages of new memory cost more than the work."""
    room = _rooms.pop() if _rooms else room_for(messages, news)
    fits = len(room.key_at) >= messages and len(room.books) >= most_books(messages, news)
    return room if fits else room_for(messages, news)


_counting = np.zeros(0, np.int32)


def _numbers(n: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """0 … n − 1, read-only; one array serves every tape."""
    global _counting
    if len(_counting) < n:
        _counting = np.arange(2 * n, dtype=np.int32)
        _counting.setflags(write=False)
    return _counting[:n]


def _thin(record: st.Record, r: int) -> Thin:
    """A runner's own rows, and news of the market or of who runs and wins; the last message always."""
    concerns = record.runner == r
    concerns[record.news_row] = True
    row = np.flatnonzero(concerns)
    taken = np.searchsorted(row, record.message_row)  # sums over all rows would be pages of memory for a moment
    has_some = taken[1:] > taken[:-1]
    has_some[-1] = True
    message = np.flatnonzero(has_some)
    columns: dict[str, NDArray[Any]] = {name: getattr(record, name)[row] for name in _ROW_COLUMNS}
    columns["message_ms"] = record.message_ms[message]
    columns["message_row"] = np.append(taken[message], taken[-1])
    columns["start_ms"] = record.start_ms
    return Thin(_record(columns), message)


def _is_news(kind: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Rows about the market, or about who runs and wins."""
    news: NDArray[np.bool_] = (kind > d.LAST_TRADED) & (kind != d.TRADED_FALL)
    return news


def _record(columns: dict[str, NDArray[Any]]) -> st.Record:
    """A record of these columns of a tape, with the index of its news."""
    news = np.flatnonzero(_is_news(columns["kind"]))
    columns |= {"news_row": news, "news_message": np.searchsorted(columns["message_row"], news, side="right") - 1}
    columns |= dict(zip(_KNOWN, st.nothing_known(), strict=True))
    return st.Record(**_read_only(columns))


def _read_only(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays as a tape's columns are: another type to the compiler."""
    for column in columns.values():
        column.setflags(write=False)
    return columns
