"""The MLflow server on the sweeps' store, as a child of ours: loopback only, one worker, nothing sent anywhere."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sweeps.errors import TrackingError
from sweeps.home import Home
from sweeps.tracking.store import QUIET, SUMMARY_STATE, VIEW, VIEW_TAG, artifact_folder, store_path, store_uri

START_SECONDS: Final = 120
"""a cold start imports for some seconds; beyond this something is wrong"""
_STOP_SECONDS: Final = 10


@dataclass(frozen=True)
class Links:
    """Where to look: pages of the newest sweep, best trials first."""

    sweep: str
    runs: str
    charts: str
    summary: str | None


@dataclass
class Server:
    """A running MLflow server; `close` ends it and every process it started."""

    url: str
    process: subprocess.Popen[bytes]

    def newest_sweep(self) -> Links | None:
        """Pages of the sweep that was made last; None while the store holds none."""
        asked = {"max_results": 1, "order_by": ["creation_time DESC"], "filter": "name != 'Default'"}
        found = self._ask("experiments/search", asked).get("experiments", [])
        if not found:
            return None
        experiment = found[0]
        tags = {tag["key"]: tag["value"] for tag in experiment.get("tags", [])}
        page = f"{self.url}/#/experiments/{experiment['experiment_id']}/runs"
        query = "workflowType=machine_learning" + (f"&viewStateShareKey={VIEW}" if VIEW_TAG in tags else "")
        return Links(
            sweep=experiment["name"],
            runs=f"{page}?{query}",
            charts=f"{page}?{query}&compareRunsMode=CHART",
            summary=self._summary(experiment["experiment_id"], page),
        )

    def _summary(self, experiment_id: str, page: str) -> str | None:
        asked = {"experiment_ids": [experiment_id], "max_results": 1, "filter": f"tags.state = '{SUMMARY_STATE}'"}
        runs = self._ask("runs/search", asked).get("runs", [])
        return (
            f"{page}/{runs[0]['info']['run_id']}/artifacts/report.html?workflowType=machine_learning" if runs else None
        )

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/api/2.0/mlflow/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with _opener().open(request, timeout=60) as answer:
            facts: dict[str, Any] = json.load(answer)
        return facts

    def wait(self) -> int:
        """Until the server ends by itself; its exit code."""
        return self.process.wait()

    def close(self) -> None:
        """End the server's own process group: politely, then for good."""
        for sign, seconds in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=seconds)
                break
        with contextlib.suppress(ProcessLookupError):  # its worker, should that have outlived it
            os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.contextmanager
def serving(home: Home, host: str, port: int) -> Iterator[Server]:
    """A server that answers, ended on leaving. Raises TrackingError for a foreign host, a busy port or a missing store."""
    check_loopback(host)
    if not store_path(home).is_file():
        raise TrackingError(
            f"there is no MLflow store in {home.mlflow}; run a sweep with `tracking.kind: mlflow` first, "
            "or set FURLONG_HOME to where your sweeps are"
        )
    check_free(host, port)
    shown = f"[{host}]" if ":" in host else host
    log = home.mlflow / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(home, host, port), env=_environment(), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            cwd=home.mlflow, start_new_session=True,
        )  # fmt: skip
    server = Server(f"http://{shown}:{port}", process)
    try:
        _wait_until_it_answers(server, log)
        yield server
    finally:
        server.close()


def check_loopback(host: str) -> None:
    """Refuse to be seen from another machine: the pages have no password."""
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    if host != "localhost":
        raise TrackingError(
            f"`--host` must be a loopback address such as 127.0.0.1, got {host!r}; the pages have no password: "
            "from another machine, forward the port with ssh -L"
        )


def check_free(host: str, port: int) -> None:
    """Refuse a port somebody else listens on."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise TrackingError(
                f"port {port} of {host} cannot be listened on ({error.strerror}); choose another with `--port`"
            ) from error


def _command(home: Home, host: str, port: int) -> list[str]:
    return [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store_uri(home),
        "--artifacts-destination", artifact_folder(home).as_uri(),
        "--host", host, "--port", str(port), "--workers", "1",
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    """Ours without what would point MLflow elsewhere, job execution off (13 more processes, 1.5 GB)."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return inherited | QUIET | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def _wait_until_it_answers(server: Server, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise TrackingError(f"the MLflow server ended at once ({_last_line(log)}); the whole story is in {log}")
        with contextlib.suppress(OSError), _opener().open(f"{server.url}/health", timeout=5):
            return
        time.sleep(0.2)
    raise TrackingError(f"the MLflow server did not answer within {START_SECONDS} s; see {log}")


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy, whatever is set


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "without a word")
