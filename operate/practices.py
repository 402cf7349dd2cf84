"""The first practice; later ones are made the same way, or by whatever else speaks the clinicians' API."""

import argparse
import os

from operate import access_token, api, aws
from operate.errors import CommandError

NOT_FOUND = 404


def put(asked: argparse.Namespace) -> None:
    """Create a practice, and say where its portal is.

    :raises Trouble: there is one of that name: its settings are changed by PATCH, not replaced from here.
    """
    stack = aws.stack(asked.stack)
    origin = asked.api or stack.origin
    settings = {
        "name": asked.name,
        "phone": asked.phone,
        "time_zone": asked.time_zone,
        "language": asked.language,
    }
    if asked.dry_run:
        print(f"Would create {origin}/{asked.slug} with {settings}")
        return
    token = (
        asked.token or os.environ.get(api.ENVIRONMENT) or access_token.token(stack, asked.sign_in, paste=asked.paste)
    )
    portal = api.at(origin, token)
    status, told = portal.answer("GET", f"/{asked.slug}")
    if status != NOT_FOUND:
        known = status == 200  # noqa: PLR2004 - HTTP's own
        raise CommandError(
            f"practice {asked.slug} is there already"
            if known
            else f"{origin} answered {status}: {told.get('title', told)}"
        )
    created = portal.ask("PUT", f"/{asked.slug}", settings, expect=(201,))
    print(f"{created['name']}: {created['portal_url']}")
