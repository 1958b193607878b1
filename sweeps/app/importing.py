"""Import: many sources into one store, over the machine's cores.

A worker reads a source, compiles its markets and writes their tapes; this process alone writes the journal, the reports and
the catalogue. Interrupted, the sources that were finished stay finished.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from simcore.streams import Source, StreamFile, compile_source, find_sources, is_compiled, warm
from simcore.streams.sources import BROKEN
from simcore.tapes.catalogue import Row
from simcore.tapes.writer import StoreWriter, store_tape
from sweeps.errors import RunnerError

IMPORTED, DUPLICATE = "imported", "duplicate"


@dataclass
class SourceResult:
    """What one worker made of one source. `known`: it was dealt with in an earlier import."""

    name: str
    source_hash: str
    known: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


@dataclass
class ImportReport:
    """What an import did.

    sources      sources found                 done     of them, dealt with in this run or an earlier one
    imported     market ids put in the store   known    names of sources already there
    duplicates   (market id, file, kept file)  refused  (file, market id or "", reason)
    damaged      (file, damaged lines, first (line, reason)s)      cut_short  (file, why)
    """

    sources: int = 0
    done: int = 0
    interrupted: bool = False
    imported: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    duplicates: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    damaged: list[tuple[str, int, list[tuple[int, str]]]] = field(default_factory=list)
    cut_short: list[tuple[str, str]] = field(default_factory=list)


def import_files(
    paths: list[Path],
    store: Path,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    compiling: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Import every stream file under `paths` into `store`; what was imported before is not read again.

    `progress` is called with (sources done, sources); `compiling` before the importer is compiled, once on a machine and
    for some twenty seconds. Ctrl-C ends the import early: what was finished is kept, the report says `interrupted`.
    Raises RecordingError for a path that is not there and for a store that cannot be written.
    """
    inside = store.resolve()
    sources = [source for source in find_sources(paths) if inside not in source.path.parents]
    sources.sort(key=lambda source: -source.size_bytes)
    fresh = not store.exists()
    report = ImportReport(sources=len(sources))
    with StoreWriter(store) as writer:
        results = _read_all(sources, store, writer, workers, report, progress, compiling)
        kept = {row["market_id"]: row for row in writer.commit()}
        for result in results:
            _conclude(result, kept, report)
            _record(writer, result)
    if fresh and not kept and not report.interrupted:
        shutil.rmtree(store)
    report.imported.sort()
    report.refused.sort()
    return report


def _read_all(
    sources: list[Source],
    store: Path,
    writer: StoreWriter,
    workers: int,
    report: ImportReport,
    progress: Callable[[int, int], None],
    compiling: Callable[[], None],
) -> list[SourceResult]:
    """Results of all sources, each journaled as it comes."""
    results: list[SourceResult] = []
    known = writer.known_sources()
    reading = _in_this_process if workers == 1 or len(sources) < 2 else _in_processes
    try:
        if not is_compiled():
            compiling()
            warm()  # by one process, before the work fans out
        progress(0, len(sources))
        for result in reading(sources, store, known, workers):
            if result.source_hash in known:  # also the same bytes under two names
                result = SourceResult(result.name, result.source_hash, known=True)
            for row in result.rows:
                writer.add_row(row)
            _record(writer, result)
            if result.rows:
                known.add(result.source_hash)
            results.append(result)
            report.done += 1
            progress(report.done, len(sources))
    except KeyboardInterrupt:
        report.interrupted = True
    return results


def _in_this_process(sources: list[Source], store: Path, known: set[str], workers: int) -> Iterator[SourceResult]:
    del workers
    for source in sources:
        yield _read_source(source, store, frozenset(known))


_known: frozenset[str] = frozenset()


def _start_worker(known: frozenset[str]) -> None:
    global _known
    _known = known
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # also where the fork server ran before, for others


def _read_in_worker(source: Source, store: Path) -> SourceResult:
    return _read_source(source, store, _known)


