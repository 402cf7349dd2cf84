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
from latchkey.rules import limits, sources
from latchkey.rules.limits import Limit, Window
from latchkey.rules.refusals import RateLimited, Unavailable
from latchkey.store.dynamodb import OUTAGES, Table, condition_failed

MAX_CONTENTION_TRIES = 12
"""Tries at a contended budget. Each turn lost is one that another request won, and no limit that has to be
re-opened together with others lets more than ten win."""
SWEEP_SECONDS = 24 * 3600
"""How long a budget is kept after its last window has ended."""
ATTEMPT_BYTES = 6
"""Of what names an attempt among the few hundred of one item."""


class LimitItem(Table):
    """What is used of the policies counted together for one source, address or practice."""

    class Meta:
        table_name = settings.load().limits_table

    scope_key = UnicodeAttribute(attr_name="bucket", hash_key=True)
    windows: MapAttribute[str, Any] = MapAttribute()
    revision = NumberAttribute()
    reservation_ids = UnicodeSetAttribute(attr_name="attempts", null=True)
    """Those counted since a window was last opened, but for those given back. botocore sends a write again whose
    answer was lost: here it finds what it did the first time, and is refused."""
    sweep_at = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt that was counted, so that it can be given back."""

    scope_key: str = field(repr=False)
    id: str
    windows: dict[str, Window]
    """Each limit's, with this attempt."""


@dataclass(slots=True)
class Reservations:
    """What one act has counted so far.

    It ends in one of three ways: what was right is released, what was wrong is kept, and what stays undecided because
    something failed is released.
    """

    _counted: list[Reservation] = field(default_factory=list)
    _if_undecided: list[Callable[[], None]] = field(default_factory=list)

    def reserve(self, bucket: str, policies: tuple[Limit, ...], now: int, *, busy: bool = False) -> Reservation:
        """Count as `take` does. Raises as it does."""
        taken = reserve(bucket, policies, now, busy=busy)
        self._counted.append(taken)
        return taken

    def reserve_source(
        self, source: str, near: Limit, far: Limit, now: int, unless: tuple[Limit, Limit] | tuple[()] = (), *, road: str
    ) -> None:
        """Count as `take_by_source` does. Raises as it does."""
        for bucket, limit, others in _by_source(source, near, far, unless, road):
            self._counted.append(reserve(bucket, (limit,), now, others))

    def reserve_known_first(
        self,
        known: str | None,
        ordinary: str,
        policies: tuple[Limit, ...],
        now: int,
        *,
        otherwise: Callable[[], None] = lambda: None,
        busy: bool = False,
    ) -> Reservation:
        """Count in the `known` bucket. Where that is full, or there is none, do `otherwise` and count in the ordinary
        one.

        :raises Waiting: both are full, until the first of them is not; or someone has just asked.
        """
        known_until = None
        if known:
            try:
                return self.reserve(known, policies, now, busy=busy)
            except RateLimited as waiting:
                if waiting.limit == limits.RESEND_COOLDOWN.name:
                    raise
                known_until = waiting.until
        otherwise()
        try:
            return self.reserve(ordinary, policies, now, busy=busy)
        except RateLimited as waiting:
            if waiting.limit == limits.RESEND_COOLDOWN.name:
                raise
            raise RateLimited(min(waiting.until, known_until or waiting.until), waiting.limit) from None

    def on_undecided(self, undo: Callable[[], None]) -> None:
        """Have something else undone if the act stays undecided, and only then."""
        self._if_undecided.append(undo)

    def release(self, taken: Reservation) -> None:
        """Uncount one attempt that came to nothing, and keep the others."""
        self._counted.remove(taken)
        release_all([taken])

    def release_all(self) -> None:
        """Uncount everything."""
        release_all(self._counted)
        self._counted.clear()

    def release_undecided(self) -> None:
        """Uncount everything, and what is undone only if the act stays undecided."""
        self.release_all()
        for undo in self._if_undecided:
            with suppress(*OUTAGES):
                undo()


@contextmanager
def reservations() -> Iterator[Reservations]:
    """A reservation that is released if what it is for stays undecided: an outage uses up nothing."""
    reserved = Reservations()
    try:
        yield reserved
    except (Unavailable, *OUTAGES):
        reserved.release_undecided()
        raise


def reserve(
    bucket: str, policies: tuple[Limit, ...], now: int, unless: tuple[Limit, ...] = (), *, busy: bool = False
) -> Reservation:
    """Count one attempt against every limit, or against none.

    It is one write where nobody has counted for a while, as for most people; or, in a bucket said to be `busy`, where
    the one limit's window is open. Otherwise the item is read, the rule decides, and the write holds only if nothing
    came in between. `unless` are policies of the same bucket that must not be full, and are not counted.

    :raises Waiting: a limit is full.
    :raises Unavailable: too many others are counting here.
    """
    attempt = tokens.base64url_encode(tokens.random_id()[:ATTEMPT_BYTES])
    if not busy and (taken := _open_first(bucket, policies, now, attempt)):
        return taken
    for _ in range(MAX_CONTENTION_TRIES):
        if len(policies) == 1 and (taken := _increment(bucket, policies, now, unless, attempt)):
            return taken
        item = _get(bucket)
        windows = _windows(item)
        if item and attempt in (item.reservation_ids or ()):
            return Reservation(bucket, attempt, {limit.name: windows[limit.name] for limit in policies})
        limits.check(windows, (*unless, *policies), now)
        counted = limits.after_one_more(windows, policies, now)
        if all(windows.get(name) and windows[name].is_open(now) for name in counted):
            if taken := _increment(bucket, policies, now, unless, attempt):
                return taken
        elif _replace_windows(bucket, item, windows | counted, attempt):
            return Reservation(bucket, attempt, counted)
    raise Unavailable


