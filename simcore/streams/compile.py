"""From a stream file to tapes: every market in it, and what could not become one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from simcore.errors import RecordingError
from simcore.streams.desk import (
    CHANGES,
    CONFLATED_MESSAGES,
    FULL_LADDER,
    LEVELS,
    SEEN,
    TALLY,
    TALLY_NAMES,
    VIRTUAL,
)
from simcore.streams.market import Markets
from simcore.streams.reader import ReadReport, read_blocks
from simcore.streams.sources import CutShortError, blocks_of, find_sources, unpack
from simcore.tapes.tape import Tape

LINES_A_BLOCK = 256
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
        yield _compile(inner, blocks_of(file))


def compile_lines(name: str, lines: Iterable[bytes]) -> StreamFile:
    """One stream file from its lines."""
    return _compile(name, _joined(iter(lines)))


def _joined(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks of whole lines. A newline within a line can only be a blank between two of JSON's words."""
    while some := list(islice(lines, LINES_A_BLOCK)):
        yield b"\n".join(line.replace(b"\n", b" ") if b"\n" in line else line for line in some) + b"\n"


def _compile(name: str, blocks: Iterator[bytes]) -> StreamFile:
    file, markets = StreamFile(name, ReadReport()), Markets()
    try:
        read_blocks(blocks, file.report, markets)
    except CutShortError as error:
        file.report.cut_short = str(error)
    if not file.report.messages:
        file.refused = _why_nothing(file.report)
        return file
    tapes = markets.tapes()
    for market_id, builder in markets.builders.items():
        seen = markets.desk.market[builder.slot]
        reason = markets.reason(builder) or _unusable(int(seen[SEEN]))
        if reason:
            file.refused_markets[market_id] = reason
        else:
            file.markets.append(Compiled(tapes[market_id], _facts(builder.official, seen.tolist())))
    return file


def _why_nothing(report: ReadReport) -> str:
    if report.cut_short:
        return f"cannot be unpacked: {report.cut_short}"
    if not report.lines:
        return "the file is empty"
    if report.skipped and not report.damaged:
        return "holds no market change, only " + ", ".join(sorted(report.skipped))
    number, reason = report.named[0]
    return f"no stream file: line {number}: {reason}"


def _unusable(seen: int) -> str | None:
    """Why a market that was read without an objection still cannot become a tape."""
    if seen & (FULL_LADDER | LEVELS):
        return None
    if not seen & CHANGES:
        return "its stream holds only the market definition, no ladder"
    if seen & VIRTUAL:
        return "its stream holds only display prices with virtual bets (bdatb/bdatl), no ladder"
    return "BASIC: its stream holds no ladder (atb/atl or batb/batl)"


def _facts(official: bool, market: list[int]) -> dict[str, Any]:
    full = market[SEEN] & FULL_LADDER
    tier = (PRO if full else ADVANCED) if official else (SELF if full else SELF_LEVELS)
    tally = dict(zip(TALLY_NAMES, market[TALLY:], strict=True))
    return {"tier": tier, "conflated_messages": market[CONFLATED_MESSAGES], **tally}
