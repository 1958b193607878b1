"""The columns of a tape: unit and range beside each, and the meaning of every row kind.

A tape is a list of messages; a message is a run of rows:

message_ms  : (n_messages,) int64, UTC milliseconds of publication, non-decreasing
message_row : (n_messages + 1,) int64, rows of message m are message_row[m] .. message_row[m + 1] - 1
kind        : (n_rows,) uint8, one of the kinds below
book        : (n_rows,) uint8, ATB, ATL or NO_BOOK
runner      : (n_rows,) int16, index into the tape's runners; -1 = the whole market
tick        : (n_rows,) int16, 0..349, or -1 for a price off the ladder or a row without price
size        : (n_rows,) int32, pence unless the kind says otherwise
start_ms    : (n_starts,) int64, advertised starts in the order they were published; START rows point into it

Order of a message's rows: market rows (IMAGE, STATUS, IN_PLAY, ...) first, then runner by runner in the order the message
names them: pre-placements, the trades of one aggressor best price first (back aggressor before lay aggressor), the
unattributed trades, cancels, placements, LAST_TRADED. Applying PLACE (+size), CANCEL (-size) and TRADE (-size // 2) to a
book of zeros reproduces the recorded ladder exactly after every message.
"""

from __future__ import annotations

from typing import Final

ATB: Final = 0
"""available to back: resting LAY orders; best = highest tick; a BACK order takes from it."""
ATL: Final = 1
"""available to lay: resting BACK orders; best = lowest tick; a LAY order takes from it."""
NO_BOOK: Final = 2

BACK: Final = 1
LAY: Final = -1

PLACE: Final = 0
"""book, runner, tick, size pence appear at the back of the queue."""
CANCEL: Final = 1
"""book, runner, tick, size pence disappear without a trade."""
TRADE: Final = 2
"""an aggressor hit `book` at tick; size is two-sided pence; size // 2 left the book. Consecutive TRADE rows of one runner
and book in one message are one aggressor's sweep, best price first."""
TRADE_UNATTRIBUTED: Final = 3
"""traded at tick, side unknown; size is two-sided pence; takes nothing from the recorded book."""
REPRICED: Final = 4
"""a rise of traded volume that is no trade (revaluation after a removal, off-ladder, while suspended); two-sided pence."""
RECONCILED: Final = 5
"""volume of the starting-price reconciliation; two-sided pence; fills only by the BSP rule."""
HISTORY: Final = 6
"""traded before the recording began or across a gap/image; two-sided pence; fills nobody."""
LAST_TRADED: Final = 7
"""last traded price of the runner is now tick (-1: off the ladder)."""
IMAGE: Final = 8
"""market row: the message replaces the state; the difference follows as ordinary rows."""
STATUS: Final = 9
"""market row: size is one of OPEN, SUSPENDED, CLOSED, INACTIVE."""
IN_PLAY: Final = 10
"""market row: size 1 = turned in-play, 0 = back."""
BET_DELAY: Final = 11
"""market row: size is the bet delay in seconds."""
REMOVED: Final = 12
"""runner row: the runner was withdrawn; size is its reduction factor in hundredths of a percent (2500 = 25 %)."""
START: Final = 13
"""market row: the advertised start is now start_ms[size]."""
STARTING_PRICE: Final = 14
"""runner row: final BSP; size is odds in hundredths (BSP is not on the ladder)."""
RESULT: Final = 15
"""runner row: size is WINNER, LOSER or PLACED."""
WINNERS: Final = 16
"""market row: number of winners is now size."""
TRADED_FALL: Final = 17
"""runner row: traded volume at tick fell by size (two-sided pence); clamped, counted, fills nobody."""
DELAY_MODEL: Final = 18
"""market row: size 1 = the bet delay spares orders that nobody would match at once (PASSIVE), 0 = it does not."""
N_KINDS: Final = 19

OPEN: Final = 0
SUSPENDED: Final = 1
CLOSED: Final = 2
INACTIVE: Final = 3

LOSER: Final = 0
WINNER: Final = 1
PLACED: Final = 2
