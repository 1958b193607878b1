"""What a tape says about its market in one flat row: the catalogue's columns, and which of them are hindsight.

matched at a moment : Σ of all volume rows − Σ TRADED_FALL up to then, halved: pounds of one side
actual off          : first turn in-play; where that never came, the last suspension before the market closed
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore import dtypes
from simcore.dtypes import (
    CLOSED,
    HISTORY,
    IN_PLAY,
    RECONCILED,
    REMOVED,
    REPRICED,
    RESULT,
    STATUS,
    SUSPENDED,
    TRADE,
    TRADE_UNATTRIBUTED,
    TRADED_FALL,
    WINNER,
)
from simcore.tapes.tape import ARRAYS, Tape

SPORTS = {
    "1": "football",
    "2": "tennis",
    "3": "golf",
    "4": "cricket",
    "5": "rugby union",
    "6": "boxing",
    "7": "horses",
    "8": "motor sport",
    "10": "specials",
    "11": "cycling",
    "1477": "rugby league",
    "2378961": "politics",
    "3503": "darts",
    "3988": "athletics",
    "4339": "greyhounds",
    "6231": "financial bets",
    "6422": "snooker",
    "6423": "american football",
    "7511": "baseball",
    "7522": "basketball",
    "7524": "ice hockey",
    "26420387": "mixed martial arts",
}
"""Sport by the exchange's event type; a type not named here is its number."""

VOLUME_CLASSES = {
    "trade": TRADE,
    "unattributed": TRADE_UNATTRIBUTED,
    "repriced": REPRICED,
    "reconciled": RECONCILED,
    "history": HISTORY,
}
GAP_MS = 60_000
LAST_MINUTES_MS = 15 * 60_000


def content_hash(tape: Tape) -> str:
    """sha256 of everything on the tape: facts and arrays. The same on every machine, for any file it came from."""
    digest = hashlib.sha256(msgspec.json.encode(tape.info, order="sorted"))
    for name in ARRAYS:
        array = getattr(tape, name)
        digest.update(f"{name} {array.dtype.newbyteorder('<').str} {len(array)};".encode())
        digest.update(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).tobytes())
    return digest.hexdigest()


def sport_of(event_type_id: str) -> str:
    """Name of the sport, or the event type itself; empty where the recording does not say."""
    return SPORTS.get(event_type_id, event_type_id)


def known_facts(tape: Tape) -> dict[str, Any]:
    """Columns that were known when the market was first published."""
    info = tape.info
    off_ms = int(tape.start_ms[0]) if len(tape.start_ms) else None
    off = datetime.fromtimestamp(off_ms / 1000, UTC) if off_ms is not None else None
    return {
        "market_id": info.market_id,
        "event_id": info.event_id,
        "event_type_id": info.event_type_id,
        "sport": sport_of(info.event_type_id),
        "market_type": info.market_type,
        "country": info.country_code,
        "venue": info.venue,
        "market_name": info.market_name,
        "event_name": info.event_name,
        "advertised_off": off,
        "day": off.strftime("%Y-%m-%d") if off else "",
        "hour": off.hour if off else -1,
        "runners": len(info.runners),
        "number_of_winners": info.number_of_winners,
        "base_rate_percent": info.market_base_rate_percent,
        "bsp_market": info.bsp_market,
        "turn_in_play": info.turn_in_play_enabled,
    }


def hindsight_facts(tape: Tape) -> dict[str, Any]:
    """Columns known only afterwards; refused as a sweep's market filter unless forced."""
    row_ms = np.repeat(tape.message_ms, np.diff(tape.message_row))
    off_ms = actual_off_ms(tape, row_ms)
    end_ms = off_ms if off_ms is not None else np.iinfo(np.int64).max
    last_start = _last_start_before(tape, row_ms, end_ms)
    volume = _volume(tape)
    facts: dict[str, Any] = {
        "matched_pounds": round(float(volume[row_ms < end_ms].sum()) / 200, 2),
        "traded": bool((tape.kind == TRADE).any() or (tape.kind == TRADE_UNATTRIBUTED).any()),
        "actual_off_ms": off_ms,
        "advertised_against_actual_s": None,
        "closed": bool(((tape.kind == STATUS) & (tape.size == CLOSED)).any()),
        "went_in_play": bool(((tape.kind == IN_PLAY) & (tape.size == 1)).any()),
        "has_result": bool(((tape.kind == RESULT) & (tape.size == WINNER)).any()),
        "removed_runners": len(np.unique(tape.runner[tape.kind == REMOVED])),
        "start_revisions": max(len(tape.start_ms) - 1, 0),
        "gaps_last_15_minutes": _gaps(tape, end_ms),
        "images": _images_mid_stream(tape),
    }
    if off_ms is not None and last_start is not None:
        facts["advertised_against_actual_s"] = (off_ms - last_start) / 1000
    return facts | quality_facts(tape)


