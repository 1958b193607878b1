"""Everything a replay holds, as arrays the engine allocates and the kernels fill.

Notation used in every kernel file
sim       : `Sim`, the arrays below
r, b, t   : runner index, book (ATB or ATL), tick of the record: it acts at t + SHIFT of its runner
o         : order index, row of `sim.orders`
now       : UTC ms of simulated time
side      : BACK (+1) or LAY (-1); a BACK rests in ATL and takes from ATB, a LAY the other way round

recorded  : (runners, 2, 350) int64 pence, what the record displays (R)
displaced : (runners, 2, 350) int64 pence, displacement at its time stamp (D₀)
stamp_ms  : (runners, 2, 350) int64, time stamp of D₀
hint      : (runners, 2) int64, no tick better than this can hold anything; -1 (ATB) or 350 (ATL) = empty
runners   : (runners, N_RUNNER) int64, columns below
market    : (N_MARKET,) int64, fields below
orders    : (capacity, N_ORDER) int64, every order ever sent, in the order of sending
standing  : (capacity,) int64, orders resting in the world, oldest first
live      : (capacity,) int64, orders the bot thinks are not over, in the order of sending
wanted    : (offers, N_WISH) int64, what the core wanted at the last poll that sent nothing, and columns below
requests  : (capacity, N_REQUEST) int64, requests on their way
script    : (n, N_REQUEST) int64, requests given beforehand, by time of effect
log       : (capacity, N_LOG) int64, all that happened to our orders, in time
tally     : (N_TALLY,) int64, lengths and counters
flow      : (runners,) float64, how far our fills move the others' prices, ticks, at FLOW_STAMP_MS (x of models/reaction.py)
scratch   : (2, runners) int64, rows lent to one function at a time
traded, ahead_pounds : (runners, 350) and (capacity,) float64 pounds, used by simcore.kernels.flumine alone
settings  : (N_SETTING,) int64; reals : (N_REAL,) float64, the assumptions as numbers
moments_ms: (n,) int64, before the advertised start: when the harness may act though nothing happened; none = at any poll
Money of bets that depends on odds is kept exactly in micropence (10⁻⁶ pence).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.kernels.compiling import register
from simcore.kernels.sharing import Width, shared
from simcore.strategies.view import DEPTH, MAX_OFFERS, N_CLOCK, N_LEVEL, N_OFFER, N_SEEN, N_SLOT
from simcore.units import N_TICKS

Int = NDArray[np.int64]
Narrow = NDArray[np.int32]
Real = NDArray[np.float64]

MICRO: Final = 1_000_000
NEVER_MS: Final = 1 << 62
HELD_MS: Final = 1 << 61
"""time stamp of a displacement that does not decay while an order of ours stands in the way"""
NO_TICK: Final = -1

# columns of `runners`
TOUCHED: Final = 0
"""displaced levels + own standing orders; 0 = the world of this runner is the record"""
MATCHED: Final = 1
"""traded volume as published, two-sided pence"""
LAST_TICK: Final = 2
GONE: Final = 3
"""0 = still in; the first runner withdrawn is 1, the next 2 …"""
WIN: Final = 4
"""our profit on this runner's bets if it wins, micropence"""
LOSE: Final = 5
KNOWN_WIN: Final = 6
"""WIN and LOSE as far as the bot has heard of its fills"""
KNOWN_LOSE: Final = 7
OUTCOME: Final = 8
"""-1 unknown, else LOSER, WINNER or PLACED"""
FACTOR: Final = 9
"""reduction factor of a withdrawn runner, hundredths of a percent"""
LOGGED_BEFORE: Final = 10
"""rows of the log that came before its withdrawal"""
SHIFT: Final = 11
"""what the record does at tick k happens at k + SHIFT"""
FLOW_STAMP_MS: Final = 12
OWN_LOW: Final = 13
"""the lowest level where a limit order of ours rests in ATB, one column on in ATL; NOWHERE = none rests"""
OWN_HIGH: Final = 15
"""likewise the highest; −NOWHERE = none rests"""
N_RUNNER: Final = 17

