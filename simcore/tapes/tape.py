"""One market as columns of integers, and its file.

The file is one Arrow IPC record batch of one row: list columns hold the arrays, a JSON column holds the facts. Each buffer is
packed with LZ4, which halves the file and unpacks at more than a gigabyte a second: far less than a replay reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simcore.errors import RecordingError
from simcore.tapes.books import Book, RunnerKey, book_at, books_of

TAPE_VERSION = 1


class RunnerInfo(msgspec.Struct, frozen=True):
    """A runner is (selection id, handicap); `name` where the recording has it."""

    selection_id: int
    handicap: float = 0.0
    name: str = ""
    sort_priority: int = 0


class MarketInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the first market definition said; nothing here is known later than the first message that carried it."""

    market_id: str
    event_id: str = ""
    event_name: str = ""
    event_type_id: str = ""
    market_type: str = ""
    market_name: str = ""
    country_code: str = ""
    venue: str = ""
    timezone: str = ""
    betting_type: str = "ODDS"
    currency: str = "GBP"
    number_of_winners: int = 1
    market_base_rate_percent: float = 5.0
    each_way_divisor: float = 0.0
    bsp_market: bool = False
    turn_in_play_enabled: bool = False
    persistence_enabled: bool = False
    bet_delay_models: tuple[str, ...] = ()
    has_definition: bool = True
    runners: tuple[RunnerInfo, ...] = ()
    """first-seen order: runner index = position here; a prefix of the file has a prefix of this tuple."""


@dataclass(frozen=True)
class Tape:
    """The record of one market. Arrays are read-only; their meaning, unit and range are in `simcore.dtypes`."""

    info: MarketInfo
    message_ms: NDArray[np.int64]
    message_row: NDArray[np.int64]
    kind: NDArray[np.uint8]
    book: NDArray[np.uint8]
    runner: NDArray[np.int16]
    tick: NDArray[np.int16]
    size: NDArray[np.int32]
    start_ms: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    @property
    def market_id(self) -> str:
        return self.info.market_id

    @property
    def n_messages(self) -> int:
        return len(self.message_ms)

    @property
    def n_rows(self) -> int:
        return len(self.kind)

    @property
    def n_runners(self) -> int:
        return len(self.info.runners)

    def book_at(self, published_ms: int) -> dict[RunnerKey, Book]:
        """The recorded ladders after the last message published at or before `published_ms` (UTC ms).

        Keys are selection ids; (selection id, handicap) for a runner whose handicap is not 0. All books are empty before the
        first message.
        """
        return book_at(self, published_ms)

    def books(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """(published_ms, books) after each message: books is (n_runners, 2, 350) int64 pence by runner, ATB/ATL and tick.

        One array is given each time, read-only and changed by the next step; copy it to keep it.
        """
        return books_of(self)


ARRAYS = tuple(f.name for f in fields(Tape) if f.name != "info")
_TYPES = {
    "message_ms": pa.int64(),
    "message_row": pa.int64(),
    "kind": pa.uint8(),
    "book": pa.uint8(),
    "runner": pa.int16(),
    "tick": pa.int16(),
    "size": pa.int32(),
    "start_ms": pa.int64(),
}
_SCHEMA = pa.schema(
    [pa.field("info", pa.string())] + [pa.field(n, pa.large_list(_TYPES[n])) for n in ARRAYS],
    metadata={"furlong_tape": str(TAPE_VERSION)},
)


_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_ALONE = pa.ipc.IpcReadOptions(use_threads=False)
"""workers own a core each"""


def write_tape(tape: Tape, path: Path) -> None:
    """Write `tape` to `path` whole or not at all (a temporary file is renamed over it)."""
    columns: list[pa.Array] = [pa.array([msgspec.json.encode(tape.info).decode()])]
    for name in ARRAYS:
        values = pa.array(getattr(tape, name), type=_TYPES[name])
        offsets = pa.array([0, len(values)], type=pa.int64())
        columns.append(pa.LargeListArray.from_arrays(offsets, values))
    batch = pa.record_batch(columns, schema=_SCHEMA)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, _SCHEMA, options=_PACKED) as writer:
            writer.write_batch(batch)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_tape(path: Path) -> Tape:
    """A tape from its file. Raises RecordingError for a file that is no tape."""
    try:
        batch = pa.ipc.open_file(pa.memory_map(str(path), "r"), options=_ALONE).get_batch(0)
    except (OSError, pa.ArrowInvalid) as error:
        raise RecordingError(f"tape {path.name} cannot be read ({error}); import its market again") from error
    metadata = batch.schema.metadata or {}
    if metadata.get(b"furlong_tape") != str(TAPE_VERSION).encode():
        raise RecordingError(f"tape {path.name} is not of version {TAPE_VERSION}; import its market again")
    info = msgspec.json.decode(batch.column("info")[0].as_py(), type=MarketInfo)
    arrays = {n: batch.column(n).values.to_numpy(zero_copy_only=True) for n in ARRAYS}
    return Tape(info=info, **arrays)
