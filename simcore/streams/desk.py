"""What the import of one stream file holds between messages: the state of all its runners, and the rows so far.

Markets and runners are numbered by *slot* in the order the file names them; a runner's `index` is its place on its tape.

market  : (markets, N_FIELDS) int64, the fields named below
off_ladder : (markets,) float64, the displayed price that a market was refused for
runner  : (runners, N_LINKS) int64, the links named below;  handicap : (runners,) float64
shown   : (runners, 2, 350) int64, pence displayed by book and tick;  best : (runners, 2) int64, its touch (-1 / 350: empty)
shown_at: (runners, 2, 350) int32, when the level appeared: an image empties the levels in that order
level   : (runners, 2, levels, 2) int64, tick and pence by level (pence 0: none); while the stream has best offers only
traded  : (runners, 350) int64, pence matched by tick, both sides; -1 never published;  traded_at : int32, when it first was
odd     : (odds, 5) int64, volume at a price that is not exactly a tick's: runner slot, pence, when, the runner's next, tick
odd_odds: (odds,) float64, the price
code, size : (rows,) int64, packed rows as in `simcore.streams.rows`
message : (messages, 3) int64, market slot, publication UTC ms, rows up to its end
entry   : (entries, 4) int64, of the line being read: selection id, its first change, its last + 1, next of the same runner
entry_hc: (entries,) float64, handicap
change  : (changes, 4) int64, of the line: column, tick, pence, level;  change_odds : (changes,) float64
part    : (parts, 4) int64, of the line: market slot, its first entry, its last + 1, flags
extra   : (extras, 2) int64, packed rows (code, size) to be written before the changes of a message
named   : (runners,) int64, the slots a message names, in its order
key     : (keys,) int64, prices a runner's volume changes at, in order: a tick, or 350 + place in `odd`
new_traded, seen_key : (keys,) int64, by key: the new pence, and the moment it was named
rise    : (rises, 5) int64, tick, pence, 1 where it is the first sight of that price, book hit, 1 where its fall told
fall    : (falls, 2) int64, tick, pence
new, new_at : (2, 350) int64, pence a message gives a level, and when;  tick : (2, 350) int64, the levels it names in its order
hit     : (2, 350) int64, pence traded by book and tick;  hits : (2, 350) int64, the ticks in order
volume  : (volumes, 3) int64, kind, tick, pence of rises that are no trades
count   : (N_COUNTS,) int64, the counters named below
ticks   : (100_001,) int16, tick of a price in hundredths of odds, -1 off the ladder;  odds : (350,) float64, and back
powers  : (19,) float64, powers of ten
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.units import N_TICKS, ODDS, ODDS_HUNDREDTHS, OFF_LADDER

Int = NDArray[np.int64]

# fields of a market
STATUS: Final = 0
WAS: Final = 1
"""status before the message"""
IN_PLAY: Final = 2
BSP: Final = 3
START_MS: Final = 4
"""advertised start, UTC ms; 0 while unknown"""
MESSAGES: Final = 5
LAST_MS: Final = 6
ANCHORED: Final = 7
"""1 once the whole state is known: the first sight of a price may be a trade"""
LOST: Final = 8
"""1 where something may be missing before the next message"""
SEEN: Final = 9
"""flags of all messages so far"""
REFUSED: Final = 10
FIRST_RUNNER: Final = 11
LAST_RUNNER: Final = 12
RUNNERS: Final = 13
NUMBER: Final = 14
"""digits of the market id after `1.`; -1 where it is written otherwise"""
IN_LINE: Final = 15
"""the last line that named it"""
CONFLATED_MESSAGES: Final = 16
TALLY: Final = 17
"""first of the counters `TALLY_NAMES`"""
BY_FALL: Final = 17
BY_TOUCH: Final = 18
PREPLACED: Final = 19
BOTH_SIDES: Final = 20
CROSSED: Final = 21
CLOCK_BACK: Final = 22
GAPS: Final = 23
N_FIELDS: Final = 24
TALLY_NAMES = ("by_fall_pence", "by_touch_pence", "preplaced_pence", "both_sides", "crossed", "clock_back", "gaps")
"""What a tape itself does not tell: how its rows came about. Two-sided pence unless said otherwise.

