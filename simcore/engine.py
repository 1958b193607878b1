"""Replays: the wrapper around the kernels. It checks, turns objects into numbers, calls the loop and reads what it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba.core.errors import NumbaError

from simcore.assumptions import ring_of, settings_of
from simcore.bench import Bench, Place, copy_market, market_of, prepare, untouched
from simcore.configurations import Configurations, Group, configurations
from simcore.errors import ModelError
from simcore.kernels import many
from simcore.kernels import state as st
from simcore.kernels.alone import pass_alone
from simcore.kernels.compiling import compile_kernel, entry_of, signature_of
from simcore.kernels.loop import TO_PICK, run
from simcore.kernels.many import Batch, Market, run_many
from simcore.kernels.outcome import read_out
from simcore.kernels.seek import advance
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.outcome import Sheet, account_for, blank_sheet, result_of
from simcore.results import BatchResult, MarketResult
from simcore.strategies import Core, Parameters, resolve_core
from simcore.strategies.daf import DAF
from simcore.strategies.view import (
    CORE_SIGNATURE,
    DEPTH,
    N_CLOCK,
    N_LEVEL,
    N_SEEN,
    N_SLOT,
    SLOT_RUNNER,
    TICK_COLUMN,
    Offers,
    new_offers,
)
from simcore.tapes.tape import Tape

FIRST_CAPACITY = 1024


def replay(
    tape: Tape,
    core: str | Core,
    parameters: Parameters | Mapping[str, Any] | str | None = None,
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
    record: bool = False,
) -> MarketResult:
    """Replay one market with one configuration.

    parameters : the core's frozen object, a mapping of its fields, a preset's name, or None for the core's defaults
    simulation : a preset's name, a mapping of the YAML's `simulation` keys, or the frozen object
    seed       : with the market's id it decides everything random in the simulation (sampled queue, log-normal delays)
    record     : also return every fill and the timeline
    Raises ModelError for what does not make sense, SimulationError for a tape that cannot be replayed.
    """
    chosen = resolve_core(core)
    assumed = resolve_simulation(simulation)
    return _replay(prepare(tape), chosen, make_parameters(chosen, parameters), assumed, seed, record)


def replay_batch(
    tape: Tape | Bench,
    core: str | Core,
    parameters: Sequence[Parameters] | Configurations,
    simulation: str | Mapping[str, Any] | Simulation = "default",
    *,
    seed: int = 0,
) -> BatchResult:
    """Replay one market with many configurations; results in their order, each as `replay` gives it.

    A tape that is replayed again and again may be handed over as what `simcore.bench.prepare` makes of it, and parameters that
    go to many markets as `simcore.configurations.configurations`: neither changes a result.
    Raises ModelError for what does not make sense, SimulationError for a tape that cannot be replayed.
    """
    bench = tape if isinstance(tape, Bench) else prepare(tape)
    given = parameters if isinstance(parameters, Configurations) else configurations(parameters)
    return replay_markets([(bench, seed)], resolve_core(core), given, resolve_simulation(simulation))[0]


def replay_markets(
    markets: Iterable[tuple[Bench, int]], core: Core, given: Configurations, simulation: Simulation
) -> list[BatchResult]:
    """Replay markets, each with its seed, as `replay_batch` does one after the other.

    What surrounds the compiled code is done for all of them at a stretch, which takes half as long as after each replay: those
    leave nothing of it in the processor's caches. So all markets are held at once.
    Raises SimulationError for a tape that cannot be replayed.
    """
    warm(core)
    passages = [Passage(bench, core, given, simulation, seed) for bench, seed in markets]
    begun = [passage.begin() for passage in passages]
    sheets = [_in_a_room(*each) for each in zip(passages, begun, strict=True)]
    return [account_for(each.bench, sheet, simulation) for each, sheet in zip(passages, sheets, strict=True)]


def _in_a_room(passage: Passage, begun: Begun) -> Sheet:
    room = _rooms.pop(passage.size, None) or new_room(passage.size)  # nobody else has it until it is put back
    sheet, room = passage.run(begun, room)
    _keep_room(passage.size, room)
    return sheet


def make_parameters(core: Core, given: Parameters | Mapping[str, Any] | str | None) -> Parameters:
    """The core's parameter object from any of the forms `replay` takes. Raises ModelError."""
    if given is None:
        return core.make()
    if isinstance(given, str):
        return core.make(preset=given)
    if isinstance(given, Mapping):
        return core.make(values=given)
    if not isinstance(given, core.parameters):
        raise ModelError(f"core {core.name!r} takes {core.parameters.__name__} parameters, got {type(given).__name__}")
    return given