# fields of `market`
STATUS_NOW: Final = 0
IS_IN_PLAY: Final = 1
BET_DELAY_S: Final = 2
START_AT_MS: Final = 3
N_WINNERS: Final = 4
MESSAGE_MS: Final = 5
"""publication of the last message seen"""
CARRY: Final = 6
"""what a recorded aggressor could not find so far in its sweep, pence"""
MARK_AT_OFF: Final = 7
"""mark-to-market when the market last stopped before the off, micropence"""
RESIDUAL_AT_OFF: Final = 8
"""best minus worst outcome then, micropence"""
WENT_IN_PLAY: Final = 9
STATUS_SINCE_MS: Final = 10
PASSIVE_DELAY: Final = 11
"""1 = orders that nobody would match at once are exempt from the bet delay"""
RECONCILED_NOW: Final = 12
"""1 = the starting prices are known"""
ROW: Final = 13
"""row of the tape now applied: names the draw of who cancelled"""
CLOSE_DUE: Final = 14
"""1 = on-close orders without a starting price lapse at the end of this message"""
SWEEP_ROW: Final = 15
"""row of the tape of the last trade met that was not the last of its sweep"""
SWEPT: Final = 16
"""what the aggressor of that sweep took so far in the record, pence"""
GIVEN: Final = 17
"""of it, filled of ours"""
SWEEP_FIRST: Final = 18
"""row of the tape where that sweep began: names the draw of whether it wanted more"""
N_MARKET: Final = 19

# columns of `orders`
RUNNER: Final = 0
SIDE: Final = 1
TICK: Final = 2
SIZE: Final = 3
REMAINING: Final = 4
AHEAD: Final = 5
"""pence of others ahead of us in the queue; never negative"""
PERSIST: Final = 6
"""what becomes of it when the market turns in-play: LAPSE, STAY or TO_CLOSE"""
STATE: Final = 7
BELIEVED: Final = 8
"""what the bot thinks still stands, pence"""
ACCEPTED_MS: Final = 9
"""when the exchange took the order; 0 = refused or still on its way"""
TYPE: Final = 10
LEVEL: Final = 11
"""tick of the record whose level it stands at (TICK − SHIFT); out of everybody's way for on-close orders"""
MIN_FILL: Final = 12
"""> 0: fill or kill, so much must match at once, pence"""
REPLACED: Final = 13
"""1 = took the place of an order: the minimum stake does not bind it"""
TARGET_TICK: Final = 14
TARGET_PENCE: Final = 15
"""where an order that goes the long way (place, cut, replace) is to end, and with how much"""
N_ORDER: Final = 16

ON_ITS_WAY: Final = 0
STANDING: Final = 1
DONE: Final = 2

LIMIT: Final = 0
LIMIT_ON_CLOSE: Final = 1
MARKET_ON_CLOSE: Final = 2

LAPSE: Final = 0
STAY: Final = 1
TO_CLOSE: Final = 2

NOWHERE: Final = 10_000
"""LEVEL of an on-close BACK (a LAY has −NOWHERE): behind every price"""

# columns of `wanted` behind those of an offer
WISH_PRICE: Final = N_OFFER
"""runner, side and price of the offer as one number; NO_PRICE = an offer before it has the same and stands for both"""
WISH_MISSING: Final = N_OFFER + 1
"""what is wanted at that price beyond what the bot thinks stands there, pence; negative = what stands beyond it"""
N_WISH: Final = N_OFFER + 2
NO_PRICE: Final = -1

# columns of `requests`
EFFECT_MS: Final = 0
REQUEST: Final = 1
REQUEST_ORDER: Final = 2
REQUEST_PENCE: Final = 3
"""pence to cancel (at least what remains = all of it)"""
DELAYED: Final = 4
"""1 = the bet delay was already served"""
REQUEST_NUMBER: Final = 5
"""ordinal among all requests the bot sent: names its random delays"""
REQUEST_REPLACES: Final = 6
"""order that makes way for REQUEST_ORDER, of a replace"""
N_REQUEST: Final = 7

