"""`sweeps replay-pair` as a trader meets it, on recorded markets of one race."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simcore.tapes.writer import StoreWriter
from tests.commands import Sweeps
from tests.pairs.conftest import RACE
from tests.pairs.made_pairs import ended, exacta_market, ticking, win_market

WIN, EXACTA, PLACE, QUINELLA = RACE


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a WIN market with a cheap runner and its EXACTA market."""
    store = tmp_path_factory.mktemp("made") / "store"
    with StoreWriter(store) as writer:
        first = win_market(2.98, 3.0)
        second = exacta_market(4.9, 5.0)
        first.at(500).trade(0, 2.98, 5)
        second.at(500).trade(0, 4.9, 5)
        writer.add(ended(ticking(first), 0))
        writer.add(ended(ticking(second), 0))
        writer.commit()
    return store


def test_the_pairs_of_a_recorded_race_are_found_by_their_names(race: Path, sweeps: Sweeps) -> None:
    code, out, _ = sweeps("replay-pair", "--store", race, "--list", "--json")
    assert code == 0
    found = {(row["whole"], row["parts"]): row["wholes"] for row in json.loads(out)}
    assert found == {(WIN, EXACTA): 6, (PLACE, QUINELLA): 6, (QUINELLA, EXACTA): 15}
    code, out, _ = sweeps("replay-pair", "--store", race, "--list")
    assert code == 0
    assert len(out.splitlines()) == 4
    assert "WIN × EXACTA" in out


def test_a_recorded_pair_adds_up_to_the_penny(race: Path, sweeps: Sweeps, tmp_path: Path) -> None:
    """At an edge of −5 % there is something to trade: legs, markets and the pair tell the same money."""
    fills = tmp_path / "fills.parquet"
    wanted = ["runners=every", "least_edge_percent=-5", "accept_loss_percent=6", "max_exposure_pounds=60"]
    options = [part for each in wanted for part in ("--set", each)]
    code, out, err = sweeps("replay-pair", "--store", race, "--first", WIN, *options, "--fills", fills, "--json")
    assert (code, err) == (0, f"wrote {fills}\n")
    row: dict[str, Any] = json.loads(out)
    legs = pd.DataFrame(row["legs"])
    table = pd.read_parquet(fills)
    assert (row["first_market_id"], row["second_market_id"]) == (WIN, EXACTA)
    assert row["first_turnover_pence"] > 0
    assert row["second_turnover_pence"] > 0
    assert row["gross_pence"] == row["first_gross_pence"] + row["second_gross_pence"]
    assert row["pnl_pence"] == row["gross_pence"] - row["commission_pence"] - row["charge_pence"]
    assert row["gross_pence"] == pytest.approx(legs["profit_pounds"].sum() * 100, abs=1)
    assert row["worst_outcome_pence"] <= row["gross_pence"] <= row["best_outcome_pence"]
    assert 0 < row["largest_liability_pence"] < 100_000
    assert legs["lose_pounds"].min() >= -60
    assert legs["win_pounds"].min() >= -60
    sums = table.groupby(["market_id", "side"])["size_pounds"].sum()
    for market in (WIN, EXACTA):
        mine = legs[legs["market_id"] == market]
        assert sums.get((market, "BACK"), 0.0) == pytest.approx(mine["backed_pounds"].sum())
        assert sums.get((market, "LAY"), 0.0) == pytest.approx(mine["laid_pounds"].sum())
    assert table["time_ms"].is_monotonic_increasing


def test_a_planted_mispricing_is_shown_leg_by_leg(made: Path, sweeps: Sweeps) -> None:
    wanted = ["pick_s=350", "start_s=350", "max_exposure_pounds=19"]
    options = [part for each in wanted for part in ("--set", each)]
    code, out, _ = sweeps("replay-pair", "--store", made, "--first", "1.1", "--preset", "back-whole", *options)
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert ["1.1", "1.", "Alder", "£6.72", "£0.00", "£20.03", "£13.31"] in lines
    assert ["1.2", "1", "-", "2", "£0.00", "£4.00", "£-20.00", "£-16.00"] in lines
    assert ["1.2", "1", "-", "3", "£0.00", "£4.00", "£-20.00", "£4.00"] in lines
    assert ["gross", "£13.31", "£-12.00", "£1.31"] in lines


def test_the_example_replays_every_pair_of_a_store(made: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "replay_pairs.py"
    command = [sys.executable, example, made, "both", "max_exposure_pounds=19", "pick_s=350", "start_s=350"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["1.1", "1.2", "WIN", "×", "EXACTA", "3", "14.72", "0.64", "0.03"]
    assert lines[2] == "1 pairs, profit £0.64"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "--first is needed (or --list to see the pairs of the store); name the market of the runners"),
        (("--first", "1.7"), "market '1.7' is not in store"),
        (("--first", "1.2"), "no market of the store is found to have the parts of 1.2 by its names"),
        (("--first", "1.2", "--second", "1.1"), "how EXACTA is the sum of WIN is not known"),
        (("--first", "1.1", "--second", "1.1"), "a pair needs two markets, got 1.1 twice"),
        (("--first", "1.1", "--strategy", "daf"), "core 'daf' trades one market"),
        (("--first", "1.1", "--preset", "up"), "preset 'up' of core 'arb' is unknown; choose one of both, back-whole"),
        (("--first", "1.1", "--set", "edge=1"), "unknown field `edge`"),
        (
            ("--first", "1.1", "--set", 'parts={"9": [200]}'),
            "`parts` names selection 9, which market 1.1 (WIN) has 0 times",
        ),
        (("--first", "1.1", "--set", "simulation.queue=long"), "simulation:"),
        (("--first", "1.1", "--fills", "nowhere/f.parquet"), "nowhere/f.parquet cannot be written"),
    ],
)
def test_bad_input_is_one_sentence_with_exit_code_2(
    made: Path, sweeps: Sweeps, options: tuple[str, ...], sentence: str
) -> None:
    code, out, err = sweeps("replay-pair", "--store", made, *options)
    assert (code, out) == (2, "")
    assert err.startswith("sweeps: ")
    assert sentence in err
    assert len(err.splitlines()) == 1