def warm(core: str | Core = "daf") -> None:
    """Compile the loop and a core, or load them from the cache: one process does this before work fans out.

    Raises ModelError for a core that numba cannot compile.
    """
    for function in (run_many, run, advance, pass_alone, read_out):
        compile_kernel(function)
    compile_core(resolve_core(core))


def compile_core(core: Core) -> None:
    """Compile a core. Raises ModelError for one that numba cannot compile, or that is no core by its annotations."""
    function: Any = core.function
    if not hasattr(function, "py_func") or function.overloads:
        return
    try:
        if signature_of(function.py_func) != CORE_SIGNATURE:
            raise TypeError("it is not `(view: View, parameters: Real1, offers: Offers) -> None`")
        compile_kernel(function)
    except (NumbaError, TypeError) as error:
        raise ModelError(
            f"core {core.name!r} cannot be compiled ({error}); examples/own_core.py shows one, run yours uncompiled to debug it"
        ) from error


def new_views(ring: int, slots: int, orders: int) -> st.Views:
    """Room for `ring` snapshots of `slots` runners and `orders` standing orders; no slot has a runner yet."""
    views = st.Views(
        clock=np.zeros((ring, N_CLOCK), np.int64),
        slots=np.zeros((ring, slots, N_SLOT), np.int64),
        touch=np.zeros((ring, slots, 2, DEPTH, N_LEVEL), np.int64),
        orders=np.zeros((orders, N_SEEN), np.int64),
        poll_ms=np.full(ring, st.NEVER_MS, np.int64),
    )
    views.slots[:, :, SLOT_RUNNER] = -1
    views.touch[..., TICK_COLUMN] = -1
    return views


def _replay(
    bench: Bench, core: Core, parameters: Parameters, simulation: Simulation, seed: int, record: bool
) -> MarketResult:
    sim, timeline = run_core(bench, core, parameters, simulation, seed=seed, record=record)
    return result_of(bench, sim, simulation, timeline if record else None)


def run_core(
    bench: Bench, core: Core, parameters: Parameters, simulation: Simulation, *, seed: int = 0, record: bool = False
) -> tuple[st.Sim, st.Int]:
    """Run the loop; returns the state it leaves and the timeline, which is empty unless asked for."""
    warm(core)
    passage = Passage(bench, core, configurations([parameters]), simulation, seed, record)
    begun = passage.begin()
    _, room = passage.run(begun, new_room(passage.size))
    return room.sim, begun.timeline


NO_SCRIPT = np.zeros((0, st.N_REQUEST), np.int64)
MOST_ROOMS = 16
"""sizes of market for which arrays are kept; a few hundred kilobytes each"""
_rooms: dict[Size, Room] = {}


class Size(NamedTuple):
    """What room a passage takes: runners, snapshots that can wait at once, moments of a configuration, orders of one replay."""

    n_runners: int
    ring: int
    n_moments: int
    orders: int


class Room(NamedTuple):
    """The arrays a passage works in. They may be what an earlier one left: `run_many` wipes between two markets what it wipes
    between two configurations, and `_start` the rest.

    base, start : the market without us, and the snapshots that wait in it
    sim, views, offers : the replay
    """

    base: st.Sim
    start: st.Views
    sim: st.Sim
    views: st.Views
    offers: Offers


def new_room(size: Size) -> Room:
    """Arrays nothing has happened in."""
    moments_ms = [0] * size.n_moments

    def sim(orders: int) -> st.Sim:
        settings, reals = np.zeros(st.N_SETTING, np.int64), np.zeros(st.N_REAL)
        return st.new_sim(size.n_runners, settings, reals, NO_SCRIPT, orders, moments_ms)

    views = new_views(size.ring, 1, 1), new_views(size.ring, 1, size.orders)
    return Room(sim(1), views[0], sim(size.orders), views[1], new_offers())


