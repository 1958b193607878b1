"""What a core promises, as checks: each takes a `Trial` of the core and yields one sentence for each way it is broken.

A sentence says what was seen, where, and what to do. A check does not repeat what another is there for: where the core cannot
even be asked, the checks that ask it are silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np

import simcore.strategies.base as base
from simcore.dtypes import ATB, ATL, BACK, LAY
from simcore.strategies.contract.practice import prefix_of, variations
from simcore.strategies.contract.trial import (
    Case,
    Markets,
    Trial,
    copied,
    failures,
    make,
    misplaced,
    moment,
    room_for,
    vector_fault,
    wanted,
)
from simcore.strategies.view import (
    N_OFFER,
    NOW_MS,
    OFFER_PENCE,
    OFFER_SIDE,
    OFFER_SLOT,
    OFFER_TICK,
    OWN_COLUMN,
    PENCE_COLUMN,
    SLOT_LAST_TICK,
    SLOT_MATCHED,
    TICK_COLUMN,
    TO_START_MS,
    View,
    imbalance,
    level_of_others,
)
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS

MOST_PENCE: Final = 2_000_000_000
"""the largest stake a replay takes"""


def compiles(trial: Trial) -> Iterator[str]:
    """Its function is a kernel that numba compiles."""
    if trial.cannot_be_compiled:
        yield f"the function {trial.cannot_be_compiled}"


def parameters_are_frozen(trial: Trial) -> Iterator[str]:
    """Its parameter class is a frozen one of simcore's kind and refuses unknown keys."""
    kind = trial.core.parameters
    if not issubclass(kind, base.Parameters):
        yield f"{kind.__name__} must be a class of simcore.Parameters; derive it from there"
        return
    if not kind.__struct_config__.frozen:
        yield f"{kind.__name__} must be frozen, so that no replay changes another's; write `frozen=True` behind its base"
    if not kind.__struct_config__.forbid_unknown_fields:
        yield f"{kind.__name__} takes keys it does not know; leave `forbid_unknown_fields` as it is"
    for name in trial.core.scale:
        if name not in kind.__struct_fields__:
            yield f"`scale` names {name!r}, which {kind.__name__} does not have; name its parameters in pounds"


def presets_are_valid(trial: Trial) -> Iterator[str]:
    """It can be made without choosing anything, and every preset passes its own parameter class."""
    for name, preset in trial.core.presets.items():
        if not isinstance(preset, trial.core.parameters):
            yield f"preset {name!r} is a {type(preset).__name__}; make it with {trial.core.parameters.__name__}"
            continue
        try:
            trial.core.make(name)
        except Exception as error:
            yield f"preset {name!r} is refused: {error}; correct it"
    made, raised = make(trial.core, None, {})
    if made is None and not trial.core.presets:
        yield f"it has neither defaults nor a preset{raised and f', and raises {raised}'}; give every parameter a default"


def contradictions_are_refused(trial: Trial) -> Iterator[str]:
    """Whatever its parameter class accepts makes sense: a window with an end, a pick in time, legs that are there."""
    for name in (None, *trial.core.presets):
        made, _ = make(trial.core, name, {})
        wrong = "" if made is None else trial.unfit(made)
        if wrong:
            yield f"{'its defaults' if name is None else f'preset {name!r}'}: {wrong}; correct it"
            return
    for case in trial.accepted:
        if wrong := trial.unfit(case.parameters):
            yield f"it accepts {case.name}, but {wrong}; refuse such values in __post_init__ with a ValueError"
            return
    start = msgspec.to_builtins(trial.cases[0].parameters) if trial.cases else {}
    for values in variations(trial.core.parameters, start) if start else ():
        if raised := make(trial.core, None, values)[1]:
            yield f"it raises {raised} instead of refusing its parameters; raise a ValueError in __post_init__"
            return


