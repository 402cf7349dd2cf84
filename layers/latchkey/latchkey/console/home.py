"""The first pages: the practices of a person, and the home of a practice."""

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.rules.members import Role
from latchkey.store.members import OPERATOR_PARTITION
from latchkey.usecases import client_search, members, practices
from latchkey.usecases.client_search import ClientFilter
from latchkey.web.responses import Response, see_other

routes = ConsoleRoutes()

NEWEST = 5
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
    """Show the search, the Client Portal link and the newest clients."""
    newest = client_search.list_clients(current.context, ClientFilter(), "-created", None, NEWEST)
    return render.signed_in_page(
        current,
        "home.html",
        newest=newest.entries,
        portal=f"{current.request.origin}/{current.context.slug}",
        is_admin=current.context.clinician.role >= Role.ADMIN,
    )
