"""A user's own core from a Python file: the worked example runs, and mistakes in one are named."""

from __future__ import annotations

from pathlib import Path

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
