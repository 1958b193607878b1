"""One market as columns of integers, and its file.

The file is one Arrow IPC record batch of one row: list columns hold the arrays as `simcore.tapes.packing` lays them out, a JSON
column holds the facts. Each buffer is packed with LZ4, which halves the file and unpacks at more than a gigabyte a second.
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
from simcore.tapes.packing import COLUMNS, pack, unpack

TAPE_VERSION = 2


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
_VERSION, _FIRST_MS = "furlong_tape", "first_ms"
_PACKED = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_ALONE = pa.ipc.IpcReadOptions(use_threads=False)
"""workers own a core each"""


def write_tape(tape: Tape, path: Path) -> None:
    """Write `tape` to `path` whole or not at all (a temporary file is renamed over it).

    Raises RecordingError for a tape that breaks the ranges of `simcore.dtypes`.
    """
    columns: dict[str, pa.Array] = {"info": pa.array([msgspec.json.encode(tape.info).decode()])}
    for name, values in pack(tape).items():
        columns[name] = pa.LargeListArray.from_arrays(pa.array([0, len(values)], type=pa.int64()), pa.array(values))
    first_ms = int(tape.message_ms[0]) if tape.n_messages else 0
    batch = pa.record_batch(columns, metadata={_VERSION: str(TAPE_VERSION), _FIRST_MS: str(first_ms)})
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, batch.schema, options=_PACKED) as writer:
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
    if metadata.get(_VERSION.encode()) != str(TAPE_VERSION).encode():
        raise RecordingError(f"tape {path.name} is not of version {TAPE_VERSION}; import its market into a new store")
    info = msgspec.json.decode(batch.column("info")[0].as_py(), type=MarketInfo)
    columns = {name: batch.column(name).values.to_numpy(zero_copy_only=True) for name in COLUMNS}
    return Tape(info=info, **unpack(columns, int(metadata[_FIRST_MS.encode()])))
