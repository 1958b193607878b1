"""The compiled import and a slow obvious one, all objects and dicts, make the same of every stream: tape, facts and report."""

from __future__ import annotations

import bz2
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_streams import START_MS, definition, line, opening

from simcore.streams import compile_lines
from simcore.tapes.tape import ARRAYS
from simcore.units import ODDS
from tests.oracles.importing import imported

BOOK = {"id": 11, "atb": [[2.0, 100], [1.99, 50]], "atl": [[2.02, 80]], "trd": [[2.0, 10.5]], "ltp": 2.0}


def assert_same(lines: list[bytes]) -> None:
    """Whatever the lines are, both imports agree on all of it."""
    ours, plain = compile_lines("x", lines), imported(lines)
    assert ours.report == plain.report
    refused = {name: builder.refused for name, builder in plain.markets.items() if builder.refused}
    assert {name: why for name, why in ours.refused_markets.items() if name in refused} == refused
    tapes = {market.tape.market_id: market for market in ours.markets}
    for name, builder in plain.markets.items():
        if name in ours.refused_markets or ours.refused:
            continue
        tape, expected = tapes[name].tape, builder.tape()
        assert tape.info == expected.info
        for column in ARRAYS:
            assert np.array_equal(getattr(tape, column), getattr(expected, column)), column
            assert getattr(tape, column).dtype == getattr(expected, column).dtype
        assert {key: value for key, value in tapes[name].facts.items() if key != "tier"} == builder.facts()


@pytest.mark.parametrize(
    "name",
    [
        "betfair-down-under__autoHubTutorials__1.195453609.bz2",  # official, full ladder
        "lorenzo-stoakes__janus__1.170462893.mcm.bz2",  # official, removed runners
        "tbardrick__betfair_project__1.168133553..bz2",  # official, best offers by level
        "betcode-org__flumine__SELF-1.181223995.bz2",  # recorded by others, blanks between the words
        "KelvinVail__Betfair__712d1eb8__MarketStream.txt.bz2",  # both kinds of ladder
        "nautechsystems__nautilus_trader__streaming_mcm_BSP.json.bz2",
    ],
)
def test_a_recording_reads_the_same_either_way(recordings: Path, name: str) -> None:
    assert_same(bz2.decompress((recordings / "recordings" / name).read_bytes()).splitlines())


_odds = st.one_of(
    st.sampled_from([float(ODDS[tick]) for tick in (99, 100, 101, 102, 200, 349)]),
    st.sampled_from([3.1415, 2.0000000001, 1.9900000000000002, 8.46, 0.0, 1e9]),
)
_pounds = st.one_of(
    st.integers(0, 2000).map(lambda pence: pence / 100),
    st.floats(-5, 1e11, allow_nan=False),
    st.sampled_from([0.005, 0.015, 1.005, 2.675, 1e-7, 1234567.8900000001, 99999999999.99, 2e11]),
)
_ladder_odds = st.sampled_from([float(ODDS[tick]) for tick in range(98, 104)])
_ladder = st.lists(st.tuples(_ladder_odds, st.one_of(st.just(0), _pounds)), max_size=4)
_offers = st.lists(st.tuples(st.integers(0, 3), _ladder_odds, _pounds), max_size=3)
_volume = st.lists(st.tuples(_odds, _pounds), max_size=4)
_FIELDS = {
    "atb": _ladder,
    "atl": _ladder,
    "trd": _volume,
    "batb": _offers,
    "batl": _offers,
    "bdatb": _offers,
    "ltp": _odds,
    "tv": _pounds,
    "hc": st.sampled_from([0, 0.0, -1.5, 2]),
    "spn": st.sampled_from([2.4, "NaN", "Infinity", None]),
}


@st.composite
def _entry(draw: st.DrawFn, fields: tuple[str, ...]) -> dict[str, Any]:
    named = draw(st.lists(st.sampled_from(fields), unique=True, max_size=4))
    entry = {key: draw(_FIELDS[key]) for key in named} | {"id": draw(st.sampled_from([11, 22, 33]))}
    return dict(draw(st.permutations(list(entry.items()))))


@st.composite
def _change(draw: st.DrawFn, fields: tuple[str, ...]) -> dict[str, Any]:
    change: dict[str, Any] = {"id": draw(st.sampled_from(["1.111", "1.111", "1.222", "odd"]))}
    if draw(st.integers(0, 9)):
        change["rc"] = draw(st.lists(_entry(fields), max_size=4))
    if draw(st.integers(0, 5)) == 0:
        change["marketDefinition"] = definition(
            status=draw(st.sampled_from(["OPEN", "SUSPENDED", "CLOSED"])),
            bspReconciled=draw(st.booleans()),
            inPlay=draw(st.booleans()),
        )
    if draw(st.integers(0, 3)) == 0:
        change["con"] = draw(st.booleans())
    if draw(st.integers(0, 7)) == 0:
        change["img"] = draw(st.booleans())
    return change


