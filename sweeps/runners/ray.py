"""The runner on Ray: stateless tasks on long-lived worker processes, here or on a cluster.

On one machine Ray is started by us and kept on loopback: its node address is 127.0.0.1, the switch meant for laptops is off
(with it on, some sockets listen on every interface), no usage statistics, no dashboard, a token on every call, and a private
home folder whose `ray_bootstrap_config.yaml` says `local`, so that nothing asks a cloud's metadata address where it runs. We
own the retry: a task lost with its worker or node is sent again by us, since Ray's own retries may be used up before a node's
death is noticed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweeps.errors import RunnerError
from sweeps.runners.base import Shard, ShardResult, WorkFunction

_LOCAL_ENVIRONMENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # what nobody reads, with neither dashboard nor logs shown: nearly half of what its own processes spend on a long sweep
    "RAY_task_events_report_interval_ms": "0",
    "RAY_metrics_report_interval_ms": "600000",
    "RAY_event_stats": "0",
    "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
    "LOG_NAME_UPDATE_INTERVAL_S": "600",
}
_TOKEN = secrets.token_hex(32)
"""What our own Ray asks of whoever talks to it; one for the process, since Ray reads it once."""
_OBJECT_STORE_BYTES = 200 * 1024 * 1024


class RayRunner:
    """Shards as Ray tasks; at most twice as many under way as there are workers, so that nothing piles up.

    workers : tasks at once; None = one a core, on a cluster as many as it has
    address : None starts Ray here, on loopback; otherwise the head to join (host:port, or ray://host:port)
    retries : how often one shard may be lost before the sweep gives up
    """

    def __init__(self, *, workers: int | None, address: str | None, retries: int) -> None:
        self._retries = retries
        self._shards: Iterator[Shard] = iter(())
        self._pending: dict[Any, tuple[Shard, int]] = {}
        self._folder: Path | None = None
        if address is None:
            self._start_here(workers)
        else:
            self._join(address)
        self._limit = workers
        import ray

        self._ray = ray
        self._work: Any = None
        self._task = ray.remote(_carry_out).options(
            num_cpus=1, max_retries=0, scheduling_strategy="DEFAULT" if address is None else "SPREAD"
        )
        self._warming: Any = None

    @property
    def workers(self) -> int:
        """Tasks at once; asked anew each time, since nodes of a cluster come and go."""
        cpus = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        return cpus if self._limit is None else min(self._limit, cpus)

    def warm_up(self, first: Callable[[], None]) -> None:
        """Have one worker do this before any has a shard, so that no two compile; the others import meanwhile what it takes.

        Returns at once; what goes wrong is raised by `results`.
        """
        options = {"num_cpus": 1, "max_retries": self._retries}
        self._warming = self._ray.remote(_do).options(**options).remote(first)
        for _ in range(self.workers - 1):
            self._ray.remote(_receive).options(**options).remote(first)

    def submit(self, work: WorkFunction, shards: Iterable[Shard]) -> None:
        self._drop()
        self._work = self._ray.put(work)
        self._shards = iter(shards)

    def results(self) -> Iterator[ShardResult]:
        self._await_warmth()
        self._fill()
        while self._pending:
            ready, _ = self._ray.wait(list(self._pending), num_returns=1, timeout=10.0)
            for reference in ready:
                shard, lost = self._pending.pop(reference)
                result = self._collect(reference, shard, lost)
                if result is not None:
                    yield result
            self._fill()

    def close(self) -> None:
        self._drop()
        self._ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _await_warmth(self) -> None:
        if self._warming is None:
            return
        try:
            self._ray.get(self._warming)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except self._ray.exceptions.RayError as error:
            raise RunnerError(
                f"no worker could load the kernels ({type(error).__name__}); "
                "look at the workers' memory and logs, then `sweeps resume`"
            ) from error
        self._warming = None

    def _drop(self) -> None:
        """Give up what is under way, if an earlier submission was left half-read."""
        for reference in self._pending:
            self._ray.cancel(reference, force=True)
        self._pending.clear()
        self._shards = iter(())

    def _fill(self) -> None:
        room = 2 * self.workers - len(self._pending)
        for _ in range(room):
            shard = next(self._shards, None)
            if shard is None:
                return
            self._send(shard, lost=0)

    def _send(self, shard: Shard, lost: int) -> None:
        self._pending[self._task.remote(self._work, shard)] = (shard, lost)

    def _collect(self, reference: Any, shard: Shard, lost: int) -> ShardResult | None:
        """A shard's result; None where it was lost and has been sent again."""
        try:
            result: ShardResult = self._ray.get(reference)
            return result
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except self._ray.exceptions.RayError as error:
            if lost >= self._retries:
                raise RunnerError(
                    f"a task of {shard.replays} replays was lost {lost + 1} times ({type(error).__name__}); "
                    "look at the workers' memory and logs, or raise `ray.retries`, then `sweeps resume`"
                ) from error
            self._send(shard, lost + 1)
            return None

    def _start_here(self, workers: int | None) -> None:
        _sweep_up()
        folder = self._folder = Path(tempfile.mkdtemp(prefix=f"furlong-{os.getpid()}-", dir=_short_temporary()))
        (folder / "ray_bootstrap_config.yaml").write_text("provider: {type: local}\n")
        token = os.environ.get("RAY_AUTH_TOKEN", _TOKEN)
        with _environment({**_LOCAL_ENVIRONMENT, "HOME": str(folder), "RAY_AUTH_TOKEN": token}):
            import ray

            try:
                ray.init(
                    address="local",
                    num_cpus=workers,
                    include_dashboard=False,
                    object_store_memory=_OBJECT_STORE_BYTES,
                    log_to_driver=False,
                    logging_level="ERROR",
                    _node_ip_address="127.0.0.1",
                    _temp_dir=str(folder / "r"),
                )
            except Exception as error:
                raise RunnerError(
                    f"Ray cannot be started here ({error}); `--set ray.runner=inline` does without"
                ) from error

    def _join(self, address: str) -> None:
        import ray

        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except Exception as error:
            raise RunnerError(
                f"no Ray cluster answers at {address!r} ({error}); check the address, and RAY_AUTH_MODE if it wants a token"
            ) from error


def _carry_out(work: WorkFunction, shard: Shard) -> ShardResult:
    return work(shard)


def _do(warm: Callable[[], None]) -> None:
    warm()


def _receive(warm: Callable[[], None]) -> None:
    """That it has arrived is all: its modules are imported."""


def _short_temporary() -> str:
    """A temporary folder whose sockets' names fit the system's 107 characters."""
    folder = tempfile.gettempdir()
    return folder if len(folder) <= 20 else "/tmp"


def _sweep_up() -> None:
    """Remove the folders of drivers of ours that were killed (their Ray ends by itself when it misses them)."""
    for left in Path(_short_temporary()).glob("furlong-[0-9]*-*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set for the processes Ray starts, then put back: the user's home stays the user's."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
