"""A user's own core from a Python file: the worked example runs, and mistakes in one are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numba
import pytest

import simcore
from simcore import dtypes as d
from simcore.errors import ModelError
from simcore.strategies import CORES, resolve_core
from simcore.tapes.tape import Tape
from tests.kernels.tapes import TapeBuilder

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "own_core.py"


def market() -> Tape:
    """All that lays the second favourite at 3.0 is taken two minutes before the off."""
    tape = TapeBuilder(2).at(0).open(400_000).place(d.ATB, 2.0, 50).place(d.ATL, 2.02, 50)
    tape.place(d.ATB, 3.0, 50, 1).place(d.ATL, 3.1, 50, 1)
    for second in range(1, 400):
        tape.at(second * 1000)
        if second == 200:
            tape.place(d.ATB, 3.0, 10, 1)  # behind our lay, which joined at 100 s
        if second == 280:
            tape.trade(d.ATB, 3.0, 60, 1).place(d.ATB, 3.0, 20, 1)
    return tape.at(400_000).status(d.SUSPENDED).at(401_000).status(d.CLOSED).result(d.WINNER, d.LOSER).tape()


def test_the_worked_example_trades_the_runner_it_picked_and_leaves_flat() -> None:
    result = simcore.replay(market(), f"{EXAMPLE}:PATIENT", {"stake_pounds": 4.0}, record=True)
    fills = result.fills
    assert fills is not None
    assert set(fills["selection_id"]) == {102}
    assert fills["side"].tolist() == ["LAY", "BACK"]
    assert fills["size_pounds"].iloc[0] == 4.0
    assert result.residual_pence <= 3  # a penny of stake at these odds


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("nobody", "choose one of " + ", ".join(CORES)),
        ("gone.py:CORE", "does not exist"),
        (f"{EXAMPLE}:NOBODY", "defines no Core named NOBODY"),
    ],
)
def test_a_core_that_is_not_there_is_named_with_the_remedy(choice: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        resolve_core(choice)


ITS_OWN_WAY = """
import numba
from simcore.strategies import view as seen


@numba.njit
def same(tick):
    return tick


@kernel
"""


def test_a_core_may_reach_what_it_calls_in_its_own_way(tmp_path: Path) -> None:
    source = (
        EXAMPLE.read_text().replace(" want(offers", " seen.want(offers").replace("best_tick(view, 0, ATB)", "same({})")
    )
    path = tmp_path / "mine.py"
    path.write_text(source.replace("same({})", "same(best_tick(view, 0, ATB))").replace("\n@kernel\n", ITS_OWN_WAY, 1))
    usual = simcore.replay(market(), f"{EXAMPLE}:PATIENT", {"stake_pounds": 4.0}).pnl_pence
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(f"{path}:PATIENT")], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{usual}\n[0, 1, 5, 200]\n", done.stderr


ALONE = """
import simcore
from simcore.strategies.view import new_offers, want
from tests.kernels.test_own_core import market
print(simcore.replay(market(), {!r}, dict(stake_pounds=4.0)).pnl_pence)
want(offers := new_offers(), 0, 1, 5, 200)  # as a core does that is debugged uncompiled
print(offers.rows[0].tolist())
"""
"""in a process that has compiled nothing before"""


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@pytest.mark.parametrize(
    ("said", "instead", "words"),
    [
        (') -> None:\n    "', '):\n    "', "and with what it returns, got no 'return'"),
        (
            ') -> None:\n    "',
            ') -> int:\n    "',
            "it is not `.view: View, parameters: Real1, offers: Offers. -> None`",
        ),
        ("parameters: Real1", "parameters: int", "it is not `.view: View"),
        ("offers: Offers", "offers: str", "types that kernels know"),
    ],
)
def test_a_core_that_is_none_by_its_annotations_is_refused(said: str, instead: str, words: str, tmp_path: Path) -> None:
    begin, core = EXAMPLE.read_text().split("\n@kernel\n", 1)
    assert said in core
    path = tmp_path / "odd.py"
    path.write_text(f"{begin}\n@kernel\n{core.replace(said, instead, 1)}")
    with pytest.raises(ModelError, match=words):
        simcore.replay(market(), f"{path}:PATIENT")


def test_a_core_file_that_fails_and_parameters_without_a_window_say_what_is_wrong(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_this_name\n")
    with pytest.raises(ModelError, match="fails when loaded"):
        resolve_core(f"{broken}:CORE")
    lacking = tmp_path / "lacking.py"
    source = EXAMPLE.read_text()
    begin, end = source.index("    def window"), source.index("    def pick")
    lacking.write_text(source[:begin] + source[end:])
    with pytest.raises(ModelError, match="must define `window`"):
        simcore.replay(market(), f"{lacking}:PATIENT")
