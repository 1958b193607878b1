"""A folder of tapes with their catalogue, opened read-only by many workers.

store.json          version; written last, so that a folder without it is no store yet
catalogue.parquet   one row a market (`simcore.tapes.catalogue`), replaced whole
tapes/              <market_id>.<first digits of the content hash>.arrow
imports/            one JSON report per imported source
pending.jsonl       rows of an import that has not been committed yet
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from simcore.errors import RecordingError
from simcore.tapes.catalogue import SCHEMA, Row, conditions, select
from simcore.tapes.tape import Tape, read_tape

if TYPE_CHECKING:
    import pandas as pd

STORE_VERSION = 2
MARKER, CATALOGUE, TAPES, IMPORTS = "store.json", "catalogue.parquet", "tapes", "imports"


class TapeStore:
    """Tapes and their catalogue, read-only. Use `TapeStore.open`."""

    def __init__(self, path: Path, catalogue: pd.DataFrame) -> None:
        self.path = path
        self._catalogue = catalogue
        self._place: dict[str, int] = dict(zip(catalogue["market_id"].to_list(), range(len(catalogue)), strict=True))

    @classmethod
    def open(cls, path: str | Path) -> TapeStore:
        """Open a store. Raises RecordingError for a folder that is missing, no store, half-written or of another version."""
        folder = Path(path)
        check_store(folder)
        catalogue = read_catalogue(folder)
        there = os.listdir(folder / TAPES) if (folder / TAPES).is_dir() else []  # noqa: PTH208 - a tenth of the time
        missing = set(catalogue.column("tape").to_pylist()).difference(there)
        if missing:
            raise RecordingError(
                f"store {str(folder)!r} is half-written: tapes of its catalogue are missing ({len(missing)}); "
                f"import their files again"
            )
        return cls(folder, catalogue.to_pandas())

    def markets(self, *, hindsight: bool = False, **filters: Any) -> pd.DataFrame:
        """The catalogue as a table, one row a market sorted by id; filters as in `simcore.tapes.catalogue.conditions`.

        Columns and units: `SCHEMA`, `docs/import.md`. Raises RecordingError for an unknown filter, and for one on a
        hindsight column (`HINDSIGHT`) unless `hindsight=True`.
        """
        return select(self._catalogue, conditions(filters, hindsight=hindsight))

    def tape(self, market_id: str) -> Tape:
        """The tape of a market. Raises RecordingError where the store has no such market."""
        return read_tape(self.path / TAPES / self.fact(market_id, "tape"))

    def fact(self, market_id: str, name: str) -> Any:
        """What the catalogue says of one market in one column. Raises RecordingError where the store has no such market."""
        return self._catalogue[name].iat[self._row(market_id)]

    def row(self, market_id: str) -> Row:
        """The catalogue's row of one market. Raises RecordingError where the store has no such market."""
        return {str(name): value for name, value in self._catalogue.iloc[self._row(market_id)].items()}

    def _row(self, market_id: str) -> int:
        place = self._place.get(market_id)
        if place is None:
            raise RecordingError(
                f"market {market_id!r} is not in store {str(self.path)!r}; `sweeps data list` shows its {len(self)} markets"
            )
        return place

    def manifest(self, market_ids: Iterable[str]) -> str:
        """Hash of which markets with which content: the same for any machine, path, file name or order of import."""
        lines = sorted({f"{market_id} {self.fact(market_id, 'content_hash')}\n" for market_id in market_ids})
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._catalogue)

    def __contains__(self, market_id: object) -> bool:
        return market_id in self._place


def check_store(folder: Path) -> None:
    """Raises RecordingError with the remedy unless `folder` is a store of this version."""
    remedy = f"make one with `sweeps data import SRC --store {folder}`"
    if not folder.is_dir():
        raise RecordingError(f"there is no store at {str(folder)!r}; {remedy}")
    marker = folder / MARKER
    if not marker.is_file():
        if (folder / TAPES).is_dir() or (folder / CATALOGUE).is_file():
            raise RecordingError(f"store {str(folder)!r} is half-written (no {MARKER}); run its import again")
        raise RecordingError(f"folder {str(folder)!r} is no store (no {MARKER}); {remedy}")
    try:
        version = msgspec.json.decode(marker.read_bytes(), type=dict[str, int])["furlong_store"]
    except (msgspec.DecodeError, KeyError) as error:
        raise RecordingError(
            f"{MARKER} of store {str(folder)!r} cannot be read ({error}); {remedy} elsewhere"
        ) from error
    if version != STORE_VERSION:
        raise RecordingError(
            f"store {str(folder)!r} is of version {version}, this is {STORE_VERSION}; {remedy} elsewhere"
        )


def read_catalogue(folder: Path) -> pa.Table:
    """The catalogue as written. Raises RecordingError where it is missing or no catalogue of this version."""
    try:
        table = pq.read_table(folder / CATALOGUE)
    except (OSError, pa.ArrowInvalid) as error:
        raise RecordingError(
            f"store {str(folder)!r} is half-written: {CATALOGUE} cannot be read ({error}); run its import again"
        ) from error
    if table.schema.names != SCHEMA.names:
        raise RecordingError(
            f"store {str(folder)!r} has a catalogue of other columns; import its files into a new store"
        )
    return table
