"""A record in the exchange's own words: market definitions and newline-delimited JSON, laid out as official PRO files are.

One line a message; one `rc` entry a runner and ladder; sizes in pounds, absolute, 0 removes; `trd` two-sided; the first message
is an image with everything. `clk` is digits only, as in official files.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from simcore.dtypes import ATB, ATL
from simcore.synthetic.calendar import Race
from simcore.synthetic.exchange import LTP, TRD
from simcore.synthetic.record import BET_DELAY_S, Notice, Record
from simcore.units import ODDS

BASE_RATE_PERCENT: Final = 5.0
_FIELDS: Final = {ATB: "atb", ATL: "atl", TRD: "trd"}
_ODDS: Final = [float(odds) for odds in ODDS]


def _iso(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def runner_definitions(race: Race, record: Record, notice: Notice) -> list[dict[str, Any]]:
    """The runners of a market definition: ACTIVE, or WINNER and LOSER once it is closed; with `bsp` once reconciled."""
    runners = []
    for r in range(record.frame.n_runners):
        status = "ACTIVE" if not notice.closed else "WINNER" if r == record.frame.winner else "LOSER"
        runner: dict[str, Any] = {"status": status, "sortPriority": r + 1}
        if notice.reconciled:
            runner["bsp"] = int(record.starting_price[r]) / 100
        runners.append(runner | {"id": race.first_selection_id + r, "name": race.runner_name(r)})
    return runners


def definition(race: Race, record: Record, notice: Notice) -> dict[str, Any]:
    """The market definition as published with one message, wire names."""
    sport, start_ms = record.plan.sport, record.zero_ms + 1000 * notice.start_s
    turns = sport.in_play_s[1] > 0
    values: dict[str, Any] = {
        "bspMarket": True,
        "turnInPlayEnabled": turns,
        "persistenceEnabled": turns,
        "marketBaseRate": BASE_RATE_PERCENT,
        "eventId": race.event_id,
        "eventTypeId": sport.event_type_id,
        "numberOfWinners": 1,
        "bettingType": "ODDS",
        "marketType": "WIN",
        "marketTime": _iso(start_ms),
        "suspendTime": _iso(start_ms),
        "bspReconciled": notice.reconciled,
        "complete": True,
        "inPlay": notice.in_play,
        "crossMatching": False,
        "runnersVoidable": False,
        "numberOfActiveRunners": 0 if notice.closed else record.frame.n_runners,
        "betDelay": BET_DELAY_S if notice.in_play and not notice.closed else 0,
        "status": notice.status,
    }
    if notice.closed:
        values["settledTime"] = _iso(record.zero_ms + int(record.message_ms[notice.message]))
    return values | {
        "runners": runner_definitions(race, record, notice),
        "regulators": ["MR_INT"],
        "venue": race.venue,
        "countryCode": "GB",
        "discountAllowed": True,
        "timezone": "Europe/London",
        "openDate": _iso(record.plan.advertised_ms),
        "version": 1 + notice.message,
        "name": race.market_name,
        "eventName": race.event_name,
    }


def runner_changes(race: Race, record: Record, message: int) -> list[dict[str, Any]]:
    """The `rc` entries of one message."""
    first, last = int(record.message_row[message]), int(record.message_row[message + 1])
    entries: list[dict[str, Any]] = []
    current: dict[str, Any] | None = None
    where = (-1, -1)
    for runner, column, tick, value in record.changes[first:last].tolist():
        if column == LTP:
            if where != (runner, TRD):
                current = {"id": race.first_selection_id + runner}
                entries.append(current)
                where = (runner, TRD)
            assert current is not None
            current["ltp"] = _ODDS[value]
            continue
        if where != (runner, column):
            current = {"id": race.first_selection_id + runner, _FIELDS[column]: []}
            entries.append(current)
            where = (runner, column)
        assert current is not None
        current[_FIELDS[column]].append([_ODDS[tick], value / 100])
    return entries


def stream_lines(race: Race, record: Record) -> Iterator[bytes]:
    """The stream file, line by line, each with its newline."""
    encoder = msgspec.json.Encoder()
    notices = {notice.message: notice for notice in record.notices}
    for message, at_ms in enumerate(record.message_ms.tolist()):
        change: dict[str, Any] = {"id": record.plan.market_id}
        if message in notices:
            change["marketDefinition"] = definition(race, record, notices[message])
        change["rc"] = runner_changes(race, record, message)
        if message == 0:
            named = {entry["id"] for entry in change["rc"]}
            ids = (race.first_selection_id + r for r in range(record.frame.n_runners))
            change["rc"] += [{"id": selection_id} for selection_id in ids if selection_id not in named]
        change |= {"con": False, "img": message == 0}
        published_ms = record.zero_ms + at_ms
        yield encoder.encode({"op": "mcm", "clk": str(message + 1), "pt": published_ms, "mc": [change]}) + b"\n"
