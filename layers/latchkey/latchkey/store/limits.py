"""Rate limits in DynamoDB: one conditional write checks and counts, so parallel requests cannot exceed a limit."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import MapAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from latchkey import keys, settings, tokens
from latchkey.rules import limits
from latchkey.rules.limits import Limit, Policy, Window
from latchkey.rules.refusals import RateLimited, Refusal, Unavailable
from latchkey.rules.sources import Source
from latchkey.store.batches import Batch, ItemKey
from latchkey.store.dynamodb import OUTAGES, IntegerAttribute, Table, condition_failed

MAX_CONTENTION_TRIES = 12
"""Tries of one request. A try is lost only to another request that is counted, and windows that are replaced together
let at most ten of those win."""
SWEEP_SECONDS = 24 * 3600
"""An item is kept this long after its last window has ended."""
RESERVATION_ID_BYTES = 6
"""An item holds a few hundred ids at most."""


class LimitItem(Table):
    """The windows of all policies that share one scope key."""

    class Meta:
        table_name = settings.load().limits_table

    scope_key = UnicodeAttribute(attr_name="bucket", hash_key=True)
    windows: MapAttribute[str, Any] = MapAttribute()
    revision = IntegerAttribute()
    reservation_ids = UnicodeSetAttribute(attr_name="attempts", null=True)
    """Ids of the requests counted since a window was last opened. botocore resends a write whose response was lost.
    The id makes the second write fail, so that a request counts once."""
    sweep_at = IntegerAttribute()


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request that was counted, and can be released."""

    scope_key: str = field(repr=False)
    id: str
    windows: dict[str, Window]
    """The windows after this request, by the name of their limit."""


@dataclass(slots=True)
class Reservations:
    """The requests that one operation has counted so far. See `reserve`.

    A request that one policy refuses is not counted by the others, except for its source.
    """

    now: int
    _sources: dict[Policy, list[Reservation]] = field(default_factory=dict)
    _others: list[Reservation] = field(default_factory=list)
    _on_undecided: list[Callable[[], None]] = field(default_factory=list)

    def add(self, policy: Policy, subject: str | bytes) -> Reservation:
        """Count one request. Raises as `count` does."""
        return self._add(policy, scope_key(*policy.key, subject))

    def add_for_browser(
        self, policy: Policy, subject: str | bytes, *, known: bool, before_shared: Callable[[], None] = lambda: None
    ) -> Reservation:
        """Count one request against the limit of known browsers if `known`, else against the shared limit.

        Strangers cannot use up the limit of known browsers. When a known browser has reached it, the request counts
        against the shared limit. `before_shared` is called before a request counts there.

        :raises RateLimited: both limits are reached, until the first of them ends, or the cool-down is on.
        """
        known_until = None
        if known and policy.known_browser_key:
            try:
                return self._add(policy, scope_key(*policy.known_browser_key, subject), keep_others=True)
            except RateLimited as limited:
                if limited.limit == limits.RESEND_COOLDOWN.name:
                    self._cancel()
                    raise
                known_until = limited.until
        before_shared()
        try:
            return self.add(policy, subject)
        except RateLimited as limited:
            if limited.limit == limits.RESEND_COOLDOWN.name:
                raise
            raise RateLimited(min(limited.until, known_until or limited.until), limited.limit) from None

    def add_source(self, policy: Policy, source: Source, *, blocked_by: Policy | None = None) -> None:
        """Count one request for a source and for the network around it, once in an operation.

        `blocked_by` is another policy of the same key, which must have room too. The request does not count there.

        :raises RateLimited: a limit of either is reached.
        """
        if policy in self._sources:
            return
        counted = self._sources[policy] = []
        for key, row, blocking in _scopes_of(source, policy, blocked_by):
            counted.append(count(key, row.limits, self.now, blocking.limits if blocking else ()))

    def on_undecided(self, undo: Callable[[], None]) -> None:
        """Call `undo` if an outage leaves the operation undecided, and only then."""
        self._on_undecided.append(undo)

    def release_all(self) -> None:
        """Release everything that was counted so far."""
        self._cancel()
        for counted in self._sources.values():
            release_all(counted)
        self._sources.clear()

    def release_undecided(self) -> None:
        """Release everything, and call what `on_undecided` was given."""
        self.release_all()
        for undo in self._on_undecided:
            with suppress(*OUTAGES):
                undo()

    def _add(self, policy: Policy, key: str, *, keep_others: bool = False) -> Reservation:
        try:
            reservation = count(key, policy.limits, self.now, contended=policy.contended)
        except RateLimited:
            if not keep_others:
                self._cancel()
            raise
        self._others.append(reservation)
        return reservation

    def _cancel(self) -> None:
        release_all(self._others)
        self._others.clear()


