"""Invitations by email, with the letter as it will go, and sharing."""

from latchkey.console import render
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.forms import SentForm
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules.refusals import Refusal
from latchkey.usecases import access, items
from latchkey.usecases.letters import LetterPreview
from latchkey.usecases.outbox import InvitationRequest

routes = ConsoleRoutes()


@routes.get("/clients/{client}/email", access.read_access, access.invite)
def email_page(current: Current) -> Response:
    """Show the invitation as it will go, or why none can be sent."""
    found = access.read_access(current.context, current.client_id)
    request = invitation_request(current.form)
    letter, refusal = _preview(current, request)
    return render.signed_in_page(
        current,
        "email.html",
        **client_facts(current, found.client, found.own_account),
        letter=letter,
        refusal=type(refusal).__name__ if refusal else None,
        chosen=request.email,
        items=current.value("items"),
        message=current.value("message"),
        subject=current.value("subject"),
    )


@routes.form("/clients/{client}/email", access.invite, access.read_access, page=email_page)
def send_email(current: Current) -> Response:
    """Send the invitation, or show it again with the changes."""
    if current.form.is_checked("preview"):
        return email_page(current)
    access.invite(current.context, current.client_id, invitation_request(current.form))
    return see_other(f"{current.client_path}?done=invited")


@routes.get("/clients/{client}/share", access.read_access)
def share_page(current: Current) -> Response:
    """Show the form for items to share."""
    found = access.read_access(current.context, current.client_id)
    return render.signed_in_page(
        current,
        "share.html",
        **client_facts(current, found.client, found.own_account),
        items=current.value("items"),
        grants_access=None,
    )


@routes.form("/clients/{client}/share", access.share, items.mark_item, access.read_access, page=share_page)
def share_items(current: Current) -> Response:
    """Share items. Where that gives access, say so first."""
    marked = current.form.text("item")
    if marked:
        done = current.form.is_checked("done")
        items.mark_item(current.context, current.client_id, marked, done=done)
        return see_other(f"{current.client_path}/share")
    shared = current.form.items("items")
    if not current.form.is_checked("agreed"):
        result = access.share(current.context, current.client_id, shared, dry_run=True)
        found = access.read_access(current.context, current.client_id)
        return render.signed_in_page(
            current,
            "share.html",
            **client_facts(current, found.client, found.own_account),
            items="\n".join(item.title for item in shared),
            grants_access=result.grants_access,
        )
    access.share(current.context, current.client_id, shared)
    return see_other(f"{current.client_path}?done=shared")


def invitation_request(form: SentForm) -> InvitationRequest:
    """Return the invitation in a form.

    :raises BodyInvalid: a letter cannot contain one of its texts.
    """
    return InvitationRequest(
        email=form.text("email") or None,
        subject=form.checked_text("subject", "line") or None,
        message=form.checked_text("message", "text") or None,
        items=form.items("items"),
    )


def _preview(current: Current, request: InvitationRequest) -> tuple[LetterPreview | None, Refusal | None]:
    """Return the letter as it would go, or the refusal of the real call."""
    try:
        found = access.invite(current.context, current.client_id, request, preview=True)
    except Refusal as refusal:
        return None, refusal
    return (found if isinstance(found, LetterPreview) else None), None
