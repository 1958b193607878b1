"""What every runner promises, held against the inline runner and a local Ray."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from simcore.errors import ModelError
from simcore.models.simulation import resolve_simulation
from simcore.tapes.store import TapeStore
from sweeps.errors import RunnerError
from sweeps.runners import base
from sweeps.runners.base import MIN_SHARD_SECONDS, Configuration, Replays, Runner, Shard, ShardResult, cut
from sweeps.runners.inline import InlineRunner
from sweeps.runners.ray import RayRunner


def shards(count: int, drawn: list[int] | None = None) -> Iterator[Shard]:
    for i in range(count):
        if drawn is not None:
            drawn.append(i)
        yield Shard((f"1.{i}",), (Configuration(i, {}),))


@dataclass(frozen=True)
class Names:
    """Work that tells which shard it was; odd shards are slow, so that they overtake each other."""

    seconds: float = 0.0

    def __call__(self, shard: Shard) -> ShardResult:
        time.sleep(self.seconds * (shard.configurations[0].trial % 2))
        return ShardResult(pa.table({"market_id": list(shard.market_ids)}), shard.replays, 0.001, 0.0)


@dataclass(frozen=True)
class Breaks:
    """Work with a mistake in it."""

    def __call__(self, shard: Shard) -> ShardResult:
        raise ValueError(f"cannot do {shard.market_ids[0]}")


@dataclass(frozen=True)
class Dies:
    """Work that takes its worker with it, `times` times for each shard; marks in `folder` count the deaths."""

    folder: str
    times: int

    def __call__(self, shard: Shard) -> ShardResult:
        marks = Path(self.folder)
        deaths = len(list(marks.glob(f"{shard.market_ids[0]}-*")))
        if shard.configurations[0].trial % 3 == 0 and deaths < self.times:
            (marks / f"{shard.market_ids[0]}-{deaths}").touch()
            os._exit(1)
        return Names()(shard)


@dataclass(frozen=True)
class Warms:
    """What a worker does first: takes its time, and says that it was done; or fails."""

    mark: Path
    sentence: str = ""

    def __call__(self) -> None:
        if self.sentence:
            raise ModelError(self.sentence)
        time.sleep(0.5)
        with self.mark.open("a") as file:
            file.write("warm\n")


@dataclass(frozen=True)
class Reads:
    """Work that brings back what it finds in a file."""

    mark: Path

    def __call__(self, shard: Shard) -> ShardResult:
        return ShardResult(pa.table({"market_id": [self.mark.read_text()]}), shard.replays, 0.001, 0.0)


def names(results: Iterator[ShardResult]) -> list[str]:
    return sorted(name for result in results for name in result.rows["market_id"].to_pylist())


class RunnerContract:
    """Subclass and supply `runner`."""

    def test_every_shard_comes_back_once(self, runner: Runner) -> None:
        runner.submit(Names(seconds=0.02), shards(25))
        assert names(runner.results()) == sorted(f"1.{i}" for i in range(25))

    def test_it_can_be_submitted_to_again_with_other_work(self, runner: Runner) -> None:
        for count in (3, 0, 5):
            runner.submit(Names(), shards(count))
            assert len(names(runner.results())) == count

    def test_shards_are_drawn_as_they_are_needed_and_forgotten_with_the_next_submission(self, runner: Runner) -> None:
        drawn: list[int] = []
        runner.submit(Names(), shards(100_000, drawn))
        results = runner.results()
        for _ in range(4):
            next(results)
        assert len(drawn) <= 4 + 4 * runner.workers
        runner.submit(Names(), shards(2))
        assert names(runner.results()) == ["1.0", "1.1"]

    def test_a_mistake_in_the_work_is_raised_as_it_is(self, runner: Runner) -> None:
        runner.submit(Breaks(), shards(1))
        with pytest.raises(ValueError, match=r"cannot do 1\.0"):
            list(runner.results())


class TestInlineRunner(RunnerContract):
    @pytest.fixture
    def runner(self) -> Iterator[Runner]:
        runner = InlineRunner()
        yield runner
        runner.close()

    def test_it_never_imports_ray_nor_mlflow(self) -> None:
        code = (
            "import sys, sweeps.cli.sweep, sweeps.driver, sweeps.runners.bench\n"
            "print([m for m in ('ray', 'mlflow') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def ray_runner() -> Iterator[RayRunner]:
    """One Ray for all of these tests: it takes seconds to start."""
    runner = RayRunner(workers=2, address=None, retries=2)
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test module
    yield runner
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    runner.close()


class TestRayRunner(RunnerContract):
    @pytest.fixture
    def runner(self, ray_runner: RayRunner) -> RayRunner:
        return ray_runner

    def test_work_that_was_lost_with_its_worker_is_done_again(self, runner: Runner, tmp_path: Path) -> None:
        runner.submit(Dies(str(tmp_path), times=1), shards(4))
        assert names(runner.results()) == sorted(f"1.{i}" for i in range(4))
        assert len(list(tmp_path.iterdir())) == 2

    def test_work_that_is_lost_again_and_again_is_given_up_with_a_sentence(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        runner.submit(Dies(str(tmp_path), times=99), shards(1))
        with pytest.raises(RunnerError, match=r"was lost 3 times .* `sweeps resume`"):
            list(runner.results())

    def test_one_worker_is_warm_before_any_has_a_shard(self, runner: RayRunner, tmp_path: Path) -> None:
        runner.warm_up(Warms(tmp_path / "mark"))
        for _ in range(2):
            runner.submit(Reads(tmp_path / "mark"), shards(4))
            assert names(runner.results()) == ["warm\n"] * 4

    def test_a_worker_that_cannot_warm_up_says_why(self, runner: RayRunner, tmp_path: Path) -> None:
        runner.warm_up(Warms(tmp_path / "mark", sentence="core 'mine' cannot be compiled"))
        runner.submit(Names(), shards(1))
        with pytest.raises(ModelError, match="core 'mine' cannot be compiled"):
            list(runner.results())
        runner.warm_up(Warms(tmp_path / "mark"))

    def test_the_users_home_is_left_alone(self, runner: RayRunner) -> None:
        assert os.environ["HOME"] != str(runner._folder)


def covered(made: list[Shard]) -> list[tuple[str, int]]:
    return sorted((m, c.trial) for shard in made for m in shard.market_ids for c in shard.configurations)


@pytest.mark.parametrize("seconds", [1e-5, 0.001, 0.05, 3.0])
@pytest.mark.parametrize("workers", [1, 7, 500])
def test_shards_cover_every_pair_once_whatever_the_speed(seconds: float, workers: int) -> None:
    markets, configurations = [f"1.{i}" for i in range(23)], [Configuration(i, {}) for i in range(9)]
    made = list(cut(markets, configurations, seconds_per_replay=lambda: seconds, workers=workers, target_seconds=0.7))
    assert covered(made) == sorted((m, c.trial) for m in markets for c in configurations)


def test_shards_are_worth_a_task_and_never_far_more_than_asked_for() -> None:
    markets, configurations = [f"1.{i}" for i in range(1000)], [Configuration(i, {}) for i in range(10)]
    made: list[Any] = list(
        cut(markets, configurations, seconds_per_replay=lambda: 0.002, workers=2, target_seconds=0.7)
    )
    work = [shard.replays * 0.002 for shard in made]
    assert max(work) <= 0.71
    assert min(work[:-1]) >= MIN_SHARD_SECONDS - 0.021
    slow = list(cut(markets[:2], configurations, seconds_per_replay=lambda: 1.0, workers=2, target_seconds=0.7))
    assert max(shard.replays for shard in slow) <= 2


def test_a_worker_keeps_the_markets_that_fit_and_gives_the_same_without_them(
    small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep goes round its markets again and again; what a worker keeps of them changes no result."""
    market_ids = tuple(TapeStore.open(small_store).markets()["market_id"])[:3]
    shard = Shard(market_ids, (Configuration(0, {}), Configuration(1, {"direction": "short"})))
    work = Replays(str(small_store), "daf", resolve_simulation("default"), 5)
    rows = []
    for room in (1 << 40, 0):
        monkeypatch.setattr(base, "bench_bytes", lambda room=room: room)
        base._benches.cache_clear()
        rows += [work(shard).rows, work(shard).rows]
        kept = base._benches(str(small_store))._kept
        assert set(kept) == (set(market_ids) if room else set())
    base._benches.cache_clear()
    assert all(each.equals(rows[0]) for each in rows[1:])
