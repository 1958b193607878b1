"""Nothing on a tape depends on anything published later: the tape of a prefix is a prefix of the tape."""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from betfairlightweight.streaming.cache import MarketBookCache
from hypothesis import given, settings
from hypothesis import strategies as st
from made_streams import START_MS, definition

from simcore.dtypes import ATB, ATL, TRADED_FALL
from simcore.streams import compile_lines
from simcore.tapes.facts import VOLUME_CLASSES
from simcore.tapes.tape import Tape
from simcore.units import ODDS

ROWS = ("kind", "book", "runner", "tick", "size")


def assert_prefix(part: Tape, whole: Tape) -> None:
    messages, rows = part.n_messages, part.n_rows
    assert (part.message_ms == whole.message_ms[:messages]).all()
    assert (part.message_row == whole.message_row[: messages + 1]).all()
    for name in ROWS:
        assert (getattr(part, name) == getattr(whole, name)[:rows]).all(), name
    assert (part.start_ms == whole.start_ms[: len(part.start_ms)]).all()
    assert part.info.runners == whole.info.runners[: part.n_runners]
    for field in part.info.__struct_fields__:
        if field != "runners":
            assert getattr(part.info, field) == getattr(whole.info, field)


@pytest.mark.parametrize(
    "name",
    [
        "betfair-down-under__autoHubTutorials__1.195453609.bz2",
        "lorenzo-stoakes__janus__1.170462893.mcm.bz2",
        "tbardrick__betfair_project__1.168133553..bz2",
        "nautechsystems__nautilus_trader__1-180305278.bz2",
    ],
)
def test_a_recording_cut_anywhere_gives_a_prefix_of_its_tape(recordings: Path, name: str) -> None:
    lines = bz2.decompress((recordings / "recordings" / name).read_bytes()).splitlines()
    whole = compile_lines(name, lines).markets[0].tape
    for cut in np.random.default_rng(7).integers(2, len(lines), 3).tolist():
        assert_prefix(compile_lines(name, lines[:cut]).markets[0].tape, whole)


def test_a_recording_cut_within_a_line_keeps_the_lines_before(recordings: Path) -> None:
    name = "betfair-down-under__autoHubTutorials__1.195453610.bz2"
    content = bz2.decompress((recordings / "recordings" / name).read_bytes())
    whole = compile_lines(name, content.splitlines()).markets[0].tape
    file = compile_lines(name, content[: len(content) // 2].splitlines())
    assert file.report.damaged == 1
    assert_prefix(file.markets[0].tape, whole)


_ticks = st.sampled_from([100, 101, 102, 103, 104])
_pounds = st.integers(0, 2000).map(lambda pence: pence / 100)
_levels = st.lists(st.tuples(_ticks.map(lambda tick: float(ODDS[tick])), _pounds), max_size=4)
_prices = st.one_of(_ticks.map(lambda tick: float(ODDS[tick])), st.just(3.1415))
_volume = st.lists(st.tuples(_prices, _pounds), max_size=3)


@st.composite
def _entry(draw: st.DrawFn) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": draw(st.sampled_from([11, 22]))}
    for key, values in (("atb", _levels), ("atl", _levels), ("trd", _volume)):
        if draw(st.booleans()):
            entry[key] = [list(level) for level in draw(values)]
    return entry


@st.composite
def _streams(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Any market the importer may meet: images, suspensions, entries of one runner apart, time going back, removals."""
    first = {"id": "1.111", "img": True, "marketDefinition": definition(), "rc": [{"id": 11, "atb": [[2.0, 1.0]]}]}
    messages = [{"op": "mcm", "pt": START_MS, "mc": [first]}]
    for _ in range(draw(st.integers(1, 12))):
        change: dict[str, Any] = {"id": "1.111", "rc": draw(st.lists(_entry(), max_size=4))}
        if draw(st.integers(0, 5)) == 0:
            change["marketDefinition"] = definition(
                status=draw(st.sampled_from(["OPEN", "SUSPENDED"])),
                bspReconciled=draw(st.booleans()),
                inPlay=draw(st.booleans()),
            )
        if draw(st.integers(0, 9)) == 0:
            change |= {"img": True, "marketDefinition": definition()}
        messages.append({"op": "mcm", "pt": START_MS + draw(st.integers(-5, 50)), "mc": [change]})
    return messages


def compiled(messages: list[dict[str, Any]]) -> Tape:
    return compile_lines("x", [json.dumps(message).encode() for message in messages]).markets[0].tape


@settings(max_examples=80, deadline=None)
@given(messages=_streams())
def test_any_stream_cut_after_any_message_gives_a_prefix_of_its_tape(messages: list[dict[str, Any]]) -> None:
    whole = compiled(messages)
    for cut in range(1, len(messages)):
        assert_prefix(compiled(messages[:cut]), whole)


@settings(max_examples=150, deadline=None)
@given(messages=_streams())
def test_any_stream_keeps_its_ladders_and_its_volume_to_the_penny(messages: list[dict[str, Any]]) -> None:
    tape = compiled(messages)
    cache: MarketBookCache | None = None
    traded: dict[tuple[int, float], int] = {}
    rises = falls = 0
    for message, (_, books) in zip(messages, tape.books(), strict=True):
        (change,) = message["mc"]
        if cache is None or change.get("img"):
            cache = MarketBookCache("1.111", message["pt"], True, False, False)
        cache.update_cache(change, message["pt"], True)
        now: dict[tuple[int, float], int] = {}
        for index, runner in enumerate(tape.info.runners):
            truth = cache.runner_dict.get((runner.selection_id, 0))
            for book, side in ((ATB, "available_to_back"), (ATL, "available_to_lay")):
                ladder = {} if truth is None else getattr(truth, side).order_book
                expected = {odds: round(entry[1] * 100) for odds, entry in ladder.items()}
                ticks = np.flatnonzero(books[index, book])
                assert {float(ODDS[t]): int(books[index, book, t]) for t in ticks} == expected
            for odds, entry in ({} if truth is None else truth.traded.order_book).items():
                now[runner.selection_id, odds] = round(entry[1] * 100)
        for key in traded.keys() | now.keys():
            rises += max(now.get(key, 0) - traded.get(key, 0), 0)
            falls += max(traded.get(key, 0) - now.get(key, 0), 0)
        traded = now
    assert int(tape.size[np.isin(tape.kind, list(VOLUME_CLASSES.values()))].sum()) == rises
    assert int(tape.size[tape.kind == TRADED_FALL].sum()) == falls
