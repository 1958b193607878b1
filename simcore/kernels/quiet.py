"""Polls that cannot do anything are counted, not made.

A poll is a function of what the bot sees: the snapshot, its own position and orders, and the clock. Where the last poll sent
nothing, nobody has news for the bot, and no level it sees changes with time alone, the next one would see the same and send
nothing again, until

    a message changes what the bot's last snapshot shows (of a core that reads the touch only: the levels to the best where
        somebody else stands; else anything), or does something to its orders, or a request takes effect, or
    a moment comes that the core named (`Parameters.moments`), or an edge of its window.

A core that names no moments is asked at every poll.
"""

from __future__ import annotations

from simcore.dtypes import ATB, ATL
from simcore.kernels.compiling import kernel, small_kernel
from simcore.kernels.state import (
    EVENT_MS,
    FIRST_UNHEARD,
    HEARD,
    KNOWN_MS,
    LAST_POLL_MS,
    LEANS_AT,
    MOMENT_MS,
    N_LOGGED,
    N_REQUESTS,
    NEVER_MS,
    OBSERVE_MS,
    POLL_MS,
    POLLS,
    QUIET,
    ROUTE,
    SAME_MS,
    SEEN_BACK,
    SEEN_LAY,
    SEEN_LEAN,
    SERVED,
    START_AT_MS,
    STOPPED,
    TAKEN,
    VIEW_DECAYS,
    Sim,
    Views,
)
from simcore.strategies.view import DEPTH, N_CLOCK, N_LEVEL, NOW_MS, TO_START_MS
from simcore.units import N_TICKS


@small_kernel
def lean_of(sim: Sim, r: int) -> int:
    """Which way the record leans at the levels of the last snapshot's touch: 1, −1, or 0 where not enough to matter."""
    back, lay = sim.tally[SEEN_BACK], sim.tally[SEEN_LAY]
    if back < 0 or lay >= N_TICKS:
        return 0
    to_back, to_lay = sim.recorded[r, ATB, back], sim.recorded[r, ATL, lay]
    if to_back <= 0 or to_lay <= 0:
        return 0
    lean = (to_back - to_lay) / (to_back + to_lay)
    return int(lean > sim.reals[LEANS_AT]) - int(-lean > sim.reals[LEANS_AT])


@small_kernel
def leans_otherwise(sim: Sim, r: int) -> bool:
    """Whether a change of what stands at the touch concerns the bot; anything does that comes and goes with time alone."""
    back, lay = sim.tally[SEEN_BACK], sim.tally[SEEN_LAY]
    if sim.reals[LEANS_AT] < 0.0 or back < 0 or lay >= N_TICKS:
        return True
    if sim.displaced[r, ATB, back] != 0 or sim.displaced[r, ATL, lay] != 0:
        return True
    return lean_of(sim, r) != sim.tally[SEEN_LEAN]


@small_kernel
def owes_looks(sim: Sim) -> bool:
    """While all is quiet and no moment of the core is near, no snapshot need be taken before something happens."""
    if (
        sim.tally[QUIET] == 0
        or sim.tally[SERVED] != sim.tally[TAKEN]
        or sim.settings[OBSERVE_MS] >= sim.settings[POLL_MS]
    ):
        return False
    return sim.tally[MOMENT_MS] > sim.tally[LAST_POLL_MS] + 3 * sim.settings[POLL_MS]


@small_kernel
def note_event(sim: Sim, views: Views, now: int) -> None:
    """Something changed that the bot sees or hears of; a snapshot that was due before now shows what the last one did."""
    poll_ms = sim.tally[LAST_POLL_MS] + sim.settings[POLL_MS]
    if sim.tally[STOPPED] == 0 and owes_looks(sim) and poll_ms - sim.settings[OBSERVE_MS] < now:
        views.poll_ms[sim.tally[TAKEN] % views.poll_ms.shape[0]] = sim.tally[SAME_MS] = poll_ms
        sim.tally[LAST_POLL_MS] = poll_ms
        sim.tally[TAKEN] += 1
    sim.tally[EVENT_MS] = now
    sim.tally[QUIET] = 0


@small_kernel
def note_quiet(sim: Sim, now: int) -> None:
    """After a poll: whether the next one, all else unchanged, would see and send the same, that is nothing."""
    idle = sim.tally[N_REQUESTS] == 0 and sim.tally[ROUTE] == 0 and sim.tally[VIEW_DECAYS] == 0
    heard = sim.tally[FIRST_UNHEARD] == sim.tally[N_LOGGED]
    seen = sim.tally[SERVED] == sim.tally[TAKEN] and sim.tally[EVENT_MS] <= now - sim.settings[OBSERVE_MS]
    sim.tally[QUIET] = 0
    if idle and heard and seen and sim.moments_ms.shape[0] > 0:
        sim.tally[QUIET] = now
        sim.tally[MOMENT_MS] = next_moment_ms(sim, now)


@small_kernel
def sees_the_same(sim: Sim, poll_ms: int) -> bool:
    """Whether the snapshot due now, for the poll at `poll_ms`, would show what the last one did."""
    return sim.tally[QUIET] != 0 and poll_ms < sim.tally[MOMENT_MS]


@small_kernel
def news_due(sim: Sim, now: int) -> bool:
    """Whether the bot hears of something at this poll."""
    for row in range(sim.tally[FIRST_UNHEARD], sim.tally[N_LOGGED]):
        if sim.log[row, HEARD] == 0 and sim.log[row, KNOWN_MS] <= now:
            return True
    return False


@kernel
def see_again(views: Views, last: int, i: int, now: int) -> None:
    """Snapshot i shows what snapshot `last` did, at a later time."""
    passed_ms = now - views.clock[last, NOW_MS]
    for column in range(N_CLOCK):
        views.clock[i, column] = views.clock[last, column]
    for slot in range(views.slots.shape[1]):
        for column in range(views.slots.shape[2]):
            views.slots[i, slot, column] = views.slots[last, slot, column]
        for b in range(2):
            for level in range(DEPTH):
                for column in range(N_LEVEL):
                    views.touch[i, slot, b, level, column] = views.touch[last, slot, b, level, column]
    views.clock[i, NOW_MS] += passed_ms
    views.clock[i, TO_START_MS] -= passed_ms


@kernel
def next_moment_ms(sim: Sim, now: int) -> int:
    """The first time after `now` at which, or just after which, the core may want something else."""
    due = NEVER_MS
    for i in range(sim.moments_ms.shape[0]):
        moment = sim.market[START_AT_MS] - sim.moments_ms[i]
        if moment > now:
            due = min(due, moment)
        elif moment + 1 > now:
            due = min(due, moment + 1)
    return due


@kernel
def pass_over(sim: Sim, until: int) -> None:
    """Count the polls before `until` (ms) that would do nothing."""
    if until <= sim.tally[LAST_POLL_MS] + sim.settings[POLL_MS] or sim.tally[SERVED] != sim.tally[TAKEN]:
        return
    until = min(until, sim.tally[MOMENT_MS])
    count = (until - 1 - sim.tally[LAST_POLL_MS]) // sim.settings[POLL_MS]
    if count <= 0:
        return
    sim.tally[LAST_POLL_MS] += count * sim.settings[POLL_MS]
    sim.tally[POLLS] += count
    sim.tally[TAKEN] += count
    sim.tally[SERVED] += count
