"""Create the tables and the users: `python -m tools.bench.peers.site.people COUNT`."""

import sys

import django
from django.core.management import call_command


def main(count: int) -> None:
    """Create the tables, and users with verified addresses."""
    django.setup()
    call_command("migrate", verbosity=0)
    from allauth.account.models import EmailAddress
    from django.contrib.auth.models import User

    users = User.objects.bulk_create(User(username=f"person{n}", email=f"person{n}@example.com") for n in range(count))
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
