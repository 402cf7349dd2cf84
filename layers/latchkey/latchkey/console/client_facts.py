"""The facts of a client that pages show, from the use cases' results."""

from collections.abc import Mapping

from latchkey import languages
from latchkey.console.current import Current
from latchkey.console.sentences import done, mail_line
from latchkey.console.spelling import spelled
from latchkey.rules.accounts import Account
from latchkey.rules.clients import Client
from latchkey.rules.mistyped import suggested_domain
from latchkey.usecases.client_access import access_status


def client_facts(current: Current, client: Client, account: Account | None) -> Mapping[str, object]:
    """Return the facts that every page of a client shows: name, status, address, consent and the last email."""
    language, zone = current.request.language, current.context.practice.time_zone
    address = client.access_address or next((email.address for email in client.emails), None)
    on_file = client.email(address) if address else None
    say = languages.translator(language)
    sign_ins = [at for at in (client.previous_sign_in_at, account and account.last_sign_in_at) if at]
    return {
        "client": client,
        "client_path": f"{current.home}/clients/{client.id}",
        "access": access_status(client, account),
        "account": account,
        "address": address,
        "meant": suggested_domain(address) if address else None,
        "spelled": spelled(address, say) if address else "",
        "consent": on_file.email_ok if on_file else None,
        "last_sign_in_at": max(sign_ins, default=None),
        "mail": mail_line(account, zone, language),
        "done": done(current.query("done"), client.name, address or "", say),
        "portal": f"{current.request.origin}/{current.context.slug}",
    }
