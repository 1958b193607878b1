"""Jobs on a Ray cluster's head through its job API: submit, follow, status, stop.

A protected cluster (RAY_AUTH_MODE=token) asks for a bearer token. It is taken from the first of RAY_AUTH_TOKEN, the file
RAY_AUTH_TOKEN_PATH names, and ~/.ray/auth_token: the places Ray's own processes look at.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sweeps.errors import ConfigError, RunnerError

DONE = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
"""States a job does not leave."""
_CHATTY = ("ray.dashboard.modules.dashboard_sdk", "ray._private.runtime_env.packaging", "ray.dashboard.modules.job.sdk")
_NOT_READY = "No available agent"
_READY_WITHIN_SECONDS = 60.0
_OVERRIDES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")


@dataclass(frozen=True)
class JobState:
    """What the head says of a job. `status` is PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED; times are UTC ms or None."""

    job_id: str
    status: str
    message: str
    start_ms: int | None
    end_ms: int | None
    metadata: Mapping[str, str]
    environment: Mapping[str, str]

    @property
    def done(self) -> bool:
        return self.status in DONE


@dataclass(frozen=True)
class Token:
    """A bearer token and the place it was read from, so that a refusal can name the place. An empty value is no token."""

    value: str
    source: str

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> Token:
        """The token Ray's own tools would use in this environment. Raises ConfigError for a named file that is not there."""
        if value := environment.get("RAY_AUTH_TOKEN", "").strip():
            return cls(value, "RAY_AUTH_TOKEN")
        named = environment.get("RAY_AUTH_TOKEN_PATH")
        if named and not Path(named).is_file():
            raise ConfigError(f"RAY_AUTH_TOKEN_PATH names {named}, which is no file; write the cluster's token there")
        path = Path(named) if named else Path.home() / ".ray" / "auth_token"
        if not path.is_file():
            return cls("", "")
        return cls(path.read_text().strip(), str(path))


class Jobs:
    """A connection to one head's job API. Every failure is a RunnerError that names the address and the remedy."""

    def __init__(self, address: str, token: Token) -> None:
        self._address = _checked(address)
        self._token = token
        headers = {"Authorization": f"Bearer {token.value}"} if token.value else {}
        with self._sentences():
            # imported here: it takes the better part of a second, and no other command needs it
            from ray.job_submission import JobSubmissionClient

            for module in _CHATTY:
                logging.getLogger(module).setLevel(logging.WARNING)
            self._client = JobSubmissionClient(self._address, headers=headers)

    def submit(
        self,
        entrypoint: str,
        job_id: str,
        *,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Start `entrypoint` (a shell command) on the head with `folder` as its working directory; returns the job's id."""
        runtime: dict[str, Any] = {"env_vars": dict(environment or {})}
        if folder is not None:
            runtime["working_dir"] = str(folder)
        request = {"entrypoint": entrypoint, "submission_id": job_id, "runtime_env": runtime}
        with self._sentences(job_id):
            return self._submit({**request, "metadata": dict(metadata or {})})

    def _submit(self, request: dict[str, Any]) -> str:
        """Submit, again while the head says that it is not ready for jobs yet: it answers before it can start any."""
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while True:
            try:
                return str(self._client.submit_job(**request))
            except RuntimeError as error:
                if _NOT_READY not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(1.0)

    def state(self, job_id: str) -> JobState:
        """What the head knows of a job."""
        with self._sentences(job_id):
            details = self._client.get_job_info(job_id)
        return JobState(
            job_id=job_id,
            status=str(getattr(details.status, "value", details.status)),
            message=details.message or "",
            start_ms=details.start_time,
            end_ms=details.end_time,
            metadata=details.metadata or {},
            environment=(details.runtime_env or {}).get("env_vars", {}),
        )

    def follow(self, job_id: str, show: Callable[[str], None]) -> JobState:
        """Hand the job's log to `show` as it grows, until the job ends; returns its last state."""

        async def tail() -> None:
            async for lines in self._client.tail_job_logs(job_id):
                show(lines)

        with self._sentences(job_id), warnings.catch_warnings():
            # Ray 2.60 opens the log's socket in a way its own HTTP library calls old; goes when Ray stops doing so
            warnings.filterwarnings("ignore", "ssl=None is deprecated", DeprecationWarning)
            asyncio.run(tail())
        return self.state(job_id)

    def logs(self, job_id: str) -> str:
        """Everything the job has printed so far."""
        with self._sentences(job_id):
            text: str = self._client.get_job_logs(job_id)
        return text

    def stop(self, job_id: str) -> bool:
        """Ask a job to end (SIGTERM, then SIGKILL); False where it had ended already."""
        with self._sentences(job_id):
            return bool(self._client.stop_job(job_id))

    @contextmanager
    def _sentences(self, job_id: str = "") -> Iterator[None]:
        """Turn what Ray and the network raise into one sentence."""
        import aiohttp
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise RunnerError(self._refused()) from error
        except (OSError, aiohttp.ClientError) as error:
            raise RunnerError(
                f"no Ray head answers at {self._address} ({_first_line(error)}); "
                "check the address and that the head runs with its dashboard"
            ) from error
        except RuntimeError as error:
            if job_id and "404" in str(error):
                raise RunnerError(
                    f"the cluster at {self._address} has no job {job_id!r}; give an id that submit printed"
                ) from error
            raise RunnerError(f"the cluster at {self._address} refused the request: {_first_line(error)}") from error

    def _refused(self) -> str:
        if not self._token.value:
            return (
                f"the cluster at {self._address} asks for a token and none was found; "
                "set RAY_AUTH_TOKEN or write it to ~/.ray/auth_token"
            )
        return f"the cluster at {self._address} refused the token from {self._token.source}; use its head's token"


def _checked(address: str) -> str:
    """The address without a trailing slash. Raises ConfigError for what is no HTTP address, or would not be the one used."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"`--address` must be the head's job API such as http://HOST:8265, got {address!r}")
    bare = address.rstrip("/")
    for name in _OVERRIDES:
        # Ray lets these variables win over the address it is given, without a word
        if os.environ.get(name, bare).rstrip("/") != bare:
            raise ConfigError(f"{name} is set to {os.environ[name]} and Ray would use it instead of {bare}; unset it")
    return bare


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