@st.composite
def _streams(draw: st.DrawFn) -> list[bytes]:
    """Messages of several markets as any recorder might write them."""
    kinds = st.sampled_from([tuple(_FIELDS), ("atb", "atl", "trd", "ltp"), ("batb", "batl", "trd", "ltp", "bdatb")])
    fields = draw(kinds)
    clk = draw(st.sampled_from(["4402", "AAA", None]))
    lines = [opening(BOOK).encode()] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 10))):
        message = {"op": "mcm", "clk": clk, "pt": START_MS + draw(st.integers(-700_000, 50))}
        message["mc"] = draw(st.lists(_change(fields), max_size=3))
        if draw(st.integers(0, 9)) == 0:
            message["ct"] = draw(st.sampled_from(["HEARTBEAT", "RESUB_DELTA", "SUB_IMAGE"]))
        compact = (",", ":") if draw(st.booleans()) else None
        lines.append(json.dumps(message, separators=compact).encode())
    return lines


@pytest.mark.lane
@settings(max_examples=120, deadline=None, derandomize=True)
@given(lines=_streams())
def test_any_stream_reads_the_same_either_way(lines: list[bytes]) -> None:
    assert_same(lines)


PLAIN = [
    opening(BOOK).encode(),
    line(5, BOOK | {"trd": [[2.0, 20.25], [8.46, 3]], "hc": 0}, {"id": 22, "atb": [[3.0, 5]]}, con=True).encode(),
    line(9, {"id": 11, "atl": [[2.02, 0]], "tv": 17.5, "spb": [[2.0, 4]], "batb": [[0, 2.0, 7]]}, img=False).encode(),
]
_JUNK = [b"", b" ", b",", b"0", b"-", b".", b"e5", b'"', b"\\", b"[", b"]", b"{", b"}", b"null", b"\r", b"\xff", b"1"]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(which=st.integers(0, 2), seed=st.integers(0, 2**32), junk=st.sampled_from(_JUNK), keep=st.booleans())
@example(which=1, seed=0, junk=b"", keep=False)
@example(which=1, seed=6109271, junk=b"e5", keep=False)  # odds beyond every number
def test_a_damaged_line_reads_the_same_either_way(which: int, seed: int, junk: bytes, keep: bool) -> None:
    lines = list(PLAIN)
    place = random.Random(seed).randrange(len(lines[which]))
    lines[which] = lines[which][:place] + junk + lines[which][place + (not keep) :]
    assert_same([*lines, *PLAIN[1:]])


@pytest.mark.parametrize(
    "odd",
    [
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"atb":[[2.0,1]],"atb":[[2.0,3]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.0111","rc":[{"id":11,"atb":[[2.0,1]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"atb":[[02.0,1]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"atb":[[2.,1]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"atb":[[2e0,1E1]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"atb":[[2.0,1,1]]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"x":[1,[2,["a",null]],true]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"x":[1,]}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":9223372036854775807,"ltp":2}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","marketDefinition":null,"rc":[]}]} x',
        b' \t{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"ltp":2}]}]}\x0b\x0c \r',
        b'log: {"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"ltp":2}]}]}',
        b'{"op":"mcm","pt":1709290800005,"mc":[{"id":"1.111","rc":[{"id":11,"batb":[[400,2.0,1]]}]}]}',
        b'{"op":"mcm","pt":-5,"mc":[]}',
        b'{"op":"mcm","pt":5,"mc":[{"id":"1.111"},{"id":"1.111","img":true}]}',
        b'{"op":"mcm","pt":5}',
        b'{"op":"mcmx","pt":5}',
    ],
)
def test_an_odd_line_reads_the_same_either_way(odd: bytes) -> None:
    assert_same([PLAIN[0], odd, *PLAIN[1:]])
    assert_same([line(0, {"id": 11, "ltp": 2.0}).encode(), odd, *PLAIN])


def test_a_line_larger_than_everything_before_finds_room() -> None:
    many = [
        {"id": 1000 + i, "atb": [[float(odds), 5] for odds in ODDS], "trd": [[float(o), 7] for o in ODDS]}
        for i in range(40)
    ]
    image = line(7, *many, img=True, marketDefinition=definition()).encode()
    assert_same(
        [PLAIN[0], line(3, *many).encode(), image, line(9, *many).encode(), line(11, img=True).encode(), *PLAIN]
    )


def test_hundreds_of_markets_in_one_file_are_read_apart() -> None:
    lines = [line(0, BOOK, market=f"1.{i}", img=True).encode() for i in range(300)]
    lines += [line(5, {"id": 11, "atb": [[2.0, i]]}, market=f"1.{i * 7 % 300}").encode() for i in range(900)]
    assert_same(lines)
    assert len(compile_lines("x", lines).markets) == 300