@contextmanager
def reserve(now: int, *, also_on: tuple[type[Refusal], ...] = ()) -> Iterator[Reservations]:
    """Yield the reservations of one operation, to be added one by one. `now` is Unix seconds.

    An outage leaves the operation undecided, so everything is released. A refusal keeps what was counted, because a
    refused guess is what the limit is for. Only the refusals in `also_on` release it too.
    """
    reservations = Reservations(now)
    releasing: tuple[type[Exception], ...] = (Unavailable, *also_on, *OUTAGES)
    try:
        yield reservations
    except releasing:
        reservations.release_undecided()
        raise


def count(
    key: str, counted: tuple[Limit, ...], now: int, blocked_by: tuple[Limit, ...] = (), *, contended: bool = False
) -> Reservation:
    """Count one request against every limit of a scope key, or against none, and return it.

    Limits in `blocked_by` must have room too, but the request does not count there. `now` is Unix seconds.

    :raises RateLimited: a limit is reached.
    :raises Unavailable: too many other requests count here at the same moment.
    """
    # One conditional write checks and counts: if we read first, parallel requests would all pass.
    # Usually no window is open, so try that write first. Not for contended scopes, where DynamoDB would refuse it.
    # Windows in mixed states cannot be one expression: read, let rules decide, write if the revision is unchanged.
    # If the item holds our id, an earlier write of ours succeeded and only its response was lost.
    reservation_id = tokens.base64url_encode(tokens.random_id()[:RESERVATION_ID_BYTES])
    if not contended and (reservation := _open_first(key, counted, now, reservation_id)):
        return reservation
    for _ in range(MAX_CONTENTION_TRIES):
        if len(counted) == 1 and (reservation := _increment(key, counted, now, blocked_by, reservation_id)):
            return reservation
        item = _get(key)
        windows = _windows(item)
        if item and reservation_id in (item.reservation_ids or ()):
            return Reservation(key, reservation_id, {limit.name: windows[limit.name] for limit in counted})
        after = limits.after_one_more(windows, counted, now, blocked_by)
        if all(windows.get(name) and windows[name].is_open(now) for name in after):
            if reservation := _increment(key, counted, now, blocked_by, reservation_id):
                return reservation
        elif _replace_windows(key, item, windows | after, reservation_id):
            return Reservation(key, reservation_id, after)
    raise Unavailable


def count_source(policy: Policy, source: Source, now: int) -> None:
    """Count one request for a source and for the network around it. Raises as `Reservations.add_source` does."""
    Reservations(now).add_source(policy, source)


def scope_key(*parts: str | bytes) -> str:
    """Return the key of the item that counts a scope. The scope is not readable in it.

    :raises Unavailable: `LookupKey` cannot be read.
    """
    return tokens.opaque_key(keys.lookup(), *parts)


def item_keys(policy: Policy, subject: str | bytes) -> Iterator[tuple[type[LimitItem], ItemKey]]:
    """Yield the tables and keys of the items that count a subject, to read them with other items.

    :raises Unavailable: `LookupKey` cannot be read.
    """
    for key in (policy.key, policy.known_browser_key):
        if key:
            yield LimitItem, (scope_key(*key, subject),)


def blocked_until(batch: Batch, policy: Policy, subject: str | bytes, now: int) -> tuple[int | None, int | None]:
    """Return the times until which a policy locks out unknown browsers and known browsers: Unix seconds, or None.

    The batch has the items of `item_keys`. Nothing is counted. The cool-down after a request is no lock.
    """
    lasting = tuple(limit for limit in policy.limits if limit is not limits.RESEND_COOLDOWN)

    def until(key: tuple[str, ...]) -> int | None:
        try:
            limits.check(_windows(batch.get(LimitItem, scope_key(*key, subject))), lasting, now)
        except RateLimited as limited:
            return limited.until
        return None

    shared = until(policy.key)
    if shared is None or policy.known_browser_key is None:
        return shared, shared
    known = until(policy.known_browser_key)
    # a known browser whose own limit is reached counts with all others, so it waits for the earlier of the two
    return shared, min(shared, known) if known else None