PLACE_ORDER: Final = 0
CANCEL_ORDER: Final = 1
REPLACE_ORDER: Final = 2

# columns of `log`
TIME_MS: Final = 0
KNOWN_MS: Final = 1
"""when the bot hears of it"""
LOG_ORDER: Final = 2
WHAT: Final = 3
LOG_TICK: Final = 4
"""tick of a fill; reason code of a refusal"""
PENCE: Final = 5
ODDS_MICRO: Final = 6
"""odds × 10⁶ at which a fill settles (reduction factors change it)"""
HEARD: Final = 7
MATCHED_MICRO: Final = 8
"""odds × 10⁶ at which a fill matched"""
N_LOG: Final = 9

FILL_PASSIVE: Final = 0
FILL_AGGRESSIVE: Final = 1
FILL_UNATTRIBUTED: Final = 2
FILL_UNRECORDED: Final = 3
"""taken by a hungry aggressor beyond what it traded in the record; the last of the kinds matched in the book"""
FILL_AT_CLOSE: Final = 4
"""matched at the starting price; the last of the kinds of fill"""
CANCELLED: Final = 5
LAPSED: Final = 6
REFUSED: Final = 7
VOIDED: Final = 8
"""an order on a withdrawn runner, or a lay cancelled by a withdrawal"""
N_WHAT: Final = 9

# reasons, in the order of simcore.results.REFUSALS
MINIMUM_STAKE: Final = 0
INSUFFICIENT_FUNDS: Final = 1
MARKET_SUSPENDED: Final = 2
RUNNER_REMOVED: Final = 3
INVALID_PRICE: Final = 4
OWN_CROSS: Final = 5
TAKEN_OR_LAPSED: Final = 6
NOT_OPEN_FOR_CLOSE: Final = 7
INVALID_MIN_FILL: Final = 8
INVALID_PROFIT_RATIO: Final = 9
BET_ACTION_ERROR: Final = 10

# fields of `tally`
N_ORDERS: Final = 0
N_STANDING: Final = 1
N_REQUESTS: Final = 2
N_SCRIPTED: Final = 3
"""scripted requests already handled"""
N_LOGGED: Final = 4
FIRST_UNHEARD: Final = 5
PLACES: Final = 6
CANCELS: Final = 7
POLLS: Final = 8
LARGEST_POSITION: Final = 9
"""largest |contracts| on one runner, micropence"""
LARGEST_LIABILITY: Final = 10
WORST_MARK: Final = 11
BUSY_UNTIL_MS: Final = 12
"""the bot waits for answers until then, at least"""
FULL: Final = 13
"""NO_ROOM = an array is too small, NO_HOUR = the result has no column for a clock hour: the engine doubles what is too small"""
N_TIMELINE: Final = 14
ANSWERING: Final = 15
"""requests sent by the harness whose effect is still to come"""
N_LIVE: Final = 16
"""orders that stand or are on their way, as far as the bot knows"""
FILLS: Final = 17
STOPPED: Final = 18
"""1 = the harness will not look again"""
TAKEN: Final = 19
SERVED: Final = 20
"""snapshots taken, and those a poll has looked at"""
LAST_POLL_MS: Final = 21
PICKED: Final = 22
LOOK_MS: Final = 23
"""a snapshot is due then (polling at each message), once everything else of that millisecond has happened; 0 = none"""
WITHDRAWN: Final = 24
"""runners withdrawn so far"""
REPLACES: Final = 25
SENT: Final = 26
"""requests sent so far: the next one's REQUEST_NUMBER"""
ANSWER_MS: Final = 27
"""how long the answer to the request now taking effect travels"""
ROUTE: Final = 28
"""order that goes the long way (place, cut, replace), + 1; 0 = none"""
QUIET: Final = 29
"""the poll (ms) since which no look can do anything, until something happens or a moment of the core comes; 0 = none"""
VIEW_DECAYS: Final = 30
"""1 = the last snapshot shows a level that changes with time alone"""
EVENT_MS: Final = 31
"""the last request, or message that changed what the bot would see"""
SAME_MS: Final = 32
"""the poll then sees what the last one saw"""
LAST_SEEN: Final = 33
"""place in the ring of the last snapshot looked at"""
ALL_TOUCHED: Final = 34
"""Σ TOUCHED of all runners"""
N_WANTED: Final = 35
"""offers the core wanted at the last poll that sent nothing; -1 = ask what to send"""
SEEN_BACK: Final = 36
"""the worst tick of the record that the last snapshot shows in available-to-back; -1 = a change at any tick matters"""
SEEN_LAY: Final = 37
"""likewise in available-to-lay; 350 = a change at any tick matters"""
CHANGED: Final = 38
"""1 = the message now applied changes what the bot would see"""
FORGET_MS: Final = 39
"""displacement that came back unseen is looked for no sooner than then"""
ALL_ABOVE: Final = 40
"""levels of all runners at which the world holds more than the record"""
MOMENT_MS: Final = 41
"""while QUIET: the next time at which, or just after which, the core may want something else"""
ALONE: Final = 42
"""1 = nothing of ours is in the market, and of the book only the best levels are kept up"""
SEEN_LEAN: Final = 43
"""1 or −1 = the imbalance in the last snapshot is above LEANS_AT, or its negative is"""
N_TALLY: Final = 44

