"""From a stream file to tapes: every market in it, and what could not become one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simcore.errors import RecordingError
from simcore.streams.market import MarketBuilder
from simcore.streams.messages import MarketChange, Message
from simcore.streams.reader import ReadReport, read_messages
from simcore.streams.sources import CutShortError, find_sources, lines_of, unpack
from simcore.tapes.tape import Tape

PRO, SELF, ADVANCED, SELF_LEVELS = "PRO", "SELF", "ADVANCED", "SELF_LEVELS"


@dataclass
class Compiled:
    """One market of a stream file: its tape and what the tape does not tell (catalogue columns by name)."""

    tape: Tape
    facts: dict[str, Any]


@dataclass
class StreamFile:
    """One stream file read: its markets, the markets refused with the reason, and the reading's report.

    `refused` is the reason for refusing the whole file, or None.
    """

    name: str
    report: ReadReport
    markets: list[Compiled] = field(default_factory=list)
    refused_markets: dict[str, str] = field(default_factory=dict)
    refused: str | None = None


def compile_stream(source: str | Path | Iterable[str | bytes]) -> list[Tape]:
    """Tapes of all markets in a stream file: a path (packed or not, a folder too), or the lines themselves.

    Markets come in the order the stream names them. Raises RecordingError naming what was refused where none is left.
    """
    if isinstance(source, str | Path):
        files = [file for unit in find_sources([Path(source)]) for file in compile_source(unit.name, unit.read())]
    else:
        lines = (line.encode() if isinstance(line, str) else line for line in source)
        files = [compile_lines("stream", lines)]
    tapes = [market.tape for file in files for market in file.markets]
    if not tapes:
        raise RecordingError("no market can be imported: " + "; ".join(map(_reasons, files)))
    return tapes


def _reasons(file: StreamFile) -> str:
    reasons = [file.refused] if file.refused else [f"{market}: {why}" for market, why in file.refused_markets.items()]
    return f"{file.name} ({', '.join(reasons)})"


def compile_source(name: str, packed: bytes) -> Iterator[StreamFile]:
    """Every stream file inside the bytes of one source."""
    for inner, file in unpack(name, io.BufferedReader(io.BytesIO(packed))):
        yield compile_lines(inner, lines_of(file))


def compile_lines(name: str, lines: Iterable[bytes]) -> StreamFile:
    """One stream file from its lines; a break while reading keeps what came before."""
    file = StreamFile(name, ReadReport())
    builders: dict[str, MarketBuilder] = {}
    messages = read_messages(lines, file.report)
    damaged = 0
    try:
        for message in messages:
            if file.report.damaged > damaged:
                damaged = file.report.damaged
                for builder in builders.values():
                    builder.lose()
            _dispatch(message, builders)
    except CutShortError as error:
        file.report.cut_short = str(error)
    if not file.report.messages:
        file.refused = _why_nothing(file.report)
        return file
    for builder in builders.values():
        reason = builder.refused or _unusable(builder)
        if reason:
            file.refused_markets[builder.market_id] = reason
        else:
            file.markets.append(Compiled(builder.tape(), _facts(builder)))
    return file


def _dispatch(message: Message, builders: dict[str, MarketBuilder]) -> None:
    by_market: dict[str, list[MarketChange]] = {}
    for change in message.mc or ():
        by_market.setdefault(change.id, []).append(change)
    for market_id, changes in by_market.items():
        builder = builders.get(market_id)
        if builder is None:
            official = (message.clk or "").isdigit()
            builder = builders[market_id] = MarketBuilder(market_id, official=official)
        if message.ct == "RESUB_DELTA":
            builder.lose()
        assert message.pt is not None  # the reader gives no other
        for run in images_apart(changes):
            builder.apply(run, message.pt)


def images_apart(changes: list[MarketChange]) -> Iterator[list[MarketChange]]:
    """Entries of one market in one message belong together; an image after other entries begins again."""
    run: list[MarketChange] = []
    for change in changes:
        if change.img and run:
            yield run
            run = []
        run.append(change)
    yield run


def _why_nothing(report: ReadReport) -> str:
    if report.cut_short:
        return f"cannot be unpacked: {report.cut_short}"
    if not report.lines:
        return "the file is empty"
    if report.skipped and not report.damaged:
        return "holds no market change, only " + ", ".join(sorted(report.skipped))
    number, reason = report.named[0]
    return f"no stream file: line {number}: {reason}"


def _unusable(builder: MarketBuilder) -> str | None:
    """Why a market that was read without an objection still cannot become a tape."""
    seen = builder.seen
    if seen.full_ladder or seen.levels:
        return None
    if not seen.changes:
        return "its stream holds only the market definition, no ladder"
    if seen.virtual:
        return "its stream holds only display prices with virtual bets (bdatb/bdatl), no ladder"
    return "BASIC: its stream holds no ladder (atb/atl or batb/batl)"


def _facts(builder: MarketBuilder) -> dict[str, Any]:
    full = builder.seen.full_ladder
    tier = (PRO if full else ADVANCED) if builder.official else (SELF if full else SELF_LEVELS)
    return {"tier": tier, "conflated_messages": builder.seen.conflated, **asdict(builder.tally)}