def release(reservation: Reservation) -> None:
    """Take one request out of its windows, once, unless they have been opened again since."""
    actions: list[Action] = [LimitItem.revision.add(1), LimitItem.reservation_ids.delete({reservation.id})]
    actions += [_path(name, "count").set(_path(name, "count") - 1) for name in reservation.windows]
    try:
        LimitItem(reservation.scope_key).upsert(actions, condition=LimitItem.reservation_ids.contains(reservation.id))
    except UpdateError as error:
        if not condition_failed(error):
            raise


def release_all(reservations: Iterable[Reservation]) -> None:
    """Release every reservation. Ignore outages: a reservation that cannot be released expires with its window."""
    for reservation in reservations:
        with suppress(*OUTAGES):
            release(reservation)


def _scopes_of(
    source: Source, policy: Policy, blocked_by: Policy | None
) -> Iterator[tuple[str, Policy, Policy | None]]:
    yield scope_key(*policy.key, source.subscriber), policy, blocked_by
    if source.network and policy.network:
        yield scope_key(*policy.network.key, source.network), policy.network, blocked_by and blocked_by.network


def _increment(
    key: str, counted: tuple[Limit, ...], now: int, blocked_by: tuple[Limit, ...], reservation_id: str
) -> Reservation | None:
    """Count in open windows. Return None if one is closed or full, or if the request was counted already."""
    condition: Condition = ~LimitItem.reservation_ids.contains(reservation_id)
    actions: list[Action] = [LimitItem.revision.add(1), LimitItem.reservation_ids.add({reservation_id})]
    for limit in counted:
        condition &= (_path(limit.name, "ends") > now) & (_path(limit.name, "count") < limit.max_count)
        actions.append(_path(limit.name, "count").set(_path(limit.name, "count") + 1))
    for limit in blocked_by:
        ended = _path(limit.name, "ends").does_not_exist() | (_path(limit.name, "ends") <= now)
        condition &= ended | (_path(limit.name, "count") < limit.max_count)
    item = LimitItem(key)
    try:
        item.update(actions, condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            return None
        raise
    windows = _windows(item)
    return Reservation(key, reservation_id, {limit.name: windows[limit.name] for limit in counted})


def _open_first(key: str, counted: tuple[Limit, ...], now: int, reservation_id: str) -> Reservation | None:
    """Count where no window is open. Return None if one is."""
    windows = limits.after_one_more({}, counted, now)
    none_open = LimitItem.scope_key.does_not_exist() | (LimitItem.sweep_at <= now + SWEEP_SECONDS)
    written = _put_windows(key, windows, none_open, reservation_id)
    return Reservation(key, reservation_id, windows) if written else None


def _replace_windows(key: str, before: LimitItem | None, windows: dict[str, Window], reservation_id: str) -> bool:
    """Write the windows that the rule decided on. Return False if the item has changed since it was read."""
    unchanged = LimitItem.scope_key.does_not_exist() if before is None else LimitItem.revision == before.revision
    return _put_windows(key, windows, unchanged, reservation_id)


def _put_windows(key: str, windows: dict[str, Window], condition: Condition, reservation_id: str) -> bool:
    """Write these windows in place of all others. Return False if the condition failed."""
    try:
        LimitItem(key).upsert(
            [
                LimitItem.windows.set({name: {"count": w.count, "ends": w.ends_at} for name, w in windows.items()}),
                LimitItem.revision.set((LimitItem.revision | 0) + 1),
                LimitItem.reservation_ids.set({reservation_id}),
                LimitItem.sweep_at.set(max(window.ends_at for window in windows.values()) + SWEEP_SECONDS),
            ],
            condition=condition,
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


def _get(key: str) -> LimitItem | None:
    try:
        return LimitItem.get(key, consistent_read=True)
    except LimitItem.DoesNotExist:
        return None


def _windows(item: LimitItem | None) -> dict[str, Window]:
    if item is None:
        return {}
    return {name: Window(int(w["count"]), int(w["ends"])) for name, w in item.windows.as_dict().items()}


def _path(limit: str, part: str) -> Path:
    """Return the path of a window's number. SET changes it: DynamoDB documents ADD for top-level attributes only."""
    return Path(["windows", limit, part])