NO_ROOM: Final = 1
NO_HOUR: Final = 2

# fields of `settings` and `reals`
QUEUE_KIND: Final = 0
REFILL_KIND: Final = 1
HALF_LIFE_MS: Final = 2
FRONT: Final = 3
"""1 = a trade of unknown side at our price takes from the front"""
DISPLACE: Final = 4
PLACE_MS: Final = 5
CANCEL_MS: Final = 6
OBSERVE_MS: Final = 7
ACK_MS: Final = 8
ORDER_STREAM_MS: Final = 9
POLL_MS: Final = 10
SEQUENTIAL: Final = 11
FUNDS_PENCE: Final = 12
MINIMUM_PENCE: Final = 13
MINIMUM_PAYOUT_PENCE: Final = 14
REMOVAL_FROM: Final = 15
"""smallest reduction factor that counts, hundredths of a percent"""
REMOVAL_ON_WINNINGS: Final = 16
"""1 = the factor cuts the winnings (place markets), 0 = the odds"""
WINDOW_FIRST_MS: Final = 17
"""the harness polls from this long before the advertised start …"""
WINDOW_LAST_MS: Final = 18
"""… to this long before it"""
PICK_MS: Final = 19
PICK_RANK: Final = 20
N_SLOTS: Final = 21
"""runners the core trades; 0 = no harness (scripted requests only)"""
TRADES_IN_PLAY: Final = 22
REPLACE_MS: Final = 23
KEY_A: Final = 24
KEY_B: Final = 25
"""who draws: the words of this market's random numbers"""
HAS_CLOSE: Final = 26
"""1 = the market has a starting price"""
MINIMUM_LIABILITY: Final = 27
"""least liability of an on-close LAY, pence"""
CHECKS_RATIO: Final = 28
LONG_WAY: Final = 29
"""1 = closing stakes under the minimum are placed, cut and replaced"""
REACTION_MS: Final = 30
"""half-life of the others' reaction"""
RATIO_LEAST: Final = 31
RATIO_MOST: Final = 32
"""bounds of rounded over exact profit, percent"""
MATCHING: Final = 33
LEAST_PENCE: Final = 34
"""a level that we emptied shows nothing until so much is back"""
TOUCH_ONLY: Final = 35
"""1 = the core sees each half-book down to the others' best level only, no last price and no volume"""
COUNTS_CANCELS: Final = 36
"""1 = the exchange counts cancels as transactions, too"""
BY_RESULT: Final = 37
"""1 = bets settle by the result where it is known"""
TICKS_ONLY: Final = 38
"""1 = of the touch the core reads the prices, not what stands there"""
N_SETTING: Final = 39