def _keep_room(size: Size, room: Room) -> None:
    """For the next market of its size; one that had to grow is not kept."""
    if len(room.sim.orders) > size.orders:
        return
    while len(_rooms) >= MOST_ROOMS:
        _rooms.pop(next(iter(_rooms)), None)
    _rooms[size] = room


class Start(NamedTuple):
    """Where configurations with the same pick begin.

    record  : what they go on with, from message and time `at` (see `run`)
    market  : without us, there;  views: the snapshots that wait
    runners : whose books they may change, from the first to before the second
    shares  : whether it may be moved on to where one of them first looks
    """

    record: st.Record
    at: st.Int
    market: Market
    views: st.Views
    runners: tuple[int, int]
    shares: bool


class Begun(NamedTuple):
    """A market about to be replayed. sheet : where what comes of it goes, a row for each configuration in the order given"""

    groups: list[tuple[Start, Batch]]
    sheet: Sheet
    timeline: st.Int


@dataclass(frozen=True)
class Passage:
    """Configurations of a core on one market: as many in one call of the loop as begin with the same pick."""

    bench: Bench
    core: Core
    given: Configurations
    simulation: Simulation
    seed: int
    record: bool = False

    def begin(self) -> Begun:
        """All that is to be done before the first replay."""
        sheet, groups, settings = blank_sheet(self.bench, len(self.given)), [], self._assumed[0].tolist()
        for group in self.given.laid.groups:
            for setting, value in zip(many.WRITTEN, group.written, strict=True):
                settings[setting] = value
            settings[st.TICKS_ONLY] *= settings[st.TOUCH_ONLY]
            start = self._start(group, settings)
            groups.append((start, self._batch(group, start, sheet)))
        return Begun(groups, sheet, self._timeline())

    def run(self, begun: Begun, room: Room) -> tuple[Sheet, Room]:
        """Replay the configurations; returns the sheet filled in, and the room (another where that one was too small) with what
        the last one left in it."""
        sheet, replay_all = begun.sheet, entry_of(run_many)
        for start, batch in begun.groups:
            done, base = 0, (room.base, room.start)
            if batch.hours is not sheet.hours:
                batch = batch._replace(hours=sheet.hours)
            while True:
                begin = (self.core.function, start.record, start.market, start.views, *base)
                done = replay_all(*begin, room.sim, room.views, room.offers, batch, begun.timeline, start.at, done)
                if done == len(batch.place):
                    break
                if room.sim.tally[st.FULL] == st.NO_HOUR:
                    sheet = sheet.wider()
                    batch = batch._replace(hours=sheet.hours)
                else:
                    room = new_room(self.size._replace(orders=2 * len(room.sim.orders)))
                sheet.numbers[batch.place[done]] = sheet.hours[batch.place[done]] = 0
        return sheet, room

    @cached_property
    def size(self) -> Size:
        """What room it takes at first."""
        ring = ring_of(self.bench.record.message_ms, self.simulation)
        return Size(self.bench.tape.n_runners, ring, self._moments_ms.shape[1], FIRST_CAPACITY)

    @cached_property
    def _moments_ms(self) -> st.Int:
        """When each configuration asks to be asked; without a column at every poll, as a timeline has a line for each."""
        asked_always = self.record or self.simulation.poll_ms == 0
        return np.zeros((len(self.given), 0), np.int64) if asked_always else self.given.laid.moments_ms

    @cached_property
    def _assumed(self) -> tuple[st.Int, st.Real]:
        settings, reals = settings_of(self.bench, self.simulation, None, self.seed)
        settings[st.TOUCH_ONLY] = self.core.touch_only
        return settings, reals

    def _batch(self, group: Group, start: Start, sheet: Sheet) -> Batch:
        laid, its = self.given.laid, slice(group.first, group.beyond)
        common = np.zeros(many.N_COMMON, np.int64)
        common[many.FIRST_HOUR] = sheet.first_hour
        common[many.FIRST_RUNNER], common[many.BEYOND_RUNNER] = start.runners
        common[many.SHARES_WAIT] = start.shares and not self.record
        common[many.LATEST_LAST_MS], common[many.IS_NEW] = group.latest_last_ms, 1
        settings, reals = self._assumed
        return Batch(
            settings=settings,
            reals=reals,
            written=laid.written[its],
            vectors=laid.vectors[its],
            moments_ms=self._moments_ms[its],
            leans_at=laid.leans_at[its],
            place=laid.place[its],
            numbers=sheet.numbers,
            hours=sheet.hours,
            common=common,
        )

    def _timeline(self) -> st.Int:
        """Room for a line a poll, where a record is wanted."""
        lines = 0
        if self.record:
            times, period = self.bench.record.message_ms, self.simulation.poll_ms
            lines = len(times) if period == 0 else int(times[-1] - times[0]) // period + 2
        return np.zeros((lines, st.N_LINE), np.int64)

    def _start(self, group: Group, settings: list[int]) -> Start:
        """The moment of the pick, which nothing of ours precedes; `settings` are those of the first that looks.

        A bot that looks at each message, or whose fills that framework's rules decide, begins at the beginning.
        """
        bench, n = self.bench, self.bench.tape.n_runners
        if settings[st.POLL_MS] == 0 or settings[st.MATCHING] == st.BY_FLUMINE:
            at = np.array([0, bench.first_ms, 0], np.int64)
            views = new_views(self.size.ring, 1, 1)
            return Start(bench.record, at, market_of(untouched(bench.tape)), views, (0, n), False)
        picked, waiting = self._picked(settings)
        at = np.array([picked.message, picked.now_ms, 0], np.int64)
        by_message = settings[st.REFILL_KIND] == st.REFILL_INSTANT or self._assumed[1][st.SEVERITY] != 0.0
        if not picked.market.tally[st.PICKED] or by_message:  # each message moves the world
            return Start(bench.record, at, picked.market, waiting, (0, n), True)
        r = int(waiting.slots[0, 0, SLOT_RUNNER])
        ticks_only = group.ticks_only and settings[st.TOUCH_ONLY]
        thin = bench.known_from(r, picked) if ticks_only else bench.of_runner(r)
        at[0] = np.searchsorted(thin.message, picked.message)
        return Start(thin.record, at, picked.market, waiting, (r, r + 1), True)

    def _picked(self, settings: list[int]) -> tuple[Place, st.Views]:
        """The market when the harness made its pick, or at its end without one."""
        first = max(settings[st.WINDOW_FIRST_MS], settings[st.PICK_MS])
        key = (first, *(settings[each] for each in _DECIDE_THE_PICK))
        bench = self.bench
        if key not in bench.picked:
            earliest = first + settings[st.OBSERVE_MS] + settings[st.POLL_MS]
            starts = bench.record.start_ms
            place = bench.before(int(starts.min()) - earliest if len(starts) else bench.first_ms)
            sim = untouched(bench.tape)._replace(settings=np.array(settings, np.int64))
            copy_market(place.market, sim)
            seen = new_views(self.size.ring, 1, 1)
            at = np.array([place.message, place.now_ms, TO_PICK], np.int64)
            timeline = np.zeros((0, st.N_LINE), np.int64)
            pick = (self.core.function, bench.record, sim, seen, new_offers(), np.zeros(1), timeline, at)
            entry_of(run)(*pick)
            bench.keep_pick(key, Place(int(at[0]), int(at[1]), market_of(sim)), seen)
        return bench.picked[key]


_DECIDE_THE_PICK = (st.PICK_MS, st.PICK_RANK, st.POLL_MS, st.OBSERVE_MS, st.TOUCH_ONLY)


def run_script(bench: Bench, settings: st.Int, reals: st.Real, orders: st.Int, script: st.Int) -> st.Sim:
    """Replay with given orders and requests instead of a core; returns the state the loop leaves."""
    warm()
    capacity = max(FIRST_CAPACITY, len(orders))
    while True:
        sim = st.new_sim(bench.tape.n_runners, settings, reals, script, capacity)
        sim.orders[: len(orders)] = orders
        sim.tally[st.N_ORDERS] = len(orders)
        views = new_views(1, 1, 1)
        at = np.array([0, bench.first_ms, 0], np.int64)
        run(DAF.function, bench.record, sim, views, new_offers(), np.zeros(1), np.zeros((0, st.N_LINE), np.int64), at)
        if sim.tally[st.FULL] == 0:
            return sim
        capacity *= 2
