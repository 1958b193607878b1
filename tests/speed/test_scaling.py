"""The scaling law: the fit against known laws, the counting against the rows one by one, the clusters by arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.speed.__main__ import main
from benchmarks.speed.figures import Figure
from benchmarks.speed.scaling.clusters import Costs, Typical, Workload, imply, workloads
from benchmarks.speed.scaling.counting import work_of
from benchmarks.speed.scaling.driving import Batch, DriverCost, Watched, driver_cost
from benchmarks.speed.scaling.law import TERMS, Law, Point, fit
from benchmarks.speed.scaling.page import BEGIN, END, write_page
from benchmarks.speed.scaling.points import made
from simcore.dtypes import LAST_TRADED, TRADED_FALL

KNOWN = Law(
    {
        "call": 400.0,
        "pick": 100.0,
        "before": 0.03,
        "market": 0.0,
        "configuration": 250.0,
        "row": 0.05,
        "look": 0.35,
        "poll": 0.1,
        "request": 2.0,
        "fill": 5.0,
    }
)


def points_of(law: Law, count: int, noise: float, seed: int) -> list[Point]:
    """Points whose work is drawn and whose time is the law's, give or take `noise` of it."""
    draw = np.random.default_rng(seed)
    most = {"row": 8000, "look": 4000, "poll": 8000, "request": 500, "fill": 200}
    found = []
    for place in range(count):
        sets = int(draw.choice([1, 5, 50, 200]))
        counts = {
            "call": 1.0,
            "pick": int(draw.integers(1, 5)),
            "before": draw.uniform(0, 40_000),
            "market": draw.uniform(10_000, 80_000),
        }
        counts |= {"configuration": sets} | {term: sets * draw.uniform(0, limit) for term, limit in most.items()}
        seconds = law.seconds(counts) * (1 + noise * draw.uniform(-1, 1))
        found.append(Point("caf", "made", str(place), 100, 300.0, seconds, noise, counts))
    return found


def test_the_fit_finds_a_law_again_from_points_that_follow_it() -> None:
    found = fit(points_of(KNOWN, 40, 0.0, 1))
    for term in TERMS:
        assert found.us[term] == pytest.approx(KNOWN.us[term], rel=1e-6, abs=1e-6)


def test_with_noise_the_law_still_predicts_points_it_was_not_fitted_to() -> None:
    found = fit(points_of(KNOWN, 80, 0.05, 2))
    fresh = points_of(KNOWN, 200, 0.0, 3)
    assert np.abs(found.errors(fresh)).max() < 0.06
    assert found.r_squared(fresh) > 0.99
    assert min(found.us.values()) >= 0.0


def test_a_law_that_misses_says_by_how_much() -> None:
    doubled = Law({term: 2 * us for term, us in KNOWN.us.items()})
    assert doubled.errors(points_of(KNOWN, 5, 0.0, 4)) == pytest.approx(1.0)


def test_too_few_points_are_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"at least 10, one a term, got 3; measure more markets$"):
        fit(points_of(KNOWN, 3, 0.0, 5))


def test_rows_that_concern_the_bot_are_the_favourites_and_the_markets() -> None:
    [greyhounds, _] = made((0.2,), 5)
    tape = greyhounds.tape
    work = work_of(tape, 300.0, 300.0)
    books = tape.book_at(int(tape.start_ms[-1]) - 300_000)
    prices = [books[r.selection_id].available_to_back[0][0] for r in tape.info.runners]
    favourite = prices.index(min(prices))
    concern = [
        row
        for row in range(work.before, tape.n_rows)
        if (tape.kind[row] <= LAST_TRADED and tape.runner[row] == favourite)
        or (tape.kind[row] > LAST_TRADED and tape.kind[row] != TRADED_FALL)
    ]
    assert work.read == len(concern) > 0
    spans = zip(tape.message_ms.tolist(), tape.message_row.tolist(), tape.message_row.tolist()[1:], strict=False)
    told = set(concern)
    assert work.news_ms.tolist() == [ms for ms, first, last in spans if told.intersection(range(first, last))]
    assert work.looks(1000, 60, 10_000) < work.looks(100, 60, 10_000) <= len(work.news_ms)
    assert work.looks(50, 60, 10_000) == 10_000, "below observe_ms every poll has a snapshot on its way"
    assert work.looks(100, 60, 3) == 3, "no more than were polled"
    assert work_of(tape, 300.0, 300.0, rank=40).read == 0
    later = work_of(tape, 300.0, 120.0)
    assert later.before == work.before
    assert 0 < later.read < work.read