by_fall, by_touch      trades whose side the fallen level / the touch told
preplaced_pence        one-sided: placed before a trade because less was displayed than was taken
both_sides             runner changes whose both books were hit
crossed                runner changes that left a best to back at or above the best to lay
clock_back, gaps       messages whose publication went back / that follow lost ones
"""

# links of a runner
MARKET: Final = 0
SELECTION: Final = 1
INDEX: Final = 2
NEXT: Final = 3
"""slot of the market's next runner, -1 after the last"""
FIRST_ODD: Final = 4
LAST_TRADED: Final = 5
NAMED_AT: Final = 6
FIRST_ENTRY: Final = 7
LAST_ENTRY: Final = 8
LAST_RISE: Final = 9
LAST_FALL: Final = 10
N_LINKS: Final = 11

NEVER: Final = -2
"""no price was traded yet"""

# counters
N_MARKETS: Final = 0
N_RUNNERS: Final = 1
N_ROWS: Final = 2
N_MESSAGES: Final = 3
N_ODD: Final = 4
CLOCK: Final = 5
"""moments: order of appearance, and which marks belong to the change at hand"""
LINES: Final = 6
READ: Final = 7
PREFIXED: Final = 8
N_ENTRIES: Final = 9
N_CHANGES: Final = 10
N_PARTS: Final = 11
N_EXTRA: Final = 12
PUBLISHED_MS: Final = 13
N_RISES: Final = 14
N_FALLS: Final = 15
N_VOLUMES: Final = 16
N_KEYS: Final = 17
NEEDS: Final = 18
"""first of the sizes asked for by `has_room`, in the order of `_CLASSES`"""
NEED_LINE: Final = 18
NEED_RUNNERS: Final = 19
NEED_ODD: Final = 20
NEED_MESSAGES: Final = 21
NEED_RISES: Final = 22
NEED_ROWS: Final = 23
N_COUNTS: Final = 24

# columns of a change (ATB and ATL are 0 and 1)
LEVEL_ATB: Final = 2
LEVEL_ATL: Final = 3
TRD: Final = 4
CLEAR: Final = 5
"""an empty list of traded volume"""
LTP: Final = 6

# flags of a message's part
IMAGE_FLAG: Final = 1
CONFLATED: Final = 2
FULL_LADDER: Final = 4
LEVELS: Final = 8
VIRTUAL: Final = 16
CHANGES: Final = 32
CLEARED: Final = 64

N_LEVELS: Final = 16
"""levels with room from the start; more are made when a stream has them"""


class Desk(NamedTuple):
    """See the module's notation."""

    market: Int
    off_ladder: NDArray[np.float64]
    runner: Int
    handicap: NDArray[np.float64]
    shown: Int
    best: Int
    shown_at: NDArray[np.int32]
    level: Int
    traded: Int
    traded_at: NDArray[np.int32]
    odd: Int
    odd_odds: NDArray[np.float64]
    code: Int
    size: Int
    message: Int
    entry: Int
    entry_hc: NDArray[np.float64]
    change: Int
    change_odds: NDArray[np.float64]
    part: Int
    extra: Int
    named: Int
    key: Int
    new_traded: Int
    seen_key: Int
    rise: Int
    fall: Int
    new: Int
    new_at: Int
    tick: Int
    hit: Int
    hits: Int
    volume: Int
    count: Int  # type: ignore[assignment]  # nobody counts a desk's fields
    ticks: NDArray[np.int16]
    odds: NDArray[np.float64]
    powers: NDArray[np.float64]


_OF_ONE_MESSAGE = ("rise", "fall", "volume")
"""nothing in them outlives a message, and none is at hand when they grow"""
_CLASSES = (
    ("entry", "entry_hc", "change", "change_odds", "part"),
    ("runner", "handicap", "shown", "best", "shown_at", "level", "traded", "traded_at", "named"),
    ("odd", "odd_odds", "key", "new_traded", "seen_key"),
    ("message",),
    _OF_ONE_MESSAGE,
    ("code", "size"),
)
"""arrays that grow together: of a line, by runner, by odd price, by message, of a message's volume, by row"""


