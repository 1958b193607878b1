"""Rows of the study on disk: a Parquet file for every few markets, written whole or not at all: a stopped run goes on."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd

from benchmarks.fidelity.measure import measure_market
from benchmarks.fidelity.study import Batch, Study
from simcore.kernels import source_hash
from simcore.synthetic.sports import sport_of

CHUNK = 10
"""markets in a file: what an interrupted run loses at most, a worker"""


def frozen_hash(sport: str) -> str:
    """Hash of everything a sport's markets are made of that is a setting."""
    return hashlib.sha256(msgspec.json.encode(sport_of(sport), order="deterministic")).hexdigest()[:16]


def folder_of(base: Path, study: Study) -> Path:
    """Where this study's rows are: named by all that decides them, code included, so that stale rows are never read."""
    said = repr((study, [frozen_hash(batch.sport) for batch in study.batches], source_hash(), _model_hash()))
    return base / f"{study.name}-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _model_hash() -> str:
    """Hash of the code around the kernels: assumptions, settlement and the study's own measures."""
    import simcore

    package, here = Path(simcore.__file__).parent, Path(__file__).parent
    files = [package / "engine.py", *sorted((package / "models").glob("*.py")), here / "measure.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@dataclass(frozen=True)
class Chunk:
    """A few markets of one batch."""

    batch: Batch
    first: int
    last: int

    def path(self, folder: Path) -> Path:
        return folder / f"{self.batch.name}-{self.first:05d}.parquet"


def chunks_of(study: Study) -> list[Chunk]:
    """All chunks, spread evenly over the batches, so that a run stopped half-way has something of each."""
    found = []
    for batch in study.batches:
        for first in range(0, batch.markets, CHUNK):
            found.append((first / batch.markets, Chunk(batch, first, min(first + CHUNK, batch.markets))))
    return [chunk for _, chunk in sorted(found, key=lambda pair: pair[0])]


def measure_chunk(study: Study, chunk: Chunk, folder: Path) -> None:
    """Measure the markets of a chunk and write its file."""
    batch = chunk.batch
    settings = [setting for setting in study.settings if batch.use in setting.uses]
    rows = []
    for race in batch.races()[chunk.first : chunk.last]:
        rows += list(measure_market(race, study.bots, tuple(settings)))
    table = pd.DataFrame(rows).assign(use=batch.use, sport=batch.sport, drift=batch.drift)
    temporary = chunk.path(folder).with_suffix(".tmp")
    table.to_parquet(temporary, index=False)
    temporary.replace(chunk.path(folder))


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business


def measure(study: Study, folder: Path, workers: int, progress: Callable[[int, int], None]) -> None:
    """Measure what is missing of a study. KeyboardInterrupt leaves what was finished."""
    folder.mkdir(parents=True, exist_ok=True)
    chunks = chunks_of(study)
    missing = [chunk for chunk in chunks if not chunk.path(folder).is_file()]
    done = len(chunks) - len(missing)
    progress(done, len(chunks))
    if missing:
        measure_chunk(study, missing.pop(0), folder)  # compiles once, before work fans out
        done += 1
        progress(done, len(chunks))
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("forkserver"), initializer=_leave_interrupts
    )
    try:
        for future in as_completed([pool.submit(measure_chunk, study, chunk, folder) for chunk in missing]):
            future.result()
            done += 1
            progress(done, len(chunks))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def read(folder: Path) -> pd.DataFrame:
    """All rows measured so far in a study's folder."""
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))], ignore_index=True)