# columns of the timeline, one row a poll
LINE_MS: Final = 0
LINE_RUNNER: Final = 1
LINE_BACK_TICK: Final = 2
LINE_BACK_PENCE: Final = 3
LINE_LAY_TICK: Final = 4
LINE_LAY_PENCE: Final = 5
LINE_OWN_BACK_TICK: Final = 6
"""tick of the best own BACK order standing, -1 if none"""
LINE_OWN_LAY_TICK: Final = 7
LINE_POSITION: Final = 8
"""contracts, pence of payout"""
LINE_MARK: Final = 9
"""mark-to-market, pence"""
N_LINE: Final = 10
QUEUE_K: Final = 0
SEVERITY: Final = 1
"""ticks the others move for £1,000 of payout; 0 = not at all"""
PLACE_SIGMA: Final = 2
CANCEL_SIGMA: Final = 3
REPLACE_SIGMA: Final = 4
ACK_SIGMA: Final = 5
ORDER_STREAM_SIGMA: Final = 6
"""spread of log-normal delays around the medians in `settings`; 0 = constant"""
APPETITE: Final = 7
LEANS_AT: Final = 8
"""of the sizes at the touch the core reads whether the imbalance, or its negative, is above this; negative: all of them"""
N_REAL: Final = 9

QUEUE_NONE: Final = 0
QUEUE_PROPORTIONAL: Final = 1
QUEUE_BACK_BIASED: Final = 2
QUEUE_SAMPLED: Final = 3
QUEUE_FRONT: Final = 4
REFILL_INSTANT: Final = 0
REFILL_HALF_LIFE: Final = 1
REFILL_NEVER: Final = 2
BY_RECORD: Final = 0
BY_FLUMINE: Final = 1


@shared
class Record(NamedTuple):
    """The tape's columns, or some of its rows, read-only; see simcore.dtypes.

    row      : where on the tape each row is
    news_row, news_message : rows with news of the market, or of who runs and wins, and their messages
    key_at, keys, book_at, kept, books : of one runner's rows what simcore.kernels.alone knows of them; else nothing
    """

    message_ms: Int
    message_row: Int
    kind: NDArray[np.uint8]
    book: NDArray[np.uint8]
    runner: NDArray[np.int16]
    tick: NDArray[np.int16]
    size: Narrow
    start_ms: Int
    row: Narrow
    news_row: Int
    news_message: Int
    key_at: Narrow
    keys: Int
    book_at: Narrow
    kept: Int
    books: Narrow


@shared
class Sim(NamedTuple):
    """All evolving state of one replay; see the notation above."""

    recorded: Annotated[Int, Width(2, N_TICKS)]
    displaced: Annotated[Int, Width(2, N_TICKS)]
    stamp_ms: Annotated[Int, Width(2, N_TICKS)]
    hint: Annotated[Int, Width(2)]
    runners: Annotated[Int, Width(N_RUNNER)]
    market: Int
    orders: Annotated[Int, Width(N_ORDER)]
    standing: Int
    live: Int
    wanted: Annotated[Int, Width(N_WISH)]
    requests: Annotated[Int, Width(N_REQUEST)]
    script: Annotated[Int, Width(N_REQUEST)]
    log: Annotated[Int, Width(N_LOG)]
    tally: Int
    flow: Real
    scratch: Int
    settings: Int
    reals: Real
    moments_ms: Int
    traded: Annotated[Real, Width(N_TICKS)]
    ahead_pounds: Real