def reserve_source(
    source: str, near: Limit, far: Limit, now: int, unless: tuple[Limit, Limit] | tuple[()] = (), *, road: str
) -> None:
    """Count one attempt for where it comes from: the subscriber's own network, and the wider one around it.

    `unless` are a near and a far limit that must not be full, and are not counted. Each `road` is counted in buckets
    of its own, so that asking for a link does not make opening it dearer.

    :raises Waiting: either is full.
    """
    Reservations().reserve_source(source, near, far, now, unless, road=road)


def scope_key(*who: str | bytes) -> str:
    """Where the attempts of someone or somewhere are counted; the key does not tell who or where.

    :raises Unavailable: the key for it cannot be read.
    """
    return tokens.opaque_key(keys.lookup(), *who)


def blocked_until(bucket: str, policies: tuple[Limit, ...], now: int) -> int | None:
    """When the next attempt is possible (Unix seconds) if one of these policies is full; nothing is counted."""
    try:
        limits.check(_windows(_get(bucket)), policies, now)
    except RateLimited as waiting:
        return waiting.until
    return None


def release(taken: Reservation) -> None:
    """Uncount an attempt that came to nothing, once, and unless its windows have moved on since."""
    actions: list[Action] = [LimitItem.revision.add(1), LimitItem.reservation_ids.delete({taken.id})]
    actions += [_path(name, "count").set(_path(name, "count") - 1) for name in taken.windows]
    try:
        LimitItem(taken.scope_key).upsert(actions, condition=LimitItem.reservation_ids.contains(taken.id))
    except UpdateError as error:
        if not condition_failed(error):
            raise


def release_all(taken: Iterable[Reservation]) -> None:
    """Uncount attempts, each for itself. Nobody is kept waiting for one that cannot be: it ends by itself."""
    for count in taken:
        with suppress(*OUTAGES):
            release(count)


def _by_source(
    source: str, near: Limit, far: Limit, unless: tuple[Limit, ...], road: str
) -> Iterator[tuple[str, Limit, tuple[Limit, ...]]]:
    """The buckets of a source, each with its limit and the one that must not be full there."""
    own, around = sources.networks(source)
    yield scope_key("source", road, own), near, unless[:1]
    if around:
        yield scope_key("network", road, around), far, unless[1:]


def _increment(
    bucket: str, policies: tuple[Limit, ...], now: int, unless: tuple[Limit, ...], attempt: str
) -> Reservation | None:
    """Count in windows that are open and have room; None if some window is not so, or it was counted already."""
    condition: Condition = ~LimitItem.reservation_ids.contains(attempt)
    actions: list[Action] = [LimitItem.revision.add(1), LimitItem.reservation_ids.add({attempt})]
    for limit in policies:
        condition &= (_path(limit.name, "ends") > now) & (_path(limit.name, "count") < limit.max_count)
        actions.append(_path(limit.name, "count").set(_path(limit.name, "count") + 1))
    for limit in unless:
        ended = _path(limit.name, "ends").does_not_exist() | (_path(limit.name, "ends") <= now)
        condition &= ended | (_path(limit.name, "count") < limit.max_count)
    item = LimitItem(bucket)
    try:
        item.update(actions, condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            return None
        raise
    windows = _windows(item)
    return Reservation(bucket, attempt, {limit.name: windows[limit.name] for limit in policies})


def _open_first(bucket: str, policies: tuple[Limit, ...], now: int, attempt: str) -> Reservation | None:
    """Count where no window is open; None if one is."""
    windows = limits.after_one_more({}, policies, now)
    nobody = LimitItem.scope_key.does_not_exist() | (LimitItem.sweep_at <= now + SWEEP_SECONDS)
    return Reservation(bucket, attempt, windows) if _write(bucket, windows, nobody, attempt) else None


def _replace_windows(bucket: str, seen: LimitItem | None, windows: dict[str, Window], attempt: str) -> bool:
    """Write windows that the rule decided on; False if the item is no longer as it was seen."""
    same = LimitItem.scope_key.does_not_exist() if seen is None else LimitItem.revision == seen.revision
    return _write(bucket, windows, same, attempt)


def _write(bucket: str, windows: dict[str, Window], condition: Condition, attempt: str) -> bool:
    """Write these windows and no others, if the condition holds."""
    try:
        LimitItem(bucket).upsert(
            [
                LimitItem.windows.set({name: {"count": w.count, "ends": w.ends_at} for name, w in windows.items()}),
                LimitItem.revision.set((LimitItem.revision | 0) + 1),
                LimitItem.reservation_ids.set({attempt}),
                LimitItem.sweep_at.set(max(window.ends_at for window in windows.values()) + SWEEP_SECONDS),
            ],
            condition=condition,
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


def _get(bucket: str) -> LimitItem | None:
    try:
        return LimitItem.get(bucket, consistent_read=True)
    except LimitItem.DoesNotExist:
        return None


def _windows(item: LimitItem | None) -> dict[str, Window]:
    if item is None:
        return {}
    return {name: Window(int(w["count"]), int(w["ends"])) for name, w in item.windows.as_dict().items()}


def _path(limit: str, part: str) -> Path:
    """A nested number. It is changed by SET: DynamoDB documents ADD for top-level attributes only."""
    return Path(["windows", limit, part])
