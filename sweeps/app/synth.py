"""Use-case: make synthetic markets into a store, over the machine's cores.

Workers make markets and write their tapes; this process alone writes the journal and the catalogue, in the order of the
calendar, so that the same request gives the same bytes for any number of workers. Interrupted, what was made stays.
"""

from __future__ import annotations

import bz2
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import msgspec

from simcore.synthetic.calendar import Race, calendar
from simcore.synthetic.record import make_market
from simcore.synthetic.sports import sport_of
from simcore.synthetic.wire import stream_lines
from simcore.synthetic.write import tape_of
from simcore.tapes.catalogue import Row
from simcore.tapes.writer import StoreWriter, store_tape
from sweeps.app.processes import each
from sweeps.errors import ConfigError

FIRST_DAY = date(2025, 3, 3)
TIER = "SYNTHETIC"
CHUNK = 4
"""markets a worker makes at a time"""


@dataclass(frozen=True)
class SynthRequest:
    """What decides the markets, byte for byte, and where they go."""

    sport: str
    markets: int
    days: int
    seed: int
    store: Path
    stream_files: Path | None = None
    first_day: date = FIRST_DAY
    drift_ticks_per_minute: float = 0.0
    drift_lead_s: int = 300

    def races(self) -> list[Race]:
        """The calendar. Raises ModelError for numbers no calendar can be made of."""
        drift = (self.drift_ticks_per_minute, self.drift_lead_s)
        return calendar(sport_of(self.sport), self.markets, self.days, self.seed, self.first_day, *drift)

    def source(self) -> str:
        """What the catalogue names as these markets' source: everything that decides them."""
        settings = hashlib.sha256(msgspec.json.encode(sport_of(self.sport), order="deterministic")).hexdigest()[:8]
        drift = (
            f" drift {self.drift_ticks_per_minute:g} from {self.drift_lead_s}s" if self.drift_ticks_per_minute else ""
        )
        days = f"{self.markets} markets over {self.days} days from {self.first_day.isoformat()}"
        return f"synthetic {self.sport} seed {self.seed}, {days}{drift}, settings {settings}"


@dataclass
class SynthReport:
    """What a run did: market ids made in calendar order, how many were there already, whether it was interrupted.

    cpu_s : CPU seconds that making and storing took, of all processes
    """

    wanted: int
    made: list[str]
    known: int = 0
    interrupted: bool = False
    cpu_s: float = 0.0


def make_markets(request: SynthRequest, workers: int, progress: Callable[[int, int], None]) -> SynthReport:
    """Make what is missing of the request's markets. Raises ConfigError where the store holds others under their ids."""
    races = request.races()
    with StoreWriter(request.store) as writer:
        there = {str(row["market_id"]): str(row["source"]) for row in writer.commit()}
        missing = [race for race in races if not _is_there(there, race, request)]
        report = SynthReport(len(races), [], known=len(races) - len(missing))
        progress(report.known, len(races))
        chunks = [missing[i : i + CHUNK] for i in range(0, len(missing), CHUNK)]
        made = each(partial(_timed_chunk, request=request), chunks, workers, kept="what was finished is kept, ")
        try:
            for rows, cpu_s in made:
                report.cpu_s += cpu_s
                for row in rows:
                    writer.add_row(row)
                    report.made.append(str(row["market_id"]))
                progress(report.known + len(report.made), len(races))
        except KeyboardInterrupt:
            report.interrupted = True
        finally:
            made.close()
            writer.commit()
    return report


def _is_there(there: dict[str, str], race: Race, request: SynthRequest) -> bool:
    source = there.get(race.plan.market_id)
    if source is None:
        return False
    if source != request.source():
        raise ConfigError(
            f"market {race.plan.market_id} is already in {str(request.store)!r} as {source!r}, not as "
            f"{request.source()!r}; take another `--seed` or another `--store`"
        )
    return request.stream_files is None or stream_path(request.stream_files, race).is_file()


def stream_path(folder: Path, race: Race) -> Path:
    """Where a market's stream file goes: year/month/day/event/market.bz2, as the exchange's own downloads are laid out."""
    day = datetime.fromtimestamp(race.plan.advertised_ms / 1000, UTC)
    return folder / f"{day:%Y}" / f"{day:%b}" / str(day.day) / race.event_id / f"{race.plan.market_id}.bz2"


def _make_chunk(races: list[Race], request: SynthRequest) -> list[Row]:
    """Make a few markets: their stream files if asked for, their tapes, their catalogue rows."""
    rows = []
    for race in races:
        record = make_market(race.plan)
        if request.stream_files is not None:
            path = stream_path(request.stream_files, race)
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(bz2.compress(b"".join(stream_lines(race, record))))
            temporary.replace(path)
        rows.append(store_tape(request.store, tape_of(race, record), tier=TIER, source=request.source()))
    return rows


def _timed_chunk(races: list[Race], request: SynthRequest) -> tuple[list[Row], float]:
    started_s = time.process_time()
    rows = _make_chunk(races, request)
    return rows, time.process_time() - started_s
