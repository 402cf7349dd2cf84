"""The `practice` command. Any program that uses the clinicians' API can create practices too."""

import argparse
import os

from operate import access_token, api, aws
from operate.errors import CommandError

OK, NOT_FOUND = 200, 404


def put(args: argparse.Namespace) -> None:
    """Create a practice and print the address of its portal.

    :raises CommandError: the practice exists already, or the API refuses.
    """
    stack = aws.stack(args.stack)
    origin = args.api or stack.origin
    settings = {
        "name": args.name,
        "phone": args.phone,
        "time_zone": args.time_zone,
        "language": args.language,
    }
    if args.dry_run:
        print(f"Would create {origin}/{args.slug} with {settings}")
        return
    token = args.token or os.environ.get(api.ENVIRONMENT) or access_token.token(stack, args.sign_in, paste=args.paste)
    portal = api.at(origin, token)
    status, document = portal.answer("GET", f"/{args.slug}")
    if status == OK:
        # a PUT would replace every setting of the existing practice
        raise CommandError(f"Practice {args.slug} exists already. Use the API's PATCH to change its settings.")
    if status != NOT_FOUND:
        raise CommandError(f"{origin} answered {status}: {document.get('title', document)}")
    created = portal.ask("PUT", f"/{args.slug}", settings, expect=(201,))
    print(f"{created['name']}: {created['portal_url']}")
