"""The first pages: the practices of a person, and the home of a practice."""

from latchkey import languages
from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.console.staff_cookies import opened_clients
from latchkey.http.responses import Response, see_other
from latchkey.pages.qr_code import qr_code
from latchkey.rules.languages import LANGUAGES, facts
from latchkey.rules.members import Role
from latchkey.store.members import OPERATOR_PARTITION
from latchkey.usecases import client_search, members, practices
from latchkey.usecases.client_search import ClientFilter

routes = ConsoleRoutes()

STUCK = 5
"""Clients that need attention on the first page."""
READ = 20
"""Entries of the index that the first page reads. Some of the clients may no longer need attention."""
PRACTICES_A_PAGE = 100


@routes.get("/admin", members.read_me, practices.list_practices, base="")
def practices_page(current: Current) -> Response:
    """Show the person's practices, or go on to the only one. An operator sees all practices."""
    me = members.read_me(current.context)
    own = [member for member in me.memberships if member.practice != OPERATOR_PARTITION]
    is_operator = current.context.clinician.role is Role.OPERATOR
    if len(own) == 1 and not is_operator:
        return see_other(f"/admin/{own[0].practice}")
    every = practices.list_practices(current.context, None, PRACTICES_A_PAGE).entries if is_operator else ()
    return render.signed_in_page(
        current,
        "practices.html",
        own=own,
        is_operator=is_operator,
        every=sorted(every, key=lambda practice: practice.slug),
        subject=me.subject,
    )


@routes.get("", client_search.list_clients)
def practice_home(current: Current) -> Response:
    """Show the search, who needs attention, the Client Portal link and the clients that were opened last."""
    stuck = client_search.list_clients(current.context, ClientFilter(needs_attention=True), "name", None, READ)
    known = current.context.known_clients
    portal = f"{current.request.origin}/{current.context.slug}"
    return render.signed_in_page(
        current,
        "home.html",
        entries=stuck.entries[:STUCK],
        has_more=len(stuck.entries) > STUCK or stuck.next_id is not None,
        opened=[known[client_id] for client_id in opened_clients(current.request) if client_id in known],
        portal=portal,
        practice_slug=current.context.slug,
        code=qr_code(portal, languages.translator(current.request.language)("Client Portal link")),
        guides=[(code, facts(code).own_name) for code in LANGUAGES],
        is_admin=current.context.clinician.role >= Role.ADMIN,
    )
