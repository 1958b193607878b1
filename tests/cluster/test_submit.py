"""`sweeps submit` against a token-protected head: the same sweep, its log, its state, its folder brought home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sweeps.app.sweep import run_sweep
from sweeps.cli.progress import SweepProgress
from sweeps.home import Home
from sweeps.results import SweepFolder
from tests.cluster.heads import Head, loopback_environment
from tests.sweeps.small_markets import make_store

pytestmark = pytest.mark.slow

YAML = """
data: {filter: {sport: greyhounds}}
strategy: {core: daf, parameters: {pick_s: 300, entry: cross, exit_s: 5}}
space:
  entry_start_s: {kind: float, low: 130, high: 300, step: 10}
  direction: {kind: categorical, choices: [long, short]}
search: {trials: 6, batch: 3}
tracking: {kind: null}
capacity: null
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submit")
    make_store(folder / "store")
    (folder / "greys.yaml").write_text(YAML)
    return folder


def sweeps(head: Head, work: Path, *words: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a user with the head's token types it, on another machine with its own FURLONG_HOME."""
    environment = loopback_environment(work / "user") | {"FURLONG_HOME": str(work / "home")}
    environment["RAY_AUTH_TOKEN"] = head.token if token is None else token
    command = [sys.executable, "-c", "from sweeps.cli import main; main()", *words]
    return subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def job(head: Head, work: Path) -> str:
    """The id of a sweep's job that was submitted and followed to its end."""
    done = sweeps(head, work, "submit", "greys.yaml", "--address", head.address, "--store", str(work / "store"))
    assert done.returncode == 0, done.stdout + done.stderr
    first, last = done.stdout.splitlines()[0], done.stdout.splitlines()[-1]
    job_id = first.removeprefix("job ").partition(":")[0]
    assert first == f"job {job_id}: sweep greys on {head.address}"
    assert f"Running entrypoint for job {job_id}" in done.stdout
    assert last == f"bring it home: sweeps submit --address {head.address} --fetch {job_id}"
    return job_id


def test_a_submitted_sweep_comes_home_with_the_table_an_inline_run_has(head: Head, work: Path, job: str) -> None:
    fetched = sweeps(head, work, "submit", "--address", head.address, "--fetch", job)
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    here = Home(work / "inline")
    overrides = [f"data.store={work / 'store'}", "ray.runner=inline"]
    inline = run_sweep(here, work / "greys.yaml", overrides, "greys", SweepProgress(Console(quiet=True)))
    arrived = SweepFolder.open(Home(work / "home"), "greys")
    assert arrived.state == "finished"
    assert arrived.identity == inline.identity
    assert arrived.summaries() == inline.summaries()
    for trial in range(6):
        assert arrived.market_results(trial).equals(inline.market_results(trial))
    shown = sweeps(head, work, "show", "greys")
    assert shown.returncode == 0, shown.stderr
    exported = sweeps(head, work, "export", "greys", "--out", "best.json")
    assert exported.returncode == 0, exported.stderr


def test_fetching_again_replaces_the_copy_and_spares_another_sweep_of_that_name(
    head: Head, work: Path, job: str
) -> None:
    first = sweeps(head, work, "submit", "--address", head.address, "--fetch", job)
    second = sweeps(head, work, "submit", "--address", head.address, "--fetch", job)
    assert (first.returncode, second.returncode) == (0, 0)
    facts = work / "home" / "sweeps" / "greys" / "sweep.json"
    identity = SweepFolder.open(Home(work / "home"), "greys").identity
    facts.write_text(facts.read_text().replace(identity.sweep_id, "0" * 16))
    third = sweeps(head, work, "submit", "--address", head.address, "--fetch", job)
    assert third.returncode == 2
    assert "holds another sweep of that name" in third.stderr
    assert "0" * 16 in facts.read_text()
    assert [path.name for path in (work / "home" / "sweeps").iterdir()] == ["greys"]
    facts.write_text(facts.read_text().replace("0" * 16, identity.sweep_id))


def test_the_state_of_a_job_is_one_line_and_an_ended_job_cannot_be_stopped(head: Head, work: Path, job: str) -> None:
    state = sweeps(head, work, "submit", "--address", head.address, "--status", job)
    assert state.returncode == 0
    assert state.stdout.startswith(f"job {job}: SUCCEEDED, started 20")
    stopped = sweeps(head, work, "submit", "--address", head.address, "--stop", job)
    assert stopped.stdout.strip() == f"job {job} had ended already"


def test_a_job_that_fails_ends_in_one_sentence_and_its_log_says_why(head: Head, work: Path) -> None:
    words = ("submit", "greys.yaml", "--name", "lost", "--address", head.address, "--store", "/no/such/store")
    done = sweeps(head, work, *words)
    assert done.returncode == 2
    assert "/no/such/store" in done.stdout
    assert "failed; the last lines of its log say why" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_refused_token_is_one_sentence(head: Head, work: Path) -> None:
    wrong = sweeps(head, work, "submit", "--address", head.address, "--status", "x", token="f" * 32)
    missing = sweeps(head, work, "submit", "--address", head.address, "--status", "x", token="")
    for done, sentence in (
        (wrong, "refused the token from RAY_AUTH_TOKEN"),
        (missing, "none was found; set RAY_AUTH_TOKEN"),
    ):
        assert done.returncode == 2
        assert done.stderr.startswith("sweeps: the cluster at")
        assert sentence in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
