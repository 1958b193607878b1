"""What a fresh machine gets: pinned packages without an address, set-up that refuses in words, CI that adds nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-bootstrap.lock")


def pins(name: str) -> list[tuple[str, list[str]]]:
    """(requirement, its hashes) of a lock file."""
    text = "\n".join(line for line in (ROOT / name).read_text().splitlines() if not line.lstrip().startswith("#"))
    entries = text.replace("\\\n", " ").splitlines()
    return [(entry.split(" --hash")[0].strip(), re.findall(r"--hash=(\S+)", entry)) for entry in entries if entry]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_one_version_with_hashes_and_no_address(lock: str) -> None:
    entries = pins(lock)
    assert entries
    for requirement, hashes in entries:
        assert re.match(r"^[a-z0-9._-]+==[^ ]+", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "a lock names packages, never an index or another file"


def applies(marker: Marker | None) -> bool:
    return marker is None or marker.evaluate()


def locked_versions() -> dict[str, str]:
    """What the lock says of this Python and platform."""
    requirements = [Requirement(entry) for entry, _ in pins("requirements.lock")]
    here = [r for r in requirements if applies(r.marker)]
    return {canonicalize_name(r.name): next(iter(r.specifier)).version for r in here}


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for extra in ("dev", "flumine") for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in project["dependencies"] + extras]


def test_the_lock_satisfies_every_dependency_the_project_declares() -> None:
    locked = locked_versions()
    for requirement in declared():
        version = locked.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is declared and not locked"
        assert requirement.specifier.contains(version), f"{requirement} against locked {version}"


def test_the_environment_holds_exactly_the_locked_versions() -> None:
    locked = locked_versions()
    installed = {name: metadata.version(name) for name in locked}
    wrong = {name: (locked[name], installed[name]) for name in locked if locked[name] != installed[name]}
    assert not wrong, f"(locked, installed) differ: {wrong}; run make setup"


def test_the_lock_covers_both_supported_pythons() -> None:
    requirements = [Requirement(entry) for entry, _ in pins("requirements.lock")]
    for python in ("3.11", "3.12"):
        facts = {"python_version": python, "python_full_version": f"{python}.7", "sys_platform": "linux"}
        names = {canonicalize_name(r.name) for r in requirements if r.marker is None or r.marker.evaluate(facts)}
        assert {canonicalize_name(r.name) for r in declared()} <= names, python


def test_setup_refuses_an_unsupported_python_in_one_sentence_and_writes_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    environment = {**os.environ, "PYTHON": str(old)}
    done = subprocess.run(["sh", "scripts/setup.sh"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "not Python 3.11 or 3.12" in done.stderr
    assert not (tmp_path / ".venv").exists()


def make_plan(*targets: str) -> str:
    """The commands `make` would run, set-up aside."""
    done = subprocess.run(["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_test_runs_the_checks_and_every_lane() -> None:
    plan = make_plan("test")
    for part in ("setup.sh", "ruff check", "ruff format --check", "mypy", "lint-imports", '-m "not slow"'):
        assert part in plan, part
    assert re.search(r"^NUMBA_DISABLE_JIT=1 .*-m pytest.*lane", plan, re.MULTILINE)
    assert re.search(r"^NUMBA_BOUNDSCHECK=1 .*-m pytest.*lane", plan, re.MULTILINE)


def test_make_help_names_the_two_commands() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"demo", "test", "setup", "check"} <= {line.split()[0] for line in shown.splitlines() if line.strip()}


def test_ci_runs_make_test_on_the_recordings_beside_the_repository() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert lines == ["set -eu", 'cd "$(dirname "$0")/.."', 'FURLONG_RECORDINGS="$PWD/../shared/data" exec make test']


def test_the_command_is_installed_beside_this_python() -> None:
    command = Path(sys.executable).with_name("sweeps")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"sweeps {metadata.version('furlong')}"
