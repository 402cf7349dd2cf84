"""Operators: who may make practices. The clinicians' API makes none, so that nobody can raise themselves."""

import argparse
import secrets

from operate import audit, aws
from operate.errors import CommandError

EVERYWHERE = "*"
"""Where the memberships of operators are kept; no slug reads like it."""


def enter(asked: argparse.Namespace) -> None:
    """Enter someone as an operator: into the user pool if need be, and into the members table."""
    stack = aws.stack(asked.stack)
    pool = stack.outputs.get("ClinicianPoolId")
    if asked.email and not pool:
        raise CommandError(f"{stack.name} takes another issuer's tokens: give the person's `sub` there as --subject")
    who = asked.email or asked.subject
    if asked.dry_run:
        print(f"Would make {who} an operator of {stack.name}.")
        return
    if asked.email:
        subject, password = _entered(str(pool), asked.email, mail=not asked.no_mail)
    else:
        subject, password = asked.subject, None
    audit.add(stack, EVERYWHERE, "member_changed", f"operator:{subject}")
    aws.client("dynamodb").put_item(
        TableName=stack.resource("Members"),
        Item={"practice": {"S": EVERYWHERE}, "subject": {"S": subject}, "role": {"S": "operator"}},
    )
    print(f"{who} is an operator of {stack.name}; their tokens say sub {subject}")
    if password:
        print(f"Temporary password, for 7 days: {password}")
    elif asked.email:
        print("Whoever is new in the pool finds a temporary password in their mail; it works for 7 days.")
    if asked.email:
        print(f"They sign in, and choose a password, with: python -m operate token --stack {stack.name}")


def _entered(pool: str, email: str, *, mail: bool) -> tuple[str, str | None]:
    """The `sub` of someone in the pool, and the temporary password of who is new and gets no mail."""
    cognito = aws.client("cognito-idp")
    password = secrets.token_urlsafe(24)
    try:
        cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
            TemporaryPassword=password,
            **({"DesiredDeliveryMediums": ["EMAIL"]} if mail else {"MessageAction": "SUPPRESS"}),
        )
        told = None if mail else password
    except cognito.exceptions.UsernameExistsException:
        told = None
    known = cognito.admin_get_user(UserPoolId=pool, Username=email)["UserAttributes"]
    return next(one["Value"] for one in known if one["Name"] == "sub"), told
