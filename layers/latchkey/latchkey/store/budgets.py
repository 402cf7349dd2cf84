"""Budgets: counted in the very write that asks, so that no number of requests at once gets one more."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from latchkey import keys, settings, tokens
from latchkey.rules import budgets, sources
from latchkey.rules.budgets import Limit, Window
from latchkey.rules.refusals import Unavailable, Waiting
from latchkey.store.tables import OUTAGES, Table, unmet

TURNS = 12
"""Tries at a contended budget. Each turn lost is one that another request won, and no limit that has to be
re-opened together with others lets more than ten win."""
SWEEP_SECONDS = 24 * 3600
"""How long a budget is kept after its last window has ended."""
ATTEMPT_BYTES = 6
"""Of what names an attempt among the few hundred of one item."""


class BudgetItem(Table):
    """What is used of the limits counted together for one source, address or practice."""

    class Meta:
        table_name = settings.load().budgets_table

    bucket = UnicodeAttribute(hash_key=True)
    windows: MapAttribute[str, Any] = MapAttribute()
    revision = NumberAttribute()
    attempts = UnicodeSetAttribute(null=True)
    """Those counted since a window was last opened, but for those given back. botocore sends a write again whose
    answer was lost: here it finds what it did the first time, and is refused."""
    sweep_at = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Taken:
    """An attempt that was counted, so that it can be given back."""

    bucket: str = field(repr=False)
    attempt: str
    windows: dict[str, Window]
    """Each limit's, with this attempt."""


@dataclass(slots=True)
class Reservation:
    """What one act has counted so far.

    It ends in one of three ways: what was right is released, what was wrong is kept, and what stays undecided because
    something failed is released.
    """

    _counted: list[Taken] = field(default_factory=list)
    _if_undecided: list[Callable[[], None]] = field(default_factory=list)

    def take(self, bucket: str, limits: tuple[Limit, ...], now: int, *, busy: bool = False) -> Taken:
        """Count as `take` does. Raises as it does."""
        taken = take(bucket, limits, now, busy=busy)
        self._counted.append(taken)
        return taken

    def take_by_source(
        self, source: str, near: Limit, far: Limit, now: int, unless: tuple[Limit, Limit] | tuple[()] = (), *, road: str
    ) -> None:
        """Count as `take_by_source` does. Raises as it does."""
        for bucket, limit, others in _by_source(source, near, far, unless, road):
            self._counted.append(take(bucket, (limit,), now, others))

    def take_known_first(
        self,
        known: str | None,
        ordinary: str,
        limits: tuple[Limit, ...],
        now: int,
        *,
        otherwise: Callable[[], None] = lambda: None,
        busy: bool = False,
    ) -> Taken:
        """Count in the `known` bucket. Where that is full, or there is none, do `otherwise` and count in the ordinary
        one.

        :raises Waiting: both are full, until the first of them is not; or someone has just asked.
        """
        known_until = None
        if known:
            try:
                return self.take(known, limits, now, busy=busy)
            except Waiting as waiting:
                if waiting.limit == budgets.JUST_ASKED.name:
                    raise
                known_until = waiting.until
        otherwise()
        try:
            return self.take(ordinary, limits, now, busy=busy)
        except Waiting as waiting:
            if waiting.limit == budgets.JUST_ASKED.name:
                raise
            raise Waiting(min(waiting.until, known_until or waiting.until), waiting.limit) from None

    def if_undecided(self, undo: Callable[[], None]) -> None:
        """Have something else undone if the act stays undecided, and only then."""
        self._if_undecided.append(undo)

    def give_back(self, taken: Taken) -> None:
        """Uncount one attempt that came to nothing, and keep the others."""
        self._counted.remove(taken)
        give_back_all([taken])

    def release(self) -> None:
        """Uncount everything."""
        give_back_all(self._counted)
        self._counted.clear()

    def undo(self) -> None:
        """Uncount everything, and what is undone only if the act stays undecided."""
        self.release()
        for undo in self._if_undecided:
            with suppress(*OUTAGES):
                undo()


@contextmanager
def reservation() -> Iterator[Reservation]:
    """A reservation that is released if what it is for stays undecided: an outage uses up nothing."""
    reserved = Reservation()
    try:
        yield reserved
    except (Unavailable, *OUTAGES):
        reserved.undo()
        raise


def take(
    bucket: str, limits: tuple[Limit, ...], now: int, unless: tuple[Limit, ...] = (), *, busy: bool = False
) -> Taken:
    """Count one attempt against every limit, or against none.

    It is one write where nobody has counted for a while, as for most people; or, in a bucket said to be `busy`, where
    the one limit's window is open. Otherwise the item is read, the rule decides, and the write holds only if nothing
    came in between. `unless` are limits of the same bucket that must not be full, and are not counted.

    :raises Waiting: a limit is full.
    :raises Unavailable: too many others are counting here.
    """
    attempt = tokens.encode(tokens.request_id()[:ATTEMPT_BYTES])
    if not busy and (taken := _begin(bucket, limits, now, attempt)):
        return taken
    for _ in range(TURNS):
        if len(limits) == 1 and (taken := _add(bucket, limits, now, unless, attempt)):
            return taken
        item = _read(bucket)
        windows = _windows(item)
        if item and attempt in (item.attempts or ()):
            return Taken(bucket, attempt, {limit.name: windows[limit.name] for limit in limits})
        budgets.check(windows, (*unless, *limits), now)
        counted = budgets.count(windows, limits, now)
        if all(windows.get(name) and windows[name].open(now) for name in counted):
            if taken := _add(bucket, limits, now, unless, attempt):
                return taken
        elif _open(bucket, item, windows | counted, attempt):
            return Taken(bucket, attempt, counted)
    raise Unavailable


