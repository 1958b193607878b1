"""Stream lines of small made-up markets: three runners, a book that wanders, trades at the touch, a winner. Fast to replay."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simcore.streams import compile_stream
from simcore.tapes.writer import StoreWriter
from simcore.units import ODDS

SELECTIONS = (101, 102, 103)
_MIDDLE_TICKS = (110, 150, 180)
_FIRST_OFF = datetime.datetime(2022, 3, 1, 18, 0, tzinfo=datetime.UTC)


def make_store(
    folder: Path, *, markets: int = 8, days: int = 4, seed: int = 1, sport: str = "4339", seconds: int = 320
) -> Path:
    """A store of `markets` WIN markets spread evenly over `days` days, ids 1.100, 1.101, …"""
    with StoreWriter(folder) as writer:
        for index in range(markets):
            day, hour = index * days // markets, index % 3
            off = _FIRST_OFF + datetime.timedelta(days=day, hours=hour)
            for tape in compile_stream(list(_lines(f"1.{100 + index}", off, seed * 1000 + index, sport, seconds))):
                writer.add(tape, tier="SYNTHETIC")
        writer.commit()
    return folder


def _lines(market_id: str, off: datetime.datetime, seed: int, sport: str, seconds: int) -> Iterator[str]:
    draw = np.random.default_rng(seed)
    off_ms = int(off.timestamp() * 1000)
    middles, traded = list(_MIDDLE_TICKS), [dict[float, float]() for _ in SELECTIONS]
    books = [_book(middle, draw) for middle in middles]
    changes = [_ladder(selection, {}, book) for selection, book in zip(SELECTIONS, books, strict=True)]
    yield _message(off_ms - seconds * 1000, market_id, _definition(off, sport), changes, image=True)
    for second in range(1, seconds):
        runner = int(draw.integers(3))
        changes = [_step(runner, middles, books, traded, draw)]
        yield _message(off_ms - (seconds - second) * 1000 + int(draw.integers(900)), market_id, None, changes)
    end = {"status": "SUSPENDED"}
    yield _message(off_ms + 5_000, market_id, _definition(off, sport, **end), [])
    winner = int(draw.integers(3))
    closed = _definition(off, sport, winner=winner, status="CLOSED")
    yield _message(off_ms + 60_000, market_id, closed, [])


def _step(runner: int, middles: list[int], books: list[Any], traded: list[Any], draw: Any) -> dict[str, Any]:
    """A trade at the touch that the book gives up, or a move of the whole book by a tick."""
    before = books[runner]
    if draw.random() < 0.6:
        side = "atb" if draw.random() < 0.5 else "atl"
        best = max(before["atb"]) if side == "atb" else min(before["atl"])
        size = round(float(min(before[side][best] - 1.0, draw.uniform(2.0, 12.0))), 2)
        if size > 0:
            after = {name: dict(levels) for name, levels in before.items()}
            after[side][best] = round(after[side][best] - size, 2)
            traded[runner][best] = round(traded[runner].get(best, 0.0) + 2 * size, 2)
            books[runner] = after
            return {**_ladder(SELECTIONS[runner], before, after), "trd": [[best, traded[runner][best]]], "ltp": best}
    middles[runner] += int(draw.choice([-1, 0, 1]))
    books[runner] = _book(middles[runner], draw)
    return _ladder(SELECTIONS[runner], before, books[runner])


def _book(middle: int, draw: Any) -> dict[str, dict[float, float]]:

    def size() -> float:
        return round(float(draw.uniform(5.0, 60.0)), 2)

    return {
        "atb": {float(ODDS[middle - 1 - level]): size() for level in range(12)},
        "atl": {float(ODDS[middle + 1 + level]): size() for level in range(12)},
    }


def _ladder(selection: int, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A runner change: the absolute sizes that differ, 0 for a level that is gone."""
    change: dict[str, Any] = {"id": selection}
    for side in ("atb", "atl"):
        old, new = before.get(side, {}), after[side]
        prices = sorted(set(old) | set(new))
        change[side] = [[price, new.get(price, 0)] for price in prices if old.get(price) != new.get(price)]
    return change


def _definition(off: datetime.datetime, sport: str, winner: int | None = None, status: str = "OPEN") -> dict[str, Any]:
    def of(index: int) -> str:
        if winner is None:
            return "ACTIVE"
        return "WINNER" if index == winner else "LOSER"

    runners = [{"id": s, "status": of(i), "sortPriority": i + 1} for i, s in enumerate(SELECTIONS)]
    return {
        "eventId": "30000001",
        "eventTypeId": sport,
        "marketType": "WIN",
        "bettingType": "ODDS",
        "countryCode": "GB",
        "venue": "Testbury",
        "timezone": "Europe/London",
        "marketTime": off.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "openDate": off.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "suspendTime": off.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "numberOfWinners": 1,
        "numberOfActiveRunners": 3,
        "marketBaseRate": 5.0,
        "betDelay": 0,
        "bspMarket": False,
        "turnInPlayEnabled": False,
        "persistenceEnabled": False,
        "inPlay": False,
        "complete": True,
        "crossMatching": False,
        "runnersVoidable": False,
        "bspReconciled": False,
        "discountAllowed": True,
        "version": 1,
        "regulators": ["MR_INT"],
        "status": status,
        "runners": runners,
    }


def _message(
    published_ms: int, market_id: str, definition: dict[str, Any] | None, changes: list[Any], image: bool = False
) -> str:
    change: dict[str, Any] = {"id": market_id}
    if image:
        change["img"] = True
    if definition is not None:
        change["marketDefinition"] = definition
    if changes:
        change["rc"] = changes
    return json.dumps({"op": "mcm", "pt": published_ms, "clk": "1", "mc": [change]})
