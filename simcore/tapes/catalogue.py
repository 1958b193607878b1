"""The catalogue of a store: one row a market, its columns, and how they are filtered.

Columns known only after the market ended are *hindsight*; a strategy chosen with them has looked ahead, so they are refused
as a filter unless asked for. `replayable` judges the recording, not the market, and may always be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from simcore.errors import RecordingError
from simcore.tapes.facts import content_hash, hindsight_facts, known_facts
from simcore.tapes.tape import Tape

if TYPE_CHECKING:
    import pandas as pd

FEWEST_MESSAGES = 50
"""A recording with fewer messages is a sample, not a market to replay."""

_TEXT, _INT, _REAL, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
_KNOWN: dict[str, pa.DataType] = {
    "market_id": _TEXT,
    "event_id": _TEXT,
    "event_type_id": _TEXT,
    "sport": _TEXT,
    "market_type": _TEXT,
    "country": _TEXT,
    "venue": _TEXT,
    "market_name": _TEXT,
    "event_name": _TEXT,
    "advertised_off": pa.timestamp("ms", tz="UTC"),
    "day": _TEXT,
    "hour": _INT,
    "runners": _INT,
    "number_of_winners": _INT,
    "base_rate_percent": _REAL,
    "bsp_market": _BOOL,
    "turn_in_play": _BOOL,
    "tier": _TEXT,
    "source": _TEXT,
    "other_copies": _TEXT,
    "content_hash": _TEXT,
    "tape": _TEXT,
    "replayable": _BOOL,
    "reason": _TEXT,
}
_HINDSIGHT: dict[str, pa.DataType] = {
    "messages": _INT,
    "rows": _INT,
    "matched_pounds": _REAL,
    "traded": _BOOL,
    "actual_off_ms": _INT,
    "advertised_against_actual_s": _REAL,
    "closed": _BOOL,
    "went_in_play": _BOOL,
    "has_result": _BOOL,
    "removed_runners": _INT,
    "start_revisions": _INT,
    "gaps_last_15_minutes": _INT,
    "images": _INT,
    "trade_share": _REAL,
    "unattributed_share": _REAL,
    "repriced_share": _REAL,
    "reconciled_share": _REAL,
    "history_share": _REAL,
    "both_sides_share": _REAL,
    "traded_falls": _INT,
    "traded_falls_pounds": _REAL,
    "cut_short": _BOOL,
}
READING = (
    "by_fall_pence",
    "by_touch_pence",
    "preplaced_pence",
    "both_sides",
    "crossed",
    "clock_back",
    "gaps",
    "conflated_messages",
    "damaged_lines",
)
"""Columns that tell how the stream was read; 0 for a tape that came from none."""
_HINDSIGHT |= dict.fromkeys(READING, _INT)
SCHEMA = pa.schema([pa.field(name, kind) for name, kind in (_KNOWN | _HINDSIGHT).items()])
HINDSIGHT = frozenset(_HINDSIGHT)
"""Columns known only after the market ended."""
ALIASES = {"volume_pounds": "matched_pounds", "type": "market_type", "date": "day"}
TIERS = ("PRO", "SELF", "SYNTHETIC", "ADVANCED", "SELF_LEVELS")
"""Best first: full ladder as the exchange sells it, as recorded, as generated; best offers as sold, as recorded."""
_RANK = {"PRO": 0, "SELF": 0, "SYNTHETIC": 0, "ADVANCED": 1, "SELF_LEVELS": 1}

Row = dict[str, Any]


def catalogue_row(tape: Tape, **extras: object) -> Row:
    """The catalogue's row of a tape. `extras` are columns the tape does not tell: `tier`, `source`, what its reading met.

    Raises RecordingError for a column that does not exist.
    """
    unknown = set(extras) - set(SCHEMA.names)
    if unknown:
        raise RecordingError(f"catalogue column {min(unknown)!r} is unknown; choose from {', '.join(SCHEMA.names)}")
    row: Row = dict.fromkeys(SCHEMA.names) | dict.fromkeys(READING, 0)
    row |= {"tier": "SELF", "source": "", "other_copies": "", "cut_short": False}
    row |= known_facts(tape) | hindsight_facts(tape)
    row |= {"messages": tape.n_messages, "rows": tape.n_rows, "content_hash": content_hash(tape)} | extras
    if row["tier"] not in _RANK:
        raise RecordingError(f"`tier` must be one of {', '.join(TIERS)}, got {row['tier']!r}")
    reason = why_not_replayable(tape, row)
    return row | {"replayable": reason == "", "reason": reason}


def why_not_replayable(tape: Tape, row: Mapping[str, Any]) -> str:
    """Why a replay of this recording would mean nothing; empty where it does."""
    if not tape.info.has_definition:
        return "the recording holds no market definition"
    if not len(tape.start_ms):
        return "the recording names no advertised start, and strategies time themselves by it"
    if not row["closed"]:
        return "the recording ends before the market closed"
    if row["removed_runners"] >= tape.n_runners:
        return "every runner was removed: the event was abandoned"
    if not row["traded"]:
        return "nothing was ever traded"
    if tape.n_messages < FEWEST_MESSAGES:
        return f"only {tape.n_messages} messages, a market needs {FEWEST_MESSAGES}"
    return ""


def merge_rows(rows: list[Row]) -> list[Row]:
    """Each market once, sorted by id: the copy of the best tier, then with most messages; the others are named in it.

    The result does not depend on the order of `rows`.
    """
    by_market: dict[str, list[Row]] = {}
    for row in rows:
        by_market.setdefault(row["market_id"], []).append(row)
    return [_named(sorted(by_market[market_id], key=_preference)) for market_id in sorted(by_market)]


def _preference(row: Row) -> tuple[Any, ...]:
    return _RANK[row["tier"]], -row["messages"], row["content_hash"], row["source"]


def _named(copies: list[Row]) -> Row:
    """The first of a market's copies, with the sources of the others."""
    best = copies[0]
    others: set[str] = set()
    for row in copies:
        others |= {row["source"], *filter(None, (row["other_copies"] or "").split("; "))}
    return best | {"other_copies": "; ".join(sorted(others - {best["source"]}))}


