"""From the bytes of one stream file to its messages, whatever the recorder did to the lines.

Understood: one JSON object a line (\\n, \\r\\n or \\r), a prefix before the object (time stamps of loggers), a JSON array of
messages, pretty-printed JSON. A line that is none of it is counted and named, the rest goes on; a file cut short keeps
what came before.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np

from simcore.streams.market import Markets
from simcore.streams.messages import LATEST_MS, Message, decode_message, message_from

HOPELESS_LINES = 200
"""damaged lines before the first message after which a file is taken for no stream file"""
NAMED_LINES = 20
"""damaged lines named one by one in a report; the others are counted"""

_OBJECT = re.compile(r'\{\s*"')
_BETWEEN = re.compile(r"[\s,\[\]]*")


@dataclass
class ReadReport:
    """What reading one stream file met.

    lines      non-empty lines (or objects of an array) seen     messages   market-change messages read
    skipped    count by `op` of lines that are no market change  prefixed   lines with something before the object
    damaged    lines that could not be read                      named      (line number, reason) of the first of them
    cut_short  why the file ended before its end, or None
    """

    lines: int = 0
    messages: int = 0
    prefixed: int = 0
    damaged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    named: list[tuple[int, str]] = field(default_factory=list)
    cut_short: str | None = None

    def damage(self, reason: str) -> None:
        """Count the current line as damaged."""
        self.damaged += 1
        if len(self.named) < NAMED_LINES:
            self.named.append((self.lines, reason))

    def count(self, markets: Markets) -> None:
        """Take over what was counted of plain lines since the last call."""
        lines, messages, prefixed = markets.plain_lines()
        self.lines += lines
        self.messages += messages
        self.prefixed += prefixed

    @property
    def hopeless(self) -> bool:
        return self.messages == 0 and self.damaged >= HOPELESS_LINES


def read_messages(lines: Iterable[bytes], report: ReadReport) -> Iterator[Message]:
    """The market-change messages of a stream file in its order; `report` is filled on the way."""
    source = iter(lines)
    for line in source:
        text = line.strip()
        if not text:
            continue
        if _is_document(text):
            yield from _document(text + b"\n" + b"".join(part + b"\n" for part in source), report)
            return
        yield from _line(text, report)
        break
    for line in source:
        text = line.strip()
        if text:
            yield from _line(text, report)
        if report.hopeless:
            return


def read_blocks(blocks: Iterator[bytes], report: ReadReport, markets: Markets) -> None:
    """Bring a stream file onto `markets`: plain lines at once, every other as `read_messages` reads it.

    `blocks` are runs of whole lines, each ending with a newline; `report` is filled on the way. Raises what `blocks` raises.
    """
    for block in blocks:
        start = len(block) - len(block.lstrip())
        if start == len(block):
            continue
        first, _, following = block[start:].partition(b"\n")
        if _is_document(first.strip()):
            text = first.strip() + b"\n" + following + b"".join(blocks)
            _take(_document(text, report), report, markets)
            return
        _read_block(block, report, markets)
        break
    for block in blocks:
        if report.hopeless:
            return
        _read_block(block, report, markets)


def _read_block(block: bytes, report: ReadReport, markets: Markets) -> None:
    text, start = np.frombuffer(block, np.uint8), 0
    while start >= 0 and not report.hopeless:
        start = markets.read(text, start)
        report.count(markets)
        if start >= 0:
            end = block.index(b"\n", start)
            _take(_line(block[start:end].strip(), report), report, markets)
            start = end + 1


def _take(messages: Iterable[Message], report: ReadReport, markets: Markets) -> None:
    """Bring messages of the general reading onto `markets`; what follows a damaged line follows a gap."""
    damaged = report.damaged
    for message in messages:
        if report.damaged > damaged:
            damaged = report.damaged
            markets.lose()
        markets.take(message)
    if report.damaged > damaged:
        markets.lose()


def _is_document(first_line: bytes) -> bool:
    """Whether the file is one JSON text, an array or a pretty-printed object, and not an object a line."""
    return first_line[:1] == b"[" or first_line == b"{"


def _line(text: bytes, report: ReadReport) -> Iterator[Message]:
    if b"\r" in text:
        for part in text.split(b"\r"):
            if part.strip():
                yield from _line(part.strip(), report)
        return
    report.lines += 1
    prefixed = text[:1] != b"{"
    if prefixed:
        start = text.find(b"{")
        if start < 0:
            report.damage("no JSON object in the line")
            return
        text = text[start:]
    try:
        message = decode_message(text)
    except msgspec.DecodeError as error:
        report.damage(f"what follows the line's first words is no message ({error})" if prefixed else str(error))
        return
    report.prefixed += prefixed
    yield from _accept(message, report)


def _accept(message: Message, report: ReadReport) -> Iterator[Message]:
    if message.op != "mcm":
        report.skipped[message.op] += 1
    elif message.pt is None:
        report.damage("a market change without publication time `pt`")
    elif not 0 <= message.pt <= LATEST_MS:
        report.damage(f"`pt` must be UTC milliseconds, got {message.pt}")
    else:
        report.messages += 1
        yield message


def _document(text: bytes, report: ReadReport) -> Iterator[Message]:
    """Messages of one JSON text: an array, arrays line by line, or pretty-printed objects; damage skips to the next."""
    content = text.decode("utf-8", errors="replace")
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    position = 0
    while (position := _BETWEEN.match(content, position).end()) < len(content):  # type: ignore[union-attr]
        report.lines += 1
        try:
            parsed, position = decoder.raw_decode(content, position)
            yield from _accept(message_from(parsed), report)
        except msgspec.ValidationError as error:
            report.damage(str(error))
        except (ValueError, RecursionError) as error:
            report.damage(str(error))
            following = _OBJECT.search(content, position + 1)
            position = following.start() if following else len(content)
        if report.hopeless:
            return
