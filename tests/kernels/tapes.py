"""Hand-made tapes: a market told message by message, for tests that know the answer."""

from __future__ import annotations

import numpy as np

from simcore import dtypes as d
from simcore.tapes.tape import MarketInfo, RunnerInfo, Tape
from simcore.units import pence_of, tick_of

START_MS = 1_650_000_000_000
"""2022-04-15, after the minimum stake became £1."""


class TapeBuilder:
    """Rows are added to the message opened last; sides by their book, odds and pounds as a person writes them."""

    def __init__(self, runners: int = 2, *, begin_ms: int = START_MS, market_type: str = "WIN", **info: object) -> None:
        self.info = MarketInfo(
            market_id="1.1",
            market_type=market_type,
            runners=tuple(RunnerInfo(selection_id=101 + i) for i in range(runners)),
            **info,  # type: ignore[arg-type]
        )
        self.begin_ms = begin_ms
        self.message_ms: list[int] = []
        self.first_row: list[int] = []
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.starts: list[int] = []

    def at(self, after_ms: int) -> TapeBuilder:
        self.message_ms.append(self.begin_ms + after_ms)
        self.first_row.append(len(self.rows))
        return self

    def row(self, kind: int, book: int = d.NO_BOOK, runner: int = -1, tick: int = -1, size: int = 0) -> TapeBuilder:
        self.rows.append((kind, book, runner, tick, size))
        return self

    def open(self, off_after_ms: int = 600_000) -> TapeBuilder:
        self.starts.append(self.begin_ms + off_after_ms)
        return self.row(d.STATUS, size=d.OPEN).row(d.START, size=len(self.starts) - 1)

    def place(self, book: int, odds: float, pounds: float, runner: int = 0) -> TapeBuilder:
        return self.row(d.PLACE, book, runner, tick_of(odds), pence_of(pounds))

    def cancel(self, book: int, odds: float, pounds: float, runner: int = 0) -> TapeBuilder:
        return self.row(d.CANCEL, book, runner, tick_of(odds), pence_of(pounds))

    def trade(self, book: int, odds: float, pounds: float, runner: int = 0) -> TapeBuilder:
        """`pounds` is one-sided: what the resting side lost."""
        return self.row(d.TRADE, book, runner, tick_of(odds), 2 * pence_of(pounds))

    def unattributed(self, odds: float, pounds: float, runner: int = 0) -> TapeBuilder:
        return self.row(d.TRADE_UNATTRIBUTED, d.NO_BOOK, runner, tick_of(odds), 2 * pence_of(pounds))

    def status(self, status: int) -> TapeBuilder:
        return self.row(d.STATUS, size=status)

    def result(self, *outcomes: int) -> TapeBuilder:
        for runner, outcome in enumerate(outcomes):
            self.row(d.RESULT, runner=runner, size=outcome)
        return self

    def tape(self) -> Tape:
        columns = np.array(self.rows, np.int64).reshape(-1, 5)
        return Tape(
            info=self.info,
            message_ms=np.array(self.message_ms, np.int64),
            message_row=np.array([*self.first_row, len(self.rows)], np.int64),
            kind=columns[:, 0].astype(np.uint8),
            book=columns[:, 1].astype(np.uint8),
            runner=columns[:, 2].astype(np.int16),
            tick=columns[:, 3].astype(np.int16),
            size=columns[:, 4].astype(np.int32),
            start_ms=np.array(self.starts, np.int64),
        )
