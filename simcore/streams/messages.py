"""What a stream message carries, in the exchange's own wire names; nothing of them is used beyond this room.

op   message kind; only `mcm` (market change) matters here      pt   publication, UTC ms
ct   change type: SUB_IMAGE, RESUB_DELTA, HEARTBEAT             clk  sequence token, digits in official files
mc   market changes      id   market or selection id            hc   handicap
img  replaces the state  con  several changes merged            rc   runner changes
atb, atl    [odds, pounds]         available to back / lay, full ladder, absolute; 0 removes
batb, batl  [level, odds, pounds]  the same by level, 0 is the best
bdatb, bdatl                       the same with virtual bets: noticed, never read
trd         [odds, pounds]         cumulative matched volume, both sides; an empty list clears
ltp  last traded odds    bsp  starting price
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

Pounds = Annotated[float, msgspec.Meta(le=1e11)]
Level = tuple[float, Pounds]
IndexedLevel = tuple[float, float, Pounds]
_NOTHING = msgspec.Raw()
LATEST_MS = 4_102_444_800_000
"""2100-01-01; a publication after it is no time in milliseconds"""


class RunnerDefinition(msgspec.Struct, rename="camel"):
    """One runner of a market definition."""

    id: int
    hc: float | None = None
    status: str | None = None
    sort_priority: int | None = None
    name: str | None = None
    adjustment_factor: float | str | None = None
    bsp: float | str | None = None


class PriceLadder(msgspec.Struct):
    """`type` names the price ladder; absent means CLASSIC."""

    type: str | None = None


class MarketDefinition(msgspec.Struct, rename="camel"):
    """The market definition, whole whenever anything in it changes; recorders write null for what they do not know."""

    runners: list[RunnerDefinition] | None = None
    status: str | None = None
    in_play: bool | None = None
    bet_delay: int | None = None
    market_time: str | None = None
    bsp_reconciled: bool | None = None
    bsp_market: bool | None = None
    turn_in_play_enabled: bool | None = None
    persistence_enabled: bool | None = None
    number_of_winners: int | None = None
    market_base_rate: float | None = None
    each_way_divisor: float | None = None
    event_id: str | None = None
    event_type_id: str | None = None
    event_name: str | None = None
    market_type: str | None = None
    name: str | None = None
    country_code: str | None = None
    venue: str | None = None
    timezone: str | None = None
    betting_type: str | None = None
    bet_delay_models: list[str] | None = None
    price_ladder_definition: PriceLadder | None = None


class RunnerChange(msgspec.Struct):
    """What changed of one runner; a message may carry several for the same runner."""

    id: int
    hc: float | None = None
    atb: list[Level] | None = None
    atl: list[Level] | None = None
    batb: list[IndexedLevel] | None = None
    batl: list[IndexedLevel] | None = None
    bdatb: msgspec.Raw = _NOTHING
    bdatl: msgspec.Raw = _NOTHING
    trd: list[Level] | None = None
    ltp: float | None = None


class MarketChange(msgspec.Struct, rename={"definition": "marketDefinition"}):
    """What changed of one market."""

    id: str
    img: bool | None = None
    con: bool | None = None
    definition: MarketDefinition | None = None
    rc: list[RunnerChange] | None = None


class Message(msgspec.Struct):
    """One line of a stream file. `pt` is None only on lines that are no market change."""

    op: str
    pt: int | None = None
    ct: str | None = None
    clk: str | None = None
    mc: list[MarketChange] | None = None


_DECODER = msgspec.json.Decoder(Message)


def decode_message(text: bytes | str) -> Message:
    """A message from its JSON. Raises msgspec.DecodeError (or ValidationError, its child) for anything else.

    The quick decoder refuses what some recorders write (bare NaN, numbers as strings); those lines get a second, lenient
    reading before they count as damaged.
    """
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as first:
        try:
            return message_from(json.loads(text, parse_constant=lambda _: None))
        except (ValueError, RecursionError):
            raise first if isinstance(first, msgspec.DecodeError) else msgspec.DecodeError(str(first)) from None


def message_from(parsed: Any) -> Message:
    """A message from parsed JSON, numbers as strings allowed. Raises msgspec.ValidationError."""
    return msgspec.convert(parsed, Message, strict=False)


def images_apart(changes: list[MarketChange]) -> Iterator[list[MarketChange]]:
    """Entries of one market in one message belong together; an image after other entries begins again."""
    run: list[MarketChange] = []
    for change in changes:
        if change.img and run:
            yield run
            run = []
        run.append(change)
    yield run
