"""What is in a store, and one market's story."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcore import dtypes
from simcore.tapes.facts import VOLUME_CLASSES
from simcore.tapes.store import TapeStore
from simcore.tapes.tape import Tape
from simcore.units import ODDS

if TYPE_CHECKING:
    import pandas as pd

STATUS_NAMES = {
    dtypes.OPEN: "OPEN",
    dtypes.SUSPENDED: "SUSPENDED",
    dtypes.CLOSED: "CLOSED",
    dtypes.INACTIVE: "INACTIVE",
}
RESULT_NAMES = {dtypes.LOSER: "LOSER", dtypes.WINNER: "WINNER", dtypes.PLACED: "PLACED"}
SECONDS_BEFORE = (3600, 1800, 600, 300, 120, 60, 30, 0)
"""Moments before the advertised start at which the story gives the volume matched so far."""


def list_markets(store: Path, filters: Mapping[str, Any]) -> pd.DataFrame:
    """The catalogue, filtered; a listing may use hindsight. Raises RecordingError as `TapeStore` does."""
    return TapeStore.open(store).markets(hindsight=True, **filters)


def records_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The table as JSON-ready rows: times as ISO text, nothing known as null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", date_format="iso"))
    return rows


def market_story(store: Path, market_id: str) -> dict[str, Any]:
    """One market: its catalogue row, its runners, what happened when, and how its volume came about (JSON-ready)."""
    opened = TapeStore.open(store)
    tape = opened.tape(market_id)
    table = opened.markets(market_id=market_id)
    return {
        "market": records_of(table)[0],
        "runners": _runners(tape),
        "events": _events(tape),
        "volume": _volume(tape),
    }


def _row_ms(tape: Tape) -> NDArray[np.int64]:
    return np.repeat(tape.message_ms, np.diff(tape.message_row))


def _runners(tape: Tape) -> list[dict[str, Any]]:
    runners: list[dict[str, Any]] = []
    signs = _signs()
    matched = np.zeros(tape.n_runners + 1, dtype=np.int64)
    off = _off_row(tape)
    np.add.at(matched, tape.runner[:off], signs[tape.kind[:off]] * tape.size[:off])
    for index, runner in enumerate(tape.info.runners):
        last = _last(tape, dtypes.LAST_TRADED, index, "tick", off)
        result = _last(tape, dtypes.RESULT, index, "size")
        factor = _last(tape, dtypes.REMOVED, index, "size")
        starting_price = _last(tape, dtypes.STARTING_PRICE, index, "size")
        runners.append(
            {
                "selection_id": runner.selection_id,
                "handicap": runner.handicap,
                "name": runner.name,
                "result": RESULT_NAMES.get(result) if result is not None else None,
                "removed_factor_percent": factor / 100 if factor is not None else None,
                "starting_price": starting_price / 100 if starting_price is not None else None,
                "last_traded_at_off": float(ODDS[last]) if last is not None and last >= 0 else None,
                "matched_pounds_at_off": round(int(matched[index]) / 200, 2),
            }
        )
    return runners


def _off_row(tape: Tape) -> int:
    """First row after the off (in-play, or closed without one); all rows where neither came."""
    turned = (tape.kind == dtypes.IN_PLAY) & (tape.size == 1)
    closed = (tape.kind == dtypes.STATUS) & (tape.size == dtypes.CLOSED)
    fallen = _settled_row(tape)
    rows = np.flatnonzero(turned | closed)
    return min(int(rows[0]) if len(rows) else tape.n_rows, fallen)


def _settled_row(tape: Tape) -> int:
    """First fall of the bulk of falls after the last trade: settlement empties the traded volume."""
    traded = np.flatnonzero(np.isin(tape.kind, list(VOLUME_CLASSES.values())))
    falls = np.flatnonzero(tape.kind == dtypes.TRADED_FALL)
    after = falls[falls > (traded[-1] if len(traded) else -1)]
    return int(after[0]) if len(after) else tape.n_rows


def _signs() -> NDArray[np.int64]:
    signs = np.zeros(dtypes.N_KINDS, dtype=np.int64)
    signs[list(VOLUME_CLASSES.values())] = 1
    signs[dtypes.TRADED_FALL] = -1
    return signs


def _last(tape: Tape, kind: int, runner: int, column: str, end: int | None = None) -> int | None:
    rows = np.flatnonzero((tape.kind[:end] == kind) & (tape.runner[:end] == runner))
    return int(getattr(tape, column)[rows[-1]]) if len(rows) else None


def _events(tape: Tape) -> list[dict[str, Any]]:
    """Everything but prices and volume, in order; seconds count down to the advertised start as known then."""
    kinds = (
        dtypes.STATUS,
        dtypes.IN_PLAY,
        dtypes.BET_DELAY,
        dtypes.START,
        dtypes.REMOVED,
        dtypes.WINNERS,
        dtypes.IMAGE,
    )
    rows = np.flatnonzero(np.isin(tape.kind, kinds))
    row_ms = _row_ms(tape)
    events: list[dict[str, Any]] = []
    start_ms: int | None = None
    for row in rows.tolist():
        kind, size = int(tape.kind[row]), int(tape.size[row])
        if kind == dtypes.START:
            start_ms = int(tape.start_ms[size])
        published_ms = int(row_ms[row])
        seconds = None if start_ms is None else (start_ms - published_ms) / 1000
        what = _what(tape, kind, size, int(tape.runner[row]))
        events.append({"published_ms": published_ms, "seconds_to_start": seconds, "event": what})
    return events


def _what(tape: Tape, kind: int, size: int, runner: int) -> str:
    if kind == dtypes.REMOVED:
        who = tape.info.runners[runner]
        return f"runner {who.name or who.selection_id} removed, reduction factor {size / 100:g} %"
    if kind == dtypes.START:
        return f"advertised start is {_clock(int(tape.start_ms[size]))}"
    return {
        dtypes.STATUS: f"status {STATUS_NAMES.get(size, size)}",
        dtypes.IN_PLAY: "turned in-play" if size else "not in-play",
        dtypes.BET_DELAY: f"bet delay {size} s",
        dtypes.WINNERS: f"{size} winner{'s' if size != 1 else ''}",
        dtypes.IMAGE: "image: the recording's state begins anew",
    }[kind]


def _clock(epoch_ms: int) -> str:
    return str(np.datetime_as_string(np.datetime64(epoch_ms, "ms"), unit="s")).replace("T", " ") + " UTC"


def _volume(tape: Tape) -> dict[str, Any]:
    """Pounds of one side: by class, and matched so far at moments before the last advertised start."""
    by_class = {
        name: round(int(tape.size[tape.kind == kind].sum(dtype=np.int64)) / 200, 2)
        for name, kind in (VOLUME_CLASSES | {"fallen": dtypes.TRADED_FALL}).items()
    }
    if not len(tape.start_ms):
        return {"pounds_by_class": by_class, "matched_pounds_before_start": {}}
    end = _off_row(tape)
    running = np.cumsum(_signs()[tape.kind[:end]] * tape.size[:end])
    row_ms = _row_ms(tape)[:end]
    start_ms = int(tape.start_ms[-1])
    before: dict[str, float] = {}
    for seconds in SECONDS_BEFORE:
        place = int(np.searchsorted(row_ms, start_ms - seconds * 1000, side="right"))
        before[str(seconds)] = round(int(running[place - 1]) / 200, 2) if place else 0.0
    return {"pounds_by_class": by_class, "matched_pounds_before_start": before}