def vector_is_whole(trial: Trial) -> Iterator[str]:
    """Its vector is finite (an infinity may stand for never), and as long as the function reads."""
    lengths = set()
    for case in [*trial.cases, *trial.accepted]:
        if misplaced(case.parameters):
            continue
        if fault := vector_fault(case.parameters):
            yield f"{case.name}: {fault}"
            return
        lengths.add(len(case.parameters.vector()))
    if len(lengths) > 1:
        yield f"the vector is now {min(lengths)}, now {max(lengths)} long; make it as long for all parameters"
    for case in trial.cases:
        for view, raised_by in failures(trial, case, trial.views(case)):
            if isinstance(raised_by, IndexError) and _reads_beyond(trial, case, view):
                length = len(case.parameters.vector())
                yield f"{case.name}: the function reads beyond the vector's {length} numbers; make the vector longer"
                return


def _reads_beyond(trial: Trial, case: Case, view: View) -> bool:
    """Whether a longer vector cures an IndexError."""
    longer = np.concatenate([case.parameters.vector(), np.zeros(256)])
    try:
        wanted(trial.plain, copied(view), longer)
    except IndexError:
        return False
    except Exception:
        return True
    return True


def offers_are_possible(trial: Trial) -> Iterator[str]:
    """It answers every view, with offers that can stand: on the ladder, of a penny or more, no more than fit."""
    asked = [(case, trial.views(case)) for case in trial.cases]
    asked += [(case, trial.some_views(case)) for case in trial.accepted if not misplaced(case.parameters)]
    for case, views in asked:
        if vector_fault(case.parameters):
            continue
        for view in views:
            if sentence := _impossible(trial, case, view):
                yield f"{case.name}, {moment(view)}: {sentence}"
                return


def _impossible(trial: Trial, case: Case, view: View) -> str:
    vector = case.parameters.vector()
    try:
        rows = wanted(trial.plain, copied(view), vector)
    except IndexError:
        return "" if _reads_beyond(trial, case, view) else "the function reads beyond the view; stay within its columns"
    except Exception as error:
        return f"the function raises {type(error).__name__} ({error}); answer every view, an empty half-book too"
    if len(rows) > room_for(view):
        return f"it wants {len(rows)} offers where {room_for(view)} are possible; want fewer"
    return next((told for row in rows if (told := _wrong_offer(row, view))), "")


def _wrong_offer(row: tuple[int, ...], view: View) -> str:
    if len(row) != N_OFFER or not 0 <= row[OFFER_SLOT] < view.slots.shape[0]:
        return f"it wants an offer on slot {row[OFFER_SLOT]}, of {view.slots.shape[0]}; count slots from 0"
    if row[OFFER_SIDE] not in (BACK, LAY):
        return f"it wants an offer on side {row[OFFER_SIDE]}; sides are BACK ({BACK}) and LAY ({LAY})"
    if not 0 <= row[OFFER_TICK] < N_TICKS:
        return f"it wants an offer at tick {row[OFFER_TICK]}, off the ladder's 0 … {N_TICKS - 1}; use `want`"
    if not 1 <= row[OFFER_PENCE] <= MOST_PENCE:
        return f"it wants an offer of {row[OFFER_PENCE]} pence; offer 1 … {MOST_PENCE}"
    return ""


def it_wants_something(trial: Trial) -> Iterator[str]:
    """Somewhere in its practice it wants an offer, so that the other promises are put to a test."""
    for case in trial.sound:
        if any(wanted(trial.plain, copied(view), case.parameters.vector()) for view in trial.views(case)):
            return
    nothing = "it wanted nothing at any moment of the practice market; check it on markets it is for, with --store"
    if trial.sound:
        yield trial.untried or nothing


def compiled_is_as_written(trial: Trial) -> Iterator[str]:
    """Compiled and as plain Python it wants the same for the same view."""
    if trial.cannot_be_compiled:
        return
    for case in trial.sound:
        vector = case.parameters.vector()
        for view in trial.views(case):
            plain = wanted(trial.plain, copied(view), vector.copy())
            try:
                fast = wanted(trial.core.function, copied(view), vector.copy())
            except Exception as error:
                yield f"{case.name}, {moment(view)}: compiled it raises {type(error).__name__} ({error}), plain it does not"
                return
            if fast != plain:
                yield (
                    f"{case.name}, {moment(view)}: compiled it wants {fast}, as plain Python {plain} (slot, side, tick, "
                    "pence); keep to 64-bit integers and to the parameters it is given"
                )
                return


