"""A live market shows the ladders a tape has, after every message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simcore.dtypes import ATB
from simcore.errors import RecordingError
from simcore.streams.compile import compile_stream
from simcore.units import N_TICKS, tick_of
from sweeps.live.market import LiveMarket, changes_by_market, messages_of
from tests.live.stream import FAVOURITE, OUTSIDER, definition, ladder, message, opening

RECORDINGS = (
    "betfair-down-under__autoHubTutorials__1.195395419.bz2",  # official, full ladder, 50 ms
    "betcode-org__flumine__1.197931750",  # self-recorded, conflated
    "tbardrick__betfair_project__1.168133553..bz2",  # official, best offers by level
)


@pytest.mark.parametrize("name", RECORDINGS)
def test_ladders_and_status_are_those_of_the_tape_after_every_message(name: str, recordings: Path) -> None:
    path = recordings / "recordings" / name
    tape = compile_stream(path)[0]
    market = LiveMarket(tape.market_id)
    books = tape.books()
    compared = 0
    for sent in messages_of(path):
        for market_id, changes in changes_by_market(sent).items():
            if market_id != tape.market_id:
                continue
            market.apply(changes, sent.pt or 0)
            published_ms, expected = next(books)
            assert market.published_ms == published_ms
            for state in market.runners.values():
                for book in range(2):
                    shown = np.zeros(N_TICKS, np.int64)
                    shown[list(state.shown[book])] = list(state.shown[book].values())
                    assert np.array_equal(shown, expected[state.index, book]), (published_ms, state.index, book)
            compared += 1
    assert compared == tape.n_messages
    assert market.start_ms == tape.start_ms[-1]
    assert [key[0] for key in market.runners] == [runner.selection_id for runner in tape.info.runners]


def test_an_image_empties_what_it_does_not_name() -> None:
    market = LiveMarket("1.1")
    market.apply(opening().mc or [], 1)
    market.apply(message(300, ladder(FAVOURITE, [[1.9, 10]], []), img=True).mc or [], 2)
    assert market.runner(0).shown == ({tick_of(1.9): 1000}, {})
    assert market.runner(1).shown == ({}, {})


def test_a_withdrawn_runner_is_gone_and_keeps_its_number() -> None:
    market = LiveMarket("1.1")
    market.apply(opening().mc or [], 1)
    market.apply(message(300, marketDefinition=definition(removed=(FAVOURITE,))).mc or [], 2)
    assert market.gone == {0}
    assert market.key(1) == (OUTSIDER, 0.0)
    assert market.runner(1).best[ATB] == tick_of(3.0)


def test_another_price_ladder_is_refused_by_name() -> None:
    finest = definition() | {"priceLadderDefinition": {"type": "FINEST"}}
    with pytest.raises(RecordingError, match=r"market 1.1 cannot be traded: its price ladder is FINEST"):
        LiveMarket("1.1").apply(message(300, marketDefinition=finest).mc or [], 1)


def test_what_is_no_recording_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="does not exist; name a stream file"):
        list(messages_of(tmp_path / "gone"))
    (tmp_path / "notes.txt").write_text("nothing here\n")
    with pytest.raises(RecordingError, match="holds no market change"):
        list(messages_of(tmp_path / "notes.txt"))