@shared
class Views(NamedTuple):
    """Snapshots of the world waiting to be seen, a ring of `n` of them; the columns are in simcore.strategies.view.

    clock : (n, N_CLOCK); slots : (n, slots, N_SLOT); touch : (n, slots, 2, DEPTH, N_LEVEL); orders : (capacity, N_SEEN), filled
    in when the core looks; poll_ms : (n,) the poll each snapshot is for, NEVER_MS when there is none
    """

    clock: Annotated[Int, Width(N_CLOCK)]
    slots: Annotated[Int, Width(N_SLOT)]
    touch: Annotated[Int, Width(2, DEPTH, N_LEVEL)]
    orders: Annotated[Int, Width(N_SEEN)]
    poll_ms: Int


def new_sim(
    n_runners: int,
    settings: Int,
    reals: Real,
    script: Int,
    capacity: int,
    moments_ms: Sequence[int] = (),
    offers: int = MAX_OFFERS,
) -> Sim:
    """A market of `n_runners` before its first message, with room for `capacity` orders and so many offers at a time."""
    market = np.zeros(N_MARKET, np.int64)
    market[STATUS_NOW] = 3  # INACTIVE until the record says otherwise
    market[START_AT_MS] = NEVER_MS
    market[N_WINNERS] = 1
    tally = np.zeros(N_TALLY, np.int64)
    tally[N_WANTED] = -1
    tally[SEEN_BACK], tally[SEEN_LAY] = -1, N_TICKS
    runners = np.zeros((n_runners, N_RUNNER), np.int64)
    runners[:, LAST_TICK] = NO_TICK
    runners[:, OUTCOME] = -1
    runners[:, OWN_LOW : OWN_LOW + 2] = NOWHERE
    runners[:, OWN_HIGH : OWN_HIGH + 2] = -NOWHERE
    hint = np.empty((n_runners, 2), np.int64)
    hint[:, 0], hint[:, 1] = -1, N_TICKS
    levels = (n_runners, 2, N_TICKS)
    return Sim(
        recorded=np.zeros(levels, np.int64),
        displaced=np.zeros(levels, np.int64),
        stamp_ms=np.zeros(levels, np.int64),
        hint=hint,
        runners=runners,
        market=market,
        orders=np.zeros((capacity, N_ORDER), np.int64),
        standing=np.zeros(capacity, np.int64),
        live=np.zeros(capacity, np.int64),
        wanted=np.zeros((offers, N_WISH), np.int64),
        requests=np.zeros((capacity, N_REQUEST), np.int64),
        script=script,
        log=np.zeros((4 * capacity, N_LOG), np.int64),
        tally=tally,
        flow=np.zeros(n_runners),
        scratch=np.zeros((2, n_runners), np.int64),
        settings=settings,
        reals=reals,
        moments_ms=np.array(moments_ms, np.int64),
        traded=np.zeros((n_runners, N_TICKS)),
        ahead_pounds=np.zeros(capacity),
    )


def nothing_known() -> list[Any]:
    """Of a record that was not passed alone: no keys and no books."""
    none, narrow = np.zeros((0, 0), np.int64), np.zeros(0, np.int32)
    return [narrow, none, narrow.copy(), none.copy(), np.zeros((0, 0, 0), np.int32)]


def no_record() -> Record:
    """A record with nothing in it, of the types that every record has: what kernels are compiled for."""
    columns = ("int64", "int64", "uint8", "uint8", "int16", "int16", "int32", "int64", "int32", "int64", "int64")
    arrays = [*(np.zeros(1, dtype) for dtype in columns), *nothing_known()]
    for array in arrays:
        array.setflags(write=False)  # as a tape's columns are: another type to the compiler
    return Record(*arrays)


def _register() -> None:
    register(Record, no_record())
    one, two, three = np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64)
    register(Sim, new_sim(1, one, np.zeros(1), two, 1))
    views = Views(clock=two, slots=three, touch=np.zeros((1, 1, 1, 1, 1), np.int64), orders=two, poll_ms=one)
    register(Views, views)


_register()
