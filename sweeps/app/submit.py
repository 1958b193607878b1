"""A sweep on a cluster: send it as a job, watch it, stop it, bring its folder home."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import simcore
import sweeps
from sweeps.config import SweepConfig, read_config
from sweeps.errors import ConfigError, RunnerError
from sweeps.home import Home
from sweeps.plan import complete
from sweeps.results import SweepFolder, check_name
from sweeps.runners.jobs import Jobs, JobState, Token
from sweeps.runners.pack import unpack

_NAME = "furlong.sweep"
_SWEEPS = 'python -c "from sweeps.cli import main; main()"'


@dataclass(frozen=True)
class Submission:
    """A sweep on its way: what runs, under which name, in which FURLONG_HOME of the cluster ("" = the head's own)."""

    config: SweepConfig
    name: str
    home: str

    @property
    def entrypoint(self) -> str:
        """The shell command the head runs."""
        say = "set it where the head is started, or pass `--home`: the folder on shared storage where sweeps live"
        return f': "${{FURLONG_HOME:?{say}}}" && exec {_SWEEPS} run sweep.yaml --name {shlex.quote(self.name)}'


def connect(address: str) -> Jobs:
    """The job API at `address`, with the token of this environment."""
    return Jobs(address, Token.find(os.environ))


def prepare(path: Path, overrides: Sequence[str], store: str | None, name: str | None, home: str | None) -> Submission:
    """Check a sweep before anything is sent. `store` and `home` are paths on the cluster. Raises ConfigError."""
    given = [*overrides, *([f"data.store={store}"] if store else []), "ray.runner=ray", "ray.address=auto"]
    config = read_config(path, given)
    if not config.data.store:
        raise ConfigError(f"{path}: `data.store` is missing; pass `--store`, the tape store's folder on the cluster")
    for option, value in (("--store", config.data.store), ("--home", home)):
        if value and not Path(value).is_absolute():
            raise ConfigError(
                f"{option} {value} is a folder of the cluster and must be absolute, such as /mnt/furlong/home"
            )
    if ":" not in config.strategy.core:
        complete(config, str(path))
    elif not Path(config.strategy.core).is_absolute():
        raise ConfigError(
            f"{path}: `strategy.core` names {config.strategy.core}, a file of this machine; put it on storage that the "
            "whole cluster sees and name its absolute path there"
        )
    return Submission(config, check_name(name or path.stem), home or "")


def submit(jobs: Jobs, submission: Submission) -> str:
    """Start the sweep as a job; returns its id. The job runs this very code, with the configuration beside it."""
    job_id = f"furlong-{submission.name}-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="furlong-job-") as temporary:
        folder = Path(temporary)
        _pack_code(folder)
        (folder / "sweep.yaml").write_text(submission.config.to_yaml())
        environment = {"FURLONG_HOME": submission.home} if submission.home else {}
        metadata = {_NAME: submission.name}
        return jobs.submit(submission.entrypoint, job_id, folder=folder, environment=environment, metadata=metadata)


def follow(jobs: Jobs, job_id: str, show: Callable[[str], None]) -> JobState:
    """Show the job's log until it ends. Raises RunnerError where it did not end well."""
    state = jobs.follow(job_id, show)
    if state.status == "FAILED":
        raise RunnerError(f"job {job_id} failed; the last lines of its log say why, submit it again to go on")
    return state


def fetch(jobs: Jobs, job_id: str, home: Home, note: Callable[[str], None]) -> SweepFolder:
    """Bring the folder of a job's sweep into `home`, over an older copy of the same sweep. Raises RunnerError, ConfigError."""
    state = jobs.state(job_id)
    if _NAME not in state.metadata:
        raise RunnerError(f"job {job_id} is no sweep; give an id that `sweeps submit` printed")
    if not state.done:
        raise RunnerError(f"job {job_id} is still {state.status}; wait for it or end it with `--stop`")
    name = check_name(state.metadata[_NAME])
    with tempfile.TemporaryDirectory(prefix="furlong-job-") as temporary:
        _pack_code(Path(temporary))
        packing = jobs.submit(
            f"python -m sweeps.runners.pack {shlex.quote(name)}",
            f"furlong-pack-{secrets.token_hex(6)}",
            folder=Path(temporary),
            environment=state.environment,
        )
    note(f"job {packing} packs {name}")
    jobs.follow(packing, lambda _: None)
    home.sweeps.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.sweeps, prefix=".fetch-") as temporary:
        arrived = Home(Path(temporary))
        (arrived.sweeps / name).mkdir(parents=True)
        unpack(jobs.logs(packing).splitlines(), arrived.sweeps / name)
        return _install(arrived, home, name)


def _install(arrived: Home, home: Home, name: str) -> SweepFolder:
    """Move a fetched sweep to its place; another sweep of that name stays, and is named."""
    there = home.sweeps / name
    fetched = SweepFolder.open(arrived, name)
    if there.exists():
        if SweepFolder.open(home, name).identity.sweep_id != fetched.identity.sweep_id:
            raise ConfigError(f"{there} holds another sweep of that name; move it away or set another FURLONG_HOME")
        there.rename(arrived.path / "replaced")
    fetched.path.rename(there)
    return SweepFolder.open(home, name)


def _pack_code(folder: Path) -> None:
    """Copy the packages a job needs; its machines have the dependencies only."""
    for package in (simcore, sweeps):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
