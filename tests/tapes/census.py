"""Every recording read twice: by the importer, and by betfairlightweight, message by message.

What betfairlightweight says after a message is the truth here: its stream listener keeps the caches, and the tape's own
books (plain numpy) are compared with them after every message, both books of every runner either of them touched.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from betfairlightweight.streaming.cache import MarketBookCache, RunnerBookCache

from simcore.dtypes import ATB, ATL, HISTORY, RECONCILED, REPRICED, TRADE, TRADE_UNATTRIBUTED, TRADED_FALL
from simcore.streams import compile_lines
from simcore.tapes.books import level_deltas
from simcore.tapes.catalogue import catalogue_row
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS

TICK_OF = {float(odds): tick for tick, odds in enumerate(ODDS)}
RISES = (TRADE, TRADE_UNATTRIBUTED, REPRICED, RECONCILED, HISTORY)


@dataclass
class MarketCensus:
    """What comparing one market found; `mismatches` names the first few places."""

    market_id: str
    messages: int = 0
    levels_compared: int = 0
    rises_pence: int = 0
    falls_pence: int = 0
    tape_rises_pence: int = 0
    tape_falls_pence: int = 0
    lowest_level_pence: int = 0
    mismatches: list[str] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)
    """the catalogue's row of the market"""


@dataclass
class FileCensus:
    """One recording: its markets, and what the importer refused of it."""

    name: str
    markets: list[MarketCensus]
    refused: dict[str, str]


def unpacked(path: Path) -> bytes:
    """The bytes of a recording, unpacked without the importer."""
    content = path.read_bytes()
    if path.name.endswith(".bz2"):
        return bz2.decompress(content)
    if path.name.endswith(".gz"):
        return gzip.decompress(content)
    if path.name.endswith(".zip"):
        archive = zipfile.ZipFile(io.BytesIO(content))
        return archive.read(archive.namelist()[0])
    return content


def raw_messages(content: bytes) -> Iterator[dict[str, Any]]:
    """The market changes of a recording, read without the importer."""
    if content.lstrip()[:1] == b"[":
        yield from (message for message in json.loads(content) if message["op"] == "mcm")
        return
    for line in content.splitlines():
        message = _parsed(line[max(line.find(b"{"), 0) :])
        if isinstance(message, dict) and message.get("op") == "mcm":
            yield message