def _fork_server() -> BaseContext:
    """Processes forked from one that has loaded the compiled importer; Ctrl-C is the parent's business from the start."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sweeps.app.import_worker"])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return context


def _in_processes(sources: list[Source], store: Path, known: set[str], workers: int) -> Iterator[SourceResult]:
    pool = ProcessPoolExecutor(
        min(workers, len(sources)), mp_context=_fork_server(), initializer=_start_worker, initargs=(frozenset(known),)
    )
    try:
        for future in as_completed([pool.submit(_read_in_worker, source, store) for source in sources]):
            yield future.result()
    except BrokenProcessPool as error:
        raise RunnerError(
            "a worker of the import was killed (out of memory?); what was finished is kept, run the import again with "
            "fewer `--workers`"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_source(source: Source, store: Path, known: frozenset[str]) -> SourceResult:
    """Read one source and write the tapes of its markets."""
    try:
        packed = source.read()
    except BROKEN as error:
        unread = "unread-" + hashlib.sha256(source.name.encode()).hexdigest()
        return SourceResult(source.name, unread, files=[_unread(source.name, f"cannot be read: {error}")])
    source_hash = hashlib.sha256(packed).hexdigest()
    if source_hash in known:
        return SourceResult(source.name, source_hash, known=True)
    result = SourceResult(source.name, source_hash)
    try:
        for file in compile_source(source.name, packed):
            _take(file, store, result)
    except Exception as error:  # one file must not end the import of the others; its report names the failure
        result.files.append(_unread(source.name, f"the importer failed on it: {type(error).__name__}: {error}"))
    return result


def _take(file: StreamFile, store: Path, result: SourceResult) -> None:
    """Write the tapes of one stream file and note its rows and report."""
    result.files.append(_file_report(file))
    for market in file.markets:
        extras = {"damaged_lines": file.report.damaged, "cut_short": file.report.cut_short is not None}
        result.rows.append(store_tape(store, market.tape, source=file.name, **market.facts, **extras))


def _unread(name: str, reason: str) -> dict[str, Any]:
    return {
        "name": name,
        "refused": reason,
        "refused_markets": {},
        "damaged": 0,
        "damaged_lines": [],
        "cut_short": None,
    }


def _file_report(file: StreamFile) -> dict[str, Any]:
    report = file.report
    return {
        "name": file.name,
        "refused": file.refused,
        "refused_markets": file.refused_markets,
        "lines": report.lines,
        "messages": report.messages,
        "lines_with_prefix": report.prefixed,
        "skipped_operations": dict(report.skipped),
        "damaged": report.damaged,
        "damaged_lines": report.named,
        "cut_short": report.cut_short,
    }


def _record(writer: StoreWriter, result: SourceResult) -> None:
    if not result.known:
        writer.record_source(result.source_hash, _source_report(result), refused=not result.rows)


def _source_report(result: SourceResult) -> dict[str, Any]:
    markets = [
        {
            name: row[name]
            for name in ("market_id", "source", "tier", "messages", "content_hash", "replayable", "reason")
        }
        | {"outcome": row.get("outcome", "pending")}
        for row in result.rows
    ]
    return {"source": result.name, "sha256": result.source_hash, "files": result.files, "markets": markets}


def _conclude(result: SourceResult, kept: dict[str, Row], report: ImportReport) -> None:
    """Put one source's outcome, known only now that all copies of a market have been compared, in the report."""
    if result.known:
        report.known.append(result.name)
    for row in result.rows:
        winner = kept[row["market_id"]]
        if (winner["source"], winner["content_hash"]) == (row["source"], row["content_hash"]):
            row["outcome"] = IMPORTED
            report.imported.append(row["market_id"])
        else:
            row["outcome"] = f"{DUPLICATE}: the copy in {winner['source']} was kept"
            report.duplicates.append((row["market_id"], row["source"], winner["source"]))
    for file in result.files:
        if file["refused"]:
            report.refused.append((file["name"], "", file["refused"]))
        else:
            report.refused += [(file["name"], market, reason) for market, reason in file["refused_markets"].items()]
            if file["damaged"]:
                report.damaged.append((file["name"], file["damaged"], file["damaged_lines"]))
            if file["cut_short"]:
                report.cut_short.append((file["name"], file["cut_short"]))


def default_workers() -> int:
    """One process a core this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
