"""The flat form for bots in other languages: what is written is what is read, and nothing else is accepted."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from simcore.strategies import resolve_core
from sweeps.config import Filter
from sweeps.errors import ExportError
from sweeps.export import Export, load_flags
from sweeps.export.flags import flags_of, write_flags


@pytest.fixture
def written(export: Export, tmp_path: Path) -> Path:
    path = tmp_path / "bot.flags"
    write_flags(flags_of(export), path)
    return path


def reseal(lines: list[str], path: Path) -> Path:
    """Write lines with the checksum that belongs to them, made by another program than ours."""
    body = "".join(f"{line}\n" for line in lines)
    digest = subprocess.run(["sha256sum"], input=body.encode(), capture_output=True, check=True).stdout.split()[0]
    path.write_text(f"{body}--flags_checksum={digest.decode()}\n")
    return path


def body(path: Path) -> list[str]:
    return path.read_text().splitlines()[:-1]


def test_the_round_trip_changes_nothing(written: Path, export: Export) -> None:
    assert load_flags(written) == flags_of(export)
    assert load_flags(written).parameter == export.strategy.parameters


def test_every_parameter_is_a_line_with_its_unit_in_its_name(written: Path, export: Export) -> None:
    lines = body(written)
    assert f"--parameter.exit_s={export.strategy.parameters['exit_s']}" in lines
    assert "--parameter.direction=long" in lines
    assert "--market.country=GB,IE" in lines
    assert "--market.venue=null" in lines
    assert "--limit.enforce_minimum_stake=true" in lines
    assert f"--expected.mean_pnl_pounds={export.expected.searched.mean_pnl_pounds}" in lines
    assert f"--export_checksum={export.checksum}" in lines
    names = {line.partition("=")[0] for line in lines}
    assert {f"--parameter.{name}" for name in resolve_core("daf").parameters.__struct_fields__} <= names
    assert {f"--market.{name}" for name in Filter.__struct_fields__} <= names


def test_another_program_makes_the_same_checksum(written: Path, tmp_path: Path) -> None:
    assert reseal(body(written), tmp_path / "again.flags").read_bytes() == written.read_bytes()


def test_every_missing_line_is_refused(written: Path, tmp_path: Path) -> None:
    lines = body(written)
    for number, line in enumerate(lines):
        harmed = reseal([*lines[:number], *lines[number + 1 :]], tmp_path / "harmed.flags")
        name = line[2:].partition("=")[0].rpartition(".")[2]
        with pytest.raises(ExportError, match=rf"`?{name}`?.*missing|missing.*{name}|flags version"):
            load_flags(harmed)


@pytest.mark.parametrize("group", ["", "parameter.", "timing.", "limit.", "market.", "expected.", "surprise."])
def test_an_unknown_line_is_refused(group: str, written: Path, tmp_path: Path) -> None:
    harmed = reseal([*body(written), f"--{group}surprise=1"], tmp_path / "harmed.flags")
    with pytest.raises(ExportError, match="surprise"):
        load_flags(harmed)


def replaced(old: str, new: str) -> Callable[[list[str]], list[str]]:
    return lambda lines: [new if line.startswith(old) else line for line in lines]


HARM: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "wrong type": (replaced("--parameter.favourite=", "--parameter.favourite=first"), "favourite"),
    "not a choice": (replaced("--parameter.direction=", "--parameter.direction=sideways"), "direction"),
    "wrong number": (replaced("--trial=", "--trial=-1"), "trial"),
    "of tomorrow": (replaced("--flags_version=", "--flags_version=2"), "is not of flags version 1"),
    "unknown core": (replaced("--core=", "--core=nobody"), "core 'nobody' is unknown"),
    "a name twice": (lambda lines: [*lines, lines[3]], "with a name not seen before"),
    "no flag": (lambda lines: [*lines, "exit=1"], "must read --name=value"),
    "a value and a group": (lambda lines: [*lines, "--core.x=1"], "a value and a group at once"),
}


@pytest.mark.parametrize("how", HARM)
def test_lines_that_make_no_sense_are_one_sentence(how: str, written: Path, tmp_path: Path) -> None:
    harm, sentence = HARM[how]
    with pytest.raises(ExportError, match=sentence) as caught:
        load_flags(reseal(harm(body(written)), tmp_path / "harmed.flags"))
    assert "\n" not in str(caught.value)


def test_lines_changed_by_hand_are_noticed(written: Path) -> None:
    written.write_text(written.read_text().replace("--parameter.stake_pounds=5.0", "--parameter.stake_pounds=500.0"))
    with pytest.raises(ExportError, match=r"changed after it was written .*write it again"):
        load_flags(written)


def test_flags_cut_short_are_noticed(written: Path) -> None:
    written.write_text("\n".join(written.read_text().splitlines()[:10]))
    with pytest.raises(ExportError, match="changed after it was written"):
        load_flags(written)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"gone.flags cannot be read"):
        load_flags(tmp_path / "gone.flags")
