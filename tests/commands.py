"""Commands under test: the command line in this process, and others in their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sweeps import cli


class Sweeps:
    """The command line in this process: exit code, standard output and error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["sweeps", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err


def unread(*command: str, errors_too: bool = False, cwd: Path) -> tuple[int, str]:
    """Exit code and standard error of a command whose output nobody reads."""
    errors = subprocess.STDOUT if errors_too else subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=errors) as child:
        assert child.stdout is not None
        child.stdout.close()
        told = b"" if child.stderr is None else child.stderr.read()
        return child.wait(timeout=120), told.decode()
