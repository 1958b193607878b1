"""Every mistake ends in one sentence with its place, exit code 2, and nothing written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_sweeps import YAML

from sweeps.cli import cli, main
from sweeps.home import Home


def mistake(words: list[str], home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail as a user's mistake; what it said."""
    monkeypatch.setattr("sys.argv", ["sweeps", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    said = capsys.readouterr()
    assert stop.value.code == 2, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert not home.path.exists()
    return said.err.strip()


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("search.trails=3", "unknown field `trails` - at `$.search`"),
        ("serach.trials=3", "unknown field `serach`"),
        ("search.trials=many", "Expected `int`, got `str` - at `$.search.trials`"),
        ("search.trials=0", "Expected `int` >= 1 - at `$.search.trials`"),
        ("search.sampler=annealing", "Invalid enum value 'annealing' - at `$.search.sampler`"),
        ("objective.confidence=1.5", "Expected `float` < 1.0 - at `$.objective.confidence`"),
        ("objective.kind=several", "`objective.several` must name two metrics or more, got 0"),
        ("objective.several=[{metric: p5_pounds}]", "needs `objective.kind: several`"),
        ("objective.constraints=[{metric: luck, at_most: 1}]", "`objective.constraints` names 'luck', no metric"),
        ("objective.constraints=[{metric: fills}]", "bounds nothing"),
        ("strategy.core=scalper", "`strategy.core`: core 'scalper' is unknown"),
        ("strategy.core=nowhere.py:CORE", "nowhere.py does not exist"),
        ("strategy.preset=v7", "`strategy.preset` 'v7' is unknown to core 'daf'"),
        ("strategy.parameters.stake=5", "`strategy.parameters` names 'stake', which core 'daf' does not have"),
        ("strategy.parameters.stake_pounds=-5", "`strategy.parameters.stake_pounds`: Expected `float` >= 0.0"),
        ("strategy.parameters.exit_s=5", "'exit_s' is both fixed in `strategy.parameters` and in `space`"),
        ("strategy.parameters.pick_s=50", "no point of `space` makes a valid configuration: parameters of core 'daf'"),
        ("space.speed={kind: int, low: 0, high: 1}", "`space` names 'speed', which core 'daf' does not have"),
        (
            "space.exit_s={kind: float, low: 9, high: 1}",
            "`space.exit_s`: `low` must not be above `high`, got 9.0 and 1.0",
        ),
        ("space.exit_s={kind: floaty, low: 1, high: 9}", "Invalid value 'floaty' - at `$.space.exit_s.kind`"),
        ("space.favourite={kind: int, low: -1, high: 2}", "`space.favourite`: Expected `int` >= 0, got -1"),
        ("space.favourite={kind: float, low: 0, high: 2}", "`space.favourite`: Expected `int`, got `float`"),
        ("space.direction={kind: categorical, choices: [up]}", "`space.direction`: Invalid enum value 'up'"),
        ("space={}", "`space` must name at least one parameter"),
        ("simulation.queue.kind=psychic", "simulation: Invalid value 'psychic' - at `$.queue.kind`"),
        ("simulation=rosy", "simulation preset 'rosy' is unknown"),
        ("data.filter.sport=camels", "`data.filter` leaves none of the 8 markets"),
        ("data.filter.colour=red", "unknown field `colour` - at `$.data.filter`"),
        (
            "data.filter={date_from: 2022-03-04, date_to: 2022-03-01}",
            "`data.filter.date_from` must not be above `date_to`",
        ),
        ("data.filter.min_volume_pounds=100", "known only after the market (hindsight)"),
        ("data.markets=['1.100', '1.999']", "`data.markets` names '1.999', which the store does not have"),
        ("data.splits={holdout_days: 4}", "`data.splits.holdout_days` 4 must be below the 4 days"),
        ("data.splits={holdout_from: 2022-03-09}", "must leave markets on both sides"),
        ("data.splits={}", "either `holdout_from` or `holdout_days`"),
        ("data.store=nowhere", "there is no store at"),
        ("ray.runner=dask", "Invalid enum value 'dask' - at `$.ray.runner`"),
        ("search.trials", "--set 'search.trials' must read key=value"),
        ("search.trials.most=3", "`search.trials` is a value, nothing can be set below it"),
        ("search.trials=[", "--set 'search.trials=[', line 1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(
    override: str,
    sentence: str,
    home: Home,
    sweep_yaml: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = mistake(["run", str(sweep_yaml), "--set", override, "--name", "x"], home, monkeypatch, capsys)
    assert sentence in said
    assert said.startswith("sweeps: ")
    assert "\n" not in said


def test_a_threshold_above_one_is_refused_in_the_space(
    home: Home, sweep_yaml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    space = "space={imbalance_threshold: {kind: float, low: 0.1, high: 1.2}}"
    words = ["run", str(sweep_yaml), "--set", "strategy={core: caf}", "--set", space]
    said = mistake(words, home, monkeypatch, capsys)
    assert "`space.imbalance_threshold`: Expected `float` <= 1.0, got 1.2" in said


def test_an_exit_that_is_always_before_the_entry_is_refused(
    home: Home, sweep_yaml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = "space.exit_s={kind: float, low: 120, high: 200}"
    said = mistake(["run", str(sweep_yaml), "--set", late], home, monkeypatch, capsys)
    assert "no point of `space`" in said
    assert "entry_end_s >= exit_s` must hold" in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("strategy: {core: daf}\nsearch: {trials: 3}\nsearch: {trials: 4}\n", "line 3: key `search` is there twice"),
        ("strategy: {core: daf\n", "correct the YAML"),
        ("- a list\n", "must be a mapping of sections, got a list"),
        ("space: {}\n", "missing required field `strategy`"),
        ("", "must be a mapping of sections, got nothing"),
    ],
)
def test_a_file_that_is_no_sweep_is_refused_with_its_line(
    text: str,
    sentence: str,
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    said = mistake(["run", str(path)], home, monkeypatch, capsys)
    assert sentence in said
    assert "odd.yaml" in said


def test_missing_files_sweeps_and_stores_are_named(
    home: Home, sweep_yaml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cannot be read (No such file" in mistake(["run", str(tmp_path / "no.yaml")], home, monkeypatch, capsys)
    for command in ("resume", "show"):
        assert "sweep 'ghost' is not in" in mistake([command, "ghost"], home, monkeypatch, capsys)
    assert "must be letters, digits" in mistake(["show", "../x"], home, monkeypatch, capsys)
    assert "must be letters, digits" in mistake(["run", str(sweep_yaml), "--name", "a/b"], home, monkeypatch, capsys)
    nowhere = YAML.replace("store: STORE, ", "")
    sweep_yaml.write_text(nowhere)
    assert "`data.store` is missing" in mistake(["run", str(sweep_yaml)], home, monkeypatch, capsys)


def test_a_half_written_store_is_refused(
    home: Home,
    sweep_yaml: Path,
    small_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    half = tmp_path / "half"
    shutil.copytree(small_store, half)
    next((half / "tapes").iterdir()).unlink()
    said = mistake(["run", str(sweep_yaml), "--store", str(half)], home, monkeypatch, capsys)
    assert "half-written: tapes of its catalogue are missing" in said
    (half / "store.json").unlink()
    assert "half-written" in mistake(["run", str(sweep_yaml), "--store", str(half)], home, monkeypatch, capsys)


def test_no_sweeps_is_no_mistake(home: Home) -> None:
    listed = CliRunner().invoke(cli, ["list"])
    assert listed.exit_code == 0
    assert "No sweeps in" in listed.output
    assert not home.path.exists()
