"""The one writer of a store: adds tapes, then replaces the catalogue in one step.

Safe to be killed at any moment: the store opens as before. A tape is written whole under the hash of its content, then its
row goes to a journal, then its source's report is written; the next writer takes up the journal. `commit` merges it.
"""

from __future__ import annotations

import fcntl
import os
import re
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from simcore.errors import RecordingError
from simcore.tapes.catalogue import SCHEMA, Row, catalogue_row, merge_rows
from simcore.tapes.store import CATALOGUE, IMPORTS, MARKER, STORE_VERSION, TAPES, check_store, read_catalogue
from simcore.tapes.tape import Tape, write_tape

PENDING, LOCK, REFUSED = "pending.jsonl", ".lock", ".refused.json"
_MARKET_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def store_tape(folder: Path, tape: Tape, **extras: object) -> Row:
    """Write a tape into the store's folder and return its row for `StoreWriter.add_row`; any process may do this.

    `extras` are catalogue columns the tape does not tell (`tier`, `source`, …).
    """
    if not _MARKET_ID.fullmatch(tape.market_id):
        raise RecordingError(
            f"market id {tape.market_id!r} cannot name a file; it must be letters, digits, `.`, `_`, `-`"
        )
    row = catalogue_row(tape, **extras)
    row["tape"] = f"{tape.market_id}.{row['content_hash'][:12]}.arrow"
    path = folder / TAPES / str(row["tape"])
    if not path.is_file():
        write_tape(tape, path)
    return row


class StoreWriter:
    """Writes into the store at `path`, making it if need be; one writer at a time, others are refused.

    Use as a context manager, or call `close`. What was added but not committed waits for the next writer.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._make_folder()
        self._lock = self._locked()
        try:
            self._rows: list[Row] = read_catalogue(self.path).to_pylist()
            self._pending = self._take_up_journal()
            self._forget_lost_tapes()
            self._journal = (self.path / PENDING).open("ab")
        except BaseException:
            os.close(self._lock)
            raise

    def add(self, tape: Tape, **extras: object) -> Row:
        """Write a tape and put its row in the journal; returns the row. `extras`: catalogue columns such as `tier`, `source`.

        A market already there is kept once: the best tier, then most messages (decided at `commit`).
        """
        row = store_tape(self.path, tape, **extras)
        self.add_row(row)
        return row

    def add_row(self, row: Row) -> None:
        """Put the row of a tape that `store_tape` wrote in the journal."""
        self._journal.write(msgspec.json.encode(row) + b"\n")
        self._journal.flush()
        self._pending.append(row)

    def record_source(self, source_hash: str, report: dict[str, Any], *, refused: bool = False) -> None:
        """Write a source's report, after its rows. Unless all of it was `refused` it counts as known and is not read again."""
        _replace(self._report_file(source_hash, refused), msgspec.json.format(msgspec.json.encode(report)))
        self._report_file(source_hash, not refused).unlink(missing_ok=True)

    def _report_file(self, source_hash: str, refused: bool) -> Path:
        return self.path / IMPORTS / f"{source_hash}{REFUSED if refused else '.json'}"

    def known_sources(self) -> set[str]:
        """Content hashes of the sources imported so far; wholly refused ones are read (and explained) again."""
        names = (file.name for file in (self.path / IMPORTS).glob("*.json"))
        return {name.removesuffix(".json") for name in names if not name.endswith(REFUSED)}

    def commit(self) -> list[Row]:
        """Make everything added part of the catalogue, in one step; returns all its rows."""
        self._rows = merge_rows(self._rows + self._pending)
        self._write_catalogue()
        self._pending = []
        self._journal.truncate(0)
        kept = {row["tape"] for row in self._rows}
        for file in (self.path / TAPES).iterdir():
            if file.name not in kept:
                file.unlink(missing_ok=True)
        return self._rows

    def close(self) -> None:
        """Give the store free for other writers."""
        self._journal.close()
        if not (self.path / PENDING).stat().st_size:
            (self.path / PENDING).unlink()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_folder(self) -> None:
        if (self.path / MARKER).exists():
            check_store(self.path)
            return
        ours = {TAPES, IMPORTS, CATALOGUE, LOCK, PENDING}
        if self.path.exists() and (not self.path.is_dir() or {file.name for file in self.path.iterdir()} - ours):
            raise RecordingError(f"`--store` {str(self.path)!r} is neither a store nor an empty folder; name another")
        for folder in (TAPES, IMPORTS):
            (self.path / folder).mkdir(parents=True, exist_ok=True)

    def _locked(self) -> int:
        lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise RecordingError(
                f"store {str(self.path)!r} is being written by another import; wait for its end"
            ) from error
        if not (self.path / MARKER).exists():
            self._rows = []
            self._write_catalogue()
            _replace(self.path / MARKER, msgspec.json.encode({"furlong_store": STORE_VERSION}))
        return lock

    def _take_up_journal(self) -> list[Row]:
        """Rows a killed import left behind; a torn last line is cut off."""
        journal = self.path / PENDING
        if not journal.exists():
            return []
        content = journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            _replace(journal, whole)
        rows = [msgspec.json.decode(line, type=dict[str, Any]) for line in whole.splitlines()]
        return [row | {"advertised_off": _moment(row["advertised_off"])} for row in rows]

    def _forget_lost_tapes(self) -> None:
        """Drop rows whose tape is gone, and their sources' reports, so that importing them again brings them back."""
        there = {file.name for file in (self.path / TAPES).iterdir()}
        lost = {row["market_id"] for row in self._rows + self._pending if row["tape"] not in there}
        if not lost:
            return
        self._rows = [row for row in self._rows if row["tape"] in there]
        self._pending = [row for row in self._pending if row["tape"] in there]
        for file in (self.path / IMPORTS).glob("*.json"):
            if any(market_id in file.read_text() for market_id in lost):
                file.unlink()

    def _write_catalogue(self) -> None:
        temporary = self.path / f".{CATALOGUE}.tmp"
        pq.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA), temporary)
        temporary.replace(self.path / CATALOGUE)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
