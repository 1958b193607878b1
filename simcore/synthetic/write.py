"""From a record to its tape, without the detour over text: the importer's own reading of the definitions, and the compiled
transcription of the ladders. The same tape as importing the record's stream file gives."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import IMAGE
from simcore.streams.definition import MarketStatus, market_info
from simcore.streams.messages import MarketDefinition
from simcore.streams.rows import Rows
from simcore.synthetic.calendar import Race
from simcore.synthetic.record import Record
from simcore.synthetic.transcribe import open_desk, write_messages
from simcore.synthetic.wire import definition
from simcore.tapes.tape import RunnerInfo, Tape

ROWS_A_CHANGE = 3
"""a level change is at most a pre-placement, a trade and a cancel or placement"""


def definition_rows(race: Race, record: Record) -> tuple[NDArray[np.int64], MarketStatus, MarketDefinition]:
    """(n, 6) int64 message and row of everything the definitions say, the status after them, the first definition."""
    status, indices = MarketStatus(), list(range(record.frame.n_runners))
    rows = Rows()
    first: MarketDefinition | None = None
    for notice in record.notices:
        if notice.message == 0:
            rows.market(IMAGE, 0)
        said = msgspec.convert(definition(race, record, notice), MarketDefinition)
        status.update(said, indices, rows)
        rows.end_message(notice.message)
        first = first or said
    assert first is not None  # the opening image always carries a definition
    columns = rows.columns()
    message = np.repeat(columns["message_ms"], np.diff(columns["message_row"]))
    names = ("kind", "book", "runner", "tick", "size")
    return np.stack([message, *(columns[name].astype(np.int64) for name in names)], axis=1), status, first


def tape_of(race: Race, record: Record) -> Tape:
    """The tape of a record."""
    extra, status, first = definition_rows(race, record)
    desk = open_desk(record.frame.n_runners, ROWS_A_CHANGE * len(record.changes) + len(extra))
    row_of = np.zeros(len(record.message_ms) + 1, np.int64)
    write_messages(desk, record.message_row, record.changes, record.rises_as, extra, row_of)
    kind, book, runner, tick, size = desk.rows[: desk.tally[0]].T
    runners = tuple(
        RunnerInfo(race.first_selection_id + r, 0.0, race.runner_name(r), r + 1) for r in range(record.frame.n_runners)
    )
    return Tape(
        info=msgspec.structs.replace(market_info(record.plan.market_id, first), runners=runners),
        message_ms=record.zero_ms + record.message_ms,
        message_row=row_of,
        kind=kind.astype(np.uint8),
        book=book.astype(np.uint8),
        runner=runner.astype(np.int16),
        tick=tick.astype(np.int16),
        size=size.astype(np.int32),
        start_ms=np.array(status.start_ms, np.int64),
    )
