"""The quick reading of a stream file's lines: plain messages from bytes to columns, without an object in between. Compiled.

A line is *plain* when it is a market change in its strict and common form: known fields of the expected type, printable ASCII
without escapes, numbers without an exponent, no market definition. Every other line is left to the general reading
(`simcore.streams.reader`), which also says what is wrong with a damaged one. Nothing is accepted here that it would refuse, and
every number is the one it reads: up to 15 digits the mantissa and the power of ten are exact, so their quotient is the nearest
double; a longer number is left to it wherever its last digits could matter.

text  : bytes of whole lines, ending with a newline; nothing steps over a newline, so none looks for the end
at    : place in it, behind what was read and the blanks after it; NOT_PLAIN, or NO_ROOM where an array of the desk is full
found : (at, mantissa, decimals, digits) of a number: mantissa / 10^decimals, so many digits written
code  : the letters of a name as one number, 7 bits each; 0 for a name of more than 8
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import ATB, ATL
from simcore.streams.compiling import Keyed, Text, kernel
from simcore.streams.desk import (
    CHANGES,
    CLEAR,
    CLEARED,
    CLOCK,
    CONFLATED,
    FULL_LADDER,
    IMAGE_FLAG,
    IN_LINE,
    LEVEL_ATB,
    LEVEL_ATL,
    LEVELS,
    LTP,
    N_CHANGES,
    N_ENTRIES,
    N_MARKETS,
    N_PARTS,
    NUMBER,
    PUBLISHED_MS,
    TRD,
    VIRTUAL,
    Desk,
)
from simcore.streams.messages import LATEST_MS
from simcore.streams.words import (
    BEGIN,
    CLOSE,
    COMMA,
    END,
    EXACT_DIGITS,
    FALSE,
    LETTER_R,
    MINUS,
    NEWLINE,
    NINE,
    NO_ROOM,
    NOT_PLAIN,
    NULL,
    OPEN,
    POINT,
    QUOTE,
    RETURN,
    SPACE,
    TRUE,
    ZERO,
    blank,
    code_of,
    pence_of,
    scan_key,
    scan_name,
    scan_number,
    scan_skip,
    scan_word,
    tick_at,
)

_ID: Final = code_of("id")
_HC: Final = code_of("hc")
_ATB: Final = code_of("atb")
_ATL: Final = code_of("atl")
_BATB: Final = code_of("batb")
_BATL: Final = code_of("batl")
_BDATB: Final = code_of("bdatb")
_BDATL: Final = code_of("bdatl")
_TRD: Final = code_of("trd")
_LTP: Final = code_of("ltp")
_IMG: Final = code_of("img")
_CON: Final = code_of("con")
_RC: Final = code_of("rc")
_OP: Final = code_of("op")
_PT: Final = code_of("pt")
_CT: Final = code_of("ct")
_CLK: Final = code_of("clk")
_MC: Final = code_of("mc")
_MCM: Final = code_of("mcm")


@kernel
def put(d: Desk, column: int, tick: int, pence: int, level: int, odds: float) -> None:
    """One more change of the line."""
    n = d.count[N_CHANGES]
    d.change[n, 0], d.change[n, 1], d.change[n, 2], d.change[n, 3] = column, tick, pence, level
    d.change_odds[n] = odds
    d.count[N_CHANGES] = n + 1


@kernel
def scan_levels(d: Desk, text: Text, at: int, column: int) -> int:
    """A list of [odds, pounds], or of [level, odds, pounds], into changes."""
    indexed = column in (LEVEL_ATB, LEVEL_ATL)
    if text[at] != OPEN:
        return NOT_PLAIN
    at = blank(text, at + 1)
    if text[at] == CLOSE:
        if column == TRD:
            put(d, CLEAR, 0, 0, 0, 0.0)
        return blank(text, at + 1)
    while True:
        if d.count[N_CHANGES] + 2 >= d.change.shape[0]:
            return NO_ROOM
        if text[at] != OPEN:
            return NOT_PLAIN
        at = blank(text, at + 1)
        level, odds = 0, 0.0
        for part in range(0 if indexed else 1, 3):
            at, mantissa, decimals, digits = scan_number(text, at)
            if at < 0 or text[at] != (CLOSE if part == 2 else COMMA):
                return NOT_PLAIN
            at = blank(text, at + 1)
            if part == 0:
                level = mantissa
                if decimals != 0 or level < 0 or level >= d.level.shape[2]:
                    return NOT_PLAIN
            elif part == 1:
                odds = mantissa / d.powers[decimals]
                if digits > EXACT_DIGITS:
                    return NOT_PLAIN
            else:
                pence = pence_of(d, mantissa, decimals, digits)
                if pence < 0:
                    return NOT_PLAIN
                put(d, column, tick_at(d, odds), pence, level, odds)
        if text[at] == CLOSE:
            return blank(text, at + 1)
        if text[at] != COMMA:
            return NOT_PLAIN
        at = blank(text, at + 1)


@kernel
def column_of(code: int) -> int:
    """The column of a list of levels, -1 for any other field."""
    if code == _ATB:
        return ATB
    if code == _ATL:
        return ATL
    if code == _TRD:
        return TRD
    if code == _BATB:
        return LEVEL_ATB
    if code == _BATL:
        return LEVEL_ATL
    return -1


@kernel
def flag_of(column: int, n: int) -> int:
    """What a list with n changes says of the recording."""
    if n == 0 or column < 0:
        return 0
    if column < LEVEL_ATB:
        return FULL_LADDER
    return LEVELS if column < TRD else 0


@kernel
def scan_entry(d: Desk, text: Text, at: int) -> int:
    """What changed of one runner, at its `{`."""
    e, p = d.count[N_ENTRIES], d.count[N_PARTS]
    if e + 1 >= d.entry.shape[0] or d.count[N_CHANGES] + 2 >= d.change.shape[0]:
        return NO_ROOM
    d.entry_hc[e], d.entry[e, 1] = 0.0, d.count[N_CHANGES]
    met, flags = 0, CHANGES
    while True:
        at, code = scan_key(text, blank(text, at + 1))
        if at < 0:
            return NOT_PLAIN
        column = column_of(code)
        if column >= 0:
            before, bit = d.count[N_CHANGES], 1 << column
            at = scan_levels(d, text, at, column)
            flags |= flag_of(column, d.count[N_CHANGES] - before)
            if column == TRD and at >= 0 and d.change[d.count[N_CHANGES] - 1, 0] == CLEAR:
                flags |= CLEARED
        elif code in (_ID, _HC, _LTP):
            bit = 256 if code == _ID else (512 if code == _HC else 1024)
            at, mantissa, decimals, digits = scan_number(text, at)
            if digits > EXACT_DIGITS or (code == _ID and decimals != 0):
                return NOT_PLAIN
            if code == _ID:
                d.entry[e, 0] = mantissa
            elif code == _HC:
                d.entry_hc[e] = mantissa / d.powers[decimals] if mantissa != 0 else 0.0
            elif mantissa != 0:  # ADVANCED files write 0.0 until something was traded
                put(d, LTP, tick_at(d, mantissa / d.powers[decimals]), 0, 0, 0.0)
        else:
            bit = 0
            flags |= VIRTUAL if code in (_BDATB, _BDATL) else 0
            at = scan_skip(text, at)
        if at < 0 or met & bit:
            return NO_ROOM if at == NO_ROOM else NOT_PLAIN
        met |= bit
        if text[at] != COMMA:
            break
    if text[at] != END or met & 256 == 0:
        return NOT_PLAIN
    d.entry[e, 2] = d.count[N_CHANGES]
    d.part[p, 3] |= flags
    d.count[N_ENTRIES] = e + 1
    return blank(text, at + 1)


@kernel
def scan_entries(d: Desk, text: Text, at: int) -> int:
    """The list of runner changes, at its `[`."""
    if text[at] != OPEN:
        return NOT_PLAIN
    at = blank(text, at + 1)
    if text[at] == CLOSE:
        return blank(text, at + 1)
    while True:
        if text[at] != BEGIN:
            return NOT_PLAIN
        at = scan_entry(d, text, at)
        if at < 0:
            return at
        if text[at] == CLOSE:
            return blank(text, at + 1)
        if text[at] != COMMA:
            return NOT_PLAIN
        at = blank(text, at + 1)


@kernel
def market_at(d: Desk, text: Text, at: int) -> Keyed:
    """(behind it, slot) of a market id written `"1.digits"`; NOT_PLAIN for one not met before."""
    if text[at] != QUOTE or text[at + 1] != ZERO + 1 or text[at + 2] != POINT or text[at + 3] == MINUS:
        return NOT_PLAIN, 0
    at, digits, decimals, _ = scan_number(text, at + 3)
    if at < 0 or decimals != 0 or text[at] != QUOTE or not ZERO <= text[at - 1] <= NINE:
        return NOT_PLAIN, 0
    for slot in range(d.count[N_MARKETS]):
        if d.market[slot, NUMBER] == digits:
            return blank(text, at + 1), slot
    return NOT_PLAIN, 0


@kernel
def scan_part(d: Desk, text: Text, at: int) -> int:
    """What changed of one market, at its `{`."""
    p = d.count[N_PARTS]
    if p + 1 >= d.part.shape[0]:
        return NO_ROOM
    d.part[p, 1], d.part[p, 3] = d.count[N_ENTRIES], 0
    met = 0
    while True:
        at, code = scan_key(text, blank(text, at + 1))
        if at < 0:
            return NOT_PLAIN
        bit = 0
        if code == _ID:
            bit = 1
            at, slot = market_at(d, text, at)
            d.part[p, 0] = slot
        elif code == _RC:
            bit = 2
            at = scan_entries(d, text, at)
        elif code in (_IMG, _CON):
            bit = 4 if code == _IMG else 8
            at, said = scan_word(text, at)
            if said == TRUE:
                d.part[p, 3] |= IMAGE_FLAG if code == _IMG else CONFLATED
            elif said != FALSE:
                return NOT_PLAIN
        else:
            at = scan_skip(text, at)
        if at < 0 or met & bit:
            return NO_ROOM if at == NO_ROOM else NOT_PLAIN
        met |= bit
        if text[at] != COMMA:
            break
    if text[at] != END or met & 1 == 0 or d.market[d.part[p, 0], IN_LINE] == d.count[CLOCK]:
        return NOT_PLAIN
    d.market[d.part[p, 0], IN_LINE] = d.count[CLOCK]
    d.part[p, 2] = d.count[N_ENTRIES]
    d.count[N_PARTS] = p + 1
    return blank(text, at + 1)


@kernel
def scan_parts(d: Desk, text: Text, at: int) -> int:
    """The list of market changes, at its `[`."""
    if text[at] != OPEN:
        return NOT_PLAIN
    at = blank(text, at + 1)
    if text[at] == CLOSE:
        return blank(text, at + 1)
    while True:
        if text[at] != BEGIN:
            return NOT_PLAIN
        at = scan_part(d, text, at)
        if at < 0:
            return at
        if text[at] == CLOSE:
            return blank(text, at + 1)
        if text[at] != COMMA:
            return NOT_PLAIN
        at = blank(text, at + 1)


@kernel
def message_field(d: Desk, text: Text, at: int, code: int) -> int:
    """One field of a message but its market changes."""
    if code == _OP:
        at, op = scan_name(text, at)
        return at if op == _MCM else NOT_PLAIN
    if code == _PT:
        at, published_ms, decimals, _ = scan_number(text, at)
        if decimals != 0 or published_ms < 0 or published_ms > LATEST_MS:
            return NOT_PLAIN
        d.count[PUBLISHED_MS] = published_ms
        return at
    if code in (_CT, _CLK):
        if text[at] == QUOTE and not (code == _CT and text[at + 1] == LETTER_R):  # RESUB_DELTA means more
            at, _ = scan_name(text, at)
            return at
        at, said = scan_word(text, at)
        return at if said == NULL else NOT_PLAIN
    return scan_skip(text, at)


@kernel
def plain_line(d: Desk, text: Text, at: int) -> int:
    """A message, at its `{`, into the desk's columns of a line; the place of the newline behind it."""
    d.count[N_ENTRIES] = d.count[N_CHANGES] = d.count[N_PARTS] = 0
    d.count[CLOCK] += 1
    met = 0
    while True:
        at, code = scan_key(text, blank(text, at + 1))
        if at < 0:
            return NOT_PLAIN
        bit = 0
        if code == _MC:
            bit = 1
            at = scan_parts(d, text, at)
        else:
            if code in (_OP, _PT):
                bit = 2 if code == _OP else 4
            elif code in (_CT, _CLK):
                bit = 8 if code == _CT else 16
            at = message_field(d, text, at, code)
        if at < 0 or met & bit:
            return NO_ROOM if at == NO_ROOM else NOT_PLAIN
        met |= bit
        if text[at] != COMMA:
            break
    if text[at] != END or met & 6 != 6:
        return NOT_PLAIN
    at += 1
    while text[at] == SPACE or text[at] == 9 or 11 <= text[at] <= RETURN:
        at += 1
    return at if text[at] == NEWLINE else NOT_PLAIN