def it_keeps_nothing(trial: Trial) -> Iterator[str]:
    """The same view gets the same offers, asked again and after any other views."""
    functions = [trial.plain] if trial.cannot_be_compiled else [trial.plain, trial.core.function]
    for case in trial.sound:
        vector, views = case.parameters.vector(), trial.views(case)
        for function in functions:
            try:
                first = [wanted(function, copied(view), vector) for view in views]
            except Exception:  # compiled only: compiled_is_as_written says so
                continue
            for place in np.random.default_rng(1).permutation(len(views)):
                again = wanted(function, copied(views[place]), vector)
                if again != first[place]:
                    yield (
                        f"{case.name}, {moment(views[place])}: it wants {first[place]}, and asked again after other views "
                        f"{again} (slot, side, tick, pence); keep nothing between calls and draw nothing"
                    )
                    return


def it_touches_only_offers(trial: Trial) -> Iterator[str]:
    """It leaves the view and its parameters as they are."""
    for case in trial.sound:
        for view in trial.views(case):
            vector, shown = case.parameters.vector(), copied(view)
            wanted(trial.plain, shown, vector)
            for name, before, after in zip(View._fields, view, shown, strict=True):
                if not np.array_equal(before, after):
                    yield f"{case.name}, {moment(view)}: it writes into view.{name}; write only offers"
                    return
            if not np.array_equal(vector, case.parameters.vector(), equal_nan=True):
                yield f"{case.name}, {moment(view)}: it writes into its parameters; write only offers"
                return


def it_names_its_moments(trial: Trial) -> Iterator[str]:
    """Between the moments it names it wants the same whatever the time: a replay does not ask it there."""
    for case in trial.sound:
        moments = case.parameters.moments()
        if moments is None:
            continue
        vector = case.parameters.vector()
        edges = sorted(round(each * 1000) for each in (*moments, *case.parameters.window()))
        for view in trial.views(case):
            now = wanted(trial.plain, copied(view), vector)
            for later_ms in _as_quiet(int(view.clock[TO_START_MS]), edges):
                shown = copied(view)
                shown.clock[NOW_MS] += view.clock[TO_START_MS] - later_ms
                shown.clock[TO_START_MS] = later_ms
                if (then := wanted(trial.plain, shown, vector)) != now:
                    yield (
                        f"{case.name}, {moment(view)}: it wants {now}, and of the same view {later_ms / 1000:.3f} s before the "
                        f"start {then} (slot, side, tick, pence); name the second in between in `moments`, or return None"
                    )
                    return


def _as_quiet(to_start_ms: int, edges: list[int]) -> list[int]:
    """The first and the last millisecond before the start that no moment parts from this one."""
    if to_start_ms in edges:
        return []
    before = min((edge for edge in edges if edge > to_start_ms), default=to_start_ms + 60_000)
    after = max((edge for edge in edges if edge < to_start_ms), default=to_start_ms - 60_000)
    return [before - 1, after + 1]


def it_reads_the_touch_only(trial: Trial) -> Iterator[str]:
    """One that says so wants the same whatever stands behind the others' best and was traded: no replay shows it."""
    if not trial.core.touch_only:
        return
    for case in trial.sound:
        vector = case.parameters.vector()
        for view in trial.views(case):
            whole, touch = (wanted(trial.plain, each, vector) for each in (copied(view), _to_the_touch(view)))
            if whole != touch:
                yield (
                    f"{case.name}, {moment(view)}: it wants {whole}, and where nothing but the touch is shown {touch} "
                    "(slot, side, tick, pence); make its Core without `touch_only`"
                )
                return


def _to_the_touch(view: View) -> View:
    shown = copied(view)
    shown.slots[:, SLOT_LAST_TICK], shown.slots[:, SLOT_MATCHED] = -1, 0
    for slot in range(shown.slots.shape[0]):
        for book in (ATB, ATL):
            best = level_of_others(view, slot, book)
            if best >= 0:
                shown.touch[slot, book, best + 1 :] = 0
                shown.touch[slot, book, best + 1 :, TICK_COLUMN] = -1
    return shown