@dataclass(frozen=True)
class Condition:
    """One filter: `column` is (`is`), at least (`min`) or at most (`max`) the value."""

    column: str
    kind: str
    value: Any


def conditions(filters: Mapping[str, Any], *, hindsight: bool) -> list[Condition]:
    """Filters as conditions on columns.

    A column's name takes a value or several; `min_`/`max_` before it bounds it; `date` and `hour` also take a pair (first,
    last) and the suffixes `_from`/`_to`. None is no filter. Raises RecordingError for an unknown filter, and for a
    hindsight column unless `hindsight`.
    """
    found: list[Condition] = []
    for name, value in filters.items():
        if value is not None:
            found += _condition(name, value)
    for condition in found:
        if condition.column in HINDSIGHT and not hindsight:
            raise RecordingError(
                f"filter on {condition.column!r} looks ahead: it is known only after the market; "
                f"leave it out, or force it with hindsight=True"
            )
    return found


def _condition(name: str, value: Any) -> list[Condition]:
    base, kind = name, "is"
    for affix, bound in (("min_", "min"), ("max_", "max")):
        if name.startswith(affix):
            base, kind = name.removeprefix(affix), bound
    for affix, bound in (("_from", "min"), ("_to", "max")):
        if name in (f"date{affix}", f"hour{affix}", f"day{affix}"):
            base, kind = name.removesuffix(affix), bound
    column = ALIASES.get(base, base)
    if column not in SCHEMA.names:
        raise RecordingError(f"filter {name!r} is unknown; choose a column of the catalogue: {', '.join(SCHEMA.names)}")
    if column in ("day", "hour") and kind == "is" and isinstance(value, tuple):
        if len(value) != 2:
            raise RecordingError(f"filter {name!r} must be one value or a pair (first, last), got {value!r}")
        bounds = [Condition(column, "min", value[0]), Condition(column, "max", value[1])]
        return [bound for bound in bounds if bound.value is not None]
    return [Condition(column, kind, value)]


def select(table: pd.DataFrame, wanted: list[Condition]) -> pd.DataFrame:
    """Rows of the catalogue that meet all conditions. Raises RecordingError for a value of the wrong type."""
    for condition in wanted:
        values = table[condition.column]
        try:
            if condition.kind == "is":
                table = table[_equals(values, condition.value)]
            else:
                bound = _typed(values, condition.value)
                table = table[(values >= bound) if condition.kind == "min" else (values <= bound)]
        except (TypeError, ValueError) as error:
            raise RecordingError(f"filter on {condition.column!r} cannot be {condition.value!r} ({error})") from error
    return table.reset_index(drop=True)


def _equals(values: pd.Series[Any], wanted: Any) -> pd.Series[bool]:
    several = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    if _is_text(values):
        return values.str.casefold().isin([str(one).casefold() for one in several])
    return values.isin([_typed(values, one) for one in several])


def _typed(values: pd.Series[Any], value: Any) -> Any:
    """The value as its column compares it: text for text (dates are text), true/false, or a number."""
    if _is_text(values):
        return str(value)
    if values.dtype == bool:
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    if values.dtype.kind == "M":
        import pandas as pd

        return pd.Timestamp(value)
    return float(value)


def _is_text(values: pd.Series[Any]) -> bool:
    return values.dtype.kind not in "biufM"