def take_by_source(
    source: str, near: Limit, far: Limit, now: int, unless: tuple[Limit, Limit] | tuple[()] = (), *, road: str
) -> None:
    """Count one attempt for where it comes from: the subscriber's own network, and the wider one around it.

    `unless` are a near and a far limit that must not be full, and are not counted. Each `road` is counted in buckets
    of its own, so that asking for a link does not make opening it dearer.

    :raises Waiting: either is full.
    """
    Reservation().take_by_source(source, near, far, now, unless, road=road)


def bucket_of(*who: str | bytes) -> str:
    """Where the attempts of someone or somewhere are counted; the key does not tell who or where.

    :raises Unavailable: the key for it cannot be read.
    """
    return tokens.bucket(keys.lookup(), *who)


def full_until(bucket: str, limits: tuple[Limit, ...], now: int) -> int | None:
    """When the next attempt is possible (Unix seconds) if one of these limits is full; nothing is counted."""
    try:
        budgets.check(_windows(_read(bucket)), limits, now)
    except Waiting as waiting:
        return waiting.until
    return None


def give_back(taken: Taken) -> None:
    """Uncount an attempt that came to nothing, once, and unless its windows have moved on since."""
    actions: list[Action] = [BudgetItem.revision.add(1), BudgetItem.attempts.delete({taken.attempt})]
    actions += [_path(name, "count").set(_path(name, "count") - 1) for name in taken.windows]
    try:
        BudgetItem(taken.bucket).write(actions, condition=BudgetItem.attempts.contains(taken.attempt))
    except UpdateError as error:
        if not unmet(error):
            raise


def give_back_all(taken: Iterable[Taken]) -> None:
    """Uncount attempts, each for itself. Nobody is kept waiting for one that cannot be: it ends by itself."""
    for count in taken:
        with suppress(*OUTAGES):
            give_back(count)


def _by_source(
    source: str, near: Limit, far: Limit, unless: tuple[Limit, ...], road: str
) -> Iterator[tuple[str, Limit, tuple[Limit, ...]]]:
    """The buckets of a source, each with its limit and the one that must not be full there."""
    own, around = sources.networks(source)
    yield bucket_of("source", road, own), near, unless[:1]
    if around:
        yield bucket_of("network", road, around), far, unless[1:]


def _add(bucket: str, limits: tuple[Limit, ...], now: int, unless: tuple[Limit, ...], attempt: str) -> Taken | None:
    """Count in windows that are open and have room; None if some window is not so, or it was counted already."""
    condition: Condition = ~BudgetItem.attempts.contains(attempt)
    actions: list[Action] = [BudgetItem.revision.add(1), BudgetItem.attempts.add({attempt})]
    for limit in limits:
        condition &= (_path(limit.name, "ends") > now) & (_path(limit.name, "count") < limit.most)
        actions.append(_path(limit.name, "count").set(_path(limit.name, "count") + 1))
    for limit in unless:
        ended = _path(limit.name, "ends").does_not_exist() | (_path(limit.name, "ends") <= now)
        condition &= ended | (_path(limit.name, "count") < limit.most)
    item = BudgetItem(bucket)
    try:
        item.update(actions, condition=condition)
    except UpdateError as error:
        if unmet(error):
            return None
        raise
    windows = _windows(item)
    return Taken(bucket, attempt, {limit.name: windows[limit.name] for limit in limits})


def _begin(bucket: str, limits: tuple[Limit, ...], now: int, attempt: str) -> Taken | None:
    """Count where no window is open; None if one is."""
    windows = budgets.count({}, limits, now)
    nobody = BudgetItem.bucket.does_not_exist() | (BudgetItem.sweep_at <= now + SWEEP_SECONDS)
    return Taken(bucket, attempt, windows) if _write(bucket, windows, nobody, attempt) else None


def _open(bucket: str, seen: BudgetItem | None, windows: dict[str, Window], attempt: str) -> bool:
    """Write windows that the rule decided on; False if the item is no longer as it was seen."""
    same = BudgetItem.bucket.does_not_exist() if seen is None else BudgetItem.revision == seen.revision
    return _write(bucket, windows, same, attempt)


def _write(bucket: str, windows: dict[str, Window], condition: Condition, attempt: str) -> bool:
    """Write these windows and no others, if the condition holds."""
    try:
        BudgetItem(bucket).write(
            [
                BudgetItem.windows.set({name: {"count": w.count, "ends": w.ends} for name, w in windows.items()}),
                BudgetItem.revision.set((BudgetItem.revision | 0) + 1),
                BudgetItem.attempts.set({attempt}),
                BudgetItem.sweep_at.set(max(window.ends for window in windows.values()) + SWEEP_SECONDS),
            ],
            condition=condition,
        )
    except UpdateError as error:
        if unmet(error):
            return False
        raise
    return True


def _read(bucket: str) -> BudgetItem | None:
    try:
        return BudgetItem.get(bucket, consistent_read=True)
    except BudgetItem.DoesNotExist:
        return None


def _windows(item: BudgetItem | None) -> dict[str, Window]:
    if item is None:
        return {}
    return {name: Window(int(w["count"]), int(w["ends"])) for name, w in item.windows.as_dict().items()}


def _path(limit: str, part: str) -> Path:
    """A nested number. It is changed by SET: DynamoDB documents ADD for top-level attributes only."""
    return Path(["windows", limit, part])