def _parsed(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        try:
            return json.loads(text)  # knows NaN
        except ValueError:
            return None


def compare(path: Path) -> FileCensus:
    """Read one recording both ways."""
    content = unpacked(path)
    file = compile_lines(path.name, content.splitlines())
    watchers = {market.tape.market_id: _Watcher(market.tape) for market in file.markets}
    for market in file.markets:
        watchers[market.tape.market_id].row = catalogue_row(market.tape, source=path.name, **market.facts)
    if watchers:
        _follow(content, watchers)
    refused = file.refused_markets | ({path.name: file.refused} if file.refused else {})
    return FileCensus(path.name, [watcher.finish() for watcher in watchers.values()], refused)


def _follow(content: bytes, watchers: dict[str, _Watcher]) -> None:
    caches: dict[str, MarketBookCache] = {}
    for message in raw_messages(content):
        changes: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for change in message.get("mc") or ():
            market_id = change["id"]
            if change.get("img") or market_id not in caches:  # as its MarketStream does
                caches[market_id] = MarketBookCache(market_id, message["pt"], True, False, False)
            caches[market_id].update_cache(change, message["pt"], False)
            changes[market_id].append(change)
        for market_id, of_market in changes.items():
            if market_id in watchers:
                watchers[market_id].after(caches[market_id], of_market)


class _Watcher:
    """Walks a tape beside betfairlightweight's cache of the same market.

    A level neither named by the message nor touched by the tape's rows cannot have changed on either side, so comparing
    those that were, and the number of levels standing, compares the whole ladder; an image compares everything.
    """

    def __init__(self, tape: Tape) -> None:
        self._census = MarketCensus(tape.market_id)
        self._tape = tape
        deltas = level_deltas(tape)
        self._levels, self._pence = deltas.level.tolist(), deltas.pence.tolist()
        self._ends = np.searchsorted(deltas.row, tape.message_row[1:]).tolist()
        self._books: list[dict[int, int]] = [{} for _ in range(2 * tape.n_runners)]
        self._keys = [(r.selection_id, r.handicap) for r in tape.info.runners]
        self._index = {key: place for place, key in enumerate(self._keys)}
        self._start = 0
        self._traded: list[dict[float, int]] = [{} for _ in self._keys]
        self._full = False
        self.row: dict[str, Any] = {}

    def after(self, cache: MarketBookCache, changes: list[dict[str, Any]]) -> None:
        """Take one message of the tape and compare."""
        touched = self._take_message()
        traded: dict[int, set[float]] = {}
        image = any(change.get("img") for change in changes)
        for change in changes:
            for entry in change.get("rc") or ():
                self._name(entry, touched, traded)
        for side in range(len(self._books)) if image else touched:
            truth = cache.runner_dict.get(self._keys[side // 2])  # None: dropped by an image that does not name it
            self._compare(truth, side, None if image or not self._full else touched[side])
        for index in range(len(self._keys)) if image else traded:
            truth = cache.runner_dict.get(self._keys[index])
            self._volume(truth, index, None if image else traded[index])
        self._census.messages += 1

    def _take_message(self) -> dict[int, set[int]]:
        """Apply the rows of the next message; which ticks of which side (runner * 2 + book) they touch."""
        touched: dict[int, set[int]] = {}
        end = self._ends[self._census.messages]
        for place in range(self._start, end):
            side, tick = divmod(self._levels[place], N_TICKS)
            book = self._books[side]
            pence = book.get(tick, 0) + self._pence[place]
            if pence:
                book[tick] = pence
            else:
                book.pop(tick, None)
            touched.setdefault(side, set()).add(tick)
        self._start = end
        return touched

    def _name(self, entry: dict[str, Any], touched: dict[int, set[int]], traded: dict[int, set[float]]) -> None:
        """Add what an entry of the message names to what is compared."""
        index = self._index[entry["id"], entry.get("hc") or 0]
        for book, full, best in ((ATB, "atb", "batb"), (ATL, "atl", "batl")):
            if full in entry:
                self._full = True
                touched.setdefault(2 * index + book, set()).update(TICK_OF[level[0]] for level in entry[full])
            elif best in entry:
                touched.setdefault(2 * index + book, set())
        if "trd" in entry:
            named = [level[0] for level in entry["trd"]] or list(self._traded[index])
            traded.setdefault(index, set()).update(named)

    def _compare(self, truth: RunnerBookCache | None, side: int, ticks: set[int] | None) -> None:
        """One book of one runner: the given ticks, or all; and always how many levels stand."""
        found = self._books[side]
        if ticks is None:
            expected = self._ladder(truth, side % 2)
            for tick in found.keys() | expected.keys():
                self._level(side, tick, expected.get(tick, 0))
            return
        assert truth is not None
        ladder = (truth.available_to_lay if side % 2 else truth.available_to_back).order_book
        for tick in ticks:
            entry = ladder.get(float(ODDS[tick]))
            self._level(side, tick, round(entry[1] * 100) if entry else 0)
        if len(found) != len(ladder):
            self._note(f"side {side} has {len(found)} levels, recorded {len(ladder)}")

    def _ladder(self, truth: RunnerBookCache | None, book: int) -> dict[int, int]:
        """tick -> pence as betfairlightweight has it: the full ladder, or the best offers where the stream has only those."""
        if truth is None:
            return {}
        if self._full:
            ladder = (truth.available_to_lay if book else truth.available_to_back).order_book
            return {TICK_OF[odds]: round(entry[1] * 100) for odds, entry in ladder.items()}
        best = (truth.best_available_to_lay if book else truth.best_available_to_back).order_book
        return {TICK_OF[entry[1]]: round(entry[2] * 100) for _, entry in sorted(best.items(), reverse=True)}

    def _level(self, side: int, tick: int, expected_pence: int) -> None:
        self._census.levels_compared += 1
        found_pence = self._books[side].get(tick, 0)
        if found_pence != expected_pence:
            self._note(f"side {side}, tick {tick}: {found_pence}, recorded {expected_pence}")

    def _volume(self, truth: RunnerBookCache | None, index: int, odds: set[float] | None) -> None:
        before = self._traded[index]
        now = truth.traded.order_book if truth is not None else {}
        for price in before.keys() | now.keys() if odds is None else odds:
            pence = round(now[price][1] * 100) if price in now else 0
            rise = pence - before.get(price, 0)
            if rise:
                before[price] = pence
                if rise > 0:
                    self._census.rises_pence += rise
                else:
                    self._census.falls_pence -= rise

    def _note(self, what: str) -> None:
        if len(self._census.mismatches) < 3:
            self._census.mismatches.append(f"message {self._census.messages}: {what}")

    def finish(self) -> MarketCensus:
        """The comparison of the whole market."""
        census, tape = self._census, self._tape
        if census.messages != tape.n_messages:
            census.mismatches.append(f"{census.messages} messages recorded, {tape.n_messages} on the tape")
        census.tape_rises_pence = int(tape.size[np.isin(tape.kind, RISES)].sum(dtype=np.int64))
        census.tape_falls_pence = int(tape.size[tape.kind == TRADED_FALL].sum(dtype=np.int64))
        census.lowest_level_pence = _lowest(tape)
        census.row = self.row
        return census


def _lowest(tape: Tape) -> int:
    """Lowest pence any level ever holds, row by row (not only after whole messages)."""
    deltas = level_deltas(tape)
    order = np.argsort(deltas.level, kind="stable")
    level, running = deltas.level[order], np.cumsum(deltas.pence[order])
    firsts = np.flatnonzero(np.concatenate([[True], np.diff(level) > 0]))[: len(level)]
    before = np.repeat(np.concatenate([[0], running])[firsts], np.diff(np.append(firsts, len(level))))
    return int((running - before).min(initial=0))
