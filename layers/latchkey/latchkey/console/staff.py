"""The members of a practice: who may act, with their roles."""

import re

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.identity import user_pool
from latchkey.rules.members import MEMBER_ROLES, Member, Role
from latchkey.rules.refusals import BodyInvalid, RecordNotFound
from latchkey.usecases import members

routes = ConsoleRoutes()

MEMBERS_A_PAGE = 100
SUBJECT = re.compile(r"[A-Za-z0-9._~:@|+=-]{1,128}")


@routes.get("/staff", members.list_members, members.add_member)
def staff_page(current: Current) -> Response:
    """Show the members, and the form for another one."""
    page = members.list_members(current.context, current.query("after") or None, MEMBERS_A_PAGE)
    return render.signed_in_page(
        current,
        "staff.html",
        members=page.entries,
        next_id=page.next_id,
        roles=[role.name.lower() for role in MEMBER_ROLES],
        typed=current.values(person_name="", email="", subject="", role=Role.CLINICIAN.name.lower()),
        has_pool=user_pool.has_pool(),
        done=current.query("done"),
    )


@routes.form("/staff", members.add_member, members.list_members, page=staff_page)
def add_member(current: Current) -> Response:
    """Invite a colleague by email, or make a person of another provider a member."""
    form = current.form
    members.add_member(
        current.context,
        _role(form.text("role")),
        email=form.text("email") or None,
        subject=_subject(form.text("subject")) if form.text("subject") else None,
        name=form.checked_text("person_name", "name"),
    )
    return see_other(f"{current.home}/staff?done=added")


@routes.get("/staff/{subject}", members.list_members)
def member_page(current: Current) -> Response:
    """Show a member, with the form that changes the role or removes them."""
    return render.signed_in_page(
        current,
        "member.html",
        member=_member(current),
        roles=[role.name.lower() for role in MEMBER_ROLES],
        has_pool=user_pool.has_pool(),
    )


@routes.form("/staff/{subject}", members.set_member, members.remove_member, members.list_members, page=member_page)
def change_member(current: Current) -> Response:
    """Change a member's role, or remove them. Their next press is refused."""
    member = _member(current)
    if current.form.is_checked("remove"):
        members.remove_member(current.context, member.subject)
        return see_other(f"{current.home}/staff?done=removed")
    members.set_member(current.context, member.subject, _role(current.form.text("role")), member.name)
    return see_other(f"{current.home}/staff?done=saved")


@routes.get("/staff/{subject}/start-over", members.start_over, members.list_members)
def start_over_page(current: Current) -> Response:
    """Say what a new sign-in of a member ends."""
    return render.signed_in_page(current, "start_over.html", member=_member(current))


@routes.form("/staff/{subject}/start-over", members.start_over, members.list_members, page=start_over_page)
def start_over(current: Current) -> Response:
    """Give a member who cannot sign in a new sign-in."""
    members.start_over(current.context, _member(current).subject)
    return see_other(f"{current.home}/staff?done=started_over")


def _member(current: Current) -> Member:
    """Return the member in the path.

    :raises RecordNotFound: the practice has no such member.
    """
    subject = current.parameter("subject")
    if not SUBJECT.fullmatch(subject):
        raise RecordNotFound
    after = None
    while True:
        page = members.list_members(current.context, after, MEMBERS_A_PAGE)
        for member in page.entries:
            if member.subject == subject:
                return member
        if page.next_id is None:
            raise RecordNotFound
        after = page.next_id


def _subject(text: str) -> str:
    if not SUBJECT.fullmatch(text):
        raise BodyInvalid((("subject", "characters"),))
    return text


def _role(name: str) -> Role:
    role = next((role for role in MEMBER_ROLES if role.name.lower() == name), None)
    if role is None:
        raise BodyInvalid
    return role
