"""A sweep's folder travels through a job's log."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sweeps.errors import RunnerError
from sweeps.runners import pack as module
from sweeps.runners.pack import main, pack, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sweeps" / "night"
    (made / "markets").mkdir(parents=True)
    (made / "markets" / "000000.parquet").write_bytes(random.Random(1).randbytes(50_000))
    (made / "config.yaml").write_text("stake: £2\n")
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_folder_arrives_byte_for_byte_between_other_lines_of_a_log(folder: Path, tmp_path: Path) -> None:
    log = ["2026-01-01 INFO job starts", *(f"{line}\n" for line in pack(folder)), "bye"]
    unpack(log, tmp_path / "arrived")
    assert contents(tmp_path / "arrived") == contents(folder)


def test_the_entry_point_prints_the_sweep_of_furlong_home(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FURLONG_HOME", str(tmp_path))
    assert main("night") == 0
    unpack(capsys.readouterr().out.splitlines(), tmp_path / "arrived")
    assert contents(tmp_path / "arrived") == contents(folder)


def test_a_missing_sweep_is_said_by_the_cluster_and_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FURLONG_HOME", str(tmp_path))
    assert main("nowhere") == 2
    with pytest.raises(RunnerError, match=r"it said: sweeps: there is no sweep folder .*nowhere"):
        unpack(capsys.readouterr().out.splitlines(), tmp_path / "arrived")


def damage_a_line(lines: list[str]) -> list[str]:
    return [lines[0], lines[1][:-4] + "AAAA", *lines[2:]]


def lose_a_line(lines: list[str]) -> list[str]:
    return [*lines[:2], *lines[3:]]


def garble_a_line(lines: list[str]) -> list[str]:
    return [lines[0], "?" + lines[1], *lines[2:]]


@pytest.mark.parametrize("harm", [damage_a_line, lose_a_line, garble_a_line])
def test_what_did_not_arrive_whole_is_refused_and_nothing_is_written(harm, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="did not arrive whole; fetch it again"):
        unpack(harm(list(pack(folder))), tmp_path / "arrived")
    assert not (tmp_path / "arrived").exists()


def test_a_log_cut_short_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="sent no sweep folder"):
        unpack(list(pack(folder))[:-1], tmp_path / "arrived")


def test_a_folder_too_large_for_a_log_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 50_000)
    with pytest.raises(RunnerError, match="too many for a job's log; copy it from there"):
        list(pack(folder))
