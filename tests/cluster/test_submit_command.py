"""`sweeps submit` with input that makes no sense: one sentence and exit code 2, before anything is sent."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeps import cli
from tests.cluster.heads import free_port

YAML = """
data: {filter: {sport: greyhounds}}
strategy: {core: daf, parameters: {pick_s: 300}}
space: {exit_s: {kind: float, low: 5, high: 50}}
"""
ADDRESS = ("--address", "http://127.0.0.1:1")
STORE = ("--store", "/mnt/furlong/stores/greys")


@pytest.fixture(autouse=True)
def in_a_folder_with_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greys.yaml").write_text(YAML)
    (tmp_path / "with spaces.yaml").write_text(YAML)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)


def submit(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["sweeps", "submit", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("greys.yaml", *STORE), "Missing option '--address'"),
        (ADDRESS, "give exactly one of CONFIG, --status ID, --stop ID and --fetch ID"),
        (("greys.yaml", *ADDRESS, "--status", "x"), "give exactly one of CONFIG"),
        ((*ADDRESS, "--status", "x", "--set", "search.trials=3"), "belong to submitting a CONFIG"),
        (("greys.yaml", *ADDRESS), "`data.store` is missing; pass `--store`, the tape store's folder on the cluster"),
        (
            ("greys.yaml", *ADDRESS, "--store", "markets"),
            "--store markets is a folder of the cluster and must be absolute",
        ),
        (
            ("greys.yaml", *ADDRESS, *STORE, "--home", "here"),
            "--home here is a folder of the cluster and must be absolute",
        ),
        (("gone.yaml", *ADDRESS, *STORE), "config gone.yaml cannot be read"),
        (("greys.yaml", *ADDRESS, *STORE, "--set", "search.tirals=3"), "tirals"),
        (("greys.yaml", *ADDRESS, *STORE, "--set", "strategy.core=nobody"), "core 'nobody' is unknown"),
        (("greys.yaml", *ADDRESS, *STORE, "--set", "strategy.core=own.py:MINE"), "a file of this machine"),
        (("greys.yaml", *ADDRESS, *STORE, "--name", "../up"), "sweep name '../up' must be letters"),
        (("with spaces.yaml", *ADDRESS, *STORE), "sweep name 'with spaces' must be letters"),
        (("greys.yaml", "--address", "head:8265", *STORE), "`--address` must be the head's job API"),
        (("greys.yaml", "--address", f"http://127.0.0.1:{free_port()}", *STORE), "no Ray head answers at"),
    ],
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert submit(monkeypatch, *words) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before
