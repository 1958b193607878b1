"""Peers that are not part of the locked environment: each runs for real in an environment of its own under build/.

Their versions are the extra `bench` of pyproject.toml. Where one cannot be installed the bench goes on and says why.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
FOLDER = ROOT / "build" / "bench-peers"


class PeerMissingError(Exception):
    """A peer cannot be run here; says why in one line."""


@dataclass(frozen=True)
class Peers:
    """Where peers run. wanted : False runs none, not even one that is there."""

    wanted: bool = True
    folder: Path = FOLDER

    def run(self, package: str, script: str, *arguments: str) -> dict[str, Any]:
        """What `script` of this folder printed, run with `package`. Raises PeerMissingError."""
        if not self.wanted:
            raise PeerMissingError("a small run stays within the locked environment; `make bench` runs it")
        pin = pins()[package]
        if not self._has(pin):
            self._fetch(pin)
        done = subprocess.run([str(self._python), str(HERE / script), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise PeerMissingError(f"{pin} failed: {_last_line(done.stderr)}")
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    @property
    def _python(self) -> Path:
        return self.folder / "bin" / "python"

    def _has(self, pin: str) -> bool:
        if not self._python.exists():
            return False
        name, _, version = pin.partition("==")
        asked = f"import importlib.metadata as m, sys; sys.exit(m.version({name!r}) != {version!r})"
        return subprocess.run([str(self._python), "-c", asked], capture_output=True).returncode == 0

    def _fetch(self, pin: str) -> None:
        if not self._python.exists():
            _uv("venv", "--quiet", "--python", sys.executable, str(self.folder))
        _uv("pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(self._python), pin)


def pins() -> dict[str, str]:
    """Package -> its pin in the extra `bench`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {pin.partition("==")[0]: pin for pin in project["optional-dependencies"]["bench"]}


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise PeerMissingError(f"`uv {arguments[0]}` failed: {_last_line(done.stderr)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"
