"""`sweeps export` as it is typed: one file, or one sentence, exit code 2 and nothing written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeps import cli
from sweeps.export import load, load_flags
from sweeps.home import Home
from sweeps.results import SweepFolder


def sweeps(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["sweeps", *words])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture(autouse=True)
def at_home(home: Home, folder: SweepFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FURLONG_HOME", str(home.path))
    monkeypatch.chdir(tmp_path)


def test_export_writes_the_best_trial_and_says_what_it_promises(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweeps(monkeypatch, "export", "greys", "--out", "best.json") == 0
    best = folder.best()
    assert best is not None
    assert load("best.json").provenance.trial == best.number
    said = capsys.readouterr().out
    assert f"trial {best.number} of greys" in said
    assert f"£{abs(best.metrics['mean_pnl_pounds']):.4f} ±" in said
    assert ("−£" in said) == (best.metrics["mean_pnl_pounds"] < 0)


def test_flags_of_the_same_trial_name_the_same_export(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweeps(monkeypatch, "export", "greys", "--trial", "1", "--out", "best.json") == 0
    assert sweeps(monkeypatch, "export", "greys", "--trial", "1", "--format", "flags", "--out", "bot.flags") == 0
    assert load_flags("bot.flags").export_checksum == load("best.json").checksum
    assert load_flags("bot.flags").trial == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nobody", "--out", "best.json"), "sweep 'nobody' is not in"),
        (("greys", "--trial", "99", "--out", "best.json"), "sweep 'greys' has no trial 99"),
        (("greys", "--trial", "2", "--out", "best.json"), "trial 2 of sweep 'greys' is invalid"),
        (("greys", "--out", "no/such/folder/best.json"), "cannot be written"),
        (("greys", "--out", "home"), "cannot be written"),
        (("greys",), "Missing option '--out'"),
        (("../greys", "--out", "best.json"), "sweep name '../greys' must be letters"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_nothing_is_written(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert sweeps(monkeypatch, "export", *words) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_an_older_export_survives_a_failed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweeps(monkeypatch, "export", "greys", "--out", "best.json") == 0
    before = Path("best.json").read_bytes()
    assert sweeps(monkeypatch, "export", "greys", "--trial", "2", "--out", "best.json") == 2
    assert Path("best.json").read_bytes() == before
