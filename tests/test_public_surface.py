"""What users import and build on: changing it is a decision, not an accident."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import simcore

PUBLIC = {
    "Core",
    "MarketResult",
    "PairResult",
    "Parameters",
    "SimcoreError",
    "Simulation",
    "Tape",
    "TapeStore",
    "replay",
    "replay_batch",
    "replay_orders",
    "replay_pair",
}


def test_simcore_exports_exactly_these_names() -> None:
    assert set(simcore.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(simcore, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'replai'"):
        _ = simcore.replai


def test_importing_simcore_imports_no_table_library_and_no_compiler() -> None:
    code = (
        "import sys, simcore; print(sorted({'numba', 'pandas', 'pyarrow', 'scipy', 'ray', 'yaml'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


SIGNATURES = {
    "replay": ["tape", "core", "parameters", "simulation", "seed", "record"],
    "replay_batch": ["tape", "core", "parameters", "simulation", "seed"],
    "replay_orders": ["tape", "requests", "simulation"],
    "replay_pair": ["tapes", "core", "parameters", "simulation", "seed", "record"],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_replays_take_their_arguments_in_this_order(name: str) -> None:
    assert list(inspect.signature(getattr(simcore, name)).parameters)[: len(SIGNATURES[name])] == SIGNATURES[name]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_explains_itself(name: str) -> None:
    assert (getattr(simcore, name).__doc__ or "").strip()


def test_a_bot_reads_its_export_by_one_function() -> None:
    import sweeps.export

    assert next(iter(inspect.signature(sweeps.export.load).parameters)) == "path"


def test_only_the_two_packages_and_the_command_are_installed() -> None:
    distribution = metadata.distribution("furlong")
    commands = [(e.name, e.value) for e in distribution.entry_points if e.group == "console_scripts"]
    assert commands == [("sweeps", "sweeps.cli:main")]
    assert set((distribution.read_text("top_level.txt") or "").split()) == {"simcore", "sweeps"}


def test_the_ten_lines_of_the_readme_run(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text()
    block = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert block
    sweeps = str(Path(sys.executable).with_name("sweeps"))
    store = "furlong-data/demo/markets"
    made = [sweeps, "data", "synth", "--sport", "greyhounds", "--markets", "1", "--seed", "7", "--store", store]
    subprocess.run(made, cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", block.group(1)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^result -?\d+ pence$", done.stdout, re.MULTILINE)


def test_every_page_the_documentation_lists_is_there() -> None:
    root = Path(__file__).resolve().parent.parent
    for page in (root / "README.md", root / "docs" / "index.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        assert links
        assert [link for link in links if not (page.parent / link).is_file()] == []
