"""The command line is a thin, quick door: help without the heavy imports, one sentence for every mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sweeps.cli import COMMANDS, cli

HEAVY = ("mlflow", "ray", "optuna", "numba", "pandas", "pyarrow", "scipy", "plotly")


def sweeps(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("sweeps")), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_help_imports_nothing_heavy() -> None:
    code = f"""
import sys
from sweeps.cli import cli
cli.main(["--help"], standalone_mode=False)
print("heavy:", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "heavy: []" in done.stdout
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_explains_itself(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: cli {name} ")


def test_listing_and_showing_sweeps_start_neither_mlflow_nor_ray(tmp_path: Path) -> None:
    code = """
import sys
from sweeps.cli import cli
cli.main(["list"], standalone_mode=False)
print("heavy:", sorted({"mlflow", "ray"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "heavy: []" in done.stdout


MISTAKES = {
    "an unknown command": ["swep"],
    "an unknown option": ["list", "--colour"],
    "a config that is not there": ["run", "nothing.yaml"],
    "a sweep that is not there": ["show", "nothing"],
    "a resume of nothing": ["resume", "nothing"],
    "an export of nothing": ["export", "nothing", "--out", "best.json"],
    "a store that is not there": ["data", "list", "--store", "nowhere"],
    "a source that is not there": ["data", "import", "nowhere", "--store", "store"],
    "a replay without its store": ["replay", "--store", "nowhere", "--market", "1.1", "--strategy", "caf"],
    "an exported file that is not there": ["replay", "--store", "nowhere", "--config", "best.json"],
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_without_a_traceback_exits_2_and_writes_nothing(arguments: list[str], tmp_path: Path) -> None:
    done = sweeps(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"sweeps: .+", done.stderr.strip()), "one line that says what is wrong"
    assert list(tmp_path.iterdir()) == []