def _ticks() -> NDArray[np.int16]:
    ticks = np.full(int(ODDS_HUNDREDTHS[-1]) + 1, OFF_LADDER, np.int16)
    ticks[ODDS_HUNDREDTHS] = np.arange(N_TICKS)
    return ticks


_TICKS = _ticks()
_POWERS = np.array([10.0**power for power in range(19)])


def open_desk() -> Desk:
    """A desk with no market; `grow` makes room."""
    markets, runners, odds, rows, messages, line = 4, 16, 64, 1 << 17, 1 << 14, 1 << 10
    keys = N_TICKS + odds
    return Desk(
        market=np.zeros((markets, N_FIELDS), np.int64),
        off_ladder=np.zeros(markets),
        runner=np.zeros((runners, N_LINKS), np.int64),
        handicap=np.zeros(runners),
        shown=np.zeros((runners, 2, N_TICKS), np.int64),
        best=np.zeros((runners, 2), np.int64),
        shown_at=np.zeros((runners, 2, N_TICKS), np.int32),
        level=np.zeros((runners, 2, N_LEVELS, 2), np.int64),
        traded=np.full((runners, N_TICKS), -1, np.int64),
        traded_at=np.zeros((runners, N_TICKS), np.int32),
        odd=np.zeros((odds, 5), np.int64),
        odd_odds=np.zeros(odds),
        code=np.empty(rows, np.int64),
        size=np.empty(rows, np.int64),
        message=np.empty((messages, 3), np.int64),
        entry=np.empty((line, 4), np.int64),
        entry_hc=np.empty(line),
        change=np.empty((line, 4), np.int64),
        change_odds=np.empty(line),
        part=np.empty((line, 4), np.int64),
        extra=np.empty((64, 2), np.int64),
        named=np.empty(runners, np.int64),
        key=np.empty(keys, np.int64),
        new_traded=np.zeros(keys, np.int64),
        seen_key=np.zeros(keys, np.int64),
        rise=np.empty((line, 5), np.int64),
        fall=np.empty((line, 2), np.int64),
        new=np.zeros((2, N_TICKS), np.int64),
        new_at=np.zeros((2, N_TICKS), np.int64),
        tick=np.zeros((2, N_TICKS), np.int64),
        hit=np.zeros((2, N_TICKS), np.int64),
        hits=np.zeros((2, N_TICKS), np.int64),
        volume=np.empty((line, 3), np.int64),
        count=np.zeros(N_COUNTS, np.int64),
        ticks=_TICKS,
        odds=ODDS,
        powers=_POWERS,
    )


def grow(d: Desk) -> Desk:
    """The desk with room for what `has_room` asked for."""
    larger: dict[str, Any] = {}
    for place, names in enumerate(_CLASSES):
        have, need = len(getattr(d, names[0])), int(d.count[NEEDS + place])
        if need > have:
            larger |= {name: _longer(getattr(d, name), name, max(need, 2 * have) - have) for name in names}
    return d._replace(**larger)


def _longer(array: NDArray[np.generic], name: str, more: int) -> NDArray[np.generic]:
    """The array with `more` places; what was never published of traded volume is -1.

    Most of what an image may need at most is never used: memory that nothing is written to costs nothing.
    """
    longer = np.zeros((len(array) + more, *array.shape[1:]), array.dtype)
    if name not in _OF_ONE_MESSAGE:
        longer[: len(array)] = array
    if name == "traded":
        longer[len(array) :] = np.array(-1, array.dtype)
    return longer


def more_levels(d: Desk, levels: int) -> Desk:
    """The desk with room for so many levels of best offers."""
    level = np.zeros((*d.level.shape[:2], levels, 2), np.int64)
    level[:, :, : d.level.shape[2]] = d.level
    return d._replace(level=level)


def more_markets(d: Desk) -> Desk:
    """The desk with room for twice as many markets."""
    more = np.zeros_like(d.market), np.zeros_like(d.off_ladder)
    return d._replace(market=np.concatenate([d.market, more[0]]), off_ladder=np.concatenate([d.off_ladder, more[1]]))
