"""Win chances are martingales, the winner comes from the last of them, a drift is only there when asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_markets import FIRST_DAY, races

from simcore.kernels.randomness import keys
from simcore.synthetic.calendar import calendar
from simcore.synthetic.latent import fair_millitick, walk
from simcore.synthetic.market import frame_of
from simcore.synthetic.sports import GREYHOUNDS, HORSES, Sport
from simcore.units import ODDS


@pytest.mark.parametrize("sport", [GREYHOUNDS, HORSES], ids=lambda sport: sport.name)
def test_a_later_chance_is_on_average_the_earlier_one(sport: Sport) -> None:
    start, wobble = np.array([0.5, 0.3, 0.15, 0.05]), np.full(240, 0.03)
    last = np.array([walk(start, wobble, *keys(sport.name, i), 1 << 40, 0.0)[-1] for i in range(3000)])
    error = last.std(axis=0) / np.sqrt(len(last))
    assert (np.abs(last.mean(axis=0) - start) < 4 * error).all()
    assert np.allclose(last.sum(axis=1), 1)
    assert last.std(axis=0).min() > 0.01


def test_winners_are_drawn_from_the_chances_at_any_earlier_time() -> None:
    frames = [frame_of(race.plan) for race in calendar(GREYHOUNDS, 2000, 20, 3, FIRST_DAY)]
    for before_off_s in (1800, 300, 0):
        chance = np.array([frame.chance[frame.off_s - before_off_s] for frame in frames])
        won = np.zeros_like(chance)
        won[np.arange(len(frames)), [frame.winner for frame in frames]] = 1
        for low, high in ((0.0, 0.1), (0.1, 0.2), (0.2, 0.35), (0.35, 1.0)):
            inside = (chance >= low) & (chance < high)
            expected, variance = chance[inside].sum(), (chance * (1 - chance))[inside].sum()
            assert abs(won[inside].sum() - expected) < 4 * np.sqrt(variance)


def test_fair_ticks_are_the_ladder_s_own_prices() -> None:
    for tick in (0, 1, 99, 150, 200, 348, 349):
        assert abs(fair_millitick(1 / ODDS[tick]) - 1000 * tick) <= 1
    assert fair_millitick(1.0) == 0
    assert fair_millitick(0.0) == 349_000


@pytest.mark.parametrize("drift", [-3.0, 2.0])
def test_a_planted_drift_moves_the_favourite_by_the_ticks_a_minute_asked_for(drift: float) -> None:
    moves = []
    for race in races(GREYHOUNDS, 190, seed=5, drift=drift):
        frame = frame_of(race.plan)
        first = frame.advertised_s - 300
        assert frame.drifting == int(np.argmax(frame.chance[first]))
        before, after = (fair_millitick(frame.chance[s, frame.drifting]) for s in (first, first + 240))
        moves.append((after - before) / 1000 / 4)
    error = np.std(moves) / np.sqrt(len(moves))
    assert abs(np.mean(moves) - drift) < 4 * error + 0.25 * abs(drift)
    assert np.mean(moves) * np.sign(drift) > 4 * error


def test_a_favourite_that_is_certain_to_win_stays_so_under_a_planted_drift() -> None:
    chance = walk(np.array([1.0, 0.0]), np.full(60, 0.1), *keys("certain"), 0, -6.0)
    assert chance.tolist() == [[1.0, 0.0]] * 61


def test_without_a_drift_no_runner_drifts_and_before_its_start_a_drift_changes_nothing() -> None:
    [plain], [drifting] = (races(GREYHOUNDS, 1, drift=drift) for drift in (0.0, -5.0))
    plan = replace(drifting.plan, market_id=plain.plan.market_id)
    with_it, without = frame_of(plan), frame_of(plain.plan)
    start = without.advertised_s - 300
    assert without.drifting == -1
    assert np.array_equal(with_it.chance[: start + 1], without.chance[: start + 1])
    assert not np.array_equal(with_it.chance, without.chance)
