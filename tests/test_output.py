"""Whoever reads a command's output may have enough of it: the command ends quietly, as any other in a pipe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeps.cli import cli
from sweeps.errors import SweepError
from sweeps.output import NOBODY_READS, while_somebody_reads
from tests.commands import unread
from tests.sweeps.small_markets import make_store

SWEEPS = str(Path(sys.executable).with_name("sweeps"))
MORE_THAN_A_PIPE_HOLDS = 200_000


def script(folder: Path, body: str) -> str:
    file = folder / "prints.py"
    file.write_text(
        f"import sys\nfrom sweeps.output import while_somebody_reads\nwith while_somebody_reads():\n    {body}\n"
    )
    return str(file)


@pytest.mark.parametrize("body", [f"print('x' * {MORE_THAN_A_PIPE_HOLDS})", "print('a word')"])
def test_what_prints_much_and_what_prints_a_word_end_quietly(body: str, tmp_path: Path) -> None:
    """A word is still in the buffer when the work is done."""
    assert unread(sys.executable, script(tmp_path, body), cwd=tmp_path) == (NOBODY_READS, "")


def test_a_reader_of_errors_who_goes_too_is_no_trouble(tmp_path: Path) -> None:
    body = "print('a word', file=sys.stderr, flush=True)"
    assert unread(sys.executable, script(tmp_path, body), errors_too=True, cwd=tmp_path) == (NOBODY_READS, "")


def test_a_table_and_a_list_of_a_command_end_quietly(tmp_path: Path) -> None:
    store = make_store(tmp_path / "tapes", markets=2, days=2, seconds=60)
    assert unread(SWEEPS, "data", "list", "--store", str(store), cwd=tmp_path) == (NOBODY_READS, "")
    assert unread(SWEEPS, "data", "list", "--store", str(store), "--json", cwd=tmp_path) == (NOBODY_READS, "")


def test_a_pipe_that_breaks_elsewhere_is_no_quiet_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokenPipeError, match="to the tracker"), while_somebody_reads():
        raise BrokenPipeError("to the tracker")

    def broken(**_: object) -> None:
        raise BrokenPipeError("to the tracker")

    monkeypatch.setattr(cli.get_command(None, "list"), "callback", broken)
    with pytest.raises(SweepError, match=r"broke \(to the tracker\); run it again"):
        cli.main(["list"], standalone_mode=False)
