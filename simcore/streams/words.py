"""The words of JSON in the bytes of a line: names, numbers, and values to step over. Compiled; notation in
`simcore.streams.scan`."""

from __future__ import annotations

from typing import Final

import numpy as np

from simcore.streams.compiling import Found, Keyed, Text, kernel
from simcore.streams.desk import Desk
from simcore.units import OFF_LADDER


def code_of(name: str) -> int:
    """The code of a name in the text."""
    code = 0
    for letter in name.encode():
        code = code * 128 + letter
    return code


NEWLINE: Final = 10
RETURN: Final = 13
BEGIN: Final = 123
NOT_PLAIN: Final = -1
NO_ROOM: Final = -2
SPACE: Final = 32
QUOTE: Final = 34
COMMA: Final = 44
MINUS: Final = 45
POINT: Final = 46
ZERO: Final = 48
NINE: Final = 57
COLON: Final = 58
OPEN: Final = 91
BACKSLASH: Final = 92
CLOSE: Final = 93
LETTER_F: Final = 102
LETTER_N: Final = 110
LETTER_R: Final = 82
LETTER_T: Final = 116
END: Final = 125
TILDE: Final = 126
EXACT_DIGITS: Final = 15
MOST_DIGITS: Final = 18
MOST_PENCE: Final = 1e13
"""`Pounds` of a message are refused beyond it"""
TRUE: Final = code_of("true")
FALSE: Final = code_of("false")
NULL: Final = code_of("null")


@kernel
def blank(text: Text, at: int) -> int:
    """Over spaces and tabs."""
    while text[at] == SPACE or text[at] == 9:
        at += 1
    return at


@kernel
def scan_name(text: Text, at: int) -> Keyed:
    """A string of printable ASCII; (behind it, its code)."""
    if text[at] != QUOTE:
        return NOT_PLAIN, 0
    at += 1
    code, length = 0, 0
    while text[at] != QUOTE:
        letter = int(text[at])
        if letter < SPACE or letter > TILDE or letter == BACKSLASH:
            return NOT_PLAIN, 0
        length += 1
        code = code * 128 + letter if length <= 8 else 0
        at += 1
    return blank(text, at + 1), code


@kernel
def scan_key(text: Text, at: int) -> Keyed:
    """The name of a field and its colon."""
    at, code = scan_name(text, at)
    if at < 0 or text[at] != COLON:
        return NOT_PLAIN, 0
    return blank(text, at + 1), code


@kernel
def scan_word(text: Text, at: int) -> Keyed:
    """true, false or null; anything else has another code."""
    code, length = 0, 0
    while 97 <= text[at] <= 122 and length < 6:
        code = code * 128 + int(text[at])
        length += 1
        at += 1
    return blank(text, at), code


@kernel
def scan_number(text: Text, at: int) -> Found:
    """A number without an exponent."""
    negative = text[at] == MINUS
    if negative:
        at += 1
    first, mantissa, decimals = at, 0, 0
    while ZERO <= text[at] <= NINE:
        mantissa = mantissa * 10 + (int(text[at]) - ZERO)
        at += 1
    digits = at - first
    if digits == 0 or (digits > 1 and text[first] == ZERO):
        return NOT_PLAIN, 0, 0, 0
    if text[at] == POINT:
        at += 1
        first = at
        while ZERO <= text[at] <= NINE:
            mantissa = mantissa * 10 + (int(text[at]) - ZERO)
            at += 1
        decimals = at - first
        if decimals == 0:
            return NOT_PLAIN, 0, 0, 0
    if digits + decimals > MOST_DIGITS:
        return NOT_PLAIN, 0, 0, 0
    return blank(text, at), -mantissa if negative else mantissa, decimals, digits + decimals


@kernel
def pence_of(d: Desk, mantissa: int, decimals: int, digits: int) -> int:
    """Pounds as written to whole pence, 0 for less than nothing; NOT_PLAIN where the last digits decide or it is too much."""
    if mantissa <= 0:
        return 0
    hundredths = mantissa / d.powers[decimals] * 100.0
    nearest = np.rint(hundredths)
    if hundredths > MOST_PENCE:
        return NOT_PLAIN
    if digits > EXACT_DIGITS and (hundredths > 1e11 or abs(abs(hundredths - nearest) - 0.5) < 1e-3):
        return NOT_PLAIN
    return int(nearest)


@kernel
def tick_at(d: Desk, odds: float) -> int:
    """Tick of odds, or OFF_LADDER; as `simcore.units.tick_or_off`."""
    hundredths = odds * 100.0
    nearest = np.rint(hundredths)
    if abs(hundredths - nearest) > 1e-6 or nearest < 0 or nearest >= d.ticks.shape[0]:
        return OFF_LADDER
    return int(d.ticks[int(nearest)])


@kernel
def scan_skip(text: Text, at: int) -> int:
    """Over a value nobody asks for: a number, a string, a word, or lists of them."""
    depth = 0
    while True:
        if text[at] == OPEN:
            depth += 1
            at = blank(text, at + 1)
            if text[at] != CLOSE:
                continue
        elif text[at] == QUOTE:
            at, _ = scan_name(text, at)
        elif text[at] in (LETTER_T, LETTER_F, LETTER_N):
            at, code = scan_word(text, at)
            if code not in (TRUE, FALSE, NULL):
                return NOT_PLAIN
        else:
            at, _, _, _ = scan_number(text, at)
        if at < 0:
            return NOT_PLAIN
        while depth > 0 and text[at] == CLOSE:
            depth -= 1
            at = blank(text, at + 1)
        if depth == 0:
            return at
        if text[at] != COMMA:
            return NOT_PLAIN
        at = blank(text, at + 1)
