"""One market as its stream last described it: what a live bot keeps between messages. Plain Python, no kernels.

Money is pence, odds are ladder ticks, time is UTC ms. Runners are numbered in the order the stream first named them, as on a
tape. A message's entries are merged as the import does it, so that a bot sees the ladders a tape has; a test holds them equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from simcore.dtypes import INACTIVE, OPEN
from simcore.errors import RecordingError
from simcore.streams.definition import STATUSES, check_ladder, epoch_ms
from simcore.streams.messages import MarketChange, MarketDefinition, Message, RunnerChange, images_apart
from simcore.streams.reader import ReadReport, read_messages
from simcore.streams.runner import RunnerState, UnsupportedMarketError, take_entries
from simcore.streams.sources import BROKEN, find_sources, lines_of, unpack

RunnerKey = tuple[int, float]
"""selection id and handicap"""


class LiveMarket:
    """The state of one market. `start_ms` is None until a definition told the advertised start.

    runners : (selection id, handicap) -> state, in first-seen order;  names : where the stream has them
    gone    : indices of withdrawn runners
    """

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.definition: MarketDefinition | None = None
        self.runners: dict[RunnerKey, RunnerState] = {}
        self.names: dict[RunnerKey, str] = {}
        self.gone: set[int] = set()
        self.status = INACTIVE
        self.in_play = False
        self.start_ms: int | None = None
        self.published_ms = 0
        self._full_ladder = False
        self._levels = False

    @property
    def is_open(self) -> bool:
        return self.status == OPEN

    def runner(self, index: int) -> RunnerState:
        return self.runners[self.key(index)]

    def key(self, index: int) -> RunnerKey:
        return list(self.runners)[index]

    def apply(self, changes: Sequence[MarketChange], published_ms: int) -> None:
        """Take over one message's entries of this market. Raises RecordingError for a price ladder that is not CLASSIC."""
        self.published_ms = max(self.published_ms, published_ms)
        try:
            for run in images_apart(list(changes)):
                self._apply(run)
        except UnsupportedMarketError as reason:
            raise RecordingError(f"market {self.market_id} cannot be traded: {reason}; leave it out") from reason

    def _apply(self, changes: list[MarketChange]) -> None:
        entries = [entry for change in changes for entry in change.rc or ()]
        switched = self._switches(entries)
        anew = switched or any(change.img for change in changes)
        for change in changes:
            if change.definition is not None:
                self._define(change.definition)
        by_runner: dict[RunnerKey, list[RunnerChange]] = {}
        for entry in entries:
            by_runner.setdefault((entry.id, entry.hc or 0.0), []).append(entry)
        if anew:
            for key in self.runners:
                by_runner.setdefault(key, [])
        for key, named in by_runner.items():
            take_entries(self._state(key), named, image=anew, full=self._full_ladder)

    def _switches(self, entries: list[RunnerChange]) -> bool:
        """Note which ladder the stream carries; True where a full one shows up after best offers: the state starts anew."""
        if not self._full_ladder and any(entry.atb or entry.atl for entry in entries):
            self._full_ladder = True
            return self._levels
        self._levels |= not self._full_ladder and any(entry.batb or entry.batl for entry in entries)
        return False

    def _define(self, definition: MarketDefinition) -> None:
        check_ladder(definition)
        self.definition = definition
        self.status = STATUSES.get(definition.status or "OPEN", INACTIVE)
        self.in_play = bool(definition.in_play)
        if definition.market_time:
            self.start_ms = epoch_ms(definition.market_time)
        for runner in definition.runners or ():
            key = (runner.id, runner.hc or 0.0)
            state = self._state(key)
            self.names[key] = runner.name or ""
            if (runner.status or "").startswith("REMOVED"):
                self.gone.add(state.index)

    def _state(self, key: RunnerKey) -> RunnerState:
        return self.runners.setdefault(key, RunnerState(len(self.runners)))


def messages_of(path: Path) -> Iterator[Message]:
    """The market-change messages of a recording, packed or not, in its order. Raises RecordingError for what is none."""
    if not path.exists():
        raise RecordingError(f"recording {path} does not exist; name a stream file")
    report = ReadReport()
    try:
        for source in find_sources([path]):
            with source.path.open("rb") as file:
                for _, inner in unpack(source.name, file):
                    yield from read_messages(lines_of(inner), report)
    except BROKEN as error:
        raise RecordingError(f"recording {path} breaks off after {report.messages} messages ({error})") from error
    if not report.messages:
        raise RecordingError(f"{path} holds no market change; name a stream file")


def changes_by_market(message: Message) -> dict[str, list[MarketChange]]:
    """A message's entries by market, in its order."""
    found: dict[str, list[MarketChange]] = {}
    for change in message.mc or ():
        found.setdefault(change.id, []).append(change)
    return found
