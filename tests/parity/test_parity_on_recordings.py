"""flumine and our preset of its name on real recordings: order for order, nothing without a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.parity.__main__ import compare_file, named_files
from benchmarks.parity.comparing import Tally, compare_strategy
from benchmarks.parity.feed import Recorded
from benchmarks.parity.ours import replay_requests
from benchmarks.parity.theirs import run_flumine
from simcore.streams import compile_stream
from tests.parity.told import Place, at, opening, saying, sending

SAMPLE = (
    "recordings/betfair-down-under__autoHubTutorials__1.195453620.bz2",
    "recordings/KelvinVail__Betfair__messages.txt",
)
"""a greyhound race to its close, and a horse race that turns in-play"""


def compare(folder: Path, names: tuple[str, ...] | list[str]) -> Tally:
    total = Tally()
    for name in names:
        for row in compare_file(folder / name):
            if "tally" in row:
                total.add(Tally(**row["tally"]))
    return total


def test_on_a_sample_of_recordings_every_order_agrees_or_its_disagreement_has_a_name(recordings: Path) -> None:
    total = compare(recordings, SAMPLE)
    assert total.unexplained == []
    assert total.orders > 300
    assert total.matched > 40
    assert total.agreed >= 0.97 * total.orders


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_on_every_recording_every_order_agrees_or_its_disagreement_has_a_name(recordings: Path) -> None:
    total = compare(recordings, named_files(recordings))
    assert total.unexplained == []
    assert total.markets > 120
    assert total.agreed > 0.9 * total.orders  # abandoned races, whose bets flumine leaves standing, are in it


def test_a_penny_that_no_defect_explains_is_unexplained() -> None:
    messages = [opening(), at(500, {"id": 22, "ltp": 3.0}), at(1000, {"id": 22, "ltp": 3.05})]
    recorded = Recorded("told", compile_stream(saying(messages))[0], messages)
    theirs = run_flumine(recorded, (sending(Place(0, "BACK", 2.0, 10)),))[0]
    ours = replay_requests(recorded, theirs.requests)
    (ms, odds, pence) = ours.made[0].matches[0]
    off_by_one = replace(ours.made[0], matches=((ms, odds, pence - 1),))
    tally = Tally()
    compare_strategy(recorded, theirs, replace(ours, made=[off_by_one], settled=[off_by_one]), tally)
    assert tally.agreed == 0
    assert len(tally.unexplained) == 1
