"""Two made markets of one race: three runners to win, and every ordered pair of them."""

from __future__ import annotations

from dataclasses import replace

from simcore import dtypes as d
from simcore.tapes.tape import RunnerInfo, Tape
from tests.kernels.tapes import START_MS, TapeBuilder

NAMES = ("1. Alder", "2. Birch", "3. Cedar")
COMBINATIONS = ("1 - 2", "1 - 3", "2 - 1", "2 - 3", "3 - 1", "3 - 2")
OFF_MS = 400_000
ALDER_PARTS = (0, 1)


def builder(market_id: str, names: tuple[str, ...], market_type: str, rate_percent: float) -> TapeBuilder:
    tape = TapeBuilder(
        len(names), market_type=market_type, event_id="77", event_name="Made", market_base_rate_percent=rate_percent
    )
    runners = tuple(
        RunnerInfo(selection_id=int(market_id[-1]) * 100 + i, name=name, sort_priority=i + 1)
        for i, name in enumerate(names)
    )
    tape.info = type(tape.info)(
        **{field: getattr(tape.info, field) for field in tape.info.__struct_fields__}
        | {"market_id": market_id, "runners": runners}
    )
    return tape


def win_market(back: float = 3.0, lay: float = 3.05, pounds: float = 100, rate_percent: float = 5.0) -> TapeBuilder:
    """Alder at back/lay, the others at 3.0/3.05."""
    tape = builder("1.1", NAMES, "WIN", rate_percent).at(0).open(OFF_MS)
    for runner in range(3):
        odds = (back, lay) if runner == 0 else (3.0, 3.05)
        tape.place(d.ATB, odds[0], pounds, runner).place(d.ATL, odds[1], pounds, runner)
    return tape


def exacta_market(back: float = 6.0, lay: float = 6.2, pounds: float = 100, rate_percent: float = 5.0) -> TapeBuilder:
    """Alder's two combinations at back/lay, the others at 6.0/6.2."""
    tape = builder("1.2", COMBINATIONS, "EXACTA", rate_percent).at(0).open(OFF_MS)
    for runner in range(6):
        odds = (back, lay) if runner in ALDER_PARTS else (6.0, 6.2)
        tape.place(d.ATB, odds[0], pounds, runner).place(d.ATL, odds[1], pounds, runner)
    return tape


def ticking(tape: TapeBuilder, *, first_second: int = 1, every_ms: int = 1000) -> TapeBuilder:
    """A message every so often until the off, as a market that lives sends them."""
    for after_ms in range(first_second * 1000, OFF_MS, every_ms):
        tape.at(after_ms)
    return tape


def ended(tape: TapeBuilder, *winners: int) -> Tape:
    """Suspended at the off, closed a minute later with its result."""
    tape.at(OFF_MS).status(d.SUSPENDED).at(OFF_MS + 60_000).status(d.CLOSED)
    return tape.result(*(d.WINNER if r in winners else d.LOSER for r in range(len(tape.info.runners)))).tape()


def renamed(tape: Tape, *names: str) -> Tape:
    """The same market with other runner names."""
    runners = tuple(
        RunnerInfo(runner.selection_id, runner.handicap, name, runner.sort_priority)
        for runner, name in zip(tape.info.runners, names, strict=True)
    )
    fields = {field: getattr(tape.info, field) for field in tape.info.__struct_fields__} | {"runners": runners}
    return replace(tape, info=type(tape.info)(**fields))


__all__ = ["OFF_MS", "START_MS", "ended", "exacta_market", "renamed", "ticking", "win_market"]