def it_leans_where_it_says(trial: Trial) -> Iterator[str]:
    """Of the sizes at the same prices nothing matters to it but what `leans_at` says: a replay asks when that changes."""
    for case in trial.sound:
        leans_at = case.parameters.leans_at()
        if not trial.core.touch_only or leans_at < 0.0:
            continue
        vector = case.parameters.vector()
        for view in trial.views(case):
            as_shown = wanted(trial.plain, copied(view), vector)
            for changed in _other_sizes(view, leans_at):
                if (other := wanted(trial.plain, changed, vector)) != as_shown:
                    yield (
                        f"{case.name}, {moment(view)}: it wants {as_shown}, and with other sizes at the same prices {other} "
                        "(slot, side, tick, pence); return -1 from `leans_at`"
                    )
                    return


def _other_sizes(view: View, leans_at: float) -> Iterator[View]:
    """Other sizes at the touch, in which none that lean another way for a core that says so much of them matters to it."""
    shown = _leans(view, leans_at)
    for lean in (
        -0.999,
        -leans_at - 0.05 * (1 - leans_at),
        -0.95 * leans_at,
        0.0,
        0.95 * leans_at,
        leans_at + 0.05 * (1 - leans_at),
    ):
        changed = copied(view)
        for slot in range(len(view.slots)):
            for b, share in ((ATB, (1 + lean) / 2), (ATL, (1 - lean) / 2)):
                level = level_of_others(view, slot, b)
                if level >= 0:
                    own = changed.touch[slot, b, level, OWN_COLUMN]
                    changed.touch[slot, b, level, PENCE_COLUMN] = own + max(1, round(share * MOST_PENCE / 2))
        if leans_at >= 1.0 or _leans(changed, leans_at) == shown:
            yield changed


def _leans(view: View, leans_at: float) -> list[int]:
    """Of each slot which way its touch leans: 1, -1, or 0 where not enough to matter."""
    leans = [imbalance(view, slot) for slot in range(len(view.slots))]
    return [int(lean > leans_at) - int(-lean > leans_at) for lean in leans]


def it_does_not_look_ahead(trial: Trial) -> Iterator[str]:
    """A replay of the first part of a market is the first part of the replay, and the same again when repeated."""
    unsafe = (offers_are_possible, it_touches_only_offers, compiled_is_as_written)
    if trial.cannot_be_compiled or any(told for check in unsafe for told in check(trial)):
        return  # the compiled loop trusts its core: one that breaks these may end the process
    for case in trial.sound:
        for markets in trial.practice(case):
            try:
                sentence = _differs(trial, case, markets)
            except Exception as error:
                sentence = f"its replay raises {type(error).__name__} ({error}); mend it"
            if sentence:
                yield f"{case.name}, market {' and '.join(tape.market_id for tape in markets)}: {sentence}"
                return


def _differs(trial: Trial, case: Case, markets: Markets) -> str:
    """Where a replay is not itself when repeated, or a replay of a part not that part of it; empty = nowhere."""
    remedy = "let it know nothing but the view and its parameters"
    whole = trial.replayed(case, markets)
    if whole != trial.replayed(case, markets):
        return f"replayed again it does something else; {remedy}"
    clock = markets[0].message_ms
    for until_ms in (int(clock[len(clock) * 3 // 4 - 1]), int(clock[len(clock) // 2 - 1])):
        seen = trial.replayed(case, tuple(_until(tape, until_ms) for tape in markets)).fills
        if [f for f in seen if f[0] <= until_ms] != [f for f in whole.fills if f[0] <= until_ms]:
            return f"replayed up to {until_ms} (UTC ms) only, it has other fills by then; {remedy}"
    return ""


def _until(tape: Tape, until_ms: int) -> Tape:
    """The tape as it would be had the recording ended then; a first message it keeps."""
    return prefix_of(tape, max(1, int(np.searchsorted(tape.message_ms, until_ms, side="right"))))


PROMISES: Final[dict[str, Callable[[Trial], Iterator[str]]]] = {
    function.__name__: function
    for function in (
        compiles,
        parameters_are_frozen,
        presets_are_valid,
        contradictions_are_refused,
        vector_is_whole,
        offers_are_possible,
        it_wants_something,
        compiled_is_as_written,
        it_keeps_nothing,
        it_touches_only_offers,
        it_names_its_moments,
        it_reads_the_touch_only,
        it_leans_where_it_says,
        it_does_not_look_ahead,
    )
}
"""by name, in the order in which a person wants to hear of them"""