def test_the_drivers_law_is_found_again_from_its_batches() -> None:
    draw = np.random.default_rng(6)
    batches = []
    for _ in range(12):
        shards, rows, trials = (int(draw.integers(*span)) for span in ((1, 90), (100, 5000), (5, 60)))
        spent = {"working_s": 0.002 * shards + 30e-6 * rows, "waiting_s": 0.05 + 0.004 * trials + 10e-6 * rows}
        batches.append(Batch(**spent, shards=shards, rows=rows, all_rows=rows, trials=trials, wall_s=1.0))
    late = [replace(batches[0], wall_s=4.0), *batches[1:]]
    found = driver_cost([Watched(1, 8.0, late), Watched(2, 6.0, batches)], 0.0004)
    assert (found.shard_s, found.row_s) == pytest.approx((0.002, 30e-6))
    assert (found.batch_s, found.trial_s, found.tail_row_s) == pytest.approx((0.05, 0.004, 10e-6))
    assert found.begin_s == pytest.approx(11.0), "the start, and three seconds more than usual in the first batch"


DRIVER = DriverCost(begin_s=10.0, shard_s=0.002, row_s=20e-6, batch_s=0.1, trial_s=0.01, tail_row_s=5e-6)
COSTS = Costs({"caf": KNOWN}, 0.001, 10e-9, 30e-6, DRIVER, shard_s=0.7, row_bytes=360.0, stored_row_bytes=40.0)
COUNTS = {
    "call": 1,
    "pick": 2,
    "before": 20_000,
    "market": 60_000,
    "configuration": 1,
    "row": 4000,
    "look": 2000,
    "poll": 4000,
}
WORK = Workload("work", Typical("caf", COUNTS, 60_000, 500_000), markets=1000, configurations=100, batch=10)


def test_hours_follow_from_the_coefficients() -> None:
    ours = imply(WORK, COSTS, cores=10)
    shared, own = 400 + 2 * 100 + 0.03 * 20_000, 250 + 0.05 * 4000 + 0.35 * 2000 + 0.1 * 4000
    assert ours.kernels_s == pytest.approx((1000 * 10 * shared + 1000 * 100 * own) / 1e6)
    assert ours.reading_s == pytest.approx(1000 * 10 * (0.001 + 60_000 * 10e-9))
    assert ours.results_s == pytest.approx(100_000 * 30e-6)
    shards = 10 * np.ceil(ours.workers_s / 10 / 0.7)
    assert ours.shards == shards
    assert ours.feeding_s == pytest.approx(shards * 0.002 + 100_000 * 20e-6)
    assert ours.waiting_s == pytest.approx(10 * 0.1 + 100 * 0.01 + 100_000 * 5e-6)
    assert ours.hours * 3600 == pytest.approx(10.0 + ours.workers_s / 10 + ours.waiting_s)
    assert ours.bound == "kernels"
    assert ours.fed == pytest.approx(ours.workers_s / ours.feeding_s)
    assert ours.memory_bytes == 1000 * 10 * 360
    assert ours.stored_bytes == 100_000 * 40
    assert ours.tape_bytes == 1000 * 500_000
    assert ours.over_kernels == pytest.approx(ours.hours * 3600 * 10 / ours.kernels_s)


def test_beyond_the_workers_it_can_feed_the_driver_decides() -> None:
    few, many, more = (imply(WORK, COSTS, cores) for cores in (10, 1000, 2000))
    assert few.hours > many.hours
    assert many.fed < 1000
    assert many.bound == "driver"
    assert many.hours * 3600 == pytest.approx(10.0 + many.feeding_s + many.waiting_s)
    assert more.hours >= many.hours, "more workers only mean more, smaller shards"


def test_larger_batches_read_tapes_and_begin_markets_less_often() -> None:
    small, large = imply(WORK, COSTS, 10), imply(replace(WORK, batch=100), COSTS, 10)
    assert large.reading_s == pytest.approx(small.reading_s / 10)
    assert large.kernels_s < small.kernels_s
    assert large.memory_bytes == 10 * small.memory_bytes


def test_a_month_and_five_years_are_of_the_markets_stated() -> None:
    month, years = workloads(WORK.typical, WORK.typical, 100)
    assert (month.markets, years.markets) == (5833, 65_000)
    assert month.replays == 5_833_000


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        (None, [], "must be a page that exists"),
        ("no marks", [], "once each"),
        (f"{END} {BEGIN}", [], "once each"),
        (f"{BEGIN}{END}", ["--only", "store"], "must go with the part scaling"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_in_one_sentence(
    tmp_path: Path, recordings: Path, text: str | None, asked: list[str], said: str
) -> None:
    page, out = tmp_path / "page.md", tmp_path / "o.json"
    if text is not None:
        page.write_text(text)
    given = ["--small", *asked, "--page", str(page), "--out", str(out), "--recordings", str(recordings)]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.count("\n") == 1
    assert not out.exists()


def test_figures_of_another_part_leave_the_page_as_it_was(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\nas it was\n{END}")
    with pytest.raises(ValueError, match="no law was measured"):
        write_page(page, [Figure("store-open-100k", 1.0, "ms", "floor", 2.0)])
    assert "as it was" in page.read_text()
