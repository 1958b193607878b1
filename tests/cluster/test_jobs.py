"""The job API of a token-protected head, as `sweeps submit` uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.errors import ConfigError, RunnerError
from sweeps.runners.jobs import Jobs, Token
from tests.cluster.heads import Head, free_port


@pytest.fixture(scope="module")
def jobs(head: Head) -> Jobs:
    return Jobs(head.address, Token(head.token, "test"))


def test_a_job_runs_in_the_folder_it_was_given_and_its_log_is_followed(jobs: Jobs, head: Head, tmp_path: Path) -> None:
    (tmp_path / "word.txt").write_text("greyhound\n")
    command = "cat word.txt; echo home=$FURLONG_HOME; echo word=$WORD; echo mode=$RAY_AUTH_MODE"
    jobs.submit(command, "echoes", folder=tmp_path, environment={"WORD": "trap"}, metadata={"furlong.sweep": "x"})
    seen: list[str] = []
    state = jobs.follow("echoes", seen.append)
    said = "".join(seen).splitlines()
    assert {"greyhound", f"home={head.home}", "word=trap", "mode=token"} <= set(said)
    assert (state.status, state.done, state.metadata["furlong.sweep"]) == ("SUCCEEDED", True, "x")
    assert state.environment == {"WORD": "trap"}
    assert "greyhound" in jobs.logs("echoes")


WHOSE_CODE = """
import ray, sweeps
ray.init("auto", logging_level="ERROR")
worker = ray.get(ray.remote(lambda: __import__("sweeps").WHOSE).remote())
print("driver", sweeps.WHOSE, "worker", worker)
"""


@pytest.mark.slow
def test_driver_and_workers_run_the_code_that_travelled_not_what_is_installed(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "__init__.py").write_text("WHOSE = 'travelled'\n")
    (tmp_path / "ask.py").write_text(WHOSE_CODE)
    jobs.submit('python -c "import ask"', "asks", folder=tmp_path)
    assert jobs.follow("asks", lambda _: None).status == "SUCCEEDED"
    assert "driver travelled worker travelled" in jobs.logs("asks")


@pytest.mark.slow
def test_a_failed_job_says_so(jobs: Jobs) -> None:
    jobs.submit("exit 2", "fails")
    assert jobs.follow("fails", lambda _: None).status == "FAILED"


@pytest.mark.slow
def test_a_job_is_stopped_and_stopping_it_again_says_it_had_ended(jobs: Jobs) -> None:
    jobs.submit("sleep 600", "sleeps")
    assert jobs.stop("sleeps")
    assert jobs.follow("sleeps", lambda _: None).status == "STOPPED"
    assert not jobs.stop("sleeps")


def test_an_unknown_job_is_one_sentence(jobs: Jobs) -> None:
    with pytest.raises(RunnerError, match="has no job 'nobody'; give an id that submit printed"):
        jobs.state("nobody")


def test_a_missing_token_is_refused_in_one_sentence_that_says_where_to_put_it(head: Head) -> None:
    with pytest.raises(RunnerError, match="asks for a token and none was found; set RAY_AUTH_TOKEN"):
        Jobs(head.address, Token("", ""))


def test_a_wrong_token_is_refused_in_one_sentence_that_names_where_it_came_from(head: Head) -> None:
    with pytest.raises(RunnerError, match="refused the token from RAY_AUTH_TOKEN"):
        Jobs(head.address, Token("f" * 32, "RAY_AUTH_TOKEN"))


def test_where_no_head_listens_one_sentence_names_the_address() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RunnerError, match=f"no Ray head answers at {address}"):
        Jobs(address, Token("", ""))


@pytest.mark.parametrize("address", ["head:8265", "ray://head:10001", "http://", "auto"])
def test_what_is_no_http_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="`--address` must be the head's job API such as http://HOST:8265"):
        Jobs(address, Token("", ""))


@pytest.mark.parametrize("name", ["RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"])
def test_a_variable_that_would_send_the_job_elsewhere_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match=f"{name} is set to http://127.0.0.1:1 and Ray would use it instead"):
        Jobs("http://127.0.0.1:2", Token("", ""))


def test_the_token_comes_from_the_variable_then_the_named_file_then_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Token.find({}) == Token("", "")
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("home\n")
    (tmp_path / "named").write_text("named\n")
    named = {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "named")}
    assert Token.find({}).value == "home"
    assert Token.find(named).value == "named"
    assert Token.find({**named, "RAY_AUTH_TOKEN": "said"}) == Token("said", "RAY_AUTH_TOKEN")


def test_a_named_token_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"RAY_AUTH_TOKEN_PATH names .*gone, which is no file"):
        Token.find({"RAY_AUTH_TOKEN_PATH": str(tmp_path / "gone")})
