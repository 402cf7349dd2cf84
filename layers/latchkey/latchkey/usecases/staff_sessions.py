"""Sign-in and sign-out of clinicians in the console.

These are not use cases, because they run before any membership is checked. Only the console calls them.
"""

from latchkey import tokens
from latchkey.rules.events import Event, EventKind
from latchkey.rules.refusals import NotAMember
from latchkey.rules.staff import StaffPerson, StaffSession
from latchkey.rules.times import Millis
from latchkey.store import events, members, staff_sessions
from latchkey.store.staff_sessions import StaffAccess
from latchkey.usecases.context import PRACTICE_AUDIT_KEY
from latchkey.usecases.members import MAX_MEMBERSHIPS


def start(person: StaffPerson, replaces: str | None, now_ms: Millis, support_code: str) -> str:
    """Start a session, and return its cookie value. Bring the person's name up to date at their practices.

    `replaces` is the cookie of the session that the browser had. It ends.

    :raises NotAMember: the person is a member of no practice. Nothing is created.
    """
    memberships = members.memberships_of(person.subject, MAX_MEMBERSHIPS)
    if not memberships:
        raise NotAMember(person.subject)
    for member in memberships:
        members.record_sign_in(member, person, now_ms // 1000)
        _audit(member.practice, EventKind.STAFF_SIGNED_IN, person.subject, now_ms, support_code)
    name = person.name or next((member.name for member in memberships if member.name), None)
    cookie = tokens.new_staff_cookie(person.subject)
    staff_sessions.start(StaffPerson(person.subject, name, person.email), cookie, replaces, now_ms // 1000)
    return cookie


def require(
    cookie: str | None, slug: str | None, now: int, *, is_activity: bool, client_ids: tuple[str, ...] = ()
) -> StaffAccess:
    """Return the live session of a cookie value with the person's role, and clients of the practice by these ids.

    `now` is Unix seconds.

    :raises SignedOut: there is no live session.
    """
    return staff_sessions.read(cookie, slug, now, is_activity=is_activity, client_ids=client_ids)


def end(session: StaffSession, cookie: str, now_ms: Millis, support_code: str) -> None:
    """End a session, and write an audit event at each of the person's practices."""
    for member in members.memberships_of(session.subject, MAX_MEMBERSHIPS):
        _audit(member.practice, EventKind.STAFF_SIGNED_OUT, session.subject, now_ms, support_code)
    staff_sessions.end(cookie)


def _audit(practice: str, kind: EventKind, subject: str, now_ms: Millis, support_code: str) -> None:
    events.append(Event(practice, PRACTICE_AUDIT_KEY, kind, now_ms, actor=subject, support_code=support_code))