def quality_facts(tape: Tape) -> dict[str, Any]:
    """Share of traded volume by class, and falls: how far the recording's trades can be told apart."""
    sums = {name: _sum(tape, kind) for name, kind in VOLUME_CLASSES.items()}
    total = sum(sums.values())
    facts: dict[str, Any] = {f"{name}_share": round(s / total, 6) if total else 0.0 for name, s in sums.items()}
    falls = tape.kind == TRADED_FALL
    facts["traded_falls"] = int(falls.sum())
    facts["traded_falls_pounds"] = _sum(tape, TRADED_FALL) / 200
    both = _both_sides_pence(tape)
    facts["both_sides_share"] = round(both / sums["trade"], 6) if sums["trade"] else 0.0
    return facts


def actual_off_ms(tape: Tape, row_ms: NDArray[np.int64]) -> int | None:
    """First turn in-play, UTC ms; else the last suspension before the close; None where the recording has neither."""
    turns = row_ms[(tape.kind == IN_PLAY) & (tape.size == 1)]
    if len(turns):
        return int(turns[0])
    status = tape.kind == STATUS
    closes = np.flatnonzero(status & (tape.size == CLOSED))
    if not len(closes):
        return None
    suspensions = np.flatnonzero(status & (tape.size == SUSPENDED))
    before = suspensions[suspensions < closes[0]]
    return int(row_ms[before[-1]]) if len(before) else int(row_ms[closes[0]])


def _last_start_before(tape: Tape, row_ms: NDArray[np.int64], end_ms: int) -> int | None:
    rows = np.flatnonzero((tape.kind == dtypes.START) & (row_ms <= end_ms))
    return int(tape.start_ms[tape.size[rows[-1]]]) if len(rows) else None


def _volume(tape: Tape) -> NDArray[np.int64]:
    sign = np.zeros(dtypes.N_KINDS, dtype=np.int64)
    sign[list(VOLUME_CLASSES.values())] = 1
    sign[TRADED_FALL] = -1
    return sign[tape.kind] * tape.size


def _sum(tape: Tape, kind: int) -> int:
    return int(tape.size[tape.kind == kind].sum(dtype=np.int64))


def _gaps(tape: Tape, end_ms: int) -> int:
    """Silences of a minute or more in the 15 minutes before the off."""
    last = tape.message_ms[(tape.message_ms <= end_ms)]
    if not len(last):
        return 0
    recent = last[last >= min(end_ms, int(last[-1])) - LAST_MINUTES_MS]
    return int((np.diff(recent) >= GAP_MS).sum())


def _images_mid_stream(tape: Tape) -> int:
    first_message_ends = tape.message_row[min(1, tape.n_messages)]
    return int((tape.kind[first_message_ends:] == dtypes.IMAGE).sum())


def _both_sides_pence(tape: Tape) -> int:
    """Volume of trades in messages that hit both books of one runner, two-sided pence."""
    rows = np.flatnonzero(tape.kind == TRADE)
    message = np.repeat(np.arange(tape.n_messages), np.diff(tape.message_row))[rows]
    group = message * max(tape.n_runners, 1) + tape.runner[rows]
    inverse = np.unique(group, return_inverse=True)[1]
    hit = np.zeros((inverse.max(initial=-1) + 1, 2), dtype=bool)
    hit[inverse, tape.book[rows]] = True
    both: NDArray[np.bool_] = hit[:, 0] & hit[:, 1]
    return int(tape.size[rows][both[inverse]].sum(dtype=np.int64))
